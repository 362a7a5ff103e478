//! What a schedule is, when it is due, and what becomes of a time that was missed: pure rules.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use chrono_tz::Tz;

use super::cron::{BadCron, Cron};
use crate::core::campaigns::{Named, Status};
use crate::core::kernel::wall::{self, BadZone};
use crate::core::kernel::{BadName, Id, Labels, Timestamp, check_name, words};

/// How late a single date fires when nothing is said: a worker that was asleep for a moment.
const GRACE: Duration = Duration::from_hours(1);
/// How late a time of a cron schedule fires when missed times are skipped.
const PUNCTUAL: Duration = Duration::from_mins(15);
/// How late the last time of a cron schedule fires when a missed time is made up for once.
const MADE_UP: Duration = Duration::from_hours(24);
/// Times that are counted when they were missed; more are "more than" that.
const COUNTED: u32 = 1000;
/// The zone whose clocks show a time first is this far before UTC, the last this far after.
const FIRST_ZONE: TimeDelta = TimeDelta::hours(14);
const LAST_ZONE: TimeDelta = TimeDelta::hours(12);

words! {
    /// What becomes of times that came while nothing ran.
    Missed {
        /// They are missed, but for the last when it is not long ago.
        Skip = "skip",
        /// The last of them is made up for, once.
        RunOnce = "run_once",
    }
}

words! {
    /// Where a schedule stands.
    ScheduleState {
        /// It fires when it is next due.
        Waiting = "waiting",
        Paused = "paused",
        /// Nothing is to come of it.
        Ended = "ended",
    }
}

words! {
    /// What became of a time of a schedule.
    Outcome {
        /// A run began.
        Fired = "fired",
        /// Nothing ran when it came, and it was too late afterwards.
        Missed = "missed",
        /// A run was still under way.
        Skipped = "skipped",
        /// The campaign could not be started.
        Failed = "failed",
    }
}

/// An instant, or a time on a wall in the schedule's zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    Instant(Timestamp),
    Local(NaiveDateTime),
}

/// When a campaign starts by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    Once(Moment),
    Cron(Cron),
    /// One run in which each contact's mail leaves when clocks where they live show this.
    ContactLocal {
        time: NaiveTime,
        on: NaiveDate,
    },
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

/// What is checked of a schedule before it has an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub rule: Rule,
    pub zone: Tz,
    pub not_after: Option<Moment>,
    pub missed: Missed,
}

/// A schedule of a campaign, which has one at the most.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    pub id: Id,
    pub name: String,
    pub campaign: Named,
    pub plan: Plan,
    pub labels: Labels,
    pub state: ScheduleState,
    /// When it is due next; a paused one too, if it went on now.
    pub next_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A time of a schedule, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Firing {
    pub id: Id,
    pub schedule_id: Id,
    pub due_at: Timestamp,
    pub outcome: Outcome,
    /// How many times this is about: more than one when several were missed in a row.
    pub times: u32,
    pub reason: Option<String>,
    pub run_id: Option<Id>,
    pub decided_at: Timestamp,
}

