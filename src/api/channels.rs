//! `/channels`: ways out, with their credentials by reference.

mod dns;
mod signing;

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use dns::{__path_get_channel_dns, get_channel_dns};

use super::envelope::{Created, Data, Envelope, Listed, Tagged};
use super::error::{ApiError, ErrorBody};
use super::extract::{Body, IfMatch, Query};
use super::limits::LimitsBody;
use super::routing::{Area, area};
use super::{PageQuery, Services};
use crate::core::publishing::{
    Channel, ChannelSettings, Mailbox, NewChannel, PasswordRef, PublishingError, Smtp, Tls,
    Transport, UnsubscribeWays,
};

pub use dns::{DnsBody, DnsRecordBody};
pub use signing::DkimBody;

/// A channel.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ChannelBody {
    pub id: String,
    #[serde(flatten)]
    pub channel: NewChannelBody,
    /// Counts its changes, from 1.
    #[serde(default)]
    pub version: u64,
    #[schema(format = DateTime)]
    pub created_at: String,
    #[schema(format = DateTime)]
    pub updated_at: String,
}

/// A channel to be, or as it shall be.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct NewChannelBody {
    pub name: String,
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// `outbox` writes files; `smtp` gives mails to a server.
    #[schema(value_type = String, pattern = "outbox|smtp")]
    pub kind: String,
    /// Who its mails are from, unless the message says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<MailboxBody>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsubscribe: Option<UnsubscribeBody>,
    /// The DKIM signatures on its mails, 8 at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dkim: Vec<DkimBody>,
    /// Where mails that cannot be delivered come back to, 11 characters before the `@` at most: each
    /// mail adds its own token, as in `bounces+TOKEN@shop.example`. Whom mails are from, unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_path: Option<String>,
    /// The server, when the kind is `smtp`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smtp: Option<SmtpBody>,
    /// How fast its mails may leave.
    #[serde(default, skip_serializing_if = "LimitsBody::is_default")]
    pub limits: LimitsBody,
}

/// A name and an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MailboxBody {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[schema(format = Email)]
    pub email: String,
}

/// Where a reader unsubscribes: a page, an address, or both.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnsubscribeBody {
    /// An https page; each mail adds its own signed token as `t`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

/// An SMTP server.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SmtpBody {
    pub host: String,
    /// 587 for `starttls`, 465 for `tls`, 25 for `none`, unless it is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// `starttls` (the default), `tls` or `none`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Where the password is; the password itself is never given here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<PasswordBody>,
    /// Connections kept open at most, 1 to 64; 8 unless it is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connections: Option<u8>,
    /// How long any one step may take, in seconds; 30 unless it is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u16>,
    /// A file of certificates (PEM) to trust besides the system's, on the machine that sends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<String>,
}

/// Where a password, or a key, is found by the process that sends: `{"env": NAME}` or `{"file": PATH}`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PasswordBody {
    Env(String),
    File(String),
}

pub(super) fn area() -> Area {
    area![
        list_channels,
        create_channel,
        get_channel,
        replace_channel,
        delete_channel,
        get_channel_dns,
    ]
}

/// Create a channel.
#[utoipa::path(post, path = "/channels", tag = "channels", request_body = NewChannelBody,
    responses(
        (status = 201, body = Envelope<ChannelBody>),
        (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody),
    ))]
async fn create_channel(
    State(services): State<Services>,
    Body(new): Body<NewChannelBody>,
) -> Result<Created<ChannelBody>, ApiError> {
    Ok(Created(services.publishing.create_channel(new.try_into()?).await?.into()))
}

/// List channels, oldest first.
#[utoipa::path(get, path = "/channels", tag = "channels", params(PageQuery), responses(
    (status = 200, body = Envelope<Vec<ChannelBody>>),
))]
async fn list_channels(
    State(services): State<Services>,
    Query(page): Query<PageQuery>,
) -> Result<Listed<ChannelBody>, ApiError> {
    let page = page.request()?;
    Ok(Listed::new(services.publishing.channels(page).await?, &page))
}

