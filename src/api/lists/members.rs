//! `/lists/{list}/members`: who is on a list, and how they stand with it.

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::ListBody;
use crate::api::envelope::{Data, Envelope, Listed};
use crate::api::error::{ApiError, ErrorBody};
use crate::api::extract::{Body, Query};
use crate::api::{PageQuery, Services};
use crate::core::contacts::{Joined, Member, MemberChange, SubscriptionState};

/// Contacts of a list.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MembersBody {
    /// Addresses or ids of contacts, 1 to 1000.
    pub contacts: Vec<String>,
}

/// The contacts that were put on a list.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct MembersAddedBody {
    pub list: ListBody,
    /// How many of them were not on it before.
    pub added: u64,
    /// How many of them all have not confirmed yet.
    #[serde(default)]
    pub unconfirmed: u64,
    /// How many of them all have unsubscribed, and stay so.
    #[serde(default)]
    pub unsubscribed: u64,
}

/// The contacts that stand otherwise with a list now.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct MembersChangedBody {
    pub list: ListBody,
    /// How many of those named stood otherwise before.
    pub changed: u64,
}

/// How a contact stands with a list. Only the subscribed are sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SubscriptionStateBody {
    Subscribed,
    /// Was put on a list of double opt-in and has not confirmed yet.
    Unconfirmed,
    Unsubscribed,
}

/// A contact on a list.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct MemberBody {
    pub contact_id: String,
    pub email: String,
    pub name: String,
    pub state: SubscriptionStateBody,
    /// Since when it is so.
    #[schema(format = DateTime)]
    pub since: String,
    #[schema(format = DateTime)]
    pub added_at: String,
}

/// Which members.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct MemberQuery {
    /// Only those who stand so.
    #[param(inline)]
    pub state: Option<SubscriptionStateBody>,
}

/// List who is on a list, in the order they became contacts.
#[utoipa::path(get, path = "/lists/{list}/members", tag = "lists",
    params(
        ("list" = String, Path, description = "name, id, or the start of one"),
        MemberQuery,
        PageQuery,
    ),
    responses((status = 200, body = Envelope<Vec<MemberBody>>), (status = 404, body = ErrorBody)))]
pub(super) async fn list_list_members(
    State(services): State<Services>,
    Path(list): Path<String>,
    Query(which): Query<MemberQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Listed<MemberBody>, ApiError> {
    let page = page.request()?;
    let state = which.state.map(Into::into);
    Ok(Listed::new(services.contacts.members(&list, state, page).await?, &page))
}

/// Put contacts on a list, all or none; who has unsubscribed from it stays so.
#[utoipa::path(post, path = "/lists/{list}/members", tag = "lists",
    params(("list" = String, Path, description = "name, id, or the start of one")),
    request_body = MembersBody,
    responses(
        (status = 200, body = Envelope<MembersAddedBody>),
        (status = 404, body = ErrorBody),
        (status = 422, body = ErrorBody),
    ))]
pub(super) async fn add_list_members(
    State(services): State<Services>,
    Path(list): Path<String>,
    Body(members): Body<MembersBody>,
) -> Result<Data<MembersAddedBody>, ApiError> {
    Ok(Data(services.contacts.add_to_list(&list, &members.contacts).await?.into()))
}

/// Take a contact off a list; the contact stays.
#[utoipa::path(delete, path = "/lists/{list}/members/{contact}", tag = "lists",
    params(
        ("list" = String, Path, description = "name, id, or the start of one"),
        ("contact" = String, Path, description = "address, id, or the start of an id"),
    ),
    responses((status = 200, body = Envelope<ListBody>), (status = 404, body = ErrorBody)))]
pub(super) async fn remove_list_member(
    State(services): State<Services>,
    Path((list, contact)): Path<(String, String)>,
) -> Result<Data<ListBody>, ApiError> {
    Ok(Data(services.contacts.remove_from_list(&list, &contact).await?.into()))
}

/// Take it that contacts confirmed: who is unconfirmed on the list is subscribed.
#[utoipa::path(post, path = "/lists/{list}/members/confirm", tag = "lists",
    params(("list" = String, Path, description = "name, id, or the start of one")),
    request_body = MembersBody,
    responses(
        (status = 200, body = Envelope<MembersChangedBody>),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody),
    ))]
pub(super) async fn confirm_list_members(
    State(services): State<Services>,
    Path(list): Path<String>,
    Body(members): Body<MembersBody>,
) -> Result<Data<MembersChangedBody>, ApiError> {
    change(&services, &list, &members, MemberChange::Confirm).await
}

/// Unsubscribe contacts from a list; they stay on it as unsubscribed.
#[utoipa::path(post, path = "/lists/{list}/members/unsubscribe", tag = "lists",
    params(("list" = String, Path, description = "name, id, or the start of one")),
    request_body = MembersBody,
    responses(
        (status = 200, body = Envelope<MembersChangedBody>),
        (status = 404, body = ErrorBody),
        (status = 422, body = ErrorBody),
    ))]
pub(super) async fn unsubscribe_list_members(
    State(services): State<Services>,
    Path(list): Path<String>,
    Body(members): Body<MembersBody>,
) -> Result<Data<MembersChangedBody>, ApiError> {
    change(&services, &list, &members, MemberChange::Unsubscribe).await
}

/// Bring back who unsubscribed and asked to return; on a list of double opt-in they confirm again.
#[utoipa::path(post, path = "/lists/{list}/members/resubscribe", tag = "lists",
    params(("list" = String, Path, description = "name, id, or the start of one")),
    request_body = MembersBody,
    responses(
        (status = 200, body = Envelope<MembersChangedBody>),
        (status = 404, body = ErrorBody),
        (status = 422, body = ErrorBody),
    ))]
pub(super) async fn resubscribe_list_members(
    State(services): State<Services>,
    Path(list): Path<String>,
    Body(members): Body<MembersBody>,
) -> Result<Data<MembersChangedBody>, ApiError> {
    change(&services, &list, &members, MemberChange::Resubscribe).await
}

async fn change(
    services: &Services,
    list: &str,
    members: &MembersBody,
    change: MemberChange,
) -> Result<Data<MembersChangedBody>, ApiError> {
    let (list, changed) = services.contacts.change_members(list, &members.contacts, change).await?;
    Ok(Data(MembersChangedBody { list: list.into(), changed }))
}

impl From<Joined> for MembersAddedBody {
    fn from(joined: Joined) -> Self {
        let Joined { list, added, unconfirmed, unsubscribed } = joined;
        Self { list: list.into(), added, unconfirmed, unsubscribed }
    }
}

impl From<Member> for MemberBody {
    fn from(member: Member) -> Self {
        Self {
            contact_id: member.contact.to_string(),
            email: member.email,
            name: member.name,
            state: member.state.into(),
            since: member.since.to_string(),
            added_at: member.added_at.to_string(),
        }
    }
}

impl From<SubscriptionState> for SubscriptionStateBody {
    fn from(state: SubscriptionState) -> Self {
        match state {
            SubscriptionState::Subscribed => Self::Subscribed,
            SubscriptionState::Unconfirmed => Self::Unconfirmed,
            SubscriptionState::Unsubscribed => Self::Unsubscribed,
        }
    }
}

impl From<SubscriptionStateBody> for SubscriptionState {
    fn from(body: SubscriptionStateBody) -> Self {
        match body {
            SubscriptionStateBody::Subscribed => Self::Subscribed,
            SubscriptionStateBody::Unconfirmed => Self::Unconfirmed,
            SubscriptionStateBody::Unsubscribed => Self::Unsubscribed,
        }
    }
}
