//! Events say who by an id, never by an address, so that somebody can be forgotten.

use frontier::api::{ConsentStateBody, NewConsentBody};
use frontier::storage::sql::{Db, DbUrl, params};

use super::*;
use crate::support::app::App;
use crate::support::backend::{Given as _, on_every_backend};

on_every_backend!(no_event_holds_an_address);

async fn no_event_holds_an_address(url: DbUrl) {
    let App { client, .. } = App::given(url.clone()).await;
    create_list(&client, "news").await;
    let ana = || vec!["ana@example.com".to_owned()];
    let members = MembersBody { contacts: ana() };
    let new = NewContactBody { lists: vec!["news".into()], ..contact("ana@example.com") };
    client.create_contact(&new).await.unwrap();
    let change = ContactChangeBody { name: Some("Ana".into()), ..Default::default() };
    client.update_contact("ana@example.com", &change).await.unwrap();
    client.unsubscribe_members("news", &members).await.unwrap();
    client.resubscribe_members("news", &members).await.unwrap();
    let granted = NewConsentBody {
        purpose: "news".into(),
        state: ConsentStateBody::Granted,
        source: "a letter of ana@example.com".into(),
        proof: None,
        at: None,
    };
    client.record_consent("ana@example.com", &granted).await.unwrap();
    client.remove_from_list("news", "ana@example.com").await.unwrap();
    let reason = "ana@example.com asked".to_owned();
    client.suppress(&NewSuppressionsBody { emails: ana(), reason }).await.unwrap();
    suppressions(&client, "ana@example.com\nbo@example.com\n", false).await;
    client.delete_suppression("ana@example.com").await.unwrap();
    client.delete_contact("ana@example.com").await.unwrap();

    let db = Db::open(&url).unwrap();
    let sql = "SELECT name, payload FROM outbox ORDER BY id";
    let rows = db.read().await.unwrap().rows(sql, params![]).await.unwrap();
    let mut names: Vec<String> = Vec::new();
    for row in &rows {
        let payload: Value = row.get("payload").unwrap();
        names.push(row.get("name").unwrap());
        assert!(!payload.to_string().contains('@'), "{names:?}: {payload}");
    }
    for name in [
        "contact.created",
        "contact.updated",
        "contact.consent_granted",
        "contact.deleted",
        "list.members_added",
        "list.members_unsubscribed",
        "list.members_resubscribed",
        "list.member_removed",
        "suppressions.added",
        "suppressions.imported",
        "suppression.removed",
    ] {
        assert!(names.iter().any(|told| told == name), "{name} among {names:?}");
    }
}
