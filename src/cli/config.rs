//! `frontier config`: the settings of the workspace.

use clap::{Args, Subcommand};
use serde_json::Value;

use super::error::CommandError;
use super::exit::Exit;
use super::host::{Host, Setting, Source};
use super::output::{Column, Output, column};
use crate::core::kernel::nearest;

#[derive(Subcommand, Debug)]
pub enum ConfigCommand {
    /// Show every setting in force, and where it comes from
    Show,
    Get(GetArgs),
    Set(SetArgs),
    /// Show where the configuration file is
    Path,
}

/// Show the value of one setting
#[derive(Args, Debug)]
pub struct GetArgs {
    /// The setting, such as `sender.email`
    key: String,
}

/// Change a setting in frontier.yaml
///
/// Its comments and its order stay. The value is checked first; an empty one takes an optional
/// setting away.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  frontier config set sender.email ana@spring.example
  frontier config set delivery.in_flight 64")]
pub struct SetArgs {
    /// The setting, such as `sender.email`
    key: String,
    /// Its new value
    #[arg(allow_hyphen_values = true)]
    value: String,
}

const COLUMNS: &[Column<Setting>] = &[
    column("setting", |setting| setting.key.clone()),
    column("value", |setting| words(&setting.value)),
    column("from", |setting| match (setting.source, &setting.place) {
        (Source::Default, _) => "default".to_owned(),
        (Source::File, place) => format!("file, {}", place.as_deref().unwrap_or_default()),
        (Source::Environment, place) => place.clone().unwrap_or_default(),
    }),
];

impl ConfigCommand {
    pub(super) fn run(self, host: &dyn Host, output: &mut Output<'_>) -> Result<(), CommandError> {
        match self {
            Self::Show => output.rows(&host.settings()?, COLUMNS),
            Self::Get(GetArgs { key }) => {
                let setting = find(host.settings()?, &key)?;
                output.show(&setting, |out| writeln!(out, "{}", words(&setting.value)))
            }
            Self::Set(SetArgs { key, value }) => {
                host.set(&key, &value)?;
                let setting = find(host.settings()?, &key)?;
                output.note(format_args!("Set {key} in {}.", host.config_file()?.display()));
                if let (Source::Environment, Some(variable)) = (setting.source, setting.place) {
                    output.note(format_args!(
                        "It has no effect while the variable {variable} is set, which wins."
                    ));
                }
                Ok(())
            }
            Self::Path => {
                let path = host.config_file()?;
                output.show(&path, |out| writeln!(out, "{}", path.display()))
            }
        }
    }
}

fn find(settings: Vec<Setting>, key: &str) -> Result<Setting, CommandError> {
    let keys: Vec<String> = settings.iter().map(|setting| setting.key.clone()).collect();
    settings.into_iter().find(|setting| setting.key == key).ok_or_else(|| {
        let hint = match nearest(key, keys.iter().map(String::as_str)) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "`frontier config show` shows those there are".to_owned(),
        };
        CommandError::new(Exit::NotFound, format!("there is no setting `{key}`")).hint(hint)
    })
}

/// A value as a script wants it; one that is not set is an empty line.
fn words(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
