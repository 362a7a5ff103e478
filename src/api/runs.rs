//! Runs, under the campaign they are of; previews and test sends.

use axum::extract::{Path, State};
use base64::Engine as _;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Services;
use super::channels::MailboxBody;
use super::envelope::{Data, Envelope};
use super::error::{ApiError, ErrorBody};
use super::extract::{Body, Query};
use super::routing::{Area, area};
use crate::core::campaigns::{Preview, TestSent};
use crate::core::kernel::Timestamp;
use crate::core::publishing::{Counts, Failure, Run, RunStatus};

/// One execution of a campaign.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RunBody {
    pub id: String,
    /// `active`, `paused`, `completed`, `cancelled` or `failed`.
    pub status: String,
    pub channel: String,
    /// `smtp` or `outbox`.
    pub channel_kind: String,
    pub recipients: u64,
    /// What holds the run up, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The limit it waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<HeldBody>,
    /// Mails a second in the last seconds; absent when it sends none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    #[schema(format = DateTime)]
    pub started_at: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub finished_at: Option<String>,
}

/// What limit a run waits for.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct HeldBody {
    /// In words.
    pub by: String,
    #[schema(format = DateTime)]
    pub until: String,
}

/// Deliveries of a run that failed or wait for another attempt with the same code.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RunFailureBody {
    /// `failed` or `deferred`.
    pub state: String,
    /// The server's code; absent when no server was asked, or none answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// The enhanced code (RFC 3463), as in `5.1.1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enhanced_code: Option<String>,
    pub count: u64,
    /// One of the replies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<String>,
}

/// Deliveries by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CountsBody {
    pub total: u64,
    pub queued: u64,
    pub leased: u64,
    pub accepted: u64,
    pub deferred: u64,
    pub failed: u64,
    pub suppressed: u64,
    pub bounced: u64,
    pub complained: u64,
}

/// A message as one contact gets it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PreviewBody {
    pub message: String,
    pub from: MailboxBody,
    pub to: String,
    pub subject: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preheader: Option<String>,
    pub html: String,
    pub text: String,
    /// The mail as it would travel, in base64.
    pub eml: String,
}

/// Whom a test is for.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TestSendBody {
    /// The address that gets it.
    #[schema(format = Email)]
    pub to: String,
    /// The contact whose values it shows: an address or an id.
    pub contact: String,
    /// The message; the first unless it is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// What became of a test.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TestSentBody {
    pub to: String,
    /// Where it went, in words.
    pub through: String,
    /// False when it became a file on this machine.
    pub leaves_machine: bool,
    pub accepted: bool,
    pub reply: String,
}

/// Whom a preview is for.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PreviewQuery {
    /// An address or an id.
    contact: String,
    /// The message; the first unless it is named.
    message: Option<String>,
}

pub(super) fn area() -> Area {
    area![preview_campaign, send_test,]
}

/// Render a message as one contact would get it.
#[utoipa::path(get, path = "/campaigns/{campaign}/preview", tag = "campaigns",
    params(
        ("campaign" = String, Path, description = "name, id, or the start of one"),
        PreviewQuery,
    ),
    responses(
        (status = 200, body = Envelope<PreviewBody>),
        (status = 404, body = ErrorBody),
        (status = 422, description = "a variable has no value, say", body = ErrorBody),
    ))]
async fn preview_campaign(
    State(services): State<Services>,
    Path(campaign): Path<String>,
    Query(query): Query<PreviewQuery>,
) -> Result<Data<PreviewBody>, ApiError> {
    let (contact, message) = (&query.contact, query.message.as_deref());
    Ok(Data(services.campaigns.preview(&campaign, contact, message).await?.into()))
}

/// Send a message, as one contact would get it, to an address of yours.
#[utoipa::path(post, path = "/campaigns/{campaign}/send-test", tag = "campaigns",
    request_body = TestSendBody,
    params(("campaign" = String, Path, description = "name, id, or the start of one")),
    responses(
        (status = 200, body = Envelope<TestSentBody>),
        (status = 404, body = ErrorBody),
        (status = 422, body = ErrorBody),
    ))]
async fn send_test(
    State(services): State<Services>,
    Path(campaign): Path<String>,
    Body(test): Body<TestSendBody>,
) -> Result<Data<TestSentBody>, ApiError> {
    let message = test.message.as_deref();
    let sent = services.campaigns.send_test(&campaign, &test.contact, message, &test.to).await?;
    Ok(Data(sent.into()))
}

impl From<Failure> for RunFailureBody {
    fn from(failure: Failure) -> Self {
        Self {
            state: failure.state.to_string(),
            code: failure.code,
            enhanced_code: failure.enhanced,
            count: failure.count,
            reply: failure.reply,
        }
    }
}

impl RunBody {
    /// A run as it is at `now`.
    pub(super) fn at(run: Run, now: Timestamp) -> Self {
        let pace = run.pace.filter(|pace| pace.is_fresh(now) && run.finished_at.is_none());
        let held = run.held.filter(|held| held.until > now && run.status == RunStatus::Active);
        Self {
            id: run.id.to_string(),
            status: run.status.to_string(),
            channel_kind: run.channel.settings.kind().to_owned(),
            channel: run.channel.name,
            recipients: run.recipients,
            error: run.error,
            held: held.map(|held| HeldBody { by: held.by, until: held.until.to_string() }),
            rate: pace.map(|pace| (pace.rate * 10.0).round() / 10.0),
            started_at: run.started_at.to_string(),
            finished_at: run.finished_at.map(|time| time.to_string()),
        }
    }
}

impl From<Counts> for CountsBody {
    fn from(counts: Counts) -> Self {
        Self {
            total: counts.total(),
            queued: counts.queued,
            leased: counts.leased,
            accepted: counts.accepted,
            deferred: counts.deferred,
            failed: counts.failed,
            suppressed: counts.suppressed,
            bounced: counts.bounced,
            complained: counts.complained,
        }
    }
}

impl From<Preview> for PreviewBody {
    fn from(preview: Preview) -> Self {
        Self {
            message: preview.message,
            from: preview.from.into(),
            to: preview.to,
            subject: preview.rendered.subject,
            preheader: preview.rendered.preheader,
            html: preview.rendered.html,
            text: preview.rendered.text,
            eml: base64::engine::general_purpose::STANDARD.encode(preview.eml),
        }
    }
}

impl From<TestSent> for TestSentBody {
    fn from(sent: TestSent) -> Self {
        Self {
            to: sent.to,
            through: sent.through,
            leaves_machine: sent.leaves_machine,
            accepted: sent.accepted,
            reply: sent.reply,
        }
    }
}
