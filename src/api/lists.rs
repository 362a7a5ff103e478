//! `/lists`: contacts put together by hand.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::envelope::{Created, Data, Envelope, Listed};
use super::error::{ApiError, ErrorBody};
use super::extract::{Body, Query};
use super::routing::{Area, area};
use super::{PageQuery, Services};
use crate::core::contacts::{List, NewList};

/// A list.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ListBody {
    pub id: String,
    pub name: String,
    pub description: String,
    pub labels: BTreeMap<String, String>,
    /// Contacts in it now.
    pub members: u64,
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
}

/// Contacts to put on a list.
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
}

pub(super) fn area() -> Area {
    area![list_lists, create_list, get_list, delete_list, add_list_members, remove_list_member,]
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

/// Put contacts on a list, all or none.
#[utoipa::path(post, path = "/lists/{list}/members", tag = "lists",
    params(("list" = String, Path, description = "name, id, or the start of one")),
    request_body = MembersBody,
    responses(
        (status = 200, body = Envelope<MembersAddedBody>),
        (status = 404, body = ErrorBody),
        (status = 422, body = ErrorBody),
    ))]
async fn add_list_members(
    State(services): State<Services>,
    Path(list): Path<String>,
    Body(members): Body<MembersBody>,
) -> Result<Data<MembersAddedBody>, ApiError> {
    let (list, added) = services.contacts.add_to_list(&list, &members.contacts).await?;
    Ok(Data(MembersAddedBody { list: list.into(), added }))
}

/// Take a contact off a list; the contact stays.
#[utoipa::path(delete, path = "/lists/{list}/members/{contact}", tag = "lists",
    params(
        ("list" = String, Path, description = "name, id, or the start of one"),
        ("contact" = String, Path, description = "address, id, or the start of an id"),
    ),
    responses((status = 200, body = Envelope<ListBody>), (status = 404, body = ErrorBody)))]
async fn remove_list_member(
    State(services): State<Services>,
    Path((list, contact)): Path<(String, String)>,
) -> Result<Data<ListBody>, ApiError> {
    Ok(Data(services.contacts.remove_from_list(&list, &contact).await?.into()))
}

impl From<NewListBody> for NewList {
    fn from(body: NewListBody) -> Self {
        Self { name: body.name, description: body.description, labels: body.labels }
    }
}

impl From<List> for ListBody {
    fn from(list: List) -> Self {
        Self {
            id: list.id.to_string(),
            name: list.name,
            description: list.description,
            labels: list.labels,
            members: list.members,
            created_at: list.created_at.to_string(),
            updated_at: list.updated_at.to_string(),
        }
    }
}
