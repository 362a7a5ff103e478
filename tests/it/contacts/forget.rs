//! Forgetting people, and giving them what is held of them.

use frontier::api::{ConsentStateBody, NewConsentBody};
use frontier::core::contacts::{Activity, Contacts};
use frontier::core::kernel::{Id, Timestamp};
use frontier::storage::sql::{Db, DbUrl, params};

use super::*;
use crate::support::app::App;
use crate::support::backend::{Given as _, on_every_backend};
use crate::support::dump::{dump, files_hold};

on_every_backend!(
    nothing_of_somebody_forgotten_is_left,
    who_was_forgotten_is_not_taken_up_again,
    forgetting_again_changes_nothing,
    a_takeout_has_all_that_is_held,
);

async fn workspace(url: &DbUrl) -> Db {
    let db = Db::open(url).unwrap();
    let sql = "SELECT id FROM workspaces";
    let row = db.read().await.unwrap().row(sql, params![]).await.unwrap().unwrap();
    db.in_workspace(row.get("id").unwrap())
}

/// Ana, with everything that a contact can have.
async fn ana(client: &Client, db: &Db) -> ContactBody {
    create_list(client, "news").await;
    let new = NewContactBody {
        name: Some("Ana Forgettable".into()),
        attributes: attributes(json!({"city": "Forgetown"})),
        tags: vec!["forgettag".into()],
        notes: Some("Forgetnote".into()),
        lists: vec!["news".into()],
        ..contact("Ana.Forget@Example.com")
    };
    let ana = client.create_contact(&new).await.unwrap();
    for (state, purpose) in [
        (ConsentStateBody::Granted, "news"),
        (ConsentStateBody::Withdrawn, "news"),
        (ConsentStateBody::Granted, "ads"),
    ] {
        let proof = Some("forgetproof".to_owned());
        let new = NewConsentBody {
            purpose: purpose.into(),
            state,
            source: "form".into(),
            proof,
            at: None,
        };
        client.record_consent(&ana.id, &new).await.unwrap();
    }
    let mut tx = db.begin().await.unwrap();
    let seen = [(ana.id.parse().unwrap(), Timestamp::from_millis(5))];
    let campaign = Id::from_bytes([7; 16]);
    Contacts::note_activity_in(&mut tx, Activity::Opened, campaign, &seen).await.unwrap();
    tx.commit().await.unwrap();
    let emails = vec!["ANA.forget@example.com".to_owned()];
    client.suppress(&NewSuppressionsBody { emails, reason: "asked".into() }).await.unwrap();
    ana
}

async fn nothing_of_somebody_forgotten_is_left(url: DbUrl) {
    let App { client, .. } = App::given(url.clone()).await;
    let db = workspace(&url).await;
    ana(&client, &db).await;
    let others = NewContactBody { lists: vec!["news".into()], ..contact("bo@example.com") };
    client.create_contact(&others).await.unwrap();
    assert!(dump(&db).await.contains("ana.forget"));

    let done = client.forget_contact("ana.forget@EXAMPLE.com").await.unwrap();
    assert!(done.contact && !done.already);
    let left = dump(&db).await;
    assert!(!left.contains("forget@"), "{left}");
    for word in ["ana.forget", "forgettable", "forgetown", "forgettag", "forgetnote", "forgetproof"]
    {
        assert!(!left.contains(word), "{word} in {left}");
        assert!(!files_hold(&db, word).await, "{word} in the file");
    }
    assert_eq!(client.get_list("news").await.unwrap().members, 1);
    let kept = client.suppressions(10).await.unwrap().items;
    let [mark] = kept.as_slice() else { panic!("{kept:?}") };
    assert!(mark.email.starts_with("hmac-sha256:") && mark.reason == "forgotten", "{mark:?}");
}

