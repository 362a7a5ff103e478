//! The signatures of a channel, as bodies.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::PasswordBody;
use crate::core::publishing::DkimSettings;

/// A DKIM signature on each mail of a channel.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DkimBody {
    /// Whose signature it is; the domain of each mail's sender, unless it is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// The name under which the domain publishes the key: `SELECTOR._domainkey.DOMAIN`.
    pub selector: String,
    /// Where the private key (PEM) is; the key itself is never given here.
    pub key: PasswordBody,
}

impl From<DkimBody> for DkimSettings {
    fn from(body: DkimBody) -> Self {
        Self { domain: body.domain, selector: body.selector, key: body.key.into() }
    }
}

impl From<DkimSettings> for DkimBody {
    fn from(settings: DkimSettings) -> Self {
        let DkimSettings { domain, selector, key } = settings;
        Self { domain, selector, key: key.into() }
    }
}
