//! Leaving by the link that every bulk mail has.

use frontier::api::{LeftBody, LinkBody};
use frontier::client::{ClientError, ClientResult};
use frontier::core::campaigns::{Audience, Draft};
use frontier::core::contacts::{NewSegment, SubscriptionState};
use serde_json::json;

use super::Shop;
use crate::support::backend::on_every_backend;

on_every_backend!(
    a_link_unsubscribes_whom_it_was_made_for,
    who_came_by_a_segment_is_suppressed,
    who_is_gone_or_merged_leaves_too,
    a_link_that_is_none_changes_nothing,
);

impl Shop {
    /// The link of the mail to `address`.
    fn link(&self, address: &str) -> String {
        let mails = self.server.taken();
        let mail = mails.iter().find(|mail| mail.content.contains(&format!("To: {address}")));
        let content =
            mail.expect("a mail to them").content.replace("\r\n", "\n").replace("\n ", " ");
        let header = content.lines().find_map(|line| line.strip_prefix("List-Unsubscribe:"));
        let link =
            header.and_then(|line| line.split_once('<')).and_then(|(_, rest)| rest.split_once('>'));
        link.expect("a link").0.to_owned()
    }

    async fn follow(&self, link: &str) -> ClientResult<LeftBody> {
        self.app.client.unsubscribe_by_link(&LinkBody { link: link.to_owned() }).await
    }

    async fn state(&self, address: &str, list: &str) -> SubscriptionState {
        let known = self.app.services.contacts.contact(address).await.unwrap();
        known.subscriptions.iter().find(|one| one.list == list).expect("on the list").state
    }

    async fn suppressed(&self) -> Vec<(String, String)> {
        let all = self.app.client.suppressions(100).await.unwrap().items;
        all.into_iter().map(|one| (one.email, one.reason)).collect()
    }
}

async fn a_link_unsubscribes_whom_it_was_made_for(shop: Shop) {
    let readers = shop.readers(2).await;
    shop.run().await;
    let link = shop.link(&readers[0]);
    for _ in 0..2 {
        let left = shop.follow(&link).await.unwrap();
        assert_eq!(
            (left.lists.as_slice(), left.suppressed, left.test),
            (&["Readers".to_owned()][..], false, false)
        );
    }
    assert_eq!(shop.state(&readers[0], "Readers").await, SubscriptionState::Unsubscribed);
    assert_eq!(shop.state(&readers[1], "Readers").await, SubscriptionState::Subscribed);
    assert!(shop.suppressed().await.is_empty());
}

async fn who_came_by_a_segment_is_suppressed(shop: Shop) {
    shop.contact("ana@home.example", json!({ "city": "Soria" }), &["Readers"]).await;
    shop.contact("bo@home.example", json!({ "city": "Soria" }), &[]).await;
    let segment = NewSegment {
        name: "town".to_owned(),
        expression: "city = 'Soria'".to_owned(),
        ..NewSegment::default()
    };
    shop.app.services.contacts.create_segment(segment).await.unwrap();
    let target_audience =
        Audience { lists: vec!["Readers".to_owned()], segments: vec!["town".to_owned()] };
    shop.edit(Draft { target_audience, ..Shop::draft() }).await;
    shop.run().await;

    let left = shop.follow(&shop.link("ana@home.example")).await.unwrap();
    assert!(left.lists == ["Readers"] && left.suppressed, "a segment cannot be left");
    let left = shop.follow(&shop.link("bo@home.example")).await.unwrap();
    assert!(left.lists.is_empty() && left.suppressed);
    let reason = |email: &str| (email.to_owned(), "unsubscribed".to_owned());
    assert_eq!(shop.suppressed().await, [reason("ana@home.example"), reason("bo@home.example")]);
}

async fn who_is_gone_or_merged_leaves_too(shop: Shop) {
    let readers = shop.readers(3).await;
    shop.run().await;
    let contacts = &shop.app.services.contacts;
    contacts.delete(&readers[0]).await.unwrap();
    contacts.merge(&readers[1], std::slice::from_ref(&readers[2])).await.unwrap();
    let left = shop.follow(&shop.link(&readers[0])).await.unwrap();
    assert!(left.lists.is_empty() && left.suppressed, "should they be imported again");
    let left = shop.follow(&shop.link(&readers[2])).await.unwrap();
    assert!(left.lists == ["Readers"] && !left.suppressed);
    assert_eq!(shop.state(&readers[1], "Readers").await, SubscriptionState::Unsubscribed);
    // Who was forgotten is left alone already, and is not written down again.
    contacts.forget(&readers[1]).await.unwrap();
    let before = shop.suppressed().await;
    let left = shop.follow(&shop.link(&readers[1])).await.unwrap();
    assert!(left.lists.is_empty() && !left.suppressed);
    assert_eq!(shop.suppressed().await, before);
}

async fn a_link_that_is_none_changes_nothing(shop: Shop) {
    let readers = shop.readers(1).await;
    let tested =
        shop.app.services.campaigns.send_test("Spring", &readers[0], None, "me@shop.example");
    assert!(tested.await.unwrap().accepted);
    let link = shop.link(&readers[0]);
    assert!(shop.follow(&link).await.unwrap().test, "the mail of a test");
    let forged = format!("{}AAAA", &link[..link.len() - 4]);
    for link in [forged.as_str(), "", "https://shop.example/leave"] {
        match shop.follow(link).await.unwrap_err() {
            ClientError::Refused { status, error } => {
                assert_eq!((status.as_u16(), error.code.as_str()), (422, "INVALID_LINK"));
            }
            other @ ClientError::Broken(_) => panic!("{other}"),
        }
    }
    assert_eq!(shop.state(&readers[0], "Readers").await, SubscriptionState::Subscribed);
    assert!(shop.suppressed().await.is_empty());
}
