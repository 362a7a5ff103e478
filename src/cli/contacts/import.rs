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
/// Contacts that are there already are found by their address and updated: fields are replaced,
/// attributes merged, and empty cells change nothing. --on-conflict and --update-attributes say
/// otherwise; with --on-conflict fail it is all or nothing. Rows that cannot be used are written to FILE.rejects.csv with their line and the
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
    /// Where such files come from, a name by which their columns are remembered
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// With contacts that are there: update them, skip them, or fail as a whole
    #[arg(long, value_enum, default_value = "update", value_name = "WHAT")]
    on_conflict: Conflict,
    /// Which attributes updated contacts have: merged ones, or those of the row alone
    #[arg(
        long,
        value_enum,
        num_args = 0..=1,
        require_equals = true,
        default_value = "merge",
        default_missing_value = "merge",
        value_name = "HOW"
    )]
    update_attributes: Attributes,
    /// A tag to put on everybody in the file; give it again for more
    #[arg(long)]
    tag: Vec<String>,
    /// What they agreed to, as in source=fair,purpose=newsletter; who withdrew stays so
    #[arg(long, value_name = "source=…,purpose=…")]
    consent: Option<String>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Conflict {
    Update,
    Skip,
    Fail,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Attributes {
    Merge,
    Replace,
}

impl ImportArgs {
    pub(super) async fn run(
        self,
        client: &Client,
        output: &mut Output<'_>,
    ) -> Result<(), CommandError> {
        let (body, mut import) = self.file.open().await?;
        import.tells_columns = self.source.is_some();
        let on_conflict = match self.on_conflict {
            Conflict::Update => "update",
            Conflict::Skip => "skip",
            Conflict::Fail => "fail",
        };
        let update_attributes = match self.update_attributes {
            Attributes::Merge => "merge",
            Attributes::Replace => "replace",
        };
        let how = ImportQuery {
            list: self.list,
            map: self.map,
            delimiter: self.file.delimiter,
            format: self.file.format,
            encoding: self.file.encoding,
            on_conflict: Some(on_conflict.to_owned()),
            update_attributes: Some(update_attributes.to_owned()),
            source: self.source,
            tag: self.tag,
            consent: self.consent,
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
        match summary.unconfirmed {
            0 => {}
            1 => output.note("1 of them is sent nothing until it is confirmed."),
            some => output.note(format_args!("{some} of them are sent nothing until confirmed.")),
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
        ("skipped", summary.skipped),
        ("duplicates", summary.duplicates),
        ("rejected", summary.rejected),
    ] {
        if what != "skipped" || count > 0 {
            writeln!(out, "{what:<12}{count:>10}")?;
        }
    }
    Ok(())
}
