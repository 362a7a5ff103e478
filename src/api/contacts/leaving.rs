//! `/contacts/unsubscribe`: what a page behind the links of mails asks for.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::Services;
use crate::api::envelope::{Data, Envelope};
use crate::api::error::{ApiError, ErrorBody};
use crate::api::extract::Body;
use crate::core::contacts::Left;

/// A link with which somebody unsubscribes.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkBody {
    /// The whole link of a mail, or the token at its end (`t`).
    pub link: String,
}

/// What came of a link with which somebody unsubscribed.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct LeftBody {
    /// The lists they are unsubscribed from now.
    pub lists: Vec<String>,
    /// Whether nothing may be sent to the address any more, because they are on none of the lists, or
    /// may have got the mail for a segment too.
    pub suppressed: bool,
    /// Whether the mail was a test, and nothing was changed.
    pub test: bool,
}

/// Unsubscribe whoever the link of a mail was made for.
///
/// For a page of your own that takes RFC 8058 one-click requests. Doing it again changes nothing.
#[utoipa::path(post, path = "/contacts/unsubscribe", tag = "contacts", request_body = LinkBody,
    responses((status = 200, body = Envelope<LeftBody>), (status = 422, body = ErrorBody)))]
pub(super) async fn unsubscribe_by_link(
    State(services): State<Services>,
    Body(body): Body<LinkBody>,
) -> Result<Data<LeftBody>, ApiError> {
    let left = services.campaigns.leave(&body.link).await?;
    Ok(Data(match left {
        Some(Left { lists, suppressed }) => LeftBody { lists, suppressed, test: false },
        None => LeftBody { test: true, ..LeftBody::default() },
    }))
}
