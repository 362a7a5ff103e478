//! Reports and metrics: the figures of a campaign are those of its ledger.

mod saved;

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use frontier::api::{CountsBody, MetricQuery, ReportBody};
use frontier::client::ClientError;
use frontier::core::analytics::AnalyticsError;
use frontier::core::campaigns::{
    Audience, Campaign, Draft, DraftMessage, MessageContent, RunCampaign,
};
use frontier::core::contacts::{ContactChange, NewList};
use frontier::core::content::Format;
use frontier::core::kernel::{Id, Timestamp};
use frontier::core::publishing::{
    ChannelSettings, Mailbox, NewChannel, Options, Presence, UnsubscribeWays, Worked,
};
use frontier::storage::bus::BusEvent;
use frontier::storage::sql::{Db, DbUrl, Params, params};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::cli::Sandbox;
use crate::support::app::App;
use crate::support::backend::{Given, on_every_backend};

on_every_backend!(
    the_figures_are_those_of_the_ledger,
    replies_are_grouped_by_their_codes,
    a_campaign_that_never_ran_has_a_report,
    an_event_counts_once,
    an_event_that_cannot_count_changes_nothing,
    a_run_is_counted_by_its_events,
    documents_come_with_their_type,
    metrics_are_asked_for_by_day,
);

/// A program, and its store seen from its workspace.
struct World {
    app: App,
    db: Db,
}

/// A delivery to be, as the ledger would hold it.
#[derive(Clone, Debug)]
struct Delivery {
    domain: String,
    state: &'static str,
    code: Option<u16>,
    enhanced: Option<&'static str>,
    reply: String,
    settled_at: Option<i64>,
}

impl World {
    async fn new(url: DbUrl) -> Self {
        let app = App::given(url.clone()).await;
        let db = Db::open(&url).unwrap();
        let sql = "SELECT id FROM workspaces";
        let row = db.read().await.unwrap().row(sql, params![]).await.unwrap().unwrap();
        Self { db: db.in_workspace(row.get("id").unwrap()), app }
    }

    async fn campaign(&self, name: &str) -> Campaign {
        self.app.services.campaigns.create(Draft::named(name.to_owned())).await.unwrap()
    }

    async fn write(&self, sql: &str, rows: Vec<Params>) {
        let mut tx = self.db.begin().await.unwrap();
        tx.execute_many(sql, rows).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Writes a run that sent `deliveries` through the outbox.
    async fn run(&self, campaign: Id, status: &str, deliveries: &[Delivery]) -> Id {
        let (run, message) = (self.app.clock.new_id(), self.app.clock.new_id());
        let settings = json!(ChannelSettings::outbox());
        let channel = json!({ "name": "outbox", "settings": settings });
        let now = self.app.clock.now();
        let sql = "INSERT INTO runs
                   (id, campaign_id, channel, plan, status, prepared, recipients, started_at)
                   VALUES (?1, ?2, ?3, ?4, ?5, TRUE, ?6, ?7)";
        let count = u32::try_from(deliveries.len()).unwrap();
        let run_row = params![run, campaign, channel, json!({}), status, count, now];
        self.write(sql, vec![run_row]).await;
        let sql = "INSERT INTO deliveries
                   (run_id, message_id, contact_id, email, domain, state, attempts, due_at, code,
                    enhanced, reply, settled_at)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, ?7, ?8, ?9, ?10, ?11)";
        let row = |one: &Delivery| {
            let email = format!("somebody@{}", one.domain);
            let at = one.settled_at.map(Timestamp::from_millis);
            let contact = self.app.clock.new_id();
            params![
                run,
                message,
                contact,
                email,
                one.domain.as_str(),
                one.state,
                now,
                one.code,
                one.enhanced,
                one.reply.as_str(),
                at
            ]
        };
        self.write(sql, deliveries.iter().map(row).collect()).await;
        run
    }

    async fn report(&self, campaign: &str) -> ReportBody {
        self.app.client.report(campaign).await.unwrap()
    }

    async fn consume(&self, event: &BusEvent) {
        self.app.services.analytics.consume(std::slice::from_ref(event)).await.unwrap();
    }

