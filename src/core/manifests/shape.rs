//! Shapes: the keys each kind knows and what may stand under them. One table a kind.
//!
//! This is the grammar of `frontier/v1`; `check` applies it, `written` holds the same as types. What
//! involves two fields at once is not here.

use super::model::Kind;
use super::rules::{self, Rule};

/// What may stand in one place.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    /// A text that keeps a rule. Unquoted numbers, dates and words such as `no` are texts too.
    Text(Rule),
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

#[derive(Clone, Copy)]
pub(super) struct Field {
    pub(super) key: &'static str,
    pub(super) shape: Shape,
    pub(super) required: bool,
}

const fn must(key: &'static str, shape: Shape) -> Field {
    Field { key, shape, required: true }
}

const fn may(key: &'static str, shape: Shape) -> Field {
    Field { key, shape, required: false }
}

const TEXT: Shape = Shape::Text(rules::text);
const LINE: Shape = Shape::Text(rules::line);
const NAME: Shape = Shape::Text(rules::name);
const EMAIL: Shape = Shape::Text(rules::email);
const DATE: Shape = Shape::Text(rules::date);

pub(super) const KINDS: &[&str] = &["List", "Channel", "Template", "Campaign"];

const METADATA: Shape = Shape::Fields(&[must("name", NAME), may("labels", Shape::Labels)]);

/// A document, but for its `spec`, whose shape depends on the kind.
pub(super) const ENVELOPE: &[Field] = &[
    must("apiVersion", Shape::OneOf(&[super::API_VERSION])),
    must("kind", Shape::OneOf(KINDS)),
    must("metadata", METADATA),
    must("spec", Shape::Spec),
];

pub(super) const fn spec(kind: Kind) -> &'static [Field] {
    match kind {
        Kind::List => LIST,
        Kind::Channel => CHANNEL,
        Kind::Template => TEMPLATE,
        Kind::Campaign => CAMPAIGN,
    }
}

const LIST: &[Field] = &[may("description", TEXT)];

const SENDER: Shape = Shape::Fields(&[may("name", LINE), must("email", EMAIL)]);

const CHANNEL: &[Field] = &[
    must("kind", Shape::OneOf(&["outbox", "smtp"])),
    may("from", SENDER),
    may("reply_to", EMAIL),
    may(
        "unsubscribe",
        Shape::Fields(&[may("url", Shape::Text(rules::web_address)), may("email", EMAIL)]),
    ),
    may("smtp", Shape::Fields(SMTP)),
];

const SMTP: &[Field] = &[
    must("host", Shape::Text(rules::host)),
    may("port", Shape::Number { least: 1, most: 65_535 }),
    may("tls", Shape::OneOf(&["none", "starttls", "tls"])),
    may("username", LINE),
    may("password", Shape::Password),
    may("connections", Shape::Number { least: 1, most: 64 }),
    may("timeout_seconds", Shape::Number { least: 1, most: 3600 }),
    may("ca_file", LINE),
];

/// Exactly one of the two.
pub(super) const PASSWORD: &[Field] =
    &[may("env", Shape::Text(rules::variable)), may("file", LINE)];

const FORMAT: Shape = Shape::OneOf(&["markdown", "html", "mjml"]);

const TEMPLATE: &[Field] = &[
    must("format", FORMAT),
    may("layout", Shape::Reference(Kind::Template)),
    may("body", TEXT),
    may("body_file", Shape::BodyFile),
];

const CAMPAIGN: &[Field] = &[
    must("type", Shape::OneOf(&["email", "social_media", "display", "search", "multichannel"])),
    may("channel", Shape::Reference(Kind::Channel)),
    may(
        "target_audience",
        Shape::Fields(&[may("lists", Shape::ListOf(&Shape::Reference(Kind::List)))]),
    ),
    may(
        "budget",
        Shape::Fields(&[must("amount", TEXT), must("currency", Shape::Text(rules::currency))]),
    ),
    may("start_date", DATE),
    may("end_date", DATE),
    may("timezone", Shape::Text(rules::timezone)),
    may("goals", Shape::ListOf(&GOAL)),
    may("settings", Shape::Free),
    may("messages", Shape::ListOf(&MESSAGE)),
];

/// Targets go as far as the stores count.
const GOAL: Shape = Shape::Fields(&[
    must("metric", Shape::Text(rules::metric)),
    must("target", Shape::Number { least: 1, most: i64::MAX as u64 }),
]);

const MESSAGE: Shape = Shape::Fields(&[
    must("name", NAME),
    must("subject", Shape::Text(rules::filled)),
    may("preheader", TEXT),
    may("template", Shape::Reference(Kind::Template)),
    may("format", FORMAT),
    may("body", TEXT),
    may("body_file", Shape::BodyFile),
    may("text", TEXT),
    may("from", SENDER),
    may("reply_to", EMAIL),
]);

impl Shape {
    /// What is expected here, for a sentence.
    pub(super) const fn expected(&self) -> &'static str {
        match self {
            Self::Text(_) | Self::OneOf(_) | Self::BodyFile => "text",
            Self::Reference(_) => "a name",
            Self::Number { .. } => "a whole number",
            Self::Fields(_) | Self::Spec | Self::Labels | Self::Free => "a mapping",
            Self::Password => "`{ env: NAME }` or `{ file: path }`",
            Self::ListOf(_) => "a list",
        }
    }
}
