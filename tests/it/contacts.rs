//! Contacts, lists and suppressions through the client of the routes.

#[path = "contacts/activity.rs"]
mod activity;
#[path = "contacts/attribute_types.rs"]
mod attribute_types;
#[path = "contacts/bulk.rs"]
mod bulk;
#[path = "contacts/consents.rs"]
mod consents;
#[path = "contacts/events.rs"]
mod events;
#[path = "contacts/fields.rs"]
mod fields;
#[path = "contacts/forget.rs"]
mod forget;
#[path = "contacts/import_options.rs"]
mod import_options;
#[path = "contacts/imports.rs"]
mod imports;
#[path = "contacts/merges.rs"]
mod merges;
#[path = "contacts/subscriptions.rs"]
mod subscriptions;
#[path = "contacts/tags.rs"]
mod tags;

use std::collections::BTreeMap;

use crate::support::app::App;
use crate::support::backend::on_every_backend;
use axum::body::Body;
use frontier::api::{
    BulkChangeBody, BulkQuery, BulkSummaryBody, ContactBody, ContactChangeBody, ContactQuery,
    ExportFormat, ExportQuery, ImportEvent, ImportQuery, ImportSummaryBody, MembersBody,
    NewContactBody, NewListBody, NewSuppressionsBody, SuppressionImportQuery,
    SuppressionSummaryBody,
};
use frontier::client::{Client, ClientError, ClientResult};
use futures::StreamExt as _;
use serde_json::{Value, json};

on_every_backend!(
    a_contact_is_one_address_whatever_its_case,
    what_is_wrong_with_a_contact_is_told,
    an_upsert_replaces_fields_and_merges_attributes,
    an_edit_changes_what_it_names_and_null_removes,
    contacts_are_found_by_how_they_start_and_by_list_over_pages,
    membership_is_all_or_none_and_ends_with_the_contact,
    a_suppression_is_of_an_address_and_keeps_its_first_reason,
    suppressions_are_imported_with_and_without_a_header,
);

fn contact(email: &str) -> NewContactBody {
    NewContactBody { email: email.into(), ..NewContactBody::default() }
}

fn attributes(value: Value) -> BTreeMap<String, Value> {
    serde_json::from_value(value).unwrap()
}

/// The code and the words of a refusal.
fn refusal<T: std::fmt::Debug>(result: ClientResult<T>) -> (u16, String, String) {
    match result.unwrap_err() {
        ClientError::Refused { status, error } => (status.as_u16(), error.code, error.message),
        other @ ClientError::Broken(_) => panic!("{other}"),
    }
}

async fn everybody(client: &Client) -> Vec<ContactBody> {
    client.contacts(&ContactQuery::default(), 10_000).await.unwrap().items
}

async fn emails(client: &Client, list: Option<&str>, q: Option<&str>) -> Vec<String> {
    let filter = ContactQuery {
        list: list.map(Into::into),
        q: q.map(Into::into),
        ..ContactQuery::default()
    };
    let found = client.contacts(&filter, 10_000).await.unwrap().items;
    found.into_iter().map(|contact| contact.email).collect()
}

async fn create_list(client: &Client, name: &str) {
    let new = NewListBody { name: name.into(), ..NewListBody::default() };
    client.create_list(&new).await.unwrap();
}

async fn a_contact_is_one_address_whatever_its_case(App { client, .. }: App) {
    let new = NewContactBody {
        name: Some(" Ana  Ruiz ".into()),
        language: Some("es_mx".into()),
        timezone: Some("europe/madrid".into()),
        attributes: attributes(json!({"city": "Soria", "age": 41})),
        ..contact(" Ana@Exämple.com ")
    };
    let ana = client.create_contact(&new).await.unwrap();
    assert_eq!(
        (ana.email.as_str(), ana.name.as_str(), ana.language.as_deref(), ana.timezone.as_deref()),
        ("Ana@Exämple.com", "Ana Ruiz", Some("es-MX"), Some("Europe/Madrid"))
    );
    assert_eq!(
        refusal(client.create_contact(&contact("ANA@xn--exmple-cua.com")).await),
        (
            409,
            "CONTACT_EXISTS".into(),
            "`Ana@Exämple.com` is a contact already; change it with `frontier contact edit Ana@Exämple.com`".into()
        )
    );
    for reference in ["ana@EXÄMPLE.com", &ana.id, &ana.id[..13]] {
        assert_eq!(client.get_contact(reference).await.unwrap().id, ana.id, "{reference}");
    }
    assert_eq!(refusal(client.get_contact("bo@example.com").await).1, "CONTACT_NOT_FOUND");
    assert_eq!(refusal(client.get_contact("a\0b").await).1, "CONTACT_NOT_FOUND");
}