    /// What the outbox holds, as the relay would bring it.
    async fn events(&self) -> Vec<BusEvent> {
        let sql = "SELECT id, name, payload, created_at FROM outbox ORDER BY id";
        let rows = self.db.read().await.unwrap().rows(sql, params![]).await.unwrap();
        let event = |row: &frontier::storage::sql::Row| BusEvent {
            id: row.get("id").unwrap(),
            name: row.get("name").unwrap(),
            payload: row.get("payload").unwrap(),
            at: row.get("created_at").unwrap(),
        };
        rows.iter().map(event).collect()
    }

    async fn metrics(&self, campaign: &str) -> Vec<(String, i64)> {
        let all = self.app.client.metrics(campaign, &MetricQuery::default()).await.unwrap();
        all.into_iter().map(|one| (format!("{} {}", one.date, one.metric), one.value)).collect()
    }

    async fn get(&self, path: &str) -> Response {
        let request = Request::get(format!("/api/v1{path}")).body(Body::empty()).unwrap();
        self.app.client.send(request).await.unwrap()
    }

    fn event(&self, name: &str, payload: Value) -> BusEvent {
        let (id, at) = (self.app.clock.new_id(), self.app.clock.now());
        BusEvent { id, name: name.to_owned(), payload, at }
    }

    fn settled(&self, run: Id, [accepted, deferred, failed, refused]: [u32; 4]) -> BusEvent {
        let payload = json!({
            "run_id": run, "date": "2026-01-01", "accepted": accepted, "deferred": deferred,
            "failed": failed, "refused": refused, "suppressed": 0,
        });
        self.event("deliveries.settled", payload)
    }
}

/// `count` deliveries in every state, to 33 domains, over some hours.
fn deliveries(count: usize, seed: usize) -> Vec<Delivery> {
    let states = [
        "accepted",
        "accepted",
        "accepted",
        "accepted",
        "accepted",
        "deferred",
        "failed",
        "suppressed",
        "queued",
        "leased",
        "bounced",
        "complained",
    ];
    let one = |at: usize| {
        let mixed = (at + seed) * 7919;
        let state = states[mixed % states.len()];
        let (code, enhanced) = match state {
            "deferred" => (Some(451), Some("4.7.1")),
            "failed" if mixed.is_multiple_of(2) => (Some(550), Some("5.1.1")),
            "failed" => (Some(552), None),
            _ => (None, None),
        };
        let settled = 1_767_225_600_000 + i64::try_from(mixed % 10_000_000).unwrap();
        Delivery {
            // The higher its number, the fewer mails a domain gets.
            domain: format!("d{:02}.example", (mixed % 33) * (at % 3) / 2),
            state,
            code,
            enhanced,
            reply: enhanced.map_or_else(String::new, |code| format!("{code} no somebody{at}")),
            settled_at: (!["queued", "leased"].contains(&state)).then_some(settled),
        }
    };
    (0..count).map(one).collect()
}

fn count(deliveries: &[Delivery], of: impl Fn(&Delivery) -> bool) -> u64 {
    deliveries.iter().filter(|one| of(one)).count() as u64
}

