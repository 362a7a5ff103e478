//! Real transitions in both directions, and a walk over minutes that knows nothing of the method.

use std::collections::HashMap;

use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;

/// The next `count` times after `after` (UTC), as clocks in `zone` show them, with the offset.
fn times(cron: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
    let (cron, zone): (Cron, Tz) = (cron.parse().unwrap(), zone.parse().unwrap());
    let mut at: Timestamp = after.parse().unwrap();
    let mut all = Vec::new();
    for _ in 0..count {
        at = cron.next(at, zone).unwrap();
        let shown = at.to_datetime().with_timezone(&zone);
        all.push(shown.format("%m-%d %H:%M %:z").to_string());
    }
    all
}

fn refusal(text: &str) -> String {
    let BadCron { problem, place: (at, length), .. } = text.parse::<Cron>().unwrap_err();
    format!("{text}\n{}{} {problem}\n", " ".repeat(at), "^".repeat(length))
}

#[test]
fn an_expression_means_what_people_mean_by_it() {
    let first = |cron| times(cron, "UTC", "2026-11-24T10:00:00Z", 1).remove(0);
    for (cron, time) in [
        ("0 9 * * 1", "11-30 09:00 +00:00"), // Monday
        ("0 9 * * MON", "11-30 09:00 +00:00"),
        ("0 9 * * 0", "11-29 09:00 +00:00"), // Sunday
        ("0 9 * * 7", "11-29 09:00 +00:00"),
        ("@daily", "11-25 00:00 +00:00"),
        ("@Weekly", "11-29 00:00 +00:00"),
        (" 30  8 1 jan,jul ? ", "01-01 08:30 +00:00"),
        ("*/20 10-12 * * *", "11-24 10:20 +00:00"),
        ("5/20 * * * *", "11-24 10:05 +00:00"),
        ("0 0 13 * 5", "11-27 00:00 +00:00"), // either: the 13th or a Friday
        ("0 0 */13 * 5", "11-27 00:00 +00:00"), // both: 1, 14 or 27, and a Friday
        ("0 0 29 2 *", "02-29 00:00 +00:00"), // in 2028
    ] {
        assert_eq!(first(cron), time, "{cron}");
    }
    let both = times("0 0 */13 * 5", "UTC", "2026-11-27T00:00:00Z", 1);
    assert_eq!(both, ["01-01 00:00 +00:00"], "a Friday that is no 1st, 14th or 27th is none");
}

