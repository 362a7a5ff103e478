//! Pausing, cancelling, stopping: nothing leaves after it, nothing is lost by it.

use std::time::{Duration, Instant};

use frontier::core::campaigns::{CampaignError, Draft, Status};
use frontier::core::publishing::{Smtp, Worked};

use super::{Shop, ended, message, until};
use crate::support::backend::on_every_backend;
use crate::support::smtp::Act;

on_every_backend!(
    a_pause_holds_the_run_and_resume_goes_on,
    a_cancelled_run_sends_no_more,
    a_worker_that_is_stopped_leaves_no_mail_behind,
    an_edit_changes_no_mail_of_a_run,
    no_more_mails_are_offered_than_may_be_in_flight,
);

/// What a slow server takes for a mail, so that a run lasts as long as a test needs.
const SLOW: Act = Act::Slowly(Duration::from_millis(20));

/// Waits until the worker has ended after a stop; says that it did in time.
async fn halts(worker: tokio::task::JoinHandle<Worked>) -> Worked {
    let told = Instant::now();
    let ending = ended(worker).await;
    assert!(told.elapsed() < Duration::from_secs(2), "after {:?}", told.elapsed());
    ending
}

async fn a_pause_holds_the_run_and_resume_goes_on(shop: Shop) {
    let readers = shop.readers(300).await;
    shop.server.otherwise(SLOW);
    shop.start().await;
    let worker = shop.worker(Shop::options(32));
    until("some mails", async || shop.server.count() >= 20).await;

    shop.app.services.campaigns.pause("Spring").await.unwrap();
    assert_eq!(halts(worker).await, Worked::Halted);
    let then = shop.server.count();
    assert!(then < 300, "the run was over before it was paused");
    let counts = shop.progress().await.counts;
    assert_eq!(counts.accepted, then as u64, "what the server took is written down");
    assert_eq!((counts.leased, counts.queued), (0, 300 - then as u64));

    shop.server.otherwise(Act::Take);
    shop.app.services.campaigns.resume("Spring").await.unwrap();
    assert_eq!(shop.work().await, Worked::Finished);
    assert_eq!(shop.server.recipients(), readers);
    shop.everything_agrees().await;
}

async fn a_cancelled_run_sends_no_more(shop: Shop) {
    shop.readers(300).await;
    shop.server.otherwise(SLOW);
    shop.start().await;
    let worker = shop.worker(Shop::options(32));
    until("some mails", async || shop.server.count() >= 20).await;

    shop.app.services.campaigns.cancel("Spring").await.unwrap();
    assert_eq!(halts(worker).await, Worked::Halted);
    let then = shop.server.count();
    assert!(then < 300, "the run was over before it was cancelled");
    assert_eq!(shop.progress().await.campaign.status, Status::Cancelled);
    let refusal = shop.app.services.campaigns.resume("Spring").await.unwrap_err();
    assert!(matches!(refusal, CampaignError::Transition { .. }), "{refusal}");
    assert_eq!(shop.server.count(), then);
    shop.everything_agrees().await;
}

async fn a_worker_that_is_stopped_leaves_no_mail_behind(shop: Shop) {
    let readers = shop.readers(300).await;
    shop.server.otherwise(SLOW);
    shop.start().await;
    let mut shop = shop;
    let worker = shop.worker(Shop::options(32));
    until("some mails", async || shop.server.count() >= 20).await;

    shop.stop.cancel();
    assert_eq!(halts(worker).await, Worked::Stopped);
    let counts = shop.progress().await.counts;
    assert_eq!((counts.accepted, counts.leased), (shop.server.count() as u64, 0));

    shop.stop = tokio_util::sync::CancellationToken::new();
    shop.server.otherwise(Act::Take);
    assert_eq!(shop.work().await, Worked::Finished, "the job was given back");
    assert_eq!(shop.server.recipients(), readers);
    shop.everything_agrees().await;
}

async fn an_edit_changes_no_mail_of_a_run(shop: Shop) {
    let readers = shop.readers(30).await;
    shop.start().await;
    let draft =
        Draft { messages: vec![message("Another. {{ unsubscribe_url }}")], ..Shop::draft() };
    let refusal = shop.app.services.campaigns.update("Spring", draft, None).await.unwrap_err();
    insta::allow_duplicates! {
        insta::assert_snapshot!(refusal, @"`Spring` is active and can no longer be edited; duplicate it and edit the copy");
    }
    let channel = shop.app.services.publishing.channel("mail").await.unwrap();
    let mut settings = channel.settings;
    settings.from = None;
    shop.app
        .services
        .publishing
        .update_channel("mail", settings, channel.labels, None)
        .await
        .unwrap();
    shop.contact("late@post.example", serde_json::json!({}), &[]).await;

    assert_eq!(shop.work().await, Worked::Finished);
    assert_eq!(shop.server.recipients(), readers);
    for mail in shop.server.taken() {
        assert!(mail.content.contains("From: news@shop.example"), "{}", mail.content);
        assert!(mail.content.contains(&format!("Hello {}", mail.to)), "{}", mail.content);
    }
}

async fn no_more_mails_are_offered_than_may_be_in_flight(shop: Shop) {
    let readers = shop.readers(60).await;
    shop.through(Smtp { connections: 12, ..shop.smtp() }).await;
    shop.server.otherwise(SLOW);
    shop.start().await;
    assert_eq!(ended(shop.worker(Shop::options(3))).await, Worked::Finished);
    assert_eq!(shop.server.recipients(), readers);
    assert_eq!(shop.server.most_at_once(), 3);
}
