//! The tables of `shape` as a page of the documentation.

use std::fmt::Write as _;

use super::model::Kind;
use super::shape::{self, ENVELOPE, Field, Shape};

const HEAD: &str = "\
# Manifests

Written by `frontier reference manifests`. How they are applied is in [cli.md](../cli.md).

A file holds one document or several, each after a line `---`. Editors complete and check them with
the JSON Schema that `frontier schema` prints: save it as `frontier.schema.json` and begin a manifest
with

```yaml
# yaml-language-server: $schema=frontier.schema.json
```

A text may stand without quotes, also where YAML would take it for a number, a date or a boolean:
`name: no` and `amount: 12.50` mean what they say. Tags, merge keys and keys written twice are
refused.

`${NAME}` is the value of an environment variable in the fields that say so below, and nowhere else:
that of whoever runs the command, never of a server. `${NAME:-default}` has a default for one that is
not set or empty, and `$${` stands for `${` itself. A variable that is called like a secret is refused
there; a password is named under `password`.

";

/// Every kind with its keys, in Markdown.
pub fn reference() -> String {
    let mut page = HEAD.to_owned();
    page.push_str("| kind | |\n|---|---|\n");
    for kind in Kind::ALL {
        let anchor = kind.as_str().to_lowercase();
        row(&mut page, &[&format!("[`{kind}`](#{anchor})"), kind.about()]);
    }
    page.push_str("\n## Every document\n\n");
    table(&mut page, ENVELOPE, "");
    for kind in Kind::ALL {
        let (about, example) = (kind.about(), kind.example());
        write!(page, "\n## {kind}\n\n{about}\n\n```yaml\n{example}```\n\n").ok();
        table(&mut page, kind.fields(), "spec.");
    }
    page
}

fn table(page: &mut String, fields: &[Field], path: &str) {
    page.push_str("| key | value | |\n|---|---|---|\n");
    rows(page, fields, path);
}

fn rows(page: &mut String, fields: &[Field], path: &str) {
    let choices: Vec<_> =
        fields.iter().filter(|field| field.choice).map(|field| field.key).collect();
    for field in fields {
        let key = format!("{path}{}", field.key);
        let mut about = field.about.to_owned();
        if field.required {
            about.push_str(" Required.");
        }
        if field.choice {
            write!(about, " Exactly one of `{}`.", choices.join("`, `")).ok();
        }
        if let Some(default) = field.default {
            write!(about, " Default: `{default}`.").ok();
        }
        if field.environment {
            about.push_str(" May hold `${NAME}`.");
        }
        if !field.example.is_empty() {
            write!(about, " Example: `{}`.", field.example).ok();
        }
        row(page, &[&format!("`{key}`"), &value(&field.shape), &about]);
        inner(page, &field.shape, &key);
    }
}

/// The keys of what stands under `key`.
fn inner(page: &mut String, shape: &Shape, key: &str) {
    match shape {
        Shape::Fields(fields) => rows(page, fields, &format!("{key}.")),
        Shape::Password => rows(page, shape::PASSWORD, &format!("{key}.")),
        Shape::ListOf(item) => inner(page, item, &format!("{key}[]")),
        _ => {}
    }
}

fn value(shape: &Shape) -> String {
    match shape {
        Shape::OneOf(words) => format!("`{}`", words.join("`, `")),
        Shape::Reference(kind) => format!("name of a {kind}"),
        Shape::Number { least, most } => format!("{least} to {most}"),
        Shape::BodyFile => "path".to_owned(),
        Shape::Labels => "mapping of texts".to_owned(),
        Shape::Free => "any mapping".to_owned(),
        Shape::ListOf(item) => format!("list of: {}", value(item)),
        Shape::Password => "mapping".to_owned(),
        Shape::Text(..) | Shape::Fields(_) | Shape::Spec => {
            shape.expected().trim_start_matches("a ").to_owned()
        }
    }
}

fn row(page: &mut String, cells: &[&str]) {
    let cells: Vec<_> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    writeln!(page, "| {} |", cells.join(" | ")).ok();
}
