//! What the language takes, and what it says of everything else.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;

use super::language::{Function, MAX_BYTES};
use super::*;
use crate::core::contacts::{AttributeType, AttributeTypes};
use crate::core::kernel::Timestamp;
use crate::storage::sql::{Dialect, params};

fn known() -> AttributeTypes {
    BTreeMap::from([
        ("country".to_owned(), AttributeType::Text),
        ("plan".to_owned(), AttributeType::Text),
        ("visits".to_owned(), AttributeType::Number),
        ("vip".to_owned(), AttributeType::Boolean),
        ("renews".to_owned(), AttributeType::Date),
        ("interests".to_owned(), AttributeType::List),
    ])
}

fn refusal(text: &str) -> String {
    parse(text, &known()).expect_err(text).to_string()
}

/// The SQL of SQLite with its parameters.
fn sql(text: &str) -> (String, Vec<crate::storage::sql::Value>) {
    let condition = parse(text, &known()).unwrap_or_else(|error| panic!("{error}")).condition;
    let mut values = params!["workspace"];
    let now = Timestamp::from_millis(1_000_000_000_000);
    let sql = compile(&condition, Dialect::Sqlite, now, &mut values);
    (sql.split_whitespace().collect::<Vec<_>>().join(" "), values)
}

#[test]
fn the_example_of_the_issue_is_read() {
    let text = "country = 'ES' and attributes.plan in ('pro','team') and opened_within('30d')
                and not tagged('churned')";
    let (sql, values) = sql(text);
    for written in ["ES", "pro", "team", "churned", "country"] {
        assert!(!sql.contains(written), "{written} is a parameter: {sql}");
    }
    assert!(values.contains(&"churned".into()), "{values:?}");
    insta::assert_snapshot!(sql, @"(((instr(c.attributes, ?2) > 0) AND json_extract(c.attributes, ?3) IN (?4) AND json_type(c.attributes, ?3) = 'text') AND ((instr(c.attributes, ?5) > 0 OR instr(c.attributes, ?6) > 0) AND json_extract(c.attributes, ?7) IN (?8, ?9) AND json_type(c.attributes, ?7) = 'text') AND c.id IN (SELECT x.contact_id FROM contact_activity x WHERE x.workspace_id = ?1 AND x.activity = ?10 AND x.last_at >= ?11) AND NOT EXISTS (SELECT 1 AS one FROM contact_tags x WHERE x.contact_id = c.id AND x.tag = ?12))");
}

#[test]
fn everything_of_the_language_is_read() {
    for text in [
        "email = 'Ana@Example.com'",
        "'ES' = country",
        "EMAIL like '%@example.com' AND NOT (vip OR disposable)",
        "visits >= -1.5 and visits <> 3 and visits not between 1 and 2",
        "created_at >= now() - '30d' and updated_at < '2026-03-01T09:00:00+01:00'",
        "created_at between '2026-01-01' and now() + '1h'",
        "renews <= now() + '7d' or renews = '2026-03-01' or within(renews, '2w')",
        "attributes.\"order\" is not null and attributes.group is null",
        "attributes.new_one > 5 and attributes.other = true",
        "contains(interests, 'tea') and contains(attributes.unseen, 'té')",
        "opened() or clicked('Spring') or received_within('12h', 'Spring') or bounced()",
        "on_list('newsletter') and not in_segment('pros') and consented('newsletter')",
        "language in ('ES', 'pt-br') and timezone = 'europe/madrid'",
        "name is null and notes like '%\\%%' and domain = 'CAFÉ.example'",
        "created_at in ('2026-01-01', '2026-01-02')",
        "country\n=\n'ES'",
    ] {
        parse(text, &known()).unwrap_or_else(|error| panic!("{text}\n{error}"));
    }
}

