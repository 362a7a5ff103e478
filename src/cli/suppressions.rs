//! `frontier suppression`: addresses that must never be sent to.

use clap::{Args, Subcommand};

use super::error::CommandError;
use super::imports::FileArgs;
use super::output::{Column, Output, column};
use crate::api::{NewSuppressionsBody, SuppressionBody, SuppressionImportQuery};
use crate::client::Client;

#[derive(Subcommand, Debug)]
pub enum SuppressionCommand {
    Add(AddArgs),
    List(ListArgs),
    Remove(RemoveArgs),
    Import(ImportArgs),
}

/// Suppress addresses: nothing is sent to them any more
#[derive(Args, Debug)]
pub struct AddArgs {
    /// The addresses, whether or not they are contacts'
    #[arg(required = true, value_name = "EMAIL")]
    emails: Vec<String>,
    /// Why
    #[arg(long, default_value = "manual")]
    reason: String,
}

/// Show the suppressed addresses
#[derive(Args, Debug)]
pub struct ListArgs {
    /// How many rows at the most
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

/// Let an address be sent to again
#[derive(Args, Debug)]
pub struct RemoveArgs {
    /// The address
    email: String,
}

/// Suppress the addresses of a CSV file
///
/// They are in the column whose heading says so, or in the first; a column `reason` is optional.
/// A file whose first cell is an address has no header. Importing a file again is safe.
#[derive(Args, Debug)]
pub struct ImportArgs {
    #[command(flatten)]
    file: FileArgs,
}

const COLUMNS: &[Column<SuppressionBody>] = &[
    column("email", |one| one.email.clone()),
    column("reason", |one| one.reason.clone()),
    column("since", |one| one.created_at.clone()),
];

impl SuppressionCommand {
    pub async fn run(self, client: &Client, output: &mut Output<'_>) -> Result<(), CommandError> {
        match self {
            Self::Add(args) => {
                let new = NewSuppressionsBody { emails: args.emails, reason: args.reason };
                let done = client.suppress(&new).await?;
                output.rows(&done.suppressions, COLUMNS)?;
                let already = done.suppressions.len() as u64 - done.added;
                output.note(match already {
                    0 => format!("Suppressed {}.", done.added),
                    _ => format!("Suppressed {}; {already} were already.", done.added),
                });
            }
            Self::List(args) => {
                let suppressions = client.suppressions(args.limit).await?;
                output.listing(&suppressions, COLUMNS, "No address is suppressed.")?;
            }
            Self::Remove(args) => {
                client.delete_suppression(&args.email).await?;
                output.note(format_args!("`{}` may be sent to again.", args.email));
            }
            Self::Import(args) => args.run(client, output).await?,
        }
        Ok(())
    }
}

impl ImportArgs {
    async fn run(self, client: &Client, output: &mut Output<'_>) -> Result<(), CommandError> {
        let (body, import) = self.file.open().await?;
        let how = SuppressionImportQuery {
            delimiter: self.file.delimiter,
            format: self.file.format,
            encoding: self.file.encoding,
            dry_run: self.file.dry_run,
        };
        let events = client.import_suppressions(&how, body).await?;
        let summary = import.follow(events, output).await?;
        output.show(&summary, |out| {
            for (what, count) in [
                ("rows", summary.rows),
                ("added", summary.added),
                ("already", summary.already),
                ("duplicates", summary.duplicates),
                ("rejected", summary.rejected),
            ] {
                writeln!(out, "{what:<12}{count:>10}")?;
            }
            Ok(())
        })?;
        if summary.dry_run {
            output.note("This was a dry run: nothing was changed.");
        }
        Ok(())
    }
}
