//! What happens when a schedule is due: once, whoever comes first, and whatever ends in between.

use super::model::{Firing, Outcome, Plan, Rule, Schedule, hindrance};
use super::store;
use crate::core::campaigns::service::Campaigns;
use crate::core::campaigns::store as campaigns;
use crate::core::campaigns::{Campaign, CampaignError, Status};
use crate::core::contacts::ContactError;
use crate::core::content::TemplateError;
use crate::core::events::Event;
use crate::core::kernel::{Id, Timestamp};
use crate::core::publishing::{LocalTime, PublishingError};
use crate::storage::sql::Tx;

/// What a look at the schedules did.
#[derive(Clone, Debug, Default)]
pub struct Fired {
    /// What became of times, with the name of the campaign.
    pub firings: Vec<(String, Firing)>,
    /// When the next schedule is due, as far as this look could see.
    pub next_at: Option<Timestamp>,
}

impl Campaigns {
    /// Decides about every schedule that is due, each in a transaction of its own, in which its run
    /// begins.
    ///
    /// # Errors
    /// The store's. A campaign that cannot be started is no error: that is noted in its history. One
    /// schedule that fails does not hold up the others.
    pub async fn fire_due(&self) -> Result<Fired, CampaignError> {
        let (due, next_at) = store::due(&mut self.db.read().await?, self.clock.now()).await?;
        let mut fired = Fired { firings: Vec::new(), next_at };
        let mut failure = None;
        for schedule in due {
            match self.fire(schedule).await {
                Ok(firings) => fired.firings.extend(firings),
                Err(error) => failure = Some(error),
            }
        }
        match failure {
            Some(error) if fired.firings.is_empty() => Err(error),
            Some(error) => {
                tracing::warn!(%error, "a schedule waits for the next look");
                Ok(fired)
            }
            None => Ok(fired),
        }
    }

    /// Decides about one schedule; does nothing when somebody else was faster.
    async fn fire(&self, id: Id) -> Result<Vec<(String, Firing)>, CampaignError> {
        let mut tx = self.db.begin().await?;
        let now = self.clock.now();
        let Some(schedule) = store::get(&mut tx, id).await? else { return Ok(Vec::new()) };
        let Some(due) = schedule.next_at.filter(|due| *due <= now) else { return Ok(Vec::new()) };
        let Some(campaign) = campaigns::get(&mut tx, schedule.campaign.id).await? else {
            return Ok(Vec::new());
        };
        let decision = schedule.plan.decide(due, now, campaign.end_date);
        if !store::advance(&mut tx, id, due, decision.next, now).await? {
            return Ok(Vec::new());
        }
        let firing = |due_at, outcome, times, reason, run_id| Firing {
            id: self.clock.new_id(),
            schedule_id: id,
            due_at,
            outcome,
            times,
            reason,
            run_id,
            decided_at: now,
        };
        let (name, campaign_id) = (campaign.name.clone(), campaign.id);
        let mut firings = Vec::new();
        if let Some((due, times, reason)) = decision.missed {
            firings.push(firing(due, Outcome::Missed, times, Some(reason), None));
        }
        let mut is_running = false;
        if let Some(due) = decision.due {
            let began = self.begin(&mut tx, &schedule, campaign.clone()).await?;
            is_running = began.is_ok();
            firings.push(match began {
                Ok(run) => firing(due, Outcome::Fired, 1, None, Some(run)),
                Err((outcome, reason)) => firing(due, outcome, 1, Some(reason), None),
            });
        }
        if decision.next.is_none() && !is_running {
            self.lay_aside(&mut tx, campaign).await?;
        }
        store::note(&mut tx, campaign_id, &firings).await?;
        for firing in &firings {
            if let Some(event) = firing.outcome.event() {
                self.outbox.push(&mut tx, Event::about(event, campaign_id, &name)).await?;
            }
        }
        tx.commit().await?;
        Ok(firings.into_iter().map(|firing| (name.clone(), firing)).collect())
    }

    /// Begins a run of `campaign`, or says what became of the time and why; writes nothing then.
    async fn begin(
        &self,
        tx: &mut Tx,
        schedule: &Schedule,
        campaign: Campaign,
    ) -> Result<Result<Id, (Outcome, String)>, CampaignError> {
        if let Some(reason) = hindrance(campaign.status) {
            return Ok(Err((Outcome::Skipped, reason.to_owned())));
        }
        match self.start_in(tx, campaign, local_time(schedule), None).await {
            Ok((_, run)) => Ok(Ok(run.id)),
            Err(error) if is_of_the_store(&error) => Err(error),
            Err(error) => Ok(Err((Outcome::Failed, error.to_string()))),
        }
    }

    /// Makes a scheduled campaign that no time is left for a draft again.
    async fn lay_aside(&self, tx: &mut Tx, campaign: Campaign) -> Result<(), CampaignError> {
        if campaign.status == Status::Scheduled {
            self.become_in(tx, campaign, Status::Draft, "campaign.schedule_ended").await?;
        }
        Ok(())
    }
}

/// When the mails of a run are due that this schedule begins; `None`: at once.
fn local_time(schedule: &Schedule) -> Option<LocalTime> {
    let Plan { rule: Rule::ContactLocal { time, on }, zone, not_after, .. } = schedule.plan else {
        return None;
    };
    Some(LocalTime {
        at: on.and_time(time),
        zone,
        not_before: schedule.created_at,
        not_after: not_after.map(|moment| moment.instant(zone)),
    })
}

/// Whether trying again may help: nothing is wrong with the campaign.
fn is_of_the_store(error: &CampaignError) -> bool {
    matches!(
        error,
        CampaignError::Store(_)
            | CampaignError::Outdated { .. }
            | CampaignError::Contact(ContactError::Store(_))
            | CampaignError::Template(TemplateError::Store(_))
            | CampaignError::Publishing(PublishingError::Store(_))
    )
}
