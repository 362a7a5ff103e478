//! Shapes: the keys each kind knows, what may stand under them, and what they mean. One table a kind.
//!
//! This is the grammar of `frontier/v1`; `check` applies it, `schema` and `reference` tell it to
//! editors and people, `written` holds the same as types. What involves two fields at once is not
//! here, but for the choices between fields.

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
}

const fn must(key: &'static str, shape: Shape, about: &'static str) -> Field {
    Field { required: true, ..may(key, shape, about) }
}

const fn may(key: &'static str, shape: Shape, about: &'static str) -> Field {
    Field { key, shape, required: false, about, example: "", default: None, choice: false }
}

impl Field {
    const fn example(self, example: &'static str) -> Self {
        Self { example, ..self }
    }

    const fn default(self, default: &'static str) -> Self {
        Self { default: Some(default), ..self }
    }

    const fn choice(self) -> Self {
        Self { choice: true, ..self }
    }
}

const TEXT: Shape = Shape::Text(rules::text, Form::Any);
const FILLED: Shape = Shape::Text(rules::filled, Form::Any);
const LINE: Shape = Shape::Text(rules::line, Form::Any);
const NAME: Shape = Shape::Text(rules::name, Form::Name);
const EMAIL: Shape = Shape::Text(
    rules::email,
    Form::Pattern(r#"^[^\s<>()\[\]\\,;:"@]{1,64}@[^\s@.]+(\.[^\s@.]+)*$"#),
);
const DATE: Shape = Shape::Text(rules::date, Form::Pattern("^[0-9]{4}-[0-9]{2}-[0-9]{2}$"));

pub(super) const KINDS: &[&str] = &["List", "Channel", "Template", "Segment", "Campaign"];

const METADATA: Shape = Shape::Fields(&[
    must("name", NAME, "What it is called, everywhere. No two things of one kind share a name.")
        .example("spring-launch"),
    may("labels", Shape::Labels, "Words of your own to sort and select by: names to texts.")
        .example("{ season: spring, team: north }"),
]);

/// A document, but for its `spec`, whose shape depends on the kind.
pub(super) const ENVELOPE: &[Field] = &[
    must("apiVersion", Shape::OneOf(&[super::API_VERSION]), "The version of this grammar."),
    must("kind", Shape::OneOf(KINDS), "What the document describes."),
    must("metadata", METADATA, "What it is called, and its labels."),
    must("spec", Shape::Spec, "What it is; its keys depend on the kind."),
];

pub(super) const fn spec(kind: Kind) -> &'static [Field] {
    match kind {
        Kind::List => LIST,
        Kind::Channel => CHANNEL,
        Kind::Template => TEMPLATE,
        Kind::Segment => SEGMENT,
        Kind::Campaign => CAMPAIGN,
    }
}

/// What a kind is, in a sentence or two.
pub(super) const fn about(kind: Kind) -> &'static str {
    match kind {
        Kind::List => {
            "A list of contacts. Who is on it is not said here: `frontier contact import`."
        }
        Kind::Channel => {
            "A way out with its credentials: an SMTP server, or the outbox, which writes files."
        }
        Kind::Template => {
            "A body or a layout that messages refer to. A layout has `{{ content }}` where the body \
             goes."
        }
        Kind::Segment => {
            "Contacts of whom an expression is true, whenever it is asked: see docs/segments.md."
        }
        Kind::Campaign => {
            "What is sent, to whom, and when. It starts as a draft: an apply sends nothing."
        }
    }
}

/// A document of the kind, as people would write it. Together they are a workspace.
pub(super) const fn example(kind: Kind) -> &'static str {
    match kind {
        Kind::List => include_str!("examples/list.yaml"),
        Kind::Channel => include_str!("examples/channel.yaml"),
        Kind::Template => include_str!("examples/template.yaml"),
        Kind::Segment => include_str!("examples/segment.yaml"),
        Kind::Campaign => include_str!("examples/campaign.yaml"),
    }
}

const LIST: &[Field] =
    &[may("description", TEXT, "Who is on it, for people.").example("Bought last spring")];

const SEGMENT: &[Field] = &[
    may("description", TEXT, "Who is in it, for people.").example("Bought and reads"),
    must(
        "where",
        Shape::Text(rules::filled, Form::Any),
        "The expression that is true of its contacts, at most 10000 bytes.",
    )
    .example("language = 'es' and opened_within('30d')"),
];

const SENDER: Shape = Shape::Fields(&[
    may("name", LINE, "The name that mail programs show.").example("Casa Verde"),
    must("email", EMAIL, "The address.").example("hola@casaverde.example"),
]);

const CHANNEL: &[Field] = &[
    must(
        "kind",
        Shape::OneOf(&["outbox", "smtp"]),
        "`smtp` sends by a server; `outbox` writes .eml files and nothing leaves the machine.",
    ),
    may("from", SENDER, "Whom mails come from, unless their message says it."),
    may("reply_to", EMAIL, "Where answers go, unless the message says it.")
        .example("ayuda@casaverde.example"),
    may(
        "unsubscribe",
        Shape::Fields(UNSUBSCRIBE),
        "Where people unsubscribe: a `url`, an `email`, or both. Bulk mail without it is refused.",
    ),
    may("smtp", Shape::Fields(SMTP), "The server. Required of the kind `smtp`, and only there."),
];

const UNSUBSCRIBE: &[Field] = &[
    may(
        "url",
        Shape::Text(rules::web_address, Form::Pattern("^https?://[^ ]+$")),
        "A page that takes RFC 8058 one-click requests. Variables of the contact may stand in it.",
    )
    .example("https://casaverde.example/baja"),
    may("email", EMAIL, "An address that reads such mails.").example("baja@casaverde.example"),
];

