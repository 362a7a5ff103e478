//! The kind `Schedule`: one rule, the keys that go with it, and where others are told.

use std::fmt::Write as _;

use insta::assert_snapshot;

use super::*;

fn schedule(spec: &str) -> String {
    format!(
        "apiVersion: frontier/v1\nkind: Schedule\nmetadata: {{ name: nine }}\n\
         spec:\n  campaign: spring\n  timezone: Europe/Madrid\n{spec}"
    )
}

fn read(spec: &str) -> Result<Vec<Document>, Problems> {
    let known = BTreeSet::from([(Kind::Campaign, "spring".to_owned())]);
    parse(&[source(&schedule(spec))], &known)
}

#[test]
fn a_schedule_says_the_same_however_it_is_written() {
    let same = [
        ("  at: 2027-03-01T09:00\n", "  at: \"2027-03-01 09:00\"\n"),
        ("  at: 2027-03-01T09:00+01:00\n", "  at: 2027-03-01T08:00:00.000Z\n"),
        ("  cron: \"@daily\"\n", "  cron: '@daily'\n  missed: skip\n"),
        (
            "  contact_local: 09:00\n  on: 2027-03-01\n",
            "  contact_local: \"09:00\"\n  on: '2027-03-01'\n",
        ),
    ];
    for (one, other) in same {
        let read = |spec| read(spec).unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(read(one), read(other), "{one}");
    }
}

#[test]
fn what_makes_no_sense_is_told_where_it_stands() {
    let wrong = [
        "",
        "  at: 2027-03-01T09:00\n  cron: \"@daily\"\n",
        "  at: 1 March\n",
        "  at: 2027-03-01T09:00\n  on: 2027-03-01\n",
        "  at: 2027-03-01T09:00\n  missed: skip\n",
        "  at: 2027-03-01T09:00\n  not_after: 2027-03-01T08:00\n",
        "  cron: 0 9 * * mno\n",
        "  cron: \"@daily\"\n  not_after: 2027-03-01T09:00\n",
        "  cron: \"@daily\"\n  missed: always\n",
        "  contact_local: 9\n  on: 2027-03-01\n",
        "  contact_local: 09:00\n",
    ];
    let mut told = String::new();
    for spec in wrong {
        for problem in read(spec).unwrap_err().problems {
            let help = problem.help.map_or_else(String::new, |help| format!(" ({help})"));
            let (line, column) = (problem.line, problem.column);
            writeln!(told, "{line}:{column} {}{help}", problem.message).unwrap();
        }
    }
    assert_snapshot!(told, @r"
    4:1 Schedule.spec has none of `at`, `cron`, `contact_local` (write exactly one of them)
    8:3 Schedule.spec has both `at` and `cron` (keep exactly one of `at`, `cron`, `contact_local`)
    7:7 `1 March` is no time (write it as 2026-12-01T09:00, or with an offset as 2026-12-01T09:00+01:00)
    8:3 on is the date of contact_local (`at` has its own)
    8:3 missed is for cron (not_after says until when a single date may fire)
    8:3 not_after (2027-03-01T07:00:00.000Z) is before the time itself (2027-03-01T08:00:00.000Z) (move it later)
    7:9 `0 9 * * mno` is no cron expression: `mno` is no day of the week (expected 0 to 7 or sun to sat)
    8:3 not_after is for a single date (missed says what becomes of the times of a cron schedule, and the campaign's end_date ends it)
    8:11 `always` is not allowed in Schedule.spec.missed (allowed here: skip, run_once)
    7:18 `9` is no time of day (write it as 09:00)
    7:3 contact_local needs its date (say on which day, as in `on: 2026-12-01` or `--on 2026-12-01`)
    ");
}

#[test]
fn a_campaign_has_one_schedule() {
    let other = schedule("  cron: \"@daily\"\n").replace("name: nine", "name: ten");
    let text = format!("{}---\n{other}", schedule("  at: 2027-03-01T09:00\n"));
    let spring =
        "---\n".to_owned() + &campaign("  type: email\n").replace("name: c", "name: spring");
    let refused = validate_alone(&[source(&(text + &spring))]).unwrap_err();
    let told: Vec<_> =
        refused.problems.iter().map(|one| (one.line, one.message.as_str())).collect();
    assert_eq!(told, [(11, "`spring` has the schedule `nine` already")]);
}
