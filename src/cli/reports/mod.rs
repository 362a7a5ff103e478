//! `frontier report`: what campaigns did, in figures.

mod saved;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use tokio::fs;

use super::confirm::Confirm;
use super::error::CommandError;
use super::out;
use super::output::Output;
use crate::client::Client;

#[derive(Subcommand, Debug)]
pub enum ReportCommand {
    Create(CreateArgs),
    Save(saved::SaveArgs),
    List(saved::ListArgs),
    /// Show a saved report: what it is of, and its form
    Show(saved::NamedArgs),
    Run(saved::RunArgs),
    /// Delete a saved report; its campaign stays
    Delete(saved::NamedArgs),
}

/// Report what a campaign did, over all its runs
#[derive(Args, Debug)]
pub struct CreateArgs {
    /// The campaign: its name, its id, or the start of one
    campaign: String,
    #[command(flatten)]
    document: DocumentArgs,
}

/// The form of a report, and where it goes.
#[derive(Args, Debug)]
struct DocumentArgs {
    /// The form of the report [default: by the ending of --out, else its own or terminal]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// The file to write; one that is there is replaced [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// The forms a report is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Plain text, 80 columns wide
    Terminal,
    /// Markdown
    #[value(alias = "markdown")]
    Md,
    /// One page with charts that needs nothing else
    Html,
    /// Every figure in one long table
    Csv,
    /// For programs
    Json,
}

impl ReportCommand {
    pub async fn run(
        self,
        client: &Client,
        confirm: Confirm,
        output: &mut Output<'_>,
    ) -> Result<(), CommandError> {
        match self {
            Self::Create(args) => args.run(client, output).await,
            Self::Save(args) => args.run(client, output).await,
            Self::List(args) => args.run(client, output).await,
            Self::Show(args) => args.show(client, output).await,
            Self::Run(args) => args.run(client, output).await,
            Self::Delete(args) => args.delete(client, confirm, output).await,
        }
    }
}

impl CreateArgs {
    async fn run(self, client: &Client, output: &mut Output<'_>) -> Result<(), CommandError> {
        self.document.refuse_data_as_document(output)?;
        if !output.wants_people() {
            return output.show(&client.report(&self.campaign).await?, |_| Ok(()));
        }
        let form = match (self.document.form(), &self.document.out) {
            (Some(form), _) => form,
            (None, None) => Format::Terminal.word(),
            (None, Some(path)) => return Err(unclear(path)),
        };
        self.document.refuse_folder().await?;
        let document = client.report_document(&self.campaign, form).await?;
        self.document.write(&document, output).await
    }
}

impl DocumentArgs {
    /// Refuses flags of a document where programs ask for the figures.
    fn refuse_data_as_document(&self, output: &Output<'_>) -> Result<(), CommandError> {
        let for_programs = matches!(self.format, None | Some(Format::Json));
        if output.wants_people() || (for_programs && self.out.is_none()) {
            return Ok(());
        }
        let error = CommandError::usage("-o, --json and --jq shape the figures, not a document");
        Err(error.hint("leave out --out, and --format unless it is json"))
    }

    /// The word of the form that is asked for, by name or by the ending of the file.
    fn form(&self) -> Option<&'static str> {
        let by_ending = || Format::of(self.out.as_deref()?);
        self.format.or_else(by_ending).map(Format::word)
    }

    async fn refuse_folder(&self) -> Result<(), CommandError> {
        match &self.out {
            Some(path) => out::refuse_folder(path, "report.html").await,
            None => Ok(()),
        }
    }

    /// Writes a document to its file, or else to standard output.
    async fn write(self, document: &str, output: &mut Output<'_>) -> Result<(), CommandError> {
        let Some(path) = self.out else { return output.text(document) };
        out::write(&path, document).await?;
        let place = fs::canonicalize(&path).await.unwrap_or(path);
        output.note(format_args!("The report is in {}.", place.display()));
        Ok(())
    }
}

/// The refusal of a file whose name tells no format.
fn unclear(path: &Path) -> CommandError {
    let path = path.display();
    CommandError::usage(format!("the name {path} does not tell which report to write"))
        .hint("end it in .html, .md, .csv, .json or .txt, or say --format")
}

impl Format {
    /// The word the route knows it by.
    const fn word(self) -> &'static str {
        match self {
            Self::Terminal => "terminal",
            Self::Md => "md",
            Self::Html => "html",
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }

    /// The format that the ending of a file's name stands for.
    fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_lowercase().as_str() {
            "html" | "htm" => Some(Self::Html),
            "md" | "markdown" => Some(Self::Md),
            "csv" => Some(Self::Csv),
            "json" => Some(Self::Json),
            "txt" => Some(Self::Terminal),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_of_a_file_tells_its_format() {
        let format = |name: &str| Format::of(Path::new(name));
        assert_eq!(format("out/spring.HTML"), Some(Format::Html));
        assert_eq!(format("spring.md"), Some(Format::Md));
        assert_eq!(format("spring.txt"), Some(Format::Terminal));
        for name in ["spring", "spring.pdf"] {
            assert_eq!(format(name), None);
            let refusal = unclear(Path::new(name));
            assert!(refusal.message.contains(name) && !refusal.hints.is_empty(), "{name}");
        }
    }
}
