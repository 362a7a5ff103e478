//! `/campaigns`: what is sent, to whom, and when.

mod error;
mod lifecycle;

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

pub use lifecycle::{ProgressBody, WaitingBody};

use self::lifecycle::{
    __path_archive_campaign, __path_cancel_campaign, __path_get_campaign_status,
    __path_pause_campaign, __path_resume_campaign, __path_start_campaign, archive_campaign,
    cancel_campaign, get_campaign_status, pause_campaign, resume_campaign, start_campaign,
};
use super::channels::MailboxBody;
use super::envelope::{Created, Data, Envelope, Listed, Tagged};
use super::error::{ApiError, ErrorBody};
use super::extract::{Body, IfMatch, Query};
use super::routing::{Area, area};
use super::{PageQuery, Services};
use crate::core::campaigns::{Audience, Campaign, Draft, DraftMessage, Goal, MessageContent};
use crate::core::kernel::{Currency, Money};

/// A campaign.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CampaignBody {
    pub id: String,
    /// Where it stands: `draft`, `scheduled`, `active`, `paused`, `completed`, `cancelled`,
    /// `failed` or `archived`.
    pub status: String,
    #[serde(flatten)]
    pub campaign: NewCampaignBody,
    pub spent: MoneyBody,
    /// When its schedule lets it start next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub next_start_at: Option<String>,
    /// Counts the changes; the same as the `ETag`.
    pub version: u64,
    #[schema(format = DateTime)]
    pub created_at: String,
    #[schema(format = DateTime)]
    pub updated_at: String,
}

/// A campaign to be, or as it shall be.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct NewCampaignBody {
    pub name: String,
    /// `email`, `social_media`, `display`, `search` or `multichannel`.
    #[serde(rename = "type")]
    pub campaign_type: String,
    /// The channel it leaves by; without one, mails are written to the workspace's outbox folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    #[serde(default)]
    pub target_audience: AudienceBody,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<MoneyBody>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = Date)]
    pub start_date: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = Date)]
    pub end_date: Option<String>,
    /// A name of the IANA database, as `Europe/Madrid`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    #[serde(default)]
    pub goals: Vec<GoalBody>,
    #[serde(default = "empty_object")]
    #[schema(value_type = Object)]
    pub settings: serde_json::Value,
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    #[serde(default)]
    pub messages: Vec<MessageBody>,
}

/// Who a campaign is for.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AudienceBody {
    /// Names of lists whose subscribers receive; a contact on several is one recipient.
    #[serde(default)]
    pub lists: Vec<String>,
    /// Names of segments; whoever is in one when the campaign starts receives too.
    #[serde(default)]
    pub segments: Vec<String>,
}

/// An exact amount of a currency.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MoneyBody {
    /// A decimal, as `1250.00`.
    pub amount: String,
    /// An ISO 4217 code.
    pub currency: String,
}

/// A figure to reach.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GoalBody {
    pub metric: String,
    pub target: u64,
}

/// One message: its body is a template's, or its own with a format.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageBody {
    pub name: String,
    pub subject: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preheader: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// `markdown`, `html` or `mjml`, of `body`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// The text part; derived from the body unless it is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<MailboxBody>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
}

/// A copy's name.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DuplicateBody {
    /// The name of the original with ` copy` after it, unless it is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Which campaigns.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct CampaignFilter {
    /// Only those that stand here.
    status: Option<String>,
}

pub(super) fn area() -> Area {
    area![
        list_campaigns,
        create_campaign,
        get_campaign,
        replace_campaign,
        edit_campaign,
        delete_campaign,
        duplicate_campaign,
        start_campaign,
        pause_campaign,
        resume_campaign,
        cancel_campaign,
        archive_campaign,
        get_campaign_status,
    ]
}

/// Create a campaign, as a draft.
#[utoipa::path(post, path = "/campaigns", tag = "campaigns", request_body = NewCampaignBody,
    responses(
        (status = 201, body = Envelope<CampaignBody>),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody),
    ))]
async fn create_campaign(
    State(services): State<Services>,
    Body(new): Body<NewCampaignBody>,
) -> Result<Created<CampaignBody>, ApiError> {
    Ok(Created(services.campaigns.create(new.try_into()?).await?.into()))
}

/// List campaigns, oldest first.
#[utoipa::path(get, path = "/campaigns", tag = "campaigns", params(PageQuery, CampaignFilter),
    responses((status = 200, body = Envelope<Vec<CampaignBody>>)))]
