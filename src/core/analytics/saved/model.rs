//! What a saved report is, and what can be wrong with one.

use super::super::ReportFormat;
use crate::core::campaigns::{CampaignError, Named};
use crate::core::kernel::{BadName, Id, Labels, Timestamp};
use crate::storage::sql::DbError;

/// A report as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedReport {
    pub id: Id,
    pub name: String,
    pub labels: Labels,
    pub campaign: Named,
    /// The form it is written in when no other is asked for.
    pub format: ReportFormat,
    /// Counts its changes, from 1.
    pub version: u64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A saved report to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSavedReport {
    pub name: String,
    pub labels: Labels,
    pub spec: ReportSpec,
}

/// Which report is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportSpec {
    /// The campaign: its name, its id, or the start of one.
    pub campaign: String,
    pub format: ReportFormat,
}

/// What can go wrong with saved reports.
#[derive(Debug, thiserror::Error)]
pub enum SavedReportError {
    #[error("no saved report `{0}`; `frontier report list` shows those there are")]
    NotFound(String),
    #[error("`{text}` could be {}; write more of it", .names.join(", "))]
    Ambiguous { text: String, names: Vec<String> },
    #[error("a saved report named `{0}` already exists; choose another name")]
    NameTaken(String),
    #[error("the saved report `{0}` was changed meanwhile; look at it again")]
    Outdated(String),
    #[error(transparent)]
    Name(#[from] BadName),
    #[error(transparent)]
    Campaign(#[from] CampaignError),
    #[error("the saved reports could not be read or saved")]
    Store(#[from] DbError),
}
