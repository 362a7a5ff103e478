//! `frontier contact forget` and `frontier contact takeout`.

use clap::Args;

use crate::cli::confirm::Confirm;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::client::Client;

/// Erase a person everywhere, for good
///
/// The contact goes with its attributes, tags, notes, lists, consents and what it did; deliveries
/// keep their counts and lose the address. A keyed hash of the address stays suppressed, so that
/// nothing is sent to it when a later import brings it back. What lies outside the store is yours to
/// delete: mails in outbox folders, rejects of imports, exports and backups.
#[derive(Args, Debug)]
pub struct ForgetArgs {
    /// Address (also one that no contact has) or id of the contact
    contact: String,
}

/// Print everything that is held of a person, as JSON
///
/// Its fields, subscriptions, consents, what it did with mails, what was merged into it, why it is
/// suppressed, and every mail to it with what the server said.
#[derive(Args, Debug)]
pub struct TakeoutArgs {
    /// Address or id of the contact, or the start of its id
    contact: String,
}

impl ForgetArgs {
    pub(super) async fn run(
        self,
        client: &Client,
        confirm: Confirm,
        output: &mut Output<'_>,
    ) -> Result<(), CommandError> {
        let found = client.get_contact(&self.contact).await.map_err(CommandError::from);
        let question = match found {
            Ok(contact) => {
                format!("Forget `{}`? What is held of them cannot be brought back.", contact.email)
            }
            Err(error) if error.exit == Exit::NotFound && self.contact.contains('@') => {
                format!("No contact is `{}`. Forget what is left of the address?", self.contact)
            }
            Err(error) => return Err(error),
        };
        confirm.ask(&question, output).await?;
        let done = client.forget_contact(&self.contact).await?;
        output.show(&done, |_| Ok(()))?;
        if done.already {
            output.note("Nothing was left to forget.");
            return Ok(());
        }
        let records = match done.records {
            0 => "No delivery was to them".to_owned(),
            1 => "1 delivery keeps its count and not the address".to_owned(),
            some => format!("{some} deliveries keep their counts and not the address"),
        };
        output.note(format_args!("Forgotten. {records}; its hash stays suppressed."));
        output.note("Mails in outbox folders, rejects, exports and backups are yours to delete.");
        Ok(())
    }
}

impl TakeoutArgs {
    pub(super) async fn run(
        self,
        client: &Client,
        output: &mut Output<'_>,
    ) -> Result<(), CommandError> {
        let takeout = client.take_out_contact(&self.contact).await?;
        output.show(&takeout, |out| {
            serde_json::to_writer_pretty(&mut *out, &takeout)?;
            writeln!(out)
        })
    }
}
