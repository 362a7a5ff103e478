//! Beside the stages: notices a pause within a second, keeps the leases, and tells what is wrong.

use std::sync::Arc;
use std::time::Duration;

use super::Shared;
use crate::core::events::LEASE;
use crate::core::kernel::Complaint;
use crate::core::publishing::store::{ledger, runs};
use crate::core::publishing::{PublishingError, RunStatus};

const LOOK: Duration = Duration::from_millis(500);

/// Watches until it is aborted.
pub(super) async fn watch(shared: Arc<Shared>) {
    let mut renewed = tokio::time::Instant::now();
    let mut told: Option<String> = None;
    let mut unread = Complaint::new("the run's status could not be read");
    let mut unwritten = Complaint::new("the leases could not be renewed");
    loop {
        tokio::time::sleep(LOOK).await;
        match status(&shared).await {
            Ok(Some(RunStatus::Active)) => unread.over(),
            Ok(_) => shared.halt.cancel(),
            Err(error) => unread.tell(&error),
        }
        let unreachable = shared.trouble().unreachable.as_ref().map(|(_, why)| why.clone());
        let due = renewed.elapsed() > LEASE / 3;
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

/// The run's status; `None` when it was deleted.
async fn status(shared: &Shared) -> Result<Option<RunStatus>, PublishingError> {
    let mut tx = shared.publishing.db.read().await?;
    Ok(runs::get(&mut tx, shared.run).await?.map(|run| run.status))
}

async fn tell(shared: &Shared, trouble: Option<&str>, renew: bool) -> Result<(), PublishingError> {
    let publishing = &shared.publishing;
    let mut tx = publishing.db.begin().await?;
    runs::set_error(&mut tx, shared.run, trouble).await?;
    if renew {
        let until = publishing.clock.now().plus(LEASE);
        ledger::renew(&mut tx, shared.run, &shared.options.node, until).await?;
    }
    Ok(tx.commit().await?)
}
