//! Looking at the ledger: filters, pages, whole files, and a person's history.

use frontier::api::{DeliveryFormat, DeliveryQuery, MergeRequestBody};
use frontier::core::campaigns::Draft;
use frontier::core::publishing::DeliveryState;
use futures::TryStreamExt as _;
use insta::{allow_duplicates, assert_snapshot};
use serde_json::json;

use super::{Shop, ended, message};
use crate::support::backend::on_every_backend;
use crate::support::smtp::Act;

on_every_backend!(
    each_filter_lets_its_rows_through,
    a_filter_that_means_nothing_is_refused,
    pages_end_between_the_messages_of_a_contact,
    a_whole_ledger_comes_as_a_file,
    an_earlier_run_is_looked_at_by_its_id,
    a_person_has_one_history,
);

/// A query of one parameter.
fn query(field: &str, value: &str) -> DeliveryQuery {
    serde_json::from_value(json!({ field: value })).unwrap()
}

impl Shop {
    /// The numbers of the readers whose rows `which` lets through, as `0 3`.
    async fn found(&self, which: &DeliveryQuery) -> String {
        let rows = self.app.client.deliveries("Spring", None, which, 1000).await.unwrap().items;
        rows.iter().map(|one| one.email[3..4].to_owned()).collect::<Vec<_>>().join(" ")
    }

    /// A run of six that ended in four ways.
    async fn mixed_run(&self) {
        let readers = self.readers(5).await;
        self.contact("r_o5@other.example", json!({}), &["Readers"]).await;
        for (at, words) in
            [(1, "550 5.1.1 no such user"), (2, "554 5.7.1 spam"), (3, "451 4.7.1 greylisted")]
        {
            self.server.script(&readers[at], &[Act::Say(words)]);
        }
        self.suppress(&readers[4], "manual").await;
        self.start().await;
        let worker = self.worker(Self::options(32));
        self.until_state(DeliveryState::Deferred, 1).await;
        self.until_state(DeliveryState::Accepted, 2).await;
        self.until_state(DeliveryState::Failed, 2).await;
        self.until_state(DeliveryState::Suppressed, 1).await;
        self.stop.cancel();
        ended(worker).await;
    }
}

async fn each_filter_lets_its_rows_through(shop: Shop) {
    shop.mixed_run().await;
    let now = shop.app.clock.now();
    let later = now.plus(std::time::Duration::from_secs(1)).to_string();
    for (field, value, found) in [
        ("state", "failed", "1 2"),
        ("state", "failed, deferred", "1 2 3"),
        ("state", "accepted", "0 5"),
        ("state", "missed", ""),
        ("code", "550", "1"),
        ("code", "5xx", "1 2"),
        ("code", "4xx,554", "2 3"),
        ("enhanced", "5.1.1", "1"),
        ("enhanced", "5.x.x", "1 2"),
        ("enhanced", "4.7.x", "3"),
        ("domain", "OTHER.example", "5"),
        ("email", "R002@Post.Example", "2"),
        ("message", "hello", "0 1 2 3 4 5"),
        ("since", &now.to_string(), "0 1 2 3 4 5"),
        ("since", &later, ""),
        ("until", &later, "0 1 2 3 4 5"),
        ("until", "2026-01-01", ""),
        ("since", "2026-01-01", "0 1 2 3 4 5"),
    ] {
        assert_eq!(shop.found(&query(field, value)).await, found, "{field} {value}");
    }
    let both = DeliveryQuery { code: Some("4xx".to_owned()), ..query("state", "failed") };
    assert_eq!(shop.found(&both).await, "");

    // Of a run that has ended, what was not settled was missed.
    shop.app.services.campaigns.cancel("Spring").await.unwrap();
    assert_eq!(shop.found(&query("state", "missed")).await, "3");
}