async fn list_campaigns(
    State(services): State<Services>,
    Query(page): Query<PageQuery>,
    Query(filter): Query<CampaignFilter>,
) -> Result<Listed<CampaignBody>, ApiError> {
    let page = page.request()?;
    let status = filter.status.as_deref().map(str::parse).transpose();
    let status = status.map_err(|error| ApiError::bad_request("INVALID_STATUS", error))?;
    Ok(Listed::new(services.campaigns.campaigns(status, page).await?, &page))
}

/// Get a campaign by its name or id.
#[utoipa::path(get, path = "/campaigns/{campaign}", tag = "campaigns",
    params(("campaign" = String, Path, description = "name, id, or the start of one")),
    responses((status = 200, body = Envelope<CampaignBody>), (status = 404, body = ErrorBody)))]
async fn get_campaign(
    State(services): State<Services>,
    Path(campaign): Path<String>,
) -> Result<Tagged<CampaignBody>, ApiError> {
    Ok(tagged(services.campaigns.campaign(&campaign).await?))
}

/// Replace a campaign that has not been started.
#[utoipa::path(put, path = "/campaigns/{campaign}", tag = "campaigns",
    request_body = NewCampaignBody,
    params(("campaign" = String, Path, description = "name, id, or the start of one")),
    responses(
        (status = 200, body = Envelope<CampaignBody>),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody),
        (status = 412, body = ErrorBody),
        (status = 422, body = ErrorBody),
    ))]
async fn replace_campaign(
    State(services): State<Services>,
    Path(campaign): Path<String>,
    IfMatch(version): IfMatch,
    Body(new): Body<NewCampaignBody>,
) -> Result<Tagged<CampaignBody>, ApiError> {
    Ok(tagged(services.campaigns.update(&campaign, new.try_into()?, version).await?))
}

/// Change some fields of a campaign that has not been started (JSON merge patch, RFC 7396).
#[utoipa::path(patch, path = "/campaigns/{campaign}", tag = "campaigns",
    request_body(content = Object, content_type = "application/json"),
    params(("campaign" = String, Path, description = "name, id, or the start of one")),
    responses(
        (status = 200, body = Envelope<CampaignBody>),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody),
        (status = 412, body = ErrorBody),
        (status = 422, body = ErrorBody),
    ))]
async fn edit_campaign(
    State(services): State<Services>,
    Path(campaign): Path<String>,
    IfMatch(version): IfMatch,
    Body(patch): Body<serde_json::Value>,
) -> Result<Tagged<CampaignBody>, ApiError> {
    let current = services.campaigns.campaign(&campaign).await?;
    let (found, reference) = (current.version, current.id.to_string());
    let mut fields = serde_json::to_value(CampaignBody::from(current).campaign)
        .map_err(|error| ApiError::internal(&error))?;
    let known = serde_json::to_value(NewCampaignBody::every_field()).unwrap_or_default();
    super::extract::merge(&mut fields, patch, &known)?;
    let merged: NewCampaignBody = serde_path_to_error::deserialize(fields)
        .map_err(|error| ApiError::invalid("INVALID_BODY", error))?;
    // The patch was merged into this version, so no other may take it.
    let version = version.or(Some(found));
    Ok(tagged(services.campaigns.update(&reference, merged.try_into()?, version).await?))
}

/// Delete a campaign with its runs; one that is running is cancelled first.
#[utoipa::path(delete, path = "/campaigns/{campaign}", tag = "campaigns",
    params(("campaign" = String, Path, description = "name, id, or the start of one")),
    responses(
        (status = 200, body = Envelope<CampaignBody>),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody),
    ))]
async fn delete_campaign(
    State(services): State<Services>,
    Path(campaign): Path<String>,
) -> Result<Data<CampaignBody>, ApiError> {
    Ok(Data(services.campaigns.delete(&campaign).await?.into()))
}

/// Copy a campaign, as a draft.
#[utoipa::path(post, path = "/campaigns/{campaign}/duplicate", tag = "campaigns",
    request_body = DuplicateBody,
    params(("campaign" = String, Path, description = "name, id, or the start of one")),
    responses(
        (status = 201, body = Envelope<CampaignBody>),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody),
    ))]
async fn duplicate_campaign(
    State(services): State<Services>,
    Path(campaign): Path<String>,
    Body(copy): Body<DuplicateBody>,
) -> Result<Created<CampaignBody>, ApiError> {
    Ok(Created(services.campaigns.duplicate(&campaign, copy.name).await?.into()))
}

fn empty_object() -> serde_json::Value {
    serde_json::json!({})
}

fn tagged(campaign: Campaign) -> Tagged<CampaignBody> {
    let version = campaign.version;
    Tagged(campaign.into(), version)
}

