//! `PATCH /contacts` and `DELETE /contacts`: everybody an expression is true of.

use std::collections::BTreeMap;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::null_as_empty;
use crate::api::Services;
use crate::api::envelope::{Data, Envelope};
use crate::api::error::{ApiError, ErrorBody};
use crate::api::extract::{Body, Query};
use crate::core::contacts::{BulkChange, BulkSummary, ContactChange};

/// Whom a bulk change is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct BulkQuery {
    /// Everybody this expression of segments is true of.
    pub r#where: String,
    /// How many they are; when it is another number by now, nothing is changed.
    pub confirm_contacts: Option<u64>,
}

/// What to change of many contacts; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BulkChangeBody {
    /// Null or an empty text means that it is not known, as for `timezone`.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "null_as_empty")]
    pub language: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "null_as_empty")]
    pub timezone: Option<String>,
    /// Attributes to set by key; null removes one.
    #[schema(value_type = Object)]
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, serde_json::Value>,
    /// Tags to put on them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Tags to take off them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub untag: Vec<String>,
    /// Lists to put them on: names, ids, or the start of one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lists: Vec<String>,
    /// Lists to take them off.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unlist: Vec<String>,
}

/// What a bulk change did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BulkSummaryBody {
    /// Whom the expression was true of.
    pub contacts: u64,
    /// Those of them whose fields, attributes or tags are others now.
    pub changed: u64,
    /// Places on lists that came.
    pub added: u64,
    /// Places on lists that went.
    pub removed: u64,
}

/// How many contacts were deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BulkDeletedBody {
    pub deleted: u64,
}

/// Change everybody an expression is true of, all or none.
#[utoipa::path(patch, path = "/contacts", tag = "contacts", params(BulkQuery),
    request_body = BulkChangeBody,
    responses(
        (status = 200, body = Envelope<BulkSummaryBody>),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody),
    ))]
pub(super) async fn update_contacts(
    State(services): State<Services>,
    Query(query): Query<BulkQuery>,
    Body(change): Body<BulkChangeBody>,
) -> Result<Data<BulkSummaryBody>, ApiError> {
    let expected = query.confirm_contacts;
    let done = services.contacts.edit_where(&query.r#where, change.into(), expected).await?;
    Ok(Data(done.into()))
}

/// Delete everybody an expression is true of, all or none; suppressions of addresses stay.
#[utoipa::path(delete, path = "/contacts", tag = "contacts", params(BulkQuery), responses(
    (status = 200, body = Envelope<BulkDeletedBody>),
    (status = 409, body = ErrorBody),
    (status = 422, body = ErrorBody),
))]
pub(super) async fn delete_contacts(
    State(services): State<Services>,
    Query(query): Query<BulkQuery>,
) -> Result<Data<BulkDeletedBody>, ApiError> {
    let expected = query.confirm_contacts;
    let deleted = services.contacts.delete_where(&query.r#where, expected).await?;
    Ok(Data(BulkDeletedBody { deleted }))
}

impl From<BulkChangeBody> for BulkChange {
    fn from(body: BulkChangeBody) -> Self {
        let BulkChangeBody { language, timezone, attributes, tags, untag, lists, unlist } = body;
        let change = ContactChange {
            language,
            timezone,
            attributes,
            tags: tags.into_iter().collect(),
            untag: untag.into_iter().collect(),
            ..ContactChange::default()
        };
        Self { change, lists, unlist }
    }
}

impl From<BulkSummary> for BulkSummaryBody {
    fn from(summary: BulkSummary) -> Self {
        let BulkSummary { contacts, changed, added, removed } = summary;
        Self { contacts, changed, added, removed }
    }
}
