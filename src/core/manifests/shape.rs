//! Shapes: the keys of a mapping, what may stand under them, and what they mean; and the table of
//! what every document has. Each of the `kinds` has a table of its own.
//!
//! These tables are the grammar of `frontier/v1`; `check` applies it, `schema` and `reference` tell it
//! to editors and people, the written forms hold the same as types. What involves two fields at once
//! is not in them, but for the choices between fields.

use super::model::Kind;
use super::rules::{self, Rule};

/// What may stand in one place.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    /// A text that keeps a rule. Unquoted numbers, dates and words such as `no` are texts too.
    Text(Rule, Form),
    /// A whole number in a range.
    Number {
        least: u64,
        most: u64,
    },
    OneOf(&'static [&'static str]),
    /// The name of another document.
    Reference(Kind),
    /// The path of a file beside the manifest.
    BodyFile,
    Fields(&'static [Field]),
    ListOf(&'static Shape),
    /// A reference to a password; a text here is a password by mistake.
    Password,
    /// Names to texts.
    Labels,
    /// The mapping whose fields depend on the kind.
    Spec,
    /// Any mapping that JSON can say.
    Free,
}

/// The form that a rule asks for, as far as a schema can say it; the rule may ask for more.
#[derive(Clone, Copy)]
pub(super) enum Form {
    Any,
    /// As [`NAME_PATTERN`].
    Name,
    /// A regular expression that JSON Schema knows (ECMA-262).
    Pattern(&'static str),
    /// A name of the tz database.
    Zone,
}

/// What [`rules::name`] asks for.
pub(super) const NAME_PATTERN: &str =
    r"^[\p{Alphabetic}\p{N}_]([\p{Alphabetic}\p{N}_. \-]{0,98}[\p{Alphabetic}\p{N}_])?$";

/// A key of a mapping.
#[derive(Clone, Copy)]
pub(super) struct Field {
    pub(super) key: &'static str,
    pub(super) shape: Shape,
    pub(super) required: bool,
    /// What it means.
    pub(super) about: &'static str,
    /// A value, in YAML; empty when there is nothing to learn from one.
    pub(super) example: &'static str,
    /// The value that holds when there is none, in YAML.
    pub(super) default: Option<&'static str>,
    /// Of the fields of a table that are marked so, exactly one is written.
    pub(super) choice: bool,
    /// Whether `${NAME}` in it is a value of the sender's environment.
    pub(super) environment: bool,
}

pub(super) const fn must(key: &'static str, shape: Shape, about: &'static str) -> Field {
    Field { required: true, ..may(key, shape, about) }
}

pub(super) const fn may(key: &'static str, shape: Shape, about: &'static str) -> Field {
    let (required, choice, environment) = (false, false, false);
    Field { key, shape, required, about, example: "", default: None, choice, environment }
}

impl Field {
    pub(super) const fn example(self, example: &'static str) -> Self {
        Self { example, ..self }
    }

    pub(super) const fn default(self, default: &'static str) -> Self {
        Self { default: Some(default), ..self }
    }

    pub(super) const fn choice(self) -> Self {
        Self { choice: true, ..self }
    }

    pub(super) const fn environment(self) -> Self {
        Self { environment: true, ..self }
    }
}

pub(super) const TEXT: Shape = Shape::Text(rules::text, Form::Any);
pub(super) const FILLED: Shape = Shape::Text(rules::filled, Form::Any);
pub(super) const LINE: Shape = Shape::Text(rules::line, Form::Any);
pub(super) const NAME: Shape = Shape::Text(rules::name, Form::Name);
pub(super) const EMAIL: Shape = Shape::Text(
    rules::email,
    Form::Pattern(r#"^[^\s<>()\[\]\\,;:"@]{1,64}@[^\s@.]+(\.[^\s@.]+)*$"#),
);
pub(super) const DATE: Shape =
    Shape::Text(rules::date, Form::Pattern("^[0-9]{4}-[0-9]{2}-[0-9]{2}$"));

const METADATA: Shape = Shape::Fields(&[
    must("name", NAME, "What it is called, everywhere. No two things of one kind share a name.")
        .example("spring-launch"),
    may("labels", Shape::Labels, "Words of your own to sort and select by: names to texts.")
        .example("{ season: spring, team: north }"),
]);

/// A document, but for its `spec`, whose shape depends on the kind.
pub(super) const ENVELOPE: &[Field] = &[
    must("apiVersion", Shape::OneOf(&[super::API_VERSION]), "The version of this grammar."),
    must("kind", Shape::OneOf(Kind::WORDS), "What the document describes."),
    must("metadata", METADATA, "What it is called, and its labels."),
    must("spec", Shape::Spec, "What it is; its keys depend on the kind."),
];

/// Whom a mail comes from.
pub(super) const SENDER: Shape = Shape::Fields(&[
    may("name", LINE, "The name that mail programs show.").example("Casa Verde"),
    must("email", EMAIL, "The address.").example("hola@casaverde.example").environment(),
]);

pub(super) const PASSWORD: &[Field] = &[
    may(
        "env",
        Shape::Text(rules::variable, Form::Pattern("^[A-Za-z_][A-Za-z0-9_]*$")),
        "The environment variable that holds it.",
    )
    .example("SMTP_PASSWORD")
    .choice(),
    may("file", LINE, "The file that holds it.").example("/run/secrets/smtp").choice(),
];

/// What a body is written in.
pub(super) const FORMAT: Shape = Shape::OneOf(&["markdown", "html", "mjml"]);

impl Shape {
    /// What is expected here, for a sentence.
    pub(super) const fn expected(&self) -> &'static str {
        match self {
            Self::Text(..) | Self::OneOf(_) | Self::BodyFile => "text",
            Self::Reference(_) => "a name",
            Self::Number { .. } => "a whole number",
            Self::Fields(_) | Self::Spec | Self::Labels | Self::Free => "a mapping",
            Self::Password => "`{ env: NAME }` or `{ file: path }`",
            Self::ListOf(_) => "a list",
        }
    }
}
