//! What a schedule is, when it is due, and what becomes of a time that was missed: pure rules.

use std::fmt;
use std::time::Duration;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use chrono_tz::Tz;

use super::cron::Cron;
use super::draft::{BadSchedule, Moment, ScheduleDraft};
use crate::core::campaigns::{Named, Status};
use crate::core::kernel::wall;
use crate::core::kernel::{Id, Labels, Timestamp, words};

/// How late a single date fires when nothing is said: a worker that was asleep for a moment.
const GRACE: Duration = Duration::from_hours(1);
/// How late a time of a cron schedule fires when missed times are skipped.
const PUNCTUAL: Duration = Duration::from_mins(15);
/// How late the last time of a cron schedule fires when a missed time is made up for once.
const MADE_UP: Duration = Duration::from_hours(24);
/// Times that are counted when they were missed; more are "more than" that.
const COUNTED: u32 = 1000;
/// The zone whose clocks show a time first is this far before UTC, the last this far after.
pub(super) const FIRST_ZONE: TimeDelta = TimeDelta::hours(14);
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
    /// When it is due next, while it waits.
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

impl Plan {
    pub const fn is_recurring(&self) -> bool {
        matches!(self.rule, Rule::Cron(_))
    }

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

    /// The plan as a draft, without name and labels, that would make the same again.
    pub fn draft(&self) -> ScheduleDraft {
        let mut draft = ScheduleDraft {
            timezone: Some(self.zone.name().to_owned()),
            not_after: self.not_after.map(|moment| moment.to_string()),
            ..ScheduleDraft::default()
        };
        match &self.rule {
            Rule::Once(moment) => draft.at = Some(moment.to_string()),
            Rule::Cron(cron) => {
                draft.cron = Some(cron.to_string());
                draft.missed = Some(self.missed.to_string());
            }
            Rule::ContactLocal { time, on } => {
                draft.contact_local = Some(time.format("%H:%M").to_string());
                draft.on = Some(on.to_string());
            }
        }
        draft
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
        self.plan.is_recurring() && self.state != ScheduleState::Ended
    }

    /// The schedule as a draft that would make the same again.
    pub fn draft(&self) -> ScheduleDraft {
        let (name, labels) = (Some(self.name.clone()), self.labels.clone());
        ScheduleDraft { name, labels, ..self.plan.draft() }
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

fn day(day: NaiveDate) -> impl fmt::Display {
    day.format("%a %-d %b %Y")
}

pub(super) fn utc(local: NaiveDateTime) -> Timestamp {
    Timestamp::from_millis(local.and_utc().timestamp_millis())
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;