/// Get a channel by its name or id.
#[utoipa::path(get, path = "/channels/{channel}", tag = "channels",
    params(("channel" = String, Path, description = "name, id, or the start of one")),
    responses((status = 200, body = Envelope<ChannelBody>), (status = 404, body = ErrorBody)))]
async fn get_channel(
    State(services): State<Services>,
    Path(channel): Path<String>,
) -> Result<Tagged<ChannelBody>, ApiError> {
    Ok(tagged(services.publishing.channel(&channel).await?))
}

/// Give a channel other settings; its name stays.
#[utoipa::path(put, path = "/channels/{channel}", tag = "channels",
    request_body = NewChannelBody,
    params(("channel" = String, Path, description = "name, id, or the start of one")),
    responses(
        (status = 200, body = Envelope<ChannelBody>),
        (status = 404, body = ErrorBody),
        (status = 412, body = ErrorBody),
        (status = 422, body = ErrorBody),
    ))]
async fn replace_channel(
    State(services): State<Services>,
    Path(channel): Path<String>,
    IfMatch(version): IfMatch,
    Body(new): Body<NewChannelBody>,
) -> Result<Tagged<ChannelBody>, ApiError> {
    let NewChannel { settings, labels, .. } = new.try_into()?;
    let update = services.publishing.update_channel(&channel, settings, labels, version);
    Ok(tagged(update.await?))
}

/// Delete a channel that no campaign uses.
#[utoipa::path(delete, path = "/channels/{channel}", tag = "channels",
    params(("channel" = String, Path, description = "name, id, or the start of one")),
    responses(
        (status = 200, body = Envelope<ChannelBody>),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody),
    ))]
async fn delete_channel(
    State(services): State<Services>,
    Path(channel): Path<String>,
) -> Result<Data<ChannelBody>, ApiError> {
    Ok(Data(services.publishing.delete_channel(&channel).await?.into()))
}

fn tagged(channel: Channel) -> Tagged<ChannelBody> {
    let version = channel.version;
    Tagged(channel.into(), version)
}

impl NewChannelBody {
    /// A channel that writes files, without a name yet.
    pub fn outbox() -> Self {
        Self {
            name: String::new(),
            labels: BTreeMap::new(),
            kind: "outbox".to_owned(),
            from: None,
            reply_to: None,
            unsubscribe: None,
            dkim: Vec::new(),
            return_path: None,
            smtp: None,
            limits: LimitsBody::default(),
        }
    }
}

impl TryFrom<NewChannelBody> for NewChannel {
    type Error = ApiError;

    fn try_from(body: NewChannelBody) -> Result<Self, ApiError> {
        let transport = match (body.kind.as_str(), body.smtp) {
            ("outbox", None) => Transport::Outbox,
            ("smtp", Some(smtp)) => Transport::Smtp(smtp.try_into()?),
            ("outbox", Some(_)) => return Err(invalid("a channel of the kind outbox has no smtp")),
            ("smtp", None) => return Err(invalid("a channel of the kind smtp needs smtp.host")),
            (other, _) => {
                let message = format!("`{other}` is no kind of channel; write smtp or outbox");
                return Err(invalid(&message));
            }
        };
        let settings = ChannelSettings {
            transport,
            from: body.from.map(Into::into),
            reply_to: body.reply_to,
            unsubscribe: body
                .unsubscribe
                .map(|ways| UnsubscribeWays { url: ways.url, email: ways.email }),
            dkim: body.dkim.into_iter().map(Into::into).collect(),
            limits: body.limits.try_into()?,
            return_path: body.return_path,
        };
        Ok(Self { name: body.name, labels: body.labels, settings })
    }
}

impl TryFrom<SmtpBody> for Smtp {
    type Error = ApiError;

    fn try_from(body: SmtpBody) -> Result<Self, ApiError> {
        let tls = match body.tls.as_deref() {
            None | Some("starttls") => Tls::Starttls,
            Some("tls") => Tls::Tls,
            Some("none") => Tls::None,
            Some(other) => {
                let message = format!("smtp.tls `{other}` is none of starttls, tls, none");
                return Err(invalid(&message));
            }
        };
        Ok(Self {
            host: body.host,
            port: body.port.unwrap_or_else(|| tls.default_port()),
            tls,
            username: body.username,
            password: body.password.map(Into::into),
            connections: body.connections.unwrap_or(Self::CONNECTIONS),
            timeout_seconds: body.timeout_seconds.unwrap_or(Self::TIMEOUT_SECONDS),
            ca_file: body.ca_file,
        })
    }
}

