//! Which numbers each event adds to which metric. Pure.
//!
//! A metric grows by what an event counts, so figures of several days add up. What is sent again was
//! no failure after all: it is taken off the day it was counted on.

use chrono::NaiveDate;
use serde::Deserialize;

use crate::core::kernel::{Id, words};

/// The platform of what is sent by mail.
pub(super) const EMAIL: &str = "email";

words! {
    /// What the ledger's settlements are counted as.
    MetricType {
        /// Mails that a receiving server took.
        Deliveries = "deliveries",
        /// Mails turned away for now, each time they were.
        Deferrals = "deferrals",
        /// Mails given up, for whatever reason.
        Failures = "failures",
        /// Those of the failures that a server refused.
        Bounces = "bounces",
        /// Mails not sent, because their address must not be sent to.
        Suppressions = "suppressions",
    }
}

/// A metric's value on one day and platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metric {
    /// In UTC.
    pub date: NaiveDate,
    /// Its type in `snake_case`, as in `deliveries`.
    pub metric: String,
    /// Where it was counted, as in `email`.
    pub platform: String,
    /// A count; of money, the minor unit of the campaign's currency.
    pub value: i64,
}

/// The payload of `campaign.created`.
#[derive(Debug, Deserialize)]
pub(super) struct Created {
    pub(super) id: Id,
}

/// The payload of `deliveries.settled`: how many deliveries of a run were settled on a day.
#[derive(Debug, Deserialize)]
pub(super) struct Settled {
    pub(super) run_id: Id,
    /// In UTC.
    pub(super) date: NaiveDate,
    accepted: u32,
    deferred: u32,
    failed: u32,
    refused: u32,
    suppressed: u32,
}

impl Settled {
    /// What is to be added to each metric; zeros are left out.
    pub(super) fn metrics(&self) -> impl Iterator<Item = (MetricType, i64)> + use<> {
        [
            (MetricType::Deliveries, self.accepted),
            (MetricType::Deferrals, self.deferred),
            (MetricType::Failures, self.failed),
            (MetricType::Bounces, self.refused),
            (MetricType::Suppressions, self.suppressed),
        ]
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(metric, count)| (metric, count.into()))
    }
}

/// The payload of `deliveries.resent`: how many deliveries of a run that had failed on a day are sent
/// again.
#[derive(Debug, Deserialize)]
pub(super) struct Resent {
    pub(super) run_id: Id,
    /// In UTC.
    pub(super) date: NaiveDate,
    failed: u32,
    refused: u32,
}

impl Resent {
    /// What is to be added to each metric: less than nothing.
    pub(super) fn metrics(&self) -> impl Iterator<Item = (MetricType, i64)> + use<> {
        [(MetricType::Failures, self.failed), (MetricType::Bounces, self.refused)]
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(metric, count)| (metric, -i64::from(count)))
    }
}
