//! `/starters`: layouts that come with the program, to begin a template with.

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::PREFIX;
use super::envelope::{Data, Envelope};
use super::error::{ApiError, ErrorBody};
use super::extract::Query;
use super::routing::{Area, area};
use crate::core::content::{Starter, StarterError};

/// A layout that comes with the program.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct StarterBody {
    pub name: String,
    /// What it is for, in a sentence.
    pub about: String,
    /// As `en`; the languages it is written in.
    pub languages: Vec<String>,
    /// `html`.
    pub format: String,
    /// The layout in the language that was asked for; a body goes in at its `{{ content }}`.
    pub body: String,
}

/// In which language.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct LanguageQuery {
    /// A language tag, as `es` or `es-MX`; `en` when absent.
    language: Option<String>,
}

pub(super) fn area() -> Area {
    area![list_starters, get_starter,]
}

/// The same routes, for whoever has no workspace.
pub(super) fn without_workspace() -> Router {
    Router::new()
        .route(&format!("{PREFIX}/starters"), get(list_starters))
        .route(&format!("{PREFIX}/starters/{{starter}}"), get(get_starter))
}

/// List the layouts that come with the program.
#[utoipa::path(get, path = "/starters", tag = "templates", params(LanguageQuery), responses(
    (status = 200, body = Envelope<Vec<StarterBody>>),
    (status = 422, body = ErrorBody),
))]
async fn list_starters(
    Query(query): Query<LanguageQuery>,
) -> Result<Data<Vec<StarterBody>>, ApiError> {
    let starters = Starter::ALL.iter().map(|starter| query.body(starter));
    Ok(Data(starters.collect::<Result<_, _>>()?))
}

/// Get one of the layouts that come with the program.
#[utoipa::path(get, path = "/starters/{starter}", tag = "templates",
    params(("starter" = String, Path, description = "its name"), LanguageQuery),
    responses(
        (status = 200, body = Envelope<StarterBody>),
        (status = 404, body = ErrorBody),
        (status = 422, body = ErrorBody),
    ))]
async fn get_starter(
    Path(starter): Path<String>,
    Query(query): Query<LanguageQuery>,
) -> Result<Data<StarterBody>, ApiError> {
    Ok(Data(query.body(&Starter::named(&starter)?)?))
}

impl LanguageQuery {
    fn body(&self, starter: &Starter) -> Result<StarterBody, StarterError> {
        let languages = Starter::languages();
        let source = starter.source(self.language.as_deref().unwrap_or(languages[0]))?;
        Ok(StarterBody {
            name: source.name,
            about: starter.about.to_owned(),
            languages: languages.map(str::to_owned).to_vec(),
            format: source.format.to_string(),
            body: source.body,
        })
    }
}

impl From<StarterError> for ApiError {
    fn from(error: StarterError) -> Self {
        match error {
            StarterError::NotFound { .. } => Self::not_found("STARTER_NOT_FOUND", error),
            StarterError::Language { .. } => Self::invalid("INVALID_LANGUAGE", error),
        }
    }
}
