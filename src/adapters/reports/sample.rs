//! Reports for the tests: a usual one, a small one, one of nothing, and one written by an enemy.

use crate::core::analytics::{
    Amount, Bucket, DailyMetric, DomainFigures, Failure, Pace, Rates, Report, ReportCampaign,
    ReportRun, Timeline, Totals,
};
use crate::core::kernel::{Id, Timestamp};

/// Markup, quotes, a table's border, a line break, an escape from right to left, and a flower.
pub(super) const HOSTILE: &str =
    "<script>alert(\"1\")</script> | 'x' `y`\n# [z](http://evil.example) \u{202e}عرض 🌸";

fn id(last: u8) -> Id {
    let mut bytes = [0; 16];
    bytes[15] = last;
    Id::from_bytes(bytes)
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn euros(amount: &str) -> Amount {
    Amount { amount: amount.to_owned(), currency: "EUR".to_owned() }
}

fn failure(code: &str, enhanced: &str, reply: &str, count: u64) -> Failure {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Failure { code: some(code), enhanced: some(enhanced), reply: reply.to_owned(), count }
}

fn domain(name: &str, [accepted, deferred, failed, suppressed, rest]: [u64; 5]) -> DomainFigures {
    DomainFigures {
        domain: name.to_owned(),
        recipients: accepted + deferred + failed + suppressed + rest,
        accepted,
        deferred,
        failed,
        suppressed,
    }
}

fn daily(date: &str, figures: &[(&str, i64)]) -> Vec<DailyMetric> {
    let date = date.parse().unwrap();
    let one = |(metric, value): &(&str, i64)| DailyMetric {
        date,
        metric: (*metric).to_owned(),
        value: *value,
    };
    figures.iter().map(one).collect()
}

/// A draft that never ran.
pub(super) fn empty() -> Report {
    Report {
        generated_at: time("2026-03-01T09:00:00Z"),
        workspace: "Orchard".to_owned(),
        campaign: ReportCampaign {
            id: id(1),
            name: "Spring launch".to_owned(),
            kind: "email".to_owned(),
            status: "draft".to_owned(),
            labels: Vec::new(),
            start_date: None,
            end_date: None,
            timezone: "UTC".to_owned(),
            budget: None,
            spent: None,
        },
        runs: Vec::new(),
        totals: Totals::default(),
        rates: Rates::default(),
        pace: Pace::default(),
        timeline: Timeline::of(1, &[]),
        daily: Vec::new(),
        domains: Vec::new(),
        failures: Vec::new(),
        notes: Vec::new(),
    }
}

/// A dozen mails, one of them refused.
pub(super) fn small() -> Report {
    let totals =
        Totals { recipients: 12, accepted: 9, failed: 1, suppressed: 2, ..Totals::default() };
    let bucket =
        |at: &str, accepted, failed| Bucket { at: time(at), accepted, deferred: 0, failed };
    let mut report = empty();
    report.campaign.status = "completed".to_owned();
    report.runs = vec![ReportRun {
        id: id(2),
        status: "completed".to_owned(),
        started_at: Some(time("2026-03-01T08:59:00Z")),
        finished_at: Some(time("2026-03-01T08:59:03Z")),
        channel: "outbox".to_owned(),
        channel_kind: "outbox".to_owned(),
    }];
    report.totals = totals;
    report.rates = totals.rates();
    report.pace = Pace::of(&report.runs, totals.taken(), report.generated_at);
    report.timeline = Timeline::of(
        1,
        &[bucket("2026-03-01T08:59:00Z", 5, 0), bucket("2026-03-01T08:59:02Z", 4, 1)],
    );
    report.daily = daily("2026-03-01", &[("accepted", 9), ("failed", 1)]);
    report.domains =
        vec![domain("example.com", [6, 0, 1, 1, 0]), domain("example.org", [3, 0, 0, 1, 0])];
    report.failures = vec![failure("550", "5.1.1", "User unknown", 1)];
    report.notes = vec!["The outbox channel wrote files; nothing left this machine.".to_owned()];
    report
}

/// Twenty thousand mails over a morning, with what usually goes wrong.
pub(super) fn spring() -> Report {
    let totals = Totals {
        recipients: 20_413,
        queued: 0,
        leased: 0,
        accepted: 19_244,
        deferred: 214,
        failed: 385,
        suppressed: 402,
        bounced: 161,
        complained: 7,
    };
    let start = time("2026-03-01T08:00:00Z").as_millis();
    // A ramp, a plateau and a tail, to the sums of the totals.
    let mut left = [totals.taken(), totals.deferred, totals.failed];
    let mut rows = Vec::new();
    for step in 0..36_u64 {
        let weight = [90, 240, 480, 676][usize::try_from(step.min(3)).unwrap()] - step * 8;
        let mut take = |at: usize, wanted: u64| {
            let taken = if step == 35 { left[at] } else { wanted.min(left[at]) };
            left[at] -= taken;
            taken
        };
        rows.push(Bucket {
            at: Timestamp::from_millis(start + i64::try_from(step).unwrap() * 5000),
            accepted: take(0, weight + step % 5 * 23),
            deferred: take(1, step % 4 * 5),
            failed: take(2, step % 3 * 9 + 2),
        });
    }
    let mut report = empty();
    report.campaign = ReportCampaign {
        id: id(1),
        name: "Spring launch 2026".to_owned(),
        kind: "email".to_owned(),
        status: "completed".to_owned(),
        labels: vec!["spring".to_owned(), "newsletter".to_owned()],
        start_date: "2026-03-01".parse().ok(),
        end_date: "2026-03-15".parse().ok(),
        timezone: "Europe/Madrid".to_owned(),
        budget: Some(euros("1250.00")),
        spent: Some(euros("318.42")),
    };
    report.generated_at = time("2026-03-02T09:30:00Z");
    report.runs = vec![ReportRun {
        id: id(2),
        status: "completed".to_owned(),
        started_at: Some(time("2026-03-01T08:00:00Z")),
        finished_at: Some(time("2026-03-01T08:03:01.500Z")),
        channel: "relay".to_owned(),
        channel_kind: "smtp".to_owned(),
    }];
    report.totals = totals;
    report.rates = totals.rates();
    report.pace = Pace::of(&report.runs, totals.taken(), report.generated_at);
    report.timeline = Timeline::of(5, &rows);
    report.daily = [
        daily("2026-03-01", &[("accepted", 19_412), ("deferred", 214), ("failed", 385)]),
        daily("2026-03-02", &[("bounced", 161), ("complained", 7)]),
    ]
    .concat();
    report.domains = vec![
        domain("gmail.example", [9_120, 84, 96, 160, 90]),
        domain("outlook.example", [4_310, 102, 141, 88, 41]),
        domain("yahoo.example", [2_204, 20, 75, 61, 20]),
        domain("universidad-complutense.example", [1_180, 3, 22, 31, 9]),
        domain("correo.example", [1_012, 2, 18, 40, 4]),
        domain("xn--caf-dma.example", [802, 2, 20, 12, 2]),
        domain("orchard.example", [616, 1, 13, 10, 2]),
    ];
    report.failures = vec![
        failure("550", "5.1.1", "The email account that you tried to reach does not exist", 241),
        failure("451", "4.7.1", "Greylisted, please try again in 300 seconds", 152),
        failure("552", "5.2.2", "Mailbox full", 84),
        failure("554", "5.7.1", "Message rejected: content looks like spam", 60),
        failure("421", "4.7.0", "Too many connections from your address", 49),
        failure("", "", "connection timed out after 30 s", 13),
    ];
    report.notes = vec![
        "Links were not tracked: the workspace has no public URL.".to_owned(),
        "214 deferred mails are tried again until 3 March.".to_owned(),
    ];
    report
}

/// Outside text that tries to be more than text.
pub(super) fn hostile() -> Report {
    let mut report = small();
    report.campaign.name = HOSTILE.to_owned();
    report.campaign.labels = vec!["=HYPERLINK(\"http://evil.example\")".to_owned()];
    report.campaign.timezone = "Nowhere/<b>".to_owned();
    report.workspace = HOSTILE.to_owned();
    report.domains = vec![domain("@sum.example", [9, 0, 1, 2, 0]), domain(HOSTILE, [0; 5])];
    report.failures = vec![failure("550", "<i>", &format!("\u{1b}[2J{HOSTILE}"), 1)];
    report.notes = vec![HOSTILE.to_owned()];
    report
}
