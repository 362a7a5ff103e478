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
use crate::core::publishing::limits::Hold;
use crate::core::publishing::store::ledger::{self, Due};
use crate::core::publishing::store::people;
use crate::storage::sql::{DbError, Tx};

/// How soon to look for rows again when those in hand are all that was due; each further look in
/// vain is twice as far away, up to the second of these.
const LOOK: Duration = Duration::from_millis(500);
const LONGEST_LOOK: Duration = Duration::from_secs(8);
/// A wait that is longer is left to the queue of jobs, which waits for many at the cost of none.
const LONG: Duration = Duration::from_mins(2);
/// How often to see whether what holds a channel up still does: it may be changed at any time.
const PAUSE: Duration = Duration::from_millis(500);
/// The shortest wait for a domain.
const FIRST: Duration = Duration::from_millis(20);

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
        if let Some(hold) = shared.lane.hold() {
            drop(space);
            let (pause, in_hand) = (hold.wait.min(PAUSE), shared.in_hand.load(Ordering::SeqCst));
            let is_long = hold.wait > LONG && in_hand == 0;
            if is_long && matches!(outlook(shared, &[]).await?, Outlook::Over) {
                return Ok(());
            }
            if is_long {
                shared.waits.get_or_init(|| hold.until);
            }
            shared.note_hold(Some(hold));
            if is_long {
                return Ok(());
            }
            tokio::select! {
                () = shared.halt.cancelled() => return Ok(()),
                () = tokio::time::sleep(pause) => {}
            }
            continue;
        }
        let (without, opens) = shared.lane.held_domains();
        let due = match claim(shared, &without).await {
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
            match outlook(shared, &without).await? {
                Outlook::Over => return Ok(()),
                Outlook::Due(at) if is_far(at.since(clock.now()), opens) => {
                    // Told by the first that sees it.
                    let until = opens.map_or(at, |opens| at.min(clock.now().plus(opens)));
                    shared.waits.get_or_init(|| until);
                    shared.note_hold(opens.map(|wait| Hold::of_domains(until, wait)));
                    return Ok(());
                }
                Outlook::Held if opens.is_some_and(|opens| is_far(opens, None)) => {
                    let wait = opens.unwrap_or_default();
                    let until = clock.now().plus(wait);
                    shared.waits.get_or_init(|| until);
                    shared.note_hold(Some(Hold::of_domains(until, wait)));
                    return Ok(());
                }
                Outlook::Due(at) => {
                    soon = wait.min(at.since(clock.now()).max(Duration::from_millis(1)));
                }
                Outlook::Elsewhere | Outlook::Held => {}
            }
        }
        // Those that were left out can be looked at as soon as the first of them goes on.
        soon = opens.map_or(soon, |opens| soon.min(opens.max(FIRST)));
        wait = (wait * 2).min(LONGEST_LOOK);
        tokio::select! {
            () = shared.halt.cancelled() => return Ok(()),
            () = shared.settled.notified() => wait = LOOK,
            () = tokio::time::sleep(soon) => {}
        }
    }
}

/// Whether both are so far away that nobody needs to wait for them here.
fn is_far(due: Duration, opens: Option<Duration>) -> bool {
    due.min(opens.unwrap_or(due)) > LONG
}

/// Claims no more than can leave soon, and nothing to the domains in `without`.
async fn claim(shared: &Shared, without: &[String]) -> Result<Vec<Due>, PublishingError> {
    let now = shared.publishing.clock.now();
    let in_hand = u32::try_from(shared.in_hand.load(Ordering::SeqCst)).unwrap_or(u32::MAX);
    let room = shared.lane.room().map_or(u32::MAX, |room| room.saturating_sub(in_hand));
    let (node, limit) = (&shared.options.node, i64::from(shared.options.batch.min(room)));
    if limit == 0 {
        return Ok(Vec::new());
    }
    let mut tx = shared.publishing.db.begin().await?;
    let until = now.plus(LEASE);
    let mut due = ledger::claim(&mut tx, shared.run, node, now, until, limit, without).await?;
    if due.is_empty() && ledger::release_expired(&mut tx, shared.run, node, now).await? > 0 {
        due = ledger::claim(&mut tx, shared.run, node, now, until, limit, without).await?;
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
    /// All that waits is to domains that must wait.
    Held,
    Due(Timestamp),
}

async fn outlook(shared: &Shared, without: &[String]) -> Result<Outlook, PublishingError> {
    let mut tx = shared.publishing.db.read().await?;
    if ledger::is_in_hand(&mut tx, shared.run).await? {
        return Ok(Outlook::Elsewhere);
    }
    let due = ledger::next_due_outside(&mut tx, shared.run, without).await?;
    match due {
        Some(due) => Ok(Outlook::Due(due)),
        None if ledger::is_over(&mut tx, shared.run).await? => Ok(Outlook::Over),
        None => Ok(Outlook::Held),
    }
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
        if let Some((_, domain)) = folded.rsplit_once('@') {
            domain.clone_into(&mut due.domain);
        }
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
