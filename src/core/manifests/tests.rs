//! The area as its callers meet it: files in, documents or problems out, and back.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::*;
use crate::core::campaigns::MessageContent;
use crate::core::publishing::{ChannelSettings, Transport};

mod any_documents;
mod broken;
mod environment;
mod round_trip;
mod schedules;
mod schema;
mod traps;

/// A manifest with every kind and every key.
const GOOD: &str = r#"# spring
apiVersion: frontier/v1
kind: List
metadata: { name: spring-customers, labels: { season: spring } }
spec: { description: "Bought last spring" }
---
apiVersion: frontier/v1
kind: Channel
metadata: { name: mail }
spec:
  kind: smtp
  from: { name: "Casa Verde", email: hola@casaverde.example }
  reply_to: ayuda@casaverde.example
  unsubscribe: { url: "https://casaverde.example/baja", email: baja@casaverde.example }
  smtp:
    host: smtp.casaverde.example
    port: 587
    tls: starttls
    username: hola
    password: { env: SMTP_PASSWORD }
    connections: 16
    timeout_seconds: 20
---
apiVersion: frontier/v1
kind: Template
metadata: { name: frame }
spec:
  format: mjml
  body: |
    <mjml>
      {{ content }}
    </mjml>
---
apiVersion: frontier/v1
kind: Template
metadata: { name: offer }
spec: { format: markdown, layout: frame, body_file: templates/offer.md }
---
apiVersion: frontier/v1
kind: Campaign
metadata: { name: spring-launch }
spec:
  type: email
  channel: mail
  target_audience: { lists: [spring-customers] }
  budget: { amount: "1200.00", currency: EUR }
  start_date: 2026-03-01
  end_date: 2026-03-31
  timezone: Europe/Madrid
  goals: [{ metric: clicks, target: 300 }]
  settings: { utm: { source: mail }, retries: 3 }
  messages:
    - { name: launch, subject: "¡Llega la primavera!", preheader: "Hoy", template: offer }
    - name: reminder
      subject: "Last days"
      body: "Hello {{ contact.name }}"
      format: markdown
      text: "Hello"
      from: { email: ana@casaverde.example }
      reply_to: ana@casaverde.example
"#;

fn source(text: &str) -> SourceFile {
    let files = BTreeMap::from([("templates/offer.md".into(), "# Offer\r\n".into())]);
    SourceFile { path: "campaign.yaml".into(), text: text.into(), files, ..SourceFile::default() }
}

fn read(text: &str) -> Result<Vec<Document>, Problems> {
    parse(&[source(text)], &BTreeSet::new())
}

fn good() -> Vec<Document> {
    read(GOOD).unwrap_or_else(|problems| panic!("{problems}"))
}

/// The one campaign of a text that is wrong only where the test says.
fn campaign(spec: &str) -> String {
    format!("apiVersion: frontier/v1\nkind: Campaign\nmetadata: {{ name: c }}\nspec:\n{spec}")
}

#[test]
fn a_manifest_becomes_self_contained_documents() {
    let documents = good();
    let keys: Vec<_> = documents.iter().map(Document::key).collect();
    assert_eq!(
        keys,
        [
            (Kind::List, "spring-customers"),
            (Kind::Channel, "mail"),
            (Kind::Template, "frame"),
            (Kind::Template, "offer"),
            (Kind::Campaign, "spring-launch"),
        ]
    );
    let lines: Vec<_> = documents.iter().map(|document| document.origin.line).collect();
    assert_eq!(lines, [2, 7, 24, 34, 39]);
    let Spec::Template(offer) = &documents[3].spec else { panic!("a template") };
    assert_eq!(offer.body, "# Offer\n");
    let Spec::Campaign(spring) = &documents[4].spec else { panic!("a campaign") };
    assert_eq!(spring.budget.unwrap().to_string(), "1200.00 EUR");
    assert_eq!(spring.settings["retries"], 3);
    assert_eq!(spring.messages[0].content, MessageContent::Template("offer".into()));
}

#[test]
fn defaults_are_filled_in() {
    let text = "apiVersion: frontier/v1\nkind: Channel\nmetadata: {name: c}\nspec: {kind: smtp, \
                from: {email: a@b.example}, smtp: {host: h, tls: tls}}";
    let documents = read(text).unwrap();
    let Spec::Channel(ChannelSettings { transport: Transport::Smtp(smtp), .. }) =
        &documents[0].spec
    else {
        panic!("an SMTP channel")
    };
    assert_eq!((smtp.port, smtp.connections, smtp.timeout_seconds), (465, 8, 30));
}

