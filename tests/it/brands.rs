//! Brands on both engines: kept, changed, written as manifests, and what campaigns are warned about.

use std::collections::BTreeMap;

use frontier::api::NewBrandBody;
use frontier::client::ClientError;
use frontier::core::manifests::{Selection, SourceFile, WriteOptions};

use crate::support::app::App;
use crate::support::backend::on_every_backend;

on_every_backend!(
    a_brand_is_kept_changed_and_deleted,
    a_brand_is_a_manifest_like_any_other,
    a_campaign_is_warned_of_what_its_brand_avoids,
);

fn casa_verde() -> NewBrandBody {
    NewBrandBody {
        name: "casa-verde".into(),
        voice: Some("Warm and plain".into()),
        words_to_avoid: vec!["gratis".into(), "última oportunidad".into()],
        languages: vec!["es".into()],
        colors: BTreeMap::from([("ink".into(), "#2f6f4e".into())]),
        ..NewBrandBody::default()
    }
}

fn refused<T: std::fmt::Debug>(result: Result<T, ClientError>) -> String {
    match result.unwrap_err() {
        ClientError::Refused { status, error } => {
            format!("{status} {}: {}", error.code, error.message)
        }
        ClientError::Broken(words) => panic!("{words}"),
    }
}

fn file(text: &str) -> Vec<SourceFile> {
    vec![SourceFile { path: "brand.yaml".into(), text: text.into(), ..SourceFile::default() }]
}

const BRAND: &str = "apiVersion: frontier/v1
kind: Brand
metadata:
  name: casa-verde
spec:
  voice: Warm and plain
  words_to_avoid:
  - gratis
  - no
  languages:
  - es
  colors:
    ink: '#2f6f4e'
";

const CAMPAIGN: &str = "apiVersion: frontier/v1
kind: Campaign
metadata: { name: spring }
spec:
  messages:
    - { name: first, subject: '¡Todo GRATIS!', format: markdown, body: 'Nothing is *gratis* {# gratis #}' }
    - { name: second, subject: Hola, format: markdown, body: 'gratisimo' }
";

async fn a_brand_is_kept_changed_and_deleted(app: App) {
    let client = app.client;
    let made = client.create_brand(&casa_verde()).await.unwrap();
    assert_eq!(made.brand.words_to_avoid, ["gratis", "última oportunidad"]);
    let taken = refused(client.create_brand(&casa_verde()).await);
    assert!(taken.starts_with("409 Conflict BRAND_NAME_TAKEN"), "{taken}");
    let blue = BTreeMap::from([("ink".to_owned(), "blue".to_owned())]);
    let wrong = NewBrandBody { name: "x".into(), colors: blue, ..NewBrandBody::default() };
    let wrong = refused(client.create_brand(&wrong).await);
    assert!(wrong.contains("INVALID_BRAND: `blue` is no colour"), "{wrong}");

    let languages = vec!["es".into(), "en".into()];
    let change = NewBrandBody { languages, ..made.brand.clone() };
    let changed = client.replace_brand("casa", &change).await.unwrap();
    assert_eq!((changed.version, changed.brand.languages.len()), (2, 2));
    assert_eq!(client.get_brand(&made.id).await.unwrap().brand.voice, made.brand.voice);
    assert_eq!(client.brands(10).await.unwrap().items.len(), 1);
    client.delete_brand("casa-verde").await.unwrap();
    let gone = refused(client.get_brand("casa-verde").await);
    assert!(gone.starts_with("404 Not Found BRAND_NOT_FOUND"), "{gone}");
}

async fn a_brand_is_a_manifest_like_any_other(app: App) {
    let manifests = &app.services.manifests;
    let done = manifests.apply(file(BRAND), None).await.unwrap();
    assert!(done.has_changes());
    let again = manifests.plan(file(BRAND)).await.unwrap();
    assert!(!again.has_changes(), "{again:?}");
    let written = manifests.export(&Selection::default(), WriteOptions::default()).await.unwrap();
    assert_eq!(written.manifest, BRAND);

    let changed = BRAND.replace("  - es\n", "  - es\n  - en\n");
    manifests.apply(file(&changed), None).await.unwrap();
    assert_eq!(app.client.get_brand("casa-verde").await.unwrap().version, 2);
    let wrong = BRAND.replace("  - es", "  - Spanish").replace("'#2f6f4e'", "blue");
    let wrong = manifests.validate(file(&wrong)).await.unwrap_err();
    assert_eq!(wrong.to_string(), "2 problems in the manifests");
    let empty = BRAND.replace("  - gratis", "  - ''");
    let empty = manifests.validate(file(&empty)).await.unwrap_err();
    assert_eq!(empty.to_string(), "1 problem in the manifests");
}

async fn a_campaign_is_warned_of_what_its_brand_avoids(app: App) {
    let manifests = &app.services.manifests;
    let told = async |text: &str| -> Vec<String> {
        let valid = manifests.validate(file(text)).await.unwrap();
        valid.warnings.iter().map(|one| format!("{} {}", one.line, one.message)).collect()
    };
    assert!(told(CAMPAIGN).await.is_empty(), "there is no brand");
    app.client.create_brand(&casa_verde()).await.unwrap();
    let expected = [
        "6 the subject of `first` says `gratis`, which the brand `casa-verde` avoids",
        "6 the body of `first` says `gratis`, which the brand `casa-verde` avoids",
    ];
    assert_eq!(told(CAMPAIGN).await, expected);
    let plan = manifests.plan(file(CAMPAIGN)).await.unwrap();
    let warned = plan.warnings.iter().filter(|one| one.message.contains("avoids")).count();
    assert_eq!(warned, 2, "{:?}", plan.warnings);

    let other = NewBrandBody { name: "other".into(), ..NewBrandBody::default() };
    app.client.create_brand(&other).await.unwrap();
    assert!(told(CAMPAIGN).await.is_empty(), "it is not said of which brand it is");
    let labelled = CAMPAIGN.replace("name: spring", "name: spring, labels: { brand: casa-verde }");
    assert_eq!(told(&labelled).await, expected);
    let both = format!("{BRAND}---\n{labelled}");
    assert_eq!(told(&both).await.len(), 2, "the brand of the files counts");
    let tamed = format!("{}---\n{labelled}", BRAND.replace("  - gratis\n", ""));
    assert!(told(&tamed).await.is_empty());
}
