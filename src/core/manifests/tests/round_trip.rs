//! Documents written, read and compared: nothing is lost, and nothing changes by itself.

use insta::{assert_json_snapshot, assert_snapshot};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use serde_json::Value;

use crate::core::kernel::{Currency, Money};

use super::*;

/// Reads back what was written, with all names it may refer to known.
fn read_back(written: WrittenFiles, known: &BTreeSet<(Kind, String)>) -> Vec<Document> {
    let WrittenFiles { manifest, files } = written;
    let file = SourceFile { path: "export.yaml".into(), text: manifest.clone(), files };
    parse(&[file], known).unwrap_or_else(|problems| panic!("{problems}\n\n{manifest}"))
}

const ONLY_TEXT: WriteOptions = WriteOptions { bodies_as_files: false };
const WITH_FILES: WriteOptions = WriteOptions { bodies_as_files: true };

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9][a-z0-9-]{0,8}",
        Just("no".into()),
        Just("1e3".into()),
        Just("0x1f".into())
    ]
}

/// Texts of the kinds that YAML takes for something else, or has to quote.
fn text() -> impl Strategy<Value = String> {
    let odd = [
        "",
        "~",
        "null",
        "true",
        "No",
        "12",
        "1.50",
        "0x1F",
        ".inf",
        "2026-03-01",
        "- a",
        "a: b",
        "# x",
        "'",
        "\"",
        "{{ name }}",
        "[",
        "<<",
        "a #b",
        " lead",
        "trail ",
        "\n",
        "\n\n a\n",
        "a\n",
        "a\n\n",
        "a\r\nb",
        "\ta\n\tb",
        "  a\nb\n",
        "a \nb",
        "é\u{85}\u{2028}\u{feff}",
        "\\n",
        "---\n...\n",
        "a\u{7}",
        "😀",
        "%a",
        "@b",
        "`c`",
        "!t",
        "&a",
        "*a",
        "|",
        ">-",
    ];
    prop_oneof![
        proptest::sample::select(odd.to_vec()).prop_map(String::from),
        "[ -~é\n\t]{0,60}",
        vec("[ #:a-c-]{0,6}", 1..5).prop_map(|lines| lines.join("\n")),
    ]
}

fn line() -> impl Strategy<Value = String> {
    text().prop_filter("one line", |text| rules::line(text).is_ok())
}

fn sender() -> impl Strategy<Value = Sender> {
    (option::of(line()), Just("a.b+c@x.example".to_owned()))
        .prop_map(|(name, email)| Sender { name, email })
}

