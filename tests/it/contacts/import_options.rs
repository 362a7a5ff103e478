//! What an import does with contacts that are there, and what it says of everybody in a file.

use frontier::storage::sql::{Db, DbUrl};

use super::imports::{Outcome, import, to_list};
use super::*;
use crate::support::app::App;
use crate::support::backend::{Given as _, on_every_backend};

on_every_backend!(
    whom_it_skips_stays_as_it_was_and_off_the_list,
    a_conflict_undoes_all_of_it_and_the_first_are_told,
    attributes_are_merged_or_replaced,
    columns_are_remembered_by_their_source,
    everybody_gets_the_tags_and_the_consent_but_who_withdrew,
    what_is_wrong_with_the_options_is_told,
);

const TWO: &[u8] = b"email,name,city\nana@example.com,Ana,Soria\nbo@example.com,Bo,Jaca\n";

fn on_conflict(what: &str) -> ImportQuery {
    ImportQuery { on_conflict: Some(what.into()), ..to_list("spring") }
}

fn dry(how: &ImportQuery) -> ImportQuery {
    ImportQuery { dry_run: true, ..how.clone() }
}

/// A workspace that knows Ana, as Anna of 41.
async fn with_ana(client: &Client) {
    let new = NewContactBody {
        name: Some("Anna".into()),
        attributes: attributes(json!({"age": 41, "city": "York"})),
        ..contact("Ana@example.com")
    };
    client.create_contact(&new).await.unwrap();
}

async fn whom_it_skips_stays_as_it_was_and_off_the_list(App { client, .. }: App) {
    with_ana(&client).await;
    let before = json!(client.get_contact("ana@example.com").await.unwrap());
    let how = ImportQuery { tag: vec!["new".into()], ..on_conflict("skip") };
    let file = [TWO, b"BO@example.com,Bob,\n"].concat();
    let dry_run = import(&client, &dry(&how), &file).await.unwrap();
    let done = import(&client, &how, &file).await.unwrap();
    assert_eq!(done.counts(), [3, 1, 0, 0, 1, 0]);
    assert_eq!((done.summary.skipped, dry_run.summary.skipped), (1, 1));
    assert_eq!(dry_run.counts(), done.counts());
    assert_eq!(json!(client.get_contact("ana@example.com").await.unwrap()), before);
    assert_eq!(client.get_contact("bo@example.com").await.unwrap().name, "Bo", "the first holds");
    assert_eq!(emails(&client, Some("spring"), None).await, ["bo@example.com"]);
    let again = import(&client, &how, &file).await.unwrap();
    assert_eq!((again.counts(), again.summary.skipped), ([3, 0, 0, 0, 1, 0], 2));
}

async fn a_conflict_undoes_all_of_it_and_the_first_are_told(App { client, .. }: App) {
    with_ana(&client).await;
    // Ana is in the second batch: the first is saved by then, if not for good.
    let row = |at: u32| format!("user{at}@example.com,User {at},{at}\n");
    let many: String = (0..6000).map(row).collect();
    let file = format!("email,name,nr\n{many}ana@example.com,Ana,1\n");
    let how = ImportQuery { source: Some("crm".into()), ..on_conflict("fail") };
    for how in [dry(&how), how.clone()] {
        let (status, code, message) = refusal(import(&client, &how, file.as_bytes()).await);
        assert_eq!((status, code.as_str()), (409, "IMPORT_CONFLICTS"));
        assert_eq!(
            message,
            "1 of the addresses is a contact already, `ana@example.com` on line 6002; nothing was \
             imported. --on-conflict update changes such contacts, skip leaves them as they are"
        );
    }
    assert_eq!(everybody(&client).await.len(), 1);
    assert!(client.lists(10).await.unwrap().items.is_empty(), "nor was the list made");
    let known = client.attributes().await.unwrap();
    assert!(known.iter().all(|attribute| attribute.key != "nr"));

    let file = format!("email,name,nr\n{many}user7@example.com,Again,1\n");
    let done = import(&client, &how, file.as_bytes()).await.unwrap();
    assert_eq!(done.counts(), [6001, 6000, 0, 0, 1, 0]);
    assert_eq!(client.get_list("spring").await.unwrap().members, 6000);
    assert_eq!(client.get_contact("user7@example.com").await.unwrap().name, "User 7");
}

async fn attributes_are_merged_or_replaced(App { client, .. }: App) {
    with_ana(&client).await;
    let of_ana = async || json!(client.get_contact("ana@example.com").await.unwrap().attributes);
    import(&client, &ImportQuery::default(), TWO).await.unwrap();
    assert_eq!(of_ana().await, json!({"age": 41, "city": "Soria"}));
    let how = ImportQuery { update_attributes: Some("replace".into()), ..ImportQuery::default() };
    let done = import(&client, &how, TWO).await.unwrap();
    assert_eq!(done.counts(), [2, 0, 1, 1, 0, 0]);
    assert_eq!(of_ana().await, json!({"city": "Soria"}));
    let file = b"email,age,city\nana@example.com,7,\nana@example.com,,Lugo\n";
    import(&client, &how, file).await.unwrap();
    assert_eq!(of_ana().await, json!({"city": "Lugo"}));
}

