//! Documents in the form in which they are written: the keys of `frontier/v1`, in their order.
//!
//! Reading goes text → [`Manifest`] → [`Document`]; writing and comparing go the other way, so the
//! field order of these types is the key order of every file we write.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::API_VERSION;
use super::model::{
    CampaignSpec, Document, Kind, ListSpec, Origin, SegmentSpec, Spec, TemplateSpec,
};
use super::positions::normalise;
use crate::core::campaigns::{CampaignType, DraftMessage, Goal, MessageContent};
use crate::core::content::Format;
use crate::core::kernel::{BadMoney, Currency, Money};
use crate::core::publishing::{
    ChannelSettings, Mailbox, PasswordRef, Smtp, Tls, Transport, UnsubscribeWays,
};

/// The fields do not add up to a document. `check` finds these cases before, with their place.
#[derive(Debug, thiserror::Error)]
#[error("{0}; see the keys of this kind")]
pub(super) struct Incomplete(&'static str);

/// The files a manifest names, by the path it writes.
pub(super) type Files = BTreeMap<String, String>;

/// A document with a spec of one kind.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest<S> {
    #[serde(rename = "apiVersion")]
    api_version: String,
    kind: String,
    metadata: Metadata,
    spec: S,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Metadata {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    labels: Option<BTreeMap<String, String>>,
}

/// A spec as written, which its files make whole.
pub(super) trait Written: DeserializeOwned {
    fn resolve(self, files: &Files) -> Result<Spec, Incomplete>;
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenList {
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenSegment {
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(rename = "where")]
    expression: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenChannel {
    kind: WrittenTransport,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Mailbox>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unsubscribe: Option<UnsubscribeWays>,
    #[serde(skip_serializing_if = "Option::is_none")]
    smtp: Option<WrittenSmtp>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WrittenTransport {
    Outbox,
    Smtp,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenSmtp {
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

/// A mapping rather than an enum, which YAML would want tagged.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenPassword {
    #[serde(skip_serializing_if = "Option::is_none")]
    env: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenTemplate {
    format: Format,
    #[serde(skip_serializing_if = "Option::is_none")]
    layout: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) body: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) body_file: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenCampaign {
    #[serde(rename = "type", with = "word")]
    campaign_type: CampaignType,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_audience: Option<WrittenAudience>,
    #[serde(skip_serializing_if = "Option::is_none")]
    budget: Option<WrittenBudget>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_date: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_date: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timezone: Option<Tz>,
    #[serde(skip_serializing_if = "Option::is_none")]
    goals: Option<Vec<Goal>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    settings: Option<serde_json::Map<String, serde_json::Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) messages: Option<Vec<WrittenMessage>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenMessage {
    pub(super) name: String,
    subject: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    preheader: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) format: Option<Format>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) body: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) body_file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Mailbox>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenAudience {
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    lists: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    segments: BTreeSet<String>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "WrittenMoney", into = "WrittenMoney")]
struct WrittenBudget(Money);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenMoney {
    amount: String,
    currency: Currency,
}

/// A value that has one word.
mod word {
    use std::fmt::Display;
    use std::str::FromStr;

    use serde::{Deserialize as _, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(
        value: &impl Display,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub(super) fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl<S> Manifest<S> {
    /// The document's envelope around the written form of its spec.
    pub(super) fn of(document: &Document, spec: S) -> Self {
        let labels = Some(document.labels.clone()).filter(|labels| !labels.is_empty());
        Self {
            api_version: API_VERSION.to_owned(),
            kind: document.kind().to_string(),
            metadata: Metadata { name: document.name.clone(), labels },
            spec,
        }
    }
}

impl<S: Written> Manifest<S> {
    pub(super) fn into_document(
        self,
        files: &Files,
        origin: Origin,
    ) -> Result<Document, Incomplete> {
        let Metadata { name, labels } = self.metadata;
        let spec = self.spec.resolve(files)?;
        Ok(Document { name, labels: labels.unwrap_or_default(), spec, origin })
    }
}

impl Written for WrittenList {
    fn resolve(self, _: &Files) -> Result<Spec, Incomplete> {
        let description = self.description.filter(|text| !text.is_empty());
        Ok(Spec::List(ListSpec { description }))
    }
}

impl Written for WrittenSegment {
    fn resolve(self, _: &Files) -> Result<Spec, Incomplete> {
        let description = self.description.filter(|text| !text.is_empty());
        // A block of YAML ends with a line break that says nothing.
        let expression = self.expression.trim().to_owned();
        Ok(Spec::Segment(SegmentSpec { description, expression }))
    }
}

impl Written for WrittenChannel {
    fn resolve(self, _: &Files) -> Result<Spec, Incomplete> {
        let transport = match (self.kind, self.smtp) {
            (WrittenTransport::Outbox, None) => Transport::Outbox,
            (WrittenTransport::Smtp, Some(smtp)) => Transport::Smtp(smtp.resolve()?),
            _ => return Err(Incomplete("`smtp` goes with `kind: smtp`")),
        };
        let Self { from, reply_to, unsubscribe, .. } = self;
        Ok(Spec::Channel(ChannelSettings { transport, from, reply_to, unsubscribe }))
    }
}

impl WrittenSmtp {
    fn resolve(self) -> Result<Smtp, Incomplete> {
        let tls = self.tls.unwrap_or_default();
        let password = match self.password {
            None => None,
            Some(WrittenPassword { env: Some(name), file: None }) => Some(PasswordRef::Env(name)),
            Some(WrittenPassword { env: None, file: Some(path) }) => Some(PasswordRef::File(path)),
            Some(_) => return Err(Incomplete("a password is either `env` or `file`")),
        };
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

impl Written for WrittenTemplate {
    fn resolve(self, files: &Files) -> Result<Spec, Incomplete> {
        let body = body(self.body, self.body_file, files)?
            .ok_or(Incomplete("a template has a `body` or a `body_file`"))?;
        Ok(Spec::Template(TemplateSpec { format: self.format, layout: self.layout, body }))
    }
}

impl Written for WrittenCampaign {
    fn resolve(self, files: &Files) -> Result<Spec, Incomplete> {
        let messages = self.messages.unwrap_or_default();
        let (lists, segments) = self
            .target_audience
            .map(|audience| (audience.lists, audience.segments))
            .unwrap_or_default();
        Ok(Spec::Campaign(CampaignSpec {
            campaign_type: self.campaign_type,
            channel: self.channel,
            lists,
            segments,
            budget: self.budget.map(|WrittenBudget(money)| money),
            start_date: self.start_date,
            end_date: self.end_date,
            timezone: self.timezone,
            goals: self.goals.unwrap_or_default(),
            settings: self.settings.unwrap_or_default(),
            messages: messages
                .into_iter()
                .map(|message| message.resolve(files))
                .collect::<Result<_, _>>()?,
        }))
    }
}

impl WrittenMessage {
    fn resolve(self, files: &Files) -> Result<DraftMessage, Incomplete> {
        let body = body(self.body, self.body_file, files)?;
        let content = match (self.template, body, self.format) {
            (Some(template), None, None) => MessageContent::Template(template),
            (None, Some(body), Some(format)) => MessageContent::Inline { format, body },
            _ => return Err(Incomplete("a message has a `template`, or a body with its `format`")),
        };
        let Self { name, subject, preheader, text, from, reply_to, .. } = self;
        Ok(DraftMessage { name, subject, preheader, content, text, from, reply_to })
    }
}

fn body(
    inline: Option<String>,
    path: Option<String>,
    files: &Files,
) -> Result<Option<String>, Incomplete> {
    match (inline, path) {
        (Some(_), Some(_)) => Err(Incomplete("a body is written once")),
        (Some(body), None) => Ok(Some(body)),
        (None, Some(path)) => match files.get(&path) {
            Some(text) => Ok(Some(normalise(text))),
            None => Err(Incomplete("the file of a body is not there")),
        },
        (None, None) => Ok(None),
    }
}

impl From<&ListSpec> for WrittenList {
    fn from(spec: &ListSpec) -> Self {
        Self { description: spec.description.clone() }
    }
}

impl From<&SegmentSpec> for WrittenSegment {
    fn from(spec: &SegmentSpec) -> Self {
        let SegmentSpec { description, expression } = spec.clone();
        Self { description, expression }
    }
}

impl From<&ChannelSettings> for WrittenChannel {
    fn from(spec: &ChannelSettings) -> Self {
        let (kind, smtp) = match &spec.transport {
            Transport::Outbox => (WrittenTransport::Outbox, None),
            Transport::Smtp(smtp) => (WrittenTransport::Smtp, Some(smtp.into())),
        };
        let ChannelSettings { from, reply_to, unsubscribe, .. } = spec.clone();
        Self { kind, from, reply_to, unsubscribe, smtp }
    }
}

impl From<&Smtp> for WrittenSmtp {
    fn from(smtp: &Smtp) -> Self {
        let password = smtp.password.clone().map(|password| match password {
            PasswordRef::Env(name) => WrittenPassword { env: Some(name), file: None },
            PasswordRef::File(path) => WrittenPassword { env: None, file: Some(path) },
        });
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

impl From<&TemplateSpec> for WrittenTemplate {
    fn from(spec: &TemplateSpec) -> Self {
        let TemplateSpec { format, layout, body } = spec.clone();
        Self { format, layout, body: Some(body), body_file: None }
    }
}

impl From<&CampaignSpec> for WrittenCampaign {
    fn from(spec: &CampaignSpec) -> Self {
        let mut settings = spec.settings.clone();
        settings.sort_keys();
        settings.values_mut().for_each(serde_json::Value::sort_all_objects);
        Self {
            campaign_type: spec.campaign_type,
            channel: spec.channel.clone(),
            target_audience: Some(WrittenAudience {
                lists: spec.lists.clone(),
                segments: spec.segments.clone(),
            })
            .filter(|audience| !(audience.lists.is_empty() && audience.segments.is_empty())),
            budget: spec.budget.map(WrittenBudget),
            start_date: spec.start_date,
            end_date: spec.end_date,
            timezone: spec.timezone,
            goals: Some(spec.goals.clone()).filter(|goals| !goals.is_empty()),
            settings: Some(settings).filter(|settings| !settings.is_empty()),
            messages: Some(spec.messages.iter().map(WrittenMessage::from).collect())
                .filter(|messages: &Vec<_>| !messages.is_empty()),
        }
    }
}

impl From<&DraftMessage> for WrittenMessage {
    fn from(message: &DraftMessage) -> Self {
        let DraftMessage { name, subject, preheader, content, text, from, reply_to } =
            message.clone();
        let (template, format, body) = match content {
            MessageContent::Template(template) => (Some(template), None, None),
            MessageContent::Inline { format, body } => (None, Some(format), Some(body)),
        };
        Self {
            name,
            subject,
            preheader,
            template,
            format,
            body,
            body_file: None,
            text,
            from,
            reply_to,
        }
    }
}

impl TryFrom<WrittenMoney> for WrittenBudget {
    type Error = BadMoney;

    fn try_from(written: WrittenMoney) -> Result<Self, BadMoney> {
        Money::parse(&written.amount, written.currency).map(Self)
    }
}

impl From<WrittenBudget> for WrittenMoney {
    fn from(WrittenBudget(money): WrittenBudget) -> Self {
        Self { amount: money.amount(), currency: money.currency }
    }
}

/// The document as JSON, with the keys a manifest has.
pub(super) fn to_json(document: &Document) -> serde_json::Result<serde_json::Value> {
    match &document.spec {
        Spec::List(spec) => serde_json::to_value(Manifest::of(document, WrittenList::from(spec))),
        Spec::Channel(spec) => {
            serde_json::to_value(Manifest::of(document, WrittenChannel::from(spec)))
        }
        Spec::Template(spec) => {
            serde_json::to_value(Manifest::of(document, WrittenTemplate::from(spec)))
        }
        Spec::Segment(spec) => {
            serde_json::to_value(Manifest::of(document, WrittenSegment::from(spec)))
        }
        Spec::Campaign(spec) => {
            serde_json::to_value(Manifest::of(document, WrittenCampaign::from(spec)))
        }
    }
}

/// The type of the written spec of `kind`, read from `source`; errors carry their path.
pub(super) fn read<'de, D: serde::Deserializer<'de>>(
    kind: Kind,
    source: D,
    files: &Files,
    origin: Origin,
) -> Result<Result<Document, Incomplete>, serde_path_to_error::Error<D::Error>> {
    use serde_path_to_error::deserialize;
    Ok(match kind {
        Kind::List => deserialize::<_, Manifest<WrittenList>>(source)?.into_document(files, origin),
        Kind::Channel => {
            deserialize::<_, Manifest<WrittenChannel>>(source)?.into_document(files, origin)
        }
        Kind::Template => {
            deserialize::<_, Manifest<WrittenTemplate>>(source)?.into_document(files, origin)
        }
        Kind::Segment => {
            deserialize::<_, Manifest<WrittenSegment>>(source)?.into_document(files, origin)
        }
        Kind::Campaign => {
            deserialize::<_, Manifest<WrittenCampaign>>(source)?.into_document(files, origin)
        }
    })
}