async fn the_figures_are_those_of_the_ledger(url: DbUrl) {
    let world = World::new(url).await;
    let (spring, other) = (world.campaign("Spring").await, world.campaign("Other").await);
    let (first, second) = (deliveries(900, 1), deliveries(500, 2));
    world.run(spring.id, "completed", &first).await;
    world.run(spring.id, "active", &second).await;
    world.run(other.id, "completed", &deliveries(100, 3)).await;
    let all = [first, second].concat();
    let of = |state: &str| count(&all, |one| one.state == state);

    let report = world.report("Spring").await;
    let expected = CountsBody {
        total: 1400,
        queued: of("queued"),
        leased: of("leased"),
        accepted: of("accepted"),
        deferred: of("deferred"),
        failed: of("failed"),
        suppressed: of("suppressed"),
        bounced: of("bounced"),
        complained: of("complained"),
    };
    assert_eq!(report.totals, expected);
    let taken = expected.accepted + expected.bounced + expected.complained;

    assert!((2..=60).contains(&report.timeline.buckets.len()));
    let timed = report.timeline.buckets.iter().fold([0; 3], |[accepted, deferred, failed], one| {
        [accepted + one.accepted, deferred + one.deferred, failed + one.failed]
    });
    assert_eq!(timed, [taken, expected.deferred, expected.failed]);
    let bucket = &report.timeline.buckets[3];
    let start = bucket.at.parse::<Timestamp>().unwrap().as_millis();
    let end = start + i64::try_from(report.timeline.bucket_seconds).unwrap() * 1000;
    let within = |one: &Delivery| one.settled_at.is_some_and(|at| (start..end).contains(&at));
    assert_eq!(bucket.failed, count(&all, |one| one.state == "failed" && within(one)));

    let mut domains: BTreeMap<&str, u64> = BTreeMap::new();
    for one in &all {
        *domains.entry(&one.domain).or_default() += 1;
    }
    let mut domains: Vec<(&str, u64)> = domains.into_iter().collect();
    domains.sort_by_key(|(domain, count)| (std::cmp::Reverse(*count), *domain));
    let beyond = domains.split_off(20);
    assert!(beyond.len() > 5);
    domains.push(("other", beyond.iter().map(|(_, count)| count).sum()));
    let found = report.domains.iter().map(|one| (one.domain.as_str(), one.recipients));
    assert_eq!(found.collect::<Vec<_>>(), domains);
    let sum =
        |of: fn(&frontier::api::DomainBody) -> u64| report.domains.iter().map(of).sum::<u64>();
    assert_eq!(
        [sum(|one| one.accepted), sum(|one| one.deferred), sum(|one| one.failed)],
        [expected.accepted, expected.deferred, expected.failed]
    );
    assert_eq!(sum(|one| one.suppressed), expected.suppressed);

    let failures: u64 = report.failures.iter().map(|one| one.count).sum();
    assert_eq!(failures, expected.deferred + expected.failed);
    let settled = taken + expected.failed + expected.suppressed;
    let lag = format!("{settled} of {settled} deliveries are not counted");
    assert!(report.notes.iter().any(|note| note.contains(&lag)), "{:?}", report.notes);
}

async fn replies_are_grouped_by_their_codes(url: DbUrl) {
    let world = World::new(url).await;
    let campaign = world.campaign("Spring").await;
    let refused = |at: usize, code, enhanced: Option<&'static str>| Delivery {
        domain: "shop.example".to_owned(),
        state: "failed",
        code,
        enhanced,
        reply: format!("{} no ana{at} {}", enhanced.unwrap_or(""), "x".repeat(300)),
        settled_at: Some(1_767_225_600_000),
    };
    let mut all: Vec<Delivery> = (0..9).map(|at| refused(at, Some(550), Some("5.1.1"))).collect();
    all.extend((0..4).map(|at| refused(at, Some(550), None)));
    all.extend((0..4).map(|at| refused(at, None, None)));
    all.extend((500..523).map(|code| refused(0, Some(code), Some("5.0.0"))));
    world.run(campaign.id, "completed", &all).await;

    let failures = world.report("Spring").await.failures;
    let told = |at: usize| {
        let one = &failures[at];
        (one.code.as_deref(), one.enhanced.as_deref(), one.count)
    };
    assert_eq!(told(0), (Some("550"), Some("5.1.1"), 9));
    assert_eq!(told(1), (Some("550"), None, 4));
    assert_eq!(told(2), (None, None, 4));
    assert_eq!((failures.len(), told(20)), (21, (Some("other"), None, 6)));
    assert!(failures[0].reply.starts_with("no ana0 x"), "{}", failures[0].reply);
    assert_eq!(failures[0].reply.chars().count(), 200);
}

async fn a_campaign_that_never_ran_has_a_report(url: DbUrl) {
    let world = World::new(url).await;
    world.campaign("Spring").await;
    let report = world.report("Spring").await;
    assert_eq!((report.totals, report.runs.len()), (CountsBody::default(), 0));
    assert_eq!(report.rates.accepted, None);
    assert_eq!(report.notes, ["The campaign has not been started, so nothing was sent yet."]);
    for format in ["terminal", "md", "html", "csv", "json"] {
        let document = world.app.client.report_document("Spring", format).await.unwrap();
        assert!(document.contains("Spring"), "{format}");
    }
}

async fn an_event_counts_once(url: DbUrl) {
    let world = World::new(url).await;
    let campaign = world.campaign("Spring").await;
    let run = world.run(campaign.id, "active", &[]).await;
    let created = world.event("campaign.created", json!({ "id": campaign.id, "name": "Spring" }));
    let (one, two) = (world.settled(run, [5, 2, 3, 1]), world.settled(run, [4, 0, 0, 0]));
    for event in [&one, &created, &one, &two, &created, &two, &one] {
        world.consume(event).await;
    }
    world.consume(&world.event("campaign.renamed", json!({ "of": "a later version" }))).await;
    let expected = [
        ("2026-01-01 bounces", 1),
        ("2026-01-01 deferrals", 2),
        ("2026-01-01 deliveries", 9),
        ("2026-01-01 failures", 3),
        ("2026-01-01 suppressions", 0),
    ];
    let expected = expected.map(|(metric, value)| (metric.to_owned(), value));
    assert_eq!(world.metrics("Spring").await, expected);
    let daily = world.report("Spring").await.daily;
    assert_eq!(daily.iter().map(|one| one.value).collect::<Vec<_>>(), [1, 2, 9, 3]);
}

