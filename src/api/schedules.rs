//! `/campaigns/{campaign}/schedule` and `/schedules`: when campaigns start by themselves.

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::campaigns::CampaignBody;
use super::envelope::{Data, Envelope, Listed};
use super::error::{ApiError, ErrorBody};
use super::extract::{Body, Query};
use super::routing::{Area, area};
use super::{PageQuery, Services};
use crate::core::campaigns::{BadSchedule, Firing, Schedule, ScheduleDraft};
use crate::core::kernel::Labels;

/// When a campaign is to start: one of `at`, `cron`, or `contact_local` with `on`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewScheduleBody {
    /// The campaign's name unless it is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Once: a time in `timezone` as `2026-12-01T09:00`, or an instant as `2026-12-01T09:00:00Z`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Again and again: minute, hour, day of the month, month, day of the week, as `0 9 * * 1`; or
    /// `@daily`, `@weekly`, `@monthly`…
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cron: Option<String>,
    /// One run in which each mail leaves when clocks where the contact lives show this, as `09:00`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_local: Option<String>,
    /// The date of `contact_local`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = Date)]
    pub on: Option<String>,
    /// A name of the IANA database; the campaign's unless it is given, and UTC when that has none.
    /// For `contact_local`, that of the contacts whose own is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// When a single date does not fire any more; an hour after it unless it is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<String>,
    /// What becomes of times that came while nothing ran: `skip`, unless it is given, or `once`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed: Option<String>,
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
}

/// A schedule of a campaign.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ScheduleBody {
    pub id: String,
    pub campaign: String,
    /// `waiting`, `paused` or `ended`.
    pub state: String,
    #[serde(flatten)]
    pub schedule: NewScheduleBody,
    /// When it is due next; in the first zone of all when that is each contact's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub next_at: Option<String>,
    /// The same as clocks in its timezone show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_local: Option<String>,
    #[schema(format = DateTime)]
    pub created_at: String,
    #[schema(format = DateTime)]
    pub updated_at: String,
}

/// A time of a schedule to come.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ScheduleTimeBody {
    #[schema(format = DateTime)]
    pub at: String,
    /// As clocks in the schedule's timezone show it.
    pub local: String,
}

/// What became of a time of a schedule.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct FiringBody {
    pub id: String,
    pub schedule_id: String,
    #[schema(format = DateTime)]
    pub due_at: String,
    /// `fired`, `missed`, `skipped` or `failed`.
    pub outcome: String,
    /// More than one when several were missed in a row, from `due_at` on.
    pub times: u32,
    /// Why no run began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
    #[schema(format = DateTime)]
    pub decided_at: String,
}

/// How many times to come.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct CountQuery {
    /// Ten unless it is given; 1000 at the most.
    count: Option<u16>,
}

pub(super) fn area() -> Area {
    area![
        schedule_campaign,
        unschedule_campaign,
        list_schedules,
        get_schedule,
        list_schedule_times,
        list_schedule_firings,
        pause_schedule,
        resume_schedule,
    ]
}

/// Let a campaign start by itself, in place of the schedule it had.
#[utoipa::path(put, path = "/campaigns/{campaign}/schedule", tag = "schedules",
    request_body = NewScheduleBody,
    params(("campaign" = String, Path, description = "name, id, or the start of one")),
    responses(
        (status = 200, body = Envelope<ScheduleBody>),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody),
    ))]
async fn schedule_campaign(
    State(services): State<Services>,
    Path(campaign): Path<String>,
    Body(new): Body<NewScheduleBody>,
) -> Result<Data<ScheduleBody>, ApiError> {
    Ok(Data(services.campaigns.schedule(&campaign, new.into()).await?.into()))
}

/// Take the schedule of a campaign away; one that has not started is a draft again.
#[utoipa::path(delete, path = "/campaigns/{campaign}/schedule", tag = "schedules",
    params(("campaign" = String, Path, description = "name, id, or the start of one")),
    responses((status = 200, body = Envelope<CampaignBody>), (status = 404, body = ErrorBody)))]
async fn unschedule_campaign(
    State(services): State<Services>,
    Path(campaign): Path<String>,
) -> Result<Data<CampaignBody>, ApiError> {
    Ok(Data(services.campaigns.unschedule(&campaign).await?.into()))
}

/// List schedules, oldest first.
#[utoipa::path(get, path = "/schedules", tag = "schedules", params(PageQuery),
    responses((status = 200, body = Envelope<Vec<ScheduleBody>>)))]
async fn list_schedules(
    State(services): State<Services>,
    Query(page): Query<PageQuery>,
) -> Result<Listed<ScheduleBody>, ApiError> {
    let page = page.request()?;
    Ok(Listed::new(services.campaigns.schedules(page).await?, &page))
}

/// Get a schedule by its name or id, or its campaign's.
#[utoipa::path(get, path = "/schedules/{schedule}", tag = "schedules",
    params(("schedule" = String, Path, description = "its name or id, or its campaign's")),
    responses((status = 200, body = Envelope<ScheduleBody>), (status = 404, body = ErrorBody)))]
