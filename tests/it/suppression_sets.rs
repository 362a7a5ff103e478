//! Manifests of the kind Suppression on both engines: who is suppressed while a set names them, and
//! who stays so.

use frontier::api::{NewContactBody, NewSuppressionsBody};
use frontier::client::Client;
use frontier::core::kernel::Labels;
use frontier::core::manifests::{Bundle, Manifests, Selection, SourceFile, WriteOptions};
use frontier::storage::sql::{Db, DbUrl};

use crate::support::app::App;
use crate::support::backend::{Given as _, on_every_backend};
use crate::support::dump::dump;

on_every_backend!(
    a_set_is_a_manifest_like_any_other,
    who_is_suppressed_otherwise_stays_so,
    an_address_of_two_sets_stays_as_long_as_one_names_it,
    what_is_removed_by_hand_is_told,
    nothing_of_somebody_forgotten_is_in_a_set,
    what_is_wrong_is_told,
);

fn file(text: &str) -> Vec<SourceFile> {
    vec![SourceFile { path: "set.yaml".into(), text: text.into(), ..SourceFile::default() }]
}

fn set(name: &str, addresses: &[&str]) -> String {
    let head = "apiVersion: frontier/v1\nkind: Suppression\nmetadata:\n";
    let labels = "  labels:\n    team: crm\nspec:\n  reason: Rivals\n";
    match addresses {
        [] => format!("{head}  name: {name}\n{labels}  addresses: []\n"),
        some => {
            let items: Vec<String> = some.iter().map(|one| format!("  - {one}\n")).collect();
            let items = items.concat();
            format!("{head}  name: {name}\n{labels}  addresses:\n{items}")
        }
    }
}

async fn apply(manifests: &Manifests, text: &str) {
    manifests.apply(file(text), None).await.unwrap();
}

async fn prune(manifests: &Manifests, text: &str) {
    let prune = Some(Labels::from([("team".to_owned(), "crm".to_owned())]));
    let files = if text.is_empty() { Vec::new() } else { file(text) };
    manifests.apply(Bundle { files, prune, ..Bundle::default() }, None).await.unwrap();
}

async fn has_changes(manifests: &Manifests, text: &str) -> bool {
    manifests.plan(file(text)).await.unwrap().has_changes()
}

/// Every suppression: address, reason, set.
async fn suppressed(client: &Client) -> Vec<String> {
    let items = client.suppressions(100).await.unwrap().items.into_iter();
    let told = items.map(|one| {
        format!("{} {} {}", one.email, one.reason, one.set.unwrap_or_else(|| "-".into()))
    });
    let mut told: Vec<String> = told.collect();
    told.sort();
    told
}

async fn suppress(client: &Client, email: &str, reason: &str) {
    let emails = vec![email.to_owned()];
    client.suppress(&NewSuppressionsBody { emails, reason: reason.into() }).await.unwrap();
}

async fn a_set_is_a_manifest_like_any_other(App { client, services, .. }: App) {
    let manifests = &services.manifests;
    let text = set("rivals", &["ana@a.example", "bo@b.example"]);
    let written = text.replace("ana@a.example", "Ana@A.example");
    apply(manifests, &written).await;
    let both = ["ana@a.example Rivals rivals", "bo@b.example Rivals rivals"];
    assert_eq!(suppressed(&client).await, both);
    assert!(!has_changes(manifests, &written).await);
    let export = manifests.export(&Selection::default(), WriteOptions::default()).await.unwrap();
    assert_eq!(export.manifest, text);
    assert!(!has_changes(manifests, &text).await);

    let other = set("rivals", &["bo@b.example", "cy@c.example"]).replace("Rivals", "Shops");
    apply(manifests, &other).await;
    let others = ["bo@b.example Shops rivals", "cy@c.example Shops rivals"];
    assert_eq!(suppressed(&client).await, others);
    let found = client.get_suppression_set("rivals").await.unwrap();
    assert_eq!((found.set.version, found.set.size), (2, 2));
    assert_eq!(found.addresses, ["bo@b.example", "cy@c.example"]);
    assert_eq!(client.suppression_sets(10).await.unwrap().items.len(), 1);

    prune(manifests, "").await;
    assert!(suppressed(&client).await.is_empty());
    assert!(client.get_suppression_set("rivals").await.is_err());
    apply(manifests, &set("nobody", &[])).await;
    assert!(!has_changes(manifests, &set("nobody", &[])).await);
}