async fn an_event_that_cannot_count_changes_nothing(url: DbUrl) {
    let world = World::new(url).await;
    let campaign = world.campaign("Spring").await;
    let run = world.run(campaign.id, "active", &[]).await;
    let garbled = BusEvent { payload: json!({ "run_id": run }), ..world.settled(run, [1; 4]) };
    let refusal =
        world.app.services.analytics.consume(std::slice::from_ref(&garbled)).await.unwrap_err();
    assert!(matches!(refusal, AnalyticsError::Event { .. }), "{refusal}");
    // Once its payload is mended it counts: the failure left no mark.
    world.consume(&BusEvent { id: garbled.id, ..world.settled(run, [7, 0, 0, 0]) }).await;
    // What was deleted meanwhile is nobody's figure.
    world.consume(&world.settled(world.app.clock.new_id(), [3, 0, 0, 0])).await;
    let gone = json!({ "id": world.app.clock.new_id(), "name": "Gone" });
    world.consume(&world.event("campaign.created", gone)).await;
    assert_eq!(world.metrics("Spring").await, [("2026-01-01 deliveries".to_owned(), 7)]);
}

async fn a_run_is_counted_by_its_events(url: DbUrl) {
    let world = World::new(url).await;
    let services = &world.app.services;
    services
        .contacts
        .create_list(NewList { name: "Readers".to_owned(), ..NewList::default() })
        .await
        .unwrap();
    for email in ["ana@shop.example", "bea@shop.example", "eva@post.example", "ida@post.example"] {
        let lists = ["Readers".to_owned()];
        services.contacts.create(email, ContactChange::default(), &lists).await.unwrap();
    }
    services.contacts.suppress(&["ida@post.example".to_owned()], "asked").await.unwrap();
    let url = Some("https://news.example/stop".to_owned());
    let settings = ChannelSettings {
        from: Some(Mailbox { name: None, email: "us@news.example".to_owned() }),
        unsubscribe: Some(UnsubscribeWays { url, email: None }),
        ..ChannelSettings::outbox()
    };
    let channel = NewChannel { name: "files".to_owned(), labels: BTreeMap::new(), settings };
    services.publishing.create_channel(channel).await.unwrap();
    let body = "Hello! {{ unsubscribe_url }}".to_owned();
    let message = DraftMessage {
        name: "hello".to_owned(),
        subject: "Hello".to_owned(),
        preheader: None,
        content: MessageContent::Inline { format: Format::Markdown, body },
        text: None,
        from: None,
        reply_to: None,
    };
    let draft = Draft {
        channel: Some("files".to_owned()),
        target_audience: Audience { lists: vec!["Readers".to_owned()], segments: Vec::new() },
        messages: vec![message],
        ..Draft::named("Spring".to_owned())
    };
    services.campaigns.create(draft).await.unwrap();
    let (campaign, run) = services.campaigns.start("Spring").await.unwrap();
    let job = RunCampaign { campaign: campaign.id, run: run.id };
    let presence = Presence::from(services.clock.now());
    let options = Options { node: "test/1".to_owned(), batch: 2, in_flight: 2, presence };
    let stop = CancellationToken::new();
    let worked = services.campaigns.work(&job, &options, &stop).await.unwrap();
    assert_eq!(worked, Worked::Finished);

    let early = world.report("Spring").await;
    assert_eq!((early.totals.accepted, early.totals.suppressed), (3, 1));
    insta::allow_duplicates! {
        insta::assert_snapshot!(early.notes.join("\n"), @r"
        The outbox channel wrote files; nothing left this machine.
        The daily metrics lag behind: 4 of 4 deliveries are not counted in them yet.
        ");
    }
    for event in world.events().await {
        world.consume(&event).await;
        world.consume(&event).await;
    }
    let report = world.report("Spring").await;
    assert_eq!(report.notes, ["The outbox channel wrote files; nothing left this machine."]);
    let daily: Vec<_> = report.daily.iter().map(|one| (one.metric.as_str(), one.value)).collect();
    assert_eq!(daily, [("deliveries", 3), ("suppressions", 1)]);
    assert_eq!(report.runs[0].channel, "files");
}

async fn documents_come_with_their_type(url: DbUrl) {
    let world = World::new(url).await;
    world.campaign("Spring").await;
    let header = |answer: &Response, name: &str| {
        answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned())
    };
    let page = world.get("/campaigns/Spring/report?format=html").await;
    assert_eq!(header(&page, "content-type").as_deref(), Some("text/html; charset=utf-8"));
    assert_eq!(header(&page, "x-content-type-options").as_deref(), Some("nosniff"));
    let policy = header(&page, "content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none';"), "{policy}");
    assert!(!policy.contains("script"), "{policy}");
    let table = world.get("/campaigns/Spring/report?format=csv").await;
    assert_eq!(header(&table, "content-type").as_deref(), Some("text/csv; charset=utf-8"));
    assert_eq!(header(&table, "content-security-policy"), None);

    let error = |error: ClientError| match error {
        ClientError::Refused { status, error } => (status.as_u16(), error.code, error.message),
        other @ ClientError::Broken(_) => panic!("{other}"),
    };
    let (status, code, message) =
        error(world.app.client.report_document("Spring", "markdown").await.unwrap_err());
    assert_eq!((status, code.as_str()), (400, "UNKNOWN_FORMAT"));
    assert_eq!(message, "no report format `markdown`; did you mean `md`?");
    let (status, code, _) = error(world.app.client.report("Autumn").await.unwrap_err());
    assert_eq!((status, code.as_str()), (404, "CAMPAIGN_NOT_FOUND"));
}

