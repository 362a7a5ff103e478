//! `frontier contact`: the people who receive.

mod bulk;
mod consent;
mod export;
mod import;
mod leaving;
mod merge;
mod personal;

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::confirm::Confirm;
use super::deliveries::history;
use super::error::CommandError;
use super::lists::state_word;
use super::output::{Column, Output, column};
use crate::api::{
    BulkChangeBody, ContactBody, ContactChangeBody, ContactQuery, NewContactBody,
    SubscriptionStateBody,
};
use bulk::ManyArgs;

use crate::client::Client;

#[derive(Subcommand, Debug)]
pub enum ContactCommand {
    Add(AddArgs),
    Edit(EditArgs),
    List(ListArgs),
    Show(ShowArgs),
    Delete(DeleteArgs),
    /// What a contact agreed to, and no longer agrees to
    #[command(subcommand)]
    Consent(consent::ConsentCommand),
    Unsubscribe(leaving::UnsubscribeArgs),
    Duplicates(merge::DuplicatesArgs),
    Merge(merge::MergeArgs),
    Forget(personal::ForgetArgs),
    Takeout(personal::TakeoutArgs),
    Import(import::ImportArgs),
    Export(export::ExportArgs),
}

/// Add a contact
#[derive(Args, Debug)]
pub struct AddArgs {
    /// E-mail address, which no two contacts share
    email: String,
    /// What the person is called
    #[arg(long)]
    name: Option<String>,
    /// BCP 47 tag, as in es or pt-BR
    #[arg(long)]
    language: Option<String>,
    /// IANA name, as in Europe/Madrid
    #[arg(long)]
    timezone: Option<String>,
    /// What else is known: KEY=TEXT, or KEY:=JSON for a number, a list…
    #[arg(long = "attribute", value_name = "KEY=TEXT", value_parser = attribute)]
    attributes: Vec<(String, Value)>,
    /// A word to find it by, whatever the case; give it again for more
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// What to remember about it
    #[arg(long, value_name = "TEXT")]
    notes: Option<String>,
    /// A list to put the contact on; give it again for more
    #[arg(long = "list", value_name = "LIST")]
    lists: Vec<String>,
    /// Change the contact when there is one with this address
    #[arg(long)]
    update: bool,
}

/// Change a contact, or all of whom an expression is true
///
/// With --where it is all or none of them, after their number was shown and agreed to.
#[derive(Args, Debug)]
pub struct EditArgs {
    /// Address or id of the contact, or the start of its id
    #[arg(required_unless_present = "expression", conflicts_with = "expression")]
    contact: Option<String>,
    #[command(flatten)]
    many: ManyArgs,
    /// Another address
    #[arg(long)]
    email: Option<String>,
    /// Another name; an empty one when it is not known, as for what follows
    #[arg(long)]
    name: Option<String>,
    /// BCP 47 tag, as in es or pt-BR
    #[arg(long)]
    language: Option<String>,
    /// IANA name, as in Europe/Madrid
    #[arg(long)]
    timezone: Option<String>,
    /// What else is known: KEY=TEXT, or KEY:=JSON for a number, a list…
    #[arg(long = "attribute", value_name = "KEY=TEXT", value_parser = attribute)]
    attributes: Vec<(String, Value)>,
    /// An attribute to remove
    #[arg(long, value_name = "KEY")]
    unset: Vec<String>,
    /// A tag to put on it; give it again for more
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// A tag to take off it
    #[arg(long, value_name = "TAG")]
    untag: Vec<String>,
    /// With --where: a list to put them on; give it again for more
    #[arg(long = "list", value_name = "LIST", conflicts_with = "contact")]
    lists: Vec<String>,
    /// With --where: a list to take them off
    #[arg(long, value_name = "LIST", conflicts_with = "contact")]
    unlist: Vec<String>,
    /// Other notes; an empty text for none
    #[arg(long, value_name = "TEXT")]
    notes: Option<String>,
}

