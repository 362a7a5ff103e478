//! Segments: what is found is what the definitions say, on both engines.

mod world;

use std::collections::BTreeSet;

use frontier::api::{NewContactBody, NewListBody, NewSegmentBody, SegmentChangeBody, SnapshotBody};
use frontier::client::Client;
use frontier::core::contacts::{AttributeType, ContactFilter, Contacts};
use frontier::core::kernel::{Id, PageRequest, Timestamp};
use frontier::storage::sql::{Db, DbUrl, params};

use crate::support::app::App;
use crate::support::backend::{Given as _, on_every_backend};
use world::{Dice, Expression, PURPOSE, Person};

on_every_backend!(
    every_expression_finds_whom_its_definition_says,
    segments_are_kept_changed_counted_and_explained,
    a_segment_that_is_named_stays,
    a_snapshot_is_a_list_that_stays,
);

const DAY: i64 = 24 * 3600 * 1000;

/// Puts the people of a world where the program has them.
async fn populate(app: &App, url: &DbUrl, people: &[Person]) {
    let types = [
        ("country", AttributeType::Text),
        ("visits", AttributeType::Number),
        ("vip", AttributeType::Boolean),
        ("renews", AttributeType::Date),
        ("interests", AttributeType::List),
    ];
    for (key, kind) in types {
        app.services.contacts.create_attribute(key, kind).await.unwrap();
    }
    for name in world::LISTS {
        let list = NewListBody { name: name.into(), ..NewListBody::default() };
        app.client.create_list(&list).await.unwrap();
    }
    let db = Db::open(url).unwrap();
    let workspace = db.read().await.unwrap().row("SELECT id FROM workspaces", params![]).await;
    let db = db.in_workspace(workspace.unwrap().unwrap().get("id").unwrap());
    let now = app.clock.now();
    for person in people {
        let contact = app.client.create_contact(&person.body()).await.unwrap();
        let id: Id = contact.id.parse().unwrap();
        let mut tx = db.begin().await.unwrap();
        for (activity, days) in &person.deeds {
            let at = Timestamp::from_millis(now.as_millis() - days * DAY);
            let deed = [(id, at)];
            Contacts::note_activity_in(&mut tx, *activity, Id::from_bytes([7; 16]), &deed)
                .await
                .unwrap();
        }
        for (at, state) in person.consents.iter().enumerate() {
            let sql = "INSERT INTO consents (id, workspace_id, contact_id, purpose, state, source,
                                             recorded_at)
                       VALUES (?1, ?2, ?3, ?4, ?5, 'test', ?6)";
            let values = params![
                app.clock.new_id(),
                tx.workspace(),
                id,
                PURPOSE,
                *state,
                i64::try_from(at).unwrap()
            ];
            tx.execute(sql, values).await.unwrap();
        }
        tx.commit().await.unwrap();
    }
}

async fn every_expression_finds_whom_its_definition_says(url: DbUrl) {
    let app = App::given(url.clone()).await;
    let mut dice = Dice::new(2026);
    let people: Vec<Person> = (0..60).map(|at| Person::any(&mut dice, at)).collect();
    populate(&app, &url, &people).await;
    let mut told_apart = 0;
    for _ in 0..500 {
        let expression = Expression::any(&mut dice, 3);
        let text = expression.to_string();
        let filter = ContactFilter { expression: Some(text.clone()), ..ContactFilter::default() };
        let page = PageRequest::new(None, Some(100));
        let found = app.services.contacts.contacts(&filter, page).await;
        let found: BTreeSet<String> = match found {
            Ok(page) => page.items.into_iter().map(|contact| contact.email).collect(),
            Err(error) => panic!("{text}\n{error}"),
        };
        let meant = people.iter().filter(|person| expression.is_true_of(person));
        let meant: BTreeSet<String> = meant.map(|person| person.email.clone()).collect();
        assert_eq!(found, meant, "{text}");
        let count = app.services.contacts.count_where(&text).await.unwrap();
        assert_eq!(count, meant.len() as u64, "{text}");
        told_apart += usize::from(!meant.is_empty() && meant.len() < people.len());
    }
    assert!(told_apart > 250, "the expressions tell nobody apart: {told_apart}");
}

