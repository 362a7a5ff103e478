//! Attributes have a type: what is given later is brought to it, or refused.

use frontier::api::{AttributeChangeBody, AttributeTypeBody, NewAttributeBody};

use super::*;
use crate::support::app::App;
use crate::support::backend::on_every_backend;

on_every_backend!(
    a_key_is_of_the_type_of_its_first_value,
    a_declared_type_is_kept_by_imports_too,
    a_type_is_changed_for_all_values_or_for_none,
    an_attribute_is_deleted_with_its_values,
);

async fn add(client: &Client, email: &str, values: Value) -> ClientResult<ContactBody> {
    let new = NewContactBody { attributes: attributes(values), ..contact(email) };
    client.upsert_contact(&new).await
}

async fn declare(client: &Client, key: &str, kind: AttributeTypeBody) {
    client.create_attribute(&NewAttributeBody { key: key.into(), kind }).await.unwrap();
}

async fn types(client: &Client) -> Value {
    let known = client.attributes().await.unwrap();
    known
        .into_iter()
        .map(|one| (one.key, json!(one.kind)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

async fn values(client: &Client, key: &str) -> Vec<Value> {
    let mut everybody = everybody(client).await;
    everybody.sort_by(|a, b| a.email.cmp(&b.email));
    everybody.iter().map(|one| one.attributes.get(key).cloned().unwrap_or_default()).collect()
}

async fn a_key_is_of_the_type_of_its_first_value(App { client, .. }: App) {
    let first = json!({"age": 41, "vip": true, "likes": ["jazz"], "since": "2020-01-01"});
    add(&client, "ana@example.com", first).await.unwrap();
    let expected = json!({"age": "number", "likes": "list", "since": "text", "vip": "boolean"});
    assert_eq!(types(&client).await, expected);
    let bo = add(&client, "bo@example.com", json!({"age": "007", "vip": "no", "likes": "a, b"}));
    let kept = json!({"age": 7, "vip": false, "likes": ["a", "b"]});
    assert_eq!(json!(bo.await.unwrap().attributes), kept);

    let bad = refusal(add(&client, "cy@example.com", json!({"age": "old", "new": 1})).await);
    let words = "the attribute `age` is a number and `old` is none; write it as 41 or 1.5";
    assert_eq!(bad, (422, "INVALID_ATTRIBUTE".into(), words.into()));
    assert_eq!(types(&client).await, expected, "a refusal registers nothing");
    let nested = refusal(add(&client, "cy@example.com", json!({"home": {"city": "Soria"}})).await);
    assert_eq!(nested.1, "INVALID_ATTRIBUTE");
    let change =
        ContactChangeBody { attributes: attributes(json!({"age": [1]})), ..Default::default() };
    assert_eq!(refusal(client.update_contact("bo@example.com", &change).await).0, 422);
}

async fn a_declared_type_is_kept_by_imports_too(App { client, .. }: App) {
    for (key, kind) in [
        ("age", AttributeTypeBody::Number),
        ("since", AttributeTypeBody::Date),
        ("likes", AttributeTypeBody::List),
    ] {
        declare(&client, key, kind).await;
    }
    let again = NewAttributeBody { key: "age".into(), kind: AttributeTypeBody::Text };
    assert_eq!(refusal(client.create_attribute(&again).await).1, "ATTRIBUTE_EXISTS");
    let wrong = NewAttributeBody { key: "E mail".into(), kind: AttributeTypeBody::Text };
    assert_eq!(refusal(client.create_attribute(&wrong).await).1, "INVALID_ATTRIBUTE");

    let file = "email;age;since;likes;city\n\
        ana@example.com;41;2020-01-31;jazz, tea;Soria\n\
        bo@example.com;forty;2020-01-31;;\n\
        cy@example.com;;31/01/2020;;\n";
    for dry_run in [true, false] {
        let how = ImportQuery { dry_run, ..ImportQuery::default() };
        let mut events = client.import_contacts(&how, Body::from(file)).await.unwrap();
        let mut told = Vec::new();
        while let Some(event) = events.next().await {
            if let ImportEvent::Reject { line, reason, .. } = event.unwrap() {
                told.push((line, reason));
            }
        }
        let none = |text: &str| format!("the attribute {text}");
        let expected = [
            (3, none("`age` is a number and `forty` is none; write it as 41 or 1.5")),
            (4, none("`since` is a date and `31/01/2020` is none; write it as 2026-03-01")),
        ];
        assert_eq!(told, expected);
    }
    let ana = client.get_contact("ana@example.com").await.unwrap();
    let kept = json!({"age": 41, "city": "Soria", "likes": ["jazz", "tea"], "since": "2020-01-31"});
    assert_eq!(json!(ana.attributes), kept);
    let known = json!({"age": "number", "city": "text", "likes": "list", "since": "date"});
    assert_eq!(types(&client).await, known);
}

async fn a_type_is_changed_for_all_values_or_for_none(App { client, .. }: App) {
    for (email, age) in [("ana", "41"), ("bo", "forty"), ("cy", "1.5"), ("dy", "many")] {
        add(&client, &format!("{email}@example.com"), json!({"age": age})).await.unwrap();
    }
    add(&client, "ed@example.com", json!({})).await.unwrap();
    let to = |kind| AttributeChangeBody { kind };
    let refused = client.update_attribute("age", &to(AttributeTypeBody::Number)).await;
    let words = "`age` cannot be a number: 2 of its values are none, `forty` for one; correct them \
                 and try again";
    assert_eq!(refusal(refused), (409, "VALUES_DO_NOT_FIT".into(), words.into()));
    assert_eq!(
        values(&client, "age").await,
        ["41", "forty", "1.5", "many", ""]
            .map(|text| { if text.is_empty() { Value::Null } else { json!(text) } })
    );
    for email in ["bo@example.com", "dy@example.com"] {
        add(&client, email, json!({"age": "3"})).await.unwrap();
    }
    let done = client.update_attribute("age", &to(AttributeTypeBody::Number)).await.unwrap();
    assert_eq!(done.contacts, 4);
    assert_eq!(json!(values(&client, "age").await), json!([41, 3, 1.5, 3, null]));
    client.update_attribute("age", &to(AttributeTypeBody::List)).await.unwrap_err();
    client.update_attribute("age", &to(AttributeTypeBody::Text)).await.unwrap();
    assert_eq!(json!(values(&client, "age").await), json!(["41", "3", "1.5", "3", null]));
    let missing = refusal(client.update_attribute("agee", &to(AttributeTypeBody::List)).await);
    assert_eq!((missing.0, missing.2.as_str()), (404, "no attribute `agee`; is it `age`?"));
}

async fn an_attribute_is_deleted_with_its_values(App { client, .. }: App) {
    add(&client, "ana@example.com", json!({"age": 41, "city": "Soria"})).await.unwrap();
    assert_eq!(client.delete_attribute("age").await.unwrap().contacts, 1);
    assert_eq!(json!(everybody(&client).await[0].attributes), json!({"city": "Soria"}));
    assert_eq!(types(&client).await, json!({"city": "text"}));
    add(&client, "ana@example.com", json!({"age": "forty"})).await.unwrap();
    assert_eq!(types(&client).await, json!({"age": "text", "city": "text"}));
}
