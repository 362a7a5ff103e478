//! The use-cases of schedules: making, looking, holding, ending.

use chrono::NaiveDate;

use super::draft::{BadSchedule, ScheduleDraft};
use super::model::{Firing, Plan, Schedule, ScheduleState};
use super::store;
use crate::core::campaigns::service::Campaigns;
use crate::core::campaigns::{Campaign, CampaignError, Named, Status};
use crate::core::events::Event;
use crate::core::kernel::{Page, PageRequest, Timestamp};
use crate::storage::sql::{self, DbError, Found, Tx};

/// Times that are told in advance at the most.
const MOST_TOLD: usize = 1000;

impl Campaigns {
    /// Lets a campaign start by itself, in place of the schedule it had.
    ///
    /// A draft becomes scheduled; it is checked as if it were started now, but that its lists may
    /// still be empty. It may be edited until it starts, and what leaves is what it is then.
    ///
    /// # Errors
    /// [`CampaignError::Schedule`], [`CampaignError::NotEditable`], [`CampaignError::NotReady`],
    /// [`CampaignError::ScheduleNameTaken`].
    pub async fn schedule(
        &self,
        reference: &str,
        draft: ScheduleDraft,
    ) -> Result<Schedule, CampaignError> {
        let mut tx = self.db.begin().await?;
        let campaign = self.campaign_in(&mut tx, reference).await?;
        if campaign.status.is_editable() {
            let plan = self.plan(&mut tx, &campaign).await?;
            self.composer(campaign.id, plan, self.publishing.signer()).await?;
        }
        let schedule = self.schedule_in(&mut tx, reference, draft).await?;
        tx.commit().await?;
        Ok(schedule)
    }

    /// As [`Campaigns::schedule`], as part of a larger change; whether the campaign could be sent is
    /// not looked at.
    pub async fn schedule_in(
        &self,
        tx: &mut Tx,
        reference: &str,
        draft: ScheduleDraft,
    ) -> Result<Schedule, CampaignError> {
        let campaign = self.campaign_in(tx, reference).await?;
        let old = store::of_campaign(tx, campaign.id).await?;
        let now = self.clock.now();
        let draft = draft.dated(now);
        let plan = draft.check(campaign.timezone.as_deref())?;
        let next = plan.begin(now, campaign.end_date)?;
        let name = draft.name.unwrap_or_else(|| match &old {
            Some(old) => old.name.clone(),
            None => campaign.name.clone(),
        });
        let schedule = Schedule {
            id: self.clock.new_id(),
            name,
            campaign: Named { id: campaign.id, name: campaign.name.clone() },
            plan,
            labels: draft.labels,
            state: ScheduleState::Waiting,
            next_at: Some(next),
            created_at: now,
            updated_at: now,
        };
        may_be_scheduled(&campaign, old.as_ref(), &schedule.plan)?;
        if let Some(old) = old {
            store::delete(tx, old.id).await?;
        }
        store::insert(tx, &schedule).await.map_err(|error| match error {
            DbError::Conflict { .. } => CampaignError::ScheduleNameTaken(schedule.name.clone()),
            other => other.into(),
        })?;
        if campaign.status == Status::Draft {
            self.become_in(tx, campaign, Status::Scheduled, "campaign.scheduled").await?;
        } else {
            let event = Event::about("campaign.rescheduled", campaign.id, &campaign.name);
            self.outbox.push(tx, event).await?;
        }
        Ok(schedule)
    }

    /// Whether [`Campaigns::schedule_in`] would give a campaign, `None` when it does not exist yet, the
    /// schedule `name`. The campaign shall end on `end`, and its schedule of another name is not to
    /// be replaced.
    ///
    /// # Errors
    /// [`CampaignError::Schedule`], [`CampaignError::NotEditable`], [`CampaignError::HasSchedule`].
    pub async fn may_schedule_in(
        &self,
        tx: &mut Tx,
        campaign: Option<&Campaign>,
        name: &str,
        plan: &Plan,
        end: Option<NaiveDate>,
    ) -> Result<(), CampaignError> {
        plan.begin(self.clock.now(), end)?;
        let Some(campaign) = campaign else { return Ok(()) };
        let old = store::of_campaign(tx, campaign.id).await?;
        may_be_scheduled(campaign, old.as_ref(), plan)?;
        match old.filter(|old| old.name != name && old.state != ScheduleState::Ended) {
            Some(old) => {
                let name = campaign.name.clone();
                Err(CampaignError::HasSchedule { name, schedule: old.name })
            }
            None => Ok(()),
        }
    }

