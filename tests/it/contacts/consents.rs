//! What contacts agreed to, and no longer agree to.

use frontier::api::{ConsentStateBody, NewConsentBody};
use frontier::core::contacts::{ConsentState, NewConsent};
use frontier::core::kernel::{Id, Timestamp};
use frontier::storage::sql::{Db, DbUrl, params};

use super::*;
use crate::support::app::App;
use crate::support::backend::{Given as _, on_every_backend};

on_every_backend!(
    the_last_record_of_a_purpose_holds,
    what_is_wrong_with_a_consent_is_told,
    many_consents_are_recorded_at_once_and_bring_nobody_back,
);

fn said(state: ConsentStateBody, purpose: &str, source: &str) -> NewConsentBody {
    NewConsentBody { purpose: purpose.into(), state, source: source.into(), proof: None, at: None }
}

async fn agreed(client: &Client) -> u64 {
    client.count_contacts("consented('News')").await.unwrap().contacts
}

async fn the_last_record_of_a_purpose_holds(app: App) {
    use ConsentStateBody::{Granted, Withdrawn};
    let client = app.client;
    client.create_contact(&contact("ana@example.com")).await.unwrap();
    let tell = async |new: &NewConsentBody| {
        app.clock.advance(1000);
        client.record_consent("ana@example.com", new).await
    };
    let proof = Some(" I want the\r\nnews. ".to_owned());
    let first = tell(&NewConsentBody { proof, ..said(Granted, " News ", "web  form") }).await;
    let first = first.unwrap();
    assert_eq!(
        (first.purpose.as_str(), first.source.as_str(), first.proof.as_deref()),
        ("news", "web form", Some("I want the\nnews."))
    );
    assert_eq!(
        (first.recorded_at.as_str(), agreed(&client).await),
        ("2026-01-01T00:00:01.000Z", 1)
    );
    tell(&said(Granted, "profiling", "web form")).await.unwrap();
    tell(&said(Withdrawn, "news", "letter")).await.unwrap();
    assert_eq!(agreed(&client).await, 0);

    let older = NewConsentBody {
        at: Some("2025-06-01T00:00:00Z".into()),
        ..said(Granted, "news", "an old list")
    };
    assert_eq!(refusal(tell(&older).await).1, "CONSENT_OUTDATED");
    assert_eq!(agreed(&client).await, 0, "what is older brings nobody back");
    tell(&said(Granted, "news", "letter")).await.unwrap();
    let again = tell(&said(Granted, "news", "letter")).await.unwrap();
    assert_eq!(again.recorded_at, "2026-01-01T00:00:05.000Z", "nothing new was said");
    assert_eq!(agreed(&client).await, 1);

    let all = client.consents("ana@example.com", 100).await.unwrap().items;
    let all: Vec<_> = all.iter().map(|one| (one.purpose.as_str(), one.state)).collect();
    let expected =
        [("news", Granted), ("profiling", Granted), ("news", Withdrawn), ("news", Granted)];
    assert_eq!(all, expected);
    assert_eq!(client.consents("ana@example.com", 2).await.unwrap().items.len(), 2);
    let ana = client.get_contact("ana@example.com").await.unwrap();
    let holds: Vec<_> = ana
        .consents
        .as_ref()
        .unwrap()
        .iter()
        .map(|one| (one.purpose.as_str(), one.state))
        .collect();
    assert_eq!(holds, [("news", Granted), ("profiling", Granted)]);
}

async fn what_is_wrong_with_a_consent_is_told(App { client, .. }: App) {
    use ConsentStateBody::Granted;
    client.create_contact(&contact("ana@example.com")).await.unwrap();
    let at = |text: &str| Some(text.to_owned());
    for (new, code) in [
        (said(Granted, " ", "form"), "INVALID_CONSENT"),
        (said(Granted, "a,b", "form"), "INVALID_CONSENT"),
        (said(Granted, "news", " "), "INVALID_CONSENT"),
        (said(Granted, "news", "a\u{7}"), "INVALID_CONSENT"),
        (said(Granted, "news", &"x".repeat(201)), "INVALID_CONSENT"),
        (
            NewConsentBody { proof: Some("x".repeat(2001)), ..said(Granted, "news", "form") },
            "INVALID_CONSENT",
        ),
        (
            NewConsentBody { at: at("2027-01-01T00:00:00Z"), ..said(Granted, "news", "form") },
            "INVALID_CONSENT",
        ),
        (NewConsentBody { at: at("yesterday"), ..said(Granted, "news", "form") }, "INVALID_TIME"),
    ] {
        assert_eq!(refusal(client.record_consent("ana@example.com", &new).await).1, code);
    }
    let nobody = client.record_consent("bo@example.com", &said(Granted, "news", "form")).await;
    assert_eq!(refusal(nobody).1, "CONTACT_NOT_FOUND");
    assert!(client.consents("ana@example.com", 10).await.unwrap().items.is_empty());
    let wrong = client.count_contacts("consented('a,b')").await;
    assert_eq!(refusal(wrong).1, "INVALID_EXPRESSION");
}

async fn many_consents_are_recorded_at_once_and_bring_nobody_back(url: DbUrl) {
    let App { client, services, .. } = App::given(url.clone()).await;
    let mut ids: Vec<Id> = Vec::new();
    for email in ["ana@example.com", "bo@example.com", "cy@example.com"] {
        ids.push(client.create_contact(&contact(email)).await.unwrap().id.parse().unwrap());
    }
    let withdrawn = said(ConsentStateBody::Withdrawn, "news", "letter");
    client.record_consent("bo@example.com", &withdrawn).await.unwrap();

    let db = Db::open(&url).unwrap();
    let sql = "SELECT id FROM workspaces";
    let row = db.read().await.unwrap().row(sql, params![]).await.unwrap().unwrap();
    let db = db.in_workspace(row.get("id").unwrap());
    let file = |at: Option<i64>| {
        let granted = NewConsent {
            purpose: "News".into(),
            state: ConsentState::Granted,
            source: "import of May".into(),
            proof: None,
            at: at.map(Timestamp::from_millis),
        };
        ids.iter().map(|id| (*id, granted.clone())).collect::<Vec<_>>()
    };
    for (at, counts) in [
        (None, [2, 0, 1]),
        (None, [0, 2, 1]),
        (Some(1_000), [0, 2, 1]),
        (Some(1_767_225_600_000), [1, 2, 0]),
    ] {
        let mut tx = db.begin().await.unwrap();
        let done = services.contacts.record_consents_in(&mut tx, file(at)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!([done.added, done.unchanged, done.outdated], counts, "{at:?}");
    }
    assert_eq!(agreed(&client).await, 3);
}