async fn person(client: &Client, email: &str, country: &str) {
    let contact = NewContactBody {
        email: email.into(),
        attributes: [("country".to_owned(), country.into())].into(),
        ..NewContactBody::default()
    };
    client.create_contact(&contact).await.unwrap();
}

fn segment(name: &str, expression: &str) -> NewSegmentBody {
    NewSegmentBody { name: name.into(), r#where: expression.into(), ..NewSegmentBody::default() }
}

async fn segments_are_kept_changed_counted_and_explained(App { client, .. }: App) {
    for (email, country) in [("a@x.example", "ES"), ("b@x.example", "ES"), ("c@x.example", "PT")] {
        person(&client, email, country).await;
    }
    client.create_segment(&segment("spain", "country = 'ES'")).await.unwrap();
    assert_eq!(client.get_segment("spa").await.unwrap().contacts, Some(2));
    let taken = client.create_segment(&segment("spain", "country = 'ES'")).await.unwrap_err();
    assert_eq!(taken.to_string(), "a segment named `spain` already exists; choose another name");
    let change = SegmentChangeBody {
        r#where: Some("country in ('ES', 'PT')".into()),
        ..SegmentChangeBody::default()
    };
    assert_eq!(client.update_segment("spain", &change).await.unwrap().version, 2);
    assert_eq!(client.update_segment("spain", &change).await.unwrap().version, 2, "the same");
    assert_eq!(client.get_segment("spain").await.unwrap().contacts, Some(3));
    let found = client.explain_segment("spain").await.unwrap();
    assert!(found.sql.contains("FROM contacts") && !found.sql.contains("ES"), "{}", found.sql);
    assert!(!found.plan.is_empty());
    assert!(found.values.iter().any(|value| value.contains("ES")), "{:?}", found.values);
    let wrong = client.count_contacts("contry = 'ES'").await.unwrap_err().to_string();
    assert!(wrong.contains("did you mean `country`?") && wrong.contains("^^^^^^"), "{wrong}");
    let missing = client.count_contacts("on_list('x')").await.unwrap_err().to_string();
    assert!(missing.starts_with("there is no list `x`\n1 | on_list('x')"), "{missing}");
}

async fn a_segment_that_is_named_stays(App { client, .. }: App) {
    person(&client, "a@x.example", "ES").await;
    client.create_segment(&segment("spain", "country = 'ES'")).await.unwrap();
    client.create_segment(&segment("others", "not in_segment('spain')")).await.unwrap();
    let refused = client.delete_segment("spain").await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the segment `spain` is named by the segment `others`; change that first"
    );
    let circle = SegmentChangeBody {
        r#where: Some("in_segment('others')".into()),
        ..SegmentChangeBody::default()
    };
    let refused = client.update_segment("spain", &circle).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the segments go in a circle: spain > others > spain; take one out of it"
    );
    client.delete_segment("others").await.unwrap();
    client.delete_segment("spain").await.unwrap();
}

async fn a_snapshot_is_a_list_that_stays(App { client, .. }: App) {
    person(&client, "a@x.example", "ES").await;
    client.create_segment(&segment("spain", "country = 'ES'")).await.unwrap();
    let snapshot = SnapshotBody { list: "spring".into() };
    let done = client.snapshot_segment("spain", &snapshot).await.unwrap();
    assert_eq!((done.added, done.list.members), (1, 1));
    person(&client, "b@x.example", "ES").await;
    assert_eq!(client.get_list("spring").await.unwrap().members, 1);
    let again = client.snapshot_segment("spain", &snapshot).await.unwrap();
    assert_eq!((again.added, again.list.members), (1, 2));
}
