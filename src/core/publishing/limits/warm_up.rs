//! Warm-up: the cap of each day.

use chrono::{Days, NaiveDate, NaiveTime};
use chrono_tz::Tz;

use super::model::WarmUp;
use crate::core::kernel::{Timestamp, wall};

/// Where a warm-up stands at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Today {
    pub(super) date: NaiveDate,
    /// Mails that may leave on it.
    pub(super) cap: u32,
    /// When the next day begins.
    pub(super) ends: Timestamp,
}

impl WarmUp {
    /// The day that `now` is in. Before the first, that one's cap holds.
    pub(super) fn today(&self, now: Timestamp) -> Today {
        let zone = self.timezone.unwrap_or(Tz::UTC);
        let date = wall::local(now, zone).date();
        let next = date.checked_add_days(Days::new(1)).unwrap_or(date);
        let ends = wall::instant(next.and_time(NaiveTime::MIN), zone);
        Today { date, cap: self.cap(date), ends }
    }

    fn cap(&self, date: NaiveDate) -> u32 {
        let mut cap = u64::from(self.first_day);
        for _ in 0..(date - self.starts).num_days() {
            // At least one more: a small first day grows too.
            let more = cap * u64::from(self.daily_growth) / 100;
            cap += more.max(u64::from(self.daily_growth > 0));
            if more == 0 && self.daily_growth == 0 {
                break;
            }
            if cap >= u64::from(u32::MAX) {
                return u32::MAX;
            }
        }
        u32::try_from(cap).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn each_day_takes_more_than_the_one_before() {
        let warm_up = WarmUp {
            starts: "2026-12-01".parse().unwrap(),
            first_day: 200,
            daily_growth: 50,
            timezone: Some(Tz::Europe__Madrid),
        };
        let cap = |text: &str| warm_up.today(at(text)).cap;
        assert_eq!(cap("2026-11-01T12:00:00Z"), 200, "before it starts it is the first day");
        assert_eq!(cap("2026-12-01T22:59:59Z"), 200);
        assert_eq!(cap("2026-12-01T23:00:00Z"), 300, "midnight in Madrid");
        assert_eq!(cap("2026-12-03T12:00:00Z"), 450);
        assert_eq!(cap("2029-12-03T12:00:00Z"), u32::MAX);
        let today = warm_up.today(at("2026-12-01T12:00:00Z"));
        assert_eq!(today.ends, at("2026-12-01T23:00:00Z"));
        let steady = WarmUp { daily_growth: 0, ..warm_up };
        assert_eq!(steady.today(at("2029-12-03T12:00:00Z")).cap, 200);
        let slow = WarmUp { first_day: 1, daily_growth: 10, ..warm_up };
        assert_eq!(slow.today(at("2026-12-04T12:00:00Z")).cap, 4);
    }
}
