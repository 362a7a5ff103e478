//! `POST /campaigns/{campaign}/resend`: mails that failed are sent again, in the run they were of.

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::DeliveryQuery;
use crate::api::envelope::{Data, Envelope};
use crate::api::error::{ApiError, ErrorBody};
use crate::api::extract::Body;
use crate::api::{CampaignBody, Services};
use crate::core::campaigns::{Resend, Resent};

/// Which mails are sent again; all that is said must be true of one, as in a list of deliveries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ResendRequestBody {
    /// `failed`, unless it is `missed`: those of them that nobody was there to send in time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// `550`, or `4xx` for a class; separated by commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// `5.1.1`, or `5.7.x`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enhanced: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Refuse unless so many mails are sent again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirm_recipients: Option<u64>,
    /// Only say how many would be.
    pub dry_run: bool,
}

/// What is sent again, or would be.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ResendBody {
    pub campaign: CampaignBody,
    pub run_id: String,
    pub dry_run: bool,
    /// Mails that are sent again.
    pub resent: u64,
    /// Mails that match and are not, because their contact is suppressed, was deleted or has left.
    pub held_back: u64,
    /// Mails of the run that wait already and leave as well.
    pub waiting: u64,
}

/// Send mails of the last run again that failed. Those that were accepted never are, nor those to
/// contacts who are suppressed, were deleted or have left; a mail keeps its Message-ID.
#[utoipa::path(post, path = "/campaigns/{campaign}/resend", tag = "campaigns",
    request_body = ResendRequestBody,
    params(("campaign" = String, Path, description = "name, id, or the start of one")),
    responses(
        (status = 200, body = Envelope<ResendBody>),
        (status = 400, body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, description = "not from this status, none matches, or others than were confirmed",
            body = ErrorBody),
    ))]
pub(super) async fn resend_deliveries(
    State(services): State<Services>,
    Path(campaign): Path<String>,
    Body(body): Body<ResendRequestBody>,
) -> Result<Data<ResendBody>, ApiError> {
    let (confirmed, dry_run) = (body.confirm_recipients, body.dry_run);
    let query = DeliveryQuery {
        state: body.state.or_else(|| Some("failed".to_owned())),
        code: body.code,
        enhanced: body.enhanced,
        domain: body.domain,
        email: body.email,
        message: body.message,
        since: body.since,
        until: body.until,
    };
    let resend = Resend { which: query.try_into()?, confirmed, dry_run };
    Ok(Data(services.campaigns.resend(&campaign, &resend).await?.into()))
}

impl From<Resent> for ResendBody {
    fn from(resent: Resent) -> Self {
        Self {
            campaign: resent.campaign.into(),
            run_id: resent.run.to_string(),
            dry_run: resent.dry_run,
            resent: resent.resent,
            held_back: resent.held_back,
            waiting: resent.waiting,
        }
    }
}
