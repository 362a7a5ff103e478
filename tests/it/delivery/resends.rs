//! Sending again what failed: in the same run, under the same Message-ID, and nobody else.

use frontier::api::{ResendBody, ResendRequestBody};
use frontier::client::ClientError;
use frontier::core::campaigns::Status;
use frontier::core::contacts::MemberChange;
use frontier::core::publishing::{DeliveryState, Worked};
use insta::{allow_duplicates, assert_snapshot};
use serde_json::json;

use super::{Shop, ended};
use crate::support::backend::on_every_backend;
use crate::support::smtp::Act;

on_every_backend!(
    what_failed_is_sent_again_under_its_id,
    only_what_matches_is_sent_again,
    who_must_not_be_sent_to_is_held_back,
    only_what_was_agreed_to_is_sent_again,
    a_status_says_whether_mails_are_sent_again,
    a_mail_that_is_sent_again_has_all_its_attempts,
);

const NO_USER: Act = Act::Say("550 5.1.1 no such user");
const FULL: Act = Act::Say("552 5.2.2 full");

impl Shop {
    async fn resend(&self, which: ResendRequestBody) -> Result<ResendBody, ClientError> {
        self.app.client.resend("Spring", &which).await
    }

    async fn resend_refusal(&self, which: ResendRequestBody) -> String {
        self.resend(which).await.unwrap_err().to_string()
    }
}

fn which(field: &str, value: &str) -> ResendRequestBody {
    serde_json::from_value(json!({ field: value })).unwrap()
}

async fn what_failed_is_sent_again_under_its_id(shop: Shop) {
    let readers = shop.readers(4).await;
    shop.server.script(&readers[1], &[NO_USER]);
    shop.server.script(&readers[2], &[Act::SayAtTheEnd("554 5.7.1 spam")]);
    shop.run().await;
    let run = shop.progress().await.run.unwrap().id;
    assert_eq!(shop.metrics().await["failures"], 2);

    shop.app.clock.advance(86_400_000);
    let dry = ResendRequestBody { dry_run: true, ..ResendRequestBody::default() };
    let planned = shop.resend(dry).await.unwrap();
    assert_eq!((planned.resent, planned.held_back, planned.waiting), (2, 0, 0));
    assert_eq!(shop.progress().await.campaign.status, Status::Completed);

    let resent = shop.resend(ResendRequestBody::default()).await.unwrap();
    assert_eq!((resent.resent, resent.run_id), (2, run.to_string()));
    assert_eq!(shop.progress().await.campaign.status, Status::Active);
    let waiting = shop.delivery(&readers[1]).await;
    assert_eq!((waiting.state, waiting.attempts, waiting.resent), (DeliveryState::Queued, 0, 1));
    assert_eq!((waiting.code, waiting.reply, waiting.settled_at), (None, None, None));

    assert_eq!(shop.work().await, Worked::Finished);
    assert_eq!(shop.progress().await.campaign.status, Status::Completed);
    assert_eq!(shop.server.recipients(), readers, "each has it once");
    for mail in shop.server.taken() {
        let id = mail.message_id.split('.').next().unwrap_or_default().to_owned();
        assert_eq!(id, run.simple(), "as in the first attempt");
    }
    shop.everything_agrees().await;
    assert_eq!(shop.metrics().await.get("bounces"), Some(&0), "none after all");
}

async fn only_what_matches_is_sent_again(shop: Shop) {
    let readers = shop.readers(4).await;
    shop.server.script(&readers[0], &[NO_USER]);
    shop.server.script(&readers[1], &[FULL]);
    shop.contact("ana@other.example", json!({}), &["Readers"]).await;
    shop.server.script("ana@other.example", &[FULL]);
    shop.run().await;
    for (request, count) in [
        (which("code", "5xx"), 3),
        (which("code", "4xx"), 0),
        (which("enhanced", "5.2.x"), 2),
        (which("domain", "other.example"), 1),
        (which("email", &readers[0]), 1),
        (which("state", "missed"), 0),
    ] {
        let planned = shop.resend(ResendRequestBody { dry_run: true, ..request }).await.unwrap();
        assert_eq!(planned.resent, count);
    }
    let both = ResendRequestBody {
        code: Some("552".to_owned()),
        domain: Some("post.example".to_owned()),
        ..ResendRequestBody::default()
    };
    assert_eq!(shop.resend(both).await.unwrap().resent, 1);
    assert_eq!(shop.work().await, Worked::Finished);
    assert_eq!(shop.those(DeliveryState::Failed).await, ["ana@other.example", &readers[0]]);
    shop.everything_agrees().await;
    for state in ["accepted", "suppressed", "failed,deferred"] {
        let refusal = shop.resend_refusal(which("state", state)).await;
        assert!(refusal.ends_with("only mails that have failed are, or were missed"), "{refusal}");
    }
}

