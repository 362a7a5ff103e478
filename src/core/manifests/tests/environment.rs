//! Values of the environment: where they are taken, where they are not, and what is said of them.

use insta::assert_snapshot;

use super::*;

fn with(text: &str, variables: &[(&str, &str)]) -> Result<Vec<Document>, Problems> {
    let variables =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    parse(&[SourceFile { variables, ..source(text) }], &BTreeSet::new())
}

fn channel(spec: &str) -> String {
    format!("apiVersion: frontier/v1\nkind: Channel\nmetadata: {{ name: mail }}\nspec:\n{spec}")
}

fn json(documents: &[Document]) -> serde_json::Value {
    written::to_json(&documents[0]).unwrap()["spec"].clone()
}

/// Every way to write a scalar, a number among them.
const SPEC: &str = r#"  kind: smtp
  from: { name: "${NAME}", email: "${USER}@${DOMAIN:-shop.example}" } # ñ ${NAME}
  reply_to: ${REPLY_TO:-help@shop.example}
  unsubscribe: { url: 'https://${DOMAIN:-shop.example}/$${u}?e={{contact.email}}' }
  smtp:
    host: ${HOST}   # the server
    port: ${PORT:-2525}
    tls: ${TLS:-none}
    username: 'ñ-${USER}'
    password: { env: SMTP_PASSWORD }
"#;

#[test]
fn fields_that_say_so_take_values() {
    let text = channel(SPEC);
    let host = "smtp.shop.example";
    let json_of =
        |given: &[(&str, &str)]| json(&with(&text, given).unwrap_or_else(|e| panic!("{e}")));
    let spec = json_of(&[("HOST", host), ("USER", "ana"), ("REPLY_TO", "")]);
    assert_eq!(spec["from"]["email"], "ana@shop.example");
    assert_eq!(spec["from"]["name"], "${NAME}", "a name takes none");
    assert_eq!(spec["reply_to"], "help@shop.example", "an empty value is none");
    assert_eq!(spec["unsubscribe"]["url"], "https://shop.example/${u}?e={{contact.email}}");
    assert_eq!(spec["smtp"]["host"], host);
    assert_eq!((&spec["smtp"]["port"], &spec["smtp"]["tls"]), (&2525.into(), &"none".into()));
    assert_eq!(spec["smtp"]["username"], "ñ-ana");

    let text = channel(
        "  kind: smtp\n  smtp: { host: \"${HOST}\" , username: 'it''s ${USER}' , password: { env: P }, \
         ca_file: \"\\\"${USER}\" } # } '\n  reply_to: \"${USER}@b.example\"   # \"c\n",
    );
    let documents = with(&text, &[("HOST", host), ("USER", "ana")]).unwrap();
    let spec = json(&documents);
    assert_eq!(
        (&spec["smtp"]["host"], &spec["smtp"]["username"]),
        (&host.into(), &"it's ana".into())
    );
    assert_eq!(
        (&spec["smtp"]["ca_file"], &spec["reply_to"]),
        (&"\"ana".into(), &"ana@b.example".into())
    );

    let odd = [("HOST", host), ("USER", "a'b"), ("DOMAIN", "café.example"), ("PORT", "25")];
    let spec = json_of(&odd);
    assert_eq!(spec["from"]["email"], "a'b@café.example");
    assert_eq!(spec["smtp"]["port"], 25);
    let validator = jsonschema::validator_for(&schema(None)).unwrap();
    let value: serde_json::Value = serde_yaml::from_str(&channel(SPEC)).unwrap();
    assert!(validator.is_valid(&value), "an editor takes it");
}

#[test]
fn a_survey_names_what_fields_ask_for() {
    let text = channel(SPEC).replace("ñ-${USER}", "${SMTP_PASSWORD}");
    let named: Vec<_> = survey(&text).variables.into_iter().map(|one| one.name).collect();
    assert_eq!(named, ["USER", "DOMAIN", "REPLY_TO", "HOST", "PORT", "TLS"], "and no secret");
}

