//! What the law asks for: a person is given what is held of them, and is forgotten.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{ConsentBody, ContactBody};
use crate::api::envelope::{Data, Envelope};
use crate::api::error::{ApiError, ErrorBody};
use crate::api::{Services, SuppressionBody};
use crate::core::contacts::{ActivityCount, Forgotten, Merge, Takeout};

/// What came of forgetting somebody.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ForgottenBody {
    /// Whether there was a contact, and not only an address.
    pub contact: bool,
    /// Deliveries that are kept for what they count, and tell no longer whom they were to.
    pub records: u64,
    /// Whether nothing was left to forget.
    pub already: bool,
}

/// Everything that is held of a person.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TakeoutBody {
    #[schema(format = DateTime)]
    pub taken_at: String,
    pub contact: ContactBody,
    /// Every record of consent, oldest first.
    pub consents: Vec<ConsentBody>,
    /// What they did with the mails of campaigns.
    pub activity: Vec<ActivityBody>,
    /// Contacts that were merged into this one, oldest first.
    pub merges: Vec<MergeBody>,
    /// Why nothing may be sent to one of their addresses.
    pub suppressions: Vec<SuppressionBody>,
    /// The suppression sets that one of their addresses is in.
    #[serde(default)]
    pub suppression_sets: Vec<String>,
    /// Other records, by what they are: `deliveries` has every mail to them, with what the server
    /// said.
    #[schema(value_type = Object)]
    pub records: BTreeMap<String, Vec<serde_json::Value>>,
}

/// How often a contact did something with the mails of a campaign.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ActivityBody {
    /// As in `received`, `opened`, `clicked`.
    pub activity: String,
    pub campaign_id: String,
    /// Absent when the campaign is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<String>,
    pub times: u64,
    #[schema(format = DateTime)]
    pub first_at: String,
    #[schema(format = DateTime)]
    pub last_at: String,
}

/// A contact that was merged into another.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct MergeBody {
    #[schema(format = DateTime)]
    pub merged_at: String,
    /// The contact as it was.
    #[schema(value_type = Object)]
    pub contact: serde_json::Value,
}

/// Forget a person: erase all that is held of them.
///
/// A keyed hash of their address stays suppressed, so that a later import sends them nothing.
/// Deliveries keep their counts and lose the address. Doing it again changes nothing.
#[utoipa::path(post, path = "/contacts/{contact}/forget", tag = "contacts",
    params(("contact" = String, Path,
        description = "address (also one that no contact has), id, or the start of an id")),
    responses(
        (status = 200, body = Envelope<ForgottenBody>),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody),
    ))]
pub(super) async fn forget_contact(
    State(services): State<Services>,
    Path(contact): Path<String>,
) -> Result<Data<ForgottenBody>, ApiError> {
    Ok(Data(services.contacts.forget(&contact).await?.into()))
}

/// Get everything that is held of a person.
#[utoipa::path(get, path = "/contacts/{contact}/takeout", tag = "contacts",
    params(("contact" = String, Path, description = "address, id, or the start of an id")),
    responses((status = 200, body = Envelope<TakeoutBody>), (status = 404, body = ErrorBody)))]
pub(super) async fn take_out_contact(
    State(services): State<Services>,
    Path(contact): Path<String>,
) -> Result<Data<TakeoutBody>, ApiError> {
    Ok(Data(services.contacts.takeout(&contact).await?.into()))
}

impl From<Forgotten> for ForgottenBody {
    fn from(forgotten: Forgotten) -> Self {
        let Forgotten { contact, records, already } = forgotten;
        Self { contact, records, already }
    }
}

impl From<Takeout> for TakeoutBody {
    fn from(takeout: Takeout) -> Self {
        let Takeout { taken_at, profile, consents, activity, merges, .. } = takeout;
        let Takeout { suppressions, suppression_sets, records, .. } = takeout;
        let records = records.into_iter().map(|(name, held)| (name.to_owned(), held));
        Self {
            taken_at: taken_at.to_string(),
            contact: profile.into(),
            consents: consents.into_iter().map(Into::into).collect(),
            activity: activity.into_iter().map(Into::into).collect(),
            merges: merges.into_iter().map(Into::into).collect(),
            suppressions: suppressions.into_iter().map(Into::into).collect(),
            suppression_sets,
            records: records.collect(),
        }
    }
}

impl From<ActivityCount> for ActivityBody {
    fn from(count: ActivityCount) -> Self {
        Self {
            activity: count.activity.to_string(),
            campaign_id: count.campaign.to_string(),
            campaign: count.campaign_name,
            times: count.times,
            first_at: count.first_at.to_string(),
            last_at: count.last_at.to_string(),
        }
    }
}

impl From<Merge> for MergeBody {
    fn from(merge: Merge) -> Self {
        Self { merged_at: merge.merged_at.to_string(), contact: merge.was }
    }
}
