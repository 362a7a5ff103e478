//! `/segments`: contacts of whom an expression is true.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::envelope::{Created, Data, Envelope, Listed, Tagged};
use super::error::{ApiError, ErrorBody};
use super::extract::{Body, IfMatch, Query};
use super::lists::MembersAddedBody;
use super::routing::{Area, area};
use super::{PageQuery, Services};
use crate::core::contacts::{NewSegment, Segment, SegmentChange, SegmentPlan};

/// A segment.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SegmentBody {
    pub id: String,
    pub name: String,
    pub description: String,
    /// The expression that is true of its contacts.
    pub r#where: String,
    pub labels: BTreeMap<String, String>,
    /// Contacts in it now; only when one segment was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contacts: Option<u64>,
    /// Counts its changes, from 1.
    pub version: u32,
    #[schema(format = DateTime)]
    pub created_at: String,
    #[schema(format = DateTime)]
    pub updated_at: String,
}

/// A segment to be.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSegmentBody {
    pub name: String,
    #[serde(default)]
    pub description: String,
    /// The expression that is true of its contacts, up to 10000 bytes.
    pub r#where: String,
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
}

/// What to change of a segment; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SegmentChangeBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#where: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
}

/// How the contacts of a segment are found.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SegmentPlanBody {
    /// The statement that counts them.
    pub sql: String,
    /// The values of its parameters, in their order, for people.
    pub values: Vec<String>,
    /// What the engine says it does, line by line.
    pub plan: Vec<String>,
}

/// The list that the contacts of a segment are put on.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SnapshotBody {
    /// Its whole name; it is made when there is none.
    pub list: String,
}

/// Of whom an expression is true.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WhereQuery {
    /// An expression of segments.
    pub r#where: String,
}

/// How many contacts there are.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
pub struct ContactCountBody {
    pub contacts: u64,
}

pub(super) fn area() -> Area {
    area![
        list_segments,
        create_segment,
        get_segment,
        update_segment,
        delete_segment,
        explain_segment,
        snapshot_segment,
        count_contacts,
    ]
}

/// Create a segment.
#[utoipa::path(post, path = "/segments", tag = "segments", request_body = NewSegmentBody, responses(
    (status = 201, body = Envelope<SegmentBody>),
    (status = 409, body = ErrorBody),
    (status = 422, body = ErrorBody),
))]
async fn create_segment(
    State(services): State<Services>,
    Body(new): Body<NewSegmentBody>,
) -> Result<Created<SegmentBody>, ApiError> {
    Ok(Created(services.contacts.create_segment(new.into()).await?.into()))
}

/// List segments, oldest first.
#[utoipa::path(get, path = "/segments", tag = "segments", params(PageQuery), responses(
    (status = 200, body = Envelope<Vec<SegmentBody>>),
))]
async fn list_segments(
    State(services): State<Services>,
    Query(page): Query<PageQuery>,
) -> Result<Listed<SegmentBody>, ApiError> {
    let page = page.request()?;
    Ok(Listed::new(services.contacts.segments(page).await?, &page))
}

/// Get a segment, with how many contacts are in it now.
#[utoipa::path(get, path = "/segments/{segment}", tag = "segments",
    params(("segment" = String, Path, description = "name, id, or the start of one")),
    responses((status = 200, body = Envelope<SegmentBody>), (status = 404, body = ErrorBody)))]
async fn get_segment(
    State(services): State<Services>,
    Path(segment): Path<String>,
) -> Result<Tagged<SegmentBody>, ApiError> {
    let segment = services.contacts.segment(&segment).await?;
    let contacts = services.contacts.count_where(&segment.expression).await?;
    let version = u64::from(segment.version);
    Ok(Tagged(SegmentBody { contacts: Some(contacts), ..segment.into() }, version))
}

/// Change a segment; campaigns that run keep what they started with.
#[utoipa::path(patch, path = "/segments/{segment}", tag = "segments",
    params(("segment" = String, Path, description = "name, id, or the start of one")),
    request_body = SegmentChangeBody,
    responses(
        (status = 200, body = Envelope<SegmentBody>),
        (status = 404, body = ErrorBody),
        (status = 412, body = ErrorBody),
        (status = 422, body = ErrorBody),
    ))]