async fn a_filter_that_means_nothing_is_refused(shop: Shop) {
    let mut said = vec![shop.refused_ledger("Spring", None, "state", "failed").await];
    shop.mixed_run().await;
    for (field, value) in [
        ("state", "sent"),
        ("state", ""),
        ("code", "55"),
        ("enhanced", "5.1"),
        ("message", "goodbye"),
        ("since", "yesterday"),
    ] {
        said.push(shop.refused_ledger("Spring", None, field, value).await);
    }
    said.push(shop.refused_ledger("Spring", Some("ffff"), "state", "failed").await);
    let run = shop.progress().await.run.unwrap().id.to_string();
    let said = said.join("\n").replace(&run, "[run]");
    allow_duplicates! { assert_snapshot!(said, @r"
    `Spring` has not been started; `frontier campaign start` begins a run
    `sent` is none of queued, leased, accepted, deferred, failed, suppressed, bounced, complained, missed
    `` is none of queued, leased, accepted, deferred, failed, suppressed, bounced, complained, missed
    `55` is no code of a server; write one as 550, or a class as 4xx
    `5.1` is no enhanced code; write one as 5.1.1, or several as 5.7.x
    no message `goodbye` in this run; it has hello
    `yesterday` is not a time; write it as 2026-03-01T09:00:00Z, or a day as 2026-03-01
    `Spring` has no run `ffff`; its last one is [run]
    "); }
}

impl Shop {
    async fn refused_ledger(
        &self,
        campaign: &str,
        run: Option<&str>,
        field: &str,
        value: &str,
    ) -> String {
        let which = query(field, value);
        let refusal = self.app.client.deliveries(campaign, run, &which, 10).await;
        refusal.unwrap_err().to_string()
    }
}

async fn pages_end_between_the_messages_of_a_contact(shop: Shop) {
    let second = frontier::core::campaigns::DraftMessage {
        name: "again".to_owned(),
        ..message("Again. {{ unsubscribe_url }}")
    };
    let first = message("Hello. {{ unsubscribe_url }}");
    shop.edit(Draft { messages: vec![first, second], ..Shop::draft() }).await;
    shop.readers(3).await;
    shop.run().await;
    let client = &shop.app.client;
    let all = client.deliveries("Spring", None, &DeliveryQuery::default(), 100).await.unwrap();
    assert_eq!((all.items.len(), &all.next_cursor), (6, &None));

    // A row a page.
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/campaigns/Spring/deliveries?limit=1{cursor}");
        let request = axum::http::Request::get(path).body(axum::body::Body::empty()).unwrap();
        let answer = client.send(request).await.unwrap().into_body();
        let answer = axum::body::to_bytes(answer, 1 << 20).await.unwrap();
        let page: serde_json::Value = serde_json::from_slice(&answer).unwrap();
        rows.extend(page["data"].as_array().unwrap().clone());
        match page["meta"]["pagination"]["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(json!(rows), json!(all.items));
}

async fn a_whole_ledger_comes_as_a_file(shop: Shop) {
    shop.mixed_run().await;
    let client = &shop.app.client;
    let which = DeliveryQuery { code: Some("5xx".to_owned()), ..DeliveryQuery::default() };
    let file = async |which: &DeliveryQuery, format| {
        let pieces = client.export_deliveries("Spring", None, which, format).await.unwrap();
        let pieces: Vec<_> = pieces.try_collect().await.unwrap();
        String::from_utf8(pieces.concat()).unwrap()
    };
    let csv = file(&which, DeliveryFormat::Csv).await;
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[0].starts_with("email,state,attempts,resent,code,enhanced,reply,due_at,"));
    assert!(lines[1].starts_with("r001@post.example,failed,1,0,550,5.1.1,5.1.1 no such user,"));
    let ndjson = file(&DeliveryQuery::default(), DeliveryFormat::Ndjson).await;
    let all = client.deliveries("Spring", None, &DeliveryQuery::default(), 100).await.unwrap();
    let lines: Vec<serde_json::Value> =
        ndjson.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(json!(lines), json!(all.items));
    let none = file(&query("domain", "nowhere.example"), DeliveryFormat::Ndjson).await;
    assert_eq!(none, "");
}

async fn an_earlier_run_is_looked_at_by_its_id(shop: Shop) {
    shop.readers(2).await;
    shop.run().await;
    let run = shop.progress().await.run.unwrap().id.to_string();
    let all = DeliveryQuery::default();
    for reference in [run.as_str(), "last", &run.to_uppercase(), &run[..30]] {
        let found = shop.app.client.deliveries("Spring", Some(reference), &all, 10).await.unwrap();
        assert_eq!(found.items.len(), 2, "{reference}");
    }
}

async fn a_person_has_one_history(shop: Shop) {
    for address in ["ana@post.example", "bo@post.example"] {
        shop.contact(address, json!({}), &["Readers"]).await;
    }
    shop.server.script("bo@post.example", &[Act::Say("550 5.1.1 no such user")]);
    shop.run().await;
    shop.app.clock.advance(1000);
    shop.campaign(Draft { name: "Summer".to_owned(), ..Shop::draft() }).await;
    shop.app.services.campaigns.start("Summer").await.unwrap();
    shop.work().await;

    let client = &shop.app.client;
    let history = async |contact: &str, limit| {
        let found = client.contact_deliveries(contact, limit).await.unwrap();
        let row = |one: &frontier::api::PastDeliveryBody| {
            let message = one.message.clone().unwrap_or_default();
            format!("{} {message} {} {}", one.campaign, one.delivery.email, one.delivery.state)
        };
        found.items.iter().map(row).collect::<Vec<_>>().join("; ")
    };
    let of_ana = "Summer hello ana@post.example accepted; Spring hello ana@post.example accepted";
    assert_eq!(history("ana@post.example", 10).await, of_ana);
    assert_eq!(history("ana@post.example", 1).await, "Summer hello ana@post.example accepted");

    // Who is merged brings their history along.
    let others = MergeRequestBody { contacts: vec!["bo@post.example".to_owned()] };
    client.merge_contacts("ana@post.example", &others).await.unwrap();
    let both = history("ana@post.example", 10).await;
    assert_eq!(both.matches(';').count(), 3, "{both}");
    assert!(both.ends_with("Spring hello bo@post.example failed"), "{both}");
    let stranger = client.contact_deliveries("nobody@post.example", 10).await.unwrap_err();
    assert!(stranger.to_string().contains("nobody@post.example"), "{stranger}");
}
