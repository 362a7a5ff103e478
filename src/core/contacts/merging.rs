//! Merging: two contacts that turned out to be one person.

use serde_json::Value as Json;

use crate::core::kernel::{Id, Timestamp};

/// A contact that was merged into another.
#[derive(Clone, Debug, PartialEq)]
pub struct Merge {
    pub id: Id,
    /// The one that is left.
    pub contact: Id,
    /// The id of the other.
    pub merged: Id,
    /// The other as it was: its fields, tags, subscriptions and consents.
    pub was: Json,
    pub merged_at: Timestamp,
}

impl Merge {
    /// The address the other had.
    pub fn email(&self) -> Option<&str> {
        self.was.get("email").and_then(Json::as_str)
    }
}
