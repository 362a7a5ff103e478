//! `frontier report`: what campaigns did, in figures.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use tokio::fs;

use super::error::CommandError;
use super::out;
use super::output::Output;
use crate::client::Client;

#[derive(Subcommand, Debug)]
pub enum ReportCommand {
    Create(CreateArgs),
}

/// Report what a campaign did, over all its runs
#[derive(Args, Debug)]
pub struct CreateArgs {
    /// The campaign: its name, its id, or the start of one
    campaign: String,
    /// The form of the report [default: by the ending of --out, else terminal]
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
    pub async fn run(self, client: &Client, output: &mut Output<'_>) -> Result<(), CommandError> {
        match self {
            Self::Create(args) => args.run(client, output).await,
        }
    }
}

impl CreateArgs {
    async fn run(self, client: &Client, output: &mut Output<'_>) -> Result<(), CommandError> {
        let for_programs = matches!(self.format, None | Some(Format::Json));
        if !output.wants_people() && (!for_programs || self.out.is_some()) {
            let error =
                CommandError::usage("-o, --json and --jq shape the figures, not a document");
            return Err(error.hint("leave out --out, and --format unless it is json"));
        }
        let Some(path) = self.out else {
            if !output.wants_people() {
                return output.show(&client.report(&self.campaign).await?, |_| Ok(()));
            }
            let format = self.format.unwrap_or(Format::Terminal);
            return output.text(&client.report_document(&self.campaign, format.word()).await?);
        };
        let format = match self.format {
            Some(format) => format,
            None => Format::of(&path)?,
        };
        out::refuse_folder(&path, "report.html").await?;
        let document = client.report_document(&self.campaign, format.word()).await?;
        out::write(&path, &document).await?;
        let place = fs::canonicalize(&path).await.unwrap_or(path);
        output.note(format_args!("The report is in {}.", place.display()));
        Ok(())
    }
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
    fn of(path: &Path) -> Result<Self, CommandError> {
        let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_lowercase);
        match ending.as_deref() {
            Some("html" | "htm") => Ok(Self::Html),
            Some("md" | "markdown") => Ok(Self::Md),
            Some("csv") => Ok(Self::Csv),
            Some("json") => Ok(Self::Json),
            Some("txt") => Ok(Self::Terminal),
            _ => Err(CommandError::usage(format!(
                "the name {} does not tell which report to write",
                path.display()
            ))
            .hint("end it in .html, .md, .csv, .json or .txt, or say --format")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_of_a_file_tells_its_format() {
        let format = |name: &str| Format::of(Path::new(name));
        assert_eq!(format("out/spring.HTML").unwrap(), Format::Html);
        assert_eq!(format("spring.md").unwrap(), Format::Md);
        assert_eq!(format("spring.txt").unwrap(), Format::Terminal);
        for name in ["spring", "spring.pdf"] {
            let refusal = format(name).unwrap_err();
            assert!(refusal.message.contains(name) && !refusal.hints.is_empty(), "{name}");
        }
    }
}
