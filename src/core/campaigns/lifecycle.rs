//! What moves a campaign from status to status: starting, pausing, resuming, cancelling.

use super::jobs::RunCampaign;
use super::model::{Campaign, CampaignError, Status};
use super::schedule::store as schedule;
use super::service::Campaigns;
use super::store;
use crate::core::events::Event;
use crate::core::kernel::Id;
use crate::core::publishing::{LocalTime, Run, RunPlan, RunStatus};
use crate::storage::sql::Tx;

impl Campaigns {
    /// Begins a run: its plan and audience are fixed now, its mails leave as workers come to it.
    ///
    /// # Errors
    /// [`CampaignError::Transition`], [`CampaignError::NotReady`], [`CampaignError::Content`].
    #[tracing::instrument(skip(self))]
    pub async fn start(&self, reference: &str) -> Result<(Campaign, Run), CampaignError> {
        self.start_confirmed(reference, None).await
    }

    /// As [`Campaigns::start`], when it goes to as many contacts as were `confirmed`.
    ///
    /// # Errors
    /// [`CampaignError::Audience`] too.
    pub async fn start_confirmed(
        &self,
        reference: &str,
        confirmed: Option<u64>,
    ) -> Result<(Campaign, Run), CampaignError> {
        let mut tx = self.db.begin().await?;
        let mut campaign = self.campaign_in(&mut tx, reference).await?;
        let schedule = schedule::of_campaign(&mut tx, campaign.id).await?;
        if schedule.is_some_and(|schedule| !schedule.is_recurring()) {
            // The date it was to start on is of no use any more.
            campaign = self.end_schedule(&mut tx, campaign).await?;
        }
        let begun = self.start_in(&mut tx, campaign, None, confirmed).await?;
        tx.commit().await?;
        Ok(begun)
    }

    /// As [`Campaigns::start_confirmed`], as part of a larger change; writes nothing unless all is well. The
    /// mails are due at once, or as `local_time` says.
    pub(super) async fn start_in(
        &self,
        tx: &mut Tx,
        campaign: Campaign,
        local_time: Option<LocalTime>,
        confirmed: Option<u64>,
    ) -> Result<(Campaign, Run), CampaignError> {
        campaign.may_become(Status::Active)?;
        if !campaign.status.is_editable() {
            let (name, from) = (campaign.name, campaign.status);
            return Err(CampaignError::Transition { name, from, to: Status::Active });
        }
        let (recipients, segments) = self.audience_in(tx, &campaign).await?;
        let plan = RunPlan { segments, local_time, ..self.plan(tx, &campaign).await? };
        if recipients == 0 {
            let problem = "nobody is on its lists or in its segments; `frontier contact import \
                           FILE --list NAME` fills a list";
            return Err(CampaignError::NotReady {
                name: campaign.name,
                problem: problem.to_owned(),
            });
        }
        if let Some(confirmed) = confirmed.filter(|confirmed| recipients != *confirmed) {
            return Err(CampaignError::Audience { name: campaign.name, recipients, confirmed });
        }
        self.composer(campaign.id, plan.clone(), self.publishing.signer()).await?;
        let lists: Vec<_> = campaign.target_audience.lists.iter().map(|list| list.id).collect();
        let run = self.publishing.begin_run(tx, campaign.id, &plan, &lists).await?;
        let job = RunCampaign { campaign: campaign.id, run: run.id };
        self.queue.push(tx, &job, campaign.id).await?;
        let campaign = self.become_in(tx, campaign, Status::Active, "campaign.started").await?;
        Ok((campaign, run))
    }

    /// Holds an active campaign: mails in hand still end, no other one leaves. Of one that waits for
    /// its time it holds the schedule.
    pub async fn pause(&self, reference: &str) -> Result<Campaign, CampaignError> {
        let mut tx = self.db.begin().await?;
        let campaign = self.campaign_in(&mut tx, reference).await?;
        if campaign.status == Status::Scheduled {
            self.pause_schedule_in(&mut tx, &campaign.id.to_string()).await?;
            tx.commit().await?;
            return Ok(Campaign { next_start: None, ..campaign });
        }
        campaign.may_become(Status::Paused)?;
        self.move_last_run(&mut tx, &campaign, RunStatus::Active, RunStatus::Paused).await?;
        let campaign = self.become_in(&mut tx, campaign, Status::Paused, "campaign.paused").await?;
        tx.commit().await?;
        Ok(campaign)
    }

    /// Lets a paused campaign, or its paused schedule, go on. An active one, whose worker may have
    /// died, is left as it is when its job is still there for the next worker, and gets a new one
    /// when it is not.
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
        if campaign.status == Status::Scheduled {
            let schedule = self.resume_schedule_in(&mut tx, &campaign.id.to_string()).await?;
            tx.commit().await?;
            return Ok(Campaign { next_start: schedule.next_at, ..campaign });
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
        let campaign = self.go_on_in(&mut tx, campaign, run.id, "campaign.resumed").await?;
        tx.commit().await?;
        Ok(campaign)
    }

    /// Lets workers go on with `run`, which is active again: nothing holds it up any more, and it
    /// leaves by its channel as that is now, which may have been mended.
    pub(super) async fn go_on_in(
        &self,
        tx: &mut Tx,
        campaign: Campaign,
        run: Id,
        event: &'static str,
    ) -> Result<Campaign, CampaignError> {
        self.publishing.note_trouble(tx, run, None).await?;
        if let Some(channel) = &campaign.channel {
            let channel = self.publishing.channel_in(tx, &channel.name).await?;
            self.publishing.reroute_in(tx, run, channel.settings).await?;
        }
        let job = RunCampaign { campaign: campaign.id, run };
        self.queue.push(tx, &job, campaign.id).await?;
        self.become_in(tx, campaign, Status::Active, event).await
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
        let campaign = self.end_schedule(&mut tx, campaign).await?;
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
        let campaign = self.end_schedule(&mut tx, campaign).await?;
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

    /// Nothing is to come of the schedule of `campaign` any more.
    async fn end_schedule(
        &self,
        tx: &mut Tx,
        campaign: Campaign,
    ) -> Result<Campaign, CampaignError> {
        schedule::end(tx, campaign.id, self.clock.now()).await?;
        Ok(Campaign { next_start: None, ..campaign })
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

    pub(super) async fn last_run(
        &self,
        tx: &mut Tx,
        campaign: &Campaign,
    ) -> Result<Run, CampaignError> {
        let run = self.publishing.last_run_in(tx, campaign.id).await?;
        run.ok_or_else(|| CampaignError::NoRun(campaign.name.clone()))
    }
}
