//! `/manifests`: campaigns as code.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, post};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::envelope::{Data, Envelope};
use super::error::{ApiError, ErrorBody};
use super::extract::{Body, Query};
use super::routing::{Area, area};
use super::{PREFIX, Services};
use crate::core::manifests::{
    Action, Change, Code, Drift, FieldChange, FieldValue, FileReference, Kind, MAX_BUNDLE_BYTES,
    MAX_FILE_BYTES, ManifestError, Outline, Plan, Problem, Problems, Selection, Severity,
    SourceFile, Survey, Validation, WriteOptions, WrittenFiles, reference, schema, survey,
    validate_alone,
};

/// Bytes of a body with manifests: the files, and room for their quoting.
const BODY_LIMIT: usize = 2 * MAX_BUNDLE_BYTES;

/// Bytes of a file that a manifest names, at most.
pub const BODY_FILE_LIMIT: usize = MAX_FILE_BYTES;

/// Manifests, as their sender read them.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ManifestsBody {
    pub files: Vec<ManifestFileBody>,
    /// For an apply: that of the plan to carry out; refused when what exists has changed since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
}

/// One manifest with the files it names.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ManifestFileBody {
    /// As problems are to call it.
    pub path: String,
    /// YAML, of one document or several.
    pub text: String,
    /// The texts of the files it names in `body_file`, by the path as it is written there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, String>,
    /// Why other files it names could not be brought along, by path; in words that follow "the
    /// file".
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unreadable: BTreeMap<String, String>,
}

/// The files that a manifest names, and the documents it holds.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ReferencesBody {
    /// Of the manifest.
    pub path: String,
    pub files: Vec<FileReferenceBody>,
    /// As far as the text can be read.
    #[serde(default)]
    pub documents: Vec<OutlineBody>,
}

/// A file that a manifest names.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct FileReferenceBody {
    /// Relative to the manifest.
    pub path: String,
    pub line: usize,
    pub column: usize,
}

/// A document that may be wrong.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct OutlineBody {
    /// Absent when the document does not say it well enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where it starts, from 1.
    pub line: usize,
}

/// Manifests in which nothing is wrong.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ValidationBody {
    /// By kind and name.
    pub documents: Vec<DocumentBody>,
    /// What stands in nobody's way.
    pub warnings: Vec<ProblemBody>,
}

/// A document that was read.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct DocumentBody {
    /// `List`, `Channel`, `Template` or `Campaign`.
    pub kind: String,
    pub name: String,
}

/// What manifests would change, or have changed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PlanBody {
    /// Tells what exists now from what exists later.
    pub fingerprint: String,
    pub changes: Vec<ChangeBody>,
}

/// What becomes of one document.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ChangeBody {
    #[serde(flatten)]
    pub document: DocumentBody,
    pub action: ActionBody,
    /// Of a campaign: the contacts on its lists now, each counted once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipients: Option<u64>,
    /// What an update changes.
    #[serde(default)]
    pub fields: Vec<FieldChangeBody>,
    /// Absent when nobody else changed it, and when it is unchanged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<DriftBody>,
}

/// What was changed by other means since it was last applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DriftBody {
    /// When it was last applied.
    #[schema(format = DateTime)]
    pub since: String,
    /// It is no longer there.
    pub deleted: bool,
    /// The fields that are not what was applied, by their paths; none when it is deleted.
    pub fields: Vec<String>,
}

/// What is done with a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActionBody {
    Create,
    Update,
    Unchanged,
}

/// One field that differs. A long text is given as `{lines, sha256}`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct FieldChangeBody {
    /// As `spec.messages[launch].subject`.
    pub path: String,
    /// Absent when the field was not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub before: Option<serde_json::Value>,
    /// Absent when the field is no longer there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub after: Option<serde_json::Value>,
}

/// One thing that was found in a manifest; what is wrong is in `error.details.problems`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ProblemBody {
    /// What sort of thing, as `unknown-key`: a word that stays.
    pub code: String,
    pub severity: SeverityBody,
    pub file: String,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// The first column after it on its line.
    pub end_column: usize,
    pub message: String,
    /// How to put it right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// All of it with the line it is about, as a compiler shows an error.
    pub rendered: String,
}