async fn get_schedule(
    State(services): State<Services>,
    Path(schedule): Path<String>,
) -> Result<Data<ScheduleBody>, ApiError> {
    Ok(Data(services.campaigns.get_schedule(&schedule).await?.into()))
}

/// List the next times of a schedule.
#[utoipa::path(get, path = "/schedules/{schedule}/next", tag = "schedules",
    params(
        ("schedule" = String, Path, description = "its name or id, or its campaign's"),
        CountQuery,
    ),
    responses(
        (status = 200, body = Envelope<Vec<ScheduleTimeBody>>),
        (status = 404, body = ErrorBody),
    ))]
async fn list_schedule_times(
    State(services): State<Services>,
    Path(schedule): Path<String>,
    Query(query): Query<CountQuery>,
) -> Result<Data<Vec<ScheduleTimeBody>>, ApiError> {
    let count = query.count.unwrap_or(10).into();
    let (schedule, times) = services.campaigns.next_times(&schedule, count).await?;
    let time = |at| ScheduleTimeBody { at: format!("{at}"), local: schedule.plan.words(at) };
    Ok(Data(times.into_iter().map(time).collect()))
}

/// List what became of the times of a campaign's schedules, oldest first.
#[utoipa::path(get, path = "/schedules/{schedule}/history", tag = "schedules",
    params(
        ("schedule" = String, Path, description = "its name or id, or its campaign's"),
        PageQuery,
    ),
    responses(
        (status = 200, body = Envelope<Vec<FiringBody>>),
        (status = 404, body = ErrorBody),
    ))]
async fn list_schedule_firings(
    State(services): State<Services>,
    Path(schedule): Path<String>,
    Query(page): Query<PageQuery>,
) -> Result<Listed<FiringBody>, ApiError> {
    let page = page.request()?;
    Ok(Listed::new(services.campaigns.schedule_history(&schedule, page).await?, &page))
}

/// Hold a schedule: its times pass without a run.
#[utoipa::path(post, path = "/schedules/{schedule}/pause", tag = "schedules",
    params(("schedule" = String, Path, description = "its name or id, or its campaign's")),
    responses(
        (status = 200, body = Envelope<ScheduleBody>),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody),
    ))]
async fn pause_schedule(
    State(services): State<Services>,
    Path(schedule): Path<String>,
) -> Result<Data<ScheduleBody>, ApiError> {
    Ok(Data(services.campaigns.pause_schedule(&schedule).await?.into()))
}

/// Let a paused schedule go on with its next time from now on.
#[utoipa::path(post, path = "/schedules/{schedule}/resume", tag = "schedules",
    params(("schedule" = String, Path, description = "its name or id, or its campaign's")),
    responses(
        (status = 200, body = Envelope<ScheduleBody>),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody),
    ))]
async fn resume_schedule(
    State(services): State<Services>,
    Path(schedule): Path<String>,
) -> Result<Data<ScheduleBody>, ApiError> {
    Ok(Data(services.campaigns.resume_schedule(&schedule).await?.into()))
}

/// Where in what was written the mistake is, when that can be told.
pub(super) fn schedule_details(error: &BadSchedule) -> Option<serde_json::Value> {
    let BadSchedule::Cron(bad) = error else { return None };
    let (at, length) = bad.place;
    Some(serde_json::json!({ "field": "cron", "text": bad.text, "at": at, "length": length }))
}

impl From<NewScheduleBody> for ScheduleDraft {
    fn from(body: NewScheduleBody) -> Self {
        let NewScheduleBody {
            name,
            at,
            cron,
            contact_local,
            on,
            timezone,
            not_after,
            missed,
            labels,
        } = body;
        Self { name, at, cron, contact_local, on, timezone, not_after, missed, labels }
    }
}

impl From<Schedule> for ScheduleBody {
    fn from(schedule: Schedule) -> Self {
        let ScheduleDraft {
            name,
            at,
            cron,
            contact_local,
            on,
            timezone,
            not_after,
            missed,
            labels,
        } = schedule.draft();
        Self {
            id: schedule.id.to_string(),
            state: schedule.state.to_string(),
            schedule: NewScheduleBody {
                name,
                at,
                cron,
                contact_local,
                on,
                timezone,
                not_after,
                missed,
                labels,
            },
            next_at: schedule.next_at.map(|at| at.to_string()),
            next_local: schedule.next_at.map(|at| schedule.plan.words(at)),
            campaign: schedule.campaign.name,
            created_at: schedule.created_at.to_string(),
            updated_at: schedule.updated_at.to_string(),
        }
    }
}

impl From<Firing> for FiringBody {
    fn from(firing: Firing) -> Self {
        Self {
            id: firing.id.to_string(),
            schedule_id: firing.schedule_id.to_string(),
            due_at: firing.due_at.to_string(),
            outcome: firing.outcome.to_string(),
            times: firing.times,
            reason: firing.reason,
            run_id: firing.run_id.map(|run| run.to_string()),
            decided_at: firing.decided_at.to_string(),
        }
    }
}
