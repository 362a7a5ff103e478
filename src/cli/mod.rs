//! The command line: nouns, then verbs.
//!
//! A file per noun; a command's doc comment is its help. A command calls routes through the client
//! and gives its data to [`Output`], which alone prints. Exit codes are in [`exit`].

pub mod confirm;
mod contacts;
pub mod error;
pub mod exit;
pub mod host;
mod imports;
mod jq;
mod lists;
pub mod output;
mod progress;
mod suppressions;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use confirm::Confirm;
use error::CommandError;
use host::Host;
use output::{Output, OutputArgs};

/// Marketing automation you own, in one binary
#[derive(Parser, Debug)]
#[command(name = "frontier", version, propagate_version = true, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    pub output: OutputArgs,

    /// The workspace to use, instead of the one around the current folder
    #[arg(long, global = true, value_name = "DIR", env = "FRONTIER_WORKSPACE")]
    pub workspace: Option<PathBuf>,

    /// Answer every question with yes
    #[arg(short, long, global = true)]
    pub yes: bool,

    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Make a workspace: a configuration file and a data folder
    Init {
        /// Where
        #[arg(default_value = ".")]
        dir: PathBuf,
    },
    /// The people who receive
    #[command(subcommand)]
    Contact(contacts::ContactCommand),
    /// Lists of contacts
    #[command(subcommand)]
    List(lists::ListCommand),
    /// Addresses that must never be sent to
    #[command(subcommand)]
    Suppression(suppressions::SuppressionCommand),
}

impl Command {
    /// Does what the command says.
    pub async fn run(
        self,
        host: &dyn Host,
        confirm: Confirm,
        output: &mut Output<'_>,
    ) -> Result<(), CommandError> {
        match self {
            Self::Init { dir } => {
                let made = host.init(&dir)?;
                output.note(format_args!("Made a workspace in {}.", made.display()));
                Ok(())
            }
            Self::Contact(command) => command.run(&host.client().await?, confirm, output).await,
            Self::List(command) => command.run(&host.client().await?, confirm, output).await,
            Self::Suppression(command) => command.run(&host.client().await?, output).await,
        }
    }
}
