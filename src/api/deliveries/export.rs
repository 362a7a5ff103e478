//! `GET /campaigns/{campaign}/deliveries/export`: a run's ledger as a file, streamed out page by page.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{DeliveryBody, DeliveryQuery, RunQuery};
use crate::api::Services;
use crate::api::error::{ApiError, ErrorBody};
use crate::api::extract::Query;
use crate::api::imports::{lines, ndjson};
use crate::core::publishing::DeliveryExport;

/// The columns of a table of deliveries.
const COLUMNS: [&str; 12] = [
    "email",
    "state",
    "attempts",
    "resent",
    "code",
    "enhanced",
    "reply",
    "due_at",
    "settled_at",
    "run_id",
    "message_id",
    "contact_id",
];

/// As what deliveries are exported.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct DeliveryExportQuery {
    /// The form of the file.
    #[param(default = "csv")]
    pub format: DeliveryFormat,
}

/// The form of an export of deliveries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryFormat {
    /// A table. Cells are written as they are, also those that a spreadsheet would take for a formula.
    #[default]
    Csv,
    /// A delivery a line, as JSON.
    Ndjson,
}

/// Export the deliveries of a run, in the order of contacts, as they were at one moment.
#[utoipa::path(get, path = "/campaigns/{campaign}/deliveries/export", tag = "campaigns",
    params(
        ("campaign" = String, Path, description = "name, id, or the start of one"),
        RunQuery,
        DeliveryQuery,
        DeliveryExportQuery,
    ),
    responses(
        (status = 200, description = "the file", body = String, content_type = "text/csv"),
        (status = 400, body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, description = "not started yet", body = ErrorBody),
    ))]
pub(super) async fn export_deliveries(
    State(services): State<Services>,
    Path(campaign): Path<String>,
    Query(run): Query<RunQuery>,
    Query(filter): Query<DeliveryQuery>,
    Query(form): Query<DeliveryExportQuery>,
) -> Result<Response, ApiError> {
    let filter = filter.try_into()?;
    let run = services.campaigns.run_of(&campaign, run.run.as_deref()).await?;
    let export = services.publishing.export_deliveries(run, filter).await?;
    Ok(match form.format {
        DeliveryFormat::Ndjson => ndjson(pages(export, |page| lines(&page))),
        DeliveryFormat::Csv => {
            let header = stream::iter([table([COLUMNS.map(str::to_owned)])]);
            let rows = pages(export, |page| table(page.into_iter().map(row)));
            let body = header.chain(rows).map_err(|error| error.into_detail().message);
            let kind = [(header::CONTENT_TYPE, "text/csv; charset=utf-8")];
            (kind, Body::from_stream(body)).into_response()
        }
    })
}

/// The pages of an export, each as it is written.
fn pages(
    export: DeliveryExport,
    write: fn(Vec<DeliveryBody>) -> Result<Vec<u8>, ApiError>,
) -> impl stream::Stream<Item = Result<Vec<u8>, ApiError>> + Send + 'static {
    stream::unfold(Some(export), move |export| async move {
        let mut export = export?;
        match export.page().await {
            Ok(None) => None,
            Ok(Some(page)) => {
                Some((write(page.into_iter().map(Into::into).collect()), Some(export)))
            }
            Err(error) => Some((Err(error.into()), None)),
        }
    })
}

fn row(one: DeliveryBody) -> [String; COLUMNS.len()] {
    [
        one.email,
        one.state,
        one.attempts.to_string(),
        one.resent.to_string(),
        one.code.map_or_else(String::new, |code| code.to_string()),
        one.enhanced.unwrap_or_default(),
        one.reply.unwrap_or_default(),
        one.due_at,
        one.settled_at.unwrap_or_default(),
        one.run_id,
        one.message_id,
        one.contact_id,
    ]
}

fn table<const N: usize>(rows: impl IntoIterator<Item = [String; N]>) -> Result<Vec<u8>, ApiError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).map_err(|error| ApiError::internal(&error))?;
    }
    writer.into_inner().map_err(|error| ApiError::internal(&error))
}