const SMTP: &[Field] = &[
    must(
        "host",
        Shape::Text(rules::host, Form::Pattern(r"^[^\s/]+$")),
        "The server's name or IP address.",
    )
    .example("smtp.casaverde.example"),
    may(
        "port",
        Shape::Number { least: 1, most: 65_535 },
        "587, or 465 with `tls: tls`, when it is left out.",
    )
    .example("587"),
    may(
        "tls",
        Shape::OneOf(&["none", "starttls", "tls"]),
        "How the connection is encrypted; `none` only on a network of your own.",
    )
    .default("starttls"),
    may("username", LINE, "Whom to sign in as; goes with `password`.").example("hola"),
    may(
        "password",
        Shape::Password,
        "Where the password is: never the password itself. It is read when mail is sent, and goes \
         with `username`.",
    )
    .example("{ env: SMTP_PASSWORD }"),
    may("connections", Shape::Number { least: 1, most: 64 }, "How many at once.").default("8"),
    may("timeout_seconds", Shape::Number { least: 1, most: 3600 }, "How long an answer may take.")
        .default("30"),
    may("ca_file", LINE, "A PEM file of certificates to trust beside those of the system.")
        .example("/etc/ssl/own.pem"),
];

pub(super) const PASSWORD: &[Field] = &[
    may(
        "env",
        Shape::Text(rules::variable, Form::Pattern("^[A-Za-z_][A-Za-z0-9_]*$")),
        "The environment variable that holds it.",
    )
    .example("SMTP_PASSWORD")
    .choice(),
    may("file", LINE, "The file whose first line it is.").example("/run/secrets/smtp").choice(),
];

const FORMAT: Shape = Shape::OneOf(&["markdown", "html", "mjml"]);

const TEMPLATE: &[Field] = &[
    must("format", FORMAT, "What the body is written in."),
    may("layout", Shape::Reference(Kind::Template), "The template that this one is put into.")
        .example("frame"),
    may("body", TEXT, "The text, with variables such as `{{ contact.name }}`.")
        .example("\"Hello {{ contact.name }}\"")
        .choice(),
    may("body_file", Shape::BodyFile, "The file with the text, relative to this one.")
        .example("templates/spring.md")
        .choice(),
];

const CAMPAIGN: &[Field] = &[
    must(
        "type",
        Shape::OneOf(&["email", "social_media", "display", "search", "multichannel"]),
        "By which means it reaches people.",
    ),
    may("channel", Shape::Reference(Kind::Channel), "The way out of its messages.").example("mail"),
    may(
        "target_audience",
        Shape::Fields(&[
            may(
                "lists",
                Shape::ListOf(&Shape::Reference(Kind::List)),
                "The lists whose subscribers receive it; who is on several receives it once.",
            )
            .example("[customers]"),
            may(
                "segments",
                Shape::ListOf(&Shape::Reference(Kind::Segment)),
                "Whoever is in one of these when it starts receives it too.",
            )
            .example("[readers]"),
        ]),
        "Whom it is for.",
    ),
    may(
        "budget",
        Shape::Fields(&[
            must("amount", TEXT, "An exact decimal number, not negative.").example("1200.00"),
            must(
                "currency",
                Shape::Text(rules::currency, Form::Pattern("^[A-Z]{3}$")),
                "Its ISO 4217 code.",
            )
            .example("EUR"),
        ]),
        "What to spend at most.",
    ),
    may("start_date", DATE, "Its first day.").example("2026-03-01"),
    may("end_date", DATE, "Its last day; not before the first.").example("2026-03-31"),
    may(
        "timezone",
        Shape::Text(rules::timezone, Form::Zone),
        "Where its days begin and end, as the tz database calls it.",
    )
    .example("Europe/Madrid"),
    may("goals", Shape::ListOf(&GOAL), "What it shall reach."),
    may("settings", Shape::Free, "Anything of your own; kept as it is.")
        .example("{ utm: { source: mail } }"),
    may("messages", Shape::ListOf(&MESSAGE), "What is sent, in this order."),
];

/// Targets go as far as the stores count.
const GOAL: Shape = Shape::Fields(&[
    must("metric", Shape::Text(rules::metric, Form::Pattern("^[a-z_]{1,63}$")), "What is counted.")
        .example("clicks"),
    must(
        "target",
        Shape::Number { least: 1, most: i64::MAX as u64 },
        "How many of them are the goal.",
    )
    .example("300"),
]);

const MESSAGE: Shape = Shape::Fields(&[
    must("name", NAME, "What it is called; no two messages of a campaign share a name.")
        .example("launch"),
    must("subject", FILLED, "The subject, with variables such as `{{ contact.name }}`.")
        .example("Spring is here"),
    may("preheader", TEXT, "What inboxes show after the subject."),
    may(
        "template",
        Shape::Reference(Kind::Template),
        "The template with the body; it brings its own format.",
    )
    .example("offer")
    .choice(),
    may("format", FORMAT, "What `body` or `body_file` is written in; not beside `template`."),
    may("body", TEXT, "The body itself.").example("\"Hello {{ contact.name }}\"").choice(),
    may("body_file", Shape::BodyFile, "The file with the body, relative to this one.")
        .example("messages/launch.md")
        .choice(),
    may("text", TEXT, "The text part; made out of the body when it is left out."),
    may("from", SENDER, "Whom it comes from, instead of the channel's."),
    may("reply_to", EMAIL, "Where answers go, instead of the channel's."),
]);

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