    /// Takes the schedule of a campaign away: one that has not started is a draft again; a run that
    /// is under way goes on, and is the last. What became of earlier times stays.
    ///
    /// # Errors
    /// [`CampaignError::NoSchedule`].
    pub async fn unschedule(&self, reference: &str) -> Result<Campaign, CampaignError> {
        let mut tx = self.db.begin().await?;
        let campaign = self.unschedule_in(&mut tx, reference).await?;
        tx.commit().await?;
        Ok(campaign)
    }

    /// As [`Campaigns::unschedule`], as part of a larger change.
    pub async fn unschedule_in(
        &self,
        tx: &mut Tx,
        reference: &str,
    ) -> Result<Campaign, CampaignError> {
        let campaign = self.campaign_in(tx, reference).await?;
        let Some(schedule) = store::of_campaign(tx, campaign.id).await? else {
            return Err(CampaignError::NoSchedule(campaign.name));
        };
        store::delete(tx, schedule.id).await?;
        let campaign = Campaign { next_start: None, ..campaign };
        if campaign.status == Status::Scheduled {
            return self.become_in(tx, campaign, Status::Draft, "campaign.unscheduled").await;
        }
        let event = Event::about("campaign.unscheduled", campaign.id, &campaign.name);
        self.outbox.push(tx, event).await?;
        Ok(campaign)
    }

    /// The schedule that `reference` points at: a schedule's name or id, or its campaign's.
    pub async fn get_schedule(&self, reference: &str) -> Result<Schedule, CampaignError> {
        self.get_schedule_in(&mut self.db.read().await?, reference).await
    }

    /// As [`Campaigns::get_schedule`], within a transaction.
    pub async fn get_schedule_in(
        &self,
        tx: &mut Tx,
        reference: &str,
    ) -> Result<Schedule, CampaignError> {
        if let Some(schedule) = self.schedule_named_in(tx, reference).await? {
            return Ok(schedule);
        }
        // Before what only starts so: a campaign that is called exactly that.
        let campaign = match self.campaign_named_in(tx, reference).await? {
            Some(campaign) => campaign,
            None => match sql::find(tx, "schedules", reference).await? {
                Found::One(id) => {
                    let missing = || CampaignError::ScheduleNotFound(reference.to_owned());
                    return store::get(tx, id).await?.ok_or_else(missing);
                }
                Found::Several(names) => {
                    return Err(CampaignError::Ambiguous { text: reference.to_owned(), names });
                }
                Found::Nothing => {
                    self.campaign_in(tx, reference).await.map_err(|error| match error {
                        CampaignError::NotFound(text) => CampaignError::ScheduleNotFound(text),
                        other => other,
                    })?
                }
            },
        };
        let schedule = store::of_campaign(tx, campaign.id).await?;
        schedule.ok_or(CampaignError::NoSchedule(campaign.name))
    }

    /// The schedule that is called exactly `name`.
    pub async fn schedule_named_in(
        &self,
        tx: &mut Tx,
        name: &str,
    ) -> Result<Option<Schedule>, CampaignError> {
        match sql::named(tx, "schedules", name).await? {
            Some(id) => Ok(store::get(tx, id).await?),
            None => Ok(None),
        }
    }

    /// The names of the schedules that something is still to come of, in their order.
    pub async fn schedule_names_in(&self, tx: &mut Tx) -> Result<Vec<String>, CampaignError> {
        Ok(store::names(tx).await?)
    }

    /// A page of schedules, oldest first.
    pub async fn schedules(&self, page: PageRequest) -> Result<Page<Schedule>, CampaignError> {
        let schedules = store::page(&mut self.db.read().await?, &page).await?;
        Ok(page.page(schedules, |schedule| schedule.id))
    }

    /// The next times of a schedule, at the most `count`; of a paused one those that would come if it
    /// went on now.
    pub async fn next_times(
        &self,
        reference: &str,
        count: usize,
    ) -> Result<(Schedule, Vec<Timestamp>), CampaignError> {
        let mut tx = self.db.read().await?;
        let schedule = self.get_schedule_in(&mut tx, reference).await?;
        let campaign = self.campaign_in(&mut tx, &schedule.campaign.id.to_string()).await?;
        let mut times = Vec::new();
        let mut next = match schedule.state {
            ScheduleState::Paused => schedule.plan.begin(self.clock.now(), campaign.end_date).ok(),
            ScheduleState::Waiting | ScheduleState::Ended => schedule.next_at,
        };
        while let Some(at) = next.filter(|_| times.len() < count.min(MOST_TOLD)) {
            times.push(at);
            next = schedule.plan.next(at, campaign.end_date);
        }
        Ok((schedule, times))
    }

