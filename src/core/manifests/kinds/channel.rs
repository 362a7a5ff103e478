//! The kind `Channel`.

mod limits;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Kept, KindSpec};
use crate::core::kernel::Labels;
use crate::core::manifests::check::Checked;
use crate::core::manifests::codes::Code;
use crate::core::manifests::positions::{Node, Span, Value};
use crate::core::manifests::rules;
use crate::core::manifests::service::{ManifestError, Manifests};
use crate::core::manifests::shape::{EMAIL, Field, Form, LINE, SENDER, Shape, may, must};
use crate::core::manifests::world::Existing;
use crate::core::manifests::written::{Files, Incomplete};
use crate::core::publishing::{
    Channel, ChannelSettings, DkimSettings, Limits, Mailbox, NewChannel, PasswordRef, Smtp, Tls,
    Transport, UnsubscribeWays,
};
use crate::storage::sql::Tx;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::core::manifests) struct WrittenChannel {
    kind: WrittenTransport,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Mailbox>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unsubscribe: Option<UnsubscribeWays>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dkim: Option<Vec<WrittenDkim>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    return_path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    smtp: Option<WrittenSmtp>,
    #[serde(default, skip_serializing_if = "Limits::is_default")]
    limits: Limits,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WrittenTransport {
    Outbox,
    Smtp,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::core::manifests) struct WrittenSmtp {
    host: String,
    port: Option<u16>,
    tls: Option<Tls>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<WrittenPassword>,
    connections: Option<u8>,
    timeout_seconds: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ca_file: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::core::manifests) struct WrittenDkim {
    #[serde(skip_serializing_if = "Option::is_none")]
    domain: Option<String>,
    selector: String,
    key: WrittenPassword,
}

/// A mapping rather than an enum, which YAML would want tagged.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::core::manifests) struct WrittenPassword {
    #[serde(skip_serializing_if = "Option::is_none")]
    env: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
}

impl KindSpec for ChannelSettings {
    type Written = WrittenChannel;

