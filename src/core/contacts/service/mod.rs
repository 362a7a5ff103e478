//! The use-cases: the only door to contacts, lists and suppressions.

mod activity;
mod attribute_types;
mod bulk;
mod consents;
mod contacts;
mod export;
mod forget;
mod import;
mod leave;
mod lists;
mod members;
mod merge;
mod segments;
mod suppression_sets;
mod suppressions;

use std::sync::Arc;

use super::{AddressKey, ContactError, PersonalRecords};
use crate::core::events::Outbox;
use crate::core::kernel::{Clock, Id};
use crate::storage::sql::{Db, Found};

pub use bulk::{BulkChange, BulkSummary};
pub use contacts::Upserted;
pub use export::{ContactExport, ExportColumns};
pub use forget::{Forgotten, Takeout};
pub use import::{ContactImport, ImportOptions, ImportStep, ImportSummary, ImportedList};
pub use leave::{Leaving, Left};
pub use segments::Future;
pub use suppressions::{SuppressionImport, SuppressionSummary};

/// Contacts, lists and suppressions of one workspace.
#[derive(Clone, Debug)]
pub struct Contacts {
    db: Db,
    clock: Clock,
    outbox: Outbox,
    /// What the addresses of those are hashed with who were forgotten.
    key: AddressKey,
    /// What other areas hold of people.
    records: Arc<[Arc<dyn PersonalRecords>]>,
}

impl Contacts {
    pub fn new(
        db: Db,
        clock: Clock,
        key: AddressKey,
        records: Vec<Arc<dyn PersonalRecords>>,
    ) -> Self {
        Self { db, outbox: Outbox::new(clock.clone()), clock, key, records: records.into() }
    }

    /// What keyed digests of this workspace are made with.
    pub const fn address_key(&self) -> &AddressKey {
        &self.key
    }
}

/// The one that was found; `missing` when there is none.
fn one(
    found: Found,
    text: &str,
    missing: impl FnOnce() -> ContactError,
) -> Result<Id, ContactError> {
    match found {
        Found::One(id) => Ok(id),
        Found::Nothing => Err(missing()),
        Found::Several(names) => Err(ContactError::Ambiguous { text: text.to_owned(), names }),
    }
}
