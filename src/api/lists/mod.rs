//! `/lists`: contacts put together by hand.

mod members;

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use members::{
    MemberBody, MemberQuery, MembersAddedBody, MembersBody, MembersChangedBody,
    SubscriptionStateBody,
};

use self::members::{
    __path_add_list_members, __path_confirm_list_members, __path_list_list_members,
    __path_remove_list_member, __path_resubscribe_list_members, __path_unsubscribe_list_members,
    add_list_members, confirm_list_members, list_list_members, remove_list_member,
    resubscribe_list_members, unsubscribe_list_members,
};
use super::envelope::{Created, Data, Envelope, Listed};
use super::error::{ApiError, ErrorBody};
use super::extract::{Body, Query};
use super::routing::{Area, area};
use super::{PageQuery, Services};
use crate::core::contacts::{List, ListChange, NewList, OptIn};

/// A list.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ListBody {
    pub id: String,
    pub name: String,
    pub description: String,
    pub labels: BTreeMap<String, String>,
    #[serde(default)]
    pub optin: OptInBody,
    /// Contacts on it now: the sum of the three counts that follow.
    pub members: u64,
    /// Those who are sent to.
    #[serde(default)]
    pub subscribed: u64,
    /// Those who have not confirmed yet.
    #[serde(default)]
    pub unconfirmed: u64,
    #[serde(default)]
    pub unsubscribed: u64,
    /// Counts its changes, from 1.
    #[serde(default)]
    pub version: u64,
    #[schema(format = DateTime)]
    pub created_at: String,
    #[schema(format = DateTime)]
    pub updated_at: String,
}

/// A list to be.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewListBody {
    pub name: String,
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    #[serde(default)]
    pub optin: OptInBody,
}

/// What it takes to be subscribed to a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OptInBody {
    /// To be put on it.
    #[default]
    Single,
    /// To be put on it, and to confirm.
    Double,
}

/// What to change of a list; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ListChangeBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
    /// For those who are put on it from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub optin: Option<OptInBody>,
}

pub(super) fn area() -> Area {
    area![
        list_lists,
        create_list,
        get_list,
        update_list,
        delete_list,
        list_list_members,
        add_list_members,
        remove_list_member,
        confirm_list_members,
        unsubscribe_list_members,
        resubscribe_list_members,
    ]
}

/// Create a list.
#[utoipa::path(post, path = "/lists", tag = "lists", request_body = NewListBody, responses(
    (status = 201, body = Envelope<ListBody>),
    (status = 409, body = ErrorBody),
    (status = 422, body = ErrorBody),
))]
async fn create_list(
    State(services): State<Services>,
    Body(new): Body<NewListBody>,
) -> Result<Created<ListBody>, ApiError> {
    Ok(Created(services.contacts.create_list(new.into()).await?.into()))
}

/// List lists, oldest first.
#[utoipa::path(get, path = "/lists", tag = "lists", params(PageQuery), responses(
    (status = 200, body = Envelope<Vec<ListBody>>),
))]
async fn list_lists(
    State(services): State<Services>,
    Query(page): Query<PageQuery>,
) -> Result<Listed<ListBody>, ApiError> {
    let page = page.request()?;
    Ok(Listed::new(services.contacts.lists(page).await?, &page))
}

/// Get a list by its name or id.
#[utoipa::path(get, path = "/lists/{list}", tag = "lists",
    params(("list" = String, Path, description = "name, id, or the start of one")),
    responses((status = 200, body = Envelope<ListBody>), (status = 404, body = ErrorBody)))]
async fn get_list(
    State(services): State<Services>,
    Path(list): Path<String>,
) -> Result<Data<ListBody>, ApiError> {
    Ok(Data(services.contacts.list(&list).await?.into()))
}

/// Change a list; who is on it stays as they are.
#[utoipa::path(patch, path = "/lists/{list}", tag = "lists",
    params(("list" = String, Path, description = "name, id, or the start of one")),
    request_body = ListChangeBody,
    responses((status = 200, body = Envelope<ListBody>), (status = 404, body = ErrorBody)))]
async fn update_list(
    State(services): State<Services>,
    Path(list): Path<String>,
    Body(change): Body<ListChangeBody>,
) -> Result<Data<ListBody>, ApiError> {
    Ok(Data(services.contacts.update_list(&list, change.into()).await?.into()))
}

/// Delete a list; its contacts stay.
#[utoipa::path(delete, path = "/lists/{list}", tag = "lists",
    params(("list" = String, Path, description = "name, id, or the start of one")),
    responses(
        (status = 200, body = Envelope<ListBody>),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody),
    ))]
async fn delete_list(
    State(services): State<Services>,
    Path(list): Path<String>,
) -> Result<Data<ListBody>, ApiError> {
    Ok(Data(services.contacts.delete_list(&list).await?.into()))
}

impl From<NewListBody> for NewList {
    fn from(body: NewListBody) -> Self {
        let NewListBody { name, description, labels, optin } = body;
        Self { name, description, labels, optin: optin.into() }
    }
}

impl From<ListChangeBody> for ListChange {
    fn from(body: ListChangeBody) -> Self {
        let ListChangeBody { description, labels, optin } = body;
        Self { description, labels, optin: optin.map(Into::into) }
    }
}

impl From<OptInBody> for OptIn {
    fn from(body: OptInBody) -> Self {
        match body {
            OptInBody::Single => Self::Single,
            OptInBody::Double => Self::Double,
        }
    }
}

impl From<OptIn> for OptInBody {
    fn from(optin: OptIn) -> Self {
        match optin {
            OptIn::Single => Self::Single,
            OptIn::Double => Self::Double,
        }
    }
}

impl From<List> for ListBody {
    fn from(list: List) -> Self {
        Self {
            id: list.id.to_string(),
            name: list.name,
            description: list.description,
            labels: list.labels,
            optin: list.optin.into(),
            members: list.members.total(),
            subscribed: list.members.subscribed,
            unconfirmed: list.members.unconfirmed,
            unsubscribed: list.members.unsubscribed,
            version: list.version,
            created_at: list.created_at.to_string(),
            updated_at: list.updated_at.to_string(),
        }
    }
}
