//! Events and jobs: what happened, and what must still happen.
//!
//! Both are rows, written by the transaction that causes them, so neither can be lost or be true
//! without the other. The [`Outbox`] remembers facts; a relay brings them to the bus. The
//! [`Queue`] remembers work; workers claim it under a lease.
//!
//! **Invariant:** an event is published at least once and has its effect once per consumer.

mod outbox;
mod queue;
mod relay;
mod service;

pub use outbox::{Event, Outbox};
pub use queue::{Claimed, Job, LEASE, Queue};
pub use relay::{Relay, RelayError};
pub use service::Events;
