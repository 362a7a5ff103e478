//! The traps of YAML: what is read as it was meant, and what is refused, where, and with what to
//! do.

use super::*;
use crate::core::kernel::Labels;

/// A list whose spec is `spec`, which begins in line 5.
fn list(spec: &str) -> String {
    format!("apiVersion: frontier/v1\nkind: List\nmetadata: {{ name: a }}\nspec:\n{spec}")
}

/// The labels of a list that are written as `labels`.
fn labels(labels: &str) -> Labels {
    let text = format!(
        "apiVersion: frontier/v1\nkind: List\nmetadata:\n  name: a\n  labels:\n{labels}\nspec: {{}}\n"
    );
    let documents = read(&text).unwrap_or_else(|problems| panic!("{problems}"));
    documents[0].labels.clone()
}

/// What is said first of a text that is wrong: `line:column message; help`.
#[track_caller]
fn told(text: &str) -> String {
    let problems = read(text).expect_err("the manifest is wrong").problems;
    let first = &problems[0];
    let help = first.help.as_deref().expect("it says what to do");
    format!("{}:{} {}; {help}", first.line, first.column, first.message)
}

macro_rules! traps {
    ($($name:ident: $text:expr => $told:literal;)*) => {$(
        #[test]
        fn $name() {
            assert_eq!(told(&$text), $told);
        }
    )*};
}

