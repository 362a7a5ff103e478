//! Tags, notes, and what an address tells.

use super::*;
use crate::support::app::App;
use crate::support::backend::on_every_backend;

on_every_backend!(
    tags_are_put_on_taken_off_and_found,
    what_is_wrong_with_a_tag_or_notes_is_told,
    an_import_brings_tags_and_notes,
    an_address_tells_whether_it_is_a_role_or_throw_away,
);

fn tagged(email: &str, tags: &[&str]) -> NewContactBody {
    NewContactBody { tags: tags.iter().map(|tag| (*tag).into()).collect(), ..contact(email) }
}

async fn found(client: &Client, filter: ContactQuery) -> Vec<String> {
    let found = client.contacts(&filter, 10_000).await.unwrap().items;
    found.into_iter().map(|contact| contact.email).collect()
}

fn with(tag: &str) -> ContactQuery {
    ContactQuery { tag: Some(tag.into()), ..ContactQuery::default() }
}

async fn tags_are_put_on_taken_off_and_found(App { client, .. }: App) {
    create_list(&client, "spring").await;
    let ana = NewContactBody {
        lists: vec!["spring".into()],
        ..tagged("ana@example.com", &["VIP", "b2b", "vip"])
    };
    assert_eq!(client.create_contact(&ana).await.unwrap().tags, ["b2b", "vip"]);
    client.create_contact(&tagged("bo@example.com", &["vip"])).await.unwrap();
    client.create_contact(&contact("cy@example.com")).await.unwrap();
    assert_eq!(found(&client, with("Vip")).await, ["ana@example.com", "bo@example.com"]);
    assert_eq!(found(&client, with("vip,b2b")).await, ["ana@example.com"]);
    let listed = ContactQuery { list: Some("spring".into()), ..with("vip") };
    assert_eq!(found(&client, listed.clone()).await, ["ana@example.com"]);
    assert_eq!(
        found(&client, ContactQuery { q: Some("b".into()), ..with("vip") }).await,
        ["bo@example.com"]
    );
    let first = client.contacts(&with("vip"), 1).await.unwrap();
    assert_eq!((first.items[0].tags.len(), first.next_cursor.is_some()), (2, true));

    let change = ContactChangeBody {
        tags: vec!["new".into()],
        untag: vec!["VIP".into(), "never".into()],
        notes: Some("  Met in Soria.\r\nLikes tea. ".into()),
        ..ContactChangeBody::default()
    };
    let ana = client.update_contact("ana@example.com", &change).await.unwrap();
    assert_eq!(
        (json!(ana.tags), ana.notes.as_str()),
        (json!(["b2b", "new"]), "Met in Soria.\nLikes tea.")
    );
    let again = client.get_contact("ana@example.com").await.unwrap();
    assert_eq!((json!(again.tags), &again.notes), (json!(["b2b", "new"]), &ana.notes));
    assert!(found(&client, listed).await.is_empty());

    let more = client.upsert_contact(&tagged("bo@example.com", &["new"])).await.unwrap();
    assert_eq!(json!(more.tags), json!(["new", "vip"]));
    client.delete_contact("bo@example.com").await.unwrap();
    assert_eq!(found(&client, with("new")).await, ["ana@example.com"]);
}

async fn what_is_wrong_with_a_tag_or_notes_is_told(App { client, .. }: App) {
    let bad = async |new: NewContactBody| refusal(client.create_contact(&new).await).1;
    assert_eq!(bad(tagged("ana@example.com", &["a,b"])).await, "INVALID_TAG");
    assert_eq!(bad(tagged("ana@example.com", &[" "])).await, "INVALID_TAG");
    let many: Vec<String> = (0..201).map(|at| format!("t{at}")).collect();
    assert_eq!(
        bad(NewContactBody { tags: many, ..contact("ana@example.com") }).await,
        "INVALID_TAG"
    );
    let notes = |text: String| NewContactBody { notes: Some(text), ..contact("ana@example.com") };
    assert_eq!(bad(notes("x".repeat(4001))).await, "INVALID_NOTES");
    assert_eq!(bad(notes("a\u{0}b".into())).await, "INVALID_TEXT");
    assert!(everybody(&client).await.is_empty());
}

async fn an_import_brings_tags_and_notes(App { client, .. }: App) {
    client.create_contact(&tagged("ana@example.com", &["old"])).await.unwrap();
    let file = "email,etiquetas,notas\n\
        ana@example.com,\"VIP; b2b\",calls on Mondays\n\
        bo@example.com,,\n\
        ANA@example.com,late,\n\
        cy@example.com,a\u{7},\n";
    let mut counts = Vec::new();
    for _ in 0..2 {
        let mut events =
            client.import_contacts(&ImportQuery::default(), Body::from(file)).await.unwrap();
        while let Some(event) = events.next().await {
            if let ImportEvent::Summary(s) = event.unwrap() {
                counts.push([s.created, s.updated, s.unchanged, s.duplicates, s.rejected]);
            }
        }
    }
    assert_eq!(counts, [[1, 1, 0, 1, 1], [0, 0, 2, 1, 1]]);
    let ana = client.get_contact("ana@example.com").await.unwrap();
    assert_eq!(json!(ana.tags), json!(["b2b", "late", "old", "vip"]));
    assert_eq!((ana.notes.as_str(), ana.attributes.len()), ("calls on Mondays", 0));
}

async fn an_address_tells_whether_it_is_a_role_or_throw_away(App { client, .. }: App) {
    for email in ["ana@example.com", "info@example.com", "bo@mailinator.com"] {
        client.create_contact(&contact(email)).await.unwrap();
    }
    let role = ContactQuery { role_address: Some(true), ..ContactQuery::default() };
    assert_eq!(found(&client, role).await, ["info@example.com"]);
    let disposable = ContactQuery { disposable_address: Some(true), ..ContactQuery::default() };
    assert_eq!(found(&client, disposable).await, ["bo@mailinator.com"]);
    let moved = ContactChangeBody { email: Some("bo@example.com".into()), ..Default::default() };
    let bo = client.update_contact("bo@mailinator.com", &moved).await.unwrap();
    assert_eq!((bo.role_address, bo.disposable_address), (false, false));
}
