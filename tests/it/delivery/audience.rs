//! Who gets a mail, and what every mail has.

use std::time::Duration;

use frontier::core::campaigns::{Audience, Draft};
use frontier::core::contacts::{MemberChange, NewSegment, SegmentChange};
use frontier::core::manifests::SourceFile;
use frontier::core::publishing::{DeliveryState, Options};
use serde_json::json;

use super::{Shop, message, until};
use crate::support::backend::on_every_backend;
use crate::support::smtp::Act;

on_every_backend!(
    everybody_gets_one_mail,
    a_segment_receives_as_it_is_when_the_run_begins,
    a_contact_without_a_variable_fails_alone,
    who_is_in_a_suppression_set_gets_nothing,
    who_leaves_after_the_start_gets_nothing,
    who_unsubscribes_after_the_start_gets_nothing,
    who_leaves_while_their_mail_is_in_hand_gets_nothing,
    every_mail_can_be_unsubscribed_from,
);

async fn everybody_gets_one_mail(shop: Shop) {
    let mut expected = shop.readers(60).await;
    shop.list("Others").await;
    shop.contact("r005@post.example", json!({}), &["Others"]).await;
    shop.contact("only@other.example", json!({}), &["Others"]).await;
    shop.contact("nobody@post.example", json!({}), &[]).await;
    shop.suppress("R007@Post.example", "asked").await;
    let lists = vec!["Readers".to_owned(), "Others".to_owned()];
    shop.edit(Draft { target_audience: Audience { lists, segments: Vec::new() }, ..Shop::draft() })
        .await;

    shop.run().await;

    expected.push("only@other.example".to_owned());
    expected.retain(|address| address != "r007@post.example");
    expected.sort();
    assert_eq!(shop.server.recipients(), expected);
    assert_eq!(shop.server.duplicates(), 0);
    assert_eq!(shop.those(DeliveryState::Suppressed).await, ["r007@post.example"]);
    assert_eq!(shop.ledger().await.len(), 61);
    shop.everything_agrees().await;
}

async fn a_segment_receives_as_it_is_when_the_run_begins(shop: Shop) {
    shop.readers(2).await;
    for (name, city) in [("ana", "Cádiz"), ("bea", "Cádiz"), ("eva", "Soria")] {
        shop.contact(&format!("{name}@post.example"), json!({ "city": city }), &[]).await;
    }
    shop.contact("r001@post.example", json!({ "city": "Cádiz" }), &[]).await;
    let contacts = &shop.app.services.contacts;
    let segment = |name: &str, expression: &str| NewSegment {
        name: name.to_owned(),
        expression: expression.to_owned(),
        ..NewSegment::default()
    };
    contacts.create_segment(segment("town", "city = 'Cádiz'")).await.unwrap();
    contacts.create_segment(segment("near", "in_segment('town')")).await.unwrap();
    let target_audience =
        Audience { lists: vec!["Readers".to_owned()], segments: vec!["near".to_owned()] };
    shop.edit(Draft { target_audience, ..Shop::draft() }).await;
    let (progress, audience) = shop.app.services.campaigns.progress("Spring").await.unwrap();
    assert_eq!((audience, progress.run), (4, None), "who is in both counts once");

    shop.start().await;
    let other =
        SegmentChange { expression: Some("city = 'Soria'".to_owned()), ..SegmentChange::default() };
    contacts.update_segment("town", other, None).await.unwrap();
    super::ended(shop.worker(Shop::options(32))).await;

    let expected =
        ["ana@post.example", "bea@post.example", "r000@post.example", "r001@post.example"];
    assert_eq!(shop.server.recipients(), expected);
    let received = contacts.count_where("received_within('1h', 'Spring')").await.unwrap();
    assert_eq!(received, 4, "who got it is known to segments");
    let used = contacts.delete_segment("near").await.unwrap_err().to_string();
    assert_eq!(
        used,
        "the segment `near` is named by the audience of a campaign; change that first"
    );
    shop.everything_agrees().await;
}

async fn who_is_in_a_suppression_set_gets_nothing(shop: Shop) {
    let mut expected = shop.readers(4).await;
    let text = "apiVersion: frontier/v1\nkind: Suppression\nmetadata:\n  name: rivals\nspec:\n  \
                reason: Rivals\n  addresses: [R002@post.example]\n";
    let file = SourceFile { path: "set.yaml".into(), text: text.into(), ..SourceFile::default() };
    shop.app.services.manifests.apply(vec![file], None).await.unwrap();

    shop.run().await;

    expected.retain(|address| address != "r002@post.example");
    assert_eq!(shop.server.recipients(), expected);
    assert_eq!(shop.those(DeliveryState::Suppressed).await, ["r002@post.example"]);
    shop.everything_agrees().await;
}

