//! Templates as they are kept: a source with its identity.

use super::TemplateSource;
use crate::core::kernel::{BadName, Id, Labels, Timestamp};
use crate::storage::sql::DbError;

/// A template of the workspace; its name is its source's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    pub id: Id,
    pub source: TemplateSource,
    pub labels: Labels,
    /// Counts its changes, from 1.
    pub version: u64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// What can go wrong with kept templates.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    #[error("no template `{0}`; `frontier template list` shows those there are")]
    NotFound(String),
    #[error("`{text}` could be {}; write more of it", .names.join(", "))]
    Ambiguous { text: String, names: Vec<String> },
    #[error("a template named `{0}` already exists; choose another name")]
    NameTaken(String),
    #[error("the template `{0}` was changed meanwhile; look at it again")]
    Outdated(String),
    #[error("the template `{0}` is used by a campaign or as a layout; take it out there first")]
    InUse(String),
    #[error("the template `{0}` cannot be its own layout")]
    OwnLayout(String),
    #[error(transparent)]
    Name(#[from] BadName),
    #[error("the templates could not be read or saved")]
    Store(#[from] DbError),
}
