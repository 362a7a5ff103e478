//! When a schedule is due, what is missed, and what cannot be.

use insta::assert_snapshot;

use super::*;
use crate::core::campaigns::schedule::draft::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn given(fields: &[(&str, &str)]) -> ScheduleDraft {
    let mut draft = ScheduleDraft::default();
    for (field, value) in fields {
        let place = match *field {
            "at" => &mut draft.at,
            "cron" => &mut draft.cron,
            "contact_local" => &mut draft.contact_local,
            "on" => &mut draft.on,
            "timezone" => &mut draft.timezone,
            "not_after" => &mut draft.not_after,
            "missed" => &mut draft.missed,
            other => panic!("no field {other}"),
        };
        *place = Some((*value).to_owned());
    }
    draft
}

fn plan(fields: &[(&str, &str)]) -> Plan {
    given(fields).check(Some("Europe/Madrid")).unwrap()
}

fn refusal(fields: &[(&str, &str)]) -> String {
    given(fields).check(None).unwrap_err().to_string()
}

#[test]
fn a_time_is_in_the_zone_of_the_schedule_or_an_instant() {
    let first = |fields: &[(&str, &str)]| plan(fields).first().unwrap().to_string();
    assert_eq!(first(&[("at", "2026-12-01T09:00")]), "2026-12-01T08:00:00.000Z");
    assert_eq!(first(&[("at", "2026-12-01 09:00")]), "2026-12-01T08:00:00.000Z");
    assert_eq!(first(&[("at", "2026-12-01T09:00+03:00")]), "2026-12-01T06:00:00.000Z");
    assert_eq!(first(&[("at", "2026-12-01T09:00:30Z")]), "2026-12-01T09:00:30.000Z");
    let madrid = [("at", "2026-12-01T09:00"), ("timezone", "asia/tokyo")];
    assert_eq!(first(&madrid), "2026-12-01T00:00:00.000Z");
    // Not shown in Madrid, and shown twice.
    assert_eq!(first(&[("at", "2026-03-29T02:30")]), "2026-03-29T01:00:00.000Z");
    assert_eq!(first(&[("at", "2026-10-25T02:30")]), "2026-10-25T00:30:00.000Z");
}

