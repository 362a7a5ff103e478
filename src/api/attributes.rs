//! `/attributes`: what a workspace keeps about its contacts beyond their fields, and as which type.

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Services;
use super::envelope::{Created, Data, Envelope};
use super::error::{ApiError, ErrorBody};
use super::extract::Body;
use super::routing::{Area, area};
use crate::core::contacts::{Attribute, AttributeType};

/// A key that contacts have values of, all of one type.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AttributeBody {
    pub key: String,
    #[serde(rename = "type")]
    pub kind: AttributeTypeBody,
    #[schema(format = DateTime)]
    pub created_at: String,
}

/// What the values of an attribute are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttributeTypeBody {
    Text,
    /// Below 2⁵³ in size.
    Number,
    Boolean,
    /// A text, `YYYY-MM-DD`.
    Date,
    /// A list of texts.
    List,
}

/// An attribute to be.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAttributeBody {
    /// Lower-case letters, digits and `_`, up to 64.
    pub key: String,
    #[serde(rename = "type")]
    pub kind: AttributeTypeBody,
}

/// What to change of an attribute.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AttributeChangeBody {
    #[serde(rename = "type")]
    pub kind: AttributeTypeBody,
}

/// What became of an attribute.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AttributeChangedBody {
    pub attribute: AttributeBody,
    /// Contacts that have a value of it, or had.
    pub contacts: u64,
}

pub(super) fn area() -> Area {
    area![list_attributes, create_attribute, update_attribute, delete_attribute]
}

/// List the attributes, in the order of their keys.
#[utoipa::path(get, path = "/attributes", tag = "contacts",
    responses((status = 200, body = Envelope<Vec<AttributeBody>>)))]
async fn list_attributes(
    State(services): State<Services>,
) -> Result<Data<Vec<AttributeBody>>, ApiError> {
    let attributes = services.contacts.attributes().await?;
    Ok(Data(attributes.into_iter().map(Into::into).collect()))
}

/// Declare an attribute before a contact has it. One that is not declared is of the type that its
/// first value shows.
#[utoipa::path(post, path = "/attributes", tag = "contacts", request_body = NewAttributeBody,
    responses(
        (status = 201, body = Envelope<AttributeBody>),
        (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody),
    ))]
async fn create_attribute(
    State(services): State<Services>,
    Body(new): Body<NewAttributeBody>,
) -> Result<Created<AttributeBody>, ApiError> {
    Ok(Created(services.contacts.create_attribute(&new.key, new.kind.into()).await?.into()))
}

/// Give an attribute another type, converting the values there are, all or none.
#[utoipa::path(patch, path = "/attributes/{key}", tag = "contacts",
    params(("key" = String, Path, description = "key")),
    request_body = AttributeChangeBody,
    responses(
        (status = 200, body = Envelope<AttributeChangedBody>),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody),
    ))]
async fn update_attribute(
    State(services): State<Services>,
    Path(key): Path<String>,
    Body(change): Body<AttributeChangeBody>,
) -> Result<Data<AttributeChangedBody>, ApiError> {
    Ok(Data(services.contacts.change_attribute(&key, change.kind.into()).await?.into()))
}

/// Forget an attribute and take it from every contact.
#[utoipa::path(delete, path = "/attributes/{key}", tag = "contacts",
    params(("key" = String, Path, description = "key")),
    responses(
        (status = 200, body = Envelope<AttributeChangedBody>),
        (status = 404, body = ErrorBody),
    ))]
async fn delete_attribute(
    State(services): State<Services>,
    Path(key): Path<String>,
) -> Result<Data<AttributeChangedBody>, ApiError> {
    Ok(Data(services.contacts.delete_attribute(&key).await?.into()))
}

impl From<Attribute> for AttributeBody {
    fn from(attribute: Attribute) -> Self {
        let created_at = attribute.created_at.to_string();
        Self { key: attribute.key, kind: attribute.kind.into(), created_at }
    }
}

impl From<(Attribute, u64)> for AttributeChangedBody {
    fn from((attribute, contacts): (Attribute, u64)) -> Self {
        Self { attribute: attribute.into(), contacts }
    }
}

impl From<AttributeType> for AttributeTypeBody {
    fn from(kind: AttributeType) -> Self {
        match kind {
            AttributeType::Text => Self::Text,
            AttributeType::Number => Self::Number,
            AttributeType::Boolean => Self::Boolean,
            AttributeType::Date => Self::Date,
            AttributeType::List => Self::List,
        }
    }
}

impl From<AttributeTypeBody> for AttributeType {
    fn from(kind: AttributeTypeBody) -> Self {
        match kind {
            AttributeTypeBody::Text => Self::Text,
            AttributeTypeBody::Number => Self::Number,
            AttributeTypeBody::Boolean => Self::Boolean,
            AttributeTypeBody::Date => Self::Date,
            AttributeTypeBody::List => Self::List,
        }
    }
}
