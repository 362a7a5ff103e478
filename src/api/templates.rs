//! `/templates`: bodies and layouts that messages refer to by name.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::envelope::{Created, Data, Envelope, Listed, Tagged};
use super::error::{ApiError, ErrorBody};
use super::extract::{Body, IfMatch, Query};
use super::routing::{Area, area};
use super::{PageQuery, Services};
use crate::core::content::{Template, TemplateError, TemplateSource};

/// A template.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TemplateBody {
    pub id: String,
    #[serde(flatten)]
    pub template: NewTemplateBody,
    /// Counts its changes, from 1.
    #[serde(default)]
    pub version: u64,
    #[schema(format = DateTime)]
    pub created_at: String,
    #[schema(format = DateTime)]
    pub updated_at: String,
}

/// A template to be, or as it shall be.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct NewTemplateBody {
    pub name: String,
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// `markdown`, `html` or `mjml`.
    pub format: String,
    /// The template this one is put into, at its `{{ content }}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<String>,
    /// Markdown, HTML or MJML with Jinja tags.
    pub body: String,
}

pub(super) fn area() -> Area {
    area![list_templates, create_template, get_template, replace_template, delete_template,]
}

/// Create a template.
#[utoipa::path(post, path = "/templates", tag = "templates", request_body = NewTemplateBody,
    responses(
        (status = 201, body = Envelope<TemplateBody>),
        (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody),
    ))]
async fn create_template(
    State(services): State<Services>,
    Body(new): Body<NewTemplateBody>,
) -> Result<Created<TemplateBody>, ApiError> {
    let (source, labels) = new.source()?;
    Ok(Created(services.templates.create(source, labels).await?.into()))
}

/// List templates, oldest first.
#[utoipa::path(get, path = "/templates", tag = "templates", params(PageQuery), responses(
    (status = 200, body = Envelope<Vec<TemplateBody>>),
))]
async fn list_templates(
    State(services): State<Services>,
    Query(page): Query<PageQuery>,
) -> Result<Listed<TemplateBody>, ApiError> {
    let page = page.request()?;
    Ok(Listed::new(services.templates.templates(page).await?, &page))
}

/// Get a template by its name or id.
#[utoipa::path(get, path = "/templates/{template}", tag = "templates",
    params(("template" = String, Path, description = "name, id, or the start of one")),
    responses((status = 200, body = Envelope<TemplateBody>), (status = 404, body = ErrorBody)))]
async fn get_template(
    State(services): State<Services>,
    Path(template): Path<String>,
) -> Result<Tagged<TemplateBody>, ApiError> {
    Ok(tagged(services.templates.template(&template).await?))
}

/// Give a template another body; its name stays.
#[utoipa::path(put, path = "/templates/{template}", tag = "templates",
    request_body = NewTemplateBody,
    params(("template" = String, Path, description = "name, id, or the start of one")),
    responses(
        (status = 200, body = Envelope<TemplateBody>),
        (status = 404, body = ErrorBody),
        (status = 412, body = ErrorBody),
        (status = 422, body = ErrorBody),
    ))]
async fn replace_template(
    State(services): State<Services>,
    Path(template): Path<String>,
    IfMatch(version): IfMatch,
    Body(new): Body<NewTemplateBody>,
) -> Result<Tagged<TemplateBody>, ApiError> {
    let (source, labels) = new.source()?;
    Ok(tagged(services.templates.update(&template, source, labels, version).await?))
}

/// Delete a template that nothing uses.
#[utoipa::path(delete, path = "/templates/{template}", tag = "templates",
    params(("template" = String, Path, description = "name, id, or the start of one")),
    responses(
        (status = 200, body = Envelope<TemplateBody>),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody),
    ))]
async fn delete_template(
    State(services): State<Services>,
    Path(template): Path<String>,
) -> Result<Data<TemplateBody>, ApiError> {
    Ok(Data(services.templates.delete(&template).await?.into()))
}

fn tagged(template: Template) -> Tagged<TemplateBody> {
    let version = template.version;
    Tagged(template.into(), version)
}

impl NewTemplateBody {
    fn source(self) -> Result<(TemplateSource, BTreeMap<String, String>), ApiError> {
        let format =
            self.format.parse().map_err(|error| ApiError::invalid("INVALID_FORMAT", error))?;
        let (name, layout, body) = (self.name, self.layout, self.body);
        Ok((TemplateSource { name, format, layout, body }, self.labels))
    }
}

impl From<Template> for TemplateBody {
    fn from(template: Template) -> Self {
        let source = template.source;
        Self {
            id: template.id.to_string(),
            template: NewTemplateBody {
                name: source.name,
                labels: template.labels,
                format: source.format.to_string(),
                layout: source.layout,
                body: source.body,
            },
            version: template.version,
            created_at: template.created_at.to_string(),
            updated_at: template.updated_at.to_string(),
        }
    }
}

impl From<TemplateError> for ApiError {
    fn from(error: TemplateError) -> Self {
        match &error {
            TemplateError::NotFound(_) => Self::not_found("TEMPLATE_NOT_FOUND", error),
            TemplateError::Ambiguous { names, .. } => {
                let names = serde_json::json!({ "candidates": names });
                Self::conflict("AMBIGUOUS_REFERENCE", error).with_details(names)
            }
            TemplateError::NameTaken(_) => Self::conflict("TEMPLATE_NAME_TAKEN", error),
            TemplateError::Outdated(_) => {
                Self::new(StatusCode::PRECONDITION_FAILED, "TEMPLATE_OUTDATED", error)
            }
            TemplateError::InUse(_) => Self::conflict("TEMPLATE_IN_USE", error),
            TemplateError::OwnLayout(_) => Self::invalid("INVALID_LAYOUT", error),
            TemplateError::Name(_) => Self::invalid("INVALID_NAME", error),
            TemplateError::Store(cause) => cause.into(),
        }
    }
}
