//! Limits: what leaves by a channel, to a domain and from a workspace is held to them.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use frontier::app::wiring::{Parts, services};
use frontier::core::campaigns::{Defaults, Draft, RunCampaign};
use frontier::core::kernel::Timestamp;
use frontier::core::publishing::{ChannelSettings, DeliveryState, Limits, Options, Rates, Worked};
use frontier::storage::sql::Db;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::{Shop, ended, until};
use crate::support::backend::on_every_backend;
use crate::support::smtp::Act;

on_every_backend!(
    two_campaigns_share_the_rate_of_a_channel,
    a_domain_has_a_pace_of_its_own,
    a_domain_that_must_wait_holds_nobody_up,
    a_domain_whose_limit_is_lifted_goes_on,
    a_workspace_has_limits_above_its_channels,
    a_day_that_is_used_up_puts_the_run_off,
    another_limit_is_followed_at_once,
    a_domain_that_turns_mails_away_gets_fewer,
    nothing_leaves_in_quiet_hours,
    quiet_hours_are_each_contacts_own,
    a_warm_up_grows_from_day_to_day,
    the_status_says_how_it_goes,
);

fn limits(said: Value) -> Limits {
    serde_json::from_value(said).unwrap()
}

impl Shop {
    /// Gives the channel `mail` these limits.
    async fn limit(&self, said: Value) {
        let settings = ChannelSettings { limits: limits(said), ..Self::settings(&self.smtp()) };
        let publishing = &self.app.services.publishing;
        publishing.update_channel("mail", settings, BTreeMap::new(), None).await.unwrap();
    }

    /// Works the run of a campaign, whoever holds its job.
    fn work_on(&self, job: RunCampaign, node: &str) -> JoinHandle<Worked> {
        let (services, stop) = (self.app.services.clone(), self.stop.clone());
        let options = Options { node: node.to_owned(), batch: 500, ..Self::options(32) };
        tokio::spawn(async move { services.campaigns.work(&job, &options, &stop).await.unwrap() })
    }

    async fn held(&self) -> Option<String> {
        self.progress().await.run.unwrap().held.map(|held| held.by)
    }
}

/// The most of `times`, which ascend, in any such span.
fn most(times: &[Instant], span: Duration) -> usize {
    let within = |at: usize| times[at..].iter().take_while(|one| **one < times[at] + span).count();
    (0..times.len()).map(within).max().unwrap_or(0)
}

async fn two_campaigns_share_the_rate_of_a_channel(shop: Shop) {
    shop.readers(300).await;
    shop.campaign(Draft { name: "Autumn".to_owned(), ..Shop::draft() }).await;
    shop.limit(json!({ "per_second": 200 })).await;
    let mut workers = Vec::new();
    for name in ["Spring", "Autumn"] {
        let (campaign, run) = shop.app.services.campaigns.start(name).await.unwrap();
        let job = RunCampaign { campaign: campaign.id, run: run.id };
        workers.push(shop.work_on(job, name));
    }
    for worker in workers {
        assert_eq!(ended(worker).await, Worked::Finished);
    }
    let taken = shop.server.taken();
    let times: Vec<Instant> = taken.iter().map(|mail| mail.at).collect();
    let took = *times.last().unwrap() - times[0];
    assert!(took > Duration::from_millis(2700), "600 mails in {took:?}");
    let (second, two) =
        (most(&times, Duration::from_secs(1)), most(&times, Duration::from_secs(2)));
    assert!(second <= 270 && two <= 470, "{second} in a second, {two} in two");
    // From when both are there.
    let run = |at: usize| taken[at].message_id.split('.').next().unwrap().to_owned();
    let both = (1..taken.len()).find(|at| run(*at) != run(0)).unwrap();
    let first = (both..both + 240).filter(|at| run(*at) == run(0)).count();
    assert!((80..=160).contains(&first), "{first} of 240 are of one campaign");
}