fn body() -> impl Strategy<Value = Body> {
    let format = proptest::sample::select(vec![Format::Markdown, Format::Html, Format::Mjml]);
    (format, text()).prop_map(|(format, body)| Body { format, body })
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i32>().prop_map(|eighths| Value::from(f64::from(eighths) / 8.0)),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(text(), inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn transport() -> impl Strategy<Value = Transport> {
    let password = prop_oneof![
        Just(PasswordRef::Env("SMTP_PASSWORD".into())),
        line().prop_map(PasswordRef::File)
    ];
    let tls = proptest::sample::select(vec![Tls::None, Tls::Starttls, Tls::Tls]);
    let smtp = (1..=u16::MAX, tls, option::of((line(), password)), 1..=64_u8, 1..=3600_u16);
    let smtp = smtp.prop_map(|(port, tls, credentials, connections, timeout_seconds)| {
        let (username, password) = credentials.unzip();
        let host = "smtp.x.example".to_owned();
        Transport::Smtp(Smtp { host, port, tls, username, password, connections, timeout_seconds })
    });
    prop_oneof![Just(Transport::Outbox), smtp]
}

fn message() -> impl Strategy<Value = Message> {
    let content = prop_oneof![name().prop_map(Content::Template), body().prop_map(Content::Inline)];
    let extras = (option::of(line()), option::of(text()), option::of(sender()));
    (line(), content, extras).prop_map(|(subject, content, (preheader, text, from))| Message {
        name: String::new(),
        subject,
        preheader,
        content,
        text,
        reply_to: from.as_ref().map(|from| from.email.clone()),
        from,
    })
}

fn campaign_spec() -> impl Strategy<Value = CampaignSpec> {
    let date = || option::of((2000..2100_i32, 1..=365_u32));
    let goals = vec(("[a-z_]{1,9}", 1..=i64::MAX.cast_unsigned()), 0..3);
    let settings = btree_map(text(), json(), 0..4);
    let messages = btree_map(name(), message(), 0..4);
    let plan = (option::of(0..=i64::MAX), date(), any::<bool>());
    let names = (option::of(name()), btree_set(name(), 0..4));
    (names, plan, goals, settings, messages).prop_map(
        |((channel, lists), (budget, start, zoned), goals, settings, messages)| {
            let day = |(year, day)| chrono::NaiveDate::from_yo_opt(year, day);
            CampaignSpec {
                campaign_type: CampaignType::Email,
                channel,
                target_audience: TargetAudience { lists },
                budget: budget.map(|minor| Budget(Money::new(minor, Currency::EUR))),
                start_date: start.and_then(day),
                end_date: start.and_then(|(year, _)| day((year, 365))),
                timezone: zoned.then_some(chrono_tz::Europe::Madrid),
                goals: goals.into_iter().map(|(metric, target)| Goal { metric, target }).collect(),
                settings: settings.into_iter().collect(),
                messages: messages
                    .into_iter()
                    .map(|(name, message)| Message { name, ..message })
                    .collect(),
            }
        },
    )
}

fn spec() -> impl Strategy<Value = Spec> {
    let unsubscribe = option::of((any::<bool>(), any::<bool>()));
    let channel = (sender(), option::of(Just("r@x.example".to_owned())), unsubscribe, transport());
    let channel = channel.prop_map(|(from, reply_to, unsubscribe, transport)| {
        let unsubscribe = unsubscribe.map(|(url, both)| Unsubscribe {
            url: (url || both).then(|| "https://x.example/u?e={{contact.id}}".into()),
            email: (!url || both).then(|| "u@x.example".into()),
        });
        ChannelSpec { from, reply_to, unsubscribe, transport }
    });
    prop_oneof![
        option::of(text()).prop_map(|description| Spec::List(ListSpec { description })),
        channel.prop_map(Spec::Channel),
        (option::of(Just("zz-outer".to_owned())), body())
            .prop_map(|(layout, content)| Spec::Template(TemplateSpec { layout, content })),
        campaign_spec().prop_map(Spec::Campaign),
    ]
}

fn documents() -> impl Strategy<Value = Vec<Document>> {
    let document =
        (name(), btree_map(name(), line(), 0..3), spec()).prop_map(|(name, labels, spec)| {
            Document { name, labels, spec, origin: Origin::default() }
        });
    vec(document, 1..6).prop_map(|mut documents| {
        documents.sort_by(|one, other| one.key().cmp(&other.key()));
        documents.dedup_by(|one, other| one.key() == other.key());
        documents
    })
}

/// Every name the documents refer to, as if it existed.
fn referred(documents: &[Document]) -> BTreeSet<(Kind, String)> {
    let mut known = BTreeSet::new();
    for document in documents {
        match &document.spec {
            Spec::Template(spec) => {
                known.extend(spec.layout.iter().map(|name| (Kind::Template, name.clone())));
            }
            Spec::Campaign(spec) => {
                known.extend(spec.channel.iter().map(|name| (Kind::Channel, name.clone())));
                let lists = &spec.target_audience.lists;
                known.extend(lists.iter().map(|name| (Kind::List, name.clone())));
                known.extend(spec.messages.iter().filter_map(|message| match &message.content {
                    Content::Template(name) => Some((Kind::Template, name.clone())),
                    Content::Inline(_) => None,
                }));
            }
            Spec::List(_) | Spec::Channel(_) => {}
        }
    }
    known
}

proptest! {
    #[test]
    fn what_is_written_reads_back_the_same(documents in documents()) {
        let known = referred(&documents);
        for options in [ONLY_TEXT, WITH_FILES] {
            let written = write(&documents, options).unwrap();
            let again = read_back(written.clone(), &known);
            prop_assert_eq!(&again, &documents, "{}", written.manifest);
            prop_assert_eq!(write(&again, options).unwrap(), written);
            prop_assert!(!Plan::between(&again, &documents).has_changes());
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
            let plan = Plan::between(std::slice::from_ref(&one), std::slice::from_ref(&other));
            prop_assert_eq!(plan.changes[0].fields.is_empty(), one == other);
        }
    }

    #[test]
    fn a_document_survives_json(documents in documents()) {
        let json = serde_json::to_string(&documents).unwrap();
        prop_assert_eq!(serde_json::from_str::<Vec<Document>>(&json).unwrap(), documents);
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
    frame.content.body = "<mjml>\n</mjml>\n".into();
    let Spec::Campaign(spring) = &mut wanted[0].spec else { panic!("a campaign") };
    spring.target_audience.lists.insert("others".into());
    spring.budget = None;
    spring.messages[0].subject = "Spring is here".into();
    spring.messages[1].name = "last-call".into();
    spring.messages.swap(0, 1);
    let plan = Plan::between(&current, &wanted);
    assert!(plan.has_changes());
    assert_json_snapshot!(plan, @r#"
    {
      "changes": [
        {
          "kind": "List",
          "name": "spring-customers",
          "action": "create",
          "fields": []
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
              }
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
              "path": "spec.messages[last-call]",
              "before": null,
              "after": {
                "name": "last-call",
                "subject": "Last days",
                "format": "markdown",
                "body": "Hello {{ contact.name }}",
                "text": "Hello",
                "from": {
                  "email": "ana@casaverde.example"
                },
                "reply_to": "ana@casaverde.example"
              }
            },
            {
              "path": "spec.messages[launch].subject",
              "before": "¡Llega la primavera!",
              "after": "Spring is here"
            },
            {
              "path": "spec.messages[reminder]",
              "before": {
                "name": "reminder",
                "subject": "Last days",
                "format": "markdown",
                "body": "Hello {{ contact.name }}",
                "text": "Hello",
                "from": {
                  "email": "ana@casaverde.example"
                },
                "reply_to": "ana@casaverde.example"
              },
              "after": null
            },
            {
              "path": "spec.budget",
              "before": {
                "amount": "1200.00",
                "currency": "EUR"
              },
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
    let plan = Plan::between(&current, &wanted);
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
