//! Saved reports: which report is made, under a name of its own.
//!
//! A saved report holds what a report is made of and no figures: it is made anew each time, by
//! [`Analytics`](super::Analytics). `model` says what it is, `store` has its table,
//! [`SavedReports`] is the door.
//!
//! **Invariant:** it is of a campaign that exists, and goes with it.

mod model;
mod service;
mod store;

pub use model::{NewSavedReport, ReportSpec, SavedReport, SavedReportError};
pub use service::SavedReports;
