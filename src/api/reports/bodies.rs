//! The report on the wire: the same names and shapes as in the JSON document.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::CountsBody;
use crate::core::analytics::{
    Amount, Bucket, DailyMetric, DomainFigures, Failure, Metric, Pace, Rates, Report,
    ReportCampaign, ReportRun, Timeline, Totals,
};

/// What a campaign did, over all its runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReportBody {
    #[schema(format = DateTime)]
    pub generated_at: String,
    /// The workspace's name.
    pub workspace: String,
    pub campaign: ReportCampaignBody,
    /// Oldest first.
    pub runs: Vec<ReportRunBody>,
    pub totals: CountsBody,
    pub rates: RatesBody,
    pub pace: PaceBody,
    pub timeline: TimelineBody,
    /// By date, then metric.
    pub daily: Vec<DailyMetricBody>,
    /// Most recipients first: twenty, and one named `other` for those beyond.
    pub domains: Vec<DomainBody>,
    /// Most frequent first: twenty, and one whose code is `other` for those beyond.
    pub failures: Vec<FailureBody>,
    /// What to know before trusting the figures.
    pub notes: Vec<String>,
}

/// The campaign a report is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportCampaignBody {
    pub id: String,
    pub name: String,
    /// As in `social_media`.
    #[serde(rename = "type")]
    pub kind: String,
    pub status: String,
    /// As in `season=spring`.
    pub labels: Vec<String>,
    pub start_date: Option<NaiveDate>,
    pub end_date: Option<NaiveDate>,
    /// IANA name.
    pub timezone: String,
    pub budget: Option<AmountBody>,
    pub spent: Option<AmountBody>,
}

/// Money: an exact decimal and its ISO 4217 currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AmountBody {
    pub amount: String,
    pub currency: String,
}

/// One execution of the campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportRunBody {
    pub id: String,
    pub status: String,
    #[schema(format = DateTime)]
    pub started_at: Option<String>,
    /// Absent while the run works.
    #[schema(format = DateTime)]
    pub finished_at: Option<String>,
    pub channel: String,
    /// `smtp` or `outbox`.
    pub channel_kind: String,
}

/// Shares between 0 and 1; absent when there is nothing to divide by.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RatesBody {
    /// Taken by the receiving server, of those not suppressed.
    pub accepted: Option<f64>,
    /// Of those not suppressed.
    pub deferred: Option<f64>,
    /// Of those not suppressed.
    pub failed: Option<f64>,
    /// Of all recipients.
    pub suppressed: Option<f64>,
    /// Of those taken.
    pub bounced: Option<f64>,
    /// Of those taken.
    pub complained: Option<f64>,
}

/// How long the runs worked, and how fast.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PaceBody {
    pub duration_seconds: Option<f64>,
    pub mails_per_second: Option<f64>,
}

/// What was settled when, in equal buckets without gaps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TimelineBody {
    pub bucket_seconds: u64,
    pub buckets: Vec<BucketBody>,
}

/// Deliveries settled from `at` until the next bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BucketBody {
    #[schema(format = DateTime)]
    pub at: String,
    pub accepted: u64,
    pub deferred: u64,
    pub failed: u64,
}

/// One metric on one day (UTC), over all platforms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DailyMetricBody {
    pub date: NaiveDate,
    pub metric: String,
    pub value: i64,
}

/// One metric on one day (UTC) and platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MetricBody {
    pub date: NaiveDate,
    /// As in `deliveries`, `bounces`, `deferrals`, `failures`, `suppressions`.
    pub metric: String,
    /// As in `email`.
    pub platform: String,
    pub value: i64,
}

/// The deliveries to one recipient domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DomainBody {
    pub domain: String,
    pub recipients: u64,
    pub accepted: u64,
    pub deferred: u64,
    pub failed: u64,
    pub suppressed: u64,
}

/// The replies with one code with which deliveries were deferred, or failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FailureBody {
    /// The SMTP code; absent when no server replied.
    pub code: Option<String>,
    /// The enhanced code (RFC 3463), as in `5.1.1`.
    pub enhanced: Option<String>,
    /// One of the replies.
    pub reply: String,
    pub count: u64,
}

impl From<Report> for ReportBody {
    fn from(report: Report) -> Self {
        Self {
            generated_at: report.generated_at.to_string(),
            workspace: report.workspace,
            campaign: report.campaign.into(),
            runs: bodies(report.runs),
            totals: report.totals.into(),
            rates: report.rates.into(),
            pace: report.pace.into(),
            timeline: report.timeline.into(),
            daily: bodies(report.daily),
            domains: bodies(report.domains),
            failures: bodies(report.failures),
            notes: report.notes,
        }
    }
}

fn bodies<B, T: Into<B>>(items: Vec<T>) -> Vec<B> {
    items.into_iter().map(Into::into).collect()
}

/// Makes a body of the value of the core that has the same fields.
macro_rules! same_fields {
    ($($from:ident => $into:ident { $($field:ident),+ })+) => {
        $(impl From<$from> for $into {
            fn from(value: $from) -> Self {
                Self { $($field: value.$field),+ }
            }
        })+
    };
}

same_fields! {
    Amount => AmountBody { amount, currency }
    Rates => RatesBody { accepted, deferred, failed, suppressed, bounced, complained }
    Pace => PaceBody { duration_seconds, mails_per_second }
    DailyMetric => DailyMetricBody { date, metric, value }
    Metric => MetricBody { date, metric, platform, value }
    DomainFigures => DomainBody { domain, recipients, accepted, deferred, failed, suppressed }
    Failure => FailureBody { code, enhanced, reply, count }
}

impl From<ReportCampaign> for ReportCampaignBody {
    fn from(campaign: ReportCampaign) -> Self {
        Self {
            id: campaign.id.to_string(),
            name: campaign.name,
            kind: campaign.kind,
            status: campaign.status,
            labels: campaign.labels,
            start_date: campaign.start_date,
            end_date: campaign.end_date,
            timezone: campaign.timezone,
            budget: campaign.budget.map(Into::into),
            spent: campaign.spent.map(Into::into),
        }
    }
}

impl From<ReportRun> for ReportRunBody {
    fn from(run: ReportRun) -> Self {
        Self {
            id: run.id.to_string(),
            status: run.status,
            started_at: run.started_at.map(|time| time.to_string()),
            finished_at: run.finished_at.map(|time| time.to_string()),
            channel: run.channel,
            channel_kind: run.channel_kind,
        }
    }
}

impl From<Totals> for CountsBody {
    fn from(totals: Totals) -> Self {
        Self {
            total: totals.recipients,
            queued: totals.queued,
            leased: totals.leased,
            accepted: totals.accepted,
            deferred: totals.deferred,
            failed: totals.failed,
            suppressed: totals.suppressed,
            bounced: totals.bounced,
            complained: totals.complained,
        }
    }
}

impl From<Timeline> for TimelineBody {
    fn from(timeline: Timeline) -> Self {
        Self { bucket_seconds: timeline.bucket_seconds, buckets: bodies(timeline.buckets) }
    }
}

impl From<Bucket> for BucketBody {
    fn from(bucket: Bucket) -> Self {
        Self {
            at: bucket.at.to_string(),
            accepted: bucket.accepted,
            deferred: bucket.deferred,
            failed: bucket.failed,
        }
    }
}