#[test]
fn an_error_shows_its_place_and_what_to_do() {
    insta::assert_snapshot!(refusal("contry = 'ES'"), @"
    `contry` is no field, and no attribute that is known
    1 | contry = 'ES'
      | ^^^^^^ did you mean `country`?
    ");
    insta::assert_snapshot!(refusal("country = 'ES'\n  and pais = 'ES'"), @"
    `pais` is no field, and no attribute that is known
    2 |   and pais = 'ES'
      |       ^^^^
      = there are email, name, domain, language, timezone, notes, created_at, updated_at, role, disposable, country, interests, plan, renews, vip, visits; any attribute is attributes.KEY
    ");
    insta::assert_snapshot!(refusal("country = \"ES\""), @r#"
    expected a value
    1 | country = "ES"
      |           ^^^^ texts are in single quotes: 'ES'
    "#);
    insta::assert_snapshot!(refusal("country = ES"), @"
    expected a value
    1 | country = ES
      |           ^^ texts are in single quotes: 'ES'
    ");
    insta::assert_snapshot!(refusal("name = 'Núñez' and visits > '5'"), @"
    `attributes.visits` is a number and this is a text
    1 | name = 'Núñez' and visits > '5'
      |                             ^^^ write a number without quotes, as 5 or 1.5
    ");
    insta::assert_snapshot!(refusal("visits like '5%'"), @"
    `like` is for texts and `attributes.visits` is a number
    1 | visits like '5%'
      | ^^^^^^
    ");
    insta::assert_snapshot!(refusal("country = null"), @"
    nothing is equal to null
    1 | country = null
      |           ^^^^ write `is null` or `is not null`
    ");
    insta::assert_snapshot!(refusal("opend_within('30d')"), @"
    there is no function `opend_within`
    1 | opend_within('30d')
      | ^^^^^^^^^^^^ did you mean `opened_within`?
    ");
    insta::assert_snapshot!(refusal("opened_within(30)"), @"
    expected a text
    1 | opened_within(30)
      |               ^^ write it in single quotes, as 'Spring'
    ");
    insta::assert_snapshot!(refusal("opened_within('30 days')"), @"
    `30 days` is not a duration
    1 | opened_within('30 days')
      |               ^^^^^^^^^
      = write minutes, hours, days or weeks, as 90min, 12h, 30d or 2w
    ");
    insta::assert_snapshot!(refusal("country = 'ES' and"), @"
    expected an expression, found the end
    1 | country = 'ES' and
      |                   ^
    ");
    insta::assert_snapshot!(refusal("country = 'ES' plan = 'pro'"), @"
    `plan` was not expected here
    1 | country = 'ES' plan = 'pro'
      |                ^^^^ put and, or or an operator before it
    ");
    insta::assert_snapshot!(refusal("country = 'ES"), @"
    this text does not end
    1 | country = 'ES
      |           ^ close it with '
    ");
    insta::assert_snapshot!(refusal("(country = 'ES'"), @"
    expected ), found the end
    1 | (country = 'ES'
      |                ^
    ");
    insta::assert_snapshot!(refusal("country = 'ES'; drop table contacts"), @"
    `;` is not part of the language
    1 | country = 'ES'; drop table contacts
      |               ^ write one expression, and nothing after it
    ");
    insta::assert_snapshot!(refusal("email in (select email from contacts)"), @"
    `select` is not part of the language
    1 | email in (select email from contacts)
      |           ^^^^^^
      = there are comparisons, in, like, between, is null, and, or, not, and functions
    ");
    insta::assert_snapshot!(refusal("country == 'ES'"), @"
    `==` is not part of the language
    1 | country == 'ES'
      |         ^^ write `=`
    ");
    insta::assert_snapshot!(refusal("country"), @"
    `attributes.country` is a text, not a condition
    1 | country
      | ^^^^^^^ compare it with something
    ");
    insta::assert_snapshot!(refusal("created_at > 'yesterday'"), @"
    `yesterday` is not a time
    1 | created_at > 'yesterday'
      |              ^^^^^^^^^^^ write 2026-03-01 or 2026-03-01T09:00:00Z
    ");
    insta::assert_snapshot!(refusal("language = 'Español'"), @"
    `Español` is not a language
    1 | language = 'Español'
      |            ^^^^^^^^^ write its BCP 47 tag, as es or pt-BR
    ");
    insta::assert_snapshot!(refusal("attributes.email = 'a'"), @"
    `email` is a field, not an attribute
    1 | attributes.email = 'a'
      | ^^^^^^^^^^^^^^^^ write `email` alone
    ");
    insta::assert_snapshot!(refusal("attributes.Straße_1.x = 'a'"), @"
    expected a field, or attributes.KEY
    1 | attributes.Straße_1.x = 'a'
      | ^^^^^^^^^^^^^^^^^^^^^ write attributes.country
    ");
    insta::assert_snapshot!(refusal("interests = 'tea'"), @"
    `attributes.interests` is a list
    1 | interests = 'tea'
      | ^^^^^^^^^ write contains(attributes.interests, 'tea')
    ");
    insta::assert_snapshot!(refusal("   "), @"
    the expression is empty
    1 | 
      | ^ write a condition, as country = 'ES'
    ");
    insta::assert_snapshot!(refusal("country = 'ES' -- all"), @"
    comments are not part of the language
    1 | country = 'ES' -- all
      |                ^^^^^^ say it in the description of the segment
    ");
    insta::assert_snapshot!(refusal("visits + 1 = 2"), @"
    expected a field or an attribute
    1 | visits + 1 = 2
      | ^^^^^^ only fields and attributes are compared, with values
    ");
    insta::assert_snapshot!(refusal("country = plan"), @"
    expected a value
    1 | country = plan
      |           ^^^^ a field can be compared with a value, not with another field
    ");
}

#[test]
fn what_is_too_large_too_deep_or_too_dear_is_refused() {
    let many = |part: &str, count: usize, between: &str| vec![part; count].join(between);
    insta::assert_snapshot!(refusal(&"x".repeat(MAX_BYTES + 1)).lines().next().unwrap_or_default(), @"the expression is 10001 bytes, more than 10000");
    insta::assert_snapshot!(refusal(&format!("{}vip{}", "(".repeat(31), ")".repeat(31))), @"
    this is nested deeper than 30 levels
    1 | (((((((((((((((((((((((((((((((vip)))))))))))))))))))))))))))))))
      |                               ^ take parentheses away, or name a part with in_segment('…')
    ");
    insta::assert_snapshot!(refusal(&format!("{} vip", "not ".repeat(100))), @"
    `not` was not expected here
    1 | not not not not not not not not not not not not not not not not not not not not not not not not not not not not not not
      |                                                             ^^^ put and, or or an operator before it
    ");
    insta::assert_snapshot!(refusal(&many("vip", 501, " or ")), @"
    there are more than 500 conditions
    1 |  or vip or vip or vip or vip or vip or vip or vip or vip or vip or vip
      |                                                             ^^^ use in (…), or split it into segments
    ");
    insta::assert_snapshot!(refusal(&many("opened()", 21, " or ")), @"
    21 conditions look up behaviour, tags, lists, segments or consent, more than 20
    1 | opened() or opened() or opened() or opened() or opened() or opened() or opened() or opened() or opened() or opened() or
      | ^ each costs a search; use fewer
    ");
    insta::assert_snapshot!(refusal(&format!("visits in ({})", many("1", 1001, ","))), @"
    there are 1001 values, more than 1000
    1 | visits in (1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1
      | ^^^^^^ put the contacts on a list
    ");
    assert!(parse(&many("vip", 400, " or "), &known()).is_ok());
    assert!(parse(&format!("{}vip{}", "(".repeat(25), ")".repeat(25)), &known()).is_ok());
    for text in [
        many("-", 3000, " "),
        many("a = ", 2000, ""),
        many("a is null is", 900, " "),
        many("a.", 4000, ""),
        many("case", 2000, " "),
        many("a[", 2000, ""),
        many("not", 2000, " "),
        many("f(", 3000, ""),
        many("a between", 900, " "),
        many("in (", 2000, ""),
        format!("a {}", many("+ a", 2000, " ")),
        format!("a {}", many("or a and not a", 500, " ")),
    ] {
        assert!(parse(&text, &known()).is_err());
    }
}

#[test]
fn segments_that_name_segments_are_put_in_place() {
    let read = |text: &str| parse(text, &known()).unwrap_or_else(|e| panic!("{e}")).condition;
    let definitions = Definitions::from([
        ("pros".to_owned(), read("plan = 'pro' and not in_segment('lost')")),
        ("lost".to_owned(), read("tagged('churned') or vip")),
        ("egg".to_owned(), read("in_segment('hen')")),
        ("hen".to_owned(), read("not in_segment('egg')")),
    ]);
    assert_eq!(
        read("country = 'ES' and in_segment('pros')").resolved(None, &definitions),
        Ok(read("country = 'ES' and plan = 'pro' and not (tagged('churned') or vip)"))
    );
    let refused = |text: &str, name| read(text).resolved(name, &definitions).unwrap_err();
    insta::assert_snapshot!(refused("in_segment('hen')", None), @"the segments go in a circle: hen > egg > hen; take one out of it");
    insta::assert_snapshot!(refused("in_segment('me')", Some("me")), @"the segments go in a circle: me > me; take one out of it");
    insta::assert_snapshot!(refused("in_segment('prs')", None), @"no segment `prs`; `frontier segment list` shows those there are");
    let wide = (0..9).map(|at| {
        let next = format!("vip or in_segment('s{0}') or in_segment('s{0}')", at + 1);
        (format!("s{at}"), read(if at == 8 { "opened()" } else { &next }))
    });
    let wide: Definitions = wide.collect();
    assert!(read("in_segment('s0')").resolved(None, &wide).is_err());
}

#[test]
fn a_condition_is_the_same_after_it_was_kept() {
    let text = "country = 'ES' and visits > 0.1 and (renews < now() - '1d' or name like 'a_%')
                and not contains(interests, 'té') and opened_within('30d', 'Spring')";
    let condition = parse(text, &known()).unwrap_or_else(|error| panic!("{error}")).condition;
    assert_eq!(serde_json::from_value::<Condition>(json!(condition)).ok(), Some(condition));
}

#[test]
fn the_page_tells_every_word_of_the_language() {
    let page = include_str!("../../../../docs/segments.md");
    let functions = Function::all().map(|(name, _)| format!("`{name}("));
    let fields = Field::ALL.iter().map(|field| format!("`{field}`"));
    for word in functions.chain(fields) {
        assert!(page.contains(&word), "docs/segments.md says nothing of {word}…");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    /// Nothing takes the reader down, whatever is written; what it says of it is in its text.
    #[test]
    fn any_text_is_read_or_refused(text in words(), noise in "\\PC{0,40}") {
        for text in [text, noise] {
            if let Err(error) = parse(&text, &known()) {
                prop_assert!(error.at.line <= text.split('\n').count(), "{error}");
                prop_assert!(!error.message.is_empty());
            }
        }
    }
}

/// Words of the language and of SQL, in any order.
fn words() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "and",
        "or",
        "not",
        "in",
        "like",
        "between",
        "is",
        "null",
        "(",
        ")",
        "(",
        ")",
        ",",
        ".",
        "=",
        "<",
        ">=",
        "<>",
        "+",
        "-",
        "'ES'",
        "'30d'",
        "5",
        "1e3",
        "true",
        "country",
        "visits",
        "vip",
        "renews",
        "interests",
        "attributes",
        "email",
        "created_at",
        "now",
        "now()",
        "opened",
        "opened_within",
        "contains",
        "within",
        "on_list",
        "date",
        "time",
        "interval",
        "select",
        "any",
        "all",
        "exists",
        "escape",
        "collate",
        "at",
        "zone",
        "position",
        "case",
        "end",
        "\"x\"",
        "::",
        "*",
        "'it''s'",
        "\n",
        "é",
        "distinct",
        "over",
        "filter",
        "array",
        "row",
    ]);
    prop::collection::vec(word, 0..40).prop_map(|words| words.join(" "))
}