fn invalid(message: &str) -> ApiError {
    ApiError::invalid("INVALID_CHANNEL", message)
}

impl From<Channel> for ChannelBody {
    fn from(channel: Channel) -> Self {
        let kind = channel.settings.kind().to_owned();
        let settings = channel.settings;
        let smtp = match settings.transport {
            Transport::Outbox => None,
            Transport::Smtp(smtp) => Some(smtp.into()),
        };
        Self {
            id: channel.id.to_string(),
            channel: NewChannelBody {
                name: channel.name,
                labels: channel.labels,
                kind,
                from: settings.from.map(Into::into),
                reply_to: settings.reply_to,
                unsubscribe: settings
                    .unsubscribe
                    .map(|ways| UnsubscribeBody { url: ways.url, email: ways.email }),
                dkim: settings.dkim.into_iter().map(Into::into).collect(),
                return_path: settings.return_path,
                smtp,
                limits: settings.limits.into(),
            },
            version: channel.version,
            created_at: channel.created_at.to_string(),
            updated_at: channel.updated_at.to_string(),
        }
    }
}

impl From<Smtp> for SmtpBody {
    fn from(smtp: Smtp) -> Self {
        Self {
            host: smtp.host,
            port: Some(smtp.port),
            tls: Some(smtp.tls.as_str().to_owned()),
            username: smtp.username,
            password: smtp.password.map(Into::into),
            connections: Some(smtp.connections),
            timeout_seconds: Some(smtp.timeout_seconds),
            ca_file: smtp.ca_file,
        }
    }
}

impl From<PasswordBody> for PasswordRef {
    fn from(body: PasswordBody) -> Self {
        match body {
            PasswordBody::Env(name) => Self::Env(name),
            PasswordBody::File(path) => Self::File(path),
        }
    }
}

impl From<PasswordRef> for PasswordBody {
    fn from(reference: PasswordRef) -> Self {
        match reference {
            PasswordRef::Env(name) => Self::Env(name),
            PasswordRef::File(path) => Self::File(path),
        }
    }
}

impl From<MailboxBody> for Mailbox {
    fn from(body: MailboxBody) -> Self {
        Self { name: body.name, email: body.email }
    }
}

impl From<Mailbox> for MailboxBody {
    fn from(mailbox: Mailbox) -> Self {
        Self { name: mailbox.name, email: mailbox.email }
    }
}

impl From<PublishingError> for ApiError {
    fn from(error: PublishingError) -> Self {
        match &error {
            PublishingError::ChannelNotFound(_) => Self::not_found("CHANNEL_NOT_FOUND", error),
            PublishingError::Ambiguous { names, .. } => {
                let names = serde_json::json!({ "candidates": names });
                Self::conflict("AMBIGUOUS_REFERENCE", error).with_details(names)
            }
            PublishingError::ChannelNameTaken(_) => Self::conflict("CHANNEL_NAME_TAKEN", error),
            PublishingError::ChannelOutdated(_) => {
                Self::new(StatusCode::PRECONDITION_FAILED, "CHANNEL_OUTDATED", error)
            }
            PublishingError::ChannelInUse(_) => Self::conflict("CHANNEL_IN_USE", error),
            PublishingError::Name(_) => Self::invalid("INVALID_NAME", error),
            PublishingError::Settings(_) => Self::invalid("INVALID_CHANNEL", error),
            PublishingError::Link => Self::invalid("INVALID_LINK", error),
            PublishingError::RunNotFound(_) => Self::not_found("RUN_NOT_FOUND", error),
            PublishingError::MessageNotFound { .. } => Self::not_found("MESSAGE_NOT_FOUND", error),
            PublishingError::NotResendable(_) => Self::bad_request("INVALID_STATE", error),
            PublishingError::Store(cause) => cause.into(),
        }
    }
}
