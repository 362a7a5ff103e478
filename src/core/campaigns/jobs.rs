//! The background job of campaigns: work a run to its end, and let the campaign follow.

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::model::{Campaign, CampaignError, Status};
use super::schedule::store as schedule;
use super::service::Campaigns;
use super::store;
use crate::core::events::Job;
use crate::core::kernel::Id;
use crate::core::publishing::{Options, RunStatus, Worked};
use crate::storage::sql::Tx;

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
            Worked::Halted | Worked::Stopped | Worked::Waits(_) => {}
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
                let (status, event) = self.after(&mut tx, &campaign, status, event).await?;
                self.become_in(&mut tx, campaign, status, event).await?;
            }
            tx.commit().await?;
        }
        Ok(())
    }

    /// A recurring campaign whose run is completed waits for its next time; nobody asks for that, so
    /// it is none of the transitions of [`Status::next`].
    async fn after(
        &self,
        tx: &mut Tx,
        campaign: &Campaign,
        status: Status,
        event: &'static str,
    ) -> Result<(Status, &'static str), CampaignError> {
        if status == Status::Completed {
            let schedule = schedule::of_campaign(tx, campaign.id).await?;
            if schedule.is_some_and(|schedule| schedule.is_recurring()) {
                return Ok((Status::Scheduled, "campaign.run_completed"));
            }
        }
        Ok((status, event))
    }
}
