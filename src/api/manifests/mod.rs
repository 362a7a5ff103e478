//! `/manifests`: campaigns as code.

mod plan;

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
    Bundle, Code, FileReference, Kind, MAX_BUNDLE_BYTES, MAX_FILE_BYTES, ManifestError, Outline,
    Problem, Problems, Selection, Severity, SourceFile, Survey, Validation, VariableReference,
    WriteOptions, WrittenFiles, reference, schema, survey, validate_alone,
};

pub use plan::{
    ActionBody, ChangeBody, DriftBody, FieldChangeBody, PlanBody, PlanCountsBody, WarningBody,
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
    /// Delete what carries all of these labels, exists, and is not in the files; at least one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prune: Option<BTreeMap<String, String>>,
    /// For an apply: refused unless the plan's `recipients` are so many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirm_recipients: Option<u64>,
    /// For an apply: that of the plan, when it may have been changed since; refused when it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal: Option<String>,
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
    /// The values of the environment variables it names in `${NAME}`, by name, where they are set.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, String>,
}

/// What a manifest names, and the documents it holds.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ReferencesBody {
    /// Of the manifest.
    pub path: String,
    pub files: Vec<FileReferenceBody>,
    /// Environment variables, each once: only their values belong into `variables`.
    #[serde(default)]
    pub variables: Vec<VariableReferenceBody>,
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

/// An environment variable that a manifest names.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct VariableReferenceBody {
    pub name: String,
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DocumentBody {
    /// As it is written: `List`, `Campaign`.
    pub kind: String,
    pub name: String,
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
    /// Kinds, or a document of one: `list,campaign/Spring`.
    only: Option<String>,
    /// Of that, what carries all of these labels: `team=crm,season=spring`.
    labels: Option<String>,
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

/// List the files and variables that manifests name, which their sender has to bring along.
#[utoipa::path(post, path = "/manifests/references", tag = "manifests",
    request_body = ManifestsBody,
    responses((status = 200, body = Envelope<Vec<ReferencesBody>>)))]
async fn list_references(
    Body(body): Body<ManifestsBody>,
) -> Result<Data<Vec<ReferencesBody>>, ApiError> {
    let references = |file: ManifestFileBody| {
        let Survey { files, variables, documents } = survey(&file.text);
        let file_reference = |found: FileReference| FileReferenceBody {
            path: found.path,
            line: found.line,
            column: found.column,
        };
        let variable = |found: VariableReference| VariableReferenceBody {
            name: found.name,
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
            variables: variables.into_iter().map(variable).collect(),
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
        (status = 409, description = "what is to be pruned has to stay", body = ErrorBody),
        (status = 422, description = "`details.problems` has them all", body = ErrorBody),
    ))]
async fn plan_manifests(
    State(services): State<Services>,
    Body(body): Body<ManifestsBody>,
) -> Result<Data<PlanBody>, ApiError> {
    let plan = services.manifests.plan(bundle(body)).await?;
    Ok(Data(PlanBody::of(plan, services.manifests.workspace())))
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
    let expected = body.fingerprint.clone();
    let done = services.manifests.apply(bundle(body), expected.as_deref()).await?;
    Ok(Data(PlanBody::of(done, services.manifests.workspace())))
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
    let only = filter.only.as_deref().map(only).transpose()?.unwrap_or_default();
    let labels = filter.labels.as_deref().map(labels).transpose()?.unwrap_or_default();
    let selection = Selection { only, labels };
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

/// `list,campaign/Spring`
fn only(text: &str) -> Result<Vec<(Kind, Option<String>)>, ApiError> {
    let one = |part: &str| match part.split_once('/') {
        Some((word, name)) => Ok((kind(word)?, Some(name.to_owned()))),
        None => Ok((kind(part)?, None)),
    };
    text.split(',').map(one).collect()
}

/// `team=crm,season=spring`
fn labels(text: &str) -> Result<BTreeMap<String, String>, ApiError> {
    let label = |part: &str| {
        let label = part.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()));
        label.ok_or_else(|| {
            let message = format!("`{part}` is no label; write KEY=VALUE, with commas between");
            ApiError::bad_request("INVALID_LABELS", message)
        })
    };
    text.split(',').map(label).collect()
}

fn bundle(body: ManifestsBody) -> Bundle {
    let ManifestsBody { files, prune, confirm_recipients: recipients, seal, .. } = body;
    Bundle { files: sources(files), prune, recipients, seal }
}

fn sources(files: Vec<ManifestFileBody>) -> Vec<SourceFile> {
    let source = |file: ManifestFileBody| {
        let ManifestFileBody { path, text, files, unreadable, variables } = file;
        SourceFile { path, text, files, unreadable, variables }
    };
    files.into_iter().map(source).collect()
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
            ManifestError::Recipients { found, confirmed } => {
                let details = serde_json::json!({ "found": found, "confirmed": confirmed });
                Self::conflict("RECIPIENTS_DIFFER", message).with_details(details)
            }
            ManifestError::Unsealed => Self::invalid("PLAN_ALTERED", message),
            ManifestError::Unlabelled => Self::invalid("PRUNE_WITHOUT_LABELS", message),
            ManifestError::Kept(reasons) => Self::conflict("CANNOT_PRUNE", message)
                .with_details(serde_json::json!({ "reasons": reasons })),
            ManifestError::NotFound { .. } => Self::not_found("NOTHING_TO_EXPORT", message),
            ManifestError::Contact(error) => error.into(),
            ManifestError::Template(error) => error.into(),
            ManifestError::Brand(error) => error.into(),
            ManifestError::Report(error) => error.into(),
            ManifestError::Publishing(error) => error.into(),
            ManifestError::Campaign(error) => error.into(),
            ManifestError::Store(cause) => (&cause).into(),
            ManifestError::Stopped(_) | ManifestError::Write(_) => Self::internal(&error),
        }
    }
}
