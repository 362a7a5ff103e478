//! `/suppressions`: addresses that must never be sent to.

use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::envelope::{Data, Envelope, Listed};
use super::error::{ApiError, ErrorBody};
use super::extract::{Body, Query};
use super::imports::{self, Import, ImportEvent, ImportQuery};
use super::routing::{Area, area};
use super::{PageQuery, Services};
use crate::core::contacts::{
    ContactError, ImportStep, Suppression, SuppressionImport, SuppressionSummary,
};

/// A suppressed address, whether or not it is a contact's.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SuppressionBody {
    pub id: String,
    /// In lower case, with its domain in ASCII; of somebody who was forgotten, a keyed hash of it
    /// that begins with `hmac-sha256:`.
    pub email: String,
    pub reason: String,
    /// The suppression set that it goes with; absent when it stands for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<String>,
    #[schema(format = DateTime)]
    pub created_at: String,
}

/// Addresses to suppress.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSuppressionsBody {
    /// 1 to 1000.
    pub emails: Vec<String>,
    /// Why; `manual` when it is not said.
    #[serde(default)]
    pub reason: String,
}

/// The suppressions of the addresses that were given.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SuppressionsAddedBody {
    /// One that was there before keeps its reason.
    pub suppressions: Vec<SuppressionBody>,
    /// How many are new.
    pub added: u64,
}

/// What an import of suppressions did, or would do: `rows` is the sum of the counts after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SuppressionSummaryBody {
    pub rows: u64,
    pub added: u64,
    /// Addresses that were suppressed before; they keep their reason.
    pub already: u64,
    /// Rows whose address came before in the file.
    pub duplicates: u64,
    pub rejected: u64,
    pub dry_run: bool,
}

/// How to import suppressions.
#[derive(Clone, Debug, Default, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SuppressionImportQuery {
    /// What stands between cells: a character, or `tab`; found out when absent.
    pub delimiter: Option<String>,
    /// `csv`, `json` or `ndjson`; found out when absent.
    pub format: Option<String>,
    /// What the file is written in, as `windows-1252`; found out when absent. A byte order mark
    /// has the last word.
    pub encoding: Option<String>,
    /// Only say what would happen.
    #[param(required = false)]
    pub dry_run: bool,
}

pub(super) fn area() -> Area {
    area![list_suppressions, create_suppressions, import_suppressions, delete_suppression,]
}

/// Suppress addresses, all or none.
#[utoipa::path(post, path = "/suppressions", tag = "suppressions",
    request_body = NewSuppressionsBody,
    responses(
        (status = 200, body = Envelope<SuppressionsAddedBody>),
        (status = 422, body = ErrorBody),
    ))]
async fn create_suppressions(
    State(services): State<Services>,
    Body(new): Body<NewSuppressionsBody>,
) -> Result<Data<SuppressionsAddedBody>, ApiError> {
    let (suppressions, added) = services.contacts.suppress(&new.emails, &new.reason).await?;
    let suppressions = suppressions.into_iter().map(Into::into).collect();
    Ok(Data(SuppressionsAddedBody { suppressions, added }))
}

/// List suppressions, oldest first.
#[utoipa::path(get, path = "/suppressions", tag = "suppressions", params(PageQuery),
    responses((status = 200, body = Envelope<Vec<SuppressionBody>>)))]
async fn list_suppressions(
    State(services): State<Services>,
    Query(page): Query<PageQuery>,
) -> Result<Listed<SuppressionBody>, ApiError> {
    let page = page.request()?;
    Ok(Listed::new(services.contacts.suppressions(page).await?, &page))
}

/// Let an address be sent to again.
#[utoipa::path(delete, path = "/suppressions/{email}", tag = "suppressions",
    params(("email" = String, Path, description = "address")),
    responses((status = 200, body = Envelope<SuppressionBody>), (status = 404, body = ErrorBody)))]
async fn delete_suppression(
    State(services): State<Services>,
    Path(email): Path<String>,
) -> Result<Data<SuppressionBody>, ApiError> {
    Ok(Data(services.contacts.unsuppress(&email).await?.into()))
}

/// Import suppressions from a file: CSV, JSON or an object a line, also as gz or zip.
///
/// The addresses are in its first column or the one whose heading says so; a column `reason` is
/// optional. The body is the file, of any size; the answer is a JSON value a line.
#[utoipa::path(post, path = "/suppressions/import", tag = "suppressions",
    params(SuppressionImportQuery),
    request_body(content = String, content_type = "text/csv"),
    responses(
        (status = 200, body = ImportEvent<SuppressionSummaryBody>,
            content_type = "application/x-ndjson"),
        (status = 422, body = ErrorBody),
    ))]
async fn import_suppressions(
    State(services): State<Services>,
    uri: Uri,
    body: axum::body::Body,
) -> Result<Response, ApiError> {
    let query = ImportQuery::read(&uri, &["delimiter", "format", "encoding", "dry_run"])?;
    let (upload, file) = (imports::upload(body), query.file()?);
    let import = services.contacts.import_suppressions(upload, file, query.dry_run).await?;
    Ok(imports::answer::<_, SuppressionSummaryBody>(None, import))
}

impl Import for SuppressionImport {
    type Summary = SuppressionSummary;

    async fn step(&mut self) -> Result<ImportStep<SuppressionSummary>, ContactError> {
        self.step().await
    }
}

impl From<Suppression> for SuppressionBody {
    fn from(suppression: Suppression) -> Self {
        Self {
            id: suppression.id.to_string(),
            email: suppression.email,
            reason: suppression.reason,
            set: suppression.set,
            created_at: suppression.created_at.to_string(),
        }
    }
}

impl From<SuppressionSummary> for SuppressionSummaryBody {
    fn from(summary: SuppressionSummary) -> Self {
        let SuppressionSummary { rows, added, already, duplicates, rejected, dry_run } = summary;
        Self { rows, added, already, duplicates, rejected, dry_run }
    }
}
