//! `POST /contacts/import`: a file of contacts, streamed in and answered as it is read.

use axum::body::Body;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::Services;
use crate::api::error::{ApiError, ErrorBody};
use crate::api::imports::{self, Import, ImportEvent, ImportQuery};
use crate::core::contacts::{
    ContactError, ContactImport, ImportOptions, ImportStep, ImportSummary, ImportedList,
};

/// The parameters of the route.
const PARAMETERS: &[&str] = &[
    "list",
    "map",
    "delimiter",
    "format",
    "encoding",
    "on_conflict",
    "update_attributes",
    "source",
    "tag",
    "consent",
    "dry_run",
];

/// What an import did, or would do: `rows` is the sum of the counts after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportSummaryBody {
    pub rows: u64,
    pub created: u64,
    pub updated: u64,
    pub unchanged: u64,
    /// Contacts that were there already and were left as they are, with `on_conflict=skip`.
    #[serde(default)]
    pub skipped: u64,
    /// Rows whose address came before in the file; what they say wins over the earlier row.
    pub duplicates: u64,
    pub rejected: u64,
    pub list: Option<ImportedListBody>,
    /// Contacts of the file who have not confirmed that they want the list; no part of the sum.
    #[serde(default)]
    pub unconfirmed: u64,
    /// Contacts of the file who have unsubscribed from the list, and stay so; no part of the sum.
    #[serde(default)]
    pub unsubscribed: u64,
    pub dry_run: bool,
}

/// The list of an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportedListBody {
    pub name: String,
    /// Whether the import made it, or would.
    pub created: bool,
}

/// Import contacts from a CSV file.
///
/// The body is the file, of any size; the answer is a JSON value a line, as the file is read.
/// Contacts are found again by their address: their fields are replaced by what the cells say,
/// attributes are merged, and empty cells say nothing, unless `on_conflict` and
/// `update_attributes` say otherwise. Batches of rows are saved as they come, and
/// importing a file again changes nothing.
#[utoipa::path(post, path = "/contacts/import", tag = "contacts", params(ImportQuery),
    request_body(content = String, content_type = "text/csv"),
    responses(
        (status = 200, body = ImportEvent<ImportSummaryBody>, content_type = "application/x-ndjson"),
        (status = 422, body = ErrorBody),
    ))]
pub(super) async fn import_contacts(
    State(services): State<Services>,
    uri: Uri,
    body: Body,
) -> Result<Response, ApiError> {
    let query = ImportQuery::read(&uri, PARAMETERS)?;
    let (on_conflict, update_attributes) = query.conflicts()?;
    let options = ImportOptions {
        map: query.pairs()?,
        file: query.file()?,
        on_conflict,
        update_attributes,
        consent: query.consent()?,
        list: query.list,
        source: query.source,
        tags: query.tag.into_iter().collect(),
        dry_run: query.dry_run,
    };
    let import = services.contacts.import(imports::upload(body), options).await?;
    let columns = import.columns();
    let header: ImportEvent<ImportSummaryBody> = ImportEvent::Header {
        format: import.format().to_string(),
        columns: columns.headings().to_vec(),
        targets: columns
            .targets()
            .map(|(target, heading)| (target.to_owned(), heading.into()))
            .collect(),
        remembered: columns.remembered().to_vec(),
    };
    Ok(imports::answer(Some(header), import))
}

impl Import for ContactImport {
    type Summary = ImportSummary;

    async fn step(&mut self) -> Result<ImportStep<ImportSummary>, ContactError> {
        self.step().await
    }
}

impl From<ImportSummary> for ImportSummaryBody {
    fn from(summary: ImportSummary) -> Self {
        Self {
            rows: summary.rows,
            created: summary.created,
            updated: summary.updated,
            unchanged: summary.unchanged,
            skipped: summary.skipped,
            duplicates: summary.duplicates,
            rejected: summary.rejected,
            list: summary
                .list
                .map(|ImportedList { name, created }| ImportedListBody { name, created }),
            unconfirmed: summary.unconfirmed,
            unsubscribed: summary.unsubscribed,
            dry_run: summary.dry_run,
        }
    }
}
