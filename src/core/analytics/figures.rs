//! What follows from the sums of a report: rates, pace, buckets of time and top lists.
//!
//! Pure arithmetic. **Invariant:** whatever is folded (buckets, "other" rows) keeps its sums.

use std::collections::BTreeMap;
use std::time::Duration;

use super::report::{Bucket, DomainFigures, Failure, Pace, Rates, ReportRun, Timeline, Totals};
use crate::core::kernel::Timestamp;

/// Buckets of a timeline at the most.
const MAX_BUCKETS: u64 = 60;
/// The name of the row that holds what is beyond a top list.
const OTHER: &str = "other";

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const WEEK: u64 = 7 * DAY;
/// Widths that read well on an axis, in seconds.
const WIDTHS: [u64; 20] = [
    1,
    2,
    5,
    10,
    15,
    30,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    WEEK,
];

/// The width in seconds of the buckets that cover `span` in 60 at the most, wherever it starts.
pub fn bucket_width(span: Duration) -> u64 {
    let seconds = span.as_secs() + u64::from(span.subsec_nanos() > 0);
    // A span that starts inside a bucket touches one more.
    let fits = |width: u64| seconds.div_ceil(width) < MAX_BUCKETS;
    WIDTHS
        .into_iter()
        .find(|width| fits(*width))
        .unwrap_or_else(|| seconds.div_ceil(WEEK).div_ceil(MAX_BUCKETS - 1) * WEEK)
}

/// Adds to the `top` domains one row, `other`, with what `totals` has beyond them.
pub(super) fn with_other_domains(
    mut top: Vec<DomainFigures>,
    totals: &Totals,
) -> Vec<DomainFigures> {
    let beyond =
        |whole: u64, of: fn(&DomainFigures) -> u64| whole.saturating_sub(top.iter().map(of).sum());
    let other = DomainFigures {
        domain: OTHER.to_owned(),
        recipients: beyond(totals.recipients, |one| one.recipients),
        accepted: beyond(totals.accepted, |one| one.accepted),
        deferred: beyond(totals.deferred, |one| one.deferred),
        failed: beyond(totals.failed, |one| one.failed),
        suppressed: beyond(totals.suppressed, |one| one.suppressed),
    };
    if other.recipients > 0 {
        top.push(other);
    }
    top
}

/// Adds to the `top` failures one row, `other`, with what `totals` has beyond them.
pub(super) fn with_other_failures(mut top: Vec<Failure>, totals: &Totals) -> Vec<Failure> {
    let told: u64 = top.iter().map(|one| one.count).sum();
    let count = (totals.failed + totals.deferred).saturating_sub(told);
    if count > 0 {
        top.push(Failure {
            code: Some(OTHER.to_owned()),
            enhanced: None,
            reply: "less frequent replies".to_owned(),
            count,
        });
    }
    top
}

impl Totals {
    /// Deliveries a receiving server took, whatever became of them later.
    pub fn taken(&self) -> u64 {
        self.accepted + self.bounced + self.complained
    }

    /// The shares these totals give.
    pub fn rates(&self) -> Rates {
        let sendable = self.recipients.saturating_sub(self.suppressed);
        Rates {
            accepted: share(self.taken(), sendable),
            deferred: share(self.deferred, sendable),
            failed: share(self.failed, sendable),
            suppressed: share(self.suppressed, self.recipients),
            bounced: share(self.bounced, self.taken()),
            complained: share(self.complained, self.taken()),
        }
    }
}

/// A share to nine decimals, so that it reads back from text as it was.
fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| rounded(part as f64 / whole as f64, 1e9))
}

fn rounded(number: f64, precision: f64) -> f64 {
    (number * precision).round() / precision
}

impl Pace {
    /// The pace at which `runs` got `taken` mails out; a run still working is counted up to `now`.
    pub fn of(runs: &[ReportRun], taken: u64, now: Timestamp) -> Self {
        let spans = runs.iter().filter_map(|run| {
            Some(run.finished_at.unwrap_or(now).since(run.started_at?).as_secs_f64())
        });
        let duration_seconds = spans.reduce(|sum, span| sum + span).map(|sum| rounded(sum, 1e3));
        Self {
            duration_seconds,
            mails_per_second: duration_seconds
                .filter(|seconds| *seconds > 0.0)
                .map(|seconds| rounded(taken as f64 / seconds, 1e3)),
        }
    }
}

