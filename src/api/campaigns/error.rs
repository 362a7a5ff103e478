//! What goes wrong with campaigns, on the wire.

use axum::http::StatusCode;

use crate::api::error::ApiError;
use crate::api::schedules::schedule_details;
use crate::core::campaigns::CampaignError;

impl From<CampaignError> for ApiError {
    fn from(error: CampaignError) -> Self {
        match error {
            CampaignError::Contact(error) => error.into(),
            CampaignError::Template(error) => error.into(),
            CampaignError::Publishing(error) => error.into(),
            CampaignError::Store(ref cause) => cause.into(),
            CampaignError::NotFound(_) => Self::not_found("CAMPAIGN_NOT_FOUND", error),
            CampaignError::Ambiguous { ref names, .. } => {
                let names = serde_json::json!({ "candidates": names });
                Self::conflict("AMBIGUOUS_REFERENCE", error).with_details(names)
            }
            CampaignError::NameTaken(_) => Self::conflict("CAMPAIGN_NAME_TAKEN", error),
            CampaignError::Transition { from, .. } => {
                let allowed: Vec<&str> = from.next().iter().map(|one| one.as_str()).collect();
                let details = serde_json::json!({ "status": from.as_str(), "allowed": allowed });
                Self::conflict("CAMPAIGN_TRANSITION", error).with_details(details)
            }
            CampaignError::NotEditable { .. } => Self::conflict("CAMPAIGN_NOT_EDITABLE", error),
            CampaignError::Running { .. } => Self::conflict("CAMPAIGN_RUNNING", error),
            CampaignError::ScheduleNotFound(_) => Self::not_found("SCHEDULE_NOT_FOUND", error),
            CampaignError::NoSchedule(_) => Self::not_found("NOT_SCHEDULED", error),
            CampaignError::ScheduleNameTaken(_) => Self::conflict("SCHEDULE_NAME_TAKEN", error),
            CampaignError::HasSchedule { .. } => Self::conflict("HAS_SCHEDULE", error),
            CampaignError::ScheduleState { .. } => Self::conflict("SCHEDULE_STATE", error),
            CampaignError::Schedule(ref bad) => {
                let details = schedule_details(bad);
                let error = Self::invalid("INVALID_SCHEDULE", error);
                details.into_iter().fold(error, Self::with_details)
            }
            CampaignError::Outdated { .. } => {
                Self::new(StatusCode::PRECONDITION_FAILED, "CAMPAIGN_OUTDATED", error)
            }
            CampaignError::Audience { .. } => Self::conflict("CAMPAIGN_AUDIENCE", error),
            CampaignError::Resend { status, .. } => {
                let details = serde_json::json!({ "status": status.as_str() });
                Self::conflict("CAMPAIGN_RESEND", error).with_details(details)
            }
            CampaignError::ResendCount { .. } => Self::conflict("RESEND_COUNT", error),
            CampaignError::NothingToResend { .. } => Self::conflict("NOTHING_TO_RESEND", error),
            CampaignError::RunNotFound { .. } => Self::not_found("RUN_NOT_FOUND", error),
            CampaignError::NoRun(_) => Self::conflict("CAMPAIGN_NOT_STARTED", error),
            CampaignError::Invalid(_) => Self::invalid("INVALID_CAMPAIGN", error),
            CampaignError::NotReady { .. } => Self::invalid("CAMPAIGN_NOT_READY", error),
            CampaignError::Name(_) => Self::invalid("INVALID_NAME", error),
            CampaignError::Content(_) => Self::invalid("INVALID_CONTENT", error),
            CampaignError::Compose { .. } => Self::invalid("CANNOT_RENDER", error),
        }
    }
}
