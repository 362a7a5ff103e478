//! What happens to a campaign: it is started, held, ended, and looked at meanwhile.

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{CampaignBody, tagged};
use crate::api::Services;
use crate::api::envelope::{Data, Envelope, Tagged};
use crate::api::error::{ApiError, ErrorBody};
use crate::api::extract::Query;
use crate::api::runs::{CountsBody, RunBody, RunFailureBody};
use crate::api::schedules::ScheduleBody;
use crate::core::campaigns::Progress;

/// How far a campaign's last run is.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ProgressBody {
    pub campaign: CampaignBody,
    /// Contacts in its audience: now or, once there is a run, when that began.
    pub audience: u64,
    /// Absent until it is started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunBody>,
    pub deliveries: CountsBody,
    /// When the run is probably done, by the slower of its rate and the limits; absent while nothing
    /// says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub eta_at: Option<String>,
    /// What failed or waits for another attempt, most first; ten at the most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<RunFailureBody>,
    /// When the next waiting delivery is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub next_due_at: Option<String>,
    /// The deliveries that wait for their time: by their contacts' clocks, or by a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<WaitingBody>,
    /// When it starts by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<ScheduleBody>,
}

/// Deliveries that wait for their time.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct WaitingBody {
    pub count: u64,
    /// When the first of them is due.
    #[schema(format = DateTime)]
    pub next_at: String,
    /// When the last of them is due.
    #[schema(format = DateTime)]
    pub last_at: String,
}

/// What was agreed to before a start.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct StartQuery {
    /// Refuse unless it goes to so many contacts.
    confirm_recipients: Option<u64>,
}

/// Start a campaign: its audience and its mails are fixed, and workers begin to send.
#[utoipa::path(post, path = "/campaigns/{campaign}/start", tag = "campaigns",
    params(("campaign" = String, Path, description = "name, id, or the start of one"), StartQuery),
    responses(
        (status = 200, body = Envelope<CampaignBody>),
        (status = 404, body = ErrorBody),
        (status = 409, description = "not from this status, or to others than were confirmed",
            body = ErrorBody),
        (status = 422, description = "something it needs is missing", body = ErrorBody),
    ))]
pub(super) async fn start_campaign(
    State(services): State<Services>,
    Path(campaign): Path<String>,
    Query(query): Query<StartQuery>,
) -> Result<Tagged<CampaignBody>, ApiError> {
    let started = services.campaigns.start_confirmed(&campaign, query.confirm_recipients).await?;
    Ok(tagged(started.0))
}

/// Pause an active campaign; mails in hand still end, no other leaves.
#[utoipa::path(post, path = "/campaigns/{campaign}/pause", tag = "campaigns",
    params(("campaign" = String, Path, description = "name, id, or the start of one")),
    responses(
        (status = 200, body = Envelope<CampaignBody>),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody),
    ))]
pub(super) async fn pause_campaign(
    State(services): State<Services>,
    Path(campaign): Path<String>,
) -> Result<Tagged<CampaignBody>, ApiError> {
    Ok(tagged(services.campaigns.pause(&campaign).await?))
}

/// Let a paused campaign go on; an active one stays as it is.
#[utoipa::path(post, path = "/campaigns/{campaign}/resume", tag = "campaigns",
    params(("campaign" = String, Path, description = "name, id, or the start of one")),
    responses(
        (status = 200, body = Envelope<CampaignBody>),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody),
    ))]
pub(super) async fn resume_campaign(
    State(services): State<Services>,
    Path(campaign): Path<String>,
) -> Result<Tagged<CampaignBody>, ApiError> {
    Ok(tagged(services.campaigns.resume(&campaign).await?))
}

/// Cancel a campaign; what has not left stays unsent.
#[utoipa::path(post, path = "/campaigns/{campaign}/cancel", tag = "campaigns",
    params(("campaign" = String, Path, description = "name, id, or the start of one")),
    responses(
        (status = 200, body = Envelope<CampaignBody>),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody),
    ))]
pub(super) async fn cancel_campaign(
    State(services): State<Services>,
    Path(campaign): Path<String>,
) -> Result<Tagged<CampaignBody>, ApiError> {
    Ok(tagged(services.campaigns.cancel(&campaign).await?))
}

/// Archive a campaign that has ended or never began.
#[utoipa::path(post, path = "/campaigns/{campaign}/archive", tag = "campaigns",
    params(("campaign" = String, Path, description = "name, id, or the start of one")),
    responses(
        (status = 200, body = Envelope<CampaignBody>),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody),
    ))]
pub(super) async fn archive_campaign(
    State(services): State<Services>,
    Path(campaign): Path<String>,
) -> Result<Tagged<CampaignBody>, ApiError> {
    Ok(tagged(services.campaigns.archive(&campaign).await?))
}

/// How far a campaign is: its run and its deliveries by state.
#[utoipa::path(get, path = "/campaigns/{campaign}/status", tag = "campaigns",
    params(("campaign" = String, Path, description = "name, id, or the start of one")),
    responses((status = 200, body = Envelope<ProgressBody>), (status = 404, body = ErrorBody)))]
pub(super) async fn get_campaign_status(
    State(services): State<Services>,
    Path(campaign): Path<String>,
) -> Result<Data<ProgressBody>, ApiError> {
    let (progress, audience) = services.campaigns.progress(&campaign).await?;
    let Progress { campaign, run, counts, next_due, waiting, schedule, eta, failures } = progress;
    let now = services.clock.now();
    Ok(Data(ProgressBody {
        campaign: campaign.into(),
        audience,
        run: run.map(|run| RunBody::at(run, now)),
        eta_at: eta.map(|eta| eta.to_string()),
        failures: failures.into_iter().map(Into::into).collect(),
        deliveries: counts.into(),
        next_due_at: next_due.map(|due| due.to_string()),
        waiting: waiting.map(|waiting| WaitingBody {
            count: waiting.count,
            next_at: waiting.next_at.to_string(),
            last_at: waiting.last_at.to_string(),
        }),
        schedule: schedule.map(Into::into),
    }))
}
