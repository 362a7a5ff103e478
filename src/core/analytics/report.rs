//! The report of a campaign, as data: facts, sums and what follows from them.
//!
//! It is self-contained, so that it can be kept, sent and rendered with nothing else at hand. Text
//! in it (names, labels, replies) comes from outside and is not escaped: a renderer does that.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::core::kernel::{Id, Money, Timestamp};

/// What a campaign did up to [`generated_at`](Self::generated_at).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    pub generated_at: Timestamp,
    /// The workspace's name.
    pub workspace: String,
    pub campaign: ReportCampaign,
    /// Oldest first.
    pub runs: Vec<ReportRun>,
    pub totals: Totals,
    pub rates: Rates,
    pub pace: Pace,
    pub timeline: Timeline,
    /// Ordered by date, then metric.
    pub daily: Vec<DailyMetric>,
    /// Most recipients first: twenty, and one named `other` for those beyond.
    pub domains: Vec<DomainFigures>,
    /// Most frequent first: twenty, and one whose code is `other` for those beyond.
    pub failures: Vec<Failure>,
    /// Sentences the reader should know before trusting the figures.
    pub notes: Vec<String>,
}

/// The campaign a report is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReportCampaign {
    pub id: Id,
    pub name: String,
    /// Its type in `snake_case`, as in `social_media`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its state in `snake_case`.
    pub status: String,
    pub labels: Vec<String>,
    pub start_date: Option<NaiveDate>,
    pub end_date: Option<NaiveDate>,
    /// IANA name; times are shown in it, or in UTC when it is not known.
    pub timezone: String,
    pub budget: Option<Amount>,
    pub spent: Option<Amount>,
}

/// Money as text: an exact decimal and its ISO 4217 currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    pub amount: String,
    pub currency: String,
}

/// One execution of the campaign.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReportRun {
    pub id: Id,
    pub status: String,
    pub started_at: Option<Timestamp>,
    /// Absent while the run works.
    pub finished_at: Option<Timestamp>,
    /// The channel's name.
    pub channel: String,
    /// Its kind, as in `smtp`.
    pub channel_kind: String,
}

/// How many deliveries are in each state. Each is in exactly one, so `recipients` is their sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    pub recipients: u64,
    pub queued: u64,
    pub leased: u64,
    pub accepted: u64,
    pub deferred: u64,
    pub failed: u64,
    pub suppressed: u64,
    pub bounced: u64,
    pub complained: u64,
}

/// Shares between 0 and 1; absent when there is nothing to divide by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rates {
    /// Taken by the receiving server ([`Totals::taken`]), of those not suppressed.
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pace {
    /// Working time of all runs together; absent before the first starts.
    pub duration_seconds: Option<f64>,
    /// Mails taken by the receiving servers per second of it.
    pub mails_per_second: Option<f64>,
}

/// What was settled when, in equal buckets without gaps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    /// Width of a bucket, in seconds.
    pub bucket_seconds: u64,
    pub buckets: Vec<Bucket>,
}

/// Deliveries settled from `at` until the next bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    pub at: Timestamp,
    pub accepted: u64,
    pub deferred: u64,
    pub failed: u64,
}

/// One metric on one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DailyMetric {
    pub date: NaiveDate,
    /// Its type in `snake_case`, as in `accepted`.
    pub metric: String,
    /// A count; of money, the minor unit of the campaign's currency.
    pub value: i64,
}

/// The deliveries to one recipient domain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DomainFigures {
    /// The part after the `@`, in its ASCII form; `other` for those beyond the top.
    pub domain: String,
    pub recipients: u64,
    pub accepted: u64,
    pub deferred: u64,
    pub failed: u64,
    pub suppressed: u64,
}

/// The replies with one code with which deliveries were deferred, or failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The SMTP code, as in `550`; absent when no reply came.
    pub code: Option<String>,
    /// The enhanced code (RFC 3463), as in `5.1.1`.
    pub enhanced: Option<String>,
    /// What the server, or the connection, said in one of the cases: 200 characters at the most.
    pub reply: String,
    pub count: u64,
}

impl From<Money> for Amount {
    fn from(money: Money) -> Self {
        Self { amount: money.amount(), currency: money.currency.to_string() }
    }
}

impl DomainFigures {
    /// Deliveries in a state that has no column here: queued, leased, bounced or complained.
    pub fn rest(&self) -> u64 {
        let told = self.accepted + self.deferred + self.failed + self.suppressed;
        self.recipients.saturating_sub(told)
    }
}

impl Bucket {
    /// All that was settled in it.
    pub fn total(&self) -> u64 {
        self.accepted + self.deferred + self.failed
    }
}

impl Failure {
    /// Whether the server asked to be tried again (4xx), or gave no reply at all.
    pub fn is_temporary(&self) -> bool {
        self.code.as_deref().is_none_or(|code| code.starts_with('4'))
    }
}
