//! The first stage: claims due rows while there are any, and waits for those due later
//! and for those that another node has in hand.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::mpsc;

use super::Shared;
use crate::core::events::LEASE;
use crate::core::publishing::PublishingError;
use crate::core::publishing::store::ledger::{self, Due};
use crate::storage::sql::DbError;

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
        let due = match claim(shared).await {
            // Somebody else is writing for long; that ends.
            Err(PublishingError::Store(DbError::Busy)) => Vec::new(),
            due => due?,
        };
        if !due.is_empty() {
            space.send(due);
            continue;
        }
        drop(space);
        if shared.in_hand.load(Ordering::SeqCst) == 0 && is_over(shared).await? {
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
    let until = now.plus(LEASE);
    let mut due = ledger::claim(&mut tx, shared.run, node, now, until, limit).await?;
    if due.is_empty() && ledger::release_expired(&mut tx, shared.run, node, now).await? > 0 {
        due = ledger::claim(&mut tx, shared.run, node, now, until, limit).await?;
    }
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

async fn is_over(shared: &Shared) -> Result<bool, PublishingError> {
    let mut tx = shared.publishing.db.read().await?;
    Ok(ledger::is_over(&mut tx, shared.run).await?)
}
