//! `GET /contacts/export`: contacts as a file, streamed out page by page.

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{ContactBody, vcard};
use crate::api::Services;
use crate::api::error::{ApiError, ErrorBody};
use crate::api::extract::Query;
use crate::api::imports::{lines, ndjson};
use crate::core::contacts::{Contact, ContactExport, ExportColumns, cell};

/// The columns that are no attributes, as an import knows them.
const FIELDS: [&str; 4] = ["email", "name", "language", "timezone"];

/// Which contacts to export, and as what.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct ExportQuery {
    /// Only those subscribed to this list: its name, its id, or the start of one.
    pub list: Option<String>,
    /// Only those of whom this expression of segments is true.
    pub r#where: Option<String>,
    /// The form of the file.
    #[param(default = "csv")]
    pub format: ExportFormat,
}

/// The form of an export.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// A table that an import takes back: the fields, then a column an attribute. Cells are
    /// written as they are, also those that a spreadsheet would take for a formula.
    #[default]
    Csv,
    /// A contact a line, as JSON, with its types.
    Ndjson,
    /// vCard 4.0, for address books; without attributes, which it does not know.
    Vcard,
}

/// Export contacts, oldest first, as they were at one moment.
#[utoipa::path(get, path = "/contacts/export", tag = "contacts", params(ExportQuery), responses(
    (status = 200, description = "the file", body = String, content_type = "text/csv"),
    (status = 404, body = ErrorBody),
    (status = 422, body = ErrorBody),
))]
pub(super) async fn export_contacts(
    State(services): State<Services>,
    Query(query): Query<ExportQuery>,
) -> Result<Response, ApiError> {
    let (list, expression) = (query.list.as_deref(), query.r#where.as_deref());
    let export = services.contacts.export(list, expression).await?;
    match query.format {
        ExportFormat::Csv => csv(export).await,
        ExportFormat::Vcard => Ok(vcards(export)),
        ExportFormat::Ndjson => Ok(ndjson(stream::unfold(export, |mut export| async {
            let bodies = match export.page().await {
                Ok(page) => Ok(page?.into_iter().map(ContactBody::from).collect::<Vec<_>>()),
                Err(error) => Err(ApiError::from(error)),
            };
            Some((bodies.and_then(|bodies| lines(&bodies)), export))
        }))),
    }
}

async fn csv(mut export: ContactExport) -> Result<Response, ApiError> {
    let columns = export.columns().await?;
    let optional = [("tags", columns.tags), ("notes", columns.notes)];
    let optional = optional.into_iter().filter_map(|(column, is_there)| is_there.then_some(column));
    let attributes = columns.attributes.iter().map(String::as_str);
    let header = FIELDS.into_iter().chain(optional).chain(attributes).map(str::to_owned);
    let header = table([header.collect()]);
    let rows = stream::unfold((export, columns), |(mut export, columns)| async {
        let page = match export.page().await {
            Ok(page) => table(page?.iter().map(|contact| row(contact, &columns))),
            Err(error) => Err(error.into()),
        };
        Some((page, (export, columns)))
    });
    let body = stream::iter([header]).chain(rows).map_err(|error| error.into_detail().message);
    Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], Body::from_stream(body))
        .into_response())
}

fn vcards(export: ContactExport) -> Response {
    let cards = stream::unfold(export, |mut export| async {
        let page = match export.page().await {
            Ok(page) => {
                let mut cards = Vec::new();
                page?.iter().for_each(|contact| vcard::write(contact, &mut cards));
                Ok(cards)
            }
            Err(error) => Err(ApiError::from(error)),
        };
        Some((page, export))
    });
    let body = cards.map_err(|error| error.into_detail().message);
    ([(header::CONTENT_TYPE, "text/vcard; charset=utf-8")], Body::from_stream(body)).into_response()
}

fn row(contact: &Contact, columns: &ExportColumns) -> Vec<String> {
    let known = |text: &Option<String>| text.clone().unwrap_or_default();
    let fields = [
        contact.email.clone(),
        contact.name.clone(),
        known(&contact.language),
        known(&contact.timezone),
    ];
    let tags = || contact.tags.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let tags = columns.tags.then(tags);
    let notes = columns.notes.then(|| contact.notes.clone());
    let attribute = |key: &String| contact.attributes.get(key).map(cell).unwrap_or_default();
    let attributes = columns.attributes.iter().map(attribute);
    fields.into_iter().chain(tags).chain(notes).chain(attributes).collect()
}

fn table(rows: impl IntoIterator<Item = Vec<String>>) -> Result<Vec<u8>, ApiError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).map_err(|error| ApiError::internal(&error))?;
    }
    writer.into_inner().map_err(|error| ApiError::internal(&error))
}