async fn a_domain_has_a_pace_of_its_own(shop: Shop) {
    shop.readers(40).await;
    for at in 0..5 {
        shop.contact(&format!("s{at:02}@slow.example"), json!({}), &["Readers"]).await;
    }
    let domains = json!([{ "domain": "slow.example", "per_second": 4 }]);
    shop.limit(json!({ "domains": domains, "per_domain": { "per_second": 1000 } })).await;
    shop.run().await;
    let taken = shop.server.taken();
    let slow = |mail: &&crate::support::smtp::Taken| mail.to.ends_with("@slow.example");
    let times: Vec<Instant> = taken.iter().filter(slow).map(|mail| mail.at).collect();
    let took = times[4] - times[0];
    assert!(took >= Duration::from_millis(750), "5 mails at 4 a second in {took:?}");
    let others = taken.iter().filter(|mail| !slow(mail)).map(|mail| mail.at).max().unwrap();
    assert!(others < times[4], "they need not wait for it");
    shop.everything_agrees().await;
}

async fn a_domain_whose_limit_is_lifted_goes_on(shop: Shop) {
    shop.readers(20).await;
    shop.limit(json!({ "domains": [{ "domain": "post.example", "per_day": 5 }] })).await;
    shop.start().await;
    assert!(matches!(shop.work().await, Worked::Waits(_)));
    assert_eq!(shop.server.count(), 5);
    let by = "the limits of the domains that are left";
    assert_eq!(shop.held().await.as_deref(), Some(by));
    shop.limit(json!({})).await;
    assert_eq!(shop.work().await, Worked::Finished);
    assert_eq!((shop.server.count(), shop.server.duplicates()), (20, 0));
}

async fn a_workspace_has_limits_above_its_channels(shop: Shop) {
    shop.readers(30).await;
    let parts = Parts {
        db: Db::open(&shop.url).unwrap(),
        clock: shop.app.clock.clone(),
        outbox: shop.app.folder.path().join("outbox"),
        defaults: Defaults::default(),
        limits: Rates { per_hour: Some(20), ..Rates::default() },
    };
    let node = services(parts).await.unwrap();
    let run = shop.start().await;
    let job = RunCampaign { campaign: shop.progress().await.campaign.id, run };
    let worked = node.campaigns.work(&job, &Shop::options(32), &shop.stop).await.unwrap();
    assert!(matches!(worked, Worked::Waits(_)), "{worked:?}");
    assert_eq!(shop.server.count(), 20);
    let by = "the limit of 20 mails an hour of this workspace";
    assert_eq!(shop.held().await.as_deref(), Some(by));
}

async fn a_domain_that_must_wait_holds_nobody_up(shop: Shop) {
    shop.readers(40).await;
    for at in 0..20 {
        shop.contact(&format!("s{at:02}@slow.example"), json!({}), &["Readers"]).await;
    }
    shop.limit(json!({ "domains": [{ "domain": "Slow.example", "per_minute": 5 }] })).await;
    shop.start().await;
    let worker = shop.worker(Shop::options(32));
    until("all but those that must wait", async || shop.server.count() == 45).await;
    let waits = |one: &&frontier::core::publishing::Delivery| one.state == DeliveryState::Queued;
    until("they wait in the ledger", async || {
        shop.ledger().await.iter().filter(waits).count() == 15
    })
    .await;
    assert!(shop.ledger().await.iter().filter(waits).all(|one| one.attempts == 0));
    let slow = shop.server.recipients().into_iter().filter(|to| to.ends_with("@slow.example"));
    assert_eq!(slow.count(), 5);
    for sent in [50, 55, 60] {
        shop.app.clock.advance(65_000);
        until("the next minute's", async || shop.server.count() == sent).await;
    }
    assert_eq!(ended(worker).await, Worked::Finished);
    assert_eq!(shop.server.duplicates(), 0);
    shop.everything_agrees().await;
}

