//! How contacts stand with lists: opt-in, confirmation, and who has unsubscribed.

use frontier::api::{
    ListChangeBody, MembersBody, NewSegmentBody, OptInBody, SnapshotBody, SubscriptionStateBody,
};

use super::*;
use crate::support::app::App;
use crate::support::backend::on_every_backend;

on_every_backend!(
    a_list_of_double_opt_in_sends_to_who_confirmed,
    who_unsubscribed_is_brought_back_by_name_only,
    an_import_or_a_segment_brings_nobody_back,
    members_are_listed_by_how_they_stand,
    opt_in_is_for_those_who_come,
);

fn of(contacts: &[&str]) -> MembersBody {
    MembersBody { contacts: contacts.iter().map(|text| (*text).to_owned()).collect() }
}

async fn people(client: &Client, emails: &[&str]) {
    for email in emails {
        client.create_contact(&contact(email)).await.unwrap();
    }
}

async fn double(client: &Client, name: &str) {
    let optin = OptInBody::Double;
    let new = NewListBody { name: name.into(), optin, ..NewListBody::default() };
    assert_eq!(client.create_list(&new).await.unwrap().optin, optin);
}

/// Subscribed, unconfirmed, unsubscribed.
async fn counts(client: &Client, list: &str) -> [u64; 3] {
    let list = client.get_list(list).await.unwrap();
    assert_eq!(list.members, list.subscribed + list.unconfirmed + list.unsubscribed);
    [list.subscribed, list.unconfirmed, list.unsubscribed]
}

async fn on_list(client: &Client, list: &str) -> u64 {
    client.count_contacts(&format!("on_list('{list}')")).await.unwrap().contacts
}

async fn a_list_of_double_opt_in_sends_to_who_confirmed(app: App) {
    let client = app.client;
    double(&client, "news").await;
    people(&client, &["ana@example.com", "bo@example.com"]).await;
    let done = client.add_to_list("news", &of(&["ana@example.com", "bo@example.com"])).await;
    let done = done.unwrap();
    assert_eq!((done.added, done.unconfirmed, done.unsubscribed), (2, 2, 0));
    assert_eq!(counts(&client, "news").await, [0, 2, 0]);
    assert_eq!(on_list(&client, "news").await, 0);
    assert!(emails(&client, Some("news"), None).await.is_empty());

    app.clock.advance(1000);
    let done = client.confirm_members("news", &of(&["ANA@example.com"])).await.unwrap();
    assert_eq!((done.changed, counts(&client, "news").await), (1, [1, 1, 0]));
    assert_eq!(on_list(&client, "news").await, 1);
    assert_eq!(emails(&client, Some("news"), None).await, ["ana@example.com"]);
    let again = client.confirm_members("news", &of(&["ana@example.com"])).await.unwrap();
    assert_eq!(again.changed, 0);
    let done = client.add_to_list("news", &of(&["ana@example.com"])).await.unwrap();
    assert_eq!((done.added, counts(&client, "news").await), (0, [1, 1, 0]), "not downgraded");

    let ana = client.get_contact("ana@example.com").await.unwrap();
    let [standing] = ana.subscriptions.as_deref().unwrap() else { panic!("{ana:?}") };
    assert_eq!(
        (standing.list.as_str(), standing.state, standing.since.as_str()),
        ("news", SubscriptionStateBody::Subscribed, "2026-01-01T00:00:01.000Z")
    );
}

async fn who_unsubscribed_is_brought_back_by_name_only(App { client, .. }: App) {
    create_list(&client, "news").await;
    people(&client, &["ana@example.com", "bo@example.com"]).await;
    let both = of(&["ana@example.com", "bo@example.com"]);
    let stranger = client.unsubscribe_members("news", &of(&["ana@example.com"])).await;
    assert_eq!(refusal(stranger).1, "NOT_ON_LIST");
    client.add_to_list("news", &both).await.unwrap();
    let done = client.unsubscribe_members("news", &of(&["ana@example.com"])).await.unwrap();
    assert_eq!((done.changed, counts(&client, "news").await), (1, [1, 0, 1]));

    let done = client.add_to_list("news", &both).await.unwrap();
    assert_eq!((done.added, done.unsubscribed), (0, 1));
    assert_eq!(counts(&client, "news").await, [1, 0, 1]);
    assert_eq!(
        refusal(client.confirm_members("news", &both).await),
        (
            409,
            "HAS_UNSUBSCRIBED".into(),
            "`ana@example.com` has unsubscribed from the list `news`, so it cannot be confirmed; \
             if they asked to come back, use `frontier list resubscribe`"
                .into()
        )
    );
    let done = client.resubscribe_members("news", &both).await.unwrap();
    assert_eq!((done.changed, counts(&client, "news").await), (1, [2, 0, 0]));
}

