//! Many mails under way over one connection: each has its own verdict, and none is lost.

use std::time::Duration;

use frontier::core::publishing::{DeliveryState, Smtp, Worked};

use super::{Shop, ended, until};
use crate::support::backend::on_every_backend;
use crate::support::smtp::{Act, Speech};

on_every_backend!(
    every_mail_of_a_pipeline_has_its_own_verdict,
    every_whole_mail_in_a_row_has_its_own_verdict,
    no_more_whole_mails_leave_than_may_be_in_flight,
    a_pause_ends_a_row_of_whole_mails,
);

async fn every_mail_of_a_pipeline_has_its_own_verdict(shop: Shop) {
    mixed_outcomes(shop, Speech::Pipelining).await;
}

async fn every_whole_mail_in_a_row_has_its_own_verdict(shop: Shop) {
    mixed_outcomes(shop, Speech::Chunking).await;
}

/// Among many mails, some are refused, some put off, and twice the line breaks.
async fn mixed_outcomes(shop: Shop, speech: Speech) {
    let readers = shop.readers(60).await;
    shop.server.speaks(speech);
    let acts = [
        (5, Act::Say("550 5.1.1 no such user")),
        (6, Act::SayAtTheEnd("554 5.7.1 spam")),
        (17, Act::Say("451 4.7.1 greylisted")),
        (23, Act::SayAtTheEnd("452 4.3.1 full")),
        (31, Act::Say("421 4.3.2 closing")),
        (38, Act::Lose),
        (44, Act::TakeAndLose),
    ];
    for (at, act) in acts {
        shop.server.script(&readers[at], &[act]);
    }
    let run = shop.start().await;
    loop {
        let (publishing, token) = (shop.app.services.publishing.clone(), shop.stop.clone());
        let working =
            tokio::spawn(
                async move { publishing.work(run, &Shop::options(32), &token).await.unwrap() },
            );
        until("the end of the work", async || {
            let progress = shop.progress().await;
            if progress.next_due.is_some() && progress.counts.leased == 0 {
                shop.app.clock.advance(60_000);
            }
            working.is_finished()
        })
        .await;
        match ended(working).await {
            Worked::Finished => break,
            // a mail that stood behind two that broke the line waits for longer
            Worked::Waits(_) => shop.app.clock.advance(300_000),
            other => panic!("{other:?}"),
        }
    }

    for (at, code, words) in [(5, 550, "5.1.1 no such user"), (6, 554, "5.7.1 spam")] {
        let refused = shop.delivery(&readers[at]).await;
        assert_eq!((refused.state, refused.code), (DeliveryState::Failed, Some(code)));
        assert_eq!(refused.reply.as_deref(), Some(words));
    }
    for at in [17, 23, 31, 38, 44] {
        assert!(shop.delivery(&readers[at]).await.attempts >= 2, "{at}");
    }
    let others = readers.iter().filter(|one| ![&readers[5], &readers[6]].contains(one));
    assert_eq!(shop.those(DeliveryState::Accepted).await, others.cloned().collect::<Vec<_>>());
    // The server has one of them twice, and can know that by its Message-ID; and perhaps some of those
    // before it, whose replies were lost with the line.
    let (taken, copies) = (shop.server.count(), shop.server.duplicates());
    assert_eq!(taken - copies, 58);
    let most = if speech == Speech::Chunking { 32 } else { 1 };
    assert!((1..=most).contains(&copies), "{copies} copies");
}

/// The places are what bounds the copies after a crash, so each mail takes one, wherever it waits.
async fn no_more_whole_mails_leave_than_may_be_in_flight(shop: Shop) {
    let readers = shop.readers(60).await;
    shop.server.speaks(Speech::Chunking);
    shop.server.otherwise(Act::Hold);
    shop.through(Smtp { connections: 1, ..shop.smtp() }).await;
    shop.start().await;
    let worker = shop.worker(Shop::options(5));
    until("a mail at the server", async || shop.server.offered() == 1).await;
    worker.abort(); // as a crash would
    assert!(worker.await.is_err());
    shop.server.let_go();
    // What had left is still read, and taken, before the connection is seen to be closed.
    until("the end of the connection", async || shop.server.is_alone()).await;
    let taken = shop.server.count();
    assert!((1..=5).contains(&taken), "{taken} mails had left");

    shop.server.otherwise(Act::Take);
    let (run, options) = (shop.progress().await.run.unwrap().id, Shop::options(5));
    let ending = shop.app.services.publishing.work(run, &options, &shop.stop).await.unwrap();
    assert_eq!(ending, Worked::Finished);
    assert_eq!(shop.those(DeliveryState::Accepted).await, readers);
    assert_eq!((shop.server.count(), shop.server.duplicates()), (60 + taken, taken));
}

async fn a_pause_ends_a_row_of_whole_mails(shop: Shop) {
    let readers = shop.readers(300).await;
    shop.server.speaks(Speech::Chunking);
    shop.server.otherwise(Act::Slowly(Duration::from_millis(10)));
    shop.start().await;
    let worker = shop.worker(Shop::options(64));
    until("some mails", async || shop.server.count() >= 20).await;
    shop.app.services.campaigns.pause("Spring").await.unwrap();
    assert_eq!(ended(worker).await, Worked::Halted);
    let then = shop.server.count();
    assert!(then < 300, "the run was over before it was paused");
    assert_eq!(shop.progress().await.counts.accepted, then as u64);

    shop.server.otherwise(Act::Take);
    shop.app.services.campaigns.resume("Spring").await.unwrap();
    assert_eq!(shop.work().await, Worked::Finished);
    assert_eq!(shop.server.recipients(), readers);
    shop.everything_agrees().await;
}
