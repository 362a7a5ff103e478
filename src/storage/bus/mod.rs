//! The bus: facts that happened, told to whoever listens.
//!
//! Events are appended to one stream and read by *consumer groups*. A group gets every event at
//! least once and in order, remembers what it has settled, and puts an event that keeps failing
//! among its *dead letters*, from where it can be replayed. Live readers get events as they come,
//! from the moment they ask, and are told how many they missed when they are too slow.
//!
//! **Invariant:** an event that was published survives a crash until every group that reads in time
//! has settled it. The stream is bounded: what a group leaves unread beyond that is dropped, with a
//! warning. The outbox may publish an event twice, so handlers go by its id.

mod consumer;
mod local;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;

pub use self::consumer::Consumer;
pub use self::local::LocalBus;
use super::kv::{Kv, KvError};
use crate::core::kernel::{Clock, Id, Timestamp};

/// A fact that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BusEvent {
    pub id: Id,
    /// Its kind, such as `campaign.created`.
    pub name: String,
    pub payload: serde_json::Value,
    pub at: Timestamp,
}

/// An event on its way to a consumer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its place in the stream, to answer with.
    pub seq: u64,
    /// 1 plus the failures told so far. A crash is no failure, since the events of its batch that
    /// were innocent could not be told apart.
    pub attempt: u32,
    pub event: BusEvent,
}

/// What becomes of an event that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failed {
    /// It comes again, before any later one.
    Again { attempts_left: u32 },
    /// It is among the dead letters, and the group goes on without it.
    Dead,
}

/// An event that a group gave up on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its place among the group's dead letters, to replay it by.
    pub seq: u64,
    pub event: BusEvent,
    pub attempts: u32,
    /// The last failure.
    pub reason: String,
    pub at: Timestamp,
}

/// What a live reader hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    Event(Arc<BusEvent>),
    /// This many events passed unheard, because the reader was too slow.
    Missed(u64),
}

/// How long events are kept and how often they are tried.
#[derive(Clone, Copy, Debug)]
pub struct BusOptions {
    /// Entries kept in the stream, and in each group's dead letters.
    pub kept: u64,
    /// Failures that make a dead letter.
    pub max_attempts: u32,
    /// The pause after the first failure; it doubles with each, to 64 times itself at most.
    pub first_pause: Duration,
}

/// Why the bus could not do it.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    #[error(transparent)]
    Kv(#[from] KvError),
    #[error("an event cannot be written as JSON")]
    Json(#[from] serde_json::Error),
    #[error("the group `{0}` is being read already; stop its reader first, or read another group")]
    GroupTaken(String),
    #[error("event {seq} is not out for an answer; only what the last batch brought can fail")]
    NotDelivered { seq: u64 },
    #[error("the group `{group}` has no dead letter {seq}; list them to see those there are")]
    NoDeadLetter { group: String, seq: u64 },
}

/// The bus of an installation. Clones share it.
#[derive(Clone, Debug)]
pub enum Bus {
    Local(LocalBus),
}

/// A reader of events as they come.
#[derive(Debug)]
pub struct Live(broadcast::Receiver<Arc<BusEvent>>);

impl Bus {
    /// The bus of one process, with its streams in `kv`.
    pub async fn local(kv: Kv, clock: Clock, options: BusOptions) -> Result<Self, BusError> {
        LocalBus::open(kv, clock, options).await.map(Self::Local)
    }

    /// Publishes `events` in this order. When it returns they survive a crash.
    ///
    /// When its future is dropped they may be stored or not, and stored ones are announced by the
    /// next call: publish them again.
    pub async fn publish(&self, events: &[BusEvent]) -> Result<(), BusError> {
        match self {
            Self::Local(bus) => bus.publish(events).await,
        }
    }

    /// The one reader of `group`, which starts at the oldest event it has not settled.
    ///
    /// # Errors
    /// [`BusError::GroupTaken`] while another reader of the group lives.
    pub async fn consumer(&self, group: &str) -> Result<Consumer, BusError> {
        match self {
            Self::Local(bus) => bus.consumer(group).await,
        }
    }

    /// Events from now on.
    pub fn live(&self) -> Live {
        match self {
            Self::Local(bus) => bus.live(),
        }
    }

    /// Up to `limit` dead letters of `group` numbered above `after`, oldest first.
    pub async fn dead_letters(
        &self,
        group: &str,
        after: u64,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, BusError> {
        match self {
            Self::Local(bus) => bus.dead_letters(group, after, limit).await,
        }
    }

    /// Gives a dead letter to its group again, as the newest event and to no other group.
    ///
    /// # Errors
    /// [`BusError::NoDeadLetter`] when it is not there, or was replayed already.
    pub async fn replay(&self, group: &str, seq: u64) -> Result<(), BusError> {
        match self {
            Self::Local(bus) => bus.replay(group, seq).await,
        }
    }
}

impl Live {
    /// The next event, or none when the bus is gone.
    pub async fn next(&mut self) -> Option<Heard> {
        match self.0.recv().await {
            Ok(event) => Some(Heard::Event(event)),
            Err(broadcast::error::RecvError::Lagged(missed)) => Some(Heard::Missed(missed)),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

impl Default for BusOptions {
    fn default() -> Self {
        Self { kept: 100_000, max_attempts: 5, first_pause: Duration::from_secs(1) }
    }
}