async fn an_import_or_a_segment_brings_nobody_back(App { client, .. }: App) {
    create_list(&client, "news").await;
    double(&client, "asked").await;
    people(&client, &["ana@example.com", "bo@example.com"]).await;
    for (list, unconfirmed) in [("news", 0), ("asked", 1)] {
        client.add_to_list(list, &of(&["ana@example.com"])).await.unwrap();
        client.unsubscribe_members(list, &of(&["ana@example.com"])).await.unwrap();
        for dry_run in [true, false] {
            let how = ImportQuery { list: Some(list.into()), dry_run, ..ImportQuery::default() };
            let file = Body::from("email\nana@example.com\nbo@example.com\n");
            let mut events = client.import_contacts(&how, file).await.unwrap();
            let summary = loop {
                if let ImportEvent::Summary(summary) = events.next().await.unwrap().unwrap() {
                    break summary;
                }
            };
            let told = [summary.unchanged, summary.unconfirmed, summary.unsubscribed];
            assert_eq!(told, [2, unconfirmed, 1], "dry run: {dry_run}");
        }
    }
    assert_eq!(counts(&client, "news").await, [1, 0, 1]);
    assert_eq!(counts(&client, "asked").await, [0, 1, 1]);

    let everybody = NewSegmentBody {
        name: "everybody".into(),
        r#where: "email is not null".into(),
        ..NewSegmentBody::default()
    };
    client.create_segment(&everybody).await.unwrap();
    people(&client, &["cy@example.com"]).await;
    for (list, told) in [("news", (1, 0, 1)), ("asked", (1, 2, 1))] {
        let snapshot = SnapshotBody { list: list.into() };
        let done = client.snapshot_segment("everybody", &snapshot).await.unwrap();
        assert_eq!((done.added, done.unconfirmed, done.unsubscribed), told, "{list}");
    }
    assert_eq!(counts(&client, "news").await, [2, 0, 1]);
    assert_eq!(counts(&client, "asked").await, [0, 2, 1]);
}

async fn members_are_listed_by_how_they_stand(App { client, .. }: App) {
    create_list(&client, "news").await;
    let all = ["ana@example.com", "bo@example.com", "cy@example.com"];
    people(&client, &all).await;
    client.add_to_list("news", &of(&all)).await.unwrap();
    client.unsubscribe_members("news", &of(&["bo@example.com"])).await.unwrap();
    let listed = async |state: Option<&str>, limit: usize| {
        let found = client.list_members("news", state, limit).await.unwrap();
        found.items.into_iter().map(|member| member.email).collect::<Vec<_>>()
    };
    assert_eq!(listed(None, 100).await, all);
    assert_eq!(listed(None, 2).await, all[..2]);
    assert_eq!(listed(Some("unsubscribed"), 100).await, ["bo@example.com"]);
    assert_eq!(listed(Some("subscribed"), 100).await, ["ana@example.com", "cy@example.com"]);
    assert_eq!(refusal(client.list_members("news", Some("gone"), 9).await).1, "INVALID_QUERY");
}

async fn opt_in_is_for_those_who_come(App { client, .. }: App) {
    create_list(&client, "news").await;
    people(&client, &["ana@example.com", "bo@example.com"]).await;
    client.add_to_list("news", &of(&["ana@example.com"])).await.unwrap();
    let change = ListChangeBody { optin: Some(OptInBody::Double), ..ListChangeBody::default() };
    client.update_list("news", &change).await.unwrap();
    client.add_to_list("news", &of(&["bo@example.com"])).await.unwrap();
    assert_eq!(counts(&client, "news").await, [1, 1, 0]);
    let done = client.unsubscribe_members("news", &of(&["ana@example.com"])).await.unwrap();
    assert_eq!(done.list.unsubscribed, 1);
    client.resubscribe_members("news", &of(&["ana@example.com"])).await.unwrap();
    assert_eq!(counts(&client, "news").await, [0, 2, 0], "who comes back confirms again");
}
