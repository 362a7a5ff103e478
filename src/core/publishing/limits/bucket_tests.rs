//! What meters promise: no span has more than its limit, whoever crashes.

use proptest::prelude::*;

use super::*;

const NOW: i64 = 1_767_225_600 * SECOND;

fn paced(rate: f64) -> Allowed {
    Allowed { per_second: Some(rate), ..Allowed::default() }
}

fn spans(per_minute: Option<u32>, per_hour: Option<u32>, per_day: Option<u32>) -> Allowed {
    let rates = Rates { per_second: None, per_minute, per_hour, per_day };
    Allowed { rates, ..Allowed::default() }
}

/// Uses what may be used at each of `times`, as somebody who always has enough to send; gives the
/// times of use. The process ends after the uses in `crashes`, and another goes on.
fn used(allowed: &Allowed, times: &[i64], crashes: &[usize]) -> Vec<i64> {
    let (mut meter, mut purse) = (Meter::default(), Purse::default());
    let mut used = Vec::new();
    for (at, now) in times.iter().copied().enumerate() {
        if purse.total(now) < 20
            && let Ok(block) = meter.reserve(allowed, now, 50)
        {
            purse.put(block);
        }
        for (at, count) in purse.unused() {
            meter.take_back(at, count);
        }
        let ready = purse.ready(now);
        purse.take(ready);
        used.extend(std::iter::repeat_n(now, ready as usize));
        if crashes.contains(&at) {
            purse = Purse::default();
        }
    }
    used
}

/// The most of `times`, which ascend, in any span of this length.
fn most(times: &[i64], span: i64) -> usize {
    let mut first = 0;
    let counts = times.iter().enumerate().map(|(at, time)| {
        while *time - times[first] >= span {
            first += 1;
        }
        at - first + 1
    });
    counts.max().unwrap_or(0)
}

#[test]
fn a_lone_token_can_be_used_although_its_reservation_took_a_while() {
    let allowed = paced(1000.0);
    let mut purse = Purse::default();
    purse.put(Meter::default().reserve(&allowed, NOW, 1).unwrap());
    assert_eq!(purse.ready(NOW + SECOND / 10), 1);
    assert_eq!(purse.ready(NOW + SECOND / 5), 0);
}

#[test]
fn a_pace_is_kept_to_within_two_percent() {
    let times: Vec<i64> = (0..6000).map(|tick| NOW + tick * SECOND / 200).collect();
    let used = used(&paced(200.0), &times, &[]);
    assert!((5980..=6031).contains(&used.len()), "{} in 30 s", used.len());
    assert!(most(&used, 10 * SECOND) <= 2040, "{}", most(&used, 10 * SECOND));
}

#[test]
fn two_processes_share_a_pace() {
    let mut meter = Meter::default();
    let first = meter.reserve(&paced(200.0), NOW, 500).unwrap();
    let second = meter.reserve(&paced(200.0), NOW, 500).unwrap();
    assert_eq!((first.count, second.count), (100, 100));
    assert_eq!(second.from - first.from, SECOND / 2, "one stretch of time after the other");
    // A slow pace gives its next token when it is there, and says when that is.
    let mut meter = Meter::default();
    assert_eq!(meter.reserve(&paced(0.1), NOW, 5).unwrap().count, 1);
    let closed = meter.reserve(&paced(0.1), NOW, 5).unwrap_err();
    assert_eq!(closed, Closed { until: NOW - REACH + 10 * SECOND, by: Bound::Pace });
}

#[test]
fn what_a_process_leaves_unused_is_lost_and_not_used_twice() {
    let mut purse = Purse::default();
    purse.put(Meter::default().reserve(&paced(200.0), NOW, 100).unwrap());
    assert_eq!(purse.ready(NOW), 13, "0.06 s of it and the first");
    assert_eq!(purse.ready(NOW + SECOND / 5), 39, "0.19 s of it: the older ones are gone");
    assert_eq!(purse.ready(NOW + SECOND), 0);
}

#[test]
fn a_day_that_is_used_up_says_until_when() {
    let mut meter = Meter::default();
    let allowed = spans(None, None, Some(30));
    assert_eq!(meter.reserve(&allowed, NOW, 20).unwrap().count, 20);
    assert_eq!(meter.reserve(&allowed, NOW + SECOND, 20).unwrap().count, 10);
    let closed = meter.reserve(&allowed, NOW + SECOND, 20).unwrap_err();
    assert_eq!(closed.by, Bound::Span { limit: 30, span: "a day" });
    assert_eq!(closed.until, NOW + (25 * 3600 + 2) * SECOND, "its hour is over, and a day since");
    meter.take_back(NOW, 5);
    assert_eq!(meter.reserve(&allowed, NOW + SECOND, 20).unwrap().count, 5);
    assert!(meter.reserve(&allowed, closed.until, 20).is_ok());
    let kept: Meter = serde_json::from_value(serde_json::to_value(&meter).unwrap()).unwrap();
    assert_eq!(kept, meter);
}

#[test]
fn a_warm_up_ends_its_day() {
    let date = "2026-01-01".parse().unwrap();
    let ends = "2026-01-02T00:00:00Z".parse().unwrap();
    let today = Today { date, cap: 3, ends };
    let allowed = Allowed { today: Some(today), ..Allowed::default() };
    let mut meter = Meter::default();
    assert_eq!(meter.reserve(&allowed, NOW, 20).unwrap().count, 3);
    let closed = meter.reserve(&allowed, NOW, 20).unwrap_err();
    assert_eq!(closed, Closed { until: NOW + 86_400 * SECOND, by: Bound::WarmUp { cap: 3 } });
    let tomorrow = Today { date: date.succ_opt().unwrap(), cap: 5, ..today };
    let allowed = Allowed { today: Some(tomorrow), ..allowed };
    assert_eq!(meter.reserve(&allowed, closed.until, 20).unwrap().count, 5);
}

#[test]
fn a_clock_that_was_wrong_does_not_close_it_for_long() {
    let mut meter = Meter::default();
    let year = 365 * 86_400 * SECOND;
    let allowed = Allowed { per_second: Some(10.0), ..spans(Some(600), None, Some(1)) };
    meter.reserve(&allowed, NOW + year, 100).unwrap();
    let closed = meter.reserve(&allowed, NOW, 1).err();
    assert!(closed.is_none_or(|closed| closed.until < NOW + 3 * SECOND), "{closed:?}");
}

proptest! {
    #[test]
    fn no_span_has_more_than_its_limit(
        steps in proptest::collection::vec(1..40_i64, 1..400),
        limit in 1..200_u32,
        crashes in proptest::collection::vec(0..400_usize, 0..4),
    ) {
        let mut now = NOW;
        let times: Vec<i64> = steps.iter().map(|step| { now += step * SECOND / 4; now }).collect();
        let used = used(&spans(Some(limit), None, None), &times, &crashes);
        prop_assert!(most(&used, 60 * SECOND) <= limit as usize);
    }

    #[test]
    fn no_ten_seconds_have_more_than_the_pace_and_its_burst(
        steps in proptest::collection::vec(1..60_i64, 1..2000),
        rate in 1..400_u32,
        crashes in proptest::collection::vec(0..2000_usize, 0..6),
    ) {
        let mut now = NOW;
        let times: Vec<i64> = steps.iter().map(|step| { now += step * 5000; now }).collect();
        let used = used(&paced(rate.into()), &times, &crashes);
        let bound = whole((f64::from(rate) * 10.16).ceil()) + 1;
        prop_assert!(most(&used, 10 * SECOND) <= bound as usize);
    }
}
