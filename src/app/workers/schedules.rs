//! The schedules' worker: looks what is due, and lets the campaigns start.
//!
//! Any number of workers may look at once: of those one decides about a time, in the store.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Node;
use crate::cli::host::Happening;
use crate::core::campaigns::CampaignError;
use crate::core::kernel::{Complaint, Timestamp};

/// How often to look for schedules that are due.
const LOOK: Duration = Duration::from_secs(1);

impl Node {
    /// Lets campaigns start as their times come, until told to stop.
    pub(super) async fn schedules(self: Arc<Self>) {
        let mut unseen = Complaint::new("the schedules could not be looked at");
        loop {
            match self.look().await {
                Ok(next) => {
                    unseen.over();
                    let jobs = self.in_hand.load(Ordering::SeqCst);
                    let next_at = next.map(|next| next.to_string());
                    self.tell(Happening::Beat { jobs, next_at });
                }
                Err(error) => unseen.tell(&error),
            }
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    /// Decides about every schedule that is due; says when the next one is.
    pub(super) async fn look(&self) -> Result<Option<Timestamp>, CampaignError> {
        loop {
            let fired = self.services.campaigns.fire_due().await?;
            if fired.firings.is_empty() {
                return Ok(fired.next_at);
            }
            for (campaign, firing) in fired.firings {
                self.tell(Happening::Schedule {
                    campaign,
                    due_at: firing.due_at.to_string(),
                    outcome: firing.outcome.to_string(),
                    reason: firing.reason,
                });
            }
        }
    }
}
