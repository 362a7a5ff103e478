//! Types and pure rules.

use crate::core::kernel::{BadName, Id, Labels, Timestamp, check_name};
use crate::storage::sql::DbError;

/// Contacts put together by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    pub id: Id,
    pub name: String,
    pub description: String,
    pub labels: Labels,
    /// Contacts in it now.
    pub members: u64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A list to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewList {
    pub name: String,
    pub description: String,
    pub labels: Labels,
}

/// What can go wrong with contacts, lists and suppressions.
#[derive(Debug, thiserror::Error)]
pub enum ContactError {
    #[error("no list `{0}`; `frontier list list` shows those there are")]
    ListNotFound(String),
    #[error("`{text}` could be {}; write more of it", .names.join(", "))]
    Ambiguous { text: String, names: Vec<String> },
    #[error("a list named `{0}` already exists; choose another name")]
    ListNameTaken(String),
    #[error("the list `{0}` is the audience of a campaign; take it out of the campaign first")]
    ListInUse(String),
    #[error(transparent)]
    Name(#[from] BadName),
    #[error("the contacts could not be read or saved")]
    Store(#[from] DbError),
}

impl NewList {
    pub(super) fn check(&self) -> Result<(), ContactError> {
        Ok(check_name(&self.name)?)
    }
}
