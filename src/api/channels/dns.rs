//! `/channels/{channel}/dns`: what the channel's domains should publish.

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::Services;
use crate::api::envelope::{Data, Envelope};
use crate::api::error::{ApiError, ErrorBody};
use crate::core::publishing::{DnsPlan, DnsRecord};

/// The records to publish for a channel, and what stands against its mails.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct DnsBody {
    pub records: Vec<DnsRecordBody>,
    /// What is missing or of no use, in sentences.
    pub warnings: Vec<String>,
}

/// A record of DNS.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct DnsRecordBody {
    #[schema(value_type = String, pattern = "spf|dkim|dmarc|return_path")]
    pub purpose: String,
    /// In ASCII, without the dot at the end.
    pub name: String,
    /// `TXT` or `MX`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The whole record, for its provider to cut into strings. Absent for `MX`, which names the server
    /// that takes the domain's mail: only its owner knows that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// Say what the domains of a channel should publish: SPF, DKIM, DMARC, and who takes what comes back.
///
/// The public keys are derived from the private ones, which are read for it.
#[utoipa::path(get, path = "/channels/{channel}/dns", tag = "channels",
    params(("channel" = String, Path, description = "name, id, or the start of one")),
    responses((status = 200, body = Envelope<DnsBody>), (status = 404, body = ErrorBody)))]
pub(super) async fn get_channel_dns(
    State(services): State<Services>,
    Path(channel): Path<String>,
) -> Result<Data<DnsBody>, ApiError> {
    Ok(Data(services.campaigns.channel_dns(&channel).await?.into()))
}

impl From<DnsPlan> for DnsBody {
    fn from(plan: DnsPlan) -> Self {
        let records = plan.records.into_iter().map(Into::into).collect();
        Self { records, warnings: plan.warnings }
    }
}

impl From<DnsRecord> for DnsRecordBody {
    fn from(record: DnsRecord) -> Self {
        let (kind, purpose) = (record.kind().to_owned(), record.purpose.as_str().to_owned());
        Self { purpose, name: record.name, kind, value: record.value }
    }
}
