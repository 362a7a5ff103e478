//! `frontier suppression`: addresses that must never be sent to.

use std::io::{self, Write};

use clap::{Args, Subcommand};

use super::error::CommandError;
use super::imports::FileArgs;
use super::output::{Column, Output, column};
use crate::api::{
    NewSuppressionsBody, SuppressionBody, SuppressionImportQuery, SuppressionSetBody,
    WholeSuppressionSetBody,
};
use crate::client::Client;

#[derive(Subcommand, Debug)]
pub enum SuppressionCommand {
    Add(AddArgs),
    List(ListArgs),
    Remove(RemoveArgs),
    Import(ImportArgs),
    Sets(SetsArgs),
    Show(ShowArgs),
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

/// Show the sets of addresses that manifests suppress
///
/// A set is kept as a manifest of the kind Suppression, and changed by `frontier apply` only.
#[derive(Args, Debug)]
pub struct SetsArgs {
    /// How many rows at the most
    #[arg(long, default_value_t = 1000)]
    limit: usize,
}

/// Show one suppression set with its addresses
#[derive(Args, Debug)]
pub struct ShowArgs {
    /// Name or id of the set, or the start of one
    set: String,
}

const COLUMNS: &[Column<SuppressionBody>] = &[
    column("email", |one| one.email.clone()),
    column("reason", |one| one.reason.clone()),
    column("set", |one| one.set.clone().unwrap_or_default()),
    column("since", |one| one.created_at.clone()),
];

const SET_COLUMNS: &[Column<SuppressionSetBody>] = &[
    column("name", |one| one.name.clone()),
    column("addresses", |one| one.size.to_string()),
    column("reason", |one| one.reason.clone()),
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
                let removed = client.delete_suppression(&args.email).await?;
                output.note(format_args!("`{}` may be sent to again.", args.email));
                if let Some(set) = removed.set {
                    output.note(format_args!(
                        "It was in the set `{set}`: take it out of that manifest too, or an apply \
                         suppresses it again."
                    ));
                }
            }
            Self::Import(args) => args.run(client, output).await?,
            Self::Sets(args) => {
                let sets = client.suppression_sets(args.limit).await?;
                let none = "No suppression sets; apply a manifest of the kind Suppression.";
                output.listing(&sets, SET_COLUMNS, none)?;
            }
            Self::Show(args) => {
                let set = client.get_suppression_set(&args.set).await?;
                output.show(&set, |out| describe(&set, out))?;
            }
        }
        Ok(())
    }
}

/// The set in a line for each thing, then its addresses.
fn describe(set: &WholeSuppressionSetBody, out: &mut dyn Write) -> io::Result<()> {
    let WholeSuppressionSetBody { set, addresses } = set;
    writeln!(out, "{:<10} {}\n{:<10} {}", "name", set.name, "reason", set.reason)?;
    addresses.iter().try_for_each(|address| writeln!(out, "{address}"))
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