traps! {
    a_key_twice: list("  description: a\n  description: b\n") =>
        "6:3 the key `description` is written twice; the first is at 5:3";
    a_tab: list("\tdescription: a\n") =>
        "5:1 a tab indents this line; YAML is indented with spaces only";
    a_tab_after_spaces: list("  description: a\n \tx: b\n") =>
        "6:2 a tab indents this line; YAML is indented with spaces only";
    a_tab_after_a_colon: list("  description:\tx\n") =>
        "5:16 the colon is followed by a tab; put a space between a key's colon and its value";
    a_merge_key: campaign("  type: email\n  settings: { a: &a { b: 1 }, c: { <<: *a } }\n") =>
        "6:36 merge keys (`<<`) are not read in manifests; write the keys out";
    a_merge_key_among_known_keys: list("  <<: { description: a }\n") =>
        "5:3 unknown key `<<` in List.spec; merge keys are not read; write the keys out";
    an_alias_of_nothing: list("  description: *a\n") =>
        "5:16 this alias repeats what is not there; write `&name` before what `*name` repeats; \
         quote a text that begins with `*`";
    a_word_for_a_number: campaign("  type: email\n  goals: [{ metric: clicks, target: yes }]\n") =>
        "6:37 `yes` is not allowed here; write a whole number from 1 to 9223372036854775807";
    a_leading_zero: campaign("  type: email\n  goals: [{ metric: clicks, target: 010 }]\n") =>
        "6:37 `010` is not allowed here; write a whole number from 1 to 9223372036854775807";
    an_octal_number: campaign("  type: email\n  goals: [{ metric: clicks, target: 0o10 }]\n") =>
        "6:37 `0o10` is not allowed here; write a whole number from 1 to 9223372036854775807";
    a_real_number: campaign("  type: email\n  goals: [{ metric: clicks, target: 1e3 }]\n") =>
        "6:37 `1e3` is not allowed here; write a whole number from 1 to 9223372036854775807";
    a_time_of_day: campaign("  type: email\n  goals: [{ metric: clicks, target: 12:30:00 }]\n") =>
        "6:37 `12:30:00` is not allowed here; write a whole number from 1 to 9223372036854775807";
    a_setting_without_an_end: campaign("  type: email\n  settings: { a: -.inf }\n") =>
        "6:18 `-.inf` is no number in JSON; write a finite one";
    a_setting_with_a_leading_zero: campaign("  type: email\n  settings: { a: 010 }\n") =>
        "6:18 `010` is a text to some readers of YAML and a number to others; write the number \
         without zeros in front, or quote the text";
    a_date_as_a_person_writes_it: campaign("  type: email\n  start_date: 1/3/2026\n") =>
        "6:15 `1/3/2026` is not a date; write year, month and day, as 2026-03-01";
    a_date_with_a_time: campaign("  type: email\n  start_date: 2026-03-01T00:00:00Z\n") =>
        "6:15 `2026-03-01T00:00:00Z` is not a date; write year, month and day, as 2026-03-01";
    a_tag: list("  description: !!binary aGk=\n") =>
        "5:16 YAML tags (`!…`) are not read in manifests; remove the tag; quote the value if it \
         must be text";
    a_tag_of_ones_own: list("  description: !custom x\n") =>
        "5:16 YAML tags (`!…`) are not read in manifests; remove the tag; quote the value if it \
         must be text";
    a_tag_at_a_mapping: "!doc\nkind: List\n" =>
        "1:1 YAML tags (`!…`) are not read in manifests; remove the tag; quote the value if it \
         must be text";
    a_directive: format!("%YAML 1.1\n---\n{}", list("  {}")) =>
        "1:1 YAML directives (`%…`) are not read in manifests; remove the line";
    a_directive_between: format!("{}...\n# c\n%TAG ! x\n---\na: b", list("  {}\n")) =>
        "8:1 YAML directives (`%…`) are not read in manifests; remove the line";
    a_document_without_a_line: format!("{}...\nkind: List\n", list("  {}\n")) =>
        "7:1 this document begins without a line `---`; write `---` on a line of its own before";
    comments_only: "# nothing\n\n# here\n" =>
        "1:1 there is no document in this file; start one with `apiVersion: frontier/v1`";
    empty_documents_only: "---\n---\n...\n" =>
        "1:1 there is no document in this file; start one with `apiVersion: frontier/v1`";
    a_nul_in_quotes: list("  description: \"a\0b\"\n") =>
        "5:18 a NUL character (U+0000) is in this line; remove it; is the file saved as UTF-8?";
    a_nul_at_the_end: list("  {}\n\0kind: List\n") =>
        "6:1 a NUL character (U+0000) is in this line; remove it; is the file saved as UTF-8?";
    an_escaped_nul: list("  description: \"a\\0b\"\n") =>
        "5:16 the text contains a NUL character; remove it";
    a_control_character: list("  description: a\u{7}b\n") =>
        "5:17 a control character (U+0007) is in this line; remove it, or write it escaped in \
         double quotes";
    a_mark_within: list("  description: a\u{feff}b\n") =>
        "5:17 a byte order mark (U+FEFF) is in this line; remove it; it stands at most at the start";
    a_complex_key: list("  ? [a, b]\n  : c\n") =>
        "5:5 a key must be a word, not a list or a mapping; write the key as a single word";
    a_key_that_is_no_word: list("  1: c\n") =>
        "5:3 unknown key `1` in List.spec; allowed here: description, optin";
    a_quote_that_does_not_end: list("  description: \"a\n  x: b\n") =>
        "5:16 this quoted text does not end where its line does; close the quote, or indent the \
         lines that go on";
    a_quote_that_does_not_end_anywhere: "kind: 'List" =>
        "1:7 this quoted text does not end; close it with the quote it began with";
    a_quote_within_quotes: list("  description: 'it's'\n") =>
        "5:20 there is more after the closing quote; quote the whole text; a quote inside single \
         quotes is written twice: 'it''s'";
    a_backslash: list("  description: \"C:\\q\"\n") =>
        "5:16 this text holds a backslash that means nothing; write `\\\\`, or use single quotes, in \
         which a backslash is itself";
    a_colon_in_a_text: list("  description: Spring: now\n") =>
        "5:22 a `:` does not belong here; quote the text if the colon is part of it; a key begins \
         its own line";
    a_colon_without_a_space: "apiVersion:frontier/v1\nkind: List\n" =>
        "1:11 no space follows this colon; write `key: value`, or quote the text";
    a_bracket_that_does_not_close: campaign("  type: email\n  target_audience: { lists: [a }\n") =>
        "6:32 expected `,` or the closing bracket here; close the `[` or `{`, put a comma between \
         items, or quote a text with brackets";
    a_bracket_that_closes_nothing: list("  description: ]\n") =>
        "5:16 this bracket closes nothing; remove it, or quote the text";
    a_line_between_two_indentations: list("    description: a\n  x: b\n") =>
        "6:3 this line is indented neither as the keys above nor as what is under them; give the \
         keys of one mapping the same number of spaces";
    a_line_without_a_colon: list("  description: |\n    a\n  b\n\n") =>
        "7:3 this line is no `key: value`; write a colon and a space after the key, or indent a \
         text that goes on";
    a_text_that_begins_with_an_at: list("  description: @a\n") =>
        "5:16 a text cannot begin with this character; put quotes around the text";
    braces_without_quotes: list("  description: {{ contact.name }}\n") =>
        "5:16 expected text in List.spec.description, found a mapping; put quotes around a text that \
         begins with `{`";
}

