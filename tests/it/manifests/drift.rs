//! What others do to the same things: it is told, and never written over.

use std::collections::BTreeMap;

use frontier::core::contacts::{ContactError, ListChange, SegmentChange};
use frontier::core::content::TemplateError;
use frontier::core::manifests::{Drift, ManifestError};
use frontier::core::publishing::{ChannelSettings, PublishingError};
use frontier::storage::sql::{Db, DbUrl, params};

use super::{contact, export, file, problems, reads, small};
use crate::support::app::App;
use crate::support::backend::{Given, on_every_backend};

on_every_backend!(
    what_was_changed_by_hand_is_told,
    what_was_deleted_by_hand_is_told,
    a_change_is_written_over_what_was_seen,
    an_apply_beside_edits_sees_each_of_them_or_none,
    a_segment_comes_after_what_it_names,
    a_circle_through_kinds_is_refused,
);

/// A program, and its store to write in beside it.
struct Beside {
    app: App,
    db: Db,
}

impl Given for Beside {
    async fn given(url: DbUrl) -> Self {
        let db = Db::open(&url).unwrap();
        let app = App::given(url).await;
        let sql = "SELECT id FROM workspaces ORDER BY id LIMIT 1";
        let workspace = db.read().await.unwrap().row(sql, params![]).await.unwrap().unwrap();
        Self { db: db.in_workspace(workspace.get("id").unwrap()), app }
    }
}

async fn drift(app: &App, text: &str) -> Vec<Drift> {
    let plan = app.services.manifests.plan(file(text)).await.unwrap();
    plan.changes.into_iter().filter_map(|change| change.drift).collect()
}

async fn what_was_changed_by_hand_is_told(app: App) {
    let services = &app.services;
    let text = small("Hi");
    services.manifests.apply(file(&text), None).await.unwrap();
    assert_eq!(drift(&app, &small("Bye")).await, [], "a manifest of another mind is no drift");
    let mut draft = services.campaigns.campaign("news").await.unwrap().draft();
    draft.messages[0].subject = "By hand".into();
    draft.labels = BTreeMap::from([("a".into(), "b".into())]);
    services.campaigns.update("news", draft, None).await.unwrap();
    let found = drift(&app, &text).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].fields, ["metadata.labels.a", "spec.messages[first].subject"]);
    assert_eq!((found[0].since, found[0].deleted), (app.clock.now(), false));
    assert_eq!(drift(&app, &small("By hand")).await.len(), 1, "the label is still another");

    services.manifests.apply(file(&text), None).await.unwrap();
    assert_eq!(drift(&app, &small("Bye")).await, [], "what is applied again is known again");
}

async fn what_was_deleted_by_hand_is_told(app: App) {
    let text = small("Hi");
    app.services.manifests.apply(file(&text), None).await.unwrap();
    app.services.campaigns.delete("news").await.unwrap();
    let found = drift(&app, &text).await;
    assert!(found.len() == 1 && found[0].deleted, "{found:?}");
    app.services.manifests.apply(file(&text), None).await.unwrap();
    assert_eq!(drift(&app, &small("Bye")).await, []);
}

async fn a_change_is_written_over_what_was_seen(Beside { app, db }: Beside) {
    let services = app.services;
    let text = "apiVersion: frontier/v1\nkind: Channel\nmetadata: { name: box }\n\
                spec: { kind: outbox }\n---\n\
                apiVersion: frontier/v1\nkind: Template\nmetadata: { name: t }\n\
                spec: { format: html, body: a }\n---\n\
                apiVersion: frontier/v1\nkind: Segment\nmetadata: { name: all }\n\
                spec: { where: \"email <> ''\" }\n---\n\
                apiVersion: frontier/v1\nkind: List\nmetadata: { name: readers }\nspec: {}\n";
    services.manifests.apply(file(text), None).await.unwrap();
    let (contacts, publishing) = (&services.contacts, &services.publishing);
    let list = contacts.list("readers").await.unwrap();
    let channel = publishing.channel("box").await.unwrap();
    let template = services.templates.template("t").await.unwrap();
    assert_eq!((list.version, channel.version, template.version), (1, 1, 1));

    let mut tx = db.begin().await.unwrap();
    for fresh in [true, false] {
        let (none, seen) = (BTreeMap::new, Some(1));
        let change = ListChange { description: Some("x".into()), ..ListChange::default() };
        let list = contacts.update_list_in(&mut tx, list.id, change, seen).await;
        assert!(if fresh {
            list.is_ok()
        } else {
            matches!(list, Err(ContactError::ListOutdated(_)))
        });
        let settings = ChannelSettings::outbox();
        let channel = publishing.update_channel_in(&mut tx, "box", settings, none(), seen).await;
        let outdated = matches!(channel, Err(PublishingError::ChannelOutdated(_)));
        assert!(channel.is_ok() == fresh && outdated != fresh);
        let source = template.source.clone();
        let template = services.templates.update_in(&mut tx, "t", source, none(), seen).await;
        let outdated = matches!(template, Err(TemplateError::Outdated(_)));
        assert!(template.is_ok() == fresh && outdated != fresh);
        let change = SegmentChange { description: Some("x".into()), ..SegmentChange::default() };
        let segment = contacts.update_segment_in(&mut tx, "all", change, seen).await;
        let outdated = matches!(segment, Err(ContactError::SegmentChanged(_)));
        assert!(segment.is_ok() == fresh && outdated != fresh);
    }
    for (seen, goes) in [(Some(1), false), (Some(2), true)] {
        assert_eq!(contacts.delete_list_in(&mut tx, "readers", seen).await.is_ok(), goes);
        assert_eq!(publishing.delete_channel_in(&mut tx, "box", seen).await.is_ok(), goes);
        assert_eq!(services.templates.delete_in(&mut tx, "t", seen).await.is_ok(), goes);
        assert_eq!(contacts.delete_segment_in(&mut tx, "all", seen).await.is_ok(), goes);
    }
}

