//! Several nodes on one run.

use std::time::Duration;

use frontier::api::Services;
use frontier::app::wiring::{Parts, services};
use frontier::core::campaigns::{Defaults, RunCampaign, Status};
use frontier::core::kernel::Id;
use frontier::core::publishing::{Options, Rates, Worked};
use frontier::storage::sql::Db;
use tokio_util::sync::CancellationToken;

use super::{Shop, ended, until};
use crate::support::backend::on_every_backend;
use crate::support::smtp::Act;

const HOUR: i64 = 3_600_000;

on_every_backend!(
    two_nodes_send_every_mail_once,
    a_lease_that_runs_out_is_counted_once,
    a_node_that_stood_still_offers_nothing_of_the_other,
    a_clock_that_jumps_loses_and_copies_nothing,
);

impl Shop {
    /// Another node on the shop's store.
    pub(super) async fn other_node(&self) -> Services {
        let parts = Parts {
            db: Db::open(&self.url).unwrap(),
            clock: self.app.clock.clone(),
            outbox: self.app.folder.path().join("outbox"),
            defaults: Defaults::default(),
            limits: Rates::default(),
        };
        services(parts).await.unwrap()
    }

    /// Works `run` on another node.
    pub(super) async fn work_elsewhere(&self, run: Id) -> Worked {
        let node = self.other_node().await;
        let job = RunCampaign { campaign: self.progress().await.campaign.id, run };
        let options = Options { node: "other".to_owned(), ..Self::options(32) };
        node.campaigns.work(&job, &options, &CancellationToken::new()).await.unwrap()
    }
}

async fn two_nodes_send_every_mail_once(shop: Shop) {
    let readers = shop.readers(150).await;
    shop.server.otherwise(Act::Hold);
    let run = shop.start().await;
    let worker = shop.worker(Shop::options(32));
    until("the mails of the first node", async || shop.server.offered() == 4).await;

    // The server keeps those of one node, with its four connections, until the other has come too.
    let both = async {
        until("the mails of both nodes", async || shop.server.offered() == 8).await;
        shop.server.otherwise(Act::Take);
        shop.server.let_go();
    };
    let (second, ()) = tokio::join!(shop.work_elsewhere(run), both);
    let first = ended(worker).await;

    // Whoever is done while the other still has mails in hand leaves the end to the other.
    assert!([&first, &second].contains(&&Worked::Finished), "{first:?}, {second:?}");
    assert_eq!(shop.progress().await.campaign.status, Status::Completed);
    assert_eq!(shop.server.recipients(), readers);
    shop.everything_agrees().await;
}

/// A node that is cut off for longer than its leases hold: the mails it had offered are sent twice,
/// under their Message-ID, and stand in the figures once.
async fn a_lease_that_runs_out_is_counted_once(shop: Shop) {
    let readers = shop.readers(4).await;
    shop.server.otherwise(Act::Hold);
    let run = shop.start().await;
    let worker = shop.worker(Shop::options(32));
    until("the mails at the server", async || shop.server.offered() == 4).await;

    shop.app.clock.advance(61_000);
    shop.server.otherwise(Act::Take);
    assert_eq!(shop.work_elsewhere(run).await, Worked::Finished);
    shop.server.let_go();
    assert_eq!(ended(worker).await, Worked::Halted, "the other node has finished the run");

    assert_eq!((shop.server.count(), shop.server.duplicates()), (8, 4));
    assert_eq!(shop.progress().await.counts.accepted, 4);
    assert_eq!(shop.metrics().await["deliveries"], 4);
    assert_eq!(shop.ledger().await.len(), readers.len());
}

/// A node that stood still for longer than its leases, with many mails ready: what it had offered by
/// then is sent twice, and what another node has taken over meanwhile it leaves alone.
async fn a_node_that_stood_still_offers_nothing_of_the_other(shop: Shop) {
    let readers = shop.readers(60).await;
    shop.server.otherwise(Act::Hold);
    let run = shop.start().await;
    let worker = shop.worker(Shop::options(32));
    until("the mails at the server", async || shop.server.offered() == 4).await;
    until("mails that are ready", async || shop.progress().await.counts.leased > 16).await;

    shop.app.clock.advance(61_000);
    shop.server.otherwise(Act::Take);
    assert_eq!(shop.work_elsewhere(run).await, Worked::Finished);
    shop.server.let_go();
    assert_eq!(ended(worker).await, Worked::Halted);

    assert_eq!((shop.server.count(), shop.server.duplicates()), (64, 4));
    assert_eq!(shop.progress().await.counts.accepted, readers.len() as u64);
    assert_eq!(shop.metrics().await["deliveries"], 60, "what came too late counts for nothing");
}

/// A clock that is set by an hour, forth and back, while mails are under way costs nothing. One that is
/// set to before the run began holds it up until it has caught up.
async fn a_clock_that_jumps_loses_and_copies_nothing(shop: Shop) {
    let readers = shop.readers(200).await;
    shop.server.otherwise(Act::Slowly(Duration::from_millis(5)));
    shop.start().await;
    let began = shop.app.clock.now();
    let worker = shop.worker(Shop::options(32));
    for (count, jump) in [(10, HOUR), (30, -HOUR), (50, -HOUR)] {
        shop.server.wait_for(count);
        shop.app.clock.advance(jump);
    }
    assert_eq!(ended(worker).await, Worked::Waits(began));
    let counts = shop.progress().await.counts;
    assert_eq!(counts.accepted + counts.queued, readers.len() as u64);

    shop.app.clock.advance(HOUR);
    assert_eq!(shop.work().await, Worked::Finished);
    assert_eq!((shop.server.recipients(), shop.server.duplicates()), (readers, 0));
    shop.everything_agrees().await;
}
