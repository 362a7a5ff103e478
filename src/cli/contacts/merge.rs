//! `frontier contact duplicates` and `frontier contact merge`.

use clap::Args;

use crate::api::{DuplicateRuleBody, MergeRequestBody};
use crate::cli::confirm::Confirm;
use crate::cli::error::CommandError;
use crate::cli::output::Output;
use crate::client::Client;

/// Show contacts that may be one person
///
/// Two addresses may be one mailbox, where their provider passes over what follows a `+` or over
/// dots; or two contacts have the same first and last name at one organisation. Nothing is changed.
#[derive(Args, Debug)]
pub struct DuplicatesArgs {
    /// How many groups at the most, up to 1000
    #[arg(long, default_value_t = 100)]
    limit: usize,
}

/// Merge contacts into one, which is kept
///
/// Its fields stay and are filled where they are empty. Tags, lists, consents and activity are
/// united; who has unsubscribed or is suppressed as one of them is so afterwards. The others are
/// deleted; what they were is kept, and `frontier contact takeout` shows it.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  frontier contact duplicates
  frontier contact merge ana@example.com ana.ruiz@old.example a.ruiz@older.example")]
pub struct MergeArgs {
    /// Address or id of the contact that is kept
    keep: String,
    /// Addresses or ids of those that are merged into it
    #[arg(required = true, value_name = "OTHER")]
    others: Vec<String>,
}

impl DuplicatesArgs {
    pub(super) async fn run(
        self,
        client: &Client,
        output: &mut Output<'_>,
    ) -> Result<(), CommandError> {
        let groups = client.duplicates(self.limit).await?;
        output.show(&groups, |out| {
            for group in &groups {
                let rule = match group.rule {
                    DuplicateRuleBody::SameMailbox => "one mailbox",
                    DuplicateRuleBody::SameName => "one name at one organisation",
                };
                writeln!(out, "{rule}")?;
                for contact in &group.contacts {
                    writeln!(out, "  {}  {}", contact.email, contact.name)?;
                }
            }
            Ok(())
        })?;
        output.note(match groups.len() {
            0 => "No two contacts look like one person.".to_owned(),
            some => format!("{some} groups; `frontier contact merge KEEP OTHER…` merges one."),
        });
        Ok(())
    }
}

impl MergeArgs {
    pub(super) async fn run(
        self,
        client: &Client,
        confirm: Confirm,
        output: &mut Output<'_>,
    ) -> Result<(), CommandError> {
        let keep = client.get_contact(&self.keep).await?;
        let mut ids = Vec::new();
        let mut named = Vec::new();
        for other in &self.others {
            let other = client.get_contact(other).await?;
            named.push(format!("`{}`", other.email));
            ids.push(other.id);
        }
        let question = format!("Merge {} into `{}` and delete it?", named.join(", "), keep.email);
        confirm.ask(&question, output).await?;
        let others = MergeRequestBody { contacts: ids };
        let contact = client.merge_contacts(&keep.id, &others).await?;
        output.show(&contact, |out| writeln!(out, "{}", contact.email))?;
        output.note(format_args!("Merged {} into `{}`.", named.join(", "), contact.email));
        Ok(())
    }
}