async fn update_segment(
    State(services): State<Services>,
    Path(segment): Path<String>,
    IfMatch(version): IfMatch,
    Body(change): Body<SegmentChangeBody>,
) -> Result<Tagged<SegmentBody>, ApiError> {
    let segment = services.contacts.update_segment(&segment, change.into(), version).await?;
    let version = u64::from(segment.version);
    Ok(Tagged(segment.into(), version))
}

/// Delete a segment; its contacts stay.
#[utoipa::path(delete, path = "/segments/{segment}", tag = "segments",
    params(("segment" = String, Path, description = "name, id, or the start of one")),
    responses(
        (status = 200, body = Envelope<SegmentBody>),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody),
    ))]
async fn delete_segment(
    State(services): State<Services>,
    Path(segment): Path<String>,
) -> Result<Data<SegmentBody>, ApiError> {
    Ok(Data(services.contacts.delete_segment(&segment).await?.into()))
}

/// Show how the contacts of a segment are found.
#[utoipa::path(get, path = "/segments/{segment}/explain", tag = "segments",
    params(("segment" = String, Path, description = "name, id, or the start of one")),
    responses((status = 200, body = Envelope<SegmentPlanBody>), (status = 404, body = ErrorBody)))]
async fn explain_segment(
    State(services): State<Services>,
    Path(segment): Path<String>,
) -> Result<Data<SegmentPlanBody>, ApiError> {
    let segment = services.contacts.segment(&segment).await?;
    Ok(Data(services.contacts.explain_where(&segment.expression).await?.into()))
}

/// Put everybody who is in a segment now on a list, which then stays as it is.
#[utoipa::path(post, path = "/segments/{segment}/snapshot", tag = "segments",
    params(("segment" = String, Path, description = "name, id, or the start of one")),
    request_body = SnapshotBody,
    responses(
        (status = 200, body = Envelope<MembersAddedBody>),
        (status = 404, body = ErrorBody),
        (status = 422, body = ErrorBody),
    ))]
async fn snapshot_segment(
    State(services): State<Services>,
    Path(segment): Path<String>,
    Body(snapshot): Body<SnapshotBody>,
) -> Result<Data<MembersAddedBody>, ApiError> {
    Ok(Data(services.contacts.snapshot_segment(&segment, &snapshot.list).await?.into()))
}

/// Count the contacts of whom an expression is true.
#[utoipa::path(get, path = "/contacts/count", tag = "segments", params(WhereQuery), responses(
    (status = 200, body = Envelope<ContactCountBody>),
    (status = 422, body = ErrorBody),
))]
async fn count_contacts(
    State(services): State<Services>,
    Query(query): Query<WhereQuery>,
) -> Result<Data<ContactCountBody>, ApiError> {
    let contacts = services.contacts.count_where(&query.r#where).await?;
    Ok(Data(ContactCountBody { contacts }))
}

impl From<NewSegmentBody> for NewSegment {
    fn from(body: NewSegmentBody) -> Self {
        let NewSegmentBody { name, description, r#where: expression, labels } = body;
        Self { name, description, expression, labels }
    }
}

impl From<SegmentChangeBody> for SegmentChange {
    fn from(body: SegmentChangeBody) -> Self {
        let SegmentChangeBody { description, r#where: expression, labels } = body;
        Self { description, expression, labels }
    }
}

impl From<Segment> for SegmentBody {
    fn from(segment: Segment) -> Self {
        Self {
            id: segment.id.to_string(),
            name: segment.name,
            description: segment.description,
            r#where: segment.expression,
            labels: segment.labels,
            contacts: None,
            version: segment.version,
            created_at: segment.created_at.to_string(),
            updated_at: segment.updated_at.to_string(),
        }
    }
}

impl From<SegmentPlan> for SegmentPlanBody {
    fn from(found: SegmentPlan) -> Self {
        let SegmentPlan { sql, values, plan } = found;
        // The statement on one line; what it compares with is in its values.
        let sql = sql.split_whitespace().collect::<Vec<_>>().join(" ");
        Self { sql, values, plan }
    }
}
