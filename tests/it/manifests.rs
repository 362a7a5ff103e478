//! Campaigns as code, on both engines: what is applied is there, whole or not at all.

mod drift;
mod killed;
mod plans;
mod schedules;

use std::collections::BTreeMap;
use std::path::Path;

use frontier::api::{ManifestFileBody, ManifestsBody, Services};
use frontier::client::ClientError;
use frontier::core::campaigns::{Campaign, Draft, DraftMessage, Goal, MessageContent};
use frontier::core::contacts::{AttributeType, ContactChange, NewList, OptIn};
use frontier::core::content::{Format, TemplateSource};
use frontier::core::kernel::{Currency, Money};
use frontier::core::manifests::{
    Action, Kind, ManifestError, Plan, Selection, SourceFile, WriteOptions,
};
use frontier::core::publishing::{
    ChannelSettings, DkimSettings, Mailbox, NewChannel, PasswordRef, Smtp, Tls, Transport,
    UnsubscribeWays,
};
use frontier::storage::sql::DbUrl;
use serde_json::json;

use crate::support::app::App;
use crate::support::backend::{Given, on_every_backend};

on_every_backend!(
    the_example_is_applied_once,
    an_export_applied_again_changes_nothing,
    a_broken_document_applies_nothing,
    a_template_is_tried_before_anything_is_applied,
    an_active_campaign_is_not_changed,
    an_outdated_plan_is_refused,
    applies_come_one_after_the_other,
    layouts_come_before_what_they_are_around,
    a_budget_may_change_its_currency,
    refusals_have_their_codes_and_problems,
    a_segment_is_planned_with_what_it_will_name,
);

/// What a person reads, which is the same on every engine.
macro_rules! reads {
    ($($of:tt)*) => { insta::allow_duplicates! { insta::assert_snapshot!($($of)*) } };
}

use reads;

fn file(text: &str) -> Vec<SourceFile> {
    vec![SourceFile { path: "campaign.yaml".into(), text: text.into(), ..SourceFile::default() }]
}

/// The spring campaign of the examples, with the files it names.
fn example() -> Vec<SourceFile> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/spring-launch");
    let read = |path: &str| std::fs::read_to_string(folder.join(path)).unwrap();
    let bodies = ["templates/layout.mjml", "templates/spring.mjml"];
    vec![SourceFile {
        path: "campaign.yaml".into(),
        text: read("campaign.yaml"),
        files: bodies.map(|path| (path.to_owned(), read(path))).into(),
        ..SourceFile::default()
    }]
}