async fn columns_are_remembered_by_their_source(App { client, .. }: App) {
    let how = ImportQuery { source: Some("crm".into()), ..ImportQuery::default() };
    let mapped = ImportQuery {
        map: vec!["email=Contact point".into(), "city=Where".into(), "name=Who".into()],
        ..how.clone()
    };
    let file = b"Contact point,Who,Where\nana@example.com,Ana,Soria\n";
    refusal(import(&client, &how, file).await);
    import(&client, &dry(&mapped), file).await.unwrap();
    refusal(import(&client, &how, file).await); // a dry run remembers nothing
    import(&client, &mapped, file).await.unwrap();
    let Outcome { summary, columns, .. } =
        import(&client, &how, b"Where,Contact point,Since\nJaca,bo@example.com,2024\n")
            .await
            .unwrap();
    assert_eq!(summary.created, 1);
    assert_eq!(columns.0, json!({"city": "Where", "email": "Contact point", "since": "Since"}));
    assert_eq!(columns.1, ["email", "city"]);
    let bo = client.get_contact("bo@example.com").await.unwrap();
    assert_eq!(json!(bo.attributes), json!({"city": "Jaca", "since": "2024"}));
    // What is said now wins over what was said then.
    let other = ImportQuery { map: vec!["town=Where".into()], ..how };
    let done =
        import(&client, &other, b"Where,Contact point\nVigo,cy@example.com\n").await.unwrap();
    assert_eq!(done.columns.1, ["email"]);
    let cy = client.get_contact("cy@example.com").await.unwrap();
    assert_eq!(json!(cy.attributes), json!({"town": "Vigo"}));
}

async fn everybody_gets_the_tags_and_the_consent_but_who_withdrew(url: DbUrl) {
    let db = Db::open(&url).unwrap();
    let client = App::given(url).await.client;
    with_ana(&client).await;
    let how = ImportQuery {
        tag: vec!["VIP".into(), "b2b".into()],
        consent: Some("source=fair 2026, purpose=newsletter".into()),
        ..ImportQuery::default()
    };
    let consented = async |purpose: &str| {
        client.count_contacts(&format!("consented('{purpose}')")).await.unwrap().contacts
    };
    import(&client, &dry(&how), TWO).await.unwrap();
    assert_eq!(consented("newsletter").await, 0);
    import(&client, &how, TWO).await.unwrap();
    for email in ["ana@example.com", "bo@example.com"] {
        let tags = client.get_contact(email).await.unwrap().tags;
        assert_eq!(json!(tags), json!(["b2b", "vip"]));
    }
    assert_eq!((consented("newsletter").await, consented("offers").await), (2, 0));

    let mut tx = db.begin().await.unwrap();
    let sql = "UPDATE consents SET state = 'withdrawn' WHERE contact_id IN
                   (SELECT id FROM contacts WHERE email_folded = 'bo@example.com')";
    assert_eq!(tx.execute(sql, Vec::new()).await.unwrap(), 1);
    tx.commit().await.unwrap();
    let again = import(&client, &how, TWO).await.unwrap();
    assert_eq!(again.counts(), [2, 0, 0, 2, 0, 0]);
    assert_eq!(consented("newsletter").await, 1);
    let mut tx = db.read().await.unwrap();
    let rows = tx.rows("SELECT source, purpose FROM consents", Vec::new()).await.unwrap();
    assert_eq!(rows.len(), 2, "nothing is said twice");
    assert_eq!(rows[0].get::<String>("source").unwrap(), "fair 2026");
}

async fn what_is_wrong_with_the_options_is_told(App { client, .. }: App) {
    let none = ImportQuery::default();
    for (how, code, message) in [
        (on_conflict("merge"), "INVALID_ON_CONFLICT", "`merge` is none of update, skip, fail"),
        (
            ImportQuery { update_attributes: Some("keep".into()), ..none.clone() },
            "INVALID_UPDATE_ATTRIBUTES",
            "`keep` is none of merge, replace",
        ),
        (
            ImportQuery { consent: Some("source=fair".into()), ..none.clone() },
            "INVALID_CONSENT",
            "a consent needs a purpose; name one, as in newsletter",
        ),
        (
            ImportQuery { consent: Some("fair".into()), ..none.clone() },
            "INVALID_CONSENT",
            "`fair` is no part of a consent; write it as source=web form,purpose=newsletter",
        ),
        (
            ImportQuery { tag: vec!["a,b".into()], ..none.clone() },
            "INVALID_TAG",
            "the tag `a,b` has ',' in it, which a tag cannot have; take it out",
        ),
        (
            ImportQuery { source: Some("a/b".into()), ..none.clone() },
            "INVALID_NAME",
            "the name `a/b` has '/'; use letters, digits, `-`, `_`, `.` and spaces between them",
        ),
    ] {
        let (_, found, words) = refusal(import(&client, &how, TWO).await);
        assert_eq!((found.as_str(), words.as_str()), (code, message));
    }
    assert!(everybody(&client).await.is_empty());
}
