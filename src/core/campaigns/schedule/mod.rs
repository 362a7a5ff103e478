//! Schedules: when a campaign starts by itself.
//!
//! A campaign has one schedule at the most: a single date, a cron expression, or a date on which each
//! contact's mail leaves by the clocks where they live. `draft` is what is written,
//! `model` decides what a time is and what becomes of one that was missed, and both touch nothing; `fire` carries that out.
//!
//! **Invariants**
//! - A time fires once: moving the schedule on, noting what became of the time and starting the run
//!   are one transaction, and the first of two workers moves the schedule on.
//! - Times that were missed never fire in a burst: one run at the most makes up for all of them.
//! - A campaign is `scheduled` while its schedule waits or is paused and no run of it is under way.

mod cron;
mod cron_text;
mod draft;
mod fire;
mod model;
mod service;
pub(super) mod store;

pub use cron::{BadCron, Cron};
pub use draft::{BadSchedule, Moment, ScheduleDraft, time_of_day};
pub use fire::Fired;
pub use model::{Firing, Missed, Outcome, Plan, Rule, Schedule, ScheduleState};
