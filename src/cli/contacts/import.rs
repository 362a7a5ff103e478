//! `frontier contact import`.

use std::io::{self, Write};

use crate::api::{ImportQuery, ImportSummaryBody};
use crate::cli::error::CommandError;
use crate::cli::imports::FileArgs;
use crate::cli::output::Output;
use crate::client::Client;

/// Import contacts from a CSV file
///
/// The first line names the columns. Address, name, language and timezone are known by their usual
/// headings in several languages; --map names others; every other column becomes an attribute.
/// Contacts that are there already are found by their address and updated; empty cells change
/// nothing. Rows that cannot be used are written to FILE.rejects.csv with their line and the
/// reason. Rows are saved in batches: importing a file again is safe, and so is importing one again
/// whose import was interrupted.
#[derive(clap::Args, Debug)]
pub struct ImportArgs {
    #[command(flatten)]
    file: FileArgs,
    /// The list to put them on, made when there is none of this name
    #[arg(long)]
    list: Option<String>,
    /// Which column a field or an attribute comes from, as in email=Correo; give it again for more
    #[arg(long, value_name = "FIELD=COLUMN")]
    map: Vec<String>,
}

impl ImportArgs {
    pub(super) async fn run(
        self,
        client: &Client,
        output: &mut Output<'_>,
    ) -> Result<(), CommandError> {
        let (body, import) = self.file.open().await?;
        let how = ImportQuery {
            list: self.list,
            map: self.map,
            delimiter: self.file.delimiter,
            format: self.file.format,
            encoding: self.file.encoding,
            dry_run: self.file.dry_run,
        };
        let events = client.import_contacts(&how, body).await?;
        let summary = import.follow(events, output).await?;
        output.show(&summary, |out| show(&summary, out))?;
        match &summary.list {
            Some(list) if list.created && summary.dry_run => {
                output.note(format_args!("The list `{}` would be created.", list.name));
            }
            Some(list) if list.created => {
                output.note(format_args!("Created the list `{}`.", list.name));
            }
            _ => {}
        }
        match summary.unsubscribed {
            0 => {}
            1 => output.note("1 of them has unsubscribed from the list, and stays so."),
            some => output
                .note(format_args!("{some} of them have unsubscribed from the list, and stay so.")),
        }
        if summary.dry_run {
            output.note("This was a dry run: nothing was changed.");
        }
        Ok(())
    }
}

fn show(summary: &ImportSummaryBody, out: &mut dyn Write) -> io::Result<()> {
    for (what, count) in [
        ("rows", summary.rows),
        ("created", summary.created),
        ("updated", summary.updated),
        ("unchanged", summary.unchanged),
        ("duplicates", summary.duplicates),
        ("rejected", summary.rejected),
    ] {
        writeln!(out, "{what:<12}{count:>10}")?;
    }
    Ok(())
}
