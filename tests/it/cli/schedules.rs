//! Schedules at the prompt: making one, seeing it everywhere, and the words for mistakes.

use insta::assert_snapshot;

use super::Sandbox;

/// A workspace with a campaign `Spring` to the list `North`.
pub(super) fn shop() -> Sandbox {
    let sandbox = Sandbox::workspace();
    sandbox.write("hello.md", "Hello. {{ unsubscribe_url }}\n");
    sandbox.ok(&["config", "set", "sender.email", "news@shop.example"]);
    sandbox.ok(&["config", "set", "unsubscribe.url", "https://shop.example/leave"]);
    sandbox.ok(&["list", "create", "North"]);
    sandbox.ok(&["contact", "add", "ana@example.com", "--list", "North"]);
    let create = ["campaign", "create", "Spring", "--list", "North", "--subject", "Hello"];
    sandbox.ok(&[&create[..], &["--body", "hello.md"]].concat());
    sandbox
}

#[test]
fn a_schedule_is_seen_wherever_its_campaign_is() {
    let sandbox = shop();
    let args = ["campaign", "schedule", "Spring", "--at", "2999-03-01T09:00"];
    let made = sandbox.run(&[&args[..], &["--tz", "europe/madrid"]].concat());
    assert_eq!(made.code, 0, "{}", made.err);
    assert_snapshot!(made.err, @"`Spring` starts on Fri 1 Mar 2999 09:00 Europe/Madrid, where `frontier worker` runs.");
    assert_eq!(made.out, "Spring\n");
    assert_snapshot!(sandbox.ok(&["schedule", "list"]), @r"
    NAME    CAMPAIGN  WHEN                    STATE    NEXT
    Spring  Spring    at 2999-03-01T09:00:00  waiting  Fri 1 Mar 2999 09:00 Europe/Madrid
    ");
    assert_snapshot!(sandbox.ok(&["campaign", "status", "Spring"]), @r"
    Spring  scheduled
    next start  Fri 1 Mar 2999 09:00 Europe/Madrid
    not started; 1 contacts in its audience
    ");
    let list =
        sandbox.ok(&["campaign", "list", "--json", "name,status,next_start_at", "-o", "csv"]);
    assert_snapshot!(list, @r"
    name,status,next_start_at
    Spring,scheduled,2999-03-01T08:00:00.000Z
    ");
    assert!(sandbox.ok(&["campaign", "list"]).contains("2999-03-01 08:00 UTC"));
    assert_snapshot!(sandbox.ok(&["schedule", "next", "Spring"]), @r"
    LOCAL                               AT
    Fri 1 Mar 2999 09:00 Europe/Madrid  2999-03-01T08:00:00.000Z
    ");

    assert_eq!(
        sandbox.run(&["campaign", "pause", "Spring"]).err,
        "Paused the schedule of `Spring`.\n"
    );
    let paused = sandbox.ok(&["campaign", "status", "Spring"]);
    assert!(paused.contains("next start  none, while its schedule is paused\n"), "{paused}");
    assert!(sandbox.ok(&["schedule", "list"]).contains("  paused\n"));
    assert_eq!(sandbox.ok(&["schedule", "next", "Spring"]).lines().count(), 2, "if it went on");
    let resumed = sandbox.run(&["campaign", "resume", "Spring"]);
    assert_eq!((resumed.code, resumed.err.as_str()), (0, "Resumed the schedule of `Spring`.\n"));
    let gone = sandbox.run(&["campaign", "unschedule", "Spring"]);
    assert_snapshot!(gone.err, @"`Spring` has no schedule any more; it is draft.");
    assert_eq!(sandbox.run(&["schedule", "show", "Spring"]).code, 3);
    assert_snapshot!(sandbox.run(&["schedule", "list"]).err, @"No schedules; `frontier campaign schedule NAME --at TIME` makes one.");
}

#[test]
fn a_cron_schedule_tells_its_next_times() {
    let sandbox = shop();
    sandbox.ok(&["campaign", "edit", "Spring", "--timezone", "America/New_York"]);
    let args = ["campaign", "schedule", "Spring", "--cron", "30 2 * 3 sun", "--name", "sundays"];
    sandbox.ok(&[&args[..], &["--missed", "run-once", "--label", "kind=digest"]].concat());
    let shown = sandbox.ok(&["schedule", "show", "sundays"]);
    for line in
        ["when       cron 30 2 * 3 sun", "timezone   America/New_York", "missed     run-once"]
    {
        assert!(shown.contains(line), "{shown}");
    }
    let next = sandbox.ok(&["schedule", "next", "Spring", "--count", "12", "-o", "json"]);
    let next: serde_json::Value = serde_json::from_str(&next).unwrap();
    let times: Vec<_> = next.as_array().unwrap().iter().map(|time| &time["local"]).collect();
    assert_eq!(times.len(), 12);
    // On the second Sunday of March clocks go from 02:00 to 03:00 there.
    let moved = times.iter().filter(|time| time.as_str().unwrap().contains(" 03:00 ")).count();
    assert!((2..=3).contains(&moved), "{times:?}");
}

#[test]
fn a_wrong_schedule_is_shown_where_it_is_wrong() {
    let sandbox = shop();
    let wrong = sandbox.run(&["campaign", "schedule", "Spring", "--cron", "0 9 * * mno"]);
    assert_eq!(wrong.code, 5);
    assert_snapshot!(wrong.err, @r"
    error: `0 9 * * mno` is no cron expression: `mno` is no day of the week; expected 0 to 7 or sun to sat
      0 9 * * mno
              ^^^
    ");
    let passed = sandbox.run(&["campaign", "schedule", "Spring", "--at", "2020-03-01T09:00"]);
    assert_eq!(passed.code, 5);
    assert_snapshot!(passed.err, @"error: Sun 1 Mar 2020 09:00 UTC has passed; choose a time to come, or `frontier campaign start` it now");
    let zone = ["campaign", "schedule", "Spring", "--cron", "@daily", "--tz", "Europe/Madird"];
    assert_snapshot!(sandbox.run(&zone).err, @"error: `Europe/Madird` is not a timezone; is it Europe/Madrid?");
    for usage in [
        &["campaign", "schedule", "Spring"][..],
        &["campaign", "schedule", "Spring", "--at", "2999-03-01T09:00", "--cron", "@daily"],
    ] {
        assert_eq!(sandbox.run(usage).code, 2, "{usage:?}");
    }
    let at = ["campaign", "schedule", "Spring", "--at", "2999-03-01T09:00", "--missed", "skip"];
    assert_eq!(sandbox.run(&at).code, 5);
    assert_eq!(sandbox.run(&["campaign", "schedule", "Autumn", "--cron", "@daily"]).code, 3);
}
