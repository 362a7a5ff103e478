//! `frontier starter`: layouts that come with the program.

use clap::{Args, Subcommand};

use super::error::CommandError;
use super::output::{Column, Output, column};
use crate::api::StarterBody;
use crate::client::Client;

#[derive(Subcommand, Debug)]
pub enum StarterCommand {
    /// Show the layouts that come with the program
    List(LanguageArgs),
    Show(ShowArgs),
}

/// Show a starter's body
///
/// `frontier template create NAME --starter STARTER` makes a template of it.
#[derive(Args, Debug)]
pub struct ShowArgs {
    /// Its name
    starter: String,
    #[command(flatten)]
    language: LanguageArgs,
}

/// In which language.
#[derive(Args, Debug)]
pub struct LanguageArgs {
    /// The language of what it says: en or es
    #[arg(long, value_name = "TAG", default_value = "en")]
    language: String,
}

const COLUMNS: &[Column<StarterBody>] = &[
    column("name", |one| one.name.clone()),
    column("languages", |one| one.languages.join(", ")),
    column("about", |one| one.about.clone()),
];

impl StarterCommand {
    pub async fn run(self, client: &Client, output: &mut Output<'_>) -> Result<(), CommandError> {
        match self {
            Self::List(args) => {
                let items = client.starters(&args.language).await?;
                output.rows(&items, COLUMNS)?;
            }
            Self::Show(args) => {
                let starter = client.get_starter(&args.starter, &args.language.language).await?;
                output.show(&starter, |out| write!(out, "{}", starter.body))?;
            }
        }
        Ok(())
    }
}
