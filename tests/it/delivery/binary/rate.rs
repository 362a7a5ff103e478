//! Two campaigns on one channel that is limited to 200 mails a second, and a kill in the middle.

use std::time::Duration;

use frontier::storage::sql::DbUrl;

use super::{IN_FLIGHT, Shop};
use crate::support::backend::{Backend, run};
use crate::support::process::Working;
use crate::support::smtp::{SmtpServer, Taken};

/// Mails to each of the two: enough for more than ten seconds.
const CONTACTS: usize = 1200;
const RATE: f64 = 200.0;

#[tokio::test(flavor = "multi_thread")]
async fn two_campaigns_keep_to_one_rate_over_a_restart_on_sqlite() {
    run(Backend::Sqlite, async |_: DbUrl| tokio::task::block_in_place(|| keeps_to(None))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_campaigns_keep_to_one_rate_over_a_restart_on_postgres() {
    run(Backend::Postgres, async |url: DbUrl| {
        let DbUrl::Postgres(url) = &url else { return };
        tokio::task::block_in_place(|| keeps_to(Some(url.expose())));
    })
    .await;
}

/// The most mails in any such span.
fn most(taken: &[Taken], span: Duration) -> usize {
    let mut first = 0;
    let counts = taken.iter().enumerate().map(|(at, mail)| {
        while mail.at - taken[first].at >= span {
            first += 1;
        }
        at - first + 1
    });
    counts.max().unwrap_or(0)
}

/// How many are of each run, in order of their Message-IDs.
fn shares(taken: &[Taken]) -> Vec<usize> {
    let mut runs = std::collections::BTreeMap::<&str, usize>::new();
    for mail in taken {
        *runs.entry(mail.message_id.split('.').next().unwrap()).or_default() += 1;
    }
    runs.into_values().collect()
}

fn keeps_to(database: Option<&str>) {
    let server = SmtpServer::start();
    let smtp = format!(
        "  kind: smtp\n  smtp: {{ host: 127.0.0.1, port: {}, tls: none }}\n  \
         limits: {{ per_second: 200 }}",
        server.port
    );
    let shop = Shop::on(database, &smtp, CONTACTS);
    let worker = shop.begin(&["worker"]);
    worker.says("Working: ");
    let started: Vec<Working> =
        ["spring", "autumn"].map(|name| shop.begin(&["campaign", "start", name])).into();
    server.wait_for(1100);
    worker.kill();
    drop(started); // they would take over
    let killed = server.count();
    let worker = shop.begin(&["worker"]);
    worker.tells("is completed");
    worker.tells("is completed");
    worker.signal("TERM");
    worker.ending_within(Duration::from_secs(10));

    let taken = server.taken();
    let copies = taken.len() - 2 * CONTACTS;
    assert!(copies <= 2 * IN_FLIGHT, "{copies} copies");
    let ten = most(&taken, Duration::from_secs(10));
    assert!(ten as f64 <= RATE * 10.0 * 1.02, "{ten} in ten seconds");
    // From when both are there.
    let before = &taken[200..killed];
    let shares = shares(before);
    let half = before.len() / 2;
    assert!(shares.iter().all(|share| share.abs_diff(half) <= half / 10), "{shares:?}");
    let rate = |mails: &[Taken]| {
        let took: Duration = mails[mails.len() - 1].at - mails[0].at;
        (mails.len() - 1) as f64 / took.as_secs_f64()
    };
    let after = &taken[killed + 100..taken.len() - 100];
    let rates = (rate(before), rate(after));
    assert!(rates.0 >= RATE * 0.95 && rates.1 >= RATE * 0.95, "{rates:?} a second");
}
