//! `/suppression-sets`: groups of suppressed addresses, for looking; manifests change them.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::envelope::{Envelope, Listed, Tagged};
use super::error::{ApiError, ErrorBody};
use super::extract::Query;
use super::routing::{Area, area};
use super::{PageQuery, Services};
use crate::core::contacts::SuppressionSet;

/// A named group of addresses that must never be sent to.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SuppressionSetBody {
    pub id: String,
    pub name: String,
    pub labels: BTreeMap<String, String>,
    pub reason: String,
    /// How many addresses it names.
    pub size: u64,
    /// Counts its changes, from 1.
    pub version: u64,
    #[schema(format = DateTime)]
    pub created_at: String,
    #[schema(format = DateTime)]
    pub updated_at: String,
}

/// A suppression set with its addresses.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct WholeSuppressionSetBody {
    #[serde(flatten)]
    pub set: SuppressionSetBody,
    /// In lower case, with their domains in ASCII, in their order.
    pub addresses: Vec<String>,
}

pub(super) fn area() -> Area {
    area![list_suppression_sets, get_suppression_set,]
}

/// List suppression sets, oldest first.
#[utoipa::path(get, path = "/suppression-sets", tag = "suppressions", params(PageQuery),
    responses((status = 200, body = Envelope<Vec<SuppressionSetBody>>)))]
async fn list_suppression_sets(
    State(services): State<Services>,
    Query(page): Query<PageQuery>,
) -> Result<Listed<SuppressionSetBody>, ApiError> {
    let page = page.request()?;
    Ok(Listed::new(services.contacts.suppression_sets(page).await?, &page))
}

/// Get a suppression set with its addresses.
///
/// Sets are made, changed and deleted by manifests of the kind Suppression only.
#[utoipa::path(get, path = "/suppression-sets/{set}", tag = "suppressions",
    params(("set" = String, Path, description = "name, id, or the start of one")),
    responses(
        (status = 200, body = Envelope<WholeSuppressionSetBody>),
        (status = 404, body = ErrorBody),
    ))]
async fn get_suppression_set(
    State(services): State<Services>,
    Path(set): Path<String>,
) -> Result<Tagged<WholeSuppressionSetBody>, ApiError> {
    let (set, content) = services.contacts.suppression_set(&set).await?;
    let version = set.version;
    let addresses = content.addresses().iter().cloned().collect();
    Ok(Tagged(WholeSuppressionSetBody { set: set.into(), addresses }, version))
}

impl From<SuppressionSet> for SuppressionSetBody {
    fn from(set: SuppressionSet) -> Self {
        Self {
            id: set.id.to_string(),
            name: set.name,
            labels: set.labels,
            reason: set.reason,
            size: set.size,
            version: set.version,
            created_at: set.created_at.to_string(),
            updated_at: set.updated_at.to_string(),
        }
    }
}
