//! The command line: nouns, then verbs.
//!
//! A file per noun; a command's doc comment is its help. A command calls routes through the client
//! and gives its data to [`Output`], which alone prints. Exit codes are in [`exit`].

mod api;
mod attributes;
mod brands;
mod campaigns;
mod channels;
mod completions;
mod config;
pub mod confirm;
mod contacts;
mod deliveries;
mod demo;
mod doctor;
pub mod error;
pub mod exit;
pub mod host;
mod imports;
mod init;
mod jq;
mod lists;
mod man;
mod manifests;
mod out;
pub mod output;
mod progress;
mod reference;
mod reports;
mod runs;
mod schedules;
mod segments;
mod starters;
mod suppressions;
mod templates;
mod values;
mod worker;

use std::path::PathBuf;

use clap::builder::{FalseyValueParser, Resettable};
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use confirm::Confirm;
use error::CommandError;
use host::Host;
use output::{Form, Output, OutputArgs};

/// Marketing automation you own, in one binary
#[derive(Parser, Debug)]
#[command(
    name = "frontier",
    version,
    arg_required_else_help = true,
    max_term_width = 100,
    disable_help_subcommand = true,
    after_help = AFTER_HELP
)]
pub struct Cli {
    #[command(flatten)]
    pub output: OutputArgs,

    /// The workspace's folder, instead of the one around here
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "FRONTIER_WORKSPACE",
        hide_env_values = true,
        help_heading = "Global options"
    )]
    pub workspace: Option<PathBuf>,

    /// Answer every question with yes
    #[arg(
        short,
        long,
        global = true,
        env = "FRONTIER_YES",
        hide_env_values = true,
        value_parser = FalseyValueParser::new(),
        help_heading = "Global options"
    )]
    pub yes: bool,

    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// Reads the command line of this process, and the variables that stand for flags; ends the
    /// process when it is wrong. An empty variable says nothing, as with settings.
    pub fn read() -> Self {
        let matches = without_empty_variables(Self::command()).get_matches();
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }
}

fn without_empty_variables(command: clap::Command) -> clap::Command {
    let is_empty = |arg: &clap::Arg| {
        let value = arg.get_env().and_then(std::env::var_os);
        value.is_some_and(|value| value.is_empty())
    };
    command
        .mut_args(|arg| if is_empty(&arg) { arg.env(Resettable::Reset) } else { arg })
        .mut_subcommands(without_empty_variables)
}

const AFTER_HELP: &str = "\
Examples:
  frontier init                                     make this folder a workspace
  frontier contact import people.csv --list North   bring contacts in
  frontier campaign start Spring                    send, with a progress bar
  frontier list list -o json                        the answer the API gives";

#[derive(Subcommand, Debug)]
pub enum Command {
    /// What is sent, to whom, and when
    #[command(subcommand)]
    Campaign(campaigns::CampaignCommand),
    /// Ways out: SMTP servers and outbox folders
    #[command(subcommand)]
    Channel(channels::ChannelCommand),
    /// When campaigns start by themselves
    #[command(subcommand)]
    Schedule(schedules::ScheduleCommand),
    /// Bodies and layouts that messages refer to
    #[command(subcommand)]
    Template(templates::TemplateCommand),
    /// Layouts that come with the program
    #[command(subcommand)]
    Starter(starters::StarterCommand),
    /// The people who receive
    #[command(subcommand)]
    Contact(contacts::ContactCommand),
    /// What contacts have beyond their fields, and its types
    #[command(subcommand)]
    Attribute(attributes::AttributeCommand),
    /// Lists of contacts
    #[command(subcommand)]
    List(lists::ListCommand),
    /// Segments: contacts of whom an expression is true
    #[command(subcommand)]
    Segment(segments::SegmentCommand),
    /// How a company speaks, and the words it never says
    #[command(subcommand)]
    Brand(brands::BrandCommand),
    /// What campaigns did, in figures
    #[command(subcommand)]
    Report(reports::ReportCommand),
    /// Addresses that must never be sent to
    #[command(subcommand)]
    Suppression(suppressions::SuppressionCommand),

    Worker(worker::WorkerArgs),

    Validate(manifests::ValidateArgs),
    Plan(manifests::PlanArgs),
    Diff(manifests::DiffArgs),
    Apply(manifests::ApplyArgs),
    Export(manifests::ExportArgs),
    Schema(manifests::SchemaArgs),

    Demo(demo::DemoArgs),
    Init(init::InitArgs),
    /// Show and change the settings of the workspace
    #[command(subcommand)]
    Config(config::ConfigCommand),
    Doctor(doctor::DoctorArgs),

