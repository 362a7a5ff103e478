//! Analytics: what a campaign did, in figures.
//!
//! It reads what the other areas recorded and decides nothing for them. [`Report`] is the whole
//! account of a campaign as data; how it is written down is a [`ReportRenderer`], of which
//! `adapters::reports` has one per [`ReportFormat`].
//!
//! **Invariant:** a rate is computed from sums, never averaged, and is absent (not zero) when there
//! is nothing to divide by.

mod figures;
mod format;
mod report;

pub use figures::{bucket_width, top_domains, top_failures};
pub use format::{ReportError, ReportFormat, ReportRenderer, UnknownFormat};
pub use report::{
    Amount, Bucket, DailyMetric, DomainFigures, Failure, Pace, Rates, Report, ReportCampaign,
    ReportRun, Timeline, Totals,
};
