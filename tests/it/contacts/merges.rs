//! Contacts that are one person.

use frontier::api::{
    ConsentStateBody, DuplicateRuleBody, MergeRequestBody, NewConsentBody, SubscriptionStateBody,
};
use frontier::core::contacts::{Activity, Contacts};
use frontier::core::kernel::{Id, Timestamp};
use frontier::storage::sql::{Db, DbUrl, params};

use super::*;
use crate::support::app::App;
use crate::support::backend::{Given as _, on_every_backend};
use crate::support::dump::dump;

on_every_backend!(
    a_merge_unites_two_and_keeps_what_the_other_was,
    who_left_as_one_of_two_has_left,
    a_merge_is_all_or_none,
    forgetting_forgets_who_was_merged,
    duplicates_are_found_by_sound_rules,
);

fn others(contacts: &[&str]) -> MergeRequestBody {
    MergeRequestBody { contacts: contacts.iter().map(|text| (*text).to_owned()).collect() }
}

async fn workspace(url: &DbUrl) -> Db {
    let db = Db::open(url).unwrap();
    let sql = "SELECT id FROM workspaces";
    let row = db.read().await.unwrap().row(sql, params![]).await.unwrap().unwrap();
    db.in_workspace(row.get("id").unwrap())
}

async fn a_merge_unites_two_and_keeps_what_the_other_was(url: DbUrl) {
    let App { client, .. } = App::given(url.clone()).await;
    let db = workspace(&url).await;
    for list in ["news", "shop", "both"] {
        create_list(&client, list).await;
    }
    let keep = NewContactBody {
        name: Some("Ana".into()),
        attributes: attributes(json!({"city": "Soria"})),
        tags: vec!["vip".into()],
        lists: vec!["news".into(), "both".into()],
        ..contact("ana@example.com")
    };
    let keep = client.create_contact(&keep).await.unwrap();
    let other = NewContactBody {
        name: Some("Ana Ruiz".into()),
        language: Some("es".into()),
        attributes: attributes(json!({"city": "Jaca", "plan": "pro"})),
        tags: vec!["b2b".into()],
        notes: Some("Met in Soria.".into()),
        lists: vec!["shop".into(), "both".into()],
        ..contact("Ana@old.example")
    };
    let other = client.create_contact(&other).await.unwrap();
    let granted = NewConsentBody {
        purpose: "news".into(),
        state: ConsentStateBody::Granted,
        source: "form".into(),
        proof: None,
        at: None,
    };
    client.record_consent(&other.id, &granted).await.unwrap();
    let campaign = Id::from_bytes([7; 16]);
    let id = |contact: &ContactBody| contact.id.parse::<Id>().unwrap();
    let mut tx = db.begin().await.unwrap();
    for (contact, at) in [(&keep, 50), (&other, 20), (&other, 90)] {
        let seen = [(id(contact), Timestamp::from_millis(at))];
        Contacts::note_activity_in(&mut tx, Activity::Opened, campaign, &seen).await.unwrap();
    }
    tx.commit().await.unwrap();

    let merged = client.merge_contacts(&keep.id, &others(&["ana@OLD.example"])).await.unwrap();
    assert_eq!(
        (merged.email.as_str(), merged.name.as_str(), merged.language.as_deref()),
        ("ana@example.com", "Ana", Some("es"))
    );
    assert_eq!(json!(merged.attributes), json!({"city": "Soria", "plan": "pro"}));
    assert_eq!(
        (json!(merged.tags), merged.notes.as_str()),
        (json!(["b2b", "vip"]), "Met in Soria.")
    );
    assert_eq!(json!(merged.lists), json!(["both", "news", "shop"]));
    assert_eq!(merged.consents.unwrap()[0].state, ConsentStateBody::Granted);
    assert_eq!(refusal(client.get_contact("ana@old.example").await).0, 404);
    assert_eq!(client.get_contact(&keep.id).await.unwrap().tags, ["b2b", "vip"]);

    let takeout = client.take_out_contact(&keep.id).await.unwrap();
    let [activity] = takeout.activity.as_slice() else { panic!("{:?}", takeout.activity) };
    assert_eq!(
        (activity.times, activity.first_at.as_str(), activity.last_at.as_str()),
        (3, "1970-01-01T00:00:00.020Z", "1970-01-01T00:00:00.090Z")
    );
    let was = &takeout.merges[0].contact;
    assert_eq!((&was["email"], &was["name"]), (&json!("Ana@old.example"), &json!("Ana Ruiz")));
    assert_eq!(was["subscriptions"][0]["list"], "both");
    assert_eq!(was["consents"][0]["source"], "form");
    assert_eq!(client.get_list("both").await.unwrap().members, 1);
}

