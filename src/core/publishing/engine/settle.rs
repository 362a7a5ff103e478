//! The last stage: what the servers said, written batch by batch.
//!
//! A batch is whatever gathered while the one before was being written, so that a slow disk makes
//! larger batches instead of a longer queue.

use std::sync::Arc;

use serde_json::json;
use tokio::sync::mpsc;

use super::{Settling, Shared};
use crate::core::events::Event;
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
    let mut batch = Vec::with_capacity(BATCH);
    while settling.recv_many(&mut batch, BATCH).await > 0 {
        let mut written = write(&shared, &batch).await;
        while matches!(written, Err(PublishingError::Store(DbError::Busy))) {
            written = write(&shared, &batch).await;
        }
        if written.is_err() {
            shared.halt.cancel();
            return written;
        }
        shared.gave_back(batch.len());
        batch.clear(); // and with it the places in flight
    }
    Ok(())
}

async fn write(shared: &Shared, batch: &[Settling]) -> Result<(), PublishingError> {
    let publishing = &shared.publishing;
    let now = publishing.clock.now();
    let settlements: Vec<_> = batch.iter().map(|one| one.settlement.clone()).collect();
    let mut counts = Counts::default();
    for settlement in &settlements {
        *counts.of(settlement.state) += 1;
    }
    let refused = |one: &&Settlement| one.state == DeliveryState::Failed && one.code.is_some();
    let refused = settlements.iter().filter(refused).count();
    let mut tx = publishing.db.begin().await?;
    let node = &shared.options.node;
    let held = ledger::settle(&mut tx, shared.run, node, now, &settlements).await?;
    let lost = settlements.len() as u64 - held;
    if lost > 0 {
        tracing::warn!(run = %shared.run, lost, "leases were lost to another worker");
    }
    let event = Event {
        name: "deliveries.settled",
        payload: json!({
            "run_id": shared.run,
            "date": now.date(),
            "accepted": counts.accepted,
            "deferred": counts.deferred,
            "failed": counts.failed,
            "refused": refused,
            "suppressed": counts.suppressed,
        }),
    };
    publishing.outbox.push(&mut tx, event).await?;
    Ok(tx.commit().await?)
}
