//! The ledger: the deliveries of a run, and of a person.

mod export;
mod resend;

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

pub use self::export::{DeliveryExportQuery, DeliveryFormat};
pub use self::resend::{ResendBody, ResendRequestBody};

use self::export::{__path_export_deliveries, export_deliveries};
use self::resend::{__path_resend_deliveries, resend_deliveries};
use super::envelope::{Envelope, Listed};
use super::error::{ApiError, ErrorBody};
use super::extract::Query;
use super::routing::{Area, area};
use super::{PageQuery, Services};
use crate::core::kernel::Timestamp;
use crate::core::publishing::{Delivery, DeliveryFilter, PastDelivery};

/// One row of the ledger: one message of a run to one contact.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct DeliveryBody {
    pub run_id: String,
    pub message_id: String,
    pub contact_id: String,
    pub email: String,
    /// `queued`, `leased`, `accepted`, `deferred`, `failed`, `suppressed`, `bounced` or
    /// `complained`.
    pub state: String,
    /// How often it was offered to a server since it was first queued, or last sent again.
    pub attempts: u32,
    /// How often it was put back to be sent again.
    #[serde(default)]
    pub resent: u32,
    /// The server's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// The server's enhanced code (RFC 3463), as `5.1.1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enhanced: Option<String>,
    /// The server's words, or ours when it was never asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<String>,
    /// When it is offered again, or was first due.
    #[schema(format = DateTime)]
    pub due_at: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub settled_at: Option<String>,
}

/// A delivery to a person, with what it was of.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PastDeliveryBody {
    /// The campaign's name.
    pub campaign: String,
    pub campaign_id: String,
    /// The message's name and subject; absent when it was taken out of the campaign since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// When its run began.
    #[schema(format = DateTime)]
    pub started_at: String,
    #[serde(flatten)]
    pub delivery: DeliveryBody,
}

/// Which run of a campaign.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RunQuery {
    /// Its id, or the start of it; `last` unless it is given.
    pub run: Option<String>,
}

/// Which deliveries; all that is said must be true of one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DeliveryQuery {
    /// Only those in these states, separated by commas. `missed` are those that nobody was there to
    /// send in time, and those without a verdict of a run that has ended.
    pub state: Option<String>,
    /// Only those a server answered with one of these codes: `550`, or `4xx` for a class; separated by
    /// commas.
    pub code: Option<String>,
    /// Only those with this enhanced code (RFC 3463): `5.1.1`, or `5.7.x`.
    pub enhanced: Option<String>,
    /// Only those to addresses of this domain.
    pub domain: Option<String>,
    /// Only those to this address, or to the contact who has it now.
    pub email: Option<String>,
    /// Only those of this message: its name or id.
    pub message: Option<String>,
    /// Only those settled at this time or later: `2026-03-01T09:00:00Z`, or a day in UTC.
    pub since: Option<String>,
    /// Only those settled before this time.
    pub until: Option<String>,
}

pub(super) fn area() -> Area {
    area![list_deliveries, export_deliveries, resend_deliveries, list_contact_deliveries,]
}

/// List the deliveries of a run, in the order of contacts.
#[utoipa::path(get, path = "/campaigns/{campaign}/deliveries", tag = "campaigns",
    params(
        ("campaign" = String, Path, description = "name, id, or the start of one"),
        RunQuery,
        PageQuery,
        DeliveryQuery,
    ),
    responses(
        (status = 200, body = Envelope<Vec<DeliveryBody>>),
        (status = 400, body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, description = "not started yet", body = ErrorBody),
    ))]
async fn list_deliveries(
    State(services): State<Services>,
    Path(campaign): Path<String>,
    Query(run): Query<RunQuery>,
    Query(page): Query<PageQuery>,
    Query(filter): Query<DeliveryQuery>,
) -> Result<Listed<DeliveryBody>, ApiError> {
    let page = page.keyed()?;
    let filter = filter.try_into()?;
    let run = services.campaigns.run_of(&campaign, run.run.as_deref()).await?;
    Ok(Listed::new(services.publishing.deliveries(&run, &filter, page).await?, &page))
}

/// List what was and is to be sent to a contact, over all campaigns, newest run first.
#[utoipa::path(get, path = "/contacts/{contact}/deliveries", tag = "contacts",
    params(
        ("contact" = String, Path, description = "address, id, or the start of its id"),
        PageQuery,
    ),
    responses(
        (status = 200, body = Envelope<Vec<PastDeliveryBody>>),
        (status = 404, body = ErrorBody),
    ))]
async fn list_contact_deliveries(
    State(services): State<Services>,
    Path(contact): Path<String>,
    Query(page): Query<PageQuery>,
) -> Result<Listed<PastDeliveryBody>, ApiError> {
    let page = page.keyed()?;
    let ids = services.contacts.ids_of(&contact).await?;
    Ok(Listed::new(services.publishing.history(&ids, page).await?, &page))
}

impl TryFrom<DeliveryQuery> for DeliveryFilter {
    type Error = ApiError;

    fn try_from(query: DeliveryQuery) -> Result<Self, ApiError> {
        let mut filter = Self {
            domain: query.domain,
            email: query.email,
            message: query.message,
            ..Self::default()
        };
        for word in words(query.state.as_deref()) {
            if word == "missed" {
                filter.missed = true;
                continue;
            }
            let bad = |error| ApiError::bad_request("INVALID_STATE", format!("{error}, missed"));
            filter.states.push(word.parse().map_err(bad)?);
        }
        for word in words(query.code.as_deref()) {
            let bad = |error| ApiError::bad_request("INVALID_CODE", error);
            filter.codes.push(word.parse().map_err(bad)?);
        }
        let enhanced = query.enhanced.as_deref().map(str::trim).map(str::parse).transpose();
        filter.enhanced = enhanced.map_err(|bad| ApiError::bad_request("INVALID_CODE", bad))?;
        filter.since = query.since.as_deref().map(time).transpose()?;
        filter.until = query.until.as_deref().map(time).transpose()?;
        Ok(filter)
    }
}

/// The words between commas; an empty one is a word that is not known.
fn words(text: Option<&str>) -> impl Iterator<Item = &str> {
    text.into_iter().flat_map(|text| text.split(',')).map(str::trim)
}

/// A time, or the first moment of a day in UTC.
fn time(text: &str) -> Result<Timestamp, ApiError> {
    let day = || format!("{text}T00:00:00Z").parse().ok();
    text.parse().or_else(|bad| day().ok_or(bad)).map_err(|bad| {
        ApiError::bad_request("INVALID_TIME", format!("{bad}, or a day as 2026-03-01"))
    })
}

impl From<Delivery> for DeliveryBody {
    fn from(delivery: Delivery) -> Self {
        Self {
            run_id: delivery.run_id.to_string(),
            message_id: delivery.message_id.to_string(),
            contact_id: delivery.contact_id.to_string(),
            email: delivery.email,
            state: delivery.state.to_string(),
            attempts: delivery.attempts,
            resent: delivery.resent,
            code: delivery.code,
            enhanced: delivery.enhanced,
            reply: delivery.reply,
            due_at: delivery.due_at.to_string(),
            settled_at: delivery.settled_at.map(|time| time.to_string()),
        }
    }
}

impl From<PastDelivery> for PastDeliveryBody {
    fn from(past: PastDelivery) -> Self {
        Self {
            campaign: past.campaign,
            campaign_id: past.campaign_id.to_string(),
            message: past.message,
            subject: past.subject,
            started_at: past.started_at.to_string(),
            delivery: past.delivery.into(),
        }
    }
}
