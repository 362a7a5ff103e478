//! The job of a run: one worker at a time, whatever is paused, stopped, deleted or late.

use std::time::{Duration, Instant};

use frontier::core::events::Claimed;
use frontier::core::publishing::Worked;
use frontier::storage::sql::params;

use super::{LOOK, Shop, ended, until};
use crate::support::backend::on_every_backend;
use crate::support::smtp::Act;

on_every_backend!(
    a_run_that_is_resumed_waits_for_the_worker_it_has,
    a_job_in_hand_is_not_claimed_again_by_its_own_node,
    stopping_is_no_failure,
    resume_brings_back_a_job_that_died,
    a_run_that_is_deleted_ends_its_worker,
    what_another_node_has_in_hand_is_waited_for,
);

/// Longer than any lease.
const AN_HOUR: i64 = 3_600_000;

impl Shop {
    async fn claim(&self, node: &str) -> Option<Claimed> {
        self.app.services.events.queue().claim(node, None).await.unwrap()
    }

    async fn pause_and_resume(&self) {
        self.app.services.campaigns.pause("Spring").await.unwrap();
        self.app.services.campaigns.resume("Spring").await.unwrap();
    }
}

async fn a_run_that_is_resumed_waits_for_the_worker_it_has(shop: Shop) {
    shop.readers(2).await;
    shop.start().await;
    let first = shop.claim("first").await.unwrap();
    shop.pause_and_resume().await;
    assert!(shop.claim("second").await.is_none(), "two workers for one run");

    shop.app.services.events.queue().finish(first.id, "first").await.unwrap();
    assert!(shop.claim("second").await.is_some(), "the run goes on");
}

/// A machine that slept for an hour wakes with leases that have run out and work in hand.
async fn a_job_in_hand_is_not_claimed_again_by_its_own_node(shop: Shop) {
    shop.readers(2).await;
    shop.start().await;
    let claimed = shop.claim("node").await.unwrap();
    shop.app.clock.advance(AN_HOUR);
    assert!(shop.claim("node").await.is_none(), "it is in this node's hands");

    let taken_over = shop.claim("other").await.unwrap();
    assert_eq!(taken_over.id, claimed.id);
}

async fn stopping_is_no_failure(shop: Shop) {
    shop.readers(2).await;
    shop.start().await;
    for _ in 0..10 {
        let claimed = shop.claim("node").await.unwrap();
        assert_eq!((claimed.attempts, claimed.last_attempt), (1, false));
        shop.app.services.events.queue().give_back(claimed.id, "node").await.unwrap();
    }
}

async fn resume_brings_back_a_job_that_died(shop: Shop) {
    let readers = shop.readers(2).await;
    shop.start().await;
    let mut tx = shop.db.begin().await.unwrap();
    tx.execute("UPDATE jobs SET state = 'dead'", params![]).await.unwrap();
    tx.commit().await.unwrap();

    for _ in 0..2 {
        shop.app.services.campaigns.resume("Spring").await.unwrap();
    }
    assert_eq!(shop.work().await, Worked::Finished);
    assert!(shop.claim("node").await.is_none(), "one job was enough");
    assert_eq!(shop.server.recipients(), readers);
}

async fn a_run_that_is_deleted_ends_its_worker(shop: Shop) {
    shop.readers(300).await;
    shop.server.otherwise(Act::Slowly(Duration::from_millis(20)));
    shop.start().await;
    let worker = shop.worker(Shop::options(32));
    until("some mails", async || shop.server.count() >= 20).await;

    shop.app.services.campaigns.cancel("Spring").await.unwrap();
    shop.app.services.campaigns.delete("Spring").await.unwrap();
    let told = Instant::now();
    assert_eq!(ended(worker).await, Worked::Halted);
    assert!(told.elapsed() < Duration::from_secs(2), "after {:?}", told.elapsed());
    assert!(shop.server.count() < 300);
}

async fn what_another_node_has_in_hand_is_waited_for(shop: Shop) {
    let readers = shop.readers(4).await;
    shop.server.otherwise(Act::Hold);
    let run = shop.start().await;
    let first = shop.worker(Shop::options(32));
    until("the mails at the server", async || shop.server.offered() == 4).await;
    shop.server.otherwise(Act::Take);

    let second = shop.work_elsewhere(run);
    tokio::pin!(second);
    let early = tokio::time::timeout(100 * LOOK, &mut second).await;
    assert!(early.is_err(), "it left a run that was not over: {early:?}");
    shop.app.clock.advance(61_000);
    assert_eq!(second.await, Worked::Finished);
    assert_eq!(shop.server.count(), readers.len());
    shop.server.let_go();
    assert_eq!(ended(first).await, Worked::Halted);
}
