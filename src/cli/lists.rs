//! `frontier list`: contacts put together by hand.

use clap::{Args, Subcommand};

use super::confirm::Confirm;
use super::error::CommandError;
use super::output::{Column, Output, column};
use crate::api::{ListBody, MembersBody, NewListBody};
use crate::client::Client;

#[derive(Subcommand, Debug)]
pub enum ListCommand {
    Create(CreateArgs),
    List(ListArgs),
    /// Show a list
    Show(NamedArgs),
    /// Delete a list; its contacts stay
    Delete(NamedArgs),
    Add(AddArgs),
    Remove(RemoveArgs),
}

/// Create a list
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  frontier list create Customers --description 'Bought at least once'
  frontier list create North --quiet && frontier contact import north.csv --list North")]
pub struct CreateArgs {
    /// Name, which no two lists share
    name: String,
    /// What the list is for
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    description: String,
}

/// Show the lists there are
#[derive(Args, Debug)]
pub struct ListArgs {
    /// How many rows at the most
    #[arg(long, default_value_t = 1000)]
    limit: usize,
}

/// One list
#[derive(Args, Debug)]
pub struct NamedArgs {
    /// Name or id of the list, or the start of one
    list: String,
}

/// Put contacts on a list, all or none
#[derive(Args, Debug)]
pub struct AddArgs {
    /// Name or id of the list, or the start of one
    list: String,
    /// Addresses or ids of the contacts
    #[arg(required = true, value_name = "CONTACT")]
    contacts: Vec<String>,
}

/// Take a contact off a list; the contact stays
#[derive(Args, Debug)]
pub struct RemoveArgs {
    /// Name or id of the list, or the start of one
    list: String,
    /// Address or id of the contact, or the start of its id
    contact: String,
}

const COLUMNS: &[Column<ListBody>] = &[
    column("name", |list| list.name.clone()),
    column("members", |list| list.members.to_string()),
    column("description", |list| list.description.clone()),
];

impl ListCommand {
    pub async fn run(
        self,
        client: &Client,
        confirm: Confirm,
        output: &mut Output<'_>,
    ) -> Result<(), CommandError> {
        match self {
            Self::Create(args) => {
                let new = NewListBody {
                    name: args.name,
                    description: args.description,
                    ..NewListBody::default()
                };
                let list = client.create_list(&new).await?;
                output.show(&list, |out| writeln!(out, "{}", list.name))?;
                output.note(format_args!("Created the list `{}`.", list.name));
            }
            Self::List(args) => {
                let lists = client.lists(args.limit).await?;
                output.listing(
                    &lists,
                    COLUMNS,
                    "No lists yet; `frontier list create NAME` makes one.",
                )?;
            }
            Self::Show(args) => {
                let list = client.get_list(&args.list).await?;
                output.show(&list, |out| {
                    writeln!(out, "{}  ({})", list.name, list.id)?;
                    if !list.description.is_empty() {
                        writeln!(out, "{}", list.description)?;
                    }
                    writeln!(out, "members  {}", list.members)?;
                    writeln!(out, "created  {}", list.created_at)
                })?;
            }
            Self::Delete(args) => {
                let list = client.get_list(&args.list).await?;
                confirm.ask(&format!("Delete the list `{}`?", list.name), output).await?;
                client.delete_list(&list.id).await?;
                output.note(format_args!(
                    "Deleted the list `{}`; its {} contacts stay.",
                    list.name, list.members
                ));
            }
            Self::Add(args) => {
                let members = MembersBody { contacts: args.contacts };
                let done = client.add_to_list(&args.list, &members).await?;
                output.note(format_args!(
                    "Added {} to the list `{}`, which has {} now.",
                    done.added, done.list.name, done.list.members
                ));
            }
            Self::Remove(args) => {
                let list = client.remove_from_list(&args.list, &args.contact).await?;
                output.note(format_args!(
                    "Removed one from the list `{}`, which has {} now.",
                    list.name, list.members
                ));
            }
        }
        Ok(())
    }
}
