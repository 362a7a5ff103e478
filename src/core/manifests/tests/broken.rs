//! Manifests that are wrong: each slip is told where it is and how to put it right.

use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;

fn refusal(text: &str) -> String {
    read(text).expect_err("the manifest is wrong").to_string()
}

/// What is said of the good manifest after one replacement.
fn slip(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    refusal(&GOOD.replacen(from, to, 1))
}

#[test]
fn slip_unknown_key() {
    assert_snapshot!(slip("subject: \"Last", "subjcet: \"Last"), @r#"
    error: unknown key `subjcet` in Campaign.spec.messages[1]
      --> campaign.yaml:55:7
       |
    55 |       subjcet: "Last days"
       |       ^^^^^^^ did you mean `subject`?
    "#);
    assert_snapshot!(slip("port: 587", "colour: 587"), @"
    error: unknown key `colour` in Channel.spec.smtp
      --> campaign.yaml:17:5
       |
    17 |     colour: 587
       |     ^^^^^^
       = help: allowed here: host, port, tls, username, password, connections, timeout_seconds, ca_file
    ");
}

#[test]
fn slip_missing_key() {
    assert_snapshot!(slip("    host: smtp.casaverde.example\n", ""), @"
    error: missing key `host` in Channel.spec.smtp
      --> campaign.yaml:15:3
       |
    15 |   smtp:
       |   ^^^^ add `host: …`
    ");
    assert_snapshot!(refusal("apiVersion: frontier/v1\nkind: List\n"), @"
    error: missing key `metadata` in List
     --> campaign.yaml:1:1
      |
    1 | apiVersion: frontier/v1
      | ^ add `metadata: …`

    error: missing key `spec` in List
     --> campaign.yaml:1:1
      |
    1 | apiVersion: frontier/v1
      | ^ add `spec: …`
    ");
}

#[test]
fn slip_wrong_type() {
    assert_snapshot!(slip("reply_to: ayuda@casaverde.example", "reply_to: [a]"), @"
    error: expected text in Channel.spec.reply_to, found a list
      --> campaign.yaml:13:13
       |
    13 |   reply_to: [a]
       |             ^ put quotes around a text that begins with `[`
    ");
    assert_snapshot!(slip("port: 587", "port: \"587\""), @r#"
    error: `587` in quotes is a text
      --> campaign.yaml:17:11
       |
    17 |     port: "587"
       |           ^^^^^ remove the quotes
    "#);
    assert_snapshot!(slip("connections: 16", "connections: 010"), @"
    error: `010` is not allowed here
      --> campaign.yaml:21:18
       |
    21 |     connections: 010
       |                  ^^^ write a whole number from 1 to 64
    ");
    assert_snapshot!(slip("connections: 16", "connections: 65"), @"
    error: `65` is out of range
      --> campaign.yaml:21:18
       |
    21 |     connections: 65
       |                  ^^ write a whole number from 1 to 64
    ");
    assert_snapshot!(slip("reply_to: ayuda@casaverde.example", "from: { email: ~ }"), @"
    error: the key `from` is written twice
      --> campaign.yaml:13:3
       |
    13 |   from: { email: ~ }
       |   ^^^^ the first is at 12:3

    error: expected text in Channel.spec.from.email, found nothing
      --> campaign.yaml:13:11
       |
    13 |   from: { email: ~ }
       |           ^^^^^
    ");
    assert_snapshot!(
        refusal("apiVersion: frontier/v1\nkind: Template\nmetadata: { name: a }\nspec: [1]\n"),
        @"
    error: expected a mapping in Template.spec, found a list
     --> campaign.yaml:4:7
      |
    4 | spec: [1]
      |       ^
    "
    );
    assert_snapshot!(refusal("- a"), @"
    error: expected a mapping in this document, found a list
     --> campaign.yaml:1:1
      |
    1 | - a
      | ^
    ");
}

#[test]
fn slip_wrong_word() {
    assert_snapshot!(slip("kind: List", "kind: Lits"), @"
    error: `Lits` is not allowed in kind
     --> campaign.yaml:3:7
      |
    3 | kind: Lits
      |       ^^^^ did you mean `List`?
    ");
    assert_snapshot!(slip("format: mjml", "format: docx"), @"
    error: `docx` is not allowed in Template.spec.format
      --> campaign.yaml:28:11
       |
    28 |   format: docx
       |           ^^^^ allowed here: markdown, html, mjml
    ");
    assert_snapshot!(slip("frontier/v1", "frontier/v2"), @"
    error: `frontier/v2` is not allowed in List.apiVersion
     --> campaign.yaml:2:13
      |
    2 | apiVersion: frontier/v2
      |             ^^^^^^^^^^^ did you mean `frontier/v1`?
    ");
}

#[test]
fn slip_bad_reference() {
    assert_snapshot!(slip("template: offer", "template: ofer"), @r#"
    error: there is no Template `ofer`
      --> campaign.yaml:53:84
       |
    53 | …, preheader: "Hoy", template: ofer }
       |                                ^^^^ did you mean `offer`?
    "#);
    assert_snapshot!(slip("channel: mail", "channel: sms"), @"
    error: there is no Channel `sms`
      --> campaign.yaml:44:12
       |
    44 |   channel: sms
       |            ^^^ add a document of kind Channel with this name
    ");
}

#[test]
fn slip_written_twice() {
    assert_snapshot!(slip("    port: 587", "    host: b\n    port: 587"), @"
    error: the key `host` is written twice
      --> campaign.yaml:17:5
       |
    17 |     host: b
       |     ^^^^ the first is at 16:5
    ");
    assert_snapshot!(slip("name: offer", "name: frame"), @r#"
    error: there are two documents Template `frame`
      --> campaign.yaml:36:19
       |
    36 | metadata: { name: frame }
       |                   ^^^^^ the first is at campaign.yaml:26:19

    error: these layouts go in a circle, or too deep
      --> campaign.yaml:37:35
       |
    37 | spec: { format: markdown, layout: frame, body_file: templates/offer.md }
       |                                   ^^^^^ at most 8 templates around a template

    error: there is no Template `offer`
      --> campaign.yaml:53:84
       |
    53 | …, preheader: "Hoy", template: offer }
       |                                ^^^^^ add a document of kind Template with this name
    "#);
    assert_snapshot!(slip("name: reminder", "name: launch"), @"
    error: the message `launch` is named twice
      --> campaign.yaml:54:13
       |
    54 |     - name: launch
       |             ^^^^^^ the first is at 53:15
    ");
}

#[test]
fn the_same_name_in_two_files() {
    let list = "apiVersion: frontier/v1\nkind: List\nmetadata: { name: a }\nspec: {}\n";
    let file =
        |path: &str| SourceFile { path: path.into(), text: list.into(), ..SourceFile::default() };
    let problems = parse(&[file("a.yaml"), file("b.yaml")], &BTreeSet::new()).unwrap_err();
    assert_snapshot!(problems, @"
    error: there are two documents List `a`
     --> b.yaml:3:19
      |
    3 | metadata: { name: a }
      |                   ^ the first is at a.yaml:3:19
    ");
}

#[test]
fn slip_yaml() {
    assert_snapshot!(slip("  channel: mail", "\tchannel: mail"), @"
    error: a tab indents this line
      --> campaign.yaml:44:1
       |
    44 |  channel: mail
       | ^ YAML is indented with spaces only
    ");
    assert_snapshot!(slip("[spring-customers]", "[spring-customers"), @"
    error: expected `,` or the closing bracket here
      --> campaign.yaml:45:47
       |
    45 |   target_audience: { lists: [spring-customers }
       |                                               ^
       = help: close the `[` or `{`, put a comma between items, or quote a text with brackets
    ");
    assert_snapshot!(refusal(""), @"
    error: there is no document in this file
     --> campaign.yaml:1:1
      = help: start one with `apiVersion: frontier/v1`
    ");
    assert_snapshot!(slip("kind: smtp\n", "kind: smtp\n  <<: { a: b }\n"), @"
    error: unknown key `<<` in Channel.spec
      --> campaign.yaml:12:3
       |
    12 |   <<: { a: b }
       |   ^^ merge keys are not read; write the keys out
    ");
}

#[test]
fn slip_values() {
    assert_snapshot!(slip("2026-03-01", "2026-02-30"), @"
    error: `2026-02-30` is not a date
      --> campaign.yaml:47:15
       |
    47 |   start_date: 2026-02-30
       |               ^^^^^^^^^^ write year, month and day, as 2026-03-01
    ");
    assert_snapshot!(slip("2026-03-31", "2025-03-31"), @"
    error: the campaign ends before it starts, on 2026-03-01
      --> campaign.yaml:48:13
       |
    48 |   end_date: 2025-03-31
       |             ^^^^^^^^^^ write a later date
    ");
    assert_snapshot!(slip("Europe/Madrid", "Europe/Madird"), @"
    error: `Europe/Madird` is not a timezone
      --> campaign.yaml:49:13
       |
    49 |   timezone: Europe/Madird
       |             ^^^^^^^^^^^^^ did you mean `Europe/Madrid`?
    ");
    assert_snapshot!(slip("1200.00", "1.200,00"), @r#"
    error: `1.200,00` is not an amount of EUR; write it as 1250.00
      --> campaign.yaml:46:21
       |
    46 |   budget: { amount: "1.200,00", currency: EUR }
       |                     ^^^^^^^^^^
    "#);
    assert_snapshot!(slip("name: spring-customers", "name: spring/customers"), @"
    error: the name `spring/customers` has '/'; use letters, digits, `-`, `_`, `.` and spaces between them
     --> campaign.yaml:4:19
      |
    4 | metadata: { name: spring/customers, labels: { season: spring } }
      |                   ^^^^^^^^^^^^^^^^
    ");
    assert_snapshot!(slip("hola@casaverde.example", "hola@casaverde"), @r#"
    error: `hola@casaverde` is not an email address
      --> campaign.yaml:12:38
       |
    12 |   from: { name: "Casa Verde", email: hola@casaverde }
       |                                      ^^^^^^^^^^^^^^ write it as ana@casaverde.example
    "#);
    assert_snapshot!(slip("retries: 3", "retries: 99999999999999999999"), @"
    error: JSON number out of range
      --> campaign.yaml:51:47
       |
    51 |   settings: { utm: { source: mail }, retries: 99999999999999999999 }
       |                                               ^^^^^^^^^^^^^^^^^^^^
    ");
    assert_snapshot!(slip("retries: 3", "retries: .nan"), @"
    error: `.nan` is no number in JSON
      --> campaign.yaml:51:47
       |
    51 |   settings: { utm: { source: mail }, retries: .nan }
       |                                               ^^^^ write a finite one
    ");
}

#[test]
fn slip_bodies() {
    assert_snapshot!(slip("format: markdown\n", "format: markdown\n      template: offer\n"), @"
    error: Campaign.spec.messages[1] has both `body` and `template`
      --> campaign.yaml:58:7
       |
    58 |       template: offer
       |       ^^^^^^^^ keep exactly one of `template`, `body`, `body_file`
    ");
    assert_snapshot!(slip("      body: \"Hello {{ contact.name }}\"\n", ""), @"
    error: Campaign.spec.messages[1] has none of `template`, `body`, `body_file`
      --> campaign.yaml:54:7
       |
    54 |     - name: reminder
       |       ^ write exactly one of them
    ");
    assert_snapshot!(slip("templates/offer.md", "../offer.md"), @"
    error: `../offer.md` is not a path inside the manifest's folder
      --> campaign.yaml:37:53
       |
    37 | spec: { format: markdown, layout: frame, body_file: ../offer.md }
       |                                                     ^^^^^^^^^^^ `..` may not leave the folder; move the file into it
    ");
    assert_snapshot!(slip("templates/offer.md", "templates/ofer.md"), @"
    error: the file `templates/ofer.md` is not there
      --> campaign.yaml:37:53
       |
    37 | spec: { format: markdown, layout: frame, body_file: templates/ofer.md }
       |                                                     ^^^^^^^^^^^^^^^^^ write its path relative to this manifest
    ");
}

#[test]
fn slip_channel() {
    assert_snapshot!(slip("kind: smtp", "kind: outbox"), @"
    error: `smtp` in a channel of kind `outbox`
      --> campaign.yaml:15:3
       |
    15 |   smtp:
       |   ^^^^ write `kind: smtp`, or remove this key
    ");
    assert_snapshot!(slip("    username: hola\n", ""), @"
    error: `password` without `username`
      --> campaign.yaml:19:5
       |
    19 |     password: { env: SMTP_PASSWORD }
       |     ^^^^^^^^ write both or neither
    ");
    assert_snapshot!(slip("unsubscribe: {", "unsubscribe: {} #"), @r#"
    error: `unsubscribe` leads nowhere
      --> campaign.yaml:14:3
       |
    14 |   unsubscribe: {} # url: "https://casaverde.example/baja", email: baja@casaverde.example }
       |   ^^^^^^^^^^^ write a `url`, an `email`, or both
    "#);
}

#[test]
fn layouts_do_not_go_in_circles() {
    let text = GOOD.replace("format: mjml", "format: mjml\n  layout: offer");
    assert_snapshot!(refusal(&text), @"
    error: these layouts go in a circle, or too deep
      --> campaign.yaml:29:11
       |
    29 |   layout: offer
       |           ^^^^^ at most 8 templates around a template

    error: these layouts go in a circle, or too deep
      --> campaign.yaml:38:35
       |
    38 | spec: { format: markdown, layout: frame, body_file: templates/offer.md }
       |                                   ^^^^^ at most 8 templates around a template
    ");
}

#[test]
fn a_password_is_refused_and_not_repeated() {
    let plain = slip("password: { env: SMTP_PASSWORD }", "password: hunter2");
    assert_snapshot!(plain, @"
    error: a password is never written in a manifest
      --> campaign.yaml:20:5
       |
    20 |     password: *******
       |     ^^^^^^^^
       = help: write `password: { env: SMTP_PASSWORD }`, or `{ file: path }`
    ");
    for wrong in [
        "password: { env: hunter2! }",
        "password: { value: hunter2 }",
        "password: [hunter2]",
        "password: |\n      hunter2",
        "password:\n      hunter2",
        "password: \"hunter2\n\n      hunter2\"",
        "pasword: hunter2",
        "password: { env: 'hunter2!', x: y }",
        "password: hunter2\n    password: hunter2",
        "password: hunter2: [",
        "smtp_secret: hunter2",
    ] {
        let shown = slip("password: { env: SMTP_PASSWORD }", wrong);
        assert!(!shown.contains("hunter2"), "{wrong}:\n{shown}");
    }
}

/// Breaks each line of the good manifest in every way of a short list.
fn mutations() -> Vec<String> {
    let lines: Vec<&str> = GOOD.lines().collect();
    let with = |index: usize, line: Option<String>| {
        let mut lines: Vec<String> = lines.iter().map(|&line| line.to_owned()).collect();
        match line {
            Some(line) => lines[index] = line,
            None => drop(lines.remove(index)),
        }
        lines.join("\n")
    };
    let mut mutations = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        mutations.push(with(index, None));
        mutations.push(with(index, Some(format!("{line}\n{line}"))));
        mutations.push(with(index, Some(format!("\t{line}"))));
        mutations.push(with(index, Some(format!(" {line}"))));
        if let Some((key, value)) = line.split_once(": ") {
            mutations.push(with(index, Some(format!("{key}x: {value}"))));
            for other in [
                "", "~", "[]", "{}", "true", "-1", "1.5", "[[1]]", "{ a: 1 }", "\"\\0\"", "*x",
                "!t 1", "|", "'",
            ] {
                mutations.push(with(index, Some(format!("{key}: {other}"))));
            }
        }
        for (at, _) in line.match_indices([':', '{', '}', '[', ']', '"', ',']) {
            mutations.push(with(index, Some(format!("{}{}", &line[..at], &line[at + 1..]))));
        }
    }
    for end in (0..GOOD.len()).filter(|&end| GOOD.is_char_boundary(end)).step_by(7) {
        mutations.push(GOOD[..end].to_owned());
    }
    mutations
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "[ -~\n\t\r\u{feff}é]{0,80}|([a&*!:|>{}\\[\\],'\"# \n-]{0,40})") {
        if let Err(problems) = read(&text) {
            prop_assert!(!problems.problems.is_empty());
        }
        referenced_files(&text);
    }
}

#[test]
fn however_it_is_broken_a_refusal_says_where() {
    let (mut refused, mut accepted) = (0, 0);
    for text in mutations() {
        match read(&text) {
            // What is accepted means what it says: it survives being written.
            Ok(documents) => {
                accepted += 1;
                assert!(write(&documents, WriteOptions::default()).is_ok(), "{text}");
            }
            Err(Problems { problems, .. }) => {
                refused += 1;
                assert!(!problems.is_empty(), "{text}");
                let lines = text.split('\n').count();
                for problem in problems {
                    // The end of the text is a place too: one line after the last.
                    assert!((1..=lines + 1).contains(&problem.line), "{problem}\n\n{text}");
                    assert!(problem.column >= 1, "{problem}");
                    assert_eq!(problem.file, "campaign.yaml");
                    // What the types alone refuse is described in their words, not in ours.
                    let typed =
                        ["see the keys", "invalid type", "invalid value", "missing field", "told"];
                    let missed = typed.iter().any(|words| problem.message.contains(words));
                    assert!(!missed, "{problem}\n\n{text}");
                }
            }
        }
    }
    assert!(refused > 700 && accepted > 20, "{refused} refused, {accepted} accepted");
}