/// Whether a finding stands in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SeverityBody {
    Error,
    Warning,
}

/// A sort of findings.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    pub code: &'static str,
    /// The rule that such a finding breaks, in a sentence.
    pub about: &'static str,
}

/// What exists, as manifests.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ExportBody {
    /// YAML, a document for each thing.
    pub manifest: String,
    /// The files it names, by their path relative to it.
    pub files: BTreeMap<String, String>,
}

/// What to export; everything unless it is said.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ExportFilter {
    /// `list`, `channel`, `template` or `campaign`.
    kind: Option<String>,
    /// The exact name, of a thing of this kind.
    name: Option<String>,
    /// Put bodies into files beside the manifest.
    #[serde(default)]
    bodies_as_files: bool,
}

pub(super) fn area() -> Area {
    area![
        list_references,
        check_manifests,
        validate_manifests,
        plan_manifests,
        apply_manifests,
        export_manifests,
        get_manifest_schema,
        get_manifest_schema_of_kind,
    ]
    .with_body_limit(BODY_LIMIT)
}

/// List the files that manifests name, which their sender has to bring along.
#[utoipa::path(post, path = "/manifests/references", tag = "manifests",
    request_body = ManifestsBody,
    responses((status = 200, body = Envelope<Vec<ReferencesBody>>)))]
async fn list_references(
    Body(body): Body<ManifestsBody>,
) -> Result<Data<Vec<ReferencesBody>>, ApiError> {
    let references = |file: ManifestFileBody| {
        let Survey { files, documents } = survey(&file.text);
        let file_reference = |found: FileReference| FileReferenceBody {
            path: found.path,
            line: found.line,
            column: found.column,
        };
        let outline = |Outline { kind, name, line }| OutlineBody {
            kind: kind.map(|kind: Kind| kind.to_string()),
            name,
            line,
        };
        ReferencesBody {
            path: file.path,
            files: files.into_iter().map(file_reference).collect(),
            documents: documents.into_iter().map(outline).collect(),
        }
    };
    let all = move || body.files.into_iter().map(references).collect();
    let read = tokio::task::spawn_blocking(all).await;
    read.map(Data).map_err(|error| ApiError::internal(&error))
}

/// Check manifests by themselves; names that only a workspace knows are warnings.
#[utoipa::path(post, path = "/manifests/check", tag = "manifests",
    request_body = ManifestsBody,
    responses(
        (status = 200, body = Envelope<ValidationBody>),
        (status = 422, description = "`details.problems` has them all", body = ErrorBody),
    ))]
async fn check_manifests(
    Body(body): Body<ManifestsBody>,
) -> Result<Data<ValidationBody>, ApiError> {
    let files = sources(body.files);
    let checked = tokio::task::spawn_blocking(move || validate_alone(&files)).await;
    let checked = checked.map_err(|error| ApiError::internal(&error))?;
    Ok(Data(checked.map_err(ManifestError::Invalid)?.into()))
}

/// Check manifests by themselves and against what exists.
#[utoipa::path(post, path = "/manifests/validate", tag = "manifests",
    request_body = ManifestsBody,
    responses(
        (status = 200, body = Envelope<ValidationBody>),
        (status = 422, description = "`details.problems` has them all", body = ErrorBody),
    ))]
async fn validate_manifests(
    State(services): State<Services>,
    Body(body): Body<ManifestsBody>,
) -> Result<Data<ValidationBody>, ApiError> {
    Ok(Data(services.manifests.validate(sources(body.files)).await?.into()))
}

/// Say what an apply would change.
#[utoipa::path(post, path = "/manifests/plan", tag = "manifests", request_body = ManifestsBody,
    responses(
        (status = 200, body = Envelope<PlanBody>),
        (status = 422, description = "`details.problems` has them all", body = ErrorBody),
    ))]
