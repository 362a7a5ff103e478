//! The last stage: what the servers said, written batch by batch.
//!
//! A batch is whatever gathered while the one before was being written, so that a slow disk makes
//! larger batches instead of a longer queue.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::mpsc;

use super::{Settling, Shared};
use crate::core::contacts::{Activity, Contacts};
use crate::core::events::Event;
use crate::core::kernel::{Id, Timestamp};
use crate::core::publishing::store::ledger::{self, Settlement};
use crate::core::publishing::store::runs;
use crate::core::publishing::{Counts, DeliveryState, Pace, PublishingError};
use crate::storage::sql::DbError;

/// Settlements written in one transaction at the most.
const BATCH: usize = 1000;
/// The time that a run's pace is taken over, and how often it is told.
const TEMPO: Duration = Duration::from_secs(5);
const TELL: Duration = Duration::from_secs(1);

/// Writes what `settling` brings until it ends. On an error the run halts: what was not written is
/// still leased, and will be offered again.
pub(super) async fn settle(
    shared: Arc<Shared>,
    mut settling: mpsc::Receiver<Settling>,
) -> Result<(), PublishingError> {
    // However this ends, nothing is offered any more whose verdict nobody would write.
    let _halt = shared.halt.clone().drop_guard();
    let mut batch = Vec::with_capacity(BATCH);
    let mut tempo = Tempo::default();
    while settling.recv_many(&mut batch, BATCH).await > 0 {
        let heard: Vec<_> = batch.iter_mut().filter_map(|one| one.heard.take()).collect();
        shared.lane.hear(&heard);
        let pace = tempo.count(heard.len(), Instant::now());
        let mut written = write(&shared, &batch, pace).await;
        while matches!(written, Err(PublishingError::Store(DbError::Busy))) {
            written = write(&shared, &batch, pace).await;
        }
        if written.is_err() {
            shared.halt.cancel(); // before the batch gives up its places in flight
            return written;
        }
        shared.gave_back(batch.len());
        batch.clear(); // and with it the places in flight
    }
    Ok(())
}

/// How many mails were offered in the last seconds.
#[derive(Default)]
struct Tempo {
    seen: VecDeque<(Instant, usize)>,
    /// When it was told last.
    told: Option<Instant>,
}

impl Tempo {
    /// Counts so many more; gives mails a second when it is time to tell.
    fn count(&mut self, mails: usize, now: Instant) -> Option<f64> {
        self.seen.push_back((now, mails));
        while self.seen.front().is_some_and(|(at, _)| now.duration_since(*at) > TEMPO) {
            self.seen.pop_front();
        }
        if self.told.is_some_and(|told| now.duration_since(told) < TELL) {
            return None;
        }
        let (first, before) = *self.seen.front()?;
        let seconds = now.duration_since(first).as_secs_f64();
        if seconds < TELL.as_secs_f64() {
            return None; // too short to say anything
        }
        self.told = Some(now);
        let mails: usize = self.seen.iter().map(|(_, mails)| mails).sum();
        // Those of the first batch came before it was counted.
        Some((mails - before) as f64 / seconds)
    }
}

async fn write(
    shared: &Shared,
    batch: &[Settling],
    pace: Option<f64>,
) -> Result<(), PublishingError> {
    let publishing = &shared.publishing;
    let (now, node) = (publishing.clock.now(), &shared.options.node);
    let mut settlements: Vec<_> = batch.iter().map(|one| one.settlement.clone()).collect();
    let mut tx = publishing.db.begin().await?;
    let held = ledger::settle(&mut tx, shared.run, node, now, &settlements).await?;
    if held < settlements.len() as u64 {
        // Another worker took some over. Which ones shows one by one; only ours are counted.
        drop(tx);
        tx = publishing.db.begin().await?;
        let mut ours = Vec::new();
        for one in settlements {
            let one = std::slice::from_ref(&one);
            if ledger::settle(&mut tx, shared.run, node, now, one).await? == 1 {
                ours.extend_from_slice(one);
            }
        }
        let lost = batch.len() - ours.len();
        tracing::warn!(run = %shared.run, lost, "leases were lost to another worker");
        settlements = ours;
    }
    let received: Vec<_> = settlements
        .iter()
        .filter(|one| one.state == DeliveryState::Accepted)
        .map(|one| (one.contact_id, now))
        .collect();
    Contacts::note_activity_in(&mut tx, Activity::Received, shared.campaign, &received).await?;
    if let Some(rate) = pace {
        runs::set_pace(&mut tx, shared.run, Pace { rate, at: now }).await?;
    }
    publishing.outbox.push(&mut tx, settled(shared.run, now, &settlements)).await?;
    Ok(tx.commit().await?)
}

/// What was settled, counted.
fn settled(run: Id, now: Timestamp, settlements: &[Settlement]) -> Event {
    let mut counts = Counts::default();
    for settlement in settlements {
        *counts.of(settlement.state) += 1;
    }
    let refused = |one: &&Settlement| one.state == DeliveryState::Failed && one.code.is_some();
    Event {
        name: "deliveries.settled",
        payload: json!({
            "run_id": run,
            "date": now.date(),
            "accepted": counts.accepted,
            "deferred": counts.deferred,
            "failed": counts.failed,
            "refused": settlements.iter().filter(refused).count(),
            "suppressed": counts.suppressed,
        }),
    }
}
