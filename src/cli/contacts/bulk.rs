//! `frontier contact edit --where` and `delete --where`: everybody an expression is true of.

use clap::Args;

use super::EditArgs;
use crate::api::{BulkChangeBody, BulkQuery};
use crate::cli::confirm::Confirm;
use crate::cli::error::CommandError;
use crate::cli::output::Output;
use crate::client::Client;

/// Whom a command is about that can be about many.
#[derive(Args, Debug)]
pub(super) struct ManyArgs {
    /// Everybody of whom this expression is true, as in a segment
    #[arg(long = "where", value_name = "EXPRESSION")]
    pub(super) expression: Option<String>,
    /// With --where: go on when they are N now, and refuse when they are not
    #[arg(long, value_name = "N", conflicts_with = "contact")]
    pub(super) confirm_contacts: Option<u64>,
}

impl ManyArgs {
    /// The query of the change, once whoever asked for it has agreed to its size; none when there is
    /// nobody to change. `question` asks about a number of contacts.
    async fn query(
        self,
        expression: String,
        question: impl FnOnce(&str) -> String,
        client: &Client,
        confirm: Confirm,
        output: &mut Output<'_>,
    ) -> Result<Option<BulkQuery>, CommandError> {
        let mut confirm_contacts = self.confirm_contacts;
        if confirm_contacts.is_none() {
            let found = client.count_contacts(&expression).await?.contacts;
            if found == 0 {
                output.note("No such contacts; nothing was changed.");
                return Ok(None);
            }
            confirm.ask(&question(&contacts(found)), output).await?;
            // What was agreed to, and nothing else: `--yes` agrees to whatever it is.
            confirm_contacts = (confirm != Confirm::Yes).then_some(found);
        }
        Ok(Some(BulkQuery { r#where: expression, confirm_contacts }))
    }

    pub(super) async fn edit(
        self,
        expression: String,
        change: BulkChangeBody,
        client: &Client,
        confirm: Confirm,
        output: &mut Output<'_>,
    ) -> Result<(), CommandError> {
        let question = |whom: &str| format!("Change {whom}?");
        let Some(query) = self.query(expression, question, client, confirm, output).await? else {
            return Ok(());
        };
        let done = client.update_contacts(&query, &change).await?;
        output.show(&done, |out| {
            for (what, count) in [
                ("contacts", done.contacts),
                ("changed", done.changed),
                ("added", done.added),
                ("removed", done.removed),
            ] {
                writeln!(out, "{what:<12}{count:>10}")?;
            }
            Ok(())
        })
    }

    pub(super) async fn delete(
        self,
        expression: String,
        client: &Client,
        confirm: Confirm,
        output: &mut Output<'_>,
    ) -> Result<(), CommandError> {
        let question = |whom: &str| format!("Delete {whom}?");
        let Some(query) = self.query(expression, question, client, confirm, output).await? else {
            return Ok(());
        };
        let done = client.delete_contacts(&query).await?;
        output.note(format_args!("Deleted {}.", contacts(done.deleted)));
        Ok(())
    }
}

impl EditArgs {
    /// The change as one of many contacts.
    pub(super) fn of_many(self) -> Result<BulkChangeBody, CommandError> {
        for (flag, given) in [
            ("--email", self.email.is_some()),
            ("--name", self.name.is_some()),
            ("--notes", self.notes.is_some()),
        ] {
            if given {
                let message = format!("{flag} is of one contact; it does not go with --where");
                return Err(CommandError::usage(message));
            }
        }
        let unset = self.unset.into_iter().map(|key| (key, serde_json::Value::Null));
        Ok(BulkChangeBody {
            language: self.language,
            timezone: self.timezone,
            attributes: self.attributes.into_iter().chain(unset).collect(),
            tags: self.tags,
            untag: self.untag,
            lists: self.lists,
            unlist: self.unlist,
        })
    }
}

fn contacts(count: u64) -> String {
    if count == 1 { "1 contact".to_owned() } else { format!("{count} contacts") }
}