    Api(api::ApiArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
    #[command(subcommand, hide = true)]
    Reference(reference::ReferenceCommand),
}

impl Command {
    /// Whether it sends mails, on all the cores there are.
    pub const fn works(&self) -> bool {
        match self {
            Self::Campaign(command) => command.works(),
            Self::Demo(_) | Self::Worker(_) => true,
            _ => false,
        }
    }

    /// Refuses a form that is another command's.
    fn refuse_foreign(&self, form: Form) -> Result<(), CommandError> {
        let (command, word) = match (form, self) {
            (Form::Table | Form::Json | Form::Yaml | Form::Csv, _)
            | (Form::Markdown, Self::Plan(_))
            | (Form::Junit | Form::Sarif, Self::Validate(_)) => return Ok(()),
            (Form::Markdown, _) => ("plan", "markdown"),
            (Form::Junit, _) => ("validate", "junit"),
            (Form::Sarif, _) => ("validate", "sarif"),
        };
        let error = CommandError::usage(format!("only `frontier {command}` prints {word}"));
        Err(error.hint("write -o table, json, yaml or csv"))
    }

    /// Does what the command says.
    pub async fn run(
        self,
        host: &dyn Host,
        confirm: Confirm,
        output: &mut Output<'_>,
    ) -> Result<(), CommandError> {
        self.refuse_foreign(output.form())?;
        match self {
            Self::Campaign(command) => command.run(host, confirm, output).await,
            Self::Channel(command) => {
                command.run(&host.client().await?, host, confirm, output).await
            }
            Self::Schedule(command) => command.run(&host.client().await?, output).await,
            Self::Template(command) => command.run(&host.client().await?, confirm, output).await,
            Self::Starter(command) => command.run(&host.client_without_workspace(), output).await,
            Self::Contact(command) => command.run(&host.client().await?, confirm, output).await,
            Self::Attribute(command) => command.run(&host.client().await?, confirm, output).await,
            Self::List(command) => command.run(&host.client().await?, confirm, output).await,
            Self::Segment(command) => command.run(&host.client().await?, confirm, output).await,
            Self::Brand(command) => command.run(&host.client().await?, confirm, output).await,
            Self::Report(command) => command.run(&host.client().await?, confirm, output).await,
            Self::Suppression(command) => command.run(&host.client().await?, output).await,

            Self::Worker(args) => args.run(host, output).await,

            Self::Validate(args) => args.run(host, output).await,
            Self::Plan(args) => args.run(&host.client().await?, output).await,
            Self::Diff(args) => args.run(&host.client().await?, output).await,
            Self::Apply(args) => args.run(&host.client().await?, confirm, output).await,
            Self::Export(args) => args.run(&host.client().await?, output).await,
            Self::Schema(args) => args.run(output),

            Self::Demo(args) => args.run(host, output).await,
            Self::Init(args) => args.run(host, output),
            Self::Config(command) => command.run(host, output),
            Self::Doctor(args) => args.run(host, output).await,

            Self::Api(args) => args.run(host, output).await,
            Self::Completions(args) => args.run(output),
            Self::Man(args) => args.run(output),
            Self::Reference(command) => command.run(host, output),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    /// Pipelines give variables; people look them up in docs/cli.md.
    #[test]
    fn every_global_flag_has_a_variable_and_every_variable_is_documented() {
        const DOCS: &str = include_str!("../../docs/cli.md");
        fn documented(command: &clap::Command) {
            for arg in command.get_arguments() {
                let variable = arg.get_env().map(|name| name.to_string_lossy());
                if arg.is_global_set() && arg.get_long() != Some("help") {
                    assert!(variable.is_some(), "--{}", arg.get_long().unwrap_or_default());
                }
                if let Some(variable) = variable {
                    assert!(variable.starts_with("FRONTIER_"), "{variable}");
                    assert!(DOCS.contains(&format!("| `{variable}` |")), "{variable}");
                }
            }
            command.get_subcommands().for_each(documented);
        }
        documented(&Cli::command());
    }

    /// Two commands beside each other with the same words, or with words that wrap, help nobody.
    fn about_lines_are_short_and_differ(command: &clap::Command) {
        let mut seen = Vec::new();
        let names = command.get_subcommands().map(|child| child.get_name().len());
        let room = 80 - "    ".len() - names.max().unwrap_or_default();
        for child in command.get_subcommands() {
            let about = child.get_about().map(ToString::to_string).unwrap_or_default();
            let name = format!("{} {}", command.get_name(), child.get_name());
            assert!((1..=room).contains(&about.chars().count()), "`{name}`: `{about}`");
            assert!(!about.ends_with('.') && !seen.contains(&about), "`{name}`: `{about}`");
            seen.push(about);
            about_lines_are_short_and_differ(child);
        }
    }

    #[test]
    fn every_command_says_what_it_does_in_a_line() {
        about_lines_are_short_and_differ(&Cli::command());
    }
}