async fn what_is_wrong_with_a_contact_is_told(App { client, .. }: App) {
    let bad = async |new: NewContactBody| refusal(client.create_contact(&new).await);
    let (status, code, message) = bad(contact("ana@@example.com")).await;
    assert_eq!((status, code.as_str()), (422, "INVALID_ADDRESS"));
    assert_eq!(message, "`ana@@example.com` has more than one @; write one address");
    let ana = || contact("ana@example.com");
    for (new, code) in [
        (NewContactBody { language: Some("Spanish".into()), ..ana() }, "INVALID_LANGUAGE"),
        (NewContactBody { timezone: Some("Madrid".into()), ..ana() }, "INVALID_TIMEZONE"),
        (NewContactBody { name: Some("x".repeat(201)), ..ana() }, "INVALID_NAME"),
        (
            NewContactBody { attributes: attributes(json!({"A b": 1})), ..ana() },
            "INVALID_ATTRIBUTE",
        ),
        (
            NewContactBody { attributes: attributes(json!({"a": "x".repeat(17_000)})), ..ana() },
            "INVALID_ATTRIBUTE",
        ),
        (NewContactBody { lists: vec!["none".into()], ..ana() }, "LIST_NOT_FOUND"),
    ] {
        assert_eq!(bad(new).await.1, code);
    }
    assert!(everybody(&client).await.is_empty(), "nothing is half done");
}

async fn an_upsert_replaces_fields_and_merges_attributes(App { client, .. }: App) {
    create_list(&client, "spring").await;
    let first = NewContactBody {
        name: Some("Ana".into()),
        attributes: attributes(json!({"city": "Soria", "age": 41})),
        ..contact("Ana@example.com")
    };
    client.upsert_contact(&first).await.unwrap();
    let second = NewContactBody {
        language: Some("es".into()),
        attributes: attributes(json!({"age": 42, "city": null, "plan": "pro"})),
        lists: vec!["spring".into()],
        ..contact("ana@EXAMPLE.com")
    };
    let ana = client.upsert_contact(&second).await.unwrap();
    assert_eq!((ana.email.as_str(), ana.name.as_str()), ("Ana@example.com", "Ana"));
    assert_eq!(json!(ana.attributes), json!({"age": 42, "plan": "pro"}));
    let ana = client.get_contact(&ana.id).await.unwrap();
    assert_eq!(ana.lists, Some(vec!["spring".to_owned()]));
    assert_eq!(everybody(&client).await.len(), 1);
}

async fn an_edit_changes_what_it_names_and_null_removes(App { client, .. }: App) {
    let new = NewContactBody {
        name: Some("Ana".into()),
        language: Some("es".into()),
        attributes: attributes(json!({"city": "Soria", "age": 41})),
        ..contact("ana@example.com")
    };
    client.create_contact(&new).await.unwrap();
    client.create_contact(&contact("bo@example.com")).await.unwrap();
    let change: ContactChangeBody =
        serde_json::from_value(json!({"language": null, "attributes": {"age": null}})).unwrap();
    let ana = client.update_contact("ana@example.com", &change).await.unwrap();
    assert_eq!((ana.name.as_str(), ana.language), ("Ana", None));
    assert_eq!(json!(ana.attributes), json!({"city": "Soria"}));

    let moved = ContactChangeBody { email: Some("BO@example.com".into()), ..Default::default() };
    assert_eq!(refusal(client.update_contact(&ana.id, &moved).await).1, "CONTACT_EXISTS");
    let moved = ContactChangeBody { email: Some("ana@example.org".into()), ..Default::default() };
    client.update_contact(&ana.id, &moved).await.unwrap();
    assert_eq!(client.get_contact("ana@example.org").await.unwrap().id, ana.id);
}

async fn contacts_are_found_by_how_they_start_and_by_list_over_pages(App { client, .. }: App) {
    create_list(&client, "all").await;
    for (email, name) in [
        ("zoe@example.com", "Ángel Ruiz"),
        ("ANGEL@example.com", ""),
        ("bo@example.com", "Bo"),
        ("bob@example.com", ""),
    ] {
        let new =
            NewContactBody { name: Some(name.into()), lists: vec!["all".into()], ..contact(email) };
        client.create_contact(&new).await.unwrap();
    }
    client.create_contact(&contact("bill@example.com")).await.unwrap();
    assert_eq!(emails(&client, None, Some("ángel")).await, ["zoe@example.com"]);
    assert_eq!(emails(&client, None, Some("Angel@EX")).await, ["ANGEL@example.com"]);
    assert_eq!(
        emails(&client, Some("all"), Some("b")).await,
        ["bo@example.com", "bob@example.com"]
    );
    assert!(emails(&client, None, Some("%")).await.is_empty());

    let first = client.contacts(&ContactQuery::default(), 2).await.unwrap();
    assert_eq!(first.items.len(), 2);
    assert!(first.next_cursor.is_some());
    let missing = ContactQuery { list: Some("none".into()), ..ContactQuery::default() };
    assert_eq!(refusal(client.contacts(&missing, 10).await).1, "LIST_NOT_FOUND");
}