/// What is to be done now about a schedule that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decision {
    /// Times that were missed: the first, how many, and why.
    pub(super) missed: Option<(Timestamp, u32, String)>,
    /// The time that fires, or would if the campaign could start.
    pub(super) due: Option<Timestamp>,
    /// The time after; `None` when none comes.
    pub(super) next: Option<Timestamp>,
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
    #[error("contact_local needs its date; add on, as 2026-12-01")]
    NoDate,
    #[error("{0}")]
    NotFor(&'static str),
    #[error(
        "`{0}` is neither skip nor run_once: what becomes of times that came while nothing ran"
    )]
    Missed(String),
    #[error("not_after ({not_after}) is before the time itself ({at})")]
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
            return Err(BadSchedule::NotFor(
                "missed is for cron; not_after says until when a single date may fire",
            ));
        }
        if is_cron && not_after.is_some() {
            return Err(BadSchedule::NotFor(
                "not_after is for a single date; missed says what becomes of the times of a cron \
                 schedule, and the campaign's end_date ends it",
            ));
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
            return Err(BadSchedule::NotFor("on is the date of contact_local; `at` has its own"));
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

impl Plan {
    /// Of a single date: the instant it is due, in the first zone of all when that is each
    /// contact's own.
    pub fn first(&self) -> Option<Timestamp> {
        match &self.rule {
            Rule::Once(moment) => Some(moment.instant(self.zone)),
            Rule::ContactLocal { time, on } => Some(utc(on.and_time(*time) - FIRST_ZONE)),
            Rule::Cron(_) => None,
        }
    }

    /// Of a single date: the instant after which it does not fire any more.
    pub fn deadline(&self) -> Option<Timestamp> {
        let allowed = self.not_after.map(|moment| moment.instant(self.zone));
        let usual = match &self.rule {
            Rule::Once(moment) => moment.instant(self.zone),
            Rule::ContactLocal { time, on } => utc(on.and_time(*time) + LAST_ZONE),
            Rule::Cron(_) => return None,
        };
        Some(allowed.unwrap_or_else(|| usual.plus(GRACE)))
    }

    /// The first time after `after`, for a campaign that ends on `end`.
    pub fn next(&self, after: Timestamp, end: Option<NaiveDate>) -> Option<Timestamp> {
        match &self.rule {
            Rule::Cron(cron) => {
                let next = cron.next(after, self.zone)?;
                (!self.is_over(next, end)).then_some(next)
            }
            Rule::Once(_) | Rule::ContactLocal { .. } => self.first().filter(|at| *at > after),
        }
    }

    /// When it is due first, as of `now`.
    ///
    /// # Errors
    /// [`BadSchedule::Passed`], [`BadSchedule::Over`].
    pub fn begin(&self, now: Timestamp, end: Option<NaiveDate>) -> Result<Timestamp, BadSchedule> {
        let (shown, first) = match &self.rule {
            Rule::Cron(_) => {
                let over = BadSchedule::Over(end.unwrap_or(NaiveDate::MAX));
                return self.next(now, end).ok_or(over);
            }
            Rule::Once(moment) => (moment.instant(self.zone), moment.instant(self.zone)),
            // Where clocks are ahead it may have passed: mails for there are due at once.
            Rule::ContactLocal { time, on } => {
                (wall::instant(on.and_time(*time), self.zone), utc(on.and_time(*time) - FIRST_ZONE))
            }
        };
        if shown <= now {
            return Err(BadSchedule::Passed(self.clock(shown)));
        }
        Ok(first.max(now))
    }

    /// What to do at `now` about a schedule that has been due since `due`.
    pub(super) fn decide(
        &self,
        due: Timestamp,
        now: Timestamp,
        end: Option<NaiveDate>,
    ) -> Decision {
        let missed = |reason: &str| Decision {
            missed: Some((due, 1, reason.to_owned())),
            due: None,
            next: None,
        };
        if !matches!(self.rule, Rule::Cron(_)) {
            return if self.deadline().is_some_and(|deadline| now > deadline) {
                missed("nothing ran until it was too late")
            } else {
                Decision { missed: None, due: Some(due), next: None }
            };
        }
        if self.is_over(due, end) {
            return missed("the campaign had ended by then");
        }
        let allowed = match self.missed {
            Missed::Skip => PUNCTUAL,
            Missed::RunOnce => MADE_UP,
        };
        // The last time that is not too late; those before it were missed.
        let mut last = (now.since(due) <= allowed).then_some(due);
        let mut at = due.max(now.minus(allowed + Duration::from_millis(1)));
        while let Some(next) = self.next(at, end).filter(|next| *next <= now) {
            (last, at) = (Some(next), next);
        }
        let until = last.unwrap_or(now.plus(Duration::from_millis(1)));
        let (mut count, mut one) = (0, Some(due));
        while let Some(at) = one.filter(|at| *at < until && count < COUNTED) {
            (count, one) = (count + 1, self.next(at, end));
        }
        let reason = match count {
            1 => "nothing ran when it came".to_owned(),
            COUNTED => format!("{COUNTED} times or more came while nothing ran"),
            _ => format!("{count} times came while nothing ran"),
        };
        Decision {
            missed: (count > 0).then_some((due, count, reason)),
            due: last,
            next: self.next(now, end),
        }
    }

    fn is_over(&self, at: Timestamp, end: Option<NaiveDate>) -> bool {
        end.is_some_and(|end| wall::local(at, self.zone).date() > end)
    }

    /// `at`, a time of this schedule, for people: as clocks in its zone show it or, when it is each
    /// contact's own, as all of them do.
    pub fn words(&self, at: Timestamp) -> String {
        match &self.rule {
            Rule::ContactLocal { time, on } => {
                format!("{} {}, each contact's own time", day(*on), time.format("%H:%M"))
            }
            Rule::Once(_) | Rule::Cron(_) => self.clock(at),
        }
    }

    fn clock(&self, at: Timestamp) -> String {
        let local = wall::local(at, self.zone);
        format!("{} {} {}", day(local.date()), local.format("%H:%M"), self.zone)
    }
}

impl Outcome {
    /// The event that tells it; a run that begins has one of its own.
    pub(super) const fn event(self) -> Option<&'static str> {
        match self {
            Self::Fired => None,
            Self::Missed => Some("campaign.schedule_missed"),
            Self::Skipped => Some("campaign.schedule_skipped"),
            Self::Failed => Some("campaign.schedule_failed"),
        }
    }
}

