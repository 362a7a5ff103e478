//! The first stage: claims due rows while there are any, and waits for those due later.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::mpsc;

use super::Shared;
use crate::core::events::LEASE;
use crate::core::publishing::PublishingError;
use crate::core::publishing::store::ledger::{self, Due};

/// How often to look for rows when those in hand are all that was due.
const LOOK: Duration = Duration::from_millis(500);

/// Feeds `batches` until no row of the run waits, or until it must halt.
pub(super) async fn lease(
    shared: &Shared,
    batches: mpsc::Sender<Vec<Due>>,
) -> Result<(), PublishingError> {
    loop {
        let space = tokio::select! {
            space = batches.reserve() => space,
            () = shared.halt.cancelled() => return Ok(()),
        };
        let Ok(space) = space else { return Ok(()) };
        let due = claim(shared).await?;
        if !due.is_empty() {
            space.send(due);
            continue;
        }
        drop(space);
        if shared.in_hand.load(Ordering::SeqCst) == 0 && !waits(shared).await? {
            return Ok(());
        }
        tokio::select! {
            () = shared.halt.cancelled() => return Ok(()),
            () = shared.settled.notified() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

async fn claim(shared: &Shared) -> Result<Vec<Due>, PublishingError> {
    let now = shared.publishing.clock.now();
    let (node, limit) = (&shared.options.node, shared.options.batch.into());
    let mut tx = shared.publishing.db.begin().await?;
    let due = ledger::claim(&mut tx, shared.run, node, now, now.plus(LEASE), limit).await?;
    // Counted before they are committed: the settler must never see more than were taken.
    shared.took(due.len());
    match tx.commit().await {
        Ok(()) => Ok(due),
        Err(error) => {
            shared.gave_back(due.len());
            Err(error.into())
        }
    }
}

/// Whether a row waits for its time.
async fn waits(shared: &Shared) -> Result<bool, PublishingError> {
    let mut tx = shared.publishing.db.read().await?;
    Ok(ledger::next_due(&mut tx, shared.run).await?.is_some())
}
