//! Contacts that are one person: found, and merged.

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::ContactBody;
use crate::api::Services;
use crate::api::envelope::{Data, Envelope};
use crate::api::error::{ApiError, ErrorBody};
use crate::api::extract::{Body, Query};
use crate::core::contacts::{DuplicateRule, Duplicates};

/// Groups that one answer has at the most.
const MOST_GROUPS: usize = 1000;

/// Contacts to merge into another.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MergeRequestBody {
    /// Addresses or ids of those that are merged and deleted, 1 to 1000.
    pub contacts: Vec<String>,
}

/// Contacts that may be one person.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct DuplicatesBody {
    pub rule: DuplicateRuleBody,
    /// The oldest first, up to 50.
    pub contacts: Vec<ContactBody>,
}

/// Why contacts may be one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DuplicateRuleBody {
    /// Their provider delivers to one mailbox: it passes over what follows a `+`, or dots.
    SameMailbox,
    /// The same first and last name, at one organisation.
    SameName,
}

/// How many groups.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DuplicatesQuery {
    /// Groups at the most, 1 to 1000.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    pub limit: Option<usize>,
}

/// Merge contacts into another, all or none.
///
/// Its fields stay and are filled where they are empty; tags, lists, consents and activity are
/// united; who has unsubscribed or is suppressed as one of them is so afterwards. The others are
/// deleted, and what they were is kept.
#[utoipa::path(post, path = "/contacts/{contact}/merge", tag = "contacts",
    params(("contact" = String, Path, description = "the one that is kept: address or id")),
    request_body = MergeRequestBody,
    responses(
        (status = 200, body = Envelope<ContactBody>),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody),
    ))]
pub(super) async fn merge_contacts(
    State(services): State<Services>,
    Path(contact): Path<String>,
    Body(others): Body<MergeRequestBody>,
) -> Result<Data<ContactBody>, ApiError> {
    Ok(Data(services.contacts.merge(&contact, &others.contacts).await?.into()))
}

/// List contacts that may be one person, in groups; every contact is looked at.
#[utoipa::path(get, path = "/contacts/duplicates", tag = "contacts", params(DuplicatesQuery),
    responses((status = 200, body = Envelope<Vec<DuplicatesBody>>)))]
pub(super) async fn list_duplicates(
    State(services): State<Services>,
    Query(query): Query<DuplicatesQuery>,
) -> Result<Data<Vec<DuplicatesBody>>, ApiError> {
    let limit = query.limit.unwrap_or(100);
    if !(1..=MOST_GROUPS).contains(&limit) {
        let message = format!("an answer has 1 to {MOST_GROUPS} groups");
        return Err(ApiError::bad_request("INVALID_LIMIT", message));
    }
    let groups = services.contacts.duplicates(limit).await?;
    Ok(Data(groups.into_iter().map(Into::into).collect()))
}

impl From<Duplicates> for DuplicatesBody {
    fn from(duplicates: Duplicates) -> Self {
        let rule = match duplicates.rule {
            DuplicateRule::SameMailbox => DuplicateRuleBody::SameMailbox,
            DuplicateRule::SameName => DuplicateRuleBody::SameName,
        };
        Self { rule, contacts: duplicates.contacts.into_iter().map(Into::into).collect() }
    }
}