    const FIELDS: &'static [Field] = &[
        must(
            "kind",
            Shape::OneOf(&["outbox", "smtp"]),
            "`smtp` sends by a server; `outbox` writes .eml files and nothing leaves the machine.",
        ),
        may("from", SENDER, "Whom mails come from, unless their message says it."),
        may("reply_to", EMAIL, "Where answers go, unless the message says it.")
            .example("ayuda@casaverde.example")
            .environment(),
        may(
            "unsubscribe",
            Shape::Fields(UNSUBSCRIBE),
            "Where people unsubscribe: a `url`, an `email`, or both. Bulk mail without it is refused.",
        ),
        may(
            "dkim",
            Shape::ListOf(&Shape::Fields(DKIM)),
            "The DKIM signatures on its mails, 8 at most: each a selector and its private key.",
        ),
        may(
            "return_path",
            Shape::Text(rules::return_path, Form::Pattern("^[A-Za-z0-9._-]{1,11}@[^\\s@]+$")),
            "Where mails that cannot be delivered come back to, each to an address with a token of \
             its own: `bounces+TOKEN@casaverde.example`.",
        )
        .example("bounces@casaverde.example")
        .environment(),
        may(
            "smtp",
            Shape::Fields(SMTP),
            "The server. Required of the kind `smtp`, and only there.",
        ),
        may(
            "limits",
            Shape::Fields(limits::LIMITS),
            "How fast mails may leave; see docs/delivery.md. A running campaign follows a change \
             within a second.",
        ),
    ];
    const ABOUT: &'static str =
        "A way out with its credentials: an SMTP server, or the outbox, which writes files.";
    const EXAMPLE: &'static str = include_str!("../examples/channel.yaml");

    fn check_rules(checked: &mut Checked, spec: &Node, at: Span) {
        let kind = spec.get("kind").and_then(Node::text);
        match (kind, spec.entry("smtp")) {
            (Some("smtp"), None) if checked.misspelt(spec, &["smtp"]) => {}
            (Some("smtp"), None) => {
                let message = "missing key `smtp` in Channel.spec";
                checked.coded(Code::MissingKey, at, message, "add `smtp: { host: … }`");
            }
            (Some("outbox"), Some(smtp)) => checked.coded(
                Code::ConflictingKeys,
                smtp.key_at,
                "`smtp` in a channel of kind `outbox`",
                "write `kind: smtp`, or remove this key",
            ),
            _ => {}
        }
        if let Some(smtp) = spec.entry("smtp") {
            match (smtp.node.entry("username"), smtp.node.entry("password")) {
                (Some(alone), None) => {
                    checked.coded(
                        Code::MissingKey,
                        alone.key_at,
                        "`username` without `password`",
                        "write both or neither",
                    );
                }
                (None, Some(alone)) => {
                    checked.coded(
                        Code::MissingKey,
                        alone.key_at,
                        "`password` without `username`",
                        "write both or neither",
                    );
                }
                _ => {}
            }
        }
        if let Some(dkim) = spec.entry("dkim")
            && let Value::List(signatures) = &dkim.node.value
        {
            let mut seen = BTreeSet::new();
            for signature in signatures {
                let text = |key| signature.get(key).and_then(Node::text);
                if !seen.insert((text("selector"), text("domain"))) {
                    checked.coded(
                        Code::ConflictingKeys,
                        signature.at,
                        "two signatures have the same selector",
                        "give each its own, or remove one",
                    );
                }
            }
            if signatures.len() > DkimSettings::MOST {
                let message = format!("{} signatures are too many", signatures.len());
                checked.coded(Code::ConflictingKeys, dkim.key_at, message, "8 at most");
            }
        }
        if let Some(limits) = spec.entry("limits") {
            limits::check_rules(checked, &limits.node);
        }
        if let Some(unsubscribe) = spec.entry("unsubscribe")
            && unsubscribe.node.get("url").is_none()
            && unsubscribe.node.get("email").is_none()
        {
            let help = "write a `url`, an `email`, or both";
            checked.coded(
                Code::MissingKey,
                unsubscribe.key_at,
                "`unsubscribe` leads nowhere",
                help,
            );
        }
    }

    fn read(written: WrittenChannel, _: &Files) -> Result<Self, Incomplete> {
        let WrittenChannel { kind, from, reply_to, unsubscribe, dkim, return_path, smtp, limits } =
            written;
        let transport = match (kind, smtp) {
            (WrittenTransport::Outbox, None) => Transport::Outbox,
            (WrittenTransport::Smtp, Some(smtp)) => Transport::Smtp(smtp.resolve()?),
            _ => return Err(Incomplete("`smtp` goes with `kind: smtp`")),
        };
        let dkim =
            dkim.into_iter().flatten().map(WrittenDkim::resolve).collect::<Result<_, _>>()?;
        Ok(Self { transport, from, reply_to, unsubscribe, dkim, return_path, limits })
    }

    fn written(&self) -> WrittenChannel {
        let (kind, smtp) = match &self.transport {
            Transport::Outbox => (WrittenTransport::Outbox, None),
            Transport::Smtp(smtp) => (WrittenTransport::Smtp, Some(smtp.into())),
        };
        let Self { from, reply_to, unsubscribe, dkim, return_path, limits, .. } = self.clone();
        let dkim = dkim.into_iter().map(WrittenDkim::from).collect::<Vec<_>>();
        let dkim = Some(dkim).filter(|dkim| !dkim.is_empty());
        WrittenChannel { kind, from, reply_to, unsubscribe, dkim, return_path, smtp, limits }
    }
}

const UNSUBSCRIBE: &[Field] = &[
    may(
        "url",
        Shape::Text(rules::web_address, Form::Pattern("^https?://[^ ]+$")),
        "A page that takes RFC 8058 one-click requests. Variables of the contact may stand in it.",
    )
    .example("https://casaverde.example/baja")
    .environment(),
    may("email", EMAIL, "An address that reads such mails.")
        .example("baja@casaverde.example")
        .environment(),
];

const DKIM: &[Field] = &[
    must(
        "selector",
        Shape::Text(rules::selector, Form::Pattern("^[A-Za-z0-9_.-]+$")),
        "The name the key is published by, as `SELECTOR._domainkey.DOMAIN`.",
    )
    .example("s1")
    .environment(),
    may(
        "domain",
        Shape::Text(rules::host, Form::Pattern(r"^[^\s/]+$")),
        "Whose signature it is; the domain of the mail's sender, when it is left out.",
    )
    .example("casaverde.example")
    .environment(),
    must(
        "key",
        Shape::Password,
        "Where the private key is: never the key itself. RSA of at least 2048 bits or Ed25519, in \
         PEM; it is read when mail is sent.",
    )
    .example("{ file: /etc/frontier/dkim.pem }"),
];

