//! What a server says, and what becomes of the mail.

use frontier::core::publishing::{DeliveryState, PasswordRef, RunStatus, Smtp, Worked};

use std::time::Duration;

use super::{Shop, ended, until};
use crate::support::backend::on_every_backend;
use crate::support::smtp::{Act, SmtpServer};

/// How long a mail waits after it was first turned away.
const MINUTE: Duration = Duration::from_mins(1);

on_every_backend!(
    a_mail_turned_away_for_now_comes_again,
    a_mail_refused_is_not_offered_again,
    a_line_that_breaks_costs_at_most_a_second_copy,
    a_run_waits_for_a_server_that_is_down,
    a_wrong_password_holds_the_run,
    a_channel_that_is_mended_lets_its_run_go_on,
    a_server_that_limits_connections_gets_every_mail,
);

async fn a_mail_turned_away_for_now_comes_again(shop: Shop) {
    let readers = shop.readers(5).await;
    let later = ["451 4.7.1 greylisted", "452 4.2.2 full", "421 4.3.2 closing"];
    for (to, words) in readers.iter().zip(later) {
        shop.server.script(to, &[Act::Say(words)]);
    }
    shop.start().await;
    let worker = shop.worker(Shop::options(32));
    shop.until_state(DeliveryState::Deferred, 3).await;
    shop.until_state(DeliveryState::Accepted, 2).await;

    let (now, code) = (shop.app.clock.now(), [451, 452, 421]);
    for (at, to) in readers[..3].iter().enumerate() {
        let deferred = shop.delivery(to).await;
        assert_eq!((deferred.attempts, deferred.code), (1, Some(code[at])));
        assert_eq!(deferred.due_at, now.plus(MINUTE));
        let words = later[at].split_once(' ').unwrap().1;
        assert_eq!(deferred.reply.as_deref(), Some(words));
    }
    assert_eq!(shop.progress().await.next_due, Some(now.plus(MINUTE)));

    shop.app.clock.advance(60_000);
    assert_eq!(ended(worker).await, Worked::Finished);
    assert_eq!(shop.delivery(&readers[0]).await.attempts, 2);
    assert_eq!(shop.server.recipients(), readers);
    shop.everything_agrees().await;
    assert_eq!(shop.metrics().await["deferrals"], 3);
}

async fn a_mail_refused_is_not_offered_again(shop: Shop) {
    let readers = shop.readers(4).await;
    shop.server.script(&readers[1], &[Act::Say("550 5.1.1 no such user")]);
    shop.server.script(&readers[2], &[Act::SayAtTheEnd("554 5.7.1 spam")]);
    shop.run().await;

    assert_eq!(shop.server.recipients(), [readers[0].as_str(), readers[3].as_str()]);
    let unknown = shop.delivery(&readers[1]).await;
    assert_eq!((unknown.state, unknown.code), (DeliveryState::Failed, Some(550)));
    assert_eq!(unknown.reply.as_deref(), Some("5.1.1 no such user"));
    let spam = shop.delivery(&readers[2]).await;
    assert_eq!((spam.state, spam.code), (DeliveryState::Failed, Some(554)));
    shop.everything_agrees().await;
    assert_eq!(shop.metrics().await["bounces"], 2);
}

async fn a_line_that_breaks_costs_at_most_a_second_copy(shop: Shop) {
    let readers = shop.readers(12).await;
    shop.server.script(&readers[3], &[Act::Lose]);
    shop.server.script(&readers[4], &[Act::TakeAndLose]);
    shop.start().await;
    let worker = shop.worker(Shop::options(32));
    shop.until_state(DeliveryState::Deferred, 2).await;
    let reply = shop.delivery(&readers[4]).await.reply.unwrap();
    assert!(
        reply.ends_with(
            "the server may have taken the mail, the next attempt has the same Message-ID"
        ),
        "{reply}"
    );

    shop.app.clock.advance(60_000);
    assert_eq!(ended(worker).await, Worked::Finished);
    assert_eq!(shop.those(DeliveryState::Accepted).await, readers);
    // The server has it twice, and can know that by its Message-ID.
    assert_eq!((shop.server.count(), shop.server.duplicates()), (13, 1));
}

async fn a_run_waits_for_a_server_that_is_down(shop: Shop) {
    let readers = shop.readers(9).await;
    let port = SmtpServer::free_port();
    shop.through(Smtp { port, ..shop.smtp() }).await;
    shop.start().await;
    let worker = shop.worker(Shop::options(32));
    let why = async || shop.progress().await.run.unwrap().error;
    until("the reason of the wait", async || why().await.is_some()).await;
    let told = why().await.unwrap();
    let place = format!("the SMTP server 127.0.0.1:{port} cannot be reached: ");
    assert!(told.starts_with(&place), "{told}");
    assert!(told.ends_with("check its host and port, or wait until it is back"), "{told}");

    let server = SmtpServer::start_at(port);
    assert_eq!(ended(worker).await, Worked::Finished);
    assert_eq!(server.recipients(), readers);
    assert_eq!(why().await, None);
}

async fn a_channel_that_is_mended_lets_its_run_go_on(shop: Shop) {
    let readers = shop.readers(5).await;
    let password = Some(PasswordRef::File("/nowhere/password".to_owned()));
    let username = Some("shop".to_owned());
    shop.through(Smtp { username, password, ..shop.smtp() }).await;
    shop.start().await;
    let Worked::Blocked(words) = shop.work().await else { panic!("there is no such file") };
    assert!(words.contains("/nowhere/password"), "{words}");

    shop.through(shop.smtp()).await;
    shop.app.services.campaigns.resume("Spring").await.unwrap();
    assert_eq!(shop.work().await, Worked::Finished);
    assert_eq!(shop.server.recipients(), readers);
}

async fn a_wrong_password_holds_the_run(shop: Shop) {
    let readers = shop.readers(5).await;
    let file = shop.app.folder.path().join("password");
    std::fs::write(&file, "wrong\n").unwrap();
    let password = Some(PasswordRef::File(file.to_str().unwrap().to_owned()));
    let username = Some("shop".to_owned());
    shop.through(Smtp { username, password, ..shop.smtp() }).await;
    shop.server.password("right");
    shop.start().await;
    let worked = shop.work().await;

    let run = shop.progress().await.run.unwrap();
    assert_eq!(run.status, RunStatus::Paused);
    assert_eq!(worked, Worked::Blocked(run.error.clone().unwrap()));
    let words = run.error.unwrap().replace(&shop.server.port.to_string(), "PORT");
    insta::allow_duplicates! {
        insta::assert_snapshot!(words, @"the SMTP server 127.0.0.1:PORT refuses the sign-in: 535 5.7.8 who are you; check the user name and the password");
    }
    assert_eq!(shop.server.count(), 0);

    std::fs::write(&file, "right\n").unwrap();
    shop.app.services.campaigns.resume("Spring").await.unwrap();
    assert_eq!(shop.work().await, Worked::Finished);
    assert_eq!(shop.server.recipients(), readers);
    assert_eq!(shop.progress().await.run.unwrap().error, None);
    shop.everything_agrees().await;
}

/// Servers allow a client a few connections; a channel may ask for more.
async fn a_server_that_limits_connections_gets_every_mail(shop: Shop) {
    let readers = shop.readers(40).await;
    shop.server.most_connections(1);
    shop.run().await;
    assert_eq!(shop.server.recipients(), readers);
    shop.everything_agrees().await;
}
