//! `frontier attribute`: what is kept about contacts beyond their fields, and as which type.

use clap::{Args, Subcommand};

use super::confirm::Confirm;
use super::error::CommandError;
use super::output::{Column, Output, column};
use crate::api::{AttributeBody, AttributeChangeBody, AttributeTypeBody, NewAttributeBody};
use crate::client::Client;

#[derive(Subcommand, Debug)]
pub enum AttributeCommand {
    /// Show the attributes that contacts have, with their types
    List,
    Create(CreateArgs),
    Edit(EditArgs),
    Delete(DeleteArgs),
}

/// Declare an attribute before a contact has it
///
/// One that is not declared is of the type its first value shows: text in a CSV file.
#[derive(Args, Debug)]
pub struct CreateArgs {
    /// Lower-case letters, digits and `_`
    key: String,
    /// What its values are
    #[arg(long = "type", value_enum)]
    kind: Kind,
}

/// Give an attribute another type
///
/// The values there are converted, all or none: when some do not fit, nothing is changed. A text
/// becomes a list at its commas, or at its semicolons when it has any.
#[derive(Args, Debug)]
pub struct EditArgs {
    /// Key of the attribute
    key: String,
    /// What its values shall be
    #[arg(long = "type", value_enum)]
    kind: Kind,
}

/// Delete an attribute, with its values
#[derive(Args, Debug)]
pub struct DeleteArgs {
    /// Key of the attribute
    key: String,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Kind {
    Text,
    Number,
    Boolean,
    /// A day, as 2026-03-01
    Date,
    /// Texts, in their order
    List,
}

const COLUMNS: &[Column<AttributeBody>] = &[
    column("key", |attribute| attribute.key.clone()),
    column("type", |attribute| word(attribute.kind).to_owned()),
    column("since", |attribute| attribute.created_at.chars().take(10).collect()),
];

impl AttributeCommand {
    pub async fn run(
        self,
        client: &Client,
        confirm: Confirm,
        output: &mut Output<'_>,
    ) -> Result<(), CommandError> {
        match self {
            Self::List => {
                let attributes = client.attributes().await?;
                output.rows(&attributes, COLUMNS)?;
                if attributes.is_empty() {
                    output.note("No attributes yet; contacts bring them in.");
                }
            }
            Self::Create(args) => {
                let new = NewAttributeBody { key: args.key, kind: args.kind.into() };
                let attribute = client.create_attribute(&new).await?;
                output.show(&attribute, |out| writeln!(out, "{}", attribute.key))?;
                let kind = word(attribute.kind);
                output.note(format_args!("Created the {kind} attribute `{}`.", attribute.key));
            }
            Self::Edit(args) => {
                let change = AttributeChangeBody { kind: args.kind.into() };
                let done = client.update_attribute(&args.key, &change).await?;
                output.show(&done, |out| writeln!(out, "{}", done.attribute.key))?;
                output.note(format_args!(
                    "The attribute `{}` is {} now; {} contacts have it.",
                    done.attribute.key,
                    word(done.attribute.kind),
                    done.contacts
                ));
            }
            Self::Delete(args) => {
                let question = format!("Delete the attribute `{}` of all contacts?", args.key);
                confirm.ask(&question, output).await?;
                let done = client.delete_attribute(&args.key).await?;
                output.note(format_args!(
                    "Deleted the attribute `{}`, which {} contacts had.",
                    args.key, done.contacts
                ));
            }
        }
        Ok(())
    }
}

impl From<Kind> for AttributeTypeBody {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Text => Self::Text,
            Kind::Number => Self::Number,
            Kind::Boolean => Self::Boolean,
            Kind::Date => Self::Date,
            Kind::List => Self::List,
        }
    }
}

const fn word(kind: AttributeTypeBody) -> &'static str {
    match kind {
        AttributeTypeBody::Text => "text",
        AttributeTypeBody::Number => "number",
        AttributeTypeBody::Boolean => "boolean",
        AttributeTypeBody::Date => "date",
        AttributeTypeBody::List => "list",
    }
}