#[test]
fn words_numbers_and_dates_are_the_texts_they_are_written_as() {
    let odd = [
        "no",
        "yes",
        "on",
        "off",
        "y",
        "True",
        "010",
        "0o10",
        "0x1F",
        "1e3",
        "1_000",
        "12:30:00",
        ".inf",
        "2026-03-01",
        "+5",
        "1.50",
        "-0",
        "=",
        "%a",
        "a\tb",
    ];
    for word in odd {
        let plain = if word == "%a" { "'%a'" } else { word };
        let written = labels(&format!("    a: {plain}\n    {plain}: b"));
        assert_eq!(written["a"], word);
        assert_eq!(written[word], "b", "{word}");
    }
    for name in ["no", "010", "1e3", "2026-03-01"] {
        let text = list("  {}\n").replace("name: a", &format!("name: {name}"));
        assert_eq!(read(&text).unwrap()[0].name, name);
    }
}

#[test]
fn settings_hold_what_yaml_1_2_reads() {
    let text = campaign(
        "  type: email\n  settings: { a: no, b: true, c: 0x10, d: 1e3, e: 2026-03-01, 1: x, ~: y }\n",
    );
    let documents = read(&text).unwrap_or_else(|problems| panic!("{problems}"));
    let Spec::Campaign(spec) = &documents[0].spec else { panic!("a campaign") };
    let settings = serde_json::Value::from(spec.settings.clone());
    let expected = serde_json::json!({
        "a": "no", "b": true, "c": 16, "d": 1000.0, "e": "2026-03-01", "1": "x", "~": "y",
    });
    assert_eq!(settings, expected);
}

#[test]
fn line_ends_marks_and_document_ends_of_every_sort_are_read() {
    let one = list("  description: a\n");
    let two = one.replace("name: a", "name: b");
    for (number, text) in [
        format!("\u{feff}{one}---\n{two}"),
        format!("{one}---\n{two}").replace('\n', "\r\n"),
        format!("{one}---\n{two}").replace('\n', "\r"),
        format!("# c\n---\n{one}...\n---\n{two}...\n"),
        format!("{one}...\n# c\n\n---\n---\n{two}---\n# c\n"),
    ]
    .iter()
    .enumerate()
    {
        let documents = read(text).unwrap_or_else(|problems| panic!("{number}: {problems}"));
        assert_eq!(documents.len(), 2, "{number}");
    }
}

#[test]
fn a_long_text_is_read_and_a_deep_one_refused() {
    let long = "x".repeat(900_000);
    let documents = read(&list(&format!("  description: {long}\n"))).unwrap();
    assert_eq!(
        documents[0].spec,
        Spec::List(ListSpec { description: Some(long), ..ListSpec::default() })
    );
    let deep =
        format!("  type: email\n  settings: {{ a: {}{} }}\n", "[".repeat(40), "]".repeat(40));
    assert_eq!(told(&campaign(&deep)), "6:47 nested too deeply; at most 32 levels are read");
}

#[test]
fn a_zero_is_a_number_where_one_may_stand() {
    let channel = |growth: &str, day: &str| {
        format!(
            "apiVersion: frontier/v1\nkind: Channel\nmetadata: {{ name: a }}\nspec:\n  kind: outbox\n  \
             limits:\n    warm_up:\n      starts: 2026-12-01\n      first_day: {day}\n      \
             daily_growth: {growth}\n"
        )
    };
    read(&channel("0", "200")).unwrap_or_else(|problems| panic!("{problems}"));
    assert!(told(&channel("00", "200")).starts_with("10:21 `00` is not allowed here; "));
    assert!(told(&channel("0", "0")).starts_with("9:18 `0` is out of range; "));
}