async fn plan_manifests(
    State(services): State<Services>,
    Body(body): Body<ManifestsBody>,
) -> Result<Data<PlanBody>, ApiError> {
    Ok(Data(services.manifests.plan(sources(body.files)).await?.into()))
}

/// Make what exists what the manifests say, all of it or nothing.
#[utoipa::path(post, path = "/manifests/apply", tag = "manifests", request_body = ManifestsBody,
    responses(
        (status = 200, description = "what was done", body = Envelope<PlanBody>),
        (status = 409, description = "what exists is not what was planned for", body = ErrorBody),
        (status = 422, description = "`details.problems` has them all", body = ErrorBody),
    ))]
async fn apply_manifests(
    State(services): State<Services>,
    Body(body): Body<ManifestsBody>,
) -> Result<Data<PlanBody>, ApiError> {
    let expected = body.fingerprint.as_deref();
    Ok(Data(services.manifests.apply(sources(body.files), expected).await?.into()))
}

/// Export what exists as manifests; applying them again changes nothing.
#[utoipa::path(get, path = "/manifests/export", tag = "manifests", params(ExportFilter),
    responses(
        (status = 200, body = Envelope<ExportBody>),
        (status = 400, body = ErrorBody),
        (status = 404, body = ErrorBody),
    ))]
async fn export_manifests(
    State(services): State<Services>,
    Query(filter): Query<ExportFilter>,
) -> Result<Data<ExportBody>, ApiError> {
    let kind = filter.kind.as_deref().map(kind).transpose()?;
    if kind.is_none() && filter.name.is_some() {
        let message = "say of which kind it is: kind=campaign&name=…";
        return Err(ApiError::bad_request("KIND_MISSING", message));
    }
    let selection = Selection { kind, name: filter.name };
    let options = WriteOptions { bodies_as_files: filter.bodies_as_files };
    let WrittenFiles { manifest, files } = services.manifests.export(&selection, options).await?;
    Ok(Data(ExportBody { manifest, files }))
}

/// Get the JSON Schema of manifests, as an editor reads it.
#[utoipa::path(get, path = "/manifests/schema", tag = "manifests",
    responses((status = 200, description = "JSON Schema, draft 2020-12", body = Object,
        content_type = "application/schema+json")))]
async fn get_manifest_schema() -> Response {
    schema_answer(None)
}

/// Get the JSON Schema of the manifests of one kind.
#[utoipa::path(get, path = "/manifests/schema/{kind}", tag = "manifests",
    params(("kind" = String, Path, description = "such as `campaign`, in any case")),
    responses(
        (status = 200, description = "JSON Schema, draft 2020-12", body = Object,
            content_type = "application/schema+json"),
        (status = 400, description = "no such kind", body = ErrorBody),
    ))]
async fn get_manifest_schema_of_kind(Path(word): Path<String>) -> Result<Response, ApiError> {
    Ok(schema_answer(Some(kind(&word)?)))
}

fn schema_answer(kind: Option<Kind>) -> Response {
    let headers = [(CONTENT_TYPE, HeaderValue::from_static("application/schema+json"))];
    (headers, schema(kind).to_string()).into_response()
}

/// The JSON Schema of manifests, of one kind or all; what is no kind has none.
pub fn manifest_schema(kind: Option<&str>) -> Option<serde_json::Value> {
    match kind {
        None => Some(schema(None)),
        Some(word) => Some(schema(Some(Kind::named(word)?))),
    }
}

/// The sorts of findings there are.
pub fn manifest_rules() -> Vec<Rule> {
    Code::ALL.map(|code| Rule { code: code.as_str(), about: code.about() }).into()
}

/// The routes that need no workspace.
pub(super) fn without_workspace() -> Router {
    let bodies = |route: MethodRouter| route.layer(DefaultBodyLimit::max(BODY_LIMIT));
    Router::new()
        .route(&format!("{PREFIX}/manifests/references"), bodies(post(list_references)))
        .route(&format!("{PREFIX}/manifests/check"), bodies(post(check_manifests)))
}

