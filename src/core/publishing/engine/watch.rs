//! Beside the stages: notices within a second who pauses the run and who leaves it, keeps the leases,
//! and tells what is wrong.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::Shared;
use crate::core::contacts::AddressKey;
use crate::core::events::LEASE;
use crate::core::kernel::{Complaint, Id, fold_address};
use crate::core::publishing::limits::Hold;
use crate::core::publishing::store::{ledger, runs};
use crate::core::publishing::{PublishingError, RunStatus};

const LOOK: Duration = Duration::from_millis(500);

/// The addresses suppressed since the run is worked. Those suppressed before are found when their
/// rows are leased; mails that were in hand then are held back by this.
pub(super) struct Left {
    /// The last suppression that was seen.
    after: Id,
    reasons: HashMap<String, String>,
    /// Whether some of them are marks of those who were forgotten.
    marks: bool,
}

impl Left {
    pub(super) fn after(suppression: Id) -> Self {
        Self { after: suppression, reasons: HashMap::new(), marks: false }
    }
}

impl Shared {
    /// Why `address` must not be sent to any more, when it must not.
    pub(super) fn why_left(&self, address: &str) -> Option<String> {
        let left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        if left.reasons.is_empty() {
            return None; // the rule, at no cost
        }
        let folded = fold_address(address);
        let mark = left.marks.then(|| self.publishing.address_key.mark(&folded));
        let reasons = &left.reasons;
        reasons.get(&folded).or_else(|| reasons.get(&mark?)).cloned()
    }
}

/// Watches until it is aborted.
pub(super) async fn watch(shared: Arc<Shared>) {
    let mut renewed = tokio::time::Instant::now();
    let mut told: Option<String> = None;
    let mut waited: Option<Hold> = None;
    let mut unread = Complaint::new("the run's status could not be read");
    let mut unwritten = Complaint::new("the leases could not be renewed");
    let mut unnoted = Complaint::new("the rates of domains could not be written");
    loop {
        let asked = tokio::select! {
            () = tokio::time::sleep(LOOK) => false,
            () = shared.tenure.asked() => true,
        };
        match look(&shared).await {
            Ok(Some(RunStatus::Active)) => unread.over(),
            Ok(_) => shared.halt.cancel(),
            Err(error) => unread.tell(&error),
        }
        match shared.lane.note().await {
            Ok(()) => unnoted.over(),
            Err(error) => unnoted.tell(&error),
        }
        let hold = shared.held();
        // How long it still is changes all the time; that is not news.
        let is_news = |a: &Option<Hold>, b: &Option<Hold>| {
            a.as_ref().map(|one| &one.why) != b.as_ref().map(|one| &one.why)
        };
        if is_news(&hold, &waited) && tell_hold(&shared, hold.as_ref()).await.is_ok() {
            waited = hold;
        }
        let unreachable = shared.trouble().unreachable.as_ref().map(|(_, why)| why.clone());
        let due = asked || renewed.elapsed() > LEASE / 3;
        if due || told != unreachable {
            match tell(&shared, unreachable.as_deref(), due).await {
                Ok(()) => {
                    told = unreachable;
                    unwritten.over();
                }
                Err(error) => unwritten.tell(&error),
            }
            renewed = if due { tokio::time::Instant::now() } else { renewed };
        }
    }
}

/// Notes who has left, and gives the run's status; `None` when it was deleted.
async fn look(shared: &Shared) -> Result<Option<RunStatus>, PublishingError> {
    let mut tx = shared.publishing.db.read().await?;
    let after = shared.left.lock().unwrap_or_else(PoisonError::into_inner).after;
    let suppressed = ledger::suppressed_after(&mut tx, after).await?;
    if !suppressed.is_empty() {
        let mut left = shared.left.lock().unwrap_or_else(PoisonError::into_inner);
        for (id, address, reason) in suppressed {
            left.after = id;
            left.marks |= AddressKey::is_mark(&address);
            left.reasons.insert(address, reason);
        }
    }
    if shared.lane.refresh(&mut tx).await? {
        shared.settled.notify_one(); // what had to wait may be let go
    }
    Ok(runs::get(&mut tx, shared.run).await?.map(|run| run.status))
}

/// Says what limit the run waits for, or that it waits for none.
pub(super) async fn tell_hold(shared: &Shared, hold: Option<&Hold>) -> Result<(), PublishingError> {
    let mut tx = shared.publishing.db.begin().await?;
    let hold = hold.map(|hold| (hold.until, hold.why.as_str()));
    runs::set_hold(&mut tx, shared.run, hold).await?;
    Ok(tx.commit().await?)
}

async fn tell(shared: &Shared, trouble: Option<&str>, renew: bool) -> Result<(), PublishingError> {
    let publishing = &shared.publishing;
    let mut tx = publishing.db.begin().await?;
    runs::set_error(&mut tx, shared.run, trouble).await?;
    let until = publishing.clock.now().plus(LEASE);
    let rows = if renew {
        Some(ledger::renew(&mut tx, shared.run, &shared.options.node, until).await?)
    } else {
        None
    };
    tx.commit().await?;
    if let Some(rows) = rows {
        shared.renewed(rows, until);
    }
    Ok(())
}
