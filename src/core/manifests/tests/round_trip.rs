//! Documents written, read and compared: nothing is lost, and nothing changes by itself.

use insta::{assert_json_snapshot, assert_snapshot};
use proptest::prelude::*;

use super::any_documents::{documents, referred, spec};
use super::*;

/// Reads back what was written, with all names it may refer to known.
fn read_back(written: WrittenFiles, known: &BTreeSet<(Kind, String)>) -> Vec<Document> {
    let WrittenFiles { manifest, files } = written;
    let (path, text) = ("export.yaml".into(), manifest.clone());
    let file = SourceFile { path, text, files, ..SourceFile::default() };
    parse(&[file], known).unwrap_or_else(|problems| panic!("{problems}\n\n{manifest}"))
}

const ONLY_TEXT: WriteOptions = WriteOptions { bodies_as_files: false };
const WITH_FILES: WriteOptions = WriteOptions { bodies_as_files: true };

proptest! {
    #[test]
    fn what_is_written_reads_back_the_same(documents in documents()) {
        let known = referred(&documents);
        for options in [ONLY_TEXT, WITH_FILES] {
            let written = write(&documents, options).unwrap();
            let again = read_back(written.clone(), &known);
            prop_assert_eq!(&again, &documents, "{}", written.manifest);
            prop_assert_eq!(write(&again, options).unwrap(), written);
            prop_assert!(!Plan::between(&again, &documents, &[]).has_changes());
        }
    }

    #[test]
    fn two_documents_differ_exactly_when_a_plan_says_so(one in spec(), other in spec()) {
        let document = |spec: &Spec| Document {
            name: "a".into(),
            labels: BTreeMap::new(),
            spec: spec.clone(),
            origin: Origin::default(),
        };
        let (one, other) = (document(&one), document(&other));
        if one.kind() == other.kind() {
            let plan = Plan::between(std::slice::from_ref(&one), std::slice::from_ref(&other), &[]);
            prop_assert_eq!(plan.changes[0].fields.is_empty(), one == other);
        }
    }
}

