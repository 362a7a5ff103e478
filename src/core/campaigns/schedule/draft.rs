//! What is written of a schedule, and what of that makes no sense: pure rules.

use std::fmt;
use std::str::FromStr;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use chrono_tz::Tz;

use super::cron::BadCron;
use super::model::{FIRST_ZONE, Missed, Plan, Rule, utc};
use crate::core::kernel::wall::{self, BadZone};
use crate::core::kernel::{BadName, Labels, Timestamp, check_name};

/// An instant, or a time on a wall in the schedule's zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    Instant(Timestamp),
    Local(NaiveDateTime),
}

/// A schedule to be. `timezone` falls back on the campaign's, and that on UTC.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScheduleDraft {
    /// The campaign's name unless it is given.
    pub name: Option<String>,
    pub at: Option<String>,
    pub cron: Option<String>,
    pub contact_local: Option<String>,
    pub on: Option<String>,
    pub timezone: Option<String>,
    pub not_after: Option<String>,
    pub missed: Option<String>,
    pub labels: Labels,
}

/// Why a schedule cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSchedule {
    #[error("say when: one of at, cron, or contact_local with its date")]
    NoRule,
    #[error("{0} and {1} do not go together; give one of at, cron and contact_local")]
    TwoRules(&'static str, &'static str),
    #[error(
        "`{0}` is no time; write it as 2026-12-01T09:00, or with an offset as 2026-12-01T09:00+01:00"
    )]
    Moment(String),
    #[error("`{0}` is no time of day; write it as 09:00")]
    Time(String),
    #[error("`{0}` is no date; write it as 2026-12-01")]
    Date(String),
    #[error(
        "contact_local needs its date; say on which day, as in `on: 2026-12-01` or `--on 2026-12-01`"
    )]
    NoDate,
    /// `key` does not go with the rule.
    #[error("{key} {why}")]
    NotFor { key: &'static str, why: &'static str },
    #[error(
        "`{0}` is neither skip nor run_once: what becomes of times that came while nothing ran"
    )]
    Missed(String),
    #[error("not_after ({not_after}) is before the time itself ({at}); move it later")]
    NeverAllowed { not_after: Timestamp, at: Timestamp },
    #[error("{0} has passed; choose a time to come, or `frontier campaign start` it now")]
    Passed(String),
    #[error("none of its times comes before the campaign ends, on {0}; move its end_date")]
    Over(NaiveDate),
    #[error(transparent)]
    Cron(#[from] BadCron),
    #[error(transparent)]
    Zone(#[from] BadZone),
    #[error(transparent)]
    Name(#[from] BadName),
}

impl FromStr for Moment {
    type Err = BadSchedule;

    fn from_str(text: &str) -> Result<Self, BadSchedule> {
        if let Ok(at) = text.parse() {
            return Ok(Self::Instant(at));
        }
        let formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"];
        let parsed = |format| NaiveDateTime::parse_from_str(text, format).ok();
        if let Some(local) = formats.into_iter().find_map(parsed) {
            return Ok(Self::Local(local));
        }
        // With an offset, and to the minute.
        chrono::DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M%:z")
            .map(|at| Self::Instant(Timestamp::from_millis(at.timestamp_millis())))
            .map_err(|_| BadSchedule::Moment(short(text)))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instant(at) => at.fmt(f),
            Self::Local(local) => local.format("%Y-%m-%dT%H:%M:%S").fmt(f),
        }
    }
}

impl Moment {
    pub fn instant(self, zone: Tz) -> Timestamp {
        match self {
            Self::Instant(at) => at,
            Self::Local(local) => wall::instant(local, zone),
        }
    }
}

impl ScheduleDraft {
    /// Checks all that needs nothing but the draft and the campaign's own zone.
    pub fn check(&self, campaign_zone: Option<&str>) -> Result<Plan, BadSchedule> {
        if let Some(name) = &self.name {
            check_name(name)?;
        }
        let zone = self.timezone.as_deref().or(campaign_zone);
        let zone = zone.map_or(Ok(Tz::UTC), wall::zone)?;
        let rule = self.rule()?;
        let not_after = self.not_after.as_deref().map(str::parse::<Moment>).transpose()?;
        let missed = match self.missed.as_deref() {
            Some(word) => word.parse().map_err(|_| BadSchedule::Missed(short(word)))?,
            None => Missed::Skip,
        };
        let is_cron = matches!(rule, Rule::Cron(_));
        if !is_cron && self.missed.is_some() {
            return Err(BadSchedule::NotFor {
                key: "missed",
                why: "is for cron; not_after says until when a single date may fire",
            });
        }
        if is_cron && not_after.is_some() {
            return Err(BadSchedule::NotFor {
                key: "not_after",
                why: "is for a single date; missed says what becomes of the times of a cron \
                      schedule, and the campaign's end_date ends it",
            });
        }
        let plan = Plan { rule, zone, not_after, missed };
        if let (Some(moment), Some(at)) = (not_after, plan.first()) {
            let not_after = moment.instant(zone);
            if not_after < at {
                return Err(BadSchedule::NeverAllowed { not_after, at });
            }
        }
        Ok(plan)
    }

    /// Fills in the date of `contact_local` when none is given: the first on which the time is still
    /// to come everywhere.
    pub(super) fn dated(mut self, now: Timestamp) -> Self {
        let time = self.contact_local.as_deref().and_then(|time| time_of_day(time).ok());
        if let (Some(time), None) = (time, &self.on) {
            let first = (now.to_datetime().naive_utc() + FIRST_ZONE).date();
            let mut days = first.iter_days();
            let on = days.find(|day| utc(day.and_time(time) - FIRST_ZONE) > now);
            self.on = on.map(|on| on.to_string());
        }
        self
    }

    fn rule(&self) -> Result<Rule, BadSchedule> {
        let given = [
            ("at", self.at.is_some()),
            ("cron", self.cron.is_some()),
            ("contact_local", self.contact_local.is_some()),
        ];
        let mut given = given.iter().filter(|(_, given)| *given).map(|(name, _)| *name);
        if let (Some(one), Some(other)) = (given.next(), given.next()) {
            return Err(BadSchedule::TwoRules(one, other));
        }
        if self.on.is_some() && self.contact_local.is_none() {
            return Err(BadSchedule::NotFor {
                key: "on",
                why: "is the date of contact_local; `at` has its own",
            });
        }
        match (&self.at, &self.cron, &self.contact_local) {
            (Some(at), ..) => Ok(Rule::Once(at.parse()?)),
            (_, Some(cron), _) => Ok(Rule::Cron(cron.parse()?)),
            (.., Some(time)) => {
                let day = self.on.as_deref().ok_or(BadSchedule::NoDate)?;
                Ok(Rule::ContactLocal {
                    time: time_of_day(time)?,
                    on: day.parse().map_err(|_| BadSchedule::Date(short(day)))?,
                })
            }
            _ => Err(BadSchedule::NoRule),
        }
    }
}

/// A time as clocks show it: `09:00`.
///
/// # Errors
/// [`BadSchedule::Time`].
pub fn time_of_day(text: &str) -> Result<NaiveTime, BadSchedule> {
    let time = NaiveTime::parse_from_str(text, "%H:%M").ok().filter(|_| text.len() == 5);
    time.ok_or_else(|| BadSchedule::Time(short(text)))
}

fn short(text: &str) -> String {
    text.chars().take(40).collect()
}