async fn a_day_that_is_used_up_puts_the_run_off(shop: Shop) {
    shop.readers(30).await;
    shop.limit(json!({ "per_day": 20 })).await;
    shop.start().await;
    let Worked::Waits(due) = shop.work().await else { panic!("it waits for the next day") };
    assert_eq!(shop.server.count(), 20);
    let wait = due.since(shop.app.clock.now()).as_secs();
    assert!((24 * 3600..=25 * 3600 + 2).contains(&wait), "{wait} s");
    assert_eq!(
        shop.held().await.as_deref(),
        Some("the limit of 20 mails a day of the channel `mail`")
    );
    assert_eq!(shop.progress().await.counts.queued, 10);

    // Another process knows of it, whatever became of the first.
    let run = shop.progress().await.run.unwrap().id;
    assert!(matches!(shop.work_elsewhere(run).await, Worked::Waits(_)));
    assert_eq!(shop.server.count(), 20);

    shop.app.clock.advance(26 * 3_600_000);
    assert_eq!(shop.work().await, Worked::Finished);
    assert_eq!((shop.server.count(), shop.server.duplicates()), (30, 0));
    assert_eq!(shop.held().await, None);
}

async fn another_limit_is_followed_at_once(shop: Shop) {
    shop.readers(30).await;
    shop.limit(json!({ "per_hour": 10 })).await;
    shop.start().await;
    assert!(matches!(shop.work().await, Worked::Waits(_)));
    assert_eq!(shop.server.count(), 10);
    // Its job is there again, and goes on.
    shop.limit(json!({ "per_minute": 15 })).await;
    let worker = shop.worker(Shop::options(32));
    until("the next", async || shop.server.count() == 25).await;
    let by = "the limit of 15 mails a minute of the channel `mail`";
    until("why it waits", async || shop.held().await.as_deref() == Some(by)).await;
    shop.limit(json!({})).await;
    assert_eq!(ended(worker).await, Worked::Finished);
    assert_eq!((shop.server.count(), shop.server.duplicates()), (30, 0));
}

async fn a_domain_that_turns_mails_away_gets_fewer(shop: Shop) {
    shop.readers(60).await;
    for at in 0..60 {
        let address = format!("s{at:02}@slow.example");
        shop.contact(&address, json!({}), &["Readers"]).await;
        shop.server.script(&address, &[Act::Say("421 4.7.0 too many")]);
    }
    shop.start().await;
    let worker = shop.worker(Shop::options(8));
    let sql = "SELECT meter FROM limits WHERE channel = 'mail' AND domain = 'slow.example'";
    let rate = async || {
        let mut tx = shop.db.read().await.unwrap();
        let row = tx.row(sql, frontier::storage::sql::params![]).await.unwrap();
        row.and_then(|row| row.get::<Value>("meter").unwrap()["adapted"]["rate"].as_f64())
    };
    until("a lower rate", async || rate().await.is_some()).await;
    // The others are not held up, and nothing is lost: it goes on as fast as it may.
    until("the others", async || {
        let fast = |to: &String| to.ends_with("@post.example");
        shop.server.recipients().iter().filter(|to| fast(to)).count() == 60
    })
    .await;
    shop.stop.cancel();
    ended(worker).await;
    let counts = shop.progress().await.counts;
    assert_eq!((counts.accepted, counts.queued + counts.deferred), (60, 60));
}

async fn nothing_leaves_in_quiet_hours(shop: Shop) {
    // The clock stands at midnight in UTC.
    shop.readers(5).await;
    let quiet = json!({ "from": "22:00", "to": "07:00", "timezone": "Europe/Madrid" });
    shop.limit(json!({ "quiet_hours": quiet })).await;
    shop.start().await;
    let seven: Timestamp = "2026-01-01T06:00:00Z".parse().unwrap();
    assert_eq!(shop.work().await, Worked::Waits(seven));
    assert_eq!(shop.server.count(), 0);
    assert_eq!(shop.held().await.as_deref(), Some("quiet hours of the channel `mail`"));
    shop.app.clock.advance(6 * 3_600_000);
    assert_eq!(shop.work().await, Worked::Finished);
    assert_eq!(shop.server.count(), 5);
}