/// Somebody edits the channel again and again while manifests for it are applied: an apply that was
/// planned for one of these states changes that one or nothing.
async fn an_apply_beside_edits_sees_each_of_them_or_none(app: App) {
    let services = app.services;
    let text = |reply_to: &str| {
        format!(
            "apiVersion: frontier/v1\nkind: Channel\nmetadata: {{ name: box }}\n\
             spec: {{ kind: outbox, reply_to: {reply_to} }}\n"
        )
    };
    services.manifests.apply(file(&text("start@x.example")), None).await.unwrap();
    let edits = async {
        for number in 0..40 {
            let mut settings = ChannelSettings::outbox();
            settings.reply_to = Some(format!("hand{number}@x.example"));
            let edit = services.publishing.update_channel("box", settings, BTreeMap::new(), None);
            match edit.await {
                Ok(_) | Err(PublishingError::ChannelOutdated(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
    };
    let applies = async {
        for number in 0..20 {
            let text = text(&format!("file{number}@x.example"));
            let plan = services.manifests.plan(file(&text)).await.unwrap();
            match services.manifests.apply(file(&text), Some(&plan.fingerprint)).await {
                Ok(done) => assert_eq!(done.fingerprint, plan.fingerprint),
                Err(error) => assert!(matches!(error, ManifestError::Outdated), "{error}"),
            }
        }
    };
    tokio::join!(edits, applies);
    assert!(services.publishing.channel("box").await.unwrap().version > 1);
}

fn segment(name: &str, expression: &str) -> String {
    format!(
        "apiVersion: frontier/v1\nkind: Segment\nmetadata: {{ name: {name} }}\n\
         spec: {{ where: \"{expression}\" }}\n---\n"
    )
}

async fn a_segment_comes_after_what_it_names(app: App) {
    let services = &app.services;
    // `a` is a word in the expression of `b`, and `b` is named by `a`: no circle.
    let segments = [
        segment("a", "in_segment('b')"),
        segment("b", "name <> 'a' and name <> 'z'"),
        segment("z", "in_segment('a') and opened('news')"),
    ]
    .concat();
    let text = [segments, small("Hi")].concat();
    services.manifests.apply(file(&text), None).await.unwrap();
    let plan = services.manifests.plan(file(&text)).await.unwrap();
    assert!(!plan.has_changes());
    // The other way round: each is changed before what names it then.
    let turned =
        text.replace("in_segment('b')", "name <> 'b'").replace("name <> 'a'", "in_segment('a')");
    services.manifests.apply(file(&turned), None).await.unwrap();
    contact(services, "ana@x.example", "readers").await;
    assert!(!services.manifests.plan(file(&turned)).await.unwrap().has_changes());
    let exported = export(services, false).await;
    let folder = tempfile::tempdir().unwrap();
    let fresh = App::given(DbUrl::Sqlite(folder.path().join("fresh.db"))).await.services;
    fresh.manifests.apply(exported.clone(), None).await.unwrap();
    assert_eq!(export(&fresh, false).await, exported);
}

async fn a_circle_through_kinds_is_refused(app: App) {
    let services = &app.services;
    let campaign = small("Hi").replace("lists: [readers]", "segments: [fans]");
    let text = [segment("fans", "not opened('news')"), campaign].concat();
    let refusal = services.manifests.plan(file(&text)).await.unwrap_err();
    reads!(problems(refusal), @"
    error: these name each other in a circle: Segment `fans`, Campaign `news`
     --> campaign.yaml:3:19
      |
    3 | metadata: { name: fans }
      |                   ^^^^ take one of these names out
    ");
}
