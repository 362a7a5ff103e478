//! `frontier contact`: the people who receive.

mod export;
mod import;

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::confirm::Confirm;
use super::error::CommandError;
use super::output::{Column, Output, column};
use crate::api::{ContactBody, ContactChangeBody, ContactQuery, NewContactBody};
use crate::client::Client;

#[derive(Subcommand, Debug)]
pub enum ContactCommand {
    Add(AddArgs),
    Edit(EditArgs),
    List(ListArgs),
    /// Show a contact
    Show(ContactArgs),
    /// Delete a contact
    Delete(ContactArgs),
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
    /// A list to put the contact on; give it again for more
    #[arg(long = "list", value_name = "LIST")]
    lists: Vec<String>,
    /// Change the contact when there is one with this address
    #[arg(long)]
    update: bool,
}

/// Change a contact
#[derive(Args, Debug)]
pub struct EditArgs {
    /// Address or id of the contact, or the start of its id
    contact: String,
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
}

/// Show the contacts there are
#[derive(Args, Debug)]
pub struct ListArgs {
    /// Only those on this list
    #[arg(long)]
    list: Option<String>,
    /// Only those whose address or name starts so
    #[arg(long, value_name = "START")]
    q: Option<String>,
    /// How many rows at the most
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

/// One contact
#[derive(Args, Debug)]
pub struct ContactArgs {
    /// Address or id of the contact, or the start of its id
    contact: String,
}

const COLUMNS: &[Column<ContactBody>] = &[
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
            Self::Edit(args) => args.run(client, output).await,
            Self::List(args) => {
                let filter = ContactQuery { list: args.list, q: args.q };
                let contacts = client.contacts(&filter, args.limit).await?;
                let none = if filter.list.is_some() || filter.q.is_some() {
                    "No such contacts."
                } else {
                    "No contacts yet; `frontier contact import FILE.csv` brings them in."
                };
                output.listing(&contacts, COLUMNS, none)
            }
            Self::Show(args) => {
                let contact = client.get_contact(&args.contact).await?;
                output.show(&contact, |out| show(&contact, out))
            }
            Self::Delete(args) => {
                let contact = client.get_contact(&args.contact).await?;
                confirm.ask(&format!("Delete the contact `{}`?", contact.email), output).await?;
                client.delete_contact(&contact.id).await?;
                output.note(format_args!("Deleted the contact `{}`.", contact.email));
                Ok(())
            }
            Self::Import(args) => args.run(client, output).await,
            Self::Export(args) => args.run(client, output).await,
        }
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

impl EditArgs {
    async fn run(self, client: &Client, output: &mut Output<'_>) -> Result<(), CommandError> {
        let unset = self.unset.into_iter().map(|key| (key, Value::Null));
        let change = ContactChangeBody {
            email: self.email,
            name: self.name,
            language: self.language,
            timezone: self.timezone,
            attributes: self.attributes.into_iter().chain(unset).collect::<BTreeMap<_, _>>(),
        };
        if change == ContactChangeBody::default() {
            return Err(CommandError::usage("there is nothing to change; name a field")
                .hint("frontier contact edit --help lists them"));
        }
        let contact = client.update_contact(&self.contact, &change).await?;
        output.show(&contact, |out| writeln!(out, "{}", contact.email))?;
        output.note(format_args!("Saved the contact `{}`.", contact.email));
        Ok(())
    }
}

fn show(contact: &ContactBody, out: &mut dyn std::io::Write) -> std::io::Result<()> {
    writeln!(out, "{}  ({})", contact.email, contact.id)?;
    let lists = contact.lists.clone().unwrap_or_default().join(", ");
    let fields = [
        ("name", contact.name.as_str()),
        ("language", contact.language.as_deref().unwrap_or_default()),
        ("timezone", contact.timezone.as_deref().unwrap_or_default()),
        ("lists", &lists),
        ("created", &contact.created_at),
    ];
    for (field, value) in fields.into_iter().filter(|(_, value)| !value.is_empty()) {
        writeln!(out, "{field:<10}{value}")?;
    }
    if !contact.attributes.is_empty() {
        writeln!(out, "attributes")?;
    }
    for (key, value) in &contact.attributes {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        writeln!(out, "  {key}  {text}")?;
    }
    Ok(())
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
