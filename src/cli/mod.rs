//! The command line: nouns, then verbs.
//!
//! A file per noun; a command's doc comment is its help. A command calls routes through the client
//! and gives its data to [`Output`], which alone prints. Exit codes are in [`exit`].

pub mod error;
pub mod exit;
pub mod host;
mod jq;
mod lists;
pub mod output;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

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
    /// Lists of contacts
    #[command(subcommand)]
    List(lists::ListCommand),
}

impl Command {
    /// Does what the command says.
    pub async fn run(self, host: &dyn Host, output: &mut Output<'_>) -> Result<(), CommandError> {
        match self {
            Self::Init { dir } => {
                let made = host.init(&dir)?;
                output.note(format_args!("Made a workspace in {}.", made.display()));
                Ok(())
            }
            Self::List(command) => command.run(&host.client().await?, output).await,
        }
    }
}
