//! Many contacts at once: changed, deleted and exported by an expression.

use super::*;
use crate::support::app::App;
use crate::support::backend::on_every_backend;

on_every_backend!(
    whom_an_expression_is_true_of_is_changed_and_nobody_else,
    a_change_that_one_contact_refuses_changes_none,
    another_number_than_was_confirmed_changes_nothing,
    whom_an_expression_is_true_of_is_deleted,
    an_export_holds_whom_it_is_asked_for_with_tags_and_notes,
    address_books_read_what_is_exported_as_cards,
);

/// Six contacts: `user0` to `user5`, in turn of Spain and of France.
async fn people(client: &Client) {
    create_list(client, "old").await;
    create_list(client, "new").await;
    for at in 0..6 {
        let country = ["ES", "FR"][at % 2];
        let new = NewContactBody {
            name: Some(format!("User {at}")),
            language: Some("en".into()),
            attributes: attributes(json!({"country": country, "nr": at})),
            lists: vec!["old".into()],
            tags: vec!["cold".into()],
            ..contact(&format!("user{at}@example.com"))
        };
        client.create_contact(&new).await.unwrap();
    }
}

fn whom(expression: &str) -> BulkQuery {
    BulkQuery { r#where: expression.into(), confirm_contacts: None }
}

async fn whom_an_expression_is_true_of_is_changed_and_nobody_else(App { client, .. }: App) {
    people(&client).await;
    let change = BulkChangeBody {
        language: Some("es_ES".into()),
        timezone: Some("europe/madrid".into()),
        attributes: attributes(json!({"nr": null, "region": "south"})),
        tags: vec!["Warm".into()],
        untag: vec!["cold".into()],
        lists: vec!["new".into()],
        unlist: vec!["old".into()],
    };
    let whom = whom("country = 'ES' and tagged('cold') and on_list('old')");
    let done = client.update_contacts(&whom, &change).await.unwrap();
    assert_eq!(done, BulkSummaryBody { contacts: 3, changed: 3, added: 3, removed: 3 });
    let spanish = ["user0@example.com", "user2@example.com", "user4@example.com"];
    assert_eq!(emails(&client, Some("new"), None).await, spanish);
    let zero = client.get_contact("user0@example.com").await.unwrap();
    assert_eq!(
        (zero.language.as_deref(), zero.timezone.as_deref()),
        (Some("es-ES"), Some("Europe/Madrid"))
    );
    assert_eq!(json!(zero.attributes), json!({"country": "ES", "region": "south"}));
    assert_eq!((json!(zero.tags), zero.name.as_str()), (json!(["warm"]), "User 0"));
    let one = client.get_contact("user1@example.com").await.unwrap();
    assert_eq!((json!(one.tags), one.lists), (json!(["cold"]), Some(vec!["old".into()])));
    let again = client.update_contacts(&whom, &change).await.unwrap();
    assert_eq!(again, BulkSummaryBody { contacts: 0, changed: 0, added: 0, removed: 0 });
}

async fn a_change_that_one_contact_refuses_changes_none(App { client, .. }: App) {
    people(&client).await;
    let full = ContactChangeBody {
        tags: (0..199).map(|at| format!("t{at}")).collect(),
        ..ContactChangeBody::default()
    };
    client.update_contact("user5@example.com", &full).await.unwrap();
    let change = BulkChangeBody { tags: vec!["more".into()], ..BulkChangeBody::default() };
    let refused = refusal(client.update_contacts(&whom("nr >= 0"), &change).await);
    assert_eq!((refused.0, refused.1.as_str()), (422, "INVALID_TAG"));
    assert_eq!(client.count_contacts("tagged('more')").await.unwrap().contacts, 0);
    let wrong = BulkChangeBody { lists: vec!["none".into()], ..BulkChangeBody::default() };
    assert_eq!(refusal(client.update_contacts(&whom("nr >= 0"), &wrong).await).1, "LIST_NOT_FOUND");
    let slip = refusal(client.update_contacts(&whom("nr >="), &change).await);
    assert_eq!(slip.0, 422);
}

async fn another_number_than_was_confirmed_changes_nothing(App { client, .. }: App) {
    people(&client).await;
    let change = BulkChangeBody { tags: vec!["more".into()], ..BulkChangeBody::default() };
    let confirmed = |count| BulkQuery { confirm_contacts: Some(count), ..whom("country = 'FR'") };
    let (status, code, message) = refusal(client.update_contacts(&confirmed(2), &change).await);
    assert_eq!((status, code.as_str()), (409, "NOT_THAT_MANY"));
    assert_eq!(
        message,
        "the expression is true of 3 contacts now, not of 2; nothing was changed. `frontier contact \
         list --where` shows them"
    );
    assert_eq!(refusal(client.delete_contacts(&confirmed(4)).await).1, "NOT_THAT_MANY");
    assert_eq!(everybody(&client).await.len(), 6);
    assert_eq!(client.update_contacts(&confirmed(3), &change).await.unwrap().changed, 3);
    assert_eq!(client.delete_contacts(&confirmed(3)).await.unwrap().deleted, 3);
}

async fn whom_an_expression_is_true_of_is_deleted(App { client, .. }: App) {
    people(&client).await;
    let done = client.delete_contacts(&whom("tagged('cold') and nr in (1, 2)")).await.unwrap();
    assert_eq!(done.deleted, 2);
    let left = ["user0", "user3", "user4", "user5"].map(|name| format!("{name}@example.com"));
    assert_eq!(emails(&client, Some("old"), None).await, left);
    assert_eq!(client.delete_contacts(&whom("nr = 1")).await.unwrap().deleted, 0);
}

async fn exported(client: &Client, expression: &str, format: ExportFormat) -> String {
    let which = ExportQuery { list: Some("old".into()), r#where: Some(expression.into()), format };
    let mut pieces = client.export_contacts(&which).await.unwrap();
    let mut file = Vec::new();
    while let Some(piece) = pieces.next().await {
        file.extend_from_slice(&piece.unwrap());
    }
    String::from_utf8(file).unwrap()
}

async fn an_export_holds_whom_it_is_asked_for_with_tags_and_notes(App { client, .. }: App) {
    people(&client).await;
    let notes = ContactChangeBody {
        notes: Some("called\ntwice".into()),
        tags: vec!["b2b".into()],
        ..ContactChangeBody::default()
    };
    client.update_contact("user4@example.com", &notes).await.unwrap();
    assert_eq!(
        exported(&client, "country = 'ES' and nr > 1", ExportFormat::Csv).await,
        "email,name,language,timezone,tags,notes,country,nr\n\
         user2@example.com,User 2,en,,cold,,ES,2\n\
         user4@example.com,User 4,en,,\"b2b, cold\",\"called\ntwice\",ES,4\n"
    );
    let lines = exported(&client, "nr = 3", ExportFormat::Ndjson).await;
    let line: Value = serde_json::from_str(&lines).unwrap();
    assert_eq!((&line["email"], &line["tags"]), (&json!("user3@example.com"), &json!(["cold"])));
    let wrong = ExportQuery { r#where: Some("nr >".into()), ..ExportQuery::default() };
    assert!(client.export_contacts(&wrong).await.is_err());
}

async fn address_books_read_what_is_exported_as_cards(App { client, .. }: App) {
    people(&client).await;
    let change = ContactChangeBody {
        name: Some("Núñez; Ana, \\o/".into()),
        notes: Some("one\ntwo".into()),
        tags: vec!["vip".into()],
        timezone: Some("Europe/Madrid".into()),
        ..ContactChangeBody::default()
    };
    let id = client.update_contact("user3@example.com", &change).await.unwrap().id;
    let card = exported(&client, "nr = 3", ExportFormat::Vcard).await;
    assert_eq!(
        card,
        format!(
            "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:urn:uuid:{id}\r\nFN:Núñez\\; Ana\\, \\\\o/\r\n\
             EMAIL:user3@example.com\r\nLANG:en\r\nTZ:Europe/Madrid\r\nCATEGORIES:cold,vip\r\n\
             NOTE:one\\ntwo\r\nREV:20260101T000000Z\r\nEND:VCARD\r\n"
        )
    );
}