    /// What became of the times of a schedule, or of a campaign that has none any more; oldest first.
    pub async fn schedule_history(
        &self,
        reference: &str,
        page: PageRequest,
    ) -> Result<Page<Firing>, CampaignError> {
        let mut tx = self.db.read().await?;
        let campaign = match self.get_schedule_in(&mut tx, reference).await {
            Ok(schedule) => schedule.campaign.id,
            Err(CampaignError::NoSchedule(_)) => self.campaign_in(&mut tx, reference).await?.id,
            Err(error) => return Err(error),
        };
        let firings = store::history(&mut tx, campaign, &page).await?;
        Ok(page.page(firings, |firing| firing.id))
    }

    /// Holds a schedule: its times pass without a run, and are not missed.
    ///
    /// # Errors
    /// [`CampaignError::ScheduleState`] unless it waits.
    pub async fn pause_schedule(&self, reference: &str) -> Result<Schedule, CampaignError> {
        let mut tx = self.db.begin().await?;
        let schedule = self.pause_schedule_in(&mut tx, reference).await?;
        tx.commit().await?;
        Ok(schedule)
    }

    /// As [`Campaigns::pause_schedule`], as part of a larger change.
    pub async fn pause_schedule_in(
        &self,
        tx: &mut Tx,
        reference: &str,
    ) -> Result<Schedule, CampaignError> {
        let schedule = self.get_schedule_in(tx, reference).await?;
        self.turn(tx, schedule, ScheduleState::Waiting, ScheduleState::Paused, None).await
    }

    /// Lets a paused schedule go on with its next time from now on; a single date that has passed
    /// meanwhile goes by what was said of it.
    ///
    /// # Errors
    /// [`CampaignError::ScheduleState`] unless it is paused.
    pub async fn resume_schedule(&self, reference: &str) -> Result<Schedule, CampaignError> {
        let mut tx = self.db.begin().await?;
        let schedule = self.resume_schedule_in(&mut tx, reference).await?;
        tx.commit().await?;
        Ok(schedule)
    }

    /// As [`Campaigns::resume_schedule`], as part of a larger change.
    pub(in crate::core::campaigns) async fn resume_schedule_in(
        &self,
        tx: &mut Tx,
        reference: &str,
    ) -> Result<Schedule, CampaignError> {
        let schedule = self.get_schedule_in(tx, reference).await?;
        let campaign = self.campaign_in(tx, &schedule.campaign.id.to_string()).await?;
        let next_at = match schedule.plan.begin(self.clock.now(), campaign.end_date) {
            Err(BadSchedule::Passed(_)) => schedule.plan.first(),
            next => Some(next?),
        };
        self.turn(tx, schedule, ScheduleState::Paused, ScheduleState::Waiting, next_at).await
    }

    async fn turn(
        &self,
        tx: &mut Tx,
        schedule: Schedule,
        from: ScheduleState,
        to: ScheduleState,
        next_at: Option<Timestamp>,
    ) -> Result<Schedule, CampaignError> {
        let now = self.clock.now();
        if !store::set_state(tx, schedule.id, from, to, next_at, now).await? {
            let (name, state) = (schedule.name, schedule.state);
            return Err(CampaignError::ScheduleState { name, state, to });
        }
        let event = match to {
            ScheduleState::Paused => "schedule.paused",
            _ => "schedule.resumed",
        };
        self.outbox.push(tx, Event::about(event, schedule.id, &schedule.name)).await?;
        Ok(Schedule { state: to, next_at, updated_at: now, ..schedule })
    }
}

/// Before it has started, and while a run of a recurring campaign is under way: the times after that
/// may change.
fn may_be_scheduled(
    campaign: &Campaign,
    old: Option<&Schedule>,
    new: &Plan,
) -> Result<(), CampaignError> {
    let recurs = old.is_some_and(Schedule::is_recurring) && new.is_recurring();
    let under_way = campaign.status.is_running() || campaign.status == Status::Failed;
    if campaign.status.is_editable() || recurs && under_way {
        return Ok(());
    }
    let (name, status) = (campaign.name.clone(), campaign.status);
    Err(CampaignError::NotEditable { name, status })
}
