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
        match &worked {
            Worked::Finished => {
                self.end(job, RunStatus::Completed, Status::Completed, "campaign.completed", None)
                    .await?;
            }
            Worked::Blocked(trouble) => {
                let trouble = Some(trouble.as_str());
                self.end(job, RunStatus::Paused, Status::Paused, "campaign.paused", trouble)
                    .await?;
            }
            Worked::Halted | Worked::Stopped => {}
        }
        Ok(worked)
    }

    /// Ends a run whose job failed again and again; `resume` tries once more.
    pub async fn give_up(&self, job: &RunCampaign, error: &str) -> Result<(), CampaignError> {
        self.end(job, RunStatus::Failed, Status::Failed, "campaign.failed", Some(error)).await
    }

    /// Moves the run and its campaign on, unless somebody has moved them meanwhile.
    async fn end(
        &self,
        job: &RunCampaign,
        run: RunStatus,
        status: Status,
        event: &'static str,
        trouble: Option<&str>,
    ) -> Result<(), CampaignError> {
        let mut tx = self.db.begin().await?;
        if self.publishing.move_run(&mut tx, job.run, RunStatus::Active, run).await? {
            self.publishing.note_trouble(&mut tx, job.run, trouble).await?;
            if let Some(campaign) = store::get(&mut tx, job.campaign).await? {
                self.become_in(&mut tx, campaign, status, event).await?;
            }
            tx.commit().await?;
        }
        Ok(())
    }
}
