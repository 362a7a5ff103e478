//! `/reports`: reports that are kept under a name, and made anew each time.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{ReportQuery, document};
use crate::api::envelope::{Created, Data, Envelope, Listed, Tagged};
use crate::api::error::{ApiError, ErrorBody};
use crate::api::extract::{Body, IfMatch, Query};
use crate::api::{PageQuery, Services};
use crate::core::analytics::{
    NewSavedReport, ReportFormat, ReportSpec, SavedReport, SavedReportError,
};
use crate::core::kernel::Labels;

/// A saved report.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SavedReportBody {
    pub id: String,
    #[serde(flatten)]
    pub report: NewSavedReportBody,
    /// Counts its changes, from 1.
    #[serde(default)]
    pub version: u64,
    #[schema(format = DateTime)]
    pub created_at: String,
    #[schema(format = DateTime)]
    pub updated_at: String,
}

/// A saved report to be, or as it shall be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewSavedReportBody {
    pub name: String,
    #[serde(default)]
    pub labels: Labels,
    /// The campaign: its name, its id, or the start of one.
    pub campaign: String,
    /// The form when no other is asked for: `terminal`, unless it is given, `md`, `html`, `csv` or
    /// `json`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
}

/// Save a report.
#[utoipa::path(post, path = "/reports", tag = "analytics", request_body = NewSavedReportBody,
    responses(
        (status = 201, body = Envelope<SavedReportBody>),
        (status = 400, description = "no such format", body = ErrorBody),
        (status = 404, description = "no such campaign", body = ErrorBody),
        (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody),
    ))]
pub(super) async fn create_report(
    State(services): State<Services>,
    Body(new): Body<NewSavedReportBody>,
) -> Result<Created<SavedReportBody>, ApiError> {
    Ok(Created(services.reports.create(new.try_into()?).await?.into()))
}

/// List saved reports, oldest first.
#[utoipa::path(get, path = "/reports", tag = "analytics", params(PageQuery), responses(
    (status = 200, body = Envelope<Vec<SavedReportBody>>),
))]
pub(super) async fn list_reports(
    State(services): State<Services>,
    Query(page): Query<PageQuery>,
) -> Result<Listed<SavedReportBody>, ApiError> {
    let page = page.request()?;
    Ok(Listed::new(services.reports.reports(page).await?, &page))
}

/// Get a saved report by its name or id.
#[utoipa::path(get, path = "/reports/{report}", tag = "analytics",
    params(("report" = String, Path, description = "name, id, or the start of one")),
    responses((status = 200, body = Envelope<SavedReportBody>), (status = 404, body = ErrorBody)))]
pub(super) async fn get_saved_report(
    State(services): State<Services>,
    Path(report): Path<String>,
) -> Result<Tagged<SavedReportBody>, ApiError> {
    Ok(tagged(services.reports.report(&report).await?))
}

/// Give a saved report another campaign or form; its name stays.
#[utoipa::path(put, path = "/reports/{report}", tag = "analytics",
    request_body = NewSavedReportBody,
    params(("report" = String, Path, description = "name, id, or the start of one")),
    responses(
        (status = 200, body = Envelope<SavedReportBody>),
        (status = 400, description = "no such format", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 412, body = ErrorBody),
    ))]
pub(super) async fn replace_report(
    State(services): State<Services>,
    Path(report): Path<String>,
    IfMatch(version): IfMatch,
    Body(new): Body<NewSavedReportBody>,
) -> Result<Tagged<SavedReportBody>, ApiError> {
    let NewSavedReport { labels, spec, .. } = new.try_into()?;
    Ok(tagged(services.reports.update(&report, spec, labels, version).await?))
}

/// Delete a saved report; its campaign stays.
#[utoipa::path(delete, path = "/reports/{report}", tag = "analytics",
    params(("report" = String, Path, description = "name, id, or the start of one")),
    responses((status = 200, body = Envelope<SavedReportBody>), (status = 404, body = ErrorBody)))]
pub(super) async fn delete_report(
    State(services): State<Services>,
    Path(report): Path<String>,
) -> Result<Data<SavedReportBody>, ApiError> {
    Ok(Data(services.reports.delete(&report).await?.into()))
}

/// Make a saved report, as a document in its form or in another.
#[utoipa::path(get, path = "/reports/{report}/document", tag = "analytics",
    params(("report" = String, Path, description = "name, id, or the start of one"), ReportQuery),
    responses(
        (status = 200, description = "the document",
            content(
                (String = "text/plain"),
                (String = "text/markdown"),
                (String = "text/html"),
                (String = "text/csv"),
                (String = "application/json"),
            )),
        (status = 400, description = "no such format", body = ErrorBody),
        (status = 404, body = ErrorBody),
    ))]
pub(super) async fn run_report(
    State(services): State<Services>,
    Path(report): Path<String>,
    Query(query): Query<ReportQuery>,
) -> Result<Response, ApiError> {
    let asked = query.format()?;
    let saved = services.reports.report(&report).await?;
    let figures = services.analytics.report(&saved.campaign.id.to_string()).await?;
    document(&services, asked.unwrap_or(saved.format), &figures)
}

fn tagged(report: SavedReport) -> Tagged<SavedReportBody> {
    let version = report.version;
    Tagged(report.into(), version)
}

impl TryFrom<NewSavedReportBody> for NewSavedReport {
    type Error = ApiError;

    fn try_from(body: NewSavedReportBody) -> Result<Self, ApiError> {
        let NewSavedReportBody { name, labels, campaign, format } = body;
        let format = super::format(format.as_deref())?.unwrap_or(ReportFormat::Terminal);
        Ok(Self { name, labels, spec: ReportSpec { campaign, format } })
    }
}

impl From<SavedReport> for SavedReportBody {
    fn from(report: SavedReport) -> Self {
        let SavedReport { id, name, labels, campaign, format, version, created_at, updated_at } =
            report;
        let format = Some(format.to_string());
        Self {
            id: id.to_string(),
            report: NewSavedReportBody { name, labels, campaign: campaign.name, format },
            version,
            created_at: created_at.to_string(),
            updated_at: updated_at.to_string(),
        }
    }
}

impl From<SavedReportError> for ApiError {
    fn from(error: SavedReportError) -> Self {
        match error {
            SavedReportError::NotFound(_) => Self::not_found("REPORT_NOT_FOUND", error),
            SavedReportError::Ambiguous { ref names, .. } => {
                let names = serde_json::json!({ "candidates": names });
                Self::conflict("AMBIGUOUS_REFERENCE", error).with_details(names)
            }
            SavedReportError::NameTaken(_) => Self::conflict("REPORT_NAME_TAKEN", error),
            SavedReportError::Outdated(_) => {
                Self::new(StatusCode::PRECONDITION_FAILED, "REPORT_OUTDATED", error)
            }
            SavedReportError::Name(_) => Self::invalid("INVALID_NAME", error),
            SavedReportError::Campaign(error) => error.into(),
            SavedReportError::Store(ref cause) => cause.into(),
        }
    }
}