async fn who_was_forgotten_is_not_taken_up_again(App { client, .. }: App) {
    for email in ["ana@example.com", "bo@example.com"] {
        client.create_contact(&contact(email)).await.unwrap();
    }
    client.forget_contact("ana@example.com").await.unwrap();
    assert_eq!(
        refusal(client.create_contact(&contact("ANA@example.com")).await),
        (
            409,
            "CONTACT_FORGOTTEN".into(),
            "`ANA@example.com` was forgotten at their wish and is not taken up again; if they came \
             back of their own, `frontier suppression remove ANA@example.com` first"
                .into()
        )
    );
    let refused = refusal(client.upsert_contact(&contact("ana@example.com")).await);
    assert_eq!(refused.1, "CONTACT_FORGOTTEN");
    let moved = ContactChangeBody { email: Some("ana@example.com".into()), ..Default::default() };
    let refused = refusal(client.update_contact("bo@example.com", &moved).await);
    assert_eq!(refused.1, "CONTACT_FORGOTTEN");

    for dry_run in [true, false] {
        let how = ImportQuery { dry_run, ..ImportQuery::default() };
        let file = Body::from("email\nana@example.com\nbo@example.com\ncy@example.com\n");
        let mut events = client.import_contacts(&how, file).await.unwrap();
        let (mut reasons, mut summary) = (Vec::new(), None);
        while let Some(event) = events.next().await {
            match event.unwrap() {
                ImportEvent::Reject { line, reason, .. } => reasons.push((line, reason)),
                ImportEvent::Summary(done) => summary = Some(done),
                _ => {}
            }
        }
        let summary = summary.unwrap();
        assert_eq!([summary.created, summary.unchanged, summary.rejected], [1, 1, 1]);
        assert!(reasons[0].0 == 2 && reasons[0].1.contains("forgotten"), "{reasons:?}");
    }
    // A file of suppressions does not write the address down again.
    let done = suppressions(&client, "ana@example.com\n", false).await;
    assert_eq!((done.added, done.already), (0, 1));
    let emails = vec!["ana@example.com".to_owned()];
    let done = client.suppress(&NewSuppressionsBody { emails, reason: String::new() }).await;
    assert_eq!(done.unwrap().added, 0);

    client.delete_suppression("Ana@example.com").await.unwrap();
    client.create_contact(&contact("ana@example.com")).await.unwrap();
}

async fn forgetting_again_changes_nothing(url: DbUrl) {
    let App { client, .. } = App::given(url.clone()).await;
    let id = client.create_contact(&contact("ana@example.com")).await.unwrap().id;
    client.forget_contact("ana@example.com").await.unwrap();
    let db = workspace(&url).await;
    let before = dump(&db).await;
    let again = client.forget_contact("ANA@example.com").await.unwrap();
    assert!(again.already && !again.contact);
    assert_eq!(dump(&db).await, before);
    assert_eq!(refusal(client.forget_contact(&id).await).1, "CONTACT_NOT_FOUND");
    assert_eq!(refusal(client.forget_contact("no address").await).1, "CONTACT_NOT_FOUND");
    let stranger = client.forget_contact("never@example.com").await.unwrap();
    assert!(!stranger.contact && !stranger.already, "nothing is to be sent to it either");
}

async fn a_takeout_has_all_that_is_held(url: DbUrl) {
    let App { client, .. } = App::given(url.clone()).await;
    let db = workspace(&url).await;
    let ana = ana(&client, &db).await;
    let takeout = client.take_out_contact("ana.forget@example.com").await.unwrap();
    assert_eq!((&takeout.contact.id, takeout.contact.tags.len()), (&ana.id, 1));
    assert_eq!(takeout.contact.lists, Some(vec!["news".to_owned()]));
    assert_eq!((takeout.consents.len(), takeout.contact.consents.unwrap().len()), (3, 2));
    let [activity] = takeout.activity.as_slice() else { panic!("{:?}", takeout.activity) };
    assert_eq!((activity.activity.as_str(), activity.times), ("opened", 1));
    assert_eq!(takeout.suppressions[0].reason, "asked");
    assert_eq!(takeout.records["deliveries"], Vec::<Value>::new());
    assert_eq!(refusal(client.take_out_contact("bo@example.com").await).0, 404);
}
