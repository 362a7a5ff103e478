//! `/lists`: contacts put together by hand.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::envelope::{Created, Data, Envelope, Listed};
use super::error::{ApiError, ErrorBody};
use super::extract::{Body, Query};
use super::{PageQuery, Services};
use crate::core::contacts::{ContactError, List, NewList};

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

pub(super) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .routes(routes!(list_lists, create_list))
        .routes(routes!(get_list, delete_list))
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

impl From<ContactError> for ApiError {
    fn from(error: ContactError) -> Self {
        match &error {
            ContactError::ListNotFound(_) => Self::not_found("LIST_NOT_FOUND", error),
            ContactError::Ambiguous { names, .. } => {
                let names = serde_json::json!({ "candidates": names });
                Self::conflict("AMBIGUOUS_REFERENCE", error).with_details(names)
            }
            ContactError::ListNameTaken(_) => Self::conflict("LIST_NAME_TAKEN", error),
            ContactError::ListInUse(_) => Self::conflict("LIST_IN_USE", error),
            ContactError::Name(_) => Self::invalid("INVALID_NAME", error),
            ContactError::Store(cause) => cause.into(),
        }
    }
}
