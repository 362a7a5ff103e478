//! What imports share: a file that streams in, and an answer of JSON lines that streams out.

use axum::body::Body;
use axum::http::{Uri, header};
use axum::response::{IntoResponse as _, Response};
use encoding_rs::Encoding;
use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::error::{ApiError, ErrorDetail};
use crate::core::contacts::{
    AttributeUpdate, ConsentState, ContactError, FileFormat, FileOptions, ImportStep, NewConsent,
    OnConflict, Place, Reject, Upload,
};
use crate::core::kernel::nearest;

/// The media type of a JSON value a line.
pub(super) const NDJSON: &str = "application/x-ndjson";

/// A line of the answer to an import.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ImportEvent<S> {
    /// First: how the columns were understood.
    Header {
        /// What the file is made of: `csv`, `json` or `ndjson`.
        format: String,
        /// The headings as they are in the file, or the keys of its first objects.
        columns: Vec<String>,
        /// Which field or attribute comes from which heading, in the order of the columns.
        #[schema(value_type = Object)]
        targets: serde_json::Map<String, serde_json::Value>,
        /// Those of the targets that were found because an earlier file of the source had them there.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        remembered: Vec<String>,
    },
    /// How many rows and bytes of the file have been read.
    Progress { rows: u64, bytes: u64 },
    /// A row that was not imported.
    Reject {
        /// The line of the file it starts on, from 1.
        line: u64,
        /// Which item of a JSON array it is, from 1.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        item: Option<u64>,
        reason: String,
        /// Its cells, or its JSON; none when they were too many or too long.
        record: Vec<String>,
    },
    /// Last: what the import did.
    Summary(S),
    /// Last, in place of the summary: the import stopped; what came before it is kept.
    Error { error: ErrorDetail },
}

/// How to import a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// The list to put the contacts on, by its whole name or id; made when there is none.
    pub list: Option<String>,
    /// `field=heading`, as often as needed: which field or attribute comes from which column.
    pub map: Vec<String>,
    /// What stands between cells: a character, or `tab`; found out when absent.
    pub delimiter: Option<String>,
    /// `csv`, `json` or `ndjson`; found out when absent.
    pub format: Option<String>,
    /// What the file is written in, as `windows-1252`; found out when absent. A byte order mark
    /// has the last word.
    pub encoding: Option<String>,
    /// What becomes of contacts that are there already: `update` (the default) gives them what the
    /// row says, `skip` leaves them exactly as they are, and with `fail` nothing is imported then.
    pub on_conflict: Option<String>,
    /// What becomes of their attributes: `merge` (the default) sets those the row has, `replace`
    /// removes the others.
    pub update_attributes: Option<String>,
    /// Where files like this come from, a name: which column means what is remembered by it, and
    /// taken again next time for what `map` does not say.
    pub source: Option<String>,
    /// A tag to put on everybody in the file, as often as needed.
    #[param(required = false)]
    pub tag: Vec<String>,
    /// What everybody in the file agreed to, as `source=web form,purpose=newsletter`. It is recorded
    /// of who has said nothing about the purpose yet: a file does not overrule who withdrew.
    pub consent: Option<String>,
    /// Only say what would happen.
    #[param(required = false)]
    pub dry_run: bool,
}

/// An import under way.
pub(super) trait Import: Send + 'static {
    type Summary: Send;

    fn step(
        &mut self,
    ) -> impl Future<Output = Result<ImportStep<Self::Summary>, ContactError>> + Send;
}

impl ImportQuery {
    /// Reads the query of `uri`, in which `map` may be repeated; `names` are the parameters the
    /// route takes.
    pub(super) fn read(uri: &Uri, names: &[&str]) -> Result<Self, ApiError> {
        let mut query = Self::default();
        let bad = |message: String| ApiError::bad_request("INVALID_QUERY", message);
        let pairs = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        for (name, value) in pairs {
            match name.as_ref() {
                known if !names.contains(&known) => {
                    let hint = nearest(known, names.iter().copied())
                        .map_or_else(|| names.join(", "), str::to_owned);
                    return Err(bad(format!("there is no parameter `{known}`; try {hint}")));
                }
                "list" => query.list = Some(value.into_owned()),
                "map" => query.map.push(value.into_owned()),
                "delimiter" => query.delimiter = Some(value.into_owned()),
                "format" => query.format = Some(value.into_owned()),
                "encoding" => query.encoding = Some(value.into_owned()),
                "on_conflict" => query.on_conflict = Some(value.into_owned()),
                "update_attributes" => query.update_attributes = Some(value.into_owned()),
                "source" => query.source = Some(value.into_owned()),
                "tag" => query.tag.push(value.into_owned()),
                "consent" => query.consent = Some(value.into_owned()),
                _ => {
                    query.dry_run = value
                        .parse()
                        .map_err(|_| bad(format!("dry_run is true or false, not `{value}`")))?;
                }
            }
        }
        Ok(query)
    }

    /// The pairs of `map`.
    pub(super) fn pairs(&self) -> Result<Vec<(String, String)>, ApiError> {
        let pair = |text: &String| {
            let (target, column) = text.split_once('=')?;
            Some((target.trim().to_owned(), column.trim().to_owned()))
                .filter(|(target, column)| !target.is_empty() && !column.is_empty())
        };
        let read = |text| {
            pair(text).ok_or_else(|| {
                let message = format!("`{text}` maps nothing; write it as email=Correo");
                ApiError::bad_request("INVALID_MAP", message)
            })
        };
        self.map.iter().map(read).collect()
    }