/// Show the contacts there are
#[derive(Args, Debug)]
pub struct ListArgs {
    /// Only those subscribed to this list
    #[arg(long)]
    list: Option<String>,
    /// Only those whose address or name starts so
    #[arg(long, value_name = "START")]
    q: Option<String>,
    /// Only those with this tag; give it again for those with both
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Only those whose address several people read, as info@
    #[arg(long)]
    role: bool,
    /// Only those with a throw-away address
    #[arg(long)]
    disposable: bool,
    /// Only those of whom this expression is true, as in a segment
    #[arg(long = "where", value_name = "EXPRESSION")]
    expression: Option<String>,
    /// How many rows at the most
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

/// Delete a contact, or all of whom an expression is true
///
/// With --where it is all or none of them, after their number was shown and agreed to.
#[derive(Args, Debug)]
pub struct DeleteArgs {
    /// Address or id of the contact, or the start of its id
    #[arg(required_unless_present = "expression", conflicts_with = "expression")]
    contact: Option<String>,
    #[command(flatten)]
    many: ManyArgs,
}

/// Show a contact, or what was sent to it
#[derive(Args, Debug)]
pub struct ShowArgs {
    /// Address or id of the contact, or the start of its id
    contact: String,
    /// Its deliveries over all campaigns, those of the newest run first
    #[arg(long)]
    history: bool,
    /// With --history: how many rows at the most
    #[arg(long, default_value_t = 50, requires = "history")]
    limit: usize,
}

pub(super) const COLUMNS: &[Column<ContactBody>] = &[
    column("email", |contact| contact.email.clone()),
    column("name", |contact| contact.name.clone()),
    column("language", |contact| contact.language.clone().unwrap_or_default()),
    column("timezone", |contact| contact.timezone.clone().unwrap_or_default()),
    column("id", |contact| contact.id.clone()),
];

impl ContactCommand {
    pub async fn run(
        self,
        client: &Client,
        confirm: Confirm,
        output: &mut Output<'_>,
    ) -> Result<(), CommandError> {
        match self {
            Self::Add(args) => args.run(client, output).await,
            Self::Edit(args) => args.run(client, confirm, output).await,
            Self::List(args) => {
                let filter = args.filter()?;
                let contacts = client.contacts(&filter, args.limit).await?;
                let none = if filter == ContactQuery::default() {
                    "No contacts yet; `frontier contact import FILE.csv` brings them in."
                } else {
                    "No such contacts."
                };
                output.listing(&contacts, COLUMNS, none)
            }
            Self::Show(args) if args.history => {
                history(&args.contact, args.limit, client, output).await
            }
            Self::Show(args) => {
                let contact = client.get_contact(&args.contact).await?;
                output.show(&contact, |out| show(&contact, out))
            }
            Self::Delete(args) => args.run(client, confirm, output).await,
            Self::Consent(command) => command.run(client, output).await,
            Self::Unsubscribe(args) => args.run(client, output).await,
            Self::Duplicates(args) => args.run(client, output).await,
            Self::Merge(args) => args.run(client, confirm, output).await,
            Self::Forget(args) => args.run(client, confirm, output).await,
            Self::Takeout(args) => args.run(client, output).await,
            Self::Import(args) => args.run(client, output).await,
            Self::Export(args) => args.run(client, output).await,
        }
    }
}

impl ListArgs {
    fn filter(&self) -> Result<ContactQuery, CommandError> {
        if let Some(tag) = self.tags.iter().find(|tag| tag.contains(',')) {
            let error = CommandError::usage(format!("the tag `{tag}` has a comma in it"));
            return Err(error.hint("give --tag once for each tag"));
        }
        Ok(ContactQuery {
            list: self.list.clone(),
            q: self.q.clone(),
            tag: Some(self.tags.join(",")).filter(|tags| !tags.is_empty()),
            role_address: self.role.then_some(true),
            disposable_address: self.disposable.then_some(true),
            r#where: self.expression.clone(),
        })
    }
}

impl AddArgs {
    async fn run(self, client: &Client, output: &mut Output<'_>) -> Result<(), CommandError> {
        let new = NewContactBody {
            email: self.email,
            name: self.name,
            language: self.language,
            timezone: self.timezone,
            attributes: self.attributes.into_iter().collect(),
            tags: self.tags,
            notes: self.notes,
            lists: self.lists,
        };
        let (contact, done) = if self.update {
            (client.upsert_contact(&new).await?, "Saved")
        } else {
            (client.create_contact(&new).await?, "Added")
        };
        output.show(&contact, |out| writeln!(out, "{}", contact.email))?;
        output.note(format_args!("{done} the contact `{}`.", contact.email));
        Ok(())
    }
}

impl DeleteArgs {
    async fn run(
        mut self,
        client: &Client,
        confirm: Confirm,
        output: &mut Output<'_>,
    ) -> Result<(), CommandError> {
        if let Some(expression) = self.many.expression.take() {
            return self.many.delete(expression, client, confirm, output).await;
        }
        let contact = client.get_contact(&self.contact.unwrap_or_default()).await?;
        confirm.ask(&format!("Delete the contact `{}`?", contact.email), output).await?;
        client.delete_contact(&contact.id).await?;
        output.note(format_args!("Deleted the contact `{}`.", contact.email));
        Ok(())
    }
}

impl EditArgs {
    async fn run(
        mut self,
        client: &Client,
        confirm: Confirm,
        output: &mut Output<'_>,
    ) -> Result<(), CommandError> {
        if let Some(expression) = self.many.expression.take() {
            let confirm_contacts = self.many.confirm_contacts;
            let many = ManyArgs { expression: None, confirm_contacts };
            let change = self.of_many()?;
            if change == BulkChangeBody::default() {
                return Err(nothing());
            }
            return many.edit(expression, change, client, confirm, output).await;
        }
        let unset = self.unset.into_iter().map(|key| (key, Value::Null));
        let change = ContactChangeBody {
            email: self.email,
            name: self.name,
            language: self.language,
            timezone: self.timezone,
            attributes: self.attributes.into_iter().chain(unset).collect::<BTreeMap<_, _>>(),
            tags: self.tags,
            untag: self.untag,
            notes: self.notes,
        };
        if change == ContactChangeBody::default() {
            return Err(nothing());
        }
        let contact = client.update_contact(&self.contact.unwrap_or_default(), &change).await?;
        output.show(&contact, |out| writeln!(out, "{}", contact.email))?;
        output.note(format_args!("Saved the contact `{}`.", contact.email));
        Ok(())
    }
}

fn nothing() -> CommandError {
    CommandError::usage("there is nothing to change; name a field")
        .hint("frontier contact edit --help lists them")
}

fn show(contact: &ContactBody, out: &mut dyn std::io::Write) -> std::io::Result<()> {
    writeln!(out, "{}  ({})", contact.email, contact.id)?;
    let lists = contact.subscriptions.iter().flatten().map(|one| match one.state {
        SubscriptionStateBody::Subscribed => one.list.clone(),
        other => format!("{} ({})", one.list, state_word(other)),
    });
    let lists = lists.collect::<Vec<_>>().join(", ");
    let tags = contact.tags.join(", ");
    let consents = contact.consents.iter().flatten().map(|one| {
        let day = one.recorded_at.get(..10).unwrap_or_default();
        format!("{} ({} {day})", one.purpose, consent::state_word(one.state))
    });
    let consents = consents.collect::<Vec<_>>().join(", ");
    let address = match (contact.role_address, contact.disposable_address) {
        (true, true) => "of several people, and throw-away",
        (true, false) => "of several people",
        (false, true) => "throw-away",
        (false, false) => "",
    };
    let fields = [
        ("name", contact.name.as_str()),
        ("language", contact.language.as_deref().unwrap_or_default()),
        ("timezone", contact.timezone.as_deref().unwrap_or_default()),
        ("address", address),
        ("lists", &lists),
        ("tags", &tags),
        ("consent", &consents),
        ("created", &contact.created_at),
    ];
    for (field, value) in fields.into_iter().filter(|(_, value)| !value.is_empty()) {
        writeln!(out, "{field:<10}{value}")?;
    }
    if !contact.attributes.is_empty() {
        writeln!(out, "attributes")?;
    }
    for (key, value) in &contact.attributes {
        writeln!(out, "  {key}  {}", cell(value))?;
    }
    if !contact.notes.is_empty() {
        writeln!(out, "notes")?;
    }
    for line in contact.notes.lines() {
        writeln!(out, "  {line}")?;
    }
    Ok(())
}

/// An attribute for people: the texts of a list between commas, anything else as it is written.
fn cell(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// Reads `KEY=TEXT` or `KEY:=JSON`.
fn attribute(text: &str) -> Result<(String, Value), String> {
    let (key, value) = text.split_once('=').ok_or("write it as KEY=TEXT")?;
    match key.strip_suffix(':') {
        Some(key) => {
            let value = serde_json::from_str(value)
                .map_err(|error| format!("what follows := must be JSON: {error}"))?;
            Ok((key.to_owned(), value))
        }
        None => Ok((key.to_owned(), value.into())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn attributes_are_text_unless_they_say_they_are_json() {
        assert_eq!(attribute("cp=08001"), Ok(("cp".into(), json!("08001"))));
        assert_eq!(attribute("age:=41"), Ok(("age".into(), json!(41))));
        assert_eq!(attribute("url=a=b"), Ok(("url".into(), json!("a=b"))));
        assert!(attribute("cp").is_err());
        assert!(attribute("age:=x").is_err());
    }
}