#[test]
fn what_makes_no_sense_is_told() {
    let all = [
        &[][..],
        &[("at", "2026-12-01T09:00"), ("cron", "@daily")],
        &[("at", "tomorrow")],
        &[("at", "2026-12-01T09:00"), ("on", "2026-12-01")],
        &[("at", "2026-12-01T09:00"), ("missed", "skip")],
        &[("at", "2026-12-01T09:00"), ("not_after", "2026-12-01T08:59")],
        &[("cron", "@daily"), ("missed", "always")],
        &[("cron", "@daily"), ("not_after", "2026-12-01T09:00")],
        &[("cron", "@daily"), ("timezone", "Europe/Madird")],
        &[("cron", "61 * * * *")],
        &[("contact_local", "9 o'clock"), ("on", "2026-12-01")],
        &[("contact_local", "09:00"), ("on", "1 December")],
        &[("contact_local", "09:00")],
    ];
    let all: Vec<_> = all.into_iter().map(refusal).collect();
    assert_snapshot!(all.join("\n"), @r"
    say when: one of at, cron, or contact_local with its date
    at and cron do not go together; give one of at, cron and contact_local
    `tomorrow` is no time; write it as 2026-12-01T09:00, or with an offset as 2026-12-01T09:00+01:00
    on is the date of contact_local; `at` has its own
    missed is for cron; not_after says until when a single date may fire
    not_after (2026-12-01T08:59:00.000Z) is before the time itself (2026-12-01T09:00:00.000Z); move it later
    `always` is neither skip nor run_once: what becomes of times that came while nothing ran
    not_after is for a single date; missed says what becomes of the times of a cron schedule, and the campaign's end_date ends it
    `Europe/Madird` is not a timezone; is it Europe/Madrid?
    `61 * * * *` is no cron expression: `61` is no minute; expected 0 to 59
    `9 o'clock` is no time of day; write it as 09:00
    `1 December` is no date; write it as 2026-12-01
    contact_local needs its date; say on which day, as in `on: 2026-12-01` or `--on 2026-12-01`
    ");
}

#[test]
fn a_time_that_has_passed_does_not_begin() {
    let spring = plan(&[("at", "2026-12-01T09:00")]);
    let begun = spring.begin(at("2026-12-01T07:59:59Z"), None).unwrap();
    assert_eq!(begun, at("2026-12-01T08:00:00Z"));
    assert_snapshot!(spring.begin(begun, None).unwrap_err(), @"Tue 1 Dec 2026 09:00 Europe/Madrid has passed; choose a time to come, or `frontier campaign start` it now");

    let daily = plan(&[("cron", "0 9 * * *")]);
    let end = NaiveDate::from_ymd_opt(2026, 12, 1);
    assert_eq!(daily.begin(at("2026-12-01T07:00:00Z"), end), Ok(at("2026-12-01T08:00:00Z")));
    assert_snapshot!(daily.begin(at("2026-12-01T08:00:00Z"), end).unwrap_err(), @"none of its times comes before the campaign ends, on 2026-12-01; move its end_date");
}

#[test]
fn a_local_time_begins_where_clocks_are_first() {
    let nine = plan(&[("contact_local", "09:00"), ("on", "2026-12-01")]);
    assert_eq!(nine.begin(at("2026-11-20T00:00:00Z"), None), Ok(at("2026-11-30T19:00:00Z")));
    // It has passed in Kiritimati, and is to come in Madrid.
    let now = at("2026-12-01T07:00:00Z");
    assert_eq!(nine.begin(now, None), Ok(now));
    assert_snapshot!(nine.begin(at("2026-12-01T08:00:00Z"), None).unwrap_err(), @"Tue 1 Dec 2026 09:00 Europe/Madrid has passed; choose a time to come, or `frontier campaign start` it now");
}

#[test]
fn the_date_of_a_local_time_is_the_next_that_comes_everywhere() {
    let on = |now: &str| given(&[("contact_local", "09:00")]).dated(at(now)).on.unwrap();
    assert_eq!(on("2026-12-01T18:59:59Z"), "2026-12-02");
    assert_eq!(on("2026-12-01T19:00:00Z"), "2026-12-03");
    assert_eq!(on("2026-12-01T07:00:00Z"), "2026-12-02");
    let said = given(&[("contact_local", "09:00"), ("on", "2027-01-01")]);
    assert_eq!(said.clone().dated(at("2026-12-01T07:00:00Z")), said);
}

/// What is missed, fires and comes next at `now`, when it was due at `due`.
fn decided(plan: &Plan, due: &str, now: &str, end: Option<NaiveDate>) -> String {
    let Decision { missed, due, next } = plan.decide(at(due), at(now), end);
    let shown = |at: Option<Timestamp>| at.map_or("-".to_owned(), |at| at.to_string());
    let missed = missed.map_or("-".to_owned(), |(from, n, why)| format!("{n} from {from}: {why}"));
    format!("missed {missed}\nfires  {}\nnext   {}", shown(due), shown(next))
}

#[test]
fn a_single_date_fires_within_an_hour_or_as_long_as_it_may() {
    let due = "2026-12-01T08:00:00Z";
    let fires = |plan: &Plan, now: &str| plan.decide(at(due), at(now), None).due.is_some();
    let spring = plan(&[("at", "2026-12-01T09:00")]);
    assert!(fires(&spring, due) && fires(&spring, "2026-12-01T09:00:00Z"));
    assert_snapshot!(decided(&spring, due, "2026-12-01T09:00:01Z", None), @r"
    missed 1 from 2026-12-01T08:00:00.000Z: nothing ran until it was too late
    fires  -
    next   -
    ");
    let strict = plan(&[("at", "2026-12-01T09:00"), ("not_after", "2026-12-01T09:10")]);
    assert!(fires(&strict, "2026-12-01T08:10:00Z") && !fires(&strict, "2026-12-01T08:10:01Z"));
    let patient = plan(&[("at", "2026-12-01T09:00"), ("not_after", "2026-12-03T09:00")]);
    assert!(fires(&patient, "2026-12-03T08:00:00Z") && !fires(&patient, "2026-12-03T08:00:01Z"));
}

#[test]
fn missed_times_are_left_out_or_made_up_for_once() {
    let skip = plan(&[("cron", "0 9 * * *")]);
    let once = plan(&[("cron", "0 9 * * *"), ("missed", "run_once")]);
    let due = "2026-12-01T08:00:00Z";
    // A quarter of an hour late is in time.
    assert_snapshot!(decided(&skip, due, "2026-12-01T08:15:00Z", None), @r"
    missed -
    fires  2026-12-01T08:00:00.000Z
    next   2026-12-02T08:00:00.000Z
    ");
    assert_snapshot!(decided(&skip, due, "2026-12-01T08:15:01Z", None), @r"
    missed 1 from 2026-12-01T08:00:00.000Z: nothing ran when it came
    fires  -
    next   2026-12-02T08:00:00.000Z
    ");
    assert_snapshot!(decided(&once, due, "2026-12-04T12:00:00Z", None), @r"
    missed 3 from 2026-12-01T08:00:00.000Z: 3 times came while nothing ran
    fires  2026-12-04T08:00:00.000Z
    next   2026-12-05T08:00:00.000Z
    ");
    // Down since Tuesday, up on Friday five minutes after its time.
    assert_snapshot!(decided(&skip, due, "2026-12-04T08:05:00Z", None), @r"
    missed 3 from 2026-12-01T08:00:00.000Z: 3 times came while nothing ran
    fires  2026-12-04T08:00:00.000Z
    next   2026-12-05T08:00:00.000Z
    ");
    // A day is the longest that is made up for.
    let weekly = plan(&[("cron", "0 9 * * 2"), ("missed", "run_once")]);
    assert_snapshot!(decided(&weekly, due, "2026-12-02T08:00:01Z", None), @r"
    missed 1 from 2026-12-01T08:00:00.000Z: nothing ran when it came
    fires  -
    next   2026-12-08T08:00:00.000Z
    ");
    // Many, and no burst.
    let often = plan(&[("cron", "* * * * *"), ("missed", "run_once")]);
    assert_snapshot!(decided(&often, due, "2026-12-09T08:00:30Z", None), @r"
    missed 1000 from 2026-12-01T08:00:00.000Z: 1000 times or more came while nothing ran
    fires  2026-12-09T08:00:00.000Z
    next   2026-12-09T08:01:00.000Z
    ");
}

#[test]
fn a_campaign_that_has_ended_does_not_start() {
    let daily = plan(&[("cron", "0 9 * * *")]);
    let due = "2026-12-01T08:00:00Z";
    let last = NaiveDate::from_ymd_opt(2026, 12, 1);
    assert_snapshot!(decided(&daily, due, due, last), @r"
    missed -
    fires  2026-12-01T08:00:00.000Z
    next   -
    ");
    assert_snapshot!(decided(&daily, due, due, NaiveDate::from_ymd_opt(2026, 11, 30)), @r"
    missed 1 from 2026-12-01T08:00:00.000Z: the campaign had ended by then
    fires  -
    next   -
    ");
}

#[test]
fn a_schedule_is_kept_as_it_was_written() {
    for fields in [
        &[("at", "2026-12-01T09:00:00"), ("not_after", "2026-12-01T12:00:00")][..],
        &[("at", "2026-12-01T08:00:00.000Z")],
        &[("cron", "0 9 * * mon"), ("missed", "run_once")],
        &[("contact_local", "09:00"), ("on", "2026-12-01")],
    ] {
        let draft = plan(fields).draft();
        assert_eq!(draft, ScheduleDraft { timezone: draft.timezone.clone(), ..given(fields) });
    }
}
