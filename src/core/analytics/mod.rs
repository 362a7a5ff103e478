//! Analytics: what a campaign did, in figures.
//!
//! It reads what the other areas recorded and decides nothing for them. [`Report`] is the whole
//! account of a campaign as data; how it is written down is a [`ReportRenderer`], of which
//! `adapters::reports` has one per [`ReportFormat`].
//!
//! [`Analytics`] keeps the daily metrics, which grow as events come, and takes a report's sums from
//! the ledger itself, so that a report is right even while the metrics lag behind; it says when they
//! do.
//!
//! [`SavedReports`] are reports that are kept under a name, to be made again.
//!
//! **Invariants**
//! - An event counts once, however often it comes.
//! - A rate is computed from sums, never averaged, and is absent (not zero) when there
//!   is nothing to divide by.

mod figures;
mod format;
mod metrics;
mod notes;
mod report;
mod saved;
mod service;
mod store;

pub use figures::bucket_width;
pub use format::{Renderers, ReportError, ReportFormat, ReportRenderer, UnknownFormat};
pub use metrics::{Metric, MetricType};
pub use report::{
    Amount, Bucket, DailyMetric, DomainFigures, Failure, Pace, Rates, Report, ReportCampaign,
    ReportRun, Timeline, Totals,
};
pub use saved::{NewSavedReport, ReportSpec, SavedReport, SavedReportError, SavedReports};
pub use service::{Analytics, AnalyticsError};
