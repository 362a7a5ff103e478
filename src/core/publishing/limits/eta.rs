//! How long limits make so many mails take.

use std::time::Duration;

use super::model::{Limits, Rates};
use crate::core::kernel::Timestamp;

/// Days that a warm-up is looked ahead.
const DAYS: u32 = 3650;

impl Rates {
    /// The time that `mails` take at the least, from a fresh start.
    pub(in crate::core::publishing) fn time_for(&self, mails: u64) -> Duration {
        let pace = self.per_second.map_or(0.0, |limit| mails as f64 / f64::from(limit));
        let spans = [(self.per_minute, 60), (self.per_hour, 3600), (self.per_day, 86_400)];
        let waits = spans.into_iter().filter_map(|(limit, seconds)| {
            // What is used up is there again a span later.
            Some(mails.saturating_sub(1) / u64::from(limit?.max(1)) * seconds)
        });
        Duration::from_secs(waits.max().unwrap_or(0)).max(Duration::from_secs_f64(pace))
    }
}

impl Limits {
    /// The time that `mails` take at the least by these limits, from `now`; those of domains and
    /// quiet hours do not count.
    pub(in crate::core::publishing) fn time_for(&self, mails: u64, now: Timestamp) -> Duration {
        let rates = self.rates.time_for(mails);
        let Some(plan) = self.warm_up else { return rates };
        let (mut left, mut day, mut first) = (mails, now, true);
        for _ in 0..DAYS {
            let today = plan.today(day);
            if left <= u64::from(today.cap) {
                break;
            }
            left -= u64::from(today.cap);
            (day, first) = (today.ends, false);
        }
        if first { rates } else { rates.max(day.since(now)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(json: serde_json::Value) -> Limits {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn the_slowest_limit_decides() {
        use serde_json::json;
        let now: Timestamp = "2026-12-01T12:00:00Z".parse().unwrap();
        for (said, mails, seconds) in [
            (json!({}), 1_000_000, 0),
            (json!({ "per_second": 200 }), 1000, 5),
            (json!({ "per_second": 200, "per_minute": 600 }), 1000, 60),
            (json!({ "per_minute": 600 }), 600, 0),
            (json!({ "per_day": 1000, "per_hour": 500 }), 2500, 2 * 86_400),
        ] {
            let took = limits(said.clone()).time_for(mails, now);
            assert_eq!(took, Duration::from_secs(seconds), "{said} {mails}");
        }
        let plan = json!({ "starts": "2026-12-01", "first_day": 100, "daily_growth": 100 });
        let warm_up = limits(json!({ "warm_up": plan }));
        assert_eq!(warm_up.time_for(100, now), Duration::ZERO);
        assert_eq!(
            warm_up.time_for(600, now),
            Duration::from_hours(36),
            "100, 200, then 300 of 400"
        );
    }
}
