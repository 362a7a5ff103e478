//! Saved reports on both engines: kept, changed, made anew, and written as manifests.

use std::collections::BTreeMap;

use frontier::api::NewSavedReportBody;
use frontier::client::ClientError;
use frontier::core::campaigns::Draft;
use frontier::core::manifests::{
    Action, Bundle, Kind, ManifestError, Selection, SourceFile, WriteOptions,
};

use crate::support::app::App;
use crate::support::backend::on_every_backend;

on_every_backend!(
    a_report_is_kept_made_changed_and_deleted,
    a_report_goes_with_its_campaign,
    a_report_is_a_manifest_like_any_other,
    a_report_is_pruned_and_keeps_its_campaign,
);

const REPORT: &str = "apiVersion: frontier/v1
kind: Report
metadata:
  name: monthly
  labels:
    of: spring
spec:
  campaign: Spring
  format: html
";

const CAMPAIGN: &str = "apiVersion: frontier/v1
kind: Campaign
metadata: { name: Spring, labels: { of: spring } }
spec:
  messages:
    - { name: first, subject: Hello, format: markdown, body: Hello }
---
";

fn monthly(campaign: &str, format: Option<&str>) -> NewSavedReportBody {
    NewSavedReportBody {
        name: "monthly".into(),
        labels: BTreeMap::from([("of".into(), "spring".into())]),
        campaign: campaign.into(),
        format: format.map(str::to_owned),
    }
}

fn refused<T: std::fmt::Debug>(result: Result<T, ClientError>) -> String {
    match result.unwrap_err() {
        ClientError::Refused { status, error } => {
            format!("{} {}: {}", status.as_u16(), error.code, error.message)
        }
        ClientError::Broken(words) => panic!("{words}"),
    }
}

fn file(text: &str) -> Vec<SourceFile> {
    vec![SourceFile { path: "report.yaml".into(), text: text.into(), ..SourceFile::default() }]
}

async fn campaign(app: &App, name: &str) {
    app.services.campaigns.create(Draft::named(name.to_owned())).await.unwrap();
}

async fn a_report_is_kept_made_changed_and_deleted(app: App) {
    for name in ["Spring", "Autumn"] {
        campaign(&app, name).await;
    }
    let client = app.client;
    let made = client.create_report(&monthly("Spr", Some("md"))).await.unwrap();
    assert_eq!((made.version, &made.report), (1, &monthly("Spring", Some("md"))));
    let taken = refused(client.create_report(&monthly("Spring", None)).await);
    assert!(taken.starts_with("409 REPORT_NAME_TAKEN: "), "{taken}");
    let nothing = refused(client.create_report(&monthly("Winter", None)).await);
    assert!(nothing.starts_with("404 CAMPAIGN_NOT_FOUND: "), "{nothing}");
    let odd = refused(client.create_report(&monthly("Spring", Some("docx"))).await);
    assert!(odd.starts_with("400 UNKNOWN_FORMAT: no report format `docx`"), "{odd}");

    let own = client.run_report("monthly", None).await.unwrap();
    assert_eq!(own, client.report_document("Spring", "md").await.unwrap());
    let other = client.run_report(&made.id, Some("csv")).await.unwrap();
    assert_eq!(other, client.report_document("Spring", "csv").await.unwrap());

    let changed = client.replace_report("month", &monthly("Autumn", None)).await.unwrap();
    assert_eq!((changed.version, &changed.report), (2, &monthly("Autumn", Some("terminal"))));
    let own = client.run_report("monthly", None).await.unwrap();
    assert_eq!(own, client.report_document("Autumn", "terminal").await.unwrap());
    assert_eq!(client.reports(10).await.unwrap().items.len(), 1);
    client.delete_report("monthly").await.unwrap();
    let gone = refused(client.run_report("monthly", None).await);
    assert_eq!(
        gone,
        "404 REPORT_NOT_FOUND: no saved report `monthly`; `frontier report list` shows those there \
         are"
    );
}

async fn a_report_goes_with_its_campaign(app: App) {
    campaign(&app, "Spring").await;
    app.client.create_report(&monthly("Spring", None)).await.unwrap();
    app.client.delete_campaign("Spring").await.unwrap();
    assert!(app.client.reports(10).await.unwrap().items.is_empty());
}

async fn a_report_is_a_manifest_like_any_other(app: App) {
    let manifests = &app.services.manifests;
    let alone = manifests.validate(file(REPORT)).await.unwrap_err();
    let ManifestError::Invalid(problems) = alone else { panic!("{alone}") };
    assert!(problems.problems[0].message.contains("`Spring`"), "{problems:?}");

    let both = format!("{CAMPAIGN}{REPORT}");
    assert!(manifests.apply(file(&both), None).await.unwrap().has_changes());
    assert!(!manifests.plan(file(&both)).await.unwrap().has_changes());
    let reports = Selection { only: vec![(Kind::Report, None)], ..Selection::default() };
    let written = manifests.export(&reports, WriteOptions::default()).await.unwrap();
    assert_eq!(written.manifest, REPORT);

    let by_hand = monthly("Spring", Some("csv"));
    app.client.replace_report("monthly", &by_hand).await.unwrap();
    let plan = manifests.plan(file(REPORT)).await.unwrap();
    let drift = plan.changes[0].drift.as_ref().unwrap();
    assert_eq!(drift.fields, ["spec.format"]);
    manifests.apply(file(&REPORT.replace("  format: html\n", "")), None).await.unwrap();
    let now = app.client.get_saved_report("monthly").await.unwrap();
    assert_eq!((now.version, now.report.format.as_deref()), (3, Some("terminal")));
}

async fn a_report_is_pruned_and_keeps_its_campaign(app: App) {
    let manifests = &app.services.manifests;
    let prune = |text: &str| Bundle {
        prune: Some(BTreeMap::from([("of".into(), "spring".into())])),
        ..file(text).into()
    };
    manifests.apply(file(&format!("{CAMPAIGN}{REPORT}")), None).await.unwrap();
    let bare = REPORT.replace("  labels:\n    of: spring\n", "");
    let kept = manifests.plan(prune(&bare)).await.unwrap_err().to_string();
    assert!(kept.contains("Campaign `Spring` is used by Report `monthly`"), "{kept}");

    let plan = manifests.apply(prune(CAMPAIGN), None).await.unwrap();
    let gone: Vec<_> =
        plan.changes.iter().filter(|change| change.action == Action::Delete).collect();
    assert_eq!(gone.len(), 1, "{gone:?}");
    assert!(app.client.reports(10).await.unwrap().items.is_empty());
    assert_eq!(app.client.report("Spring").await.unwrap().campaign.name, "Spring");
}