#[test]
fn an_export_reads_like_a_file_someone_wrote() {
    let written = write(&good(), WITH_FILES).unwrap();
    assert_snapshot!(written.manifest, @"
    apiVersion: frontier/v1
    kind: List
    metadata:
      name: spring-customers
      labels:
        season: spring
    spec:
      description: Bought last spring
    ---
    apiVersion: frontier/v1
    kind: Channel
    metadata:
      name: mail
    spec:
      kind: smtp
      from:
        name: Casa Verde
        email: hola@casaverde.example
      reply_to: ayuda@casaverde.example
      unsubscribe:
        url: https://casaverde.example/baja
        email: baja@casaverde.example
      smtp:
        host: smtp.casaverde.example
        port: 587
        tls: starttls
        username: hola
        password:
          env: SMTP_PASSWORD
        connections: 16
        timeout_seconds: 20
    ---
    apiVersion: frontier/v1
    kind: Template
    metadata:
      name: frame
    spec:
      format: mjml
      body_file: templates/frame.mjml
    ---
    apiVersion: frontier/v1
    kind: Template
    metadata:
      name: offer
    spec:
      format: markdown
      layout: frame
      body_file: templates/offer.md
    ---
    apiVersion: frontier/v1
    kind: Campaign
    metadata:
      name: spring-launch
    spec:
      type: email
      channel: mail
      target_audience:
        lists:
        - spring-customers
      budget:
        amount: '1200.00'
        currency: EUR
      start_date: 2026-03-01
      end_date: 2026-03-31
      timezone: Europe/Madrid
      goals:
      - metric: clicks
        target: 300
      settings:
        retries: 3
        utm:
          source: mail
      messages:
      - name: launch
        subject: ¡Llega la primavera!
        preheader: Hoy
        template: offer
      - name: reminder
        subject: Last days
        format: markdown
        body_file: messages/spring-launch/reminder.md
        text: Hello
        from:
          email: ana@casaverde.example
        reply_to: ana@casaverde.example
    ");
    assert_eq!(
        written.files.keys().collect::<Vec<_>>(),
        ["messages/spring-launch/reminder.md", "templates/frame.mjml", "templates/offer.md"]
    );
    assert_snapshot!(write(&good()[2..3], ONLY_TEXT).unwrap().manifest, @"
    apiVersion: frontier/v1
    kind: Template
    metadata:
      name: frame
    spec:
      format: mjml
      body: |
        <mjml>
          {{ content }}
        </mjml>
    ");
}

#[test]
fn a_plan_names_each_field_with_what_it_was_and_will_be() {
    let mut wanted = good();
    let mut current = wanted.split_off(1);
    current.truncate(4);
    wanted.extend(current.clone());
    wanted.reverse();
    let Spec::Template(frame) = &mut wanted[2].spec else { panic!("a template") };
    frame.body = "<mjml>\n</mjml>\n".into();
    let Spec::Campaign(spring) = &mut wanted[0].spec else { panic!("a campaign") };
    spring.lists.insert("others".into());
    spring.budget = None;
    spring.messages[0].subject = "Spring is here".into();
    spring.messages[1].name = "last-call".into();
    spring.messages.swap(0, 1);
    let plan = Plan::between(&current, &wanted, &[]);
    assert!(plan.has_changes());
    assert_json_snapshot!(serde_json::json!({ "changes": plan.changes }), @r#"
    {
      "changes": [
        {
          "kind": "List",
          "name": "spring-customers",
          "action": "create",
          "fields": [
            {
              "path": "metadata.labels.season",
              "before": null,
              "after": "spring"
            },
            {
              "path": "spec.description",
              "before": null,
              "after": "Bought last spring"
            }
          ]
        },
        {
          "kind": "Channel",
          "name": "mail",
          "action": "unchanged",
          "fields": []
        },
        {
          "kind": "Template",
          "name": "frame",
          "action": "update",
          "fields": [
            {
              "path": "spec.body",
              "before": {
                "lines": 3,
                "sha256": "944d87105d63"
              },
              "after": {
                "lines": 2,
                "sha256": "111995f8f176"
              },
              "diff": "@@ -1,3 +1,2 @@\n <mjml>\n-  {{ content }}\n </mjml>\n"
            }
          ]
        },
        {
          "kind": "Template",
          "name": "offer",
          "action": "unchanged",
          "fields": []
        },
        {
          "kind": "Campaign",
          "name": "spring-launch",
          "action": "update",
          "fields": [
            {
              "path": "spec.target_audience.lists",
              "before": [
                "spring-customers"
              ],
              "after": [
                "others",
                "spring-customers"
              ]
            },
            {
              "path": "spec.messages[last-call].name",
              "before": null,
              "after": "last-call"
            },
            {
              "path": "spec.messages[last-call].subject",
              "before": null,
              "after": "Last days"
            },
            {
              "path": "spec.messages[last-call].format",
              "before": null,
              "after": "markdown"
            },
            {
              "path": "spec.messages[last-call].body",
              "before": null,
              "after": "Hello {{ contact.name }}"
            },
            {
              "path": "spec.messages[last-call].text",
              "before": null,
              "after": "Hello"
            },
            {
              "path": "spec.messages[last-call].from.email",
              "before": null,
              "after": "ana@casaverde.example"
            },
            {
              "path": "spec.messages[last-call].reply_to",
              "before": null,
              "after": "ana@casaverde.example"
            },
            {
              "path": "spec.messages[launch].subject",
              "before": "¡Llega la primavera!",
              "after": "Spring is here"
            },
            {
              "path": "spec.messages[reminder].name",
              "before": "reminder",
              "after": null
            },
            {
              "path": "spec.messages[reminder].subject",
              "before": "Last days",
              "after": null
            },
            {
              "path": "spec.messages[reminder].format",
              "before": "markdown",
              "after": null
            },
            {
              "path": "spec.messages[reminder].body",
              "before": "Hello {{ contact.name }}",
              "after": null
            },
            {
              "path": "spec.messages[reminder].text",
              "before": "Hello",
              "after": null
            },
            {
              "path": "spec.messages[reminder].from.email",
              "before": "ana@casaverde.example",
              "after": null
            },
            {
              "path": "spec.messages[reminder].reply_to",
              "before": "ana@casaverde.example",
              "after": null
            },
            {
              "path": "spec.budget.amount",
              "before": "1200.00",
              "after": null
            },
            {
              "path": "spec.budget.currency",
              "before": "EUR",
              "after": null
            }
          ]
        }
      ]
    }
    "#);
}

#[test]
fn messages_in_another_order_are_a_change() {
    let current = good();
    let mut wanted = current.clone();
    let Spec::Campaign(spring) = &mut wanted[4].spec else { panic!("a campaign") };
    spring.messages.swap(0, 1);
    let plan = Plan::between(&current, &wanted, &[]);
    assert_json_snapshot!(plan.changes[4].fields, @r#"
    [
      {
        "path": "spec.messages",
        "before": [
          "launch",
          "reminder"
        ],
        "after": [
          "reminder",
          "launch"
        ]
      }
    ]
    "#);
}
