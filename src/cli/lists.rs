//! `frontier list`: contacts put together by hand.

use clap::{Args, Subcommand};

use super::error::CommandError;
use super::output::{Column, Output, column};
use crate::api::{ListBody, NewListBody};
use crate::client::Client;

#[derive(Subcommand, Debug)]
pub enum ListCommand {
    Create(CreateArgs),
    List(ListArgs),
    Show(NamedArgs),
    Delete(NamedArgs),
}

/// Create a list
#[derive(Args, Debug)]
pub struct CreateArgs {
    /// Name, which no two lists share
    name: String,
    /// What the list is for
    #[arg(long, default_value = "")]
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

const COLUMNS: &[Column<ListBody>] = &[
    column("name", |list| list.name.clone()),
    column("members", |list| list.members.to_string()),
    column("description", |list| list.description.clone()),
];

impl ListCommand {
    pub async fn run(self, client: &Client, output: &mut Output<'_>) -> Result<(), CommandError> {
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
                let list = client.delete_list(&args.list).await?;
                output.note(format_args!(
                    "Deleted the list `{}`; its {} contacts stay.",
                    list.name, list.members
                ));
            }
        }
        Ok(())
    }
}
