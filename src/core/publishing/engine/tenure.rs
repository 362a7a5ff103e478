//! Whether the rows in hand are known to be this worker's still.
//!
//! A worker that stood still for longer than a lease may have lost its rows to another one without a
//! word, with mails ready to leave. So a mail is offered only while the leases are known to hold, by
//! the clock. Later than that its sender waits until a renewal has found as many rows as are in hand.
//! When it finds fewer, another worker has them, and this one lets go of the run. What was on its way in
//! the moment it stood still is all that is sent twice: never more than may be in flight.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::Shared;
use crate::core::kernel::Timestamp;

/// How long fewer rows may be found than are in hand: what is being claimed is counted before it is
/// written, and what is settled until after.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often a sender that waits asks.
const ASK: Duration = Duration::from_millis(50);

/// Until when the leases are known to hold.
pub(super) struct Tenure {
    until: AtomicI64,
    asked: Notify,
    confirmed: Notify,
    /// Since when fewer rows were found than are in hand.
    short: Mutex<Option<Instant>>,
}

impl Tenure {
    pub(super) fn until(until: Timestamp) -> Self {
        Self {
            until: AtomicI64::new(until.as_millis()),
            asked: Notify::new(),
            confirmed: Notify::new(),
            short: Mutex::default(),
        }
    }

    /// Whether no lease can have run out at `now`.
    pub(super) fn is_sure(&self, now: Timestamp) -> bool {
        now.as_millis() < self.until.load(Ordering::SeqCst)
    }

    /// Comes when a sender waits for a renewal.
    pub(super) async fn asked(&self) {
        self.asked.notified().await;
    }
}

impl Shared {
    /// Whether a mail may be offered as far as the leases go.
    pub(super) fn is_tenant(&self) -> bool {
        self.tenure.is_sure(self.publishing.clock.now())
    }

    /// Waits until the leases are known to hold; false when the run must halt.
    pub(super) async fn holds(&self) -> bool {
        while !self.is_tenant() && !self.halt.is_cancelled() {
            self.tenure.asked.notify_one();
            tokio::select! {
                () = self.halt.cancelled() => {}
                () = self.tenure.confirmed.notified() => {}
                () = tokio::time::sleep(ASK) => {}
            }
        }
        !self.halt.is_cancelled()
    }

    /// Notes that `rows` were found at a renewal of the leases, which hold until then.
    pub(super) fn renewed(&self, rows: u64, until: Timestamp) {
        let in_hand = self.in_hand.load(Ordering::SeqCst) as u64;
        let mut short = self.tenure.short.lock().unwrap_or_else(PoisonError::into_inner);
        // In time, nobody can have taken any: there is nothing to count, nor anything that stands
        // still to be counted.
        if self.is_tenant() || rows >= in_hand {
            *short = None;
            self.tenure.until.store(until.as_millis(), Ordering::SeqCst);
            self.tenure.confirmed.notify_waiters();
        } else if short.get_or_insert_with(Instant::now).elapsed() > PATIENCE {
            tracing::warn!(run = %self.run, in_hand, rows, "leases were lost to another worker");
            self.halt.cancel();
        }
    }
}