impl Timeline {
    /// Puts `rows` (in any order, several of one time allowed) into buckets without gaps.
    ///
    /// They are at least `bucket_seconds` wide, wider where that would make more than 60.
    pub fn of(bucket_seconds: u64, rows: &[Bucket]) -> Self {
        let times = || rows.iter().map(|row| row.at);
        let (Some(first), Some(last)) = (times().min(), times().max()) else {
            return Self { bucket_seconds: bucket_seconds.max(1), buckets: Vec::new() };
        };
        let bucket_seconds = bucket_seconds.max(bucket_width(last.since(first)));
        let width = i64::try_from(bucket_seconds.saturating_mul(1000)).unwrap_or(i64::MAX);
        let number = |at: Timestamp| at.as_millis().div_euclid(width);
        let empty = |number: i64| Bucket {
            at: Timestamp::from_millis(number.saturating_mul(width)),
            accepted: 0,
            deferred: 0,
            failed: 0,
        };
        let mut buckets: BTreeMap<i64, Bucket> =
            (number(first)..=number(last)).map(|number| (number, empty(number))).collect();
        for row in rows {
            let bucket = buckets.entry(number(row.at)).or_insert_with_key(|key| empty(*key));
            bucket.accepted += row.accepted;
            bucket.deferred += row.deferred;
            bucket.failed += row.failed;
        }
        Self { bucket_seconds, buckets: buckets.into_values().collect() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::core::kernel::Id;

    fn bucket(at: i64, accepted: u64) -> Bucket {
        Bucket { at: Timestamp::from_millis(at), accepted, deferred: 1, failed: 2 }
    }

    fn run(started: i64, finished: Option<i64>) -> ReportRun {
        ReportRun {
            id: Id::NIL,
            status: "completed".to_owned(),
            started_at: Some(Timestamp::from_millis(started)),
            finished_at: finished.map(Timestamp::from_millis),
            channel: "relay".to_owned(),
            channel_kind: "smtp".to_owned(),
        }
    }

    #[test]
    fn widths_grow_with_the_span() {
        for (seconds, width) in
            [(0, 1), (59, 1), (60, 2), (600, 15), (3600, 120), (DAY, 1800), (400 * DAY, WEEK)]
        {
            assert_eq!(bucket_width(Duration::from_secs(seconds)), width, "{seconds} s");
        }
        assert_eq!(bucket_width(Duration::from_secs(1200 * DAY)), 3 * WEEK);
    }

    proptest! {
        #[test]
        fn a_timeline_keeps_its_sums_in_few_buckets(
            times in prop::collection::vec(-5_000_000_000_000_i64..5_000_000_000_000, 1..50),
        ) {
            let rows: Vec<Bucket> = times.iter().map(|at| bucket(*at, 3)).collect();
            let timeline = Timeline::of(1, &rows);
            let count = rows.len() as u64;
            prop_assert!(timeline.buckets.len() <= 60);
            prop_assert_eq!(timeline.buckets.iter().map(Bucket::total).sum::<u64>(), count * 6);
            let step = i64::try_from(timeline.bucket_seconds).unwrap() * 1000;
            for pair in timeline.buckets.windows(2) {
                prop_assert_eq!(pair[1].at.as_millis() - pair[0].at.as_millis(), step);
            }
        }
    }

    #[test]
    fn gaps_are_filled_and_equal_times_merged() {
        let timeline = Timeline::of(10, &[bucket(25_000, 1), bucket(1_000, 2), bucket(9_000, 3)]);
        let accepted: Vec<u64> = timeline.buckets.iter().map(|one| one.accepted).collect();
        assert_eq!((timeline.bucket_seconds, accepted), (10, vec![5, 0, 1]));
        assert!(Timeline::of(10, &[]).buckets.is_empty());
    }

    #[test]
    fn a_rate_of_nothing_is_absent() {
        let totals = Totals { recipients: 5, suppressed: 5, ..Totals::default() };
        let rates = totals.rates();
        assert_eq!((rates.accepted, rates.suppressed, rates.bounced), (None, Some(1.0), None));
        let totals = Totals {
            recipients: 12,
            accepted: 6,
            bounced: 2,
            failed: 2,
            suppressed: 2,
            ..Totals::default()
        };
        let rates = totals.rates();
        assert_eq!((rates.accepted, rates.failed), (Some(0.8), Some(0.2)));
        assert_eq!(rates.bounced, Some(0.25));
    }

    #[test]
    fn the_pace_counts_working_time_only() {
        let now = Timestamp::from_millis(100_000);
        let pace = Pace::of(&[run(0, Some(10_000)), run(90_000, None)], 400, now);
        assert_eq!((pace.duration_seconds, pace.mails_per_second), (Some(20.0), Some(20.0)));
        assert_eq!(Pace::of(&[], 0, now), Pace::default());
        assert_eq!(Pace::of(&[run(5, Some(5))], 3, now).mails_per_second, None);
    }

    #[test]
    fn what_is_beyond_the_top_is_kept_as_one_row() {
        let totals =
            Totals { recipients: 9, accepted: 5, deferred: 1, failed: 3, ..Totals::default() };
        let top = DomainFigures {
            domain: "a.example".to_owned(),
            recipients: 6,
            accepted: 5,
            failed: 1,
            ..DomainFigures::default()
        };
        let domains = with_other_domains(vec![top], &totals);
        let other = DomainFigures {
            domain: "other".to_owned(),
            recipients: 3,
            deferred: 1,
            failed: 2,
            ..DomainFigures::default()
        };
        assert_eq!(domains[1..], [other]);
        assert_eq!(with_other_domains(domains, &totals).len(), 2);

        let refused =
            Failure { code: Some("550".to_owned()), enhanced: None, reply: "no".into(), count: 3 };
        let failures = with_other_failures(vec![refused], &totals);
        assert_eq!((failures[1].code.as_deref(), failures[1].count), (Some("other"), 1));
        assert_eq!(with_other_failures(failures, &totals).len(), 2);
    }
}
