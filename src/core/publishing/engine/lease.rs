//! The first stage: claims due rows while there are any, and waits for those due later
//! and for those that another node has in hand.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::mpsc;

use super::Shared;
use crate::core::events::LEASE;
use crate::core::kernel::{Timestamp, fold_address};
use crate::core::publishing::PublishingError;
use crate::core::publishing::store::ledger::{self, Due};
use crate::core::publishing::store::people;
use crate::storage::sql::{DbError, Tx};

/// How soon to look for rows again when those in hand are all that was due; each further look in
/// vain is twice as far away, up to the second of these.
const LOOK: Duration = Duration::from_millis(500);
const LONGEST_LOOK: Duration = Duration::from_secs(8);
/// A wait that is longer is left to the queue of jobs, which waits for many at the cost of none.
const LONG: Duration = Duration::from_mins(2);

/// Feeds `batches` until no row of the run waits, or until it must halt.
pub(super) async fn lease(
    shared: &Shared,
    batches: mpsc::Sender<Vec<Due>>,
) -> Result<(), PublishingError> {
    let clock = &shared.publishing.clock;
    let mut wait = LOOK;
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
            wait = LOOK;
            continue;
        }
        drop(space);
        let mut soon = wait;
        if shared.in_hand.load(Ordering::SeqCst) == 0 {
            match outlook(shared).await? {
                Outlook::Over => return Ok(()),
                Outlook::Due(at) if at.since(clock.now()) > LONG => {
                    // Told by the first that sees it.
                    shared.waits.get_or_init(|| at);
                    return Ok(());
                }
                Outlook::Due(at) => {
                    soon = wait.min(at.since(clock.now()).max(Duration::from_millis(1)));
                }
                Outlook::Elsewhere => {}
            }
        }
        wait = (wait * 2).min(LONGEST_LOOK);
        tokio::select! {
            () = shared.halt.cancelled() => return Ok(()),
            () = shared.settled.notified() => wait = LOOK,
            () = tokio::time::sleep(soon) => {}
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
    hold_back_forgotten(shared, &mut tx, &mut due).await?;
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

/// What there is to wait for when this engine has nothing in hand.
enum Outlook {
    Over,
    /// Another node has rows in hand.
    Elsewhere,
    Due(Timestamp),
}

async fn outlook(shared: &Shared) -> Result<Outlook, PublishingError> {
    let mut tx = shared.publishing.db.read().await?;
    if ledger::is_in_hand(&mut tx, shared.run).await? {
        return Ok(Outlook::Elsewhere);
    }
    let due = ledger::next_due(&mut tx, shared.run).await?;
    Ok(due.map_or(Outlook::Over, Outlook::Due))
}

/// Marks the rows of those who were forgotten: nothing is sent to them, whoever wrote them down
/// again since, and a row that was being written meanwhile does not keep their address.
async fn hold_back_forgotten(
    shared: &Shared,
    tx: &mut Tx,
    due: &mut [Due],
) -> Result<(), PublishingError> {
    let address = |due: &Due| {
        let now = due.contact.as_ref().map(|contact| contact.email.as_str());
        fold_address(now.unwrap_or(&due.email))
    };
    let folded: Vec<String> = due.iter().map(address).collect();
    let unique: BTreeSet<&str> = folded.iter().map(String::as_str).collect();
    let unique: Vec<&str> = unique.into_iter().collect();
    let forgotten = shared.publishing.address_key.forgotten_in(tx, &unique).await?;
    for (due, folded) in due.iter_mut().zip(&folded) {
        if !forgotten.contains(folded.as_str()) {
            continue;
        }
        if due.contact.is_some() {
            due.suppressed.get_or_insert_with(|| "forgotten".to_owned());
        } else {
            people::blank_claimed(tx, shared.run, due).await?;
        }
    }
    Ok(())
}
