//! The schema that editors use says what the reader says.

use std::path::Path;
use std::sync::LazyLock;

use jsonschema::Validator;
use proptest::prelude::*;
use serde::Deserialize as _;
use serde::de::{self, Deserializer, Visitor};
use serde_json::Value;

use super::any_documents::documents;
use super::*;
use crate::core::campaigns::Goal;
use crate::core::publishing::{Mailbox, UnsubscribeWays};
use kinds::{brand, campaign, channel, list, report, schedule, segment, suppression, template};
use shape::{Field, Shape};
use written::Manifest;

fn validator() -> &'static Validator {
    static VALIDATOR: LazyLock<Validator> =
        LazyLock::new(|| jsonschema::validator_for(&schema(None)).unwrap());
    &VALIDATOR
}

/// The documents of a text as JSON, as an editor sees them.
fn values(text: &str) -> Vec<Value> {
    let texts = serde_yaml::Deserializer::from_str(text);
    let values = texts.map(|text| Value::deserialize(text).unwrap());
    values.filter(|value| !value.is_null()).collect()
}

#[track_caller]
fn agrees(validator: &Validator, text: &str) {
    for value in values(text) {
        if let Err(error) = validator.validate(&value) {
            panic!("{error} at {} of\n{text}", error.instance_path());
        }
    }
}

#[test]
fn the_manifests_of_this_repository_are_valid() {
    let validator = validator();
    agrees(validator, GOOD);
    let mut found = 0;
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "yaml") {
                let text = std::fs::read_to_string(&path).unwrap();
                if text.contains("apiVersion: frontier/") {
                    agrees(validator, &text);
                    found += 1;
                }
            }
        }
    }
    assert!(found > 0);
}

#[test]
fn the_examples_are_one_workspace() {
    let validator = validator();
    let files: Vec<SourceFile> = Kind::ALL
        .map(|kind| SourceFile { path: kind.to_string(), ..source(kind.example()) })
        .into();
    let documents = parse(&files, &BTreeSet::new());
    let documents = documents.unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(documents.iter().map(Document::kind).collect::<Vec<_>>(), Kind::ALL);
    for kind in Kind::ALL {
        agrees(validator, kind.example());
    }
}