#[test]
fn what_cannot_be_filled_in_is_told_where_it_stands() {
    let refusal = |from: &str, to: &str| {
        let text = channel(SPEC).replacen(from, to, 1);
        with(&text, &[("USER", "ana"), ("HOST", "h.example")]).unwrap_err().to_string()
    };
    assert_snapshot!(refusal("ñ-${USER}", "ñ-${NOBODY}"), @"
    error: the variable `NOBODY` is not set
      --> campaign.yaml:13:18
       |
    13 |     username: 'ñ-${NOBODY}'
       |                  ^^^^^^^^^ set it, or write `${NOBODY:-default}`
    ");
    assert_snapshot!(refusal("${HOST}", "${HOST"), @"
    error: this `${` is not closed
      --> campaign.yaml:10:11
       |
    10 |     host: ${HOST   # the server
       |           ^^ write `${NAME}`, or `$${` for the text itself
    ");
    assert_snapshot!(refusal("${HOST}", "\"${SMTP-HOST}\""), @r#"
    error: this is not the name of an environment variable
      --> campaign.yaml:10:11
       |
    10 |     host: "${SMTP-HOST}"   # the server
       |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       = help: write `${NAME}` or `${NAME:-default}`, or `$${` for the text itself
    "#);
    assert_snapshot!(refusal("ñ-${USER}", "${SMTP_PASSWORD}"), @"
    error: `SMTP_PASSWORD` would be kept in plain
      --> campaign.yaml:13:16
       |
    13 |     username: '${SMTP_PASSWORD}'
       |                ^^^^^^^^^^^^^^^^ a secret stands under `password`, as `{ env: NAME }`
    ");
    assert_snapshot!(refusal("{ env: SMTP_PASSWORD }", "${SMTP_PASSWORD}"), @"
    error: a password is never written in a manifest
      --> campaign.yaml:14:5
       |
    14 |     password: ****************
       |     ^^^^^^^^
       = help: write `password: { env: SMTP_PASSWORD }`, or `{ file: path }`
    ");
    assert_snapshot!(refusal("host: ${HOST}", "host: &h ${HOST}\n    ca_file: *h"), @"
    error: `${…}` stands in one line, and is not repeated
      --> campaign.yaml:10:5
       |
    10 |     host: &h ${HOST}
       |     ^^^^
       = help: write the value out on the line of its key, without `&` and `*`

    error: `${…}` stands in one line, and is not repeated
      --> campaign.yaml:11:5
       |
    11 |     ca_file: *h   # the server
       |     ^^^^^^^
       = help: write the value out on the line of its key, without `&` and `*`
    ");
    assert_snapshot!(refusal("${PORT:-2525}", "${PORT:-high}"), @"
    error: `high` is not allowed here
      --> campaign.yaml:11:11
       |
    11 |     port: ${PORT:-high}
       |           ^^^^^^^^^^^^^ write a whole number from 1 to 65535
    ");
}

#[test]
fn no_value_breaks_out_of_its_place() {
    let text = channel("  kind: smtp\n  smtp:\n    host: h.example\n    ca_file: ${X}\n");
    for value in
        ["a\", tls: none, x: \"", "a # b", "*x", "'", "\\n", "{a: b}", "- a", "null", "é😀"]
    {
        let documents = with(&text, &[("X", value)]).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(json(&documents)["smtp"]["ca_file"], value);
    }
    for value in ["a\nb", "a\0", "\u{1b}", ""] {
        assert!(with(&text, &[("X", value)]).is_err(), "{value:?}");
    }
}

#[test]
fn a_text_that_looks_like_a_variable_is_exported_as_the_text_it_is() {
    let text = "apiVersion: frontier/v1\nkind: Channel\nmetadata: { name: a }\nspec:\n  kind: outbox\n  \
                reply_to: $${x}$$${y@shop.example\n";
    let documents = read(text).unwrap_or_else(|problems| panic!("{problems}"));
    let Spec::Channel(channel) = &documents[0].spec else { panic!("{documents:?}") };
    assert_eq!(channel.reply_to.as_deref(), Some("${x}$${y@shop.example"));
    let written = write(&documents, WriteOptions::default()).unwrap().manifest;
    assert!(written.contains("$${x}$$${y@"), "{written}");
    assert_eq!(read(&written).unwrap_or_else(|problems| panic!("{problems}")), documents);
}
