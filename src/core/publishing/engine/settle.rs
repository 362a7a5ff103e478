//! The last stage: what the servers said, written batch by batch.
//!
//! A batch is whatever gathered while the one before was being written, so that a slow disk makes
//! larger batches instead of a longer queue.

use std::sync::Arc;

use serde_json::json;
use tokio::sync::mpsc;

use super::{Settling, Shared};
use crate::core::contacts::{Activity, Contacts};
use crate::core::events::Event;
use crate::core::kernel::{Id, Timestamp};
use crate::core::publishing::store::ledger::{self, Settlement};
use crate::core::publishing::{Counts, DeliveryState, PublishingError};
use crate::storage::sql::DbError;

/// Settlements written in one transaction at the most.
const BATCH: usize = 1000;

/// Writes what `settling` brings until it ends. On an error the run halts: what was not written is
/// still leased, and will be offered again.
pub(super) async fn settle(
    shared: Arc<Shared>,
    mut settling: mpsc::Receiver<Settling>,
) -> Result<(), PublishingError> {
    // However this ends, nothing is offered any more whose verdict nobody would write.
    let _halt = shared.halt.clone().drop_guard();
    let mut batch = Vec::with_capacity(BATCH);
    while settling.recv_many(&mut batch, BATCH).await > 0 {
        let mut written = write(&shared, &batch).await;
        while matches!(written, Err(PublishingError::Store(DbError::Busy))) {
            written = write(&shared, &batch).await;
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

async fn write(shared: &Shared, batch: &[Settling]) -> Result<(), PublishingError> {
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