#[test]
fn what_is_broken_for_the_reader_is_broken_for_an_editor() {
    let validator = validator();
    let slips = [
        ("frontier/v1", "frontier/v2"),
        ("kind: List", "kind: Lits"),
        ("kind: List\n", ""),
        ("metadata: { name: mail }\n", ""),
        ("name: mail", "nmae: mail"),
        ("name: mail", "name: /mail"),
        ("name: mail", "name: [mail]"),
        ("season: spring", "season: [spring]"),
        ("kind: smtp\n", "kind: smpt\n"),
        ("email: hola@casaverde.example", "email: hola"),
        ("https://casaverde.example/baja", "casaverde.example/baja"),
        ("port: 587", "port: 70000"),
        ("port: 587", "port: \"587\""),
        ("port: 587", "colour: 587"),
        ("    host: smtp.casaverde.example\n", ""),
        ("{ env: SMTP_PASSWORD }", "hunter2"),
        ("{ env: SMTP_PASSWORD }", "{ env: A, file: b }"),
        ("{ env: SMTP_PASSWORD }", "{}"),
        ("format: mjml", "format: docx"),
        ("layout: frame, body_file", "layout: frame, body: x, body_file"),
        (", body_file: templates/offer.md", ""),
        ("type: email", "type: mail"),
        ("[spring-customers] }", "spring-customers }"),
        ("currency: EUR", "currency: euro"),
        ("2026-03-01", "1 March"),
        ("Europe/Madrid", "Europe/Madird"),
        ("target: 300", "target: 0"),
        ("target: 300", "target: many"),
        ("metric: clicks", "metric: Clicks!"),
        ("settings: {", "settings: [{"),
        ("template: offer }", "template: offer, body: x }"),
        ("      subject: \"Last days\"\n", ""),
    ];
    for (from, to) in slips {
        assert!(GOOD.contains(from), "{from}");
        let mut text = GOOD.replacen(from, to, 1);
        if to.ends_with("[{") {
            text = text.replacen("retries: 3 }", "retries: 3 }]", 1);
        }
        assert!(read(&text).is_err(), "{to}");
        assert!(values(&text).iter().any(|value| !validator.is_valid(value)), "{from} → {to}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_is_valid(documents in documents()) {
        let validator = validator();
        let written = write(&documents, WriteOptions::default()).unwrap();
        for value in values(&written.manifest) {
            prop_assert!(validator.is_valid(&value), "{value:#}");
        }
    }
}

/// Takes nothing, and says which fields were asked for.
struct Fields;

#[derive(Debug, thiserror::Error)]
#[error("{0:?}")]
struct Asked(Vec<&'static str>);

impl de::Error for Asked {
    fn custom<T: std::fmt::Display>(_: T) -> Self {
        Self(Vec::new())
    }
}

impl<'de> Deserializer<'de> for Fields {
    type Error = Asked;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Asked> {
        Err(Asked(Vec::new()))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Asked> {
        Err(Asked(fields.to_vec()))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

fn keys_of<T: for<'de> serde::Deserialize<'de>>() -> Vec<&'static str> {
    T::deserialize(Fields).err().map(|Asked(fields)| fields).unwrap_or_default()
}

/// The table at a path of keys below a kind's spec.
fn table(kind: Kind, path: &[&str]) -> &'static [Field] {
    path.iter().fold(kind.fields(), |fields, key| {
        let field = fields.iter().find(|field| field.key == *key).unwrap();
        match field.shape {
            Shape::Fields(fields) | Shape::ListOf(&Shape::Fields(fields)) => fields,
            Shape::Password => shape::PASSWORD,
            _ => panic!("`{key}` has no keys"),
        }
    })
}

#[test]
fn no_key_of_a_type_is_missing_in_its_table() {
    let keys = |fields: &[Field]| {
        let mut keys: Vec<_> = fields.iter().map(|field| field.key).collect();
        keys.sort_unstable();
        keys
    };
    let compare = |mut of_type: Vec<&'static str>, table: &[Field]| {
        of_type.sort_unstable();
        assert!(!of_type.is_empty());
        assert_eq!(of_type, keys(table));
    };
    compare(keys_of::<Manifest<list::WrittenList>>(), shape::ENVELOPE);
    compare(keys_of::<list::WrittenList>(), table(Kind::List, &[]));
    compare(keys_of::<channel::WrittenChannel>(), table(Kind::Channel, &[]));
    compare(keys_of::<channel::WrittenSmtp>(), table(Kind::Channel, &["smtp"]));
    compare(keys_of::<channel::WrittenPassword>(), table(Kind::Channel, &["smtp", "password"]));
    compare(keys_of::<channel::WrittenDkim>(), table(Kind::Channel, &["dkim"]));
    compare(keys_of::<channel::WrittenPassword>(), table(Kind::Channel, &["dkim", "key"]));
    compare(keys_of::<Mailbox>(), table(Kind::Channel, &["from"]));
    compare(keys_of::<UnsubscribeWays>(), table(Kind::Channel, &["unsubscribe"]));
    compare(keys_of::<template::WrittenTemplate>(), table(Kind::Template, &[]));
    compare(keys_of::<segment::WrittenSegment>(), table(Kind::Segment, &[]));
    compare(keys_of::<schedule::WrittenSchedule>(), table(Kind::Schedule, &[]));
    compare(keys_of::<suppression::WrittenSuppression>(), table(Kind::Suppression, &[]));
    compare(keys_of::<report::WrittenReport>(), table(Kind::Report, &[]));
    compare(keys_of::<brand::WrittenBrand>(), table(Kind::Brand, &[]));
    compare(keys_of::<campaign::WrittenCampaign>(), table(Kind::Campaign, &[]));
    compare(keys_of::<campaign::WrittenMessage>(), table(Kind::Campaign, &["messages"]));
    compare(keys_of::<campaign::WrittenAudience>(), table(Kind::Campaign, &["target_audience"]));
    compare(keys_of::<campaign::WrittenMoney>(), table(Kind::Campaign, &["budget"]));
    compare(keys_of::<Goal>(), table(Kind::Campaign, &["goals"]));
}

#[test]
fn every_field_is_described_and_its_examples_hold() {
    fn walk(fields: &[Field], path: &str) {
        for field in fields {
            let path = format!("{path}.{}", field.key);
            assert!(field.about.ends_with('.') && !field.about.contains('|'), "{path}");
            for yaml in [Some(field.example), field.default].into_iter().flatten() {
                let value: Value = serde_yaml::from_str(yaml).unwrap();
                if let (Shape::Text(rule, _), false) = (field.shape, yaml.is_empty()) {
                    let text = value.as_str().map_or_else(|| yaml.to_owned(), str::to_owned);
                    assert!(rule(&text).is_ok(), "{path}: {text}");
                }
            }
            match field.shape {
                Shape::Fields(fields) | Shape::ListOf(&Shape::Fields(fields)) => {
                    walk(fields, &path);
                }
                Shape::Password => walk(shape::PASSWORD, &path),
                _ => {}
            }
        }
    }
    walk(shape::ENVELOPE, "");
    for kind in Kind::ALL {
        walk(kind.fields(), kind.as_str());
        assert!(kind.about().ends_with('.'), "{kind}");
    }
}

#[test]
fn every_default_of_the_tables_is_that_of_the_types() {
    let text = "apiVersion: frontier/v1\nkind: Channel\nmetadata: { name: c }\nspec: { kind: smtp, \
                smtp: { host: h } }";
    let documents = read(text).unwrap();
    let json = written::to_json(&documents[0]).unwrap();
    for field in table(Kind::Channel, &["smtp"]) {
        if let Some(default) = field.default {
            let default: Value = serde_yaml::from_str(default).unwrap();
            assert_eq!(json["spec"]["smtp"][field.key], default, "{}", field.key);
        }
    }
}

#[test]
fn what_follows_need_not_be_written() {
    let text = "apiVersion: frontier/v1\nkind: Template\nmetadata: { name: t }\nspec: { body_file: \
                templates/offer.md }\n---\napiVersion: frontier/v1\nkind: Campaign\nmetadata: { name: c \
                }\nspec: { messages: [{ name: m, subject: s, body_file: templates/offer.md }] }";
    agrees(validator(), text);
    let documents = read(text).unwrap_or_else(|problems| panic!("{problems}"));
    let [template, campaign] = &documents[..] else { panic!("two documents") };
    let json = |document| written::to_json(document).unwrap();
    assert_eq!(json(template)["spec"]["format"], "markdown");
    let type_of = table(Kind::Campaign, &[]).iter().find(|field| field.key == "type").unwrap();
    assert_eq!(json(campaign)["spec"]["type"], type_of.default.unwrap());
    assert_eq!(json(campaign)["spec"]["messages"][0]["format"], "markdown");

    let refused = |from: &str, to: &str| {
        let problems = read(&text.replacen(from, to, 1)).unwrap_err();
        problems.problems.first().unwrap().message.clone()
    };
    let missing = "missing key `format` in Template.spec";
    assert_eq!(refused("body_file: templates/offer.md", "body: x"), missing);
    assert_eq!(refused("templates/offer.md", "templates/offer.docx"), missing);
}

#[test]
fn a_schema_of_one_kind_stands_alone() {
    let text = serde_json::to_string(&schema(Some(Kind::Template))).unwrap();
    assert!(text.contains("2020-12") && text.contains(r#""const":"Template""#), "{text}");
    let validator = jsonschema::validator_for(&schema(Some(Kind::Template))).unwrap();
    for (index, value) in values(GOOD).iter().enumerate() {
        assert_eq!(validator.is_valid(value), matches!(index, 2 | 3));
    }
}

#[test]
fn the_reference_tells_every_key() {
    let page = reference::reference();
    for key in ["`spec.smtp.password.env`", "`spec.messages[].subject`", "`metadata.labels`"] {
        assert!(page.contains(key), "{key}");
    }
    assert!(page.contains("Exactly one of `body`, `body_file`."), "{page}");
}