async fn who_is_suppressed_otherwise_stays_so(App { client, services, .. }: App) {
    let manifests = &services.manifests;
    suppress(&client, "ana@a.example", "bounced").await;
    let text = set("rivals", &["ana@a.example", "bo@b.example", "cy@c.example"]);
    apply(manifests, &text).await;
    assert!(suppressed(&client).await.contains(&"ana@a.example bounced -".to_owned()));
    assert!(!has_changes(manifests, &text).await, "the set says what was written");

    suppress(&client, "bo@b.example", "complained").await;
    let own = ["ana@a.example bounced -", "bo@b.example complained -"];
    assert_eq!(suppressed(&client).await[..2], own, "what comes later stands for itself");
    assert!(!has_changes(manifests, &text).await);
    prune(manifests, "").await;
    assert_eq!(suppressed(&client).await, own);
}

async fn an_address_of_two_sets_stays_as_long_as_one_names_it(App { client, services, .. }: App) {
    let manifests = &services.manifests;
    let one = set("one", &["ana@a.example", "bo@b.example"]);
    let two = set("two", &["ana@a.example"]).replace("Rivals", "Shops");
    apply(manifests, &format!("{one}---\n{two}")).await;
    let both = ["ana@a.example Rivals one", "bo@b.example Rivals one"];
    assert_eq!(suppressed(&client).await, both);
    prune(manifests, &two).await;
    assert_eq!(suppressed(&client).await, ["ana@a.example Shops two"]);
    apply(manifests, &set("two", &[])).await;
    assert!(suppressed(&client).await.is_empty());
}

async fn what_is_removed_by_hand_is_told(App { client, services, .. }: App) {
    let manifests = &services.manifests;
    let text = set("rivals", &["ana@a.example", "bo@b.example"]);
    apply(manifests, &text).await;
    client.delete_suppression("ANA@a.example").await.unwrap();
    let plan = manifests.plan(file(&text)).await.unwrap();
    let drift = plan.changes[0].drift.clone().unwrap();
    assert_eq!(drift.fields, ["spec.addresses"]);
    assert_eq!(client.get_suppression_set("rivals").await.unwrap().addresses, ["bo@b.example"]);
    apply(manifests, &text).await;
    assert_eq!(suppressed(&client).await.len(), 2);
}

async fn nothing_of_somebody_forgotten_is_in_a_set(url: DbUrl) {
    let App { client, services, .. } = App::given(url.clone()).await;
    let manifests = &services.manifests;
    let text = set("rivals", &["ana.forget@a.example", "bo@b.example"]);
    apply(manifests, &text).await;
    let new = NewContactBody { email: "ana.forget@a.example".into(), ..NewContactBody::default() };
    client.create_contact(&new).await.unwrap();
    let held = client.take_out_contact("ana.forget@a.example").await.unwrap();
    assert_eq!(held.suppression_sets, ["rivals"]);
    client.forget_contact("ana.forget@a.example").await.unwrap();
    let db = Db::open(&url).unwrap();
    assert!(!dump(&db).await.contains("ana.forget"));

    assert!(!has_changes(manifests, &text).await, "the mark is enough");
    let export = manifests.export(&Selection::default(), WriteOptions::default()).await.unwrap();
    assert_eq!(export.manifest, set("rivals", &["bo@b.example"]));
    assert!(!has_changes(manifests, &export.manifest).await);
    apply(manifests, &text.replace("Rivals", "Shops")).await;
    apply(manifests, &set("more", &["ana.forget@a.example"])).await;
    assert!(!dump(&db).await.contains("ana.forget"));

    prune(manifests, "").await;
    let left = suppressed(&client).await;
    assert!(left.len() == 1 && left[0].starts_with("hmac-sha256:"), "{left:?}");
    apply(manifests, &text).await;
    client.delete_suppression("ana.forget@a.example").await.unwrap();
    assert!(has_changes(manifests, &text).await, "who came back is named by the document");
}

async fn what_is_wrong_is_told(App { services, .. }: App) {
    let told = async |text: &str| -> Vec<String> {
        match services.manifests.validate(file(text)).await {
            Err(frontier::core::manifests::ManifestError::Invalid(found)) => {
                found.problems.iter().map(|one| format!("{} {}", one.line, one.message)).collect()
            }
            other => panic!("{other:?}"),
        }
    };
    let twice = set("rivals", &["ana@a.example", "bo@b.example", "Ana@A.example"]);
    assert_eq!(told(&twice).await, ["12 the address `Ana@A.example` is written twice"]);
    let wrong = set("rivals", &["ana@a.example", "bo"]);
    assert_eq!(told(&wrong).await, ["11 `bo` has no @"]);
    let long = set("rivals", &["ana@a.example"]).replace("Rivals", &"x".repeat(201));
    assert_eq!(told(&long).await.len(), 1);
    let many: Vec<String> = (0..=10_000).map(|one| format!("a{one}@a.example")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(
        told(&set("rivals", &many)).await,
        ["10 10001 addresses are too many for one document"]
    );
    let most = set("rivals", &many[..10_000]);
    apply(&services.manifests, &most).await;
    assert!(!has_changes(&services.manifests, &most).await);
}