impl NewCampaignBody {
    /// A body in which no field is left out, so that a patch can be told which there are.
    fn every_field() -> Self {
        let some = || Some(String::new());
        Self {
            channel: some(),
            budget: Some(MoneyBody { amount: String::new(), currency: String::new() }),
            start_date: some(),
            end_date: some(),
            timezone: some(),
            ..Self::default()
        }
    }
}

impl TryFrom<NewCampaignBody> for Draft {
    type Error = ApiError;

    fn try_from(body: NewCampaignBody) -> Result<Self, ApiError> {
        let date = |field: &str, text: Option<String>| {
            text.map(|text| text.parse())
                .transpose()
                .map_err(|_| invalid(format!("{field} is not a date; write it as 2026-03-01")))
        };
        let messages = body.messages.into_iter().map(DraftMessage::try_from);
        Ok(Self {
            name: body.name,
            kind: body.campaign_type.parse().map_err(|error| invalid(format!("type {error}")))?,
            channel: body.channel,
            budget: body.budget.map(Money::try_from).transpose()?,
            start_date: date("start_date", body.start_date)?,
            end_date: date("end_date", body.end_date)?,
            timezone: body.timezone,
            target_audience: Audience {
                lists: body.target_audience.lists,
                segments: body.target_audience.segments,
            },
            settings: body.settings,
            goals: body
                .goals
                .into_iter()
                .map(|goal| Goal { metric: goal.metric, target: goal.target })
                .collect(),
            labels: body.labels,
            messages: messages.collect::<Result<_, _>>()?,
        })
    }
}

impl TryFrom<MoneyBody> for Money {
    type Error = ApiError;

    fn try_from(body: MoneyBody) -> Result<Self, ApiError> {
        let currency: Currency = body.currency.parse().map_err(invalid)?;
        Self::parse(&body.amount, currency).map_err(invalid)
    }
}

impl From<Money> for MoneyBody {
    fn from(money: Money) -> Self {
        Self { amount: money.amount(), currency: money.currency.to_string() }
    }
}

impl TryFrom<MessageBody> for DraftMessage {
    type Error = ApiError;

    fn try_from(body: MessageBody) -> Result<Self, ApiError> {
        let content = match (body.template, body.body, body.format) {
            (Some(template), None, None) => MessageContent::Template(template),
            (None, Some(text), format) => {
                let format = format.as_deref().unwrap_or("markdown").parse().map_err(invalid)?;
                MessageContent::Inline { format, body: text }
            }
            _ => {
                return Err(invalid(format!(
                    "the message `{}` needs either a template, or a body with its format",
                    body.name
                )));
            }
        };
        Ok(Self {
            name: body.name,
            subject: body.subject,
            preheader: body.preheader,
            content,
            text: body.text,
            from: body.from.map(Into::into),
            reply_to: body.reply_to,
        })
    }
}

fn invalid(error: impl std::fmt::Display) -> ApiError {
    ApiError::invalid("INVALID_CAMPAIGN", error.to_string())
}

impl From<Campaign> for CampaignBody {
    fn from(campaign: Campaign) -> Self {
        let (status, spent) = (campaign.status.to_string(), campaign.spent.into());
        let draft = campaign.draft();
        Self {
            id: campaign.id.to_string(),
            status,
            campaign: draft.into(),
            spent,
            next_start_at: campaign.next_start.map(|at| at.to_string()),
            version: campaign.version,
            created_at: campaign.created_at.to_string(),
            updated_at: campaign.updated_at.to_string(),
        }
    }
}

impl From<Draft> for NewCampaignBody {
    fn from(draft: Draft) -> Self {
        Self {
            name: draft.name,
            campaign_type: draft.kind.to_string(),
            channel: draft.channel,
            target_audience: AudienceBody {
                lists: draft.target_audience.lists,
                segments: draft.target_audience.segments,
            },
            budget: draft.budget.map(Into::into),
            start_date: draft.start_date.map(|date| date.to_string()),
            end_date: draft.end_date.map(|date| date.to_string()),
            timezone: draft.timezone,
            goals: draft
                .goals
                .into_iter()
                .map(|goal| GoalBody { metric: goal.metric, target: goal.target })
                .collect(),
            settings: draft.settings,
            labels: draft.labels,
            messages: draft.messages.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<DraftMessage> for MessageBody {
    fn from(message: DraftMessage) -> Self {
        let (template, format, body) = match message.content {
            MessageContent::Template(template) => (Some(template), None, None),
            MessageContent::Inline { format, body } => (None, Some(format.to_string()), Some(body)),
        };
        Self {
            name: message.name,
            subject: message.subject,
            preheader: message.preheader,
            template,
            format,
            body,
            text: message.text,
            from: message.from.map(Into::into),
            reply_to: message.reply_to,
        }
    }
}
