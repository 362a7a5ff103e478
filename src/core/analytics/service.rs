//! The use-cases: metrics from events, and the report of a campaign.

use chrono::NaiveDate;

use super::figures::{bucket_width, with_other_domains, with_other_failures};
use super::metrics::{Created, EMAIL, Metric, Resent, Settled};
use super::notes::{Facts, notes};
use super::report::{Pace, Report, ReportCampaign, ReportRun, Timeline};
use super::store;
use crate::core::campaigns::{Campaign, CampaignError, Campaigns};
use crate::core::kernel::{Clock, Timestamp};
use crate::core::publishing::{Publishing, PublishingError, Run, RunStatus};
use crate::storage::bus::BusEvent;
use crate::storage::sql::{Db, DbError, Tx};

/// Metrics that one answer holds at the most.
const MOST_METRICS: i64 = 10_000;

/// The figures of one workspace.
#[derive(Clone, Debug)]
pub struct Analytics {
    db: Db,
    clock: Clock,
    publishing: Publishing,
    campaigns: Campaigns,
}

/// What can go wrong with figures.
#[derive(Debug, thiserror::Error)]
pub enum AnalyticsError {
    #[error(transparent)]
    Campaign(#[from] CampaignError),
    #[error(transparent)]
    Publishing(#[from] PublishingError),
    /// Trying again cannot help.
    #[error("the event `{name}` was written by another version of frontier: {problem}")]
    Event { name: String, problem: serde_json::Error },
    #[error("{start} to {end} is no range of days; give the earlier one first")]
    Range { start: NaiveDate, end: NaiveDate },
    #[error("there are more than {0} metrics; ask for fewer days with start_date and end_date")]
    TooMany(i64),
    #[error("the metrics could not be read or saved")]
    Store(#[from] DbError),
}

impl Analytics {
    /// The name this area has the effect of events under.
    pub const CONSUMER: &'static str = "metrics";

    pub const fn new(db: Db, clock: Clock, publishing: Publishing, campaigns: Campaigns) -> Self {
        Self { db, clock, publishing, campaigns }
    }

    /// Gives `events` their effect on the metrics, in one transaction; each once, however often it
    /// comes. An event that counts nothing here has none.
    ///
    /// # Errors
    /// [`AnalyticsError::Event`] when the payload of one cannot be read; nothing is changed then.
    pub async fn consume(&self, events: &[BusEvent]) -> Result<(), AnalyticsError> {
        let effects = events.iter().filter_map(|event| {
            let effect = match event.name.as_str() {
                "campaign.created" => payload(event).map(Effect::Created),
                "deliveries.settled" => payload(event).map(Effect::Settled),
                "deliveries.resent" => payload(event).map(Effect::Resent),
                _ => return None,
            };
            Some(effect.map(|effect| (event, effect)))
        });
        let effects = effects.collect::<Result<Vec<_>, _>>()?;
        if effects.is_empty() {
            return Ok(());
        }
        let mut tx = self.db.begin().await?;
        for (event, effect) in effects {
            if !store::consume(&mut tx, Self::CONSUMER, event.id, self.clock.now()).await? {
                continue;
            }
            match effect {
                Effect::Created(Created { id }) => {
                    store::initialise(&mut tx, id, event.at.date(), EMAIL).await?;
                }
                Effect::Settled(settled) => {
                    let (run, date) = (settled.run_id, settled.date);
                    store::add(&mut tx, run, date, EMAIL, settled.metrics()).await?;
                }
                Effect::Resent(resent) => {
                    let (run, date) = (resent.run_id, resent.date);
                    store::add(&mut tx, run, date, EMAIL, resent.metrics()).await?;
                }
            }
        }
        Ok(tx.commit().await?)
    }

    /// The metrics of a campaign by day (UTC), type and platform, from `start` to `end`, both
    /// included.
    ///
    /// # Errors
    /// [`AnalyticsError::Range`], [`AnalyticsError::TooMany`], or there is no such campaign.
    pub async fn metrics(
        &self,
        reference: &str,
        start: Option<NaiveDate>,
        end: Option<NaiveDate>,
    ) -> Result<Vec<Metric>, AnalyticsError> {
        if let Some((start, end)) = start.zip(end).filter(|(start, end)| end < start) {
            return Err(AnalyticsError::Range { start, end });
        }
        let mut tx = self.db.read().await?;
        let campaign = self.campaigns.campaign_in(&mut tx, reference).await?;
        let metrics = store::metrics(&mut tx, campaign.id, start, end, MOST_METRICS + 1).await?;
        if i64::try_from(metrics.len()).is_ok_and(|found| found > MOST_METRICS) {
            return Err(AnalyticsError::TooMany(MOST_METRICS));
        }
        Ok(metrics)
    }

    /// The report of the campaign `reference` over all its runs, from one snapshot of the store.
    pub async fn report(&self, reference: &str) -> Result<Report, AnalyticsError> {
        let generated_at = self.clock.now();
        let mut tx = self.db.read().await?;
        let campaign = self.campaigns.campaign_in(&mut tx, reference).await?;
        let runs = self.publishing.runs_in(&mut tx, campaign.id).await?;
        let totals = store::totals(&mut tx, campaign.id).await?;
        let span = store::settled_span(&mut tx, campaign.id).await?;
        let timeline = timeline(&mut tx, &campaign, span).await?;
        let domains = store::top_domains(&mut tx, campaign.id).await?;
        let failures = store::top_failures(&mut tx, campaign.id).await?;
        let facts = Facts {
            runs: &runs,
            totals: &totals,
            next_due: store::next_due(&mut tx, campaign.id).await?,
            metered: store::metered(&mut tx, campaign.id, EMAIL).await?,
        };
        let notes = notes(&facts);
        let reported: Vec<ReportRun> = runs.iter().map(ReportRun::from).collect();
        let pace = Pace::of(&reported, totals.taken(), working_until(&runs, span, generated_at));
        Ok(Report {
            generated_at,
            workspace: store::workspace_name(&mut tx).await?,
            daily: store::daily(&mut tx, campaign.id).await?,
            campaign: campaign.into(),
            runs: reported,
            rates: totals.rates(),
            pace,
            timeline,
            domains: with_other_domains(domains, &totals),
            failures: with_other_failures(failures, &totals),
            totals,
            notes,
        })
    }
}

/// What an event does to the metrics.
enum Effect {
    Created(Created),
    Settled(Settled),
    Resent(Resent),
}

fn payload<T: serde::de::DeserializeOwned>(event: &BusEvent) -> Result<T, AnalyticsError> {
    serde_json::from_value(event.payload.clone())
        .map_err(|problem| AnalyticsError::Event { name: event.name.clone(), problem })
}

async fn timeline(
    tx: &mut Tx,
    campaign: &Campaign,
    span: Option<(Timestamp, Timestamp)>,
) -> Result<Timeline, DbError> {
    let Some((first, last)) = span else { return Ok(Timeline::of(1, &[])) };
    let width = bucket_width(last.since(first));
    Ok(Timeline::of(width, &store::timeline(tx, campaign.id, width).await?))
}

/// Until when a run that has not finished has worked: one that is held up, until it last got
/// something settled.
fn working_until(runs: &[Run], span: Option<(Timestamp, Timestamp)>, now: Timestamp) -> Timestamp {
    match (runs.last().map(|run| run.status), span) {
        (Some(RunStatus::Active), _) | (_, None) => now,
        (_, Some((_, last))) => last,
    }
}

impl From<&Run> for ReportRun {
    fn from(run: &Run) -> Self {
        Self {
            id: run.id,
            status: run.status.to_string(),
            started_at: Some(run.started_at),
            finished_at: run.finished_at,
            channel: run.channel.name.clone(),
            channel_kind: run.channel.settings.kind().to_owned(),
        }
    }
}

fn label((key, value): (&String, &String)) -> String {
    if value.is_empty() { key.clone() } else { format!("{key}={value}") }
}

impl From<Campaign> for ReportCampaign {
    fn from(campaign: Campaign) -> Self {
        Self {
            id: campaign.id,
            name: campaign.name,
            kind: campaign.kind.to_string(),
            status: campaign.status.to_string(),
            labels: campaign.labels.iter().map(label).collect(),
            start_date: campaign.start_date,
            end_date: campaign.end_date,
            timezone: campaign.timezone.unwrap_or_else(|| "UTC".to_owned()),
            budget: campaign.budget.map(Into::into),
            spent: (campaign.budget.is_some() || campaign.spent.minor != 0)
                .then(|| campaign.spent.into()),
        }
    }
}
