//! What moves a campaign from status to status: starting, pausing, resuming, cancelling.

use super::jobs::RunCampaign;
use super::model::{Campaign, CampaignError, Status};
use super::service::Campaigns;
use super::store;
use crate::core::events::Event;
use crate::core::publishing::{Run, RunStatus};
use crate::storage::sql::Tx;

impl Campaigns {
    /// Begins a run: its plan and audience are fixed now, its mails leave as workers come to it.
    ///
    /// # Errors
    /// [`CampaignError::Transition`], [`CampaignError::NotReady`], [`CampaignError::Content`].
    #[tracing::instrument(skip(self))]
    pub async fn start(&self, reference: &str) -> Result<(Campaign, Run), CampaignError> {
        let mut tx = self.db.begin().await?;
        let campaign = self.campaign_in(&mut tx, reference).await?;
        campaign.may_become(Status::Active)?;
        if !campaign.status.is_editable() {
            let (name, from) = (campaign.name, campaign.status);
            return Err(CampaignError::Transition { name, from, to: Status::Active });
        }
        let mut plan = self.plan(&mut tx, &campaign).await?;
        let (recipients, segments) = self.audience_in(&mut tx, &campaign).await?;
        plan.segments = segments;
        if recipients == 0 {
            let problem = "nobody is on its lists or in its segments; `frontier contact import \
                           FILE --list NAME` fills a list";
            return Err(CampaignError::NotReady {
                name: campaign.name,
                problem: problem.to_owned(),
            });
        }
        self.composer(campaign.id, plan.clone(), self.publishing.signer()).await?;
        let lists: Vec<_> = campaign.target_audience.lists.iter().map(|list| list.id).collect();
        let run = self.publishing.begin_run(&mut tx, campaign.id, &plan, &lists).await?;
        let job = RunCampaign { campaign: campaign.id, run: run.id };
        self.queue.push(&mut tx, &job, campaign.id).await?;
        let campaign =
            self.become_in(&mut tx, campaign, Status::Active, "campaign.started").await?;
        tx.commit().await?;
        Ok((campaign, run))
    }

    /// Holds an active campaign; mails in hand still end, no other one leaves.
    pub async fn pause(&self, reference: &str) -> Result<Campaign, CampaignError> {
        let mut tx = self.db.begin().await?;
        let campaign = self.campaign_in(&mut tx, reference).await?;
        campaign.may_become(Status::Paused)?;
        self.move_last_run(&mut tx, &campaign, RunStatus::Active, RunStatus::Paused).await?;
        let campaign = self.become_in(&mut tx, campaign, Status::Paused, "campaign.paused").await?;
        tx.commit().await?;
        Ok(campaign)
    }

    /// Lets a paused campaign go on. An active one, whose worker may have died, is left as it is
    /// when its job is still there for the next worker, and gets a new one when it is not.
    pub async fn resume(&self, reference: &str) -> Result<Campaign, CampaignError> {
        let mut tx = self.db.begin().await?;
        let campaign = self.campaign_in(&mut tx, reference).await?;
        if campaign.status == Status::Active {
            if !self.queue.has::<RunCampaign>(&mut tx, campaign.id).await? {
                let run = self.last_run(&mut tx, &campaign).await?;
                let job = RunCampaign { campaign: campaign.id, run: run.id };
                self.queue.push(&mut tx, &job, campaign.id).await?;
                tx.commit().await?;
            }
            return Ok(campaign);
        }
        campaign.may_become(Status::Active)?;
        if campaign.status.is_editable() {
            return Err(CampaignError::NoRun(campaign.name));
        }
        let from = match campaign.status {
            Status::Failed => RunStatus::Failed,
            _ => RunStatus::Paused,
        };
        let run = self.move_last_run(&mut tx, &campaign, from, RunStatus::Active).await?;
        self.publishing.note_trouble(&mut tx, run.id, None).await?;
        if let Some(channel) = &campaign.channel {
            // What held it up may have been the channel, and be mended now.
            let channel = self.publishing.channel_in(&mut tx, &channel.name).await?;
            let transport = channel.settings.transport;
            self.publishing.reroute_in(&mut tx, run.id, transport).await?;
        }
        let job = RunCampaign { campaign: campaign.id, run: run.id };
        self.queue.push(&mut tx, &job, campaign.id).await?;
        let campaign =
            self.become_in(&mut tx, campaign, Status::Active, "campaign.resumed").await?;
        tx.commit().await?;
        Ok(campaign)
    }

    /// Ends a campaign; what has not left stays unsent.
    pub async fn cancel(&self, reference: &str) -> Result<Campaign, CampaignError> {
        let mut tx = self.db.begin().await?;
        let campaign = self.campaign_in(&mut tx, reference).await?;
        campaign.may_become(Status::Cancelled)?;
        let from = match campaign.status {
            Status::Active => Some(RunStatus::Active),
            Status::Paused => Some(RunStatus::Paused),
            _ => None,
        };
        if let Some(from) = from {
            self.move_last_run(&mut tx, &campaign, from, RunStatus::Cancelled).await?;
        }
        let campaign =
            self.become_in(&mut tx, campaign, Status::Cancelled, "campaign.cancelled").await?;
        tx.commit().await?;
        Ok(campaign)
    }

    /// Puts a campaign that has ended, or never began, out of sight.
    pub async fn archive(&self, reference: &str) -> Result<Campaign, CampaignError> {
        let mut tx = self.db.begin().await?;
        let campaign = self.campaign_in(&mut tx, reference).await?;
        campaign.may_become(Status::Archived)?;
        let campaign =
            self.become_in(&mut tx, campaign, Status::Archived, "campaign.archived").await?;
        tx.commit().await?;
        Ok(campaign)
    }

    /// Changes the status of `campaign` and remembers that as `event`.
    pub(super) async fn become_in(
        &self,
        tx: &mut Tx,
        campaign: Campaign,
        status: Status,
        event: &'static str,
    ) -> Result<Campaign, CampaignError> {
        let now = self.clock.now();
        if !store::set_status(tx, &campaign, status, now).await? {
            return Err(CampaignError::Outdated { name: campaign.name, found: campaign.version });
        }
        self.outbox.push(tx, Event::about(event, campaign.id, &campaign.name)).await?;
        Ok(Campaign { status, version: campaign.version + 1, updated_at: now, ..campaign })
    }

    async fn move_last_run(
        &self,
        tx: &mut Tx,
        campaign: &Campaign,
        from: RunStatus,
        to: RunStatus,
    ) -> Result<Run, CampaignError> {
        let run = self.last_run(tx, campaign).await?;
        self.publishing.move_run(tx, run.id, from, to).await?;
        Ok(run)
    }

    async fn last_run(&self, tx: &mut Tx, campaign: &Campaign) -> Result<Run, CampaignError> {
        let run = self.publishing.runs_in(tx, campaign.id).await?.pop();
        run.ok_or_else(|| CampaignError::NoRun(campaign.name.clone()))
    }
}