async fn a_contact_without_a_variable_fails_alone(shop: Shop) {
    for name in ["ana", "bea", "eva"] {
        let attributes = if name == "bea" { json!({}) } else { json!({ "city": "Sevilla" }) };
        shop.contact(&format!("{name}@post.example"), attributes, &["Readers"]).await;
    }
    let body = "Rain in {{ contact.attributes.city }}? {{ unsubscribe_url }}";
    shop.edit(Draft { messages: vec![message(body)], ..Shop::draft() }).await;

    shop.run().await;

    assert_eq!(shop.server.recipients(), ["ana@post.example", "eva@post.example"]);
    assert!(shop.server.taken()[0].content.contains("Rain in Sevilla?"));
    let failed = shop.delivery("bea@post.example").await;
    assert_eq!((failed.state, failed.code, failed.attempts), (DeliveryState::Failed, None, 0));
    let reply = failed.reply.unwrap();
    assert!(reply.contains("contact.attributes.city"), "{reply}");
    shop.everything_agrees().await;
}

async fn who_leaves_after_the_start_gets_nothing(shop: Shop) {
    let readers = shop.readers(6).await;
    shop.server.otherwise(Act::Say("451 4.3.2 later"));
    shop.start().await;
    let worker = shop.worker(Shop::options(32));
    shop.until_state(DeliveryState::Deferred, 6).await;

    shop.app.services.contacts.delete(&readers[1]).await.unwrap();
    shop.suppress(&readers[2], "complained").await;
    shop.server.otherwise(Act::Take);
    shop.app.clock.advance(61_000);
    super::ended(worker).await;

    assert_eq!(shop.those(DeliveryState::Accepted).await.len(), 4);
    let reply = async |at: usize| shop.delivery(&readers[at]).await.reply.unwrap();
    assert_eq!(reply(1).await, "the contact was deleted");
    assert_eq!(reply(2).await, "suppressed: complained");
    shop.everything_agrees().await;
}

async fn who_unsubscribes_after_the_start_gets_nothing(shop: Shop) {
    let readers = shop.readers(3).await;
    shop.list("Others").await;
    shop.contact(&readers[2], json!({}), &["Others"]).await;
    let lists = vec!["Readers".to_owned(), "Others".to_owned()];
    shop.edit(Draft { target_audience: Audience { lists, segments: Vec::new() }, ..Shop::draft() })
        .await;
    shop.server.otherwise(Act::Say("451 4.3.2 later"));
    shop.start().await;
    let worker = shop.worker(Shop::options(32));
    shop.until_state(DeliveryState::Deferred, 3).await;

    let contacts = &shop.app.services.contacts;
    contacts.change_members("Readers", &readers[1..], MemberChange::Unsubscribe).await.unwrap();
    shop.server.otherwise(Act::Take);
    shop.app.clock.advance(61_000);
    super::ended(worker).await;

    assert_eq!(shop.server.recipients(), [readers[0].as_str(), readers[2].as_str()]);
    let reply = shop.delivery(&readers[1]).await.reply.unwrap();
    assert_eq!(reply, "suppressed: unsubscribed");
    shop.everything_agrees().await;
}

async fn who_leaves_while_their_mail_is_in_hand_gets_nothing(shop: Shop) {
    let readers = shop.readers(400).await;
    shop.server.otherwise(Act::Slowly(Duration::from_millis(20)));
    shop.start().await;
    let all_at_once = Options { batch: 400, ..Shop::options(32) };
    let worker = shop.worker(all_at_once);
    until("some mails", async || shop.server.count() >= 4).await;

    // Which of them comes next is the engine's choice, so all who are left leave.
    let sent = shop.server.recipients();
    let left: Vec<String> = readers.into_iter().filter(|one| !sent.contains(one)).collect();
    shop.app.services.contacts.suppress(&left, "complained").await.unwrap();
    super::ended(worker).await;

    let suppressed = shop.those(DeliveryState::Suppressed).await;
    assert!(suppressed.len() >= 100, "{} were held back", suppressed.len());
    let reply = shop.delivery(&suppressed[0]).await.reply.unwrap();
    assert_eq!(reply, "suppressed: complained");
    shop.everything_agrees().await;
}

async fn every_mail_can_be_unsubscribed_from(shop: Shop) {
    shop.readers(5).await;
    shop.run().await;
    let mut links = Vec::new();
    for mail in shop.server.taken() {
        let content = mail.content.replace("\n ", " ");
        let header = |name: &str| {
            let line = content.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_else(|| panic!("no {name} in {content}")).trim().to_owned()
        };
        assert_eq!(header("List-Unsubscribe-Post:"), "List-Unsubscribe=One-Click");
        let ways = header("List-Unsubscribe:");
        assert!(ways.starts_with("<https://shop.example/leave?t="), "{ways}");
        assert!(ways.contains("<mailto:leave@shop.example"), "{ways}");
        links.push(ways);
    }
    links.sort();
    links.dedup();
    assert_eq!(links.len(), 5, "each reader leaves by a link of their own");
}