impl Schedule {
    /// Whether it starts the campaign again after each run.
    pub fn is_recurring(&self) -> bool {
        matches!(self.plan.rule, Rule::Cron(_)) && self.state != ScheduleState::Ended
    }

    /// The schedule as a draft that would make the same again.
    pub fn draft(&self) -> ScheduleDraft {
        let mut draft = ScheduleDraft {
            name: Some(self.name.clone()),
            timezone: Some(self.plan.zone.name().to_owned()),
            not_after: self.plan.not_after.map(|moment| moment.to_string()),
            labels: self.labels.clone(),
            ..ScheduleDraft::default()
        };
        draft.set_rule(&self.plan);
        draft
    }
}

impl ScheduleDraft {
    fn set_rule(&mut self, plan: &Plan) {
        match &plan.rule {
            Rule::Once(moment) => self.at = Some(moment.to_string()),
            Rule::Cron(cron) => {
                self.cron = Some(cron.to_string());
                self.missed = Some(plan.missed.to_string());
            }
            Rule::ContactLocal { time, on } => {
                self.contact_local = Some(time.format("%H:%M").to_string());
                self.on = Some(on.to_string());
            }
        }
    }
}

/// Why a campaign of this status does not start when its schedule is due; `None`: it starts.
pub(super) fn hindrance(status: Status) -> Option<&'static str> {
    match status {
        Status::Scheduled | Status::Draft => None,
        Status::Active => Some("the run before was still under way"),
        Status::Paused => Some("the run before was paused"),
        Status::Failed => Some("the run before had failed; resume or cancel it"),
        Status::Completed | Status::Cancelled | Status::Archived => Some("the campaign had ended"),
    }
}

fn time_of_day(text: &str) -> Result<NaiveTime, BadSchedule> {
    NaiveTime::parse_from_str(text, "%H:%M").map_err(|_| BadSchedule::Time(short(text)))
}

fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

fn day(day: NaiveDate) -> impl fmt::Display {
    day.format("%a %-d %b %Y")
}

fn utc(local: NaiveDateTime) -> Timestamp {
    Timestamp::from_millis(local.and_utc().timestamp_millis())
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;
