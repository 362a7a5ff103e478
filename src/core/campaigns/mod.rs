//! Campaigns: what is sent, to whom, and when.
//!
//! A campaign is a *draft* until it is scheduled or started, and can be edited only until then.
//! Starting it fixes a plan and begins a run; from there the campaign follows its run. `model`
//! decides what is allowed and touches nothing outside itself, `store` remembers, [`Campaigns`] is
//! the only door. It does not know how a mail is made or sent: `content` and `publishing` do.
//!
//! **Invariants**
//! - A status changes only along [`Status::next`], but that a recurring campaign is scheduled again
//!   when its run is completed, and one is active again when mails of its last run are resent
//!   ([`Status::may_resend`]).
//! - An active campaign has one active run, and a job that works it.
//! - A scheduled campaign has a [`Schedule`], which waits or is paused.

mod jobs;
mod leaving;
mod lifecycle;
mod model;
mod plan;
mod preview;
mod rehearsal;
mod resend;
mod schedule;
mod service;
mod store;

pub use jobs::RunCampaign;
pub use model::{
    Audience, Campaign, CampaignError, CampaignType, Draft, DraftMessage, Goal, Message,
    MessageContent, Named, Progress, Status,
};
pub use plan::source as message_source;
pub use preview::{Preview, TestSent};
pub use rehearsal::Unfit;
pub use resend::{Resend, Resent};
pub use schedule::{
    BadCron, BadSchedule, Cron, Fired, Firing, Missed, Moment, Outcome, Plan, Rule, Schedule,
    ScheduleDraft, ScheduleState, time_of_day,
};
pub use service::{Campaigns, Defaults};