/// The kinds of manifests, in lower case.
pub fn manifest_kinds() -> Vec<String> {
    Kind::ALL.map(|kind| kind.as_str().to_lowercase()).into()
}

/// The keys of every kind of manifest, as a page in Markdown.
pub fn manifest_reference() -> String {
    reference()
}

fn kind(word: &str) -> Result<Kind, ApiError> {
    Kind::named(word).ok_or_else(|| {
        let kinds = manifest_kinds().join(", ");
        let message = format!("`{word}` is no kind of manifest; write one of {kinds}");
        ApiError::bad_request("INVALID_KIND", message)
    })
}

fn sources(files: Vec<ManifestFileBody>) -> Vec<SourceFile> {
    let source = |file: ManifestFileBody| {
        let ManifestFileBody { path, text, files, unreadable } = file;
        SourceFile { path, text, files, unreadable }
    };
    files.into_iter().map(source).collect()
}

impl From<Plan> for PlanBody {
    fn from(plan: Plan) -> Self {
        let changes = plan.changes.into_iter().map(Into::into).collect();
        Self { fingerprint: plan.fingerprint, changes }
    }
}

impl From<Change> for ChangeBody {
    fn from(change: Change) -> Self {
        Self {
            document: DocumentBody { kind: change.kind.to_string(), name: change.name },
            action: match change.action {
                Action::Create => ActionBody::Create,
                Action::Update => ActionBody::Update,
                Action::Unchanged => ActionBody::Unchanged,
            },
            recipients: change.recipients,
            fields: change.fields.into_iter().map(Into::into).collect(),
            drift: change.drift.map(Into::into),
        }
    }
}

impl From<Drift> for DriftBody {
    fn from(drift: Drift) -> Self {
        let Drift { since, deleted, fields } = drift;
        Self { since: since.to_string(), deleted, fields }
    }
}

impl From<FieldChange> for FieldChangeBody {
    fn from(field: FieldChange) -> Self {
        let value = |value| match value {
            FieldValue::Whole(value) => value,
            FieldValue::Text { lines, sha256 } => {
                serde_json::json!({ "lines": lines, "sha256": sha256 })
            }
        };
        Self { path: field.path, before: field.before.map(value), after: field.after.map(value) }
    }
}

impl From<Validation> for ValidationBody {
    fn from(validation: Validation) -> Self {
        let document = |(kind, name): (Kind, String)| DocumentBody { kind: kind.to_string(), name };
        Self {
            documents: validation.documents.into_iter().map(document).collect(),
            warnings: validation.warnings.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Problem> for ProblemBody {
    fn from(problem: Problem) -> Self {
        let rendered = problem.to_string();
        let Problem { code, severity, file, line, column, end_column, message, help, .. } = problem;
        Self {
            code: code.to_string(),
            severity: match severity {
                Severity::Error => SeverityBody::Error,
                Severity::Warning => SeverityBody::Warning,
            },
            file,
            line,
            column,
            end_column,
            message,
            hint: help,
            rendered,
        }
    }
}

impl From<ManifestError> for ApiError {
    fn from(error: ManifestError) -> Self {
        let message = error.to_string();
        match error {
            ManifestError::Invalid(Problems { problems, omitted }) => {
                let problems: Vec<ProblemBody> = problems.into_iter().map(Into::into).collect();
                let details = serde_json::json!({ "problems": problems, "omitted": omitted });
                Self::invalid("INVALID_MANIFEST", message).with_details(details)
            }
            ManifestError::Outdated => Self::conflict("PLAN_OUTDATED", message),
            ManifestError::NotFound { .. } => Self::not_found("NOTHING_TO_EXPORT", message),
            ManifestError::Contact(error) => error.into(),
            ManifestError::Template(error) => error.into(),
            ManifestError::Publishing(error) => error.into(),
            ManifestError::Campaign(error) => error.into(),
            ManifestError::Store(cause) => (&cause).into(),
            ManifestError::Stopped(_) | ManifestError::Write(_) => Self::internal(&error),
        }
    }
}
