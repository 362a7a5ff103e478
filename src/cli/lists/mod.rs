//! `frontier list`: contacts put together by hand.

mod members;

use clap::{Args, Subcommand};

use super::confirm::Confirm;
use super::error::CommandError;
use super::output::{Column, Output, column};
use crate::api::{ListBody, ListChangeBody, NewListBody, OptInBody};
use crate::client::Client;

pub(super) use members::{note_added, state_word};

#[derive(Subcommand, Debug)]
pub enum ListCommand {
    Create(CreateArgs),
    List(ListArgs),
    /// Show a list
    Show(NamedArgs),
    Edit(EditArgs),
    /// Delete a list; its contacts stay
    Delete(NamedArgs),
    Members(members::MembersArgs),
    Add(members::AddArgs),
    Remove(members::RemoveArgs),
    Confirm(members::ConfirmArgs),
    Unsubscribe(members::UnsubscribeArgs),
    Resubscribe(members::ResubscribeArgs),
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
    /// Whether those who are put on it have to confirm before they are sent to
    #[arg(long, value_enum, default_value_t = OptIn::Single)]
    optin: OptIn,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum OptIn {
    /// They are subscribed at once
    Single,
    /// They have to confirm
    Double,
}

/// Change a list
///
/// Who is on it stays as they are, whatever opt-in it has from now on.
#[derive(Args, Debug)]
pub struct EditArgs {
    /// Name or id of the list, or the start of one
    list: String,
    /// Another description
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Whether those who are put on it have to confirm before they are sent to
    #[arg(long, value_enum)]
    optin: Option<OptIn>,
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
    column("subscribed", |list| list.subscribed.to_string()),
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
                    optin: args.optin.into(),
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
                output.show(&list, |out| show(&list, out))?;
            }
            Self::Edit(args) => args.run(client, output).await?,
            Self::Delete(args) => {
                let list = client.get_list(&args.list).await?;
                confirm.ask(&format!("Delete the list `{}`?", list.name), output).await?;
                client.delete_list(&list.id).await?;
                output.note(format_args!(
                    "Deleted the list `{}`; its {} contacts stay.",
                    list.name, list.members
                ));
            }
            Self::Members(args) => args.run(client, output).await?,
            Self::Add(args) => args.run(client, output).await?,
            Self::Remove(args) => args.run(client, output).await?,
            Self::Confirm(args) => args.run(client, output).await?,
            Self::Unsubscribe(args) => args.run(client, output).await?,
            Self::Resubscribe(args) => args.run(client, output).await?,
        }
        Ok(())
    }
}

impl EditArgs {
    async fn run(self, client: &Client, output: &mut Output<'_>) -> Result<(), CommandError> {
        let change = ListChangeBody {
            description: self.description,
            optin: self.optin.map(Into::into),
            ..ListChangeBody::default()
        };
        if change == ListChangeBody::default() {
            return Err(CommandError::usage("there is nothing to change")
                .hint("for example: frontier list edit Customers --optin double"));
        }
        let list = client.update_list(&self.list, &change).await?;
        output.show(&list, |out| writeln!(out, "{}", list.name))?;
        output.note(format_args!("Changed the list `{}`.", list.name));
        Ok(())
    }
}

fn show(list: &ListBody, out: &mut dyn std::io::Write) -> std::io::Result<()> {
    writeln!(out, "{}  ({})", list.name, list.id)?;
    if !list.description.is_empty() {
        writeln!(out, "{}", list.description)?;
    }
    let optin = match list.optin {
        OptInBody::Single => "single",
        OptInBody::Double => "double",
    };
    writeln!(out, "opt-in        {optin}")?;
    writeln!(out, "members       {}", list.members)?;
    writeln!(out, "subscribed    {}", list.subscribed)?;
    writeln!(out, "unconfirmed   {}", list.unconfirmed)?;
    writeln!(out, "unsubscribed  {}", list.unsubscribed)?;
    writeln!(out, "created       {}", list.created_at)
}

impl From<OptIn> for OptInBody {
    fn from(optin: OptIn) -> Self {
        match optin {
            OptIn::Single => Self::Single,
            OptIn::Double => Self::Double,
        }
    }
}
