//! What publishing holds of people: the rows of the ledger.

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::Value as Json;

use super::store::people as store;
use crate::core::contacts::{Contact, ContactError, Person, PersonalRecords};
use crate::core::kernel::{Id, Timestamp};
use crate::storage::sql::Tx;

/// The ledger, as records about people.
#[derive(Clone, Copy, Debug)]
pub struct LedgerRecords;

impl PersonalRecords for LedgerRecords {
    fn name(&self) -> &'static str {
        "deliveries"
    }

    fn once<'a>(
        &'a self,
        tx: &'a mut Tx,
        addresses: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<Id>, ContactError>> {
        async move { Ok(store::once(tx, addresses).await?) }.boxed()
    }

    fn held<'a>(
        &'a self,
        tx: &'a mut Tx,
        person: &'a Person,
    ) -> BoxFuture<'a, Result<Vec<Json>, ContactError>> {
        async move {
            let keys = store::keys(tx, person).await?;
            Ok(store::told(tx, &keys).await?)
        }
        .boxed()
    }

    /// The rows stay, for what they count; the address, its domain and what servers said go.
    fn forget<'a>(
        &'a self,
        tx: &'a mut Tx,
        person: &'a Person,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<u64, ContactError>> {
        async move {
            let keys = store::keys(tx, person).await?;
            let blanked = store::blank(tx, &keys, now).await?;
            if blanked < keys.len() as u64 {
                // Its mail is made, and what the server says about it is still to be written.
                return Err(ContactError::InHand);
            }
            store::blank_errors(tx, &person.addresses).await?;
            Ok(blanked)
        }
        .boxed()
    }

    fn hand_over<'a>(
        &'a self,
        tx: &'a mut Tx,
        from: Id,
        to: &'a Contact,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<u64, ContactError>> {
        async move {
            let moved = store::hand_over(tx, from, to).await?;
            if store::in_hand(tx, from, now).await? {
                return Err(ContactError::InHand);
            }
            Ok(moved)
        }
        .boxed()
    }
}
