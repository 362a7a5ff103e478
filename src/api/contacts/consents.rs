//! `/contacts/{contact}/consents`: what a contact agreed to, and no longer agrees to.

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::envelope::{Data, Envelope, Listed};
use crate::api::error::{ApiError, ErrorBody};
use crate::api::extract::{Body, Query};
use crate::api::{PageQuery, Services};
use crate::core::contacts::{Consent, ConsentState, NewConsent};
use crate::core::kernel::{BadTime, Timestamp};

/// A record of consent. Records are only added; the last of a purpose holds.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ConsentBody {
    pub id: String,
    /// What for, in lower case.
    pub purpose: String,
    pub state: ConsentStateBody,
    /// Who told us: a form, an import, a letter.
    pub source: String,
    /// What shows it.
    pub proof: Option<String>,
    /// Since when it is so.
    #[schema(format = DateTime)]
    pub recorded_at: String,
}

/// Whether a contact agrees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConsentStateBody {
    Granted,
    Withdrawn,
}

/// A record of consent to be.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewConsentBody {
    /// What for, as `newsletter`: up to 64 characters.
    pub purpose: String,
    pub state: ConsentStateBody,
    /// Who told us: up to 200 characters.
    pub source: String,
    /// What shows it: the text they agreed to, a link. Up to 2000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<String>,
    /// Since when it is so; now when it is absent. What is older than the record that holds is
    /// refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub at: Option<String>,
}

/// Record what a contact agreed to, or no longer agrees to.
///
/// What is recorded already is not recorded again: the answer is the record that holds.
#[utoipa::path(post, path = "/contacts/{contact}/consents", tag = "contacts",
    params(("contact" = String, Path, description = "address, id, or the start of an id")),
    request_body = NewConsentBody,
    responses(
        (status = 200, body = Envelope<ConsentBody>),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody),
    ))]
pub(super) async fn record_consent(
    State(services): State<Services>,
    Path(contact): Path<String>,
    Body(new): Body<NewConsentBody>,
) -> Result<Data<ConsentBody>, ApiError> {
    let (_, consent) = services.contacts.record_consent(&contact, new.try_into()?).await?;
    Ok(Data(consent.into()))
}

/// List the records of consent of a contact, oldest first.
#[utoipa::path(get, path = "/contacts/{contact}/consents", tag = "contacts",
    params(
        ("contact" = String, Path, description = "address, id, or the start of an id"),
        PageQuery,
    ),
    responses((status = 200, body = Envelope<Vec<ConsentBody>>), (status = 404, body = ErrorBody)))]
pub(super) async fn list_consents(
    State(services): State<Services>,
    Path(contact): Path<String>,
    Query(page): Query<PageQuery>,
) -> Result<Listed<ConsentBody>, ApiError> {
    let page = page.request()?;
    Ok(Listed::new(services.contacts.consents(&contact, page).await?, &page))
}

impl TryFrom<NewConsentBody> for NewConsent {
    type Error = ApiError;

    fn try_from(body: NewConsentBody) -> Result<Self, ApiError> {
        let NewConsentBody { purpose, state, source, proof, at } = body;
        let at = at.map(|text| text.parse::<Timestamp>()).transpose();
        let at = at.map_err(|error: BadTime| ApiError::invalid("INVALID_TIME", error))?;
        let state = match state {
            ConsentStateBody::Granted => ConsentState::Granted,
            ConsentStateBody::Withdrawn => ConsentState::Withdrawn,
        };
        Ok(Self { purpose, state, source, proof, at })
    }
}

impl From<Consent> for ConsentBody {
    fn from(consent: Consent) -> Self {
        let Consent { id, purpose, state, source, proof, recorded_at } = consent;
        let state = match state {
            ConsentState::Granted => ConsentStateBody::Granted,
            ConsentState::Withdrawn => ConsentStateBody::Withdrawn,
        };
        let (id, recorded_at) = (id.to_string(), recorded_at.to_string());
        Self { id, purpose, state, source, proof, recorded_at }
    }
}
