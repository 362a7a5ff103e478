//! Limits: how fast mails may leave by a channel, to a domain and from a workspace.
//!
//! [`Limits`] is what a channel says. `bucket` has the meters and the tokens they give, `adapt` what
//! servers that turn mails away do to a domain's rate, `quiet` and `warm_up` the clocks and the days
//! that count: all pure, with the instants given. A [`Lane`] is where they meet: every run that sends
//! by a channel in this process passes through the channel's lane, one group after the other.
//!
//! **Invariants**
//! - No mail leaves without a token of every limit that is about it, and a token is reserved in the
//!   store before it is used: a crash loses some, and none is ever used twice, by whatever processes.
//! - In any minute, hour or day no more leave than the limit says; a limit per second is kept to with a
//!   burst of 0.15 s at the most.
//! - Without a limit nothing is asked of the store.

mod adapt;
mod bucket;
mod eta;
mod lane;
mod lanes;
mod model;
mod quiet;
mod rules;
mod warm_up;

pub(super) use adapt::Heard;
pub(super) use bucket::{Meter, whole};
pub(super) use lane::{Admitted, Fate, Hold, Lane, SOON};
pub(super) use lanes::Lanes;
pub use model::{Adaptive, DomainLimit, Limits, QuietHours, QuietZone, Rates, WarmUp};