const SMTP: &[Field] = &[
    must(
        "host",
        Shape::Text(rules::host, Form::Pattern(r"^[^\s/]+$")),
        "The server's name or IP address.",
    )
    .example("smtp.casaverde.example")
    .environment(),
    may(
        "port",
        Shape::Number { least: 1, most: 65_535 },
        "587, or 465 with `tls: tls`, when it is left out.",
    )
    .example("587")
    .environment(),
    may(
        "tls",
        Shape::OneOf(&["none", "starttls", "tls"]),
        "How the connection is encrypted; `none` only on a network of your own.",
    )
    .default("starttls")
    .environment(),
    may("username", LINE, "Whom to sign in as; goes with `password`.")
        .example("hola")
        .environment(),
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
        .example("/etc/ssl/own.pem")
        .environment(),
];

impl Kept for ChannelSettings {
    async fn names(manifests: &Manifests, tx: &mut Tx) -> Result<Vec<String>, ManifestError> {
        Ok(manifests.publishing.channel_names_in(tx).await?)
    }

    async fn named(
        manifests: &Manifests,
        tx: &mut Tx,
        name: &str,
    ) -> Result<Option<Existing>, ManifestError> {
        Ok(manifests.publishing.channel_named_in(tx, name).await?.map(Existing::from))
    }

    async fn create(
        self,
        manifests: &Manifests,
        tx: &mut Tx,
        name: String,
        labels: Labels,
    ) -> Result<(), ManifestError> {
        let new = NewChannel { name, labels, settings: self };
        manifests.publishing.create_channel_in(tx, new).await?;
        Ok(())
    }

    async fn update(
        self,
        manifests: &Manifests,
        tx: &mut Tx,
        existing: &Existing,
        labels: Labels,
    ) -> Result<(), ManifestError> {
        let (reference, version) = (existing.id.to_string(), Some(existing.version));
        manifests.publishing.update_channel_in(tx, &reference, self, labels, version).await?;
        Ok(())
    }

    async fn delete(
        manifests: &Manifests,
        tx: &mut Tx,
        existing: &Existing,
    ) -> Result<(), ManifestError> {
        let (reference, version) = (existing.id.to_string(), Some(existing.version));
        manifests.publishing.delete_channel_in(tx, &reference, version).await?;
        Ok(())
    }
}

impl WrittenSmtp {
    fn resolve(self) -> Result<Smtp, Incomplete> {
        let tls = self.tls.unwrap_or_default();
        let password = self.password.map(WrittenPassword::resolve).transpose()?;
        Ok(Smtp {
            host: self.host,
            port: self.port.unwrap_or_else(|| tls.default_port()),
            tls,
            username: self.username,
            password,
            connections: self.connections.unwrap_or(Smtp::CONNECTIONS),
            timeout_seconds: self.timeout_seconds.unwrap_or(Smtp::TIMEOUT_SECONDS),
            ca_file: self.ca_file,
        })
    }
}

impl WrittenPassword {
    fn resolve(self) -> Result<PasswordRef, Incomplete> {
        match self {
            Self { env: Some(name), file: None } => Ok(PasswordRef::Env(name)),
            Self { env: None, file: Some(path) } => Ok(PasswordRef::File(path)),
            _ => Err(Incomplete("a password or key is either `env` or `file`")),
        }
    }
}

impl From<PasswordRef> for WrittenPassword {
    fn from(reference: PasswordRef) -> Self {
        match reference {
            PasswordRef::Env(name) => Self { env: Some(name), file: None },
            PasswordRef::File(path) => Self { env: None, file: Some(path) },
        }
    }
}

impl WrittenDkim {
    fn resolve(self) -> Result<DkimSettings, Incomplete> {
        let Self { domain, selector, key } = self;
        Ok(DkimSettings { domain, selector, key: key.resolve()? })
    }
}

impl From<DkimSettings> for WrittenDkim {
    fn from(settings: DkimSettings) -> Self {
        let DkimSettings { domain, selector, key } = settings;
        Self { domain, selector, key: key.into() }
    }
}

impl From<&Smtp> for WrittenSmtp {
    fn from(smtp: &Smtp) -> Self {
        let password = smtp.password.clone().map(WrittenPassword::from);
        Self {
            host: smtp.host.clone(),
            port: Some(smtp.port),
            tls: Some(smtp.tls),
            username: smtp.username.clone(),
            password,
            connections: Some(smtp.connections),
            timeout_seconds: Some(smtp.timeout_seconds),
            ca_file: smtp.ca_file.clone(),
        }
    }
}

impl From<Channel> for Existing {
    fn from(channel: Channel) -> Self {
        let mut settings = channel.settings;
        settings.unsubscribe = settings.unsubscribe.filter(|ways| !ways.is_empty());
        Self::new(channel.id, channel.version, channel.name, channel.labels, settings)
    }
}
