//! Sending again what has failed, in the run it was of.
//!
//! Only rows that have failed are put back, and of them only those whose contact is still there and
//! may be sent to: what was accepted, or must not be sent, stays as it is. A row that is put back is
//! as one that was never offered, but for the count that says so: it gets all its attempts, and is
//! never too late. Its Message-ID is made of its key, so it stays.

use chrono::NaiveDate;
use serde_json::json;

use super::deliveries::{DeliveryFilter, Wanted};
use super::model::{DeliveryState, PublishingError, Run};
use super::service::Publishing;
use super::store::resends as store;
use crate::core::events::Event;
use crate::storage::sql::Tx;

/// What a filter lets through that can be sent again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resendable {
    pub mails: u64,
    /// Those that match and cannot: their contact is suppressed, was deleted or has left.
    pub held_back: u64,
}

/// Failures of one day that are none any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Revoked {
    /// In UTC, when they were settled.
    pub(super) date: NaiveDate,
    pub(super) failed: u64,
    /// Those of them that a server refused.
    pub(super) refused: u64,
}

impl Publishing {
    /// How many mails of `run` can be sent again of those that `filter` lets through.
    ///
    /// # Errors
    /// [`PublishingError::NotResendable`], [`PublishingError::MessageNotFound`].
    pub async fn resendable_in(
        &self,
        tx: &mut Tx,
        run: &Run,
        filter: &DeliveryFilter,
    ) -> Result<Resendable, PublishingError> {
        check(filter)?;
        let wanted = Wanted::of(tx, run, filter).await?;
        Ok(store::count(tx, &wanted).await?)
    }

    /// Puts those mails back, due now; says how many that were. The figures lose the failures they
    /// were.
    ///
    /// # Errors
    /// As [`Publishing::resendable_in`].
    pub async fn resend_in(
        &self,
        tx: &mut Tx,
        run: &Run,
        filter: &DeliveryFilter,
    ) -> Result<u64, PublishingError> {
        check(filter)?;
        let wanted = Wanted::of(tx, run, filter).await?;
        let revoked = store::by_day(tx, &wanted).await?;
        for one in &revoked {
            let payload = json!({
                "run_id": run.id,
                "date": one.date,
                "failed": one.failed,
                "refused": one.refused,
            });
            self.outbox.push(tx, Event { name: "deliveries.resent", payload }).await?;
        }
        Ok(store::put_back(tx, &wanted, self.clock.now()).await?)
    }
}

/// Refuses to send anything again but what has failed.
fn check(filter: &DeliveryFilter) -> Result<(), PublishingError> {
    let other = filter.states.iter().find(|state| **state != DeliveryState::Failed);
    match other {
        Some(state) => Err(PublishingError::NotResendable(*state)),
        None => Ok(()),
    }
}
