//! `frontier reference`: the reference pages of `docs/`, written by the program they are about.

use std::fmt::Write as _;

use clap::{Arg, Command, CommandFactory as _, Subcommand};

use super::Cli;
use super::error::CommandError;
use super::host::Host;
use super::output::Output;
use crate::api::manifest_reference;

/// Print a reference page of the documentation
#[derive(Subcommand, Debug)]
pub enum ReferenceCommand {
    /// Every command, as Markdown
    Cli,
    /// Every setting, as Markdown
    Config,
    /// Every key of a manifest, as Markdown
    Manifests,
}

impl ReferenceCommand {
    pub(super) fn run(self, host: &dyn Host, output: &mut Output<'_>) -> Result<(), CommandError> {
        match self {
            Self::Cli => output.text(&commands()),
            Self::Config => output.text(&settings(host.config_example())),
            Self::Manifests => output.text(&manifest_reference()),
        }
    }
}

fn commands() -> String {
    let mut root = Cli::command();
    root.build();
    let mut page = String::from(
        "# Commands\n\nWritten by `frontier reference cli`. What they have in common (output, exit \
         codes, variables)\nis in [cli.md](../cli.md).\n\n",
    );
    page.push_str("| command | |\n|---|---|\n");
    let mut leaves = Vec::new();
    collect(&root, &mut leaves);
    for command in &leaves {
        let name = command.get_bin_name().unwrap_or_default();
        let anchor = name.replace(' ', "-");
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        writeln!(page, "| [`{name}`](#{anchor}) | {about} |").ok();
    }
    page.push_str("\n## Options of every command\n\n");
    options(&mut page, root.get_arguments().filter(|arg| arg.is_global_set()));
    for command in leaves {
        section(&mut page, command);
    }
    page
}

/// The commands that do something, in the order of the help.
fn collect<'a>(command: &'a Command, leaves: &mut Vec<&'a Command>) {
    for child in command.get_subcommands().filter(|child| !child.is_hide_set()) {
        if child.has_subcommands() {
            collect(child, leaves);
        } else {
            leaves.push(child);
        }
    }
}

fn section(page: &mut String, command: &Command) {
    let name = command.get_bin_name().unwrap_or_default();
    let about = command.get_long_about().or_else(|| command.get_about());
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ");
    writeln!(page, "## {name}\n").ok();
    if let Some(about) = about {
        writeln!(page, "{about}\n").ok();
    }
    writeln!(page, "```text\n{usage}\n```\n").ok();
    options(page, command.get_arguments().filter(|arg| !arg.is_global_set()));
    if let Some(after) = command.get_after_help() {
        let examples = after.to_string();
        let examples = examples.trim_start_matches("Examples:\n");
        let lines: Vec<_> = examples.lines().map(|line| line.trim_start_matches("  ")).collect();
        writeln!(page, "```sh\n{}\n```\n", lines.join("\n")).ok();
    }
}

fn options<'a>(page: &mut String, arguments: impl Iterator<Item = &'a Arg>) {
    let shown = arguments
        .filter(|arg| !arg.is_hide_set() && !matches!(arg.get_id().as_str(), "help" | "version"));
    let mut any = false;
    for arg in shown {
        any = true;
        let names = arg.get_value_names().unwrap_or_default().join(" ");
        let flag = match (arg.get_short(), arg.get_long()) {
            (Some(short), Some(long)) => format!("-{short}, --{long}"),
            (None, Some(long)) => format!("--{long}"),
            (Some(short), None) => format!("-{short}"),
            (None, None) => String::new(),
        };
        let takes_value = arg.get_action().takes_values();
        let term = match (flag.is_empty(), takes_value) {
            (true, _) => names,
            (false, true) => format!("{flag} {names}"),
            (false, false) => flag,
        };
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        write!(page, "- `{term}`: {help}").ok();
        let defaults: Vec<_> =
            arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
        if takes_value && !defaults.is_empty() && !defaults.join("").is_empty() {
            write!(page, " (default `{}`)", defaults.join(",")).ok();
        }
        if let Some(variable) = arg.get_env() {
            write!(page, " (variable `{}`)", variable.to_string_lossy()).ok();
        }
        page.push('\n');
    }
    if any {
        page.push('\n');
    }
}

/// The commented example as a page: a section each, a row for each setting.
fn settings(example: &str) -> String {
    let mut page = String::from(
        "# Settings\n\nWritten by `frontier reference config` from the `frontier.yaml` that \
         `frontier init` makes.\nHow a value is found (file, environment, flags) is in \
         [cli.md](../cli.md).\n",
    );
    let mut words: Vec<&str> = Vec::new();
    let mut section = "";
    for line in example.lines() {
        let bare = line.trim();
        if let Some(prose) = bare.strip_prefix("# ").or_else(|| (bare == "#").then_some("")) {
            words.push(prose);
        } else if bare.is_empty() {
            words.clear();
        } else if let Some(name) = line.strip_suffix(':') {
            section = name;
            let about = words.join(" ");
            write!(page, "\n## {section}\n\n{about}\n\n").ok();
            page.push_str("| setting | default | variable | |\n|---|---|---|---|\n");
            words.clear();
        } else if let Some((name, default)) =
            bare.strip_prefix('#').and_then(|setting| setting.split_once(": "))
        {
            let key = format!("{section}.{name}");
            let variable = format!("FRONTIER_{}", key.replace('.', "_").to_uppercase());
            let default = if default == "\"\"" { "" } else { &format!("`{default}`") };
            let about = words.join(" ");
            writeln!(page, "| `{key}` | {default} | `{variable}` | {about} |").ok();
            words.clear();
        }
    }
    page
}