async fn who_must_not_be_sent_to_is_held_back(shop: Shop) {
    let readers = shop.readers(6).await;
    readers[..5].iter().for_each(|to| shop.server.script(to, &[NO_USER]));
    shop.run().await;
    let contacts = &shop.app.services.contacts;
    shop.app.clock.advance(1000);
    shop.suppress(&readers[0], "manual").await;
    contacts.delete(&readers[1]).await.unwrap();
    contacts.forget(&readers[2]).await.unwrap();
    contacts.change_members("Readers", &readers[3..4], MemberChange::Unsubscribe).await.unwrap();

    let resent = shop.resend(ResendRequestBody::default()).await.unwrap();
    assert_eq!((resent.resent, resent.held_back), (1, 4));
    assert_eq!(shop.work().await, Worked::Finished);
    assert_eq!(shop.server.recipients(), readers[4..]);
    let again = shop.resend_refusal(ResendRequestBody::default()).await;
    allow_duplicates! { assert_snapshot!(again, @"no mail of `Spring` can be sent again: 4 match, and their contacts are suppressed, were deleted or have left"); }
    shop.everything_agrees().await;
}

async fn only_what_was_agreed_to_is_sent_again(shop: Shop) {
    let readers = shop.readers(3).await;
    shop.server.script(&readers[1], &[NO_USER]);
    shop.run().await;
    let before = shop.ledger().await;
    let two = ResendRequestBody { confirm_recipients: Some(2), ..ResendRequestBody::default() };
    let mut said = vec![shop.resend_refusal(two).await];
    said.push(shop.resend_refusal(which("domain", "nowhere.example")).await);
    assert_eq!(shop.ledger().await, before, "nothing has changed");
    assert_eq!(shop.progress().await.campaign.status, Status::Completed);
    allow_duplicates! { assert_snapshot!(said.join("\n"), @r"
    1 of the mails of `Spring` would be sent again, and 2 were confirmed; look at them with `frontier campaign deliveries`, or confirm 1
    no mail of `Spring` can be sent again: none that failed matches; `frontier campaign deliveries` shows all there are
    "); }
}

async fn a_status_says_whether_mails_are_sent_again(shop: Shop) {
    let readers = shop.readers(20).await;
    let any = ResendRequestBody::default;
    let mut said = vec![shop.resend_refusal(any()).await];
    shop.server.script(&readers[0], &[NO_USER]);
    shop.server.otherwise(Act::Hold);
    shop.start().await;
    let worker = shop.worker(Shop::options(32));
    shop.until_state(DeliveryState::Failed, 1).await;
    said.push(shop.resend_refusal(any()).await);

    // One that is paused goes on with all that waits.
    shop.app.services.campaigns.pause("Spring").await.unwrap();
    shop.server.otherwise(Act::Take);
    shop.server.let_go();
    ended(worker).await;
    let resent = shop.resend(any()).await.unwrap();
    assert_eq!(resent.resent, 1);
    assert_eq!(resent.waiting, 19 - shop.server.count() as u64);
    assert_eq!(shop.work().await, Worked::Finished);
    assert_eq!(shop.server.recipients(), readers);
    shop.everything_agrees().await;

    shop.app.services.campaigns.archive("Spring").await.unwrap();
    said.push(shop.resend_refusal(any()).await);
    allow_duplicates! { assert_snapshot!(said.join("\n"), @r"
    `Spring` has not been started; `frontier campaign start` begins a run
    `Spring` is active, so no mail of it is sent again; wait until it has ended, or pause it first
    `Spring` is archived, so no mail of it is sent again; duplicate it, and send the copy
    "); }
}

/// One that was given up after its last retry is not given up at the next.
async fn a_mail_that_is_sent_again_has_all_its_attempts(shop: Shop) {
    let readers = shop.readers(1).await;
    shop.server.script(&readers[0], &[NO_USER, Act::Say("451 4.7.1 greylisted")]);
    shop.run().await;
    shop.resend(ResendRequestBody::default()).await.unwrap();
    let worker = shop.worker(Shop::options(32));
    shop.until_state(DeliveryState::Deferred, 1).await;
    assert_eq!(shop.delivery(&readers[0]).await.attempts, 1);
    shop.app.clock.advance(60_000);
    assert_eq!(ended(worker).await, Worked::Finished);
    assert_eq!(shop.server.recipients(), readers);
}
