//! What other areas hold of people.
//!
//! An area that keeps an address, or the id of a contact with what happened to them, implements
//! [`PersonalRecords`], so that a person can be given what is held of them, be merged, and be
//! forgotten everywhere in one transaction.

use futures::future::BoxFuture;
use serde_json::Value as Json;

use super::{Contact, ContactError};
use crate::core::kernel::{Id, Timestamp};
use crate::storage::sql::Tx;

/// A person, by all that the store may know them by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// The contact's id, and those of contacts that were merged into it.
    pub ids: Vec<Id>,
    /// Folded addresses, those of merged contacts among them.
    pub addresses: Vec<String>,
    /// Ids that records know one of the addresses by, of contacts that had it once: only what bears
    /// the address is theirs.
    pub once: Vec<Id>,
}

/// The records of an area that are about people.
pub trait PersonalRecords: Send + Sync + std::fmt::Debug {
    /// What they are called in a takeout.
    fn name(&self) -> &'static str;

    /// The ids of contacts, there or not, that records with one of the folded `addresses` are of. It
    /// may look at every record, so it is asked of a transaction that only reads.
    fn once<'a>(
        &'a self,
        tx: &'a mut Tx,
        addresses: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<Id>, ContactError>>;

    /// Everything held of a person, oldest first, in words a person can read.
    fn held<'a>(
        &'a self,
        tx: &'a mut Tx,
        person: &'a Person,
    ) -> BoxFuture<'a, Result<Vec<Json>, ContactError>>;

    /// Erases what tells who a person is, and keeps what counts; says how many records that were.
    ///
    /// # Errors
    /// [`ContactError::InHand`] when something is being done with them in this moment.
    fn forget<'a>(
        &'a self,
        tx: &'a mut Tx,
        person: &'a Person,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<u64, ContactError>>;

    /// Lets what is still to come for `from` come for `to`, unless it does already.
    ///
    /// # Errors
    /// [`ContactError::InHand`] when something is being done with them in this moment.
    fn hand_over<'a>(
        &'a self,
        tx: &'a mut Tx,
        from: Id,
        to: &'a Contact,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<u64, ContactError>>;
}
