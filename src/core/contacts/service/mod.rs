//! The use-cases: the only door to contacts, lists and suppressions.

mod lists;

use super::ContactError;
use crate::core::events::Outbox;
use crate::core::kernel::Clock;
use crate::storage::sql::{Db, Found};

/// Contacts, lists and suppressions of one workspace.
#[derive(Clone, Debug)]
pub struct Contacts {
    db: Db,
    clock: Clock,
    outbox: Outbox,
}

impl Contacts {
    pub fn new(db: Db, clock: Clock) -> Self {
        Self { db, outbox: Outbox::new(clock.clone()), clock }
    }
}

fn one(found: Found, text: &str) -> Result<crate::core::kernel::Id, ContactError> {
    match found {
        Found::One(id) => Ok(id),
        Found::Nothing => Err(ContactError::ListNotFound(text.to_owned())),
        Found::Several(names) => Err(ContactError::Ambiguous { text: text.to_owned(), names }),
    }
}
