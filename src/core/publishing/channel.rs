//! Channels: types and pure rules.

use serde::{Deserialize, Serialize};

use super::dkim::DkimSettings;
use super::limits::Limits;
use super::model::PublishingError;
use super::publisher::Mailbox;
use super::verp::ReturnPath;
use crate::core::kernel::{Id, Labels, Timestamp};

/// A way out with its credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    pub id: Id,
    pub name: String,
    pub labels: Labels,
    pub settings: ChannelSettings,
    /// Counts its changes, from 1.
    pub version: u64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// What a channel says; stored as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelSettings {
    pub transport: Transport,
    /// Who its mails are from, unless the message says otherwise.
    pub from: Option<Mailbox>,
    pub reply_to: Option<String>,
    pub unsubscribe: Option<UnsubscribeWays>,
    /// The signatures on its mails.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dkim: Vec<DkimSettings>,
    /// Where mails that cannot be delivered come back to; whom they are from, unless it is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_path: Option<String>,
    /// How fast its mails may leave.
    #[serde(default, skip_serializing_if = "Limits::is_default")]
    pub limits: Limits,
}

/// How a channel gives its mails away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// Mails become `.eml` files; nothing leaves the machine.
    Outbox,
    Smtp(Smtp),
}

/// An SMTP server and how to sign in there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Smtp {
    pub host: String,
    pub port: u16,
    pub tls: Tls,
    pub username: Option<String>,
    pub password: Option<PasswordRef>,
    /// Connections kept open at most, 1 to 64.
    pub connections: u8,
    /// How long any one step may take.
    pub timeout_seconds: u16,
    /// Certificates (PEM) to trust besides the operating system's, on the machine that sends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<String>,
}

/// How a connection is protected: never, after a greeting in the clear (a server that does not offer
/// it is left), or at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tls {
    None,
    #[default]
    Starttls,
    Tls,
}

impl Smtp {
    /// Connections kept open unless the channel says otherwise.
    pub const CONNECTIONS: u8 = 8;
    /// How long any one step may take unless the channel says otherwise.
    pub const TIMEOUT_SECONDS: u16 = 30;
}

impl Tls {
    /// The port a server of this kind listens on, unless it says otherwise.
    pub const fn default_port(self) -> u16 {
        match self {
            Self::None => 25,
            Self::Starttls => 587,
            Self::Tls => 465,
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Starttls => "starttls",
            Self::Tls => "tls",
        }
    }
}

/// Where a password, or a private key, is found when it is needed; it is never stored itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PasswordRef {
    /// The name of an environment variable.
    Env(String),
    /// The path of a file on the machine that sends.
    File(String),
}

/// Where a reader unsubscribes: a page, an address, or both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnsubscribeWays {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

/// The channel of a run, as it was when the run began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunChannel {
    pub name: String,
    pub settings: ChannelSettings,
}

impl ChannelSettings {
    /// The built-in channel: files on this machine, with nothing configured.
    pub fn outbox() -> Self {
        Self {
            transport: Transport::Outbox,
            from: None,
            reply_to: None,
            unsubscribe: None,
            dkim: Vec::new(),
            return_path: None,
            limits: Limits::default(),
        }
    }

    /// The word for its transport.
    pub const fn kind(&self) -> &'static str {
        match self.transport {
            Transport::Outbox => "outbox",
            Transport::Smtp(_) => "smtp",
        }
    }

    /// Checks what no server needs to be asked for.
    pub fn check(&self) -> Result<(), PublishingError> {
        let wrong = |what: String| Err(PublishingError::Settings(what));
        self.limits.check().map_err(PublishingError::Settings)?;
        if let Some(UnsubscribeWays { url: Some(url), .. }) = &self.unsubscribe {
            match url::Url::parse(url) {
                Ok(parsed) if matches!(parsed.scheme(), "https" | "http") => {}
                _ => return wrong(format!("unsubscribe.url `{url}` is no https URL")),
            }
        }
        if let Some(Err(problem)) = self.return_path.as_deref().map(ReturnPath::parse) {
            return wrong(problem);
        }
        if let Some(problem) = DkimSettings::problem(&self.dkim) {
            return wrong(problem);
        }
        let Transport::Smtp(smtp) = &self.transport else { return Ok(()) };
        if smtp.host.trim().is_empty() {
            return wrong("smtp.host is empty; write the server's name".into());
        }
        if !(1..=64).contains(&smtp.connections) {
            return wrong(format!("smtp.connections is {}; give 1 to 64", smtp.connections));
        }
        if smtp.port == 0 || smtp.timeout_seconds == 0 {
            return wrong("smtp.port and smtp.timeout_seconds are at least 1".into());
        }
        if smtp.username.is_some() != smtp.password.is_some() {
            return wrong("smtp.username and smtp.password go together".into());
        }
        Ok(())
    }
}
