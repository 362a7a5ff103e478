//! `frontier list members|add|remove|confirm|unsubscribe|resubscribe`.

use clap::Args;

use crate::api::{ListBody, MemberBody, MembersAddedBody, MembersBody, SubscriptionStateBody};
use crate::cli::error::CommandError;
use crate::cli::output::{Column, Output, column};
use crate::client::Client;

/// Show who is on a list, and how they stand with it
#[derive(Args, Debug)]
pub struct MembersArgs {
    /// Name or id of the list, or the start of one
    list: String,
    /// Only those who stand so
    #[arg(long, value_enum)]
    state: Option<State>,
    /// How many rows at the most
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

/// Put contacts on a list, all or none
///
/// On a list of double opt-in they are unconfirmed, and sent nothing, until they confirm. Who has
/// unsubscribed from the list stays so.
#[derive(Args, Debug)]
pub struct AddArgs {
    #[command(flatten)]
    named: NamedMembers,
}

/// Take a contact off a list; the contact stays
///
/// That it had unsubscribed is forgotten with it: an import would subscribe it again. To keep it
/// from being sent to, use `frontier list unsubscribe`.
#[derive(Args, Debug)]
pub struct RemoveArgs {
    /// Name or id of the list, or the start of one
    list: String,
    /// Address or id of the contact, or the start of its id
    contact: String,
}

/// Take it that contacts confirmed that they want a list
#[derive(Args, Debug)]
pub struct ConfirmArgs {
    #[command(flatten)]
    named: NamedMembers,
}

/// Unsubscribe contacts from a list, all or none
///
/// They stay on the list as unsubscribed, so that no import or segment brings them back.
#[derive(Args, Debug)]
pub struct UnsubscribeArgs {
    #[command(flatten)]
    named: NamedMembers,
}

/// Bring back contacts who unsubscribed and asked to return
///
/// On a list of double opt-in they have to confirm again.
#[derive(Args, Debug)]
pub struct ResubscribeArgs {
    #[command(flatten)]
    named: NamedMembers,
}

/// A list and some of its contacts.
#[derive(Args, Debug)]
struct NamedMembers {
    /// Name or id of the list, or the start of one
    list: String,
    /// Addresses or ids of the contacts
    #[arg(required = true, value_name = "CONTACT")]
    contacts: Vec<String>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum State {
    Subscribed,
    Unconfirmed,
    Unsubscribed,
}

const COLUMNS: &[Column<MemberBody>] = &[
    column("email", |member| member.email.clone()),
    column("name", |member| member.name.clone()),
    column("state", |member| state_word(member.state).to_owned()),
    column("since", |member| member.since.clone()),
];

/// The word for how a contact stands with a list.
pub(in crate::cli) const fn state_word(state: SubscriptionStateBody) -> &'static str {
    match state {
        SubscriptionStateBody::Subscribed => "subscribed",
        SubscriptionStateBody::Unconfirmed => "unconfirmed",
        SubscriptionStateBody::Unsubscribed => "unsubscribed",
    }
}

/// Says what came of putting contacts on a list.
pub(in crate::cli) fn note_added(done: &MembersAddedBody, output: &mut Output<'_>) {
    output.note(format_args!(
        "Added {} to the list `{}`, which has {} now.",
        done.added, done.list.name, done.list.members
    ));
    match done.unconfirmed {
        0 => {}
        1 => output.note("1 of them is sent nothing until it is confirmed."),
        some => output.note(format_args!("{some} of them are sent nothing until confirmed.")),
    }
    match done.unsubscribed {
        0 => {}
        1 => output.note("1 of them has unsubscribed from it, and stays so."),
        some => output.note(format_args!("{some} of them have unsubscribed from it, and stay so.")),
    }
}

impl MembersArgs {
    pub(super) async fn run(
        self,
        client: &Client,
        output: &mut Output<'_>,
    ) -> Result<(), CommandError> {
        let state = self.state.map(|state| match state {
            State::Subscribed => "subscribed",
            State::Unconfirmed => "unconfirmed",
            State::Unsubscribed => "unsubscribed",
        });
        let members = client.list_members(&self.list, state, self.limit).await?;
        let none = match state {
            None => "Nobody is on this list; `frontier list add LIST CONTACT` puts somebody on it.",
            Some(_) => "Nobody on this list stands so.",
        };
        output.listing(&members, COLUMNS, none)
    }
}

impl AddArgs {
    pub(super) async fn run(
        self,
        client: &Client,
        output: &mut Output<'_>,
    ) -> Result<(), CommandError> {
        let (list, members) = self.named.parts();
        let done = client.add_to_list(&list, &members).await?;
        note_added(&done, output);
        Ok(())
    }
}

impl RemoveArgs {
    pub(super) async fn run(
        self,
        client: &Client,
        output: &mut Output<'_>,
    ) -> Result<(), CommandError> {
        let list = client.remove_from_list(&self.list, &self.contact).await?;
        output.note(format_args!(
            "Removed one from the list `{}`, which has {} now.",
            list.name, list.members
        ));
        Ok(())
    }
}

impl ConfirmArgs {
    pub(super) async fn run(
        self,
        client: &Client,
        output: &mut Output<'_>,
    ) -> Result<(), CommandError> {
        let (list, members) = self.named.parts();
        let done = client.confirm_members(&list, &members).await?;
        let ListBody { name, unconfirmed, .. } = done.list;
        output.note(format_args!(
            "Confirmed {} on the list `{name}`, where {unconfirmed} have not yet.",
            done.changed
        ));
        Ok(())
    }
}

impl UnsubscribeArgs {
    pub(super) async fn run(
        self,
        client: &Client,
        output: &mut Output<'_>,
    ) -> Result<(), CommandError> {
        let (list, members) = self.named.parts();
        let done = client.unsubscribe_members(&list, &members).await?;
        let ListBody { name, subscribed, .. } = done.list;
        output.note(format_args!(
            "Unsubscribed {} from the list `{name}`, which has {subscribed} subscribed now.",
            done.changed
        ));
        Ok(())
    }
}

impl ResubscribeArgs {
    pub(super) async fn run(
        self,
        client: &Client,
        output: &mut Output<'_>,
    ) -> Result<(), CommandError> {
        let (list, members) = self.named.parts();
        let done = client.resubscribe_members(&list, &members).await?;
        let ListBody { name, subscribed, unconfirmed, .. } = done.list;
        output.note(format_args!(
            "Brought {} back to the list `{name}`, which has {subscribed} subscribed and \
             {unconfirmed} unconfirmed now.",
            done.changed
        ));
        Ok(())
    }
}

impl NamedMembers {
    fn parts(self) -> (String, MembersBody) {
        (self.list, MembersBody { contacts: self.contacts })
    }
}