/// A list, a campaign for it and its one message.
fn small(subject: &str) -> String {
    format!(
        "apiVersion: frontier/v1
kind: List
metadata: {{ name: readers }}
spec: {{}}
---
apiVersion: frontier/v1
kind: Campaign
metadata: {{ name: news }}
spec:
  type: email
  target_audience: {{ lists: [readers] }}
  messages:
    - {{ name: first, subject: \"{subject}\", format: markdown, body: Hello }}
"
    )
}

fn actions(plan: &Plan) -> Vec<(Kind, &str, Action)> {
    plan.changes.iter().map(|one| (one.kind, one.name.as_str(), one.action)).collect()
}

fn problems(error: ManifestError) -> String {
    match error {
        ManifestError::Invalid(problems) => problems.to_string(),
        other => panic!("{other}"),
    }
}

async fn export(services: &Services, bodies_as_files: bool) -> Vec<SourceFile> {
    let options = WriteOptions { bodies_as_files };
    let written = services.manifests.export(&Selection::default(), options).await.unwrap();
    vec![SourceFile {
        path: "export.yaml".into(),
        text: written.manifest,
        files: written.files,
        ..SourceFile::default()
    }]
}

async fn contact(services: &Services, email: &str, list: &str) {
    let lists = [list.to_owned()];
    services.contacts.create(email, ContactChange::default(), &lists).await.unwrap();
}

async fn the_example_is_applied_once(app: App) {
    let services = app.services;
    let plan = services.manifests.plan(example()).await.unwrap();
    let create = Action::Create;
    let expected = [
        (Kind::List, "spring-customers", create),
        (Kind::Channel, "casa-verde", create),
        (Kind::Template, "spring", create),
        (Kind::Template, "spring-layout", create),
        (Kind::Campaign, "spring-launch", create),
    ];
    assert_eq!(actions(&plan), expected);
    assert_eq!(plan.changes[4].recipients, Some(0), "the list is not there yet");
    let done = services.manifests.apply(example(), Some(&plan.fingerprint)).await.unwrap();
    assert_eq!(done, Plan { seal: None, ..plan });

    let campaign = services.campaigns.campaign("spring-launch").await.unwrap();
    assert_eq!(campaign.channel.unwrap().name, "casa-verde");
    let valid = services.manifests.validate(example()).await.unwrap();
    assert_eq!(valid.documents.len(), 5);
    let again = services.manifests.plan(example()).await.unwrap();
    assert!(!again.has_changes(), "{again:?}");
    let version = services.campaigns.campaign("spring-launch").await.unwrap().version;
    services.manifests.apply(example(), None).await.unwrap();
    let same = services.campaigns.campaign("spring-launch").await.unwrap();
    assert_eq!(same.version, version, "what does not differ is not touched");
}

/// Things of every kind, made by the areas, with names and labels of every sort.
async fn everything(services: &Services) -> Campaign {
    let labels: BTreeMap<String, String> = [
        ("año", "2026"),
        ("", ""),
        ("a/b: c", "true"),
        ("<<", "two\nlines\n"),
        ("no", " spaced "),
        ("1e3", "😀 \"quoted\" {{ x }}"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into();
    for name in ["Clientes de otoño", "1.50", "null", "2026-03-01", "Spring", "spring", "_a.b-c"] {
        let description = if name == "null" { "" } else { "- a: \"b\" #c\n" }.to_owned();
        let optin = if name == "Spring" { OptIn::Double } else { OptIn::Single };
        let list = NewList { name: name.into(), description, labels: labels.clone(), optin };
        services.contacts.create_list(list).await.unwrap();
    }
    let smtp = Smtp {
        host: "smtp.casaverde.example".into(),
        port: 2525,
        tls: Tls::Tls,
        username: Some("yes".into()),
        password: Some(PasswordRef::File("/run/secrets/smtp".into())),
        connections: 3,
        timeout_seconds: 7,
        ca_file: Some("/etc/ssl/own.pem".into()),
    };
    let mailbox = |name: Option<&str>| Mailbox {
        name: name.map(str::to_owned),
        email: "hola@casaverde.example".into(),
    };
    let ways = UnsubscribeWays { url: None, email: Some("baja@casaverde.example".into()) };
    let settings = [
        ("El buzón", ChannelSettings::outbox()),
        (
            "relay",
            ChannelSettings {
                transport: Transport::Smtp(smtp),
                from: Some(mailbox(Some("Casa: Verde"))),
                reply_to: Some("ayuda@casaverde.example".into()),
                unsubscribe: Some(ways),
                dkim: vec![DkimSettings {
                    domain: Some("casaverde.example".into()),
                    selector: "2026".into(),
                    key: PasswordRef::Env("DKIM_KEY".into()),
                }],
                limits: ChannelSettings::outbox().limits,
                return_path: Some("bounces@casaverde.example".into()),
            },
        ),
        (
            "nowhere",
            ChannelSettings {
                unsubscribe: Some(UnsubscribeWays::default()),
                ..ChannelSettings::outbox()
            },
        ),
    ];
    for (name, settings) in settings {
        let new = NewChannel { name: name.into(), labels: labels.clone(), settings };
        services.publishing.create_channel(new).await.unwrap();
    }
    for (name, layout, body) in [
        ("zz layout", None, "<main>\n{{ content }}\n</main>\n"),
        ("Oferta", Some("zz layout"), "  <p>ñ</p>\n\n\t"),
    ] {
        let (layout, body) = (layout.map(str::to_owned), body.to_owned());
        let source = TemplateSource { name: name.into(), format: Format::Html, layout, body };
        services.templates.create(source, labels.clone()).await.unwrap();
    }
    let message = |name: &str, content| DraftMessage {
        name: name.into(),
        subject: "{% if true %}\nHola\n{% endif %}".into(),
        preheader: Some(String::new()),
        content,
        text: Some("two\n\nparagraphs".into()),
        from: Some(mailbox(None)),
        reply_to: None,
    };
    let inline = MessageContent::Inline { format: Format::Markdown, body: "Hola\n".into() };
    let mut draft = Draft::named("Rebajas de otoño v2.0".into());
    draft.channel = Some("relay".into());
    draft.budget = Some(Money::new(120_050, "JPY".parse::<Currency>().unwrap()));
    draft.start_date = "2026-09-01".parse().ok();
    draft.timezone = Some("Europe/Madrid".into());
    draft.target_audience.lists = vec!["Spring".into(), "spring".into(), "null".into()];
    draft.settings = json!({ "z": [1, 2.5, null, -7], "a b": { "no": "no" }, "": 1e300 });
    draft.goals = vec![Goal { metric: "clicks".into(), target: 300 }];
    draft.labels = labels;
    draft.messages =
        vec![message("Día 1", MessageContent::Template("Oferta".into())), message("2", inline)];
    services.campaigns.create(Draft::named("empty".into())).await.unwrap();
    services.campaigns.create(draft).await.unwrap()
}

async fn an_export_applied_again_changes_nothing(app: App) {
    let services = app.services;
    everything(&services).await;
    for bodies_as_files in [false, true] {
        let exported = export(&services, bodies_as_files).await;
        assert_eq!(exported[0].files.is_empty(), !bodies_as_files);
        let plan = services.manifests.plan(exported.clone()).await;
        let plan = plan.unwrap_or_else(|error| panic!("{}", problems(error)));
        assert!(!plan.has_changes(), "{plan:?}");
        assert_eq!(export(&services, bodies_as_files).await, exported, "a stable text");

        // And a fresh workspace becomes the same.
        let folder = tempfile::tempdir().unwrap();
        let url = DbUrl::Sqlite(folder.path().join("store.db"));
        let fresh = App::given(url).await.services;
        fresh.manifests.apply(exported.clone(), None).await.unwrap();
        assert!(!fresh.manifests.plan(exported.clone()).await.unwrap().has_changes());
        assert_eq!(export(&fresh, bodies_as_files).await, exported);
    }
    let one = |kind, name: &str| Selection {
        only: vec![(kind, Some(name.into()))],
        ..Selection::default()
    };
    let options = WriteOptions::default();
    let list = services.manifests.export(&one(Kind::List, "Spring"), options).await.unwrap();
    assert!(list.manifest.contains("name: Spring\n") && !list.manifest.contains("---"));
    let nothing = services.manifests.export(&one(Kind::List, "Spr"), options).await.unwrap_err();
    reads!(nothing, @"there is no List `Spr` to export");
}

async fn a_broken_document_applies_nothing(app: App) {
    let services = app.services;
    let text = small("Hi").replace("[readers]", "[redaers]");
    let refusal = services.manifests.apply(file(&text), None).await.unwrap_err();
    assert_eq!(refusal.to_string(), "1 problem in the manifests");
    reads!(problems(refusal), @"
    error: there is no List `redaers`
      --> campaign.yaml:11:30
       |
    11 |   target_audience: { lists: [redaers] }
       |                              ^^^^^^^ did you mean `readers`?
    ");
    assert!(export(&services, false).await[0].text.is_empty());
}

async fn a_template_is_tried_before_anything_is_applied(app: App) {
    let services = app.services;
    let refusal = services.manifests.plan(file(&small("{{ contact.nmae }}"))).await.unwrap_err();
    reads!(problems(refusal), @r#"
    error: `first` line 1: there is no variable `contact.nmae`
      --> campaign.yaml:13:15
       |
    13 |     - { name: first, subject: "{{ contact.nmae }}", format: markdown, body: Hello }
       |               ^^^^^ did you mean `contact.name`?
    "#);
    let mut broken = example();
    broken[0].files.insert("templates/spring.mjml".into(), "\n\n{% if x %}".into());
    let refusal = services.manifests.apply(broken, None).await.unwrap_err();
    reads!(problems(refusal), @"
    error: `spring` line 3: unexpected end of input, expected end of block
     --> templates/spring.mjml:3:1
      |
    3 | {% if x %}
      | ^^^^^^^^^^ correct the Jinja tag
    ");
    assert!(export(&services, false).await[0].text.is_empty());

    // With somebody to send to, their values are tried too.
    let text = small("{{ contact.attributes.city }}");
    services.manifests.apply(file(&text), None).await.unwrap();
    contact(&services, "ana@casaverde.example", "readers").await;
    let refusal = services.manifests.plan(file(&text)).await.unwrap_err();
    reads!(problems(refusal), @r#"
    error: for ana@casaverde.example: `contact.attributes.city` has no value (subject, `first` line 1)
      --> campaign.yaml:13:15
       |
    13 |     - { name: first, subject: "{{ contact.attributes.city }}", format: markdown, body: Hello }
       |               ^^^^^
       = help: give the contact one, or write `{{ contact.attributes.city | default('…') }}`
    "#);
    let plan = services.manifests.plan(file(&small("Hi"))).await.unwrap();
    assert_eq!(plan.changes[1].recipients, Some(1));
}

async fn an_active_campaign_is_not_changed(app: App) {
    let services = app.services;
    let text = "apiVersion: frontier/v1
kind: Channel
metadata: { name: box }
spec: { kind: outbox, from: { email: a@b.example }, unsubscribe: { email: u@b.example } }
---
";
    let text = |subject: &str| {
        let campaign = small(subject).replace("type: email", "type: email\n  channel: box");
        format!("{text}{campaign}")
    };
    services.manifests.apply(file(&text("Hi")), None).await.unwrap();
    contact(&services, "ana@casaverde.example", "readers").await;
    services.campaigns.start("news").await.unwrap();

    assert!(!services.manifests.plan(file(&text("Hi"))).await.unwrap().has_changes());
    let changed = text("Bye").replace("spec: {}", "spec: { description: all }");
    let refusal = services.manifests.apply(file(&changed), None).await.unwrap_err();
    reads!(problems(refusal), @"
    error: `news` is active and can no longer be edited
      --> campaign.yaml:13:19
       |
    13 | metadata: { name: news }
       |                   ^^^^ duplicate it and edit the copy
    ");
    let list = services.contacts.list("readers").await.unwrap();
    assert_eq!(list.description, "", "nothing of it was applied");
}

async fn an_outdated_plan_is_refused(app: App) {
    let services = app.services;
    let text = small("Hi");
    let plan = services.manifests.plan(file(&text)).await.unwrap();
    let list = NewList { name: "readers".into(), ..NewList::default() };
    services.contacts.create_list(list).await.unwrap();
    let refusal = services.manifests.apply(file(&text), Some(&plan.fingerprint)).await.unwrap_err();
    assert!(matches!(refusal, ManifestError::Outdated));
    reads!(refusal, @"what exists has changed since it was planned; look at the plan again");
    assert!(services.campaigns.campaign("news").await.is_err(), "nothing was applied");
    // What else there is does not matter.
    let plan = services.manifests.plan(file(&text)).await.unwrap();
    let list = NewList { name: "others".into(), ..NewList::default() };
    services.contacts.create_list(list).await.unwrap();
    services.manifests.apply(file(&text), Some(&plan.fingerprint)).await.unwrap();
}

async fn applies_come_one_after_the_other(app: App) {
    let services = app.services;
    let subjects: Vec<String> = (0..6).map(|number| format!("Number {number}")).collect();
    let applies = subjects.iter().map(|subject| {
        let (manifests, text) = (services.manifests.clone(), small(subject));
        tokio::spawn(async move { manifests.apply(file(&text), None).await })
    });
    for done in futures::future::join_all(applies).await {
        let plan = done.unwrap().unwrap();
        assert_ne!(plan.changes[1].action, Action::Unchanged);
    }
    let campaign = services.campaigns.campaign("news").await.unwrap();
    assert_eq!(campaign.version, 6, "created once, then updated by each of the others");
    assert!(subjects.contains(&campaign.messages[0].subject));

    // The same at once: one does it, the others find it done.
    let text = small("The same");
    let applies = (0..4).map(|_| services.manifests.apply(file(&text), None));
    let done = futures::future::join_all(applies).await;
    let changed = done.iter().filter(|plan| plan.as_ref().unwrap().has_changes()).count();
    assert_eq!(changed, 1);
}

async fn layouts_come_before_what_they_are_around(app: App) {
    let services = app.services;
    let template = |name: &str, layout: &str| {
        format!(
            "apiVersion: frontier/v1\nkind: Template\nmetadata: {{ name: {name} }}\nspec:\n  \
             format: html\n  body: '{{{{ content }}}}'\n{layout}---\n"
        )
    };
    let chain = [template("a", "  layout: b\n"), template("b", "  layout: c\n"), template("c", "")];
    services.manifests.apply(file(&chain.concat()), None).await.unwrap();
    // Turned round, with one of the three left as it is.
    let turned = [template("c", "  layout: b\n"), template("b", "")].concat();
    services.manifests.apply(file(&turned), None).await.unwrap();
    assert!(!services.manifests.plan(file(&turned)).await.unwrap().has_changes());
    let endless = template("b", "  layout: a\n");
    let refusal = services.manifests.apply(file(&endless), None).await.unwrap_err();
    reads!(problems(refusal), @"
    error: the layouts around this template go in a circle, or too deep
     --> campaign.yaml:3:19
      |
    3 | metadata: { name: b }
      |                   ^
      = help: at most 8 templates around a template, those that exist counted
    ");
}

async fn a_budget_may_change_its_currency(app: App) {
    let services = app.services;
    for currency in ["EUR", "USD"] {
        let budget = format!("type: email\n  budget: {{ amount: '12.00', currency: {currency} }}");
        let text = small("Hi").replace("type: email", &budget);
        services.manifests.apply(file(&text), None).await.unwrap();
        assert!(!services.manifests.plan(file(&text)).await.unwrap().has_changes());
    }
}

async fn refusals_have_their_codes_and_problems(app: App) {
    let body = |text: &str, fingerprint: Option<&str>| ManifestsBody {
        files: vec![ManifestFileBody {
            path: "campaign.yaml".into(),
            text: text.into(),
            ..ManifestFileBody::default()
        }],
        fingerprint: fingerprint.map(str::to_owned),
        ..ManifestsBody::default()
    };
    let refused = |error: ClientError| match error {
        ClientError::Refused { status, error } => (status.as_u16(), error),
        ClientError::Broken(why) => panic!("{why}"),
    };
    let text = small("Hi");
    let error = app.client.plan_manifests(&body("kind: Lits", None)).await.unwrap_err();
    let (status, error) = refused(error);
    assert_eq!((status, error.code.as_str()), (422, "INVALID_MANIFEST"));
    assert_eq!(error.message, "4 problems in the manifests");
    let problem = &error.details.unwrap()["problems"][0];
    assert_eq!((&problem["file"], &problem["line"]), (&json!("campaign.yaml"), &json!(1)));

    let plan = app.client.plan_manifests(&body(&text, None)).await.unwrap();
    let done = app.client.apply_manifests(&body(&text, Some(&plan.fingerprint))).await.unwrap();
    assert_eq!(done.changes.len(), 2);
    let again = app.client.apply_manifests(&body(&text, Some(&plan.fingerprint))).await;
    let (status, error) = refused(again.unwrap_err());
    assert_eq!((status, error.code.as_str()), (409, "PLAN_OUTDATED"));

    let missing = app.client.export_manifests(Some("list/x"), None, false).await.unwrap_err();
    assert_eq!(refused(missing).0, 404);
    let unknown = app.client.export_manifests(Some("lits"), None, false).await.unwrap_err();
    assert_eq!(refused(unknown).0, 400);
}

async fn a_segment_is_planned_with_what_it_will_name(app: App) {
    let services = app.services;
    let text = |name: &str| {
        format!(
            "apiVersion: frontier/v1
kind: Segment
metadata: {{ name: fans }}
spec: {{ where: in_segment('{name}') and on_list('readers') }}
---
apiVersion: frontier/v1
kind: Segment
metadata: {{ name: spain }}
spec:
  where: country = 'ES'
---
{}",
            small("Hello").replace("lists: [readers]", "segments: [fans]")
        )
    };
    let refused = problems(services.manifests.plan(file(&text("spian"))).await.unwrap_err());
    assert_eq!(
        refused,
        "error: there is no segment `spian`
 --> campaign.yaml:4:27
  |
4 | spec: { where: in_segment('spian') and on_list('readers') }
  |                           ^^^^^^^ `frontier segment list` shows those there are

error: `country` is no field, and no attribute that is known
  --> campaign.yaml:10:10
   |
10 |   where: country = 'ES'
   |          ^^^^^^^
   = help: there are email, name, domain, language, timezone, notes, created_at, updated_at, role, disposable; any attribute is attributes.KEY"
    );
    services.contacts.create_attribute("country", AttributeType::Text).await.unwrap();
    let plan = services.manifests.plan(file(&text("spain"))).await.unwrap();
    assert_eq!(plan.changes.last().unwrap().recipients, Some(0));
    services.manifests.apply(file(&text("spain")), Some(&plan.fingerprint)).await.unwrap();
    assert!(!services.manifests.plan(file(&text("spain"))).await.unwrap().has_changes());
    let campaign = services.campaigns.campaign("news").await.unwrap();
    assert_eq!(campaign.target_audience.segments[0].name, "fans");
}