#[test]
fn a_wrong_expression_is_shown_where_it_is_wrong() {
    let all: String = [
        "61 9 * * *",
        "0 9 * * mno",
        "0 9 * *",
        "",
        "0 0 9 * * 1",
        "0 9 * * 1 2 3",
        "0 17-9 * * *",
        "*/0 * * * *",
        "1,,2 * * * *",
        "0 9 31 2,4 *",
        "@dayly",
        "@reboot",
        "0 +9 * * *",
    ]
    .map(refusal)
    .concat();
    insta::assert_snapshot!(all, @r"
    61 9 * * *
    ^^ `61` is no minute; expected 0 to 59
    0 9 * * mno
            ^^^ `mno` is no day of the week; expected 0 to 7 or sun to sat
    0 9 * *
           ^ it has 4 fields; expected five: minute, hour, day of the month, month, day of the week

    ^ it is empty; expected five fields: minute, hour, day of the month, month, day of the week
    0 0 9 * * 1
    ^ it has six fields; seconds are not taken, so leave the first out: minute, hour, day of the month, month, day of the week
    0 9 * * 1 2 3
              ^ it has 7 fields; expected five: minute, hour, day of the month, month, day of the week
    0 17-9 * * *
      ^^^^ the hour range 17-9 runs backwards
    */0 * * * *
      ^ `0` is no step of the minute; expected 1 to 59
    1,,2 * * * *
      ^ nothing is no minute; expected 0 to 59
    0 9 31 2,4 *
        ^^^^^^ it never fires: no month it names has such a day
    @dayly
    ^^^^^^ there is no @dayly; is it @daily?
    @reboot
    ^^^^^^^ there is no @reboot; campaigns go by the clock
    0 +9 * * *
      ^^ `+9` is no hour; expected 0 to 23
    ");
    assert!("*,".repeat(500).parse::<Cron>().is_err());
}

#[test]
fn a_day_time_in_the_gap_fires_at_its_end_once() {
    assert_eq!(
        times("30 2 * * *", "Europe/Madrid", "2026-03-28T00:00:00Z", 3),
        ["03-28 02:30 +01:00", "03-29 03:00 +02:00", "03-30 02:30 +02:00"]
    );
    assert_eq!(
        times("0,30 2 * * *", "America/New_York", "2026-03-08T00:00:00Z", 2),
        ["03-08 03:00 -04:00", "03-09 02:00 -04:00"]
    );
    assert_eq!(
        times("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z", 2),
        ["10-04 02:30 +11:00", "10-05 02:15 +11:00"]
    );
    assert_eq!(
        times("0 0 * * *", "America/Sao_Paulo", "2018-11-03T12:00:00Z", 2),
        ["11-04 01:00 -02:00", "11-05 00:00 -02:00"]
    );
    // Friday 30 December 2011 did not come in Samoa.
    assert_eq!(
        times("0 9 * * 5", "Pacific/Apia", "2011-12-29T00:00:00Z", 2),
        ["12-31 00:00 +14:00", "01-06 09:00 +14:00"]
    );
}

#[test]
fn a_day_time_that_comes_twice_fires_once() {
    assert_eq!(
        times("30 2 * * *", "Europe/Madrid", "2026-10-24T12:00:00Z", 2),
        ["10-25 02:30 +02:00", "10-26 02:30 +01:00"]
    );
    assert_eq!(
        times("*/30 1 * * *", "America/New_York", "2026-11-01T00:00:00Z", 3),
        ["11-01 01:00 -04:00", "11-01 01:30 -04:00", "11-02 01:00 -05:00"]
    );
    assert_eq!(
        times("45 1 * * *", "Australia/Lord_Howe", "2026-04-04T00:00:00Z", 2),
        ["04-05 01:45 +11:00", "04-06 01:45 +10:30"]
    );
    assert_eq!(
        times("30 23 * * *", "America/Sao_Paulo", "2018-02-17T12:00:00Z", 2),
        ["02-17 23:30 -02:00", "02-18 23:30 -03:00"]
    );
}

#[test]
fn an_interval_neither_repeats_nor_skips_real_time() {
    for (zone, day) in [
        ("Europe/Madrid", "2026-03-29T00:00:00Z"),
        ("Europe/Madrid", "2026-10-25T00:00:00Z"),
        ("America/New_York", "2026-11-01T04:00:00Z"),
        ("Australia/Lord_Howe", "2026-10-03T14:00:00Z"),
        ("Australia/Lord_Howe", "2026-04-04T14:00:00Z"),
        ("America/Sao_Paulo", "2018-11-04T02:00:00Z"),
        ("Pacific/Apia", "2011-12-30T09:00:00Z"),
    ] {
        let cron: Cron = "*/15 * * * *".parse().unwrap();
        let mut at: Timestamp = day.parse().unwrap();
        for _ in 0..20 {
            let next = cron.next(at, zone.parse().unwrap()).unwrap();
            assert_eq!(next.since(at), std::time::Duration::from_mins(15), "{zone} after {at}");
            at = next;
        }
    }
    assert_eq!(
        times("30 * * * *", "Europe/Madrid", "2026-10-25T00:00:00Z", 3),
        ["10-25 02:30 +02:00", "10-25 02:30 +01:00", "10-25 03:30 +01:00"]
    );
    // Half an hour back: the minute would come twice within the hour.
    assert_eq!(
        times("45 * * * *", "Australia/Lord_Howe", "2026-04-04T14:00:00Z", 2),
        ["04-05 01:45 +11:00", "04-05 02:45 +10:30"]
    );
    // Half an hour forward: 02:00 is not shown.
    assert_eq!(
        times("0 * * * *", "Australia/Lord_Howe", "2026-10-03T14:30:00Z", 3),
        ["10-04 02:30 +11:00", "10-04 03:00 +11:00", "10-04 04:00 +11:00"]
    );
    // Every second hour is not every hour: the wall clock decides.
    assert_eq!(
        times("0 */2 * * *", "Europe/Madrid", "2026-03-28T23:30:00Z", 2),
        ["03-29 03:00 +02:00", "03-29 04:00 +02:00"]
    );
}

/// Days before and after a change that the wall is looked at.
const DAYS: i64 = 2;

/// An expression as the values its fields allow, written and read by nothing of ours.
#[derive(Clone, Debug)]
struct Plain {
    text: String,
    minutes: Vec<u32>,
    hours: Vec<u32>,
    days: Vec<u32>,
    months: Vec<u32>,
    weekdays: Vec<u32>,
    /// Whether one of the two days is enough: neither field begins with a star.
    either: bool,
}

impl Plain {
    fn shows(&self, wall: NaiveDateTime) -> bool {
        let day = self.days.contains(&wall.day());
        let weekday = self.weekdays.contains(&wall.weekday().num_days_from_sunday())
            || self.weekdays.contains(&wall.weekday().number_from_monday());
        let day = if self.either { day || weekday } else { day && weekday };
        self.minutes.contains(&wall.minute())
            && self.hours.contains(&wall.hour())
            && self.months.contains(&wall.month())
            && day
    }

    /// Every hour, at minutes that are the same when the clocks move by so many.
    fn is_an_interval(&self, by: i64) -> bool {
        let moved = |minute: &u32| {
            let minute = (i64::from(*minute) + by).rem_euclid(60);
            self.minutes.contains(&u32::try_from(minute).unwrap())
        };
        (0..24).all(|hour| self.hours.contains(&hour)) && self.minutes.iter().all(moved)
    }

    /// Its times within [`DAYS`] of `change`, by a look at the wall in each minute.
    fn walk(&self, zone: Tz, change: Timestamp) -> Vec<Timestamp> {
        let mut times = Vec::new();
        let mut seen: HashMap<NaiveDateTime, i64> = HashMap::new();
        let mut before: Option<NaiveDateTime> = None;
        for minute in -DAYS * 1440..DAYS * 1440 {
            let at = Timestamp::from_millis(change.as_millis() + minute * 60_000);
            let wall = at.to_datetime().with_timezone(&zone).naive_local();
            // The minutes that were left out just before.
            let mut gap = Vec::new();
            if let Some(before) = before {
                let mut lost = before + TimeDelta::minutes(1);
                while lost < wall {
                    gap.push(lost);
                    lost += TimeDelta::minutes(1);
                }
            }
            let skipped = i64::try_from(gap.len()).unwrap();
            let made_up = gap.iter().any(|lost| self.shows(*lost)) && !self.is_an_interval(skipped);
            // Once more on the wall: the clocks were put back by the time since less what they show.
            let again = seen.get(&wall).map(|first| minute - first);
            let own = self.shows(wall) && again.is_none_or(|by| self.is_an_interval(by));
            if own || made_up {
                times.push(at);
            }
            seen.entry(wall).or_insert(minute);
            before = Some(wall);
        }
        times
    }
}

/// A field as it is written, and the values that means.
fn field(values: std::ops::RangeInclusive<u32>) -> impl Strategy<Value = (String, Vec<u32>)> {
    let (from, to) = (*values.start(), *values.end());
    let all = move || (from..=to).collect::<Vec<_>>();
    prop_oneof![
        3 => Just(("*".to_owned(), all())),
        2 => (from..=to).prop_map(|value| (value.to_string(), vec![value])),
        1 => (2..=to.max(2)).prop_map(move |step| {
            let steps = all().into_iter().filter(|value| (value - from) % step == 0);
            (format!("*/{step}"), steps.collect())
        }),
        1 => (from..=to, from..=to).prop_map(|(a, b)| {
            let (a, b) = (a.min(b), a.max(b));
            (format!("{a}-{b}"), (a..=b).collect())
        }),
        1 => proptest::collection::vec(from..=to, 1..4).prop_map(|values| {
            let text: Vec<_> = values.iter().map(u32::to_string).collect();
            (text.join(","), values)
        }),
    ]
}

fn expression() -> impl Strategy<Value = Plain> {
    // Most are of every day, so that there is something to see around a change.
    let any = |values: std::ops::RangeInclusive<u32>| {
        let all = values.clone().collect::<Vec<_>>();
        prop_oneof![3 => Just(("*".to_owned(), all)), 1 => field(values)]
    };
    (field(0..=59), field(0..=23), any(1..=31), any(1..=12), any(0..=7)).prop_map(
        |(minute, hour, day, month, weekday)| Plain {
            text: [&minute.0, &hour.0, &day.0, &month.0, &weekday.0].map(String::as_str).join(" "),
            either: !day.0.starts_with('*') && !weekday.0.starts_with('*'),
            minutes: minute.1,
            hours: hour.1,
            days: day.1,
            months: month.1,
            weekdays: weekday.1,
        },
    )
}

/// Zones, and instants at which their clocks change.
const ZONES: &[(&str, &str)] = &[
    ("Europe/Madrid", "2026-03-29T01:00:00Z"),
    ("Europe/Madrid", "2026-10-25T01:00:00Z"),
    ("America/New_York", "2026-03-08T07:00:00Z"),
    ("America/New_York", "2026-11-01T06:00:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T15:30:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T15:00:00Z"),
    ("America/Sao_Paulo", "2018-11-04T03:00:00Z"),
    ("America/Sao_Paulo", "2018-02-18T02:00:00Z"),
    ("Pacific/Apia", "2011-12-30T10:00:00Z"),
    ("America/St_Johns", "2010-11-07T02:31:00Z"), // a minute past midnight
    ("Antarctica/Casey", "2018-03-10T17:00:00Z"), // three hours
    ("Asia/Pyongyang", "2018-05-04T15:00:00Z"),   // half an hour, for good
];

/// An instant near a change, and the zone of it.
fn near(zone: usize, millis: i64) -> (Tz, Timestamp) {
    let (zone, change) = ZONES[zone];
    let change: Timestamp = change.parse().unwrap();
    (zone.parse().unwrap(), Timestamp::from_millis(change.as_millis() + millis))
}

#[test]
fn the_clocks_change_there() {
    for (at, named) in ZONES.iter().enumerate() {
        let (zone, change) = near(at, 0);
        let moved = wall::local(change, zone) - wall::local(near(at, -1).1, zone);
        assert_ne!(moved, TimeDelta::milliseconds(1), "{named:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_times_are_those_that_a_walk_over_the_minutes_finds(
        plain in expression(), zone in 0..ZONES.len(), rest in 1_i64..60_000,
    ) {
        let Ok(cron) = plain.text.parse::<Cron>() else { return Ok(()) };
        let (zone, change) = near(zone, 0);
        // A day in, so that what is shown twice was seen the first time.
        let begin = Timestamp::from_millis(change.as_millis() - 86_400_000 - rest);
        let end = Timestamp::from_millis(change.as_millis() + DAYS * 86_400_000);
        let walked: Vec<_> = plain.walk(zone, change).into_iter().filter(|at| *at > begin).collect();
        let mut times = Vec::new();
        let mut at = begin;
        while let Some(next) = cron.next(at, zone).filter(|next| *next < end && times.len() < 99) {
            prop_assert!(next > at);
            times.push(next);
            at = next;
        }
        let words = |times: &[Timestamp]| times.iter().map(ToString::to_string).collect::<Vec<_>>();
        let walked = &walked[..walked.len().min(99)];
        prop_assert_eq!(words(&times), words(walked), "{} in {}", cron, zone);
    }

    #[test]
    fn any_expression_goes_on_and_never_back(
        minutes in field(0..=59), hours in field(0..=23), days in field(1..=31),
        months in field(1..=12), weekdays in field(0..=7),
        zone in 0..ZONES.len(), away in -1_000_000_i64..1_000_000,
    ) {
        let text = [&minutes.0, &hours.0, &days.0, &months.0, &weekdays.0];
        let text = text.map(String::as_str).join(" ");
        let Ok(cron) = text.parse::<Cron>() else { return Ok(()) };
        let (zone, after) = near(zone, away * 60_000);
        let first = cron.next(after, zone).unwrap();
        prop_assert!(first > after);
        // Asked from any moment in between, it is the same.
        let between = Timestamp::from_millis(i64::midpoint(after.as_millis(), first.as_millis()));
        prop_assert_eq!(cron.next(between, zone), Some(first));
        prop_assert!(cron.next(first, zone).unwrap() > first);
    }

    #[test]
    fn no_text_panics(text in "[-0-9*/,?@a-z ñ]{0,30}") {
        if let Err(BadCron { place: (at, length), .. }) = text.parse::<Cron>() {
            prop_assert!(length >= 1 && at <= text.chars().count());
        }
    }
}
