//! Cron expressions: minute, hour, day of the month, month, day of the week.
//!
//! They mean what Vixie's cron means: 0 and 7 are Sunday, names of months and days may be written,
//! and when both the day of the month and the day of the week are restricted (neither begins with
//! `*`), a day that is either will do. Seconds are not taken: a campaign is no matter of seconds.
//!
//! **When clocks change**, a schedule goes by the wall clock: a time that is never shown fires at the
//! first instant after the gap, once however many of its times the gap swallowed, and a time that is
//! shown twice fires the first time only. A schedule of *every* hour (`*/15 * * * *`, `0 * * * *`)
//! goes by real time instead as long as its minutes look the same after the change, which they
//! always do when the clocks move by whole hours: a gap brings nothing to catch up with, and both
//! passes of a repeated hour fire.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike as _, Days, NaiveDate, NaiveDateTime, TimeDelta, Timelike as _};
use chrono_tz::Tz;

use super::cron_text;
use crate::core::kernel::Timestamp;
use crate::core::kernel::wall::{self, Shown};

pub use super::cron_text::BadCron;

/// More than clocks are ever put back by.
const MOST_PUT_BACK: TimeDelta = TimeDelta::hours(4);
/// The Gregorian calendar begins again after this many days.
const CALENDAR: u64 = 146_097;

/// A checked expression, which fires again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    text: String,
    minutes: Set,
    hours: Set,
    days: Set,
    months: Set,
    weekdays: Set,
}

/// What one field allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Set {
    /// Bit n for the value n.
    pub(super) bits: u64,
    /// Whether it begins with `*`, so that it restricts nothing by itself.
    pub(super) is_star: bool,
}

impl Set {
    const fn has(self, value: u32) -> bool {
        self.bits >> value & 1 == 1
    }
}

impl FromStr for Cron {
    type Err = BadCron;

    fn from_str(text: &str) -> Result<Self, BadCron> {
        let [minutes, hours, days, months, mut weekdays] = cron_text::fields(text)?;
        weekdays.bits |= weekdays.bits >> 7; // 7 is Sunday, as 0 is
        let cron = Self { text: text.trim().to_owned(), minutes, hours, days, months, weekdays };
        let start = NaiveDate::from_ymd_opt(2000, 1, 1).unwrap_or_default();
        let mut calendar = (0..CALENDAR).filter_map(|day| start.checked_add_days(Days::new(day)));
        if calendar.any(|day| cron.on(day)) { Ok(cron) } else { Err(cron_text::never(text)) }
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Cron {
    /// The first time after `after` in `zone`; `None` only beyond the calendar.
    pub fn next(&self, after: Timestamp, zone: Tz) -> Option<Timestamp> {
        // Only around a change of clocks does an earlier time on the wall come after a later one.
        let mut start = wall::local(after, zone);
        if !wall::is_steady(after, MOST_PUT_BACK, zone) {
            start = start.checked_sub_signed(MOST_PUT_BACK)?;
        }
        let mut best: Option<Timestamp> = None;
        let mut enough: Option<NaiveDateTime> = None;
        let mut local = self.shown_from(start)?;
        loop {
            if enough.is_some_and(|enough| local > enough) {
                return best;
            }
            for at in self.instants(local, zone).into_iter().flatten() {
                if at > after && best.is_none_or(|best| at < best) {
                    best = Some(at);
                    enough = enough.or_else(|| local.checked_add_signed(MOST_PUT_BACK));
                }
            }
            if best.is_some_and(|best| wall::is_steady(best, MOST_PUT_BACK, zone)) {
                return best;
            }
            match self.shown_from(local.checked_add_signed(TimeDelta::minutes(1))?) {
                Some(next) => local = next,
                None => return best,
            }
        }
    }

    /// When `local`, a time of this expression, comes in `zone`.
    fn instants(&self, local: NaiveDateTime, zone: Tz) -> [Option<Timestamp>; 2] {
        match wall::shown(local, zone) {
            Shown::Once(at) => [Some(at), None],
            Shown::Twice { first, second, by } => {
                [Some(first), self.goes_by_real_time(by).then_some(second)]
            }
            Shown::Never { after, by } => [(!self.goes_by_real_time(by)).then_some(after), None],
        }
    }

    /// Whether it is one of every hour whose minutes look the same when clocks move `by`.
    fn goes_by_real_time(&self, by: TimeDelta) -> bool {
        let every_hour = (1_u64 << 24) - 1;
        let hour = (1_u64 << 60) - 1;
        let turn = by.num_minutes().rem_euclid(60);
        let turned = (self.minutes.bits << turn | self.minutes.bits >> (60 - turn)) & hour;
        self.hours.bits == every_hour && turned == self.minutes.bits
    }

    /// Whether it has times on `day`.
    fn on(&self, day: NaiveDate) -> bool {
        let date = self.days.has(day.day());
        let weekday = self.weekdays.has(day.weekday().num_days_from_sunday());
        let either = !self.days.is_star && !self.weekdays.is_star;
        self.months.has(day.month()) && if either { date || weekday } else { date && weekday }
    }

    /// The first of its times on a wall at or after `from`, to the minute.
    fn shown_from(&self, from: NaiveDateTime) -> Option<NaiveDateTime> {
        let from = if from.second() == 0 && from.nanosecond() == 0 {
            from
        } else {
            from.with_second(0)?.with_nanosecond(0)?.checked_add_signed(TimeDelta::minutes(1))?
        };
        let (mut day, mut hour, mut minute) = (from.date(), from.hour(), from.minute());
        for _ in 0..=CALENDAR {
            if self.on(day) {
                while hour < 24 {
                    if self.hours.has(hour)
                        && let Some(minute) = (minute..60).find(|minute| self.minutes.has(*minute))
                    {
                        return day.and_hms_opt(hour, minute, 0);
                    }
                    (hour, minute) = (hour + 1, 0);
                }
            }
            (day, hour, minute) = (day.succ_opt()?, 0, 0);
        }
        None
    }
}

#[cfg(test)]
#[path = "cron_tests.rs"]
mod tests;