async fn quiet_hours_are_each_contacts_own(shop: Shop) {
    for (name, zone) in [("ana", Some("Asia/Tokyo")), ("bea", None), ("eva", Some("Asia/Dubai"))] {
        let address = format!("{name}@post.example");
        shop.contact(&address, json!({}), &["Readers"]).await;
        let change = frontier::core::contacts::ContactChange {
            timezone: zone.map(str::to_owned),
            ..frontier::core::contacts::ContactChange::default()
        };
        shop.app.services.contacts.upsert(&address, change, &[]).await.unwrap();
    }
    // At midnight in UTC it is nine in Tokyo and four in Dubai.
    let quiet = json!({ "from": "22:00", "to": "07:00", "timezone": "contact" });
    shop.limit(json!({ "quiet_hours": quiet })).await;
    shop.start().await;
    let dubai: Timestamp = "2026-01-01T03:00:00Z".parse().unwrap();
    assert_eq!(shop.work().await, Worked::Waits(dubai));
    assert_eq!(shop.server.recipients(), ["ana@post.example"]);
    shop.app.clock.advance(3 * 3_600_000);
    assert!(matches!(shop.work().await, Worked::Waits(_)));
    assert_eq!(shop.server.recipients(), ["ana@post.example", "eva@post.example"]);
    shop.app.clock.advance(4 * 3_600_000);
    assert_eq!(shop.work().await, Worked::Finished);
    assert_eq!(shop.server.count(), 3);
}

async fn a_warm_up_grows_from_day_to_day(shop: Shop) {
    shop.readers(40).await;
    let plan = json!({ "starts": "2026-01-01", "first_day": 10, "daily_growth": 50 });
    shop.limit(json!({ "warm_up": plan })).await;
    shop.start().await;
    for (sent, day) in [(10, "2026-01-02"), (25, "2026-01-03")] {
        let midnight: Timestamp = format!("{day}T00:00:00Z").parse().unwrap();
        assert_eq!(shop.work().await, Worked::Waits(midnight));
        assert_eq!(shop.server.count(), sent);
        shop.app.clock.advance(24 * 3_600_000);
    }
    assert_eq!(shop.work().await, Worked::Finished);
    assert_eq!((shop.server.count(), shop.server.duplicates()), (40, 0));
}

async fn the_status_says_how_it_goes(shop: Shop) {
    let readers = shop.readers(60).await;
    for address in &readers[..3] {
        shop.server.script(address, &[Act::Say("550 5.1.1 no such user")]);
    }
    shop.server.script(&readers[3], &[Act::Say("552 5.2.2 mailbox full")]);
    shop.limit(json!({ "per_second": 40, "per_day": 50 })).await;
    shop.start().await;
    assert!(matches!(shop.work().await, Worked::Waits(_)));
    let status = shop.app.client.campaign_status("Spring").await.unwrap();
    let run = status.run.unwrap();
    let rate = run.rate.unwrap();
    assert!((20.0..=60.0).contains(&rate), "{rate} a second");
    let held = run.held.unwrap();
    assert_eq!(held.by, "the limit of 50 mails a day of the channel `mail`");
    assert!(status.eta_at.unwrap() >= held.until, "not before it goes on");
    let told =
        |one: &frontier::api::RunFailureBody| (one.code, one.enhanced_code.clone(), one.count);
    assert_eq!(
        status.failures.iter().map(told).collect::<Vec<_>>(),
        [(Some(550), Some("5.1.1".to_owned()), 3), (Some(552), Some("5.2.2".to_owned()), 1)]
    );
}
