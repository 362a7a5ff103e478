//! The documents as the rest of the program sees them: typed, checked, self-contained.
//!
//! What was written in more than one way has one form here: defaults are filled in, a body is text
//! wherever it came from, a message has exactly one source of content.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::NaiveDate;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::core::kernel::{BadMoney, Currency, Money};

/// What a document describes, in the order in which documents build on each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    List,
    Channel,
    Template,
    Campaign,
}

/// One document. Two are equal when they say the same, wherever they were written.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Document {
    pub name: String,
    pub labels: BTreeMap<String, String>,
    #[serde(flatten)]
    pub spec: Spec,
    pub origin: Origin,
}

/// Where a document starts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    pub file: String,
    /// From 1; 0 when the document was not read from a file.
    pub line: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "spec")]
pub enum Spec {
    List(ListSpec),
    Channel(ChannelSpec),
    Template(TemplateSpec),
    Campaign(CampaignSpec),
}

/// A list of contacts; who is in it is not the manifest's business.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListSpec {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A way out for mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelSpec {
    pub from: Sender,
    pub reply_to: Option<String>,
    pub unsubscribe: Option<Unsubscribe>,
    pub transport: Transport,
}

/// A name and an address, as they stand in `From`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sender {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub email: String,
}

/// Where a reader unsubscribes: a page, an address, or both; never neither.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unsubscribe {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// Mails become files; nothing leaves the machine.
    Outbox,
    Smtp(Smtp),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Smtp {
    pub host: String,
    pub port: u16,
    pub tls: Tls,
    pub username: Option<String>,
    /// Present exactly when `username` is.
    pub password: Option<PasswordRef>,
    /// Connections kept open at most, 1 to 64.
    pub connections: u8,
    pub timeout_seconds: u16,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tls {
    None,
    #[default]
    Starttls,
    Tls,
}

/// Where the password is found when it is needed; the password itself is in no document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PasswordRef {
    /// The name of an environment variable.
    Env(String),
    /// The path of a file on the machine that sends.
    File(String),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateSpec {
    /// The template this one is put into.
    pub layout: Option<String>,
    #[serde(flatten)]
    pub content: Body,
}

/// A text and the language it is written in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Body {
    pub format: Format,
    pub body: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    Markdown,
    Html,
    Mjml,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CampaignSpec {
    #[serde(rename = "type")]
    pub campaign_type: CampaignType,
    pub channel: Option<String>,
    pub target_audience: TargetAudience,
    pub budget: Option<Budget>,
    pub start_date: Option<NaiveDate>,
    /// Not before `start_date`.
    pub end_date: Option<NaiveDate>,
    pub timezone: Option<Tz>,
    pub goals: Vec<Goal>,
    pub settings: serde_json::Map<String, serde_json::Value>,
    /// No two share a name.
    pub messages: Vec<Message>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CampaignType {
    Email,
    SocialMedia,
    Display,
    Search,
    Multichannel,
}

/// Who the campaign is for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetAudience {
    #[serde(default)]
    pub lists: BTreeSet<String>,
}

/// Money to spend at most; never negative. Written as an amount and a currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "WrittenBudget", into = "WrittenBudget")]
pub struct Budget(pub Money);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenBudget {
    amount: String,
    currency: Currency,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Goal {
    pub metric: String,
    pub target: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub name: String,
    pub subject: String,
    pub preheader: Option<String>,
    pub content: Content,
    /// The text part; derived from the content when absent.
    pub text: Option<String>,
    /// Instead of the channel's.
    pub from: Option<Sender>,
    pub reply_to: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// The name of a template.
    Template(String),
    Inline(Body),
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::List, Self::Channel, Self::Template, Self::Campaign];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::List => "List",
            Self::Channel => "Channel",
            Self::Template => "Template",
            Self::Campaign => "Campaign",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Document {
    pub const fn kind(&self) -> Kind {
        match self.spec {
            Spec::List(_) => Kind::List,
            Spec::Channel(_) => Kind::Channel,
            Spec::Template(_) => Kind::Template,
            Spec::Campaign(_) => Kind::Campaign,
        }
    }

    /// What documents are sorted and told apart by.
    pub fn key(&self) -> (Kind, &str) {
        (self.kind(), &self.name)
    }
}

impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.labels == other.labels && self.spec == other.spec
    }
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
}

impl Format {
    /// How the names of such files end, without the dot.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Markdown => "md",
            Self::Html => "html",
            Self::Mjml => "mjml",
        }
    }
}

impl TryFrom<WrittenBudget> for Budget {
    type Error = BadMoney;

    fn try_from(written: WrittenBudget) -> Result<Self, BadMoney> {
        Money::parse(&written.amount, written.currency).map(Self)
    }
}

impl From<Budget> for WrittenBudget {
    fn from(Budget(money): Budget) -> Self {
        Self { amount: money.amount(), currency: money.currency }
    }
}