async fn metrics_are_asked_for_by_day(url: DbUrl) {
    let world = World::new(url).await;
    let campaign = world.campaign("Spring").await;
    let sql = "INSERT INTO metrics (campaign_id, metric_type, date, platform, value)
               VALUES (?1, 'clicks', ?2, ?3, ?4)";
    let row = |day: &str, platform: &str, value: i64| params![campaign.id, day, platform, value];
    let rows = vec![
        row("2026-03-01", "email", 1),
        row("2026-03-02", "email", 2),
        row("2026-03-02", "mastodon", 4),
        row("2026-03-03", "email", 8),
    ];
    world.write(sql, rows).await;
    let asked = async |start: &str, end: &str| {
        let days = MetricQuery { start_date: start.parse().ok(), end_date: end.parse().ok() };
        world.app.client.metrics("Spring", &days).await
    };
    let values = async |start: &str, end: &str| {
        let found = asked(start, end).await.unwrap();
        found.into_iter().map(|one| one.value).collect::<Vec<_>>()
    };
    assert_eq!(values("", "").await, [1, 2, 4, 8]);
    assert_eq!(values("2026-03-02", "").await, [2, 4, 8]);
    assert_eq!(values("2026-03-02", "2026-03-02").await, [2, 4]);
    let refusal = asked("2026-03-03", "2026-03-01").await.unwrap_err().to_string();
    assert!(refusal.contains("give the earlier one first"), "{refusal}");
    let daily = world.report("Spring").await.daily;
    assert_eq!(daily.iter().map(|one| one.value).collect::<Vec<_>>(), [1, 6, 8]);
}

#[test]
fn the_command_writes_where_it_is_told() {
    let sandbox = Sandbox::workspace();
    sandbox.ok(&["campaign", "create", "Spring"]);
    assert!(sandbox.ok(&["report", "create", "Spring"]).contains("Spring"));
    assert_eq!(sandbox.ok(&["report", "create", "Spring", "--jq", ".totals.total"]), "0\n");
    let wrote = sandbox.run(&["report", "create", "Spring", "--out", "spring.html"]);
    assert_eq!((wrote.code, wrote.out.as_str()), (0, ""));
    assert_eq!(wrote.err, "The report is in [root]/work/spring.html.\n");
    let page = std::fs::read_to_string(sandbox.path("spring.html")).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>"), "{page:.40}");
    let refused = sandbox.run(&["report", "create", "Spring", "--format", "md", "--out", "."]);
    insta::assert_snapshot!(refused.err, @r"
    error: . is a folder
      name a file in it, such as ./report.html
    ");
    assert_eq!(refused.code, 2);
}