async fn who_left_as_one_of_two_has_left(App { client, .. }: App) {
    create_list(&client, "news").await;
    for email in ["ana@example.com", "ana@old.example"] {
        let new = NewContactBody { lists: vec!["news".into()], ..contact(email) };
        client.create_contact(&new).await.unwrap();
    }
    let old = || vec!["ana@old.example".to_owned()];
    client.unsubscribe_members("news", &MembersBody { contacts: old() }).await.unwrap();
    let reason = "complained".to_owned();
    client.suppress(&NewSuppressionsBody { emails: old(), reason }).await.unwrap();
    let merged =
        client.merge_contacts("ana@example.com", &others(&["ana@old.example"])).await.unwrap();
    assert_eq!(merged.subscriptions.unwrap()[0].state, SubscriptionStateBody::Unsubscribed);
    let suppressed = client.suppressions(10).await.unwrap().items;
    let suppressed: Vec<_> =
        suppressed.iter().map(|one| (one.email.as_str(), one.reason.as_str())).collect();
    assert_eq!(suppressed, [("ana@old.example", "complained"), ("ana@example.com", "complained")]);
}

async fn a_merge_is_all_or_none(App { client, .. }: App) {
    for email in ["ana@example.com", "bo@example.com"] {
        client.create_contact(&contact(email)).await.unwrap();
    }
    for (list, code) in [
        (others(&["bo@example.com", "cy@example.com"]), "CONTACT_NOT_FOUND"),
        (others(&["bo@example.com", "Ana@example.com"]), "SAME_CONTACT"),
        (others(&["bo@example.com", "bo@example.com"]), "CONTACT_NOT_FOUND"),
        (others(&[]), "WRONG_NUMBER"),
    ] {
        assert_eq!(refusal(client.merge_contacts("ana@example.com", &list).await).1, code);
        assert_eq!(everybody(&client).await.len(), 2);
    }
}

async fn forgetting_forgets_who_was_merged(url: DbUrl) {
    let App { client, .. } = App::given(url.clone()).await;
    for email in ["ana@example.com", "ana@old.example", "ana@older.example"] {
        client.create_contact(&contact(email)).await.unwrap();
    }
    client.merge_contacts("ana@old.example", &others(&["ana@older.example"])).await.unwrap();
    client.merge_contacts("ana@example.com", &others(&["ana@old.example"])).await.unwrap();
    assert_eq!(client.take_out_contact("ana@example.com").await.unwrap().merges.len(), 2);
    assert_eq!(
        refusal(client.forget_contact("ana@older.example").await),
        (
            409,
            "CONTACT_MERGED".into(),
            "`ana@older.example` was merged into `ana@example.com`, which is the same person; name \
             that one"
                .into()
        )
    );
    client.forget_contact("ana@example.com").await.unwrap();
    assert!(!dump(&workspace(&url).await).await.contains("ana@"));
    for email in ["ana@example.com", "ana@old.example", "ana@older.example"] {
        let again = client.create_contact(&contact(email)).await;
        assert_eq!(refusal(again).1, "CONTACT_FORGOTTEN", "{email}");
    }
}

async fn duplicates_are_found_by_sound_rules(App { client, .. }: App) {
    for (email, name) in [
        ("ana.ruiz@gmail.com", ""),
        ("bo@example.com", "Bo Díaz"),
        ("anaruiz+shop@googlemail.com", "Ana"),
        ("bodiaz@example.com", "bo DÍAZ"),
        ("bo@example.org", "Bo Díaz"),
        ("cy@yahoo.es", "Cy Gil"),
        ("cygil@yahoo.es", "Cy Gil"),
        ("info@example.com", "Bo Díaz"),
        ("dy+a@example.com", "Dy"),
        ("dy@example.com", "Dy"),
    ] {
        let new = NewContactBody { name: Some(name.into()), ..contact(email) };
        client.create_contact(&new).await.unwrap();
    }
    let found = client.duplicates(10).await.unwrap();
    let found: Vec<(DuplicateRuleBody, Vec<&str>)> = found
        .iter()
        .map(|one| (one.rule, one.contacts.iter().map(|one| one.email.as_str()).collect()))
        .collect();
    let expected = [
        (DuplicateRuleBody::SameMailbox, vec!["ana.ruiz@gmail.com", "anaruiz+shop@googlemail.com"]),
        (DuplicateRuleBody::SameName, vec!["bo@example.com", "bodiaz@example.com"]),
    ];
    assert_eq!(found, expected);
    assert_eq!(client.duplicates(1).await.unwrap().len(), 1);
    assert_eq!(refusal(client.duplicates(0).await).1, "INVALID_LIMIT");
}