    /// What is said of contacts that are there already.
    pub(super) fn conflicts(
        &self,
    ) -> Result<(Option<OnConflict>, Option<AttributeUpdate>), ApiError> {
        let on_conflict = self.on_conflict.as_deref().map(str::parse).transpose();
        let update = self.update_attributes.as_deref().map(str::parse).transpose();
        Ok((
            on_conflict.map_err(|error| ApiError::invalid("INVALID_ON_CONFLICT", error))?,
            update.map_err(|error| ApiError::invalid("INVALID_UPDATE_ATTRIBUTES", error))?,
        ))
    }

    /// What everybody in the file agreed to.
    pub(super) fn consent(&self) -> Result<Option<NewConsent>, ApiError> {
        let Some(text) = &self.consent else { return Ok(None) };
        let mut consent = NewConsent {
            purpose: String::new(),
            state: ConsentState::Granted,
            source: String::new(),
            proof: None,
            at: None,
        };
        for part in text.split(',') {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            let field = match key.trim() {
                "source" => &mut consent.source,
                "purpose" => &mut consent.purpose,
                other => {
                    let message = format!(
                        "`{other}` is no part of a consent; write it as source=web form,purpose=newsletter"
                    );
                    return Err(ApiError::bad_request("INVALID_CONSENT", message));
                }
            };
            value.trim().clone_into(field);
        }
        Ok(Some(consent))
    }

    /// What is said of the file.
    pub(super) fn file(&self) -> Result<FileOptions, ApiError> {
        let format = self.format.as_deref().map(str::parse::<FileFormat>).transpose();
        let format = format.map_err(|error| ApiError::invalid("INVALID_FORMAT", error))?;
        let encoding = match &self.encoding {
            None => None,
            Some(label) => Some(Encoding::for_label(label.as_bytes()).ok_or_else(|| {
                let shown: String = label.chars().take(40).collect();
                let message =
                    format!("`{shown}` is no encoding; try utf-8, utf-16 or windows-1252");
                ApiError::invalid("INVALID_ENCODING", message)
            })?),
        };
        Ok(FileOptions { format, delimiter: self.delimiter()?, encoding })
    }

    fn delimiter(&self) -> Result<Option<u8>, ApiError> {
        let Some(text) = &self.delimiter else { return Ok(None) };
        match text.as_bytes() {
            b"tab" | b"\\t" => Ok(Some(b'\t')),
            [byte] if (byte.is_ascii_punctuation() && *byte != b'"') || b"\t ".contains(byte) => {
                Ok(Some(*byte))
            }
            _ => {
                let message = format!("`{text}` cannot stand between cells; try `;` or tab");
                Err(ApiError::bad_request("INVALID_DELIMITER", message))
            }
        }
    }
}

/// The file as it arrives.
pub(super) fn upload(body: Body) -> Upload {
    body.into_data_stream().map_err(std::io::Error::other).boxed()
}

/// Answers with `first` and then what `import` does, a JSON value a line, as it does it.
pub(super) fn answer<I, S>(first: Option<ImportEvent<S>>, import: I) -> Response
where
    I: Import,
    S: Serialize + From<I::Summary> + Send + 'static,
{
    let first = stream::iter(first).map(|event| lines(&[event]));
    let rest = stream::unfold(Some(import), |import| async {
        let mut import = import?;
        match import.step().await {
            Ok(ImportStep::Batch { rejects, rows, bytes }) => {
                let mut events: Vec<_> = rejects.into_iter().map(ImportEvent::<S>::from).collect();
                events.push(ImportEvent::Progress { rows, bytes });
                Some((lines(&events), Some(import)))
            }
            Ok(ImportStep::Done(summary)) => {
                Some((lines(&[ImportEvent::Summary(S::from(summary))]), None))
            }
            Err(error) => {
                let error = ApiError::from(error).into_detail();
                Some((lines(&[ImportEvent::<S>::Error { error }]), None))
            }
        }
    });
    ndjson(first.chain(rest))
}

/// An answer of JSON lines.
pub(super) fn ndjson(
    lines: impl Stream<Item = Result<Vec<u8>, ApiError>> + Send + 'static,
) -> Response {
    // An answer that has begun can only break off.
    let body = Body::from_stream(lines.map_err(|error| error.into_detail().message));
    ([(header::CONTENT_TYPE, NDJSON)], body).into_response()
}

/// Writes each value on a line.
pub(super) fn lines<T: Serialize>(values: &[T]) -> Result<Vec<u8>, ApiError> {
    let mut lines = Vec::new();
    for value in values {
        serde_json::to_writer(&mut lines, value).map_err(|error| ApiError::internal(&error))?;
        lines.push(b'\n');
    }
    Ok(lines)
}

impl<S> From<Reject> for ImportEvent<S> {
    fn from(reject: Reject) -> Self {
        let Place { line, item } = reject.place;
        Self::Reject { line, item, reason: reject.reason, record: reject.record }
    }
}
