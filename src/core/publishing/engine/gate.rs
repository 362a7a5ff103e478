//! Between lease and render: lets mails leave as fast as the channel's limits allow, and gives back
//! to the ledger those that have to wait long, so that they hold nobody up.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::Shared;
use crate::core::kernel::{Complaint, Timestamp};
use crate::core::publishing::limits::{Admitted, Fate, SOON};
use crate::core::publishing::store::ledger::{self, Due};
use crate::storage::sql::{DbError, DbResult};

/// How soon to try again when the store could not be asked.
const AGAIN: Duration = Duration::from_millis(200);
/// Rows that wait for their turn at the most, beyond one batch.
const WAITING: usize = 1000;

/// The rows that were leased, in the groups in which they may leave.
pub(super) struct Gate {
    shared: Arc<Shared>,
    leased: mpsc::Receiver<Vec<Due>>,
    waiting: Vec<Due>,
    unasked: Complaint,
}

impl Gate {
    pub(super) fn new(shared: Arc<Shared>, leased: mpsc::Receiver<Vec<Due>>) -> Self {
        let unasked = Complaint::new("the limits could not be asked");
        Self { shared, leased, waiting: Vec::new(), unasked }
    }

    /// The next rows that may leave; `None` when no more come or the run must halt.
    pub(super) async fn next(&mut self) -> Option<Vec<Due>> {
        let shared = Arc::clone(&self.shared);
        loop {
            if self.waiting.is_empty() {
                self.waiting = self.leased.recv().await?;
            }
            if shared.lane.is_open() {
                return Some(std::mem::take(&mut self.waiting));
            }
            let step = tokio::select! {
                biased;
                () = shared.halt.cancelled() => return None,
                step = self.step() => step,
            };
            let again = match step {
                Ok((group, _)) if !group.is_empty() => return Some(group),
                Ok((_, again)) => {
                    self.unasked.over();
                    again
                }
                Err(DbError::Busy) => AGAIN,
                Err(error) => {
                    self.unasked.tell(&error);
                    AGAIN
                }
            };
            if !self.waiting.is_empty() {
                let has_room = self.waiting.len() < WAITING;
                tokio::select! {
                    () = shared.halt.cancelled() => return None,
                    Some(batch) = self.leased.recv(), if has_room => self.waiting.extend(batch),
                    () = tokio::time::sleep(again) => {}
                }
            }
        }
    }

    /// Takes out of those that wait the ones that leave, and those that must wait for long; says when
    /// to ask again.
    async fn step(&mut self) -> DbResult<(Vec<Due>, Duration)> {
        let goes_nowhere = |due: &Due| due.contact.is_none() || due.suppressed.is_some();
        if self.waiting.iter().any(goes_nowhere) {
            let (group, waiting) =
                std::mem::take(&mut self.waiting).into_iter().partition(goes_nowhere);
            self.waiting = waiting;
            return Ok((group, Duration::ZERO));
        }
        self.let_rest().await?;
        if self.waiting.is_empty() {
            return Ok((Vec::new(), Duration::ZERO));
        }
        let lane = Arc::clone(&self.shared.lane);
        let domains: Vec<&str> = self.waiting.iter().map(|due| due.domain.as_str()).collect();
        let Admitted { fates, again, hold } = lane.admit(&domains).await?;
        let long = hold.as_ref().is_some_and(|hold| hold.wait > soon());
        self.shared.note_hold(hold);
        let now = self.shared.publishing.clock.now();
        let (mut group, mut back, mut stay) = (Vec::new(), Vec::new(), Vec::new());
        for (due, fate) in std::mem::take(&mut self.waiting).into_iter().zip(fates) {
            match fate {
                Fate::Leaves => group.push(due),
                Fate::Stays if long => back.push((due.at, due)),
                Fate::Stays => stay.push(due),
                Fate::Waits(time) => back.push((now.plus(time), due)),
            }
        }
        self.waiting = stay;
        if let Err(error) = self.put_back(back).await {
            self.unasked.tell(&error); // they wait here as well
        }
        Ok((group, again))
    }

    /// Gives back the mails to contacts whose quiet hours these are.
    async fn let_rest(&mut self) -> DbResult<()> {
        let quiet = |due: &Due| {
            let zone = due.contact.as_ref().and_then(|contact| contact.timezone.as_deref());
            self.shared.lane.quiet_until(zone)
        };
        let (mut back, mut stay) = (Vec::new(), Vec::new());
        let waiting = std::mem::take(&mut self.waiting);
        let until: Vec<_> = waiting.iter().map(quiet).collect();
        for (due, until) in waiting.into_iter().zip(until) {
            match until {
                Some(until) => back.push((until, due)),
                None => stay.push(due),
            }
        }
        self.waiting = stay;
        self.put_back(back).await
    }

    /// Gives rows back to the ledger, each due at its time. When that fails they go on waiting here.
    async fn put_back(&mut self, back: Vec<(Timestamp, Due)>) -> DbResult<()> {
        if back.is_empty() {
            return Ok(());
        }
        let row = |(at, due): &(Timestamp, Due)| (due.contact_id, due.message_id, *at);
        let rows: Vec<_> = back.iter().map(row).collect();
        let written = async {
            let mut tx = self.shared.publishing.db.begin().await?;
            let (run, node) = (self.shared.run, &self.shared.options.node);
            ledger::put_back(&mut tx, run, node, &rows).await?;
            tx.commit().await
        };
        match written.await {
            Ok(()) => {
                self.shared.gave_back(rows.len());
                Ok(())
            }
            Err(error) => {
                self.waiting.extend(back.into_iter().map(|(_, due)| due));
                Err(error)
            }
        }
    }
}

/// Mails that wait for longer are given back.
pub(super) fn soon() -> Duration {
    Duration::from_micros(SOON.unsigned_abs())
}
