//! The background job of campaigns: work a run to its end, and let the campaign follow.

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::model::{CampaignError, Status};
use super::service::Campaigns;
use super::store;
use crate::core::events::Job;
use crate::core::kernel::Id;
use crate::core::publishing::{Options, RunStatus, Worked};

/// Works a run until nothing of it waits.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunCampaign {
    pub campaign: Id,
    pub run: Id,
}

impl Job for RunCampaign {
    const NAME: &'static str = "campaigns.run";
}

impl Campaigns {
    /// Does the job; says how it ended. A run that cannot go on is paused, with the reason.
    pub async fn work(
        &self,
        job: &RunCampaign,
        options: &Options,
        stop: &CancellationToken,
    ) -> Result<Worked, CampaignError> {
        let worked = self.publishing.work(job.run, options, stop).await?;
        let (run_status, status, event, trouble) = match &worked {
            Worked::Finished => {
                (RunStatus::Completed, Status::Completed, "campaign.completed", None)
            }
            Worked::Blocked(trouble) => {
                (RunStatus::Paused, Status::Paused, "campaign.paused", Some(trouble.as_str()))
            }
            Worked::Halted | Worked::Stopped => return Ok(worked),
        };
        let mut tx = self.db.begin().await?;
        // Somebody may have cancelled it meanwhile; then that stands.
        if self.publishing.move_run(&mut tx, job.run, RunStatus::Active, run_status).await? {
            self.publishing.note_trouble(&mut tx, job.run, trouble).await?;
            if let Some(campaign) = store::get(&mut tx, job.campaign).await? {
                self.become_in(&mut tx, campaign, status, event).await?;
            }
            tx.commit().await?;
        }
        Ok(worked)
    }
}