#[test]
fn what_yaml_reads_oddly_just_works() {
    let text = "\u{feff}---\r\n---\r\napiVersion: frontier/v1\r\nkind: List\r\nmetadata:\r\n  name: no\r\n  \
                labels: { year: 2026, ok: true, since: 2026-03-01 }\r\nspec:\r\n  description: 12.50\r\n---\r\n";
    let documents = read(text).unwrap_or_else(|problems| panic!("{problems}"));
    let [list] = documents.as_slice() else { panic!("one document") };
    assert_eq!(list.name, "no");
    assert_eq!(list.labels["year"], "2026");
    assert_eq!(list.labels["ok"], "true");
    assert_eq!(list.labels["since"], "2026-03-01");
    assert_eq!(
        list.spec,
        Spec::List(ListSpec { description: Some("12.50".into()), ..ListSpec::default() })
    );
    let text =
        campaign("  type: email\n  budget: { amount: 1200.00, currency: EUR }\n  channel: ~\n");
    let Spec::Campaign(spec) = &read(&text).unwrap()[0].spec else { panic!("a campaign") };
    assert_eq!(spec.budget.unwrap().minor, 120_000);
}

#[test]
fn aliases_are_read_and_references_may_be_to_what_exists() {
    let text = campaign(
        "  type: email\n  channel: mail\n  messages:\n    - &a { name: a, subject: Hi, format: html, \
         body: &b '<p>' }\n    - { name: b, subject: Hi, format: html, body: *b }\n",
    );
    assert!(read(&text).is_err(), "no channel is known");
    let known = BTreeSet::from([(Kind::Channel, "mail".to_owned())]);
    let documents = parse(&[source(&text)], &known).unwrap();
    let Spec::Campaign(spec) = &documents[0].spec else { panic!("a campaign") };
    assert_eq!(spec.messages[0].content, spec.messages[1].content);
}

#[test]
fn the_files_to_bring_along_are_listed_before_anything_is_judged() {
    let text =
        format!("{GOOD}---\nkind: Template\nspec: {{ body_file: ../../etc/passwd, x: 1 }}\n");
    let files = referenced_files(&text);
    let [file] = files.as_slice() else { panic!("one file: {files:?}") };
    assert_eq!((file.path.as_str(), file.line, file.column), ("templates/offer.md", 37, 53));
    assert_eq!(referenced_files("- ["), []);
}

#[test]
fn a_file_that_could_not_be_read_is_told_where_it_is_named() {
    let mut source = source(GOOD);
    source.files.clear();
    source.unreadable.insert("templates/offer.md".into(), "is larger than 1 MiB".into());
    let problems = parse(&[source], &BTreeSet::new()).unwrap_err();
    insta::assert_snapshot!(problems, @"
    error: the file `templates/offer.md` is larger than 1 MiB
      --> campaign.yaml:37:53
       |
    37 | spec: { format: markdown, layout: frame, body_file: templates/offer.md }
       |                                                     ^^^^^^^^^^^^^^^^^^
    ");
}

#[test]
fn every_word_of_the_tables_is_a_word_of_the_types() {
    for kind in ["email", "social_media", "display", "search", "multichannel"] {
        assert!(read(&campaign(&format!("  type: {kind}\n"))).is_ok(), "{kind}");
    }
    for format in ["markdown", "html", "mjml"] {
        let text = GOOD.replace("format: mjml", &format!("format: {format}"));
        assert!(read(&text).is_ok(), "{format}");
    }
    for tls in ["none", "starttls", "tls"] {
        assert!(read(&GOOD.replace("tls: starttls", &format!("tls: {tls}"))).is_ok(), "{tls}");
    }
}

#[test]
fn too_much_at_once_is_refused() {
    let large = SourceFile { text: "x".repeat(MAX_BUNDLE_BYTES + 1), ..source("") };
    let problems = parse(&[large], &BTreeSet::new()).unwrap_err();
    assert!(problems.to_string().contains("larger than 16 MiB together"), "{problems}");
    let many = "kind: Lits\n---\n".repeat(900);
    let problems = read(&many).unwrap_err();
    assert_eq!(problems.problems.len(), 100);
    assert!(problems.omitted > 0);
}

#[test]
fn what_is_wrong_a_hundred_thousand_times_is_refused_quickly() {
    let keys = (0..40_000).map(|number| format!("pass{number}: x")).collect::<Vec<_>>().join(", ");
    let texts =
        [format!("x: {{{}", "{a: b},".repeat(100_000)), campaign(&format!("  {{{keys}}}\n"))];
    for text in texts {
        let started = Instant::now();
        assert!(read(&text).is_err());
        assert!(started.elapsed() < Duration::from_secs(10), "{}", &text[..60]);
    }
}