async fn membership_is_all_or_none_and_ends_with_the_contact(App { client, .. }: App) {
    create_list(&client, "spring").await;
    let ana = client.create_contact(&contact("ana@example.com")).await.unwrap();
    client.create_contact(&contact("bo@example.com")).await.unwrap();
    let members = |contacts: &[&str]| MembersBody {
        contacts: contacts.iter().map(|text| (*text).to_owned()).collect(),
    };
    let nobody = client.add_to_list("spring", &members(&["bo@example.com", "x@example.com"])).await;
    assert_eq!(refusal(nobody).1, "CONTACT_NOT_FOUND");
    assert_eq!(client.get_list("spring").await.unwrap().members, 0);
    let none = client.add_to_list("spring", &members(&[])).await;
    assert_eq!(refusal(none).1, "WRONG_NUMBER");

    let both = members(&["bo@example.com", &ana.id, "ANA@example.com"]);
    let done = client.add_to_list("spring", &both).await.unwrap();
    assert_eq!((done.added, done.list.members), (2, 2));
    assert_eq!(client.add_to_list("spring", &both).await.unwrap().added, 0);

    client.remove_from_list("spring", "bo@example.com").await.unwrap();
    let again = client.remove_from_list("spring", "bo@example.com").await;
    assert_eq!(refusal(again).1, "NOT_ON_LIST");
    client.delete_contact("ana@example.com").await.unwrap();
    assert_eq!(client.get_list("spring").await.unwrap().members, 0);
    assert_eq!(refusal(client.delete_contact("ana@example.com").await).0, 404);
}

async fn a_suppression_is_of_an_address_and_keeps_its_first_reason(App { client, .. }: App) {
    let new = |emails: &[&str], reason: &str| NewSuppressionsBody {
        emails: emails.iter().map(|text| (*text).to_owned()).collect(),
        reason: reason.into(),
    };
    let done = client.suppress(&new(&["Ana@example.com", "bo@example.com"], "bounced")).await;
    assert_eq!(done.unwrap().added, 2);
    let done = client
        .suppress(&new(&["ANA@example.com", "cy@example.com", "Cy@example.com"], ""))
        .await
        .unwrap();
    let reasons: Vec<_> =
        done.suppressions.iter().map(|one| (one.email.as_str(), one.reason.as_str())).collect();
    assert_eq!(done.added, 1);
    assert_eq!(reasons, [("ana@example.com", "bounced"), ("cy@example.com", "manual")]);

    let bad = client.suppress(&new(&["dy@example.com", "no address"], "")).await;
    assert_eq!(refusal(bad).1, "INVALID_ADDRESS");
    client.delete_suppression("Bo@Example.com").await.unwrap();
    let again = client.delete_suppression("bo@example.com").await;
    assert_eq!(refusal(again).1, "SUPPRESSION_NOT_FOUND");
    let left = client.suppressions(100).await.unwrap().items;
    let left: Vec<_> = left.into_iter().map(|one| one.email).collect();
    assert_eq!(left, ["ana@example.com", "cy@example.com"]);
}

async fn suppressions_are_imported_with_and_without_a_header(App { client, .. }: App) {
    let file =
        "motivo;correo\nbaja;Ana@example.com\n;bo@example.com\nbaja;nadie\nx;ANA@example.com\n";
    let dry = suppressions(&client, file, true).await;
    let real = suppressions(&client, file, false).await;
    let counts =
        |s: &SuppressionSummaryBody| [s.rows, s.added, s.already, s.duplicates, s.rejected];
    assert_eq!(counts(&real), [4, 2, 0, 1, 1]);
    assert_eq!(counts(&dry), counts(&real));
    let plain = suppressions(&client, "cy@example.com\nbo@example.com\n", false).await;
    assert_eq!(counts(&plain), [2, 1, 1, 0, 0]);
    let there = client.suppressions(100).await.unwrap().items;
    let there: Vec<_> = there.iter().map(|one| (one.email.as_str(), one.reason.as_str())).collect();
    assert_eq!(
        there,
        [("ana@example.com", "baja"), ("bo@example.com", "manual"), ("cy@example.com", "manual")]
    );
}

async fn suppressions(client: &Client, file: &str, dry_run: bool) -> SuppressionSummaryBody {
    let how = SuppressionImportQuery { dry_run, ..SuppressionImportQuery::default() };
    let mut events = client.import_suppressions(&how, Body::from(file.to_owned())).await.unwrap();
    loop {
        if let ImportEvent::Summary(summary) = events.next().await.unwrap().unwrap() {
            return summary;
        }
    }
}
