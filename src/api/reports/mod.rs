//! Reports and metrics, under the campaign they are of; saved reports, under their own names.

mod bodies;
mod saved;

use axum::extract::{Path, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::IntoParams;

use super::Services;
use super::envelope::{Data, Envelope};
use super::error::{ApiError, ErrorBody};
use super::extract::Query;
use super::routing::{Area, area};
use crate::core::analytics::{AnalyticsError, Report, ReportFormat};

pub use bodies::{
    AmountBody, BucketBody, DailyMetricBody, DomainBody, FailureBody, MetricBody, PaceBody,
    RatesBody, ReportBody, ReportCampaignBody, ReportRunBody, TimelineBody,
};
pub use saved::{NewSavedReportBody, SavedReportBody};

use self::saved::{
    __path_create_report, __path_delete_report, __path_get_saved_report, __path_list_reports,
    __path_replace_report, __path_run_report, create_report, delete_report, get_saved_report,
    list_reports, replace_report, run_report,
};

/// What an HTML report may do in a browser: show its own styles and charts, and nothing else.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'; sandbox",
);

/// The form of a report.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ReportQuery {
    /// `terminal`, `md`, `html`, `csv` or `json`: the report as a document of its own. Without it,
    /// the report of a campaign is the data of the usual envelope, and a saved one has its own form.
    format: Option<String>,
}

/// Which days of the metrics.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct MetricQuery {
    /// The first day, in UTC.
    pub start_date: Option<NaiveDate>,
    /// The last day, in UTC.
    pub end_date: Option<NaiveDate>,
}

pub(super) fn area() -> Area {
    area![
        get_report,
        list_metrics,
        list_reports,
        create_report,
        get_saved_report,
        replace_report,
        delete_report,
        run_report,
    ]
}

/// Report what a campaign did, over all its runs.
#[utoipa::path(get, path = "/campaigns/{campaign}/report", tag = "analytics",
    params(
        ("campaign" = String, Path, description = "name, id, or the start of one"),
        ReportQuery,
    ),
    responses(
        (status = 200, description = "the report, or with `format` the document",
            content(
                (Envelope<ReportBody> = "application/json"),
                (String = "text/plain"),
                (String = "text/markdown"),
                (String = "text/html"),
                (String = "text/csv"),
            )),
        (status = 400, description = "no such format", body = ErrorBody),
        (status = 404, body = ErrorBody),
    ))]
async fn get_report(
    State(services): State<Services>,
    Path(campaign): Path<String>,
    Query(query): Query<ReportQuery>,
) -> Result<Response, ApiError> {
    let format = query.format()?;
    let report = services.analytics.report(&campaign).await?;
    match format {
        Some(format) => document(&services, format, &report),
        None => Ok(Data(ReportBody::from(report)).into_response()),
    }
}

/// The format that `name` names, if it is given.
fn format(name: Option<&str>) -> Result<Option<ReportFormat>, ApiError> {
    let format = name.map(str::parse).transpose();
    format.map_err(|error| ApiError::bad_request("UNKNOWN_FORMAT", error))
}

impl ReportQuery {
    fn format(&self) -> Result<Option<ReportFormat>, ApiError> {
        format(self.format.as_deref())
    }
}

/// The report as a document of its own.
fn document(
    services: &Services,
    format: ReportFormat,
    report: &Report,
) -> Result<Response, ApiError> {
    let document = services.renderers.render(format, report);
    let document = document.map_err(|error| ApiError::internal(&error))?;
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if format == ReportFormat::Html {
        headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    }
    Ok((headers, document).into_response())
}

/// List the metrics of a campaign, by day, type and platform.
#[utoipa::path(get, path = "/campaigns/{campaign}/metrics", tag = "analytics",
    params(
        ("campaign" = String, Path, description = "name, id, or the start of one"),
        MetricQuery,
    ),
    responses(
        (status = 200, body = Envelope<Vec<MetricBody>>),
        (status = 400, description = "no range of days", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 422, description = "more than one answer holds", body = ErrorBody),
    ))]
async fn list_metrics(
    State(services): State<Services>,
    Path(campaign): Path<String>,
    Query(days): Query<MetricQuery>,
) -> Result<Data<Vec<MetricBody>>, ApiError> {
    let metrics = services.analytics.metrics(&campaign, days.start_date, days.end_date).await?;
    Ok(Data(metrics.into_iter().map(Into::into).collect()))
}

impl From<AnalyticsError> for ApiError {
    fn from(error: AnalyticsError) -> Self {
        match error {
            AnalyticsError::Campaign(error) => error.into(),
            AnalyticsError::Publishing(error) => error.into(),
            AnalyticsError::Store(ref cause) => cause.into(),
            AnalyticsError::Range { .. } => Self::bad_request("INVALID_RANGE", error),
            AnalyticsError::TooMany(_) => Self::invalid("TOO_MANY_METRICS", error),
            AnalyticsError::Event { .. } => Self::internal(&error),
        }
    }
}
