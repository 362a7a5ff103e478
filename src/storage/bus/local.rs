//! The bus of one process: streams in the working data, wake-ups in memory.

use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, broadcast};

use super::consumer::Consumer;
use super::{BusError, BusEvent, BusOptions, DeadLetter, Live};
use crate::core::kernel::{Clock, Timestamp};
use crate::storage::kv::{Kv, KvError};

/// The stream of all events.
pub(super) const EVENTS: &str = "events";
/// Events a live reader may be behind before it misses some.
const LIVE_BEHIND: usize = 1024;

/// A bus within one process.
#[derive(Clone)]
pub struct LocalBus(Arc<Shared>);

pub(super) struct Shared {
    pub(super) kv: Kv,
    pub(super) clock: Clock,
    pub(super) options: BusOptions,
    /// The last entry that consumers may read.
    tail: AtomicU64,
    grown: Notify,
    live: broadcast::Sender<Arc<BusEvent>>,
    /// Held from an append to its announcement, so that events are heard in their order.
    publishing: tokio::sync::Mutex<()>,
    taken: Mutex<HashSet<String>>,
}

/// An event in the stream.
#[derive(Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) event: BusEvent,
    /// The only group it is for: a replay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) only: Option<String>,
}

/// A dead letter in its stream.
#[derive(Serialize, Deserialize)]
pub(super) struct Letter {
    pub(super) event: BusEvent,
    pub(super) attempts: u32,
    pub(super) reason: String,
    pub(super) at: Timestamp,
}

impl LocalBus {
    pub(super) async fn open(kv: Kv, clock: Clock, options: BusOptions) -> Result<Self, BusError> {
        let tail = kv.tail(EVENTS).await?;
        Ok(Self(Arc::new(Shared {
            kv,
            clock,
            options,
            tail: AtomicU64::new(tail),
            grown: Notify::new(),
            live: broadcast::channel(LIVE_BEHIND).0,
            publishing: tokio::sync::Mutex::new(()),
            taken: Mutex::default(),
        })))
    }

    pub(super) async fn publish(&self, events: &[BusEvent]) -> Result<(), BusError> {
        if events.is_empty() {
            return Ok(());
        }
        let payloads = events
            .iter()
            .map(|event| serde_json::to_vec(&Entry { event: event.clone(), only: None }))
            .collect::<Result<_, _>>()?;
        let _turn = self.0.publishing.lock().await;
        self.0.append(payloads).await?;
        for event in events {
            // An error says that nobody listens.
            let _ = self.0.live.send(Arc::new(event.clone()));
        }
        Ok(())
    }

    pub(super) async fn consumer(&self, group: &str) -> Result<Consumer, BusError> {
        Consumer::open(Arc::clone(&self.0), group).await
    }

    pub(super) fn live(&self) -> Live {
        Live(self.0.live.subscribe())
    }

    pub(super) async fn dead_letters(
        &self,
        group: &str,
        after: u64,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, BusError> {
        let letters = self.0.kv.read(&dead_stream(group), after, limit).await?;
        letters
            .into_iter()
            .map(|(seq, payload)| {
                let Letter { event, attempts, reason, at } = serde_json::from_slice(&payload)?;
                Ok(DeadLetter { seq, event, attempts, reason, at })
            })
            .collect()
    }

    pub(super) async fn replay(&self, group: &str, seq: u64) -> Result<(), BusError> {
        let _turn = self.0.publishing.lock().await;
        let before = seq.saturating_sub(1);
        let letter = self.dead_letters(group, before, 1).await?.into_iter().next();
        let Some(letter) = letter.filter(|letter| letter.seq == seq) else {
            return Err(BusError::NoDeadLetter { group: group.to_owned(), seq });
        };
        let entry = Entry { event: letter.event, only: Some(group.to_owned()) };
        self.0.append(vec![serde_json::to_vec(&entry)?]).await?;
        Ok(self.0.kv.drop_entry(&dead_stream(group), seq).await?)
    }
}

impl Shared {
    /// Appends to the stream, durably, and wakes the consumers.
    async fn append(&self, payloads: Vec<Vec<u8>>) -> Result<(), KvError> {
        let tail = self.kv.append(EVENTS, payloads).await?;
        self.kv.flush().await?;
        self.tail.fetch_max(tail, Ordering::AcqRel);
        self.grown.notify_waiters();
        self.kv.trim(EVENTS, self.options.kept).await
    }

    /// Waits for an entry above `seq`, and returns the number of the last one there is.
    pub(super) async fn grown_beyond(&self, seq: u64) -> u64 {
        loop {
            // Made before the look, so that no wake-up falls between the two.
            let grown = self.grown.notified();
            let tail = self.tail.load(Ordering::Acquire);
            if tail > seq {
                return tail;
            }
            grown.await;
        }
    }

    pub(super) async fn bury(&self, group: &str, letter: &Letter) -> Result<(), BusError> {
        let stream = dead_stream(group);
        self.kv.append(&stream, vec![serde_json::to_vec(letter)?]).await?;
        self.kv.flush().await?;
        Ok(self.kv.trim(&stream, self.options.kept).await?)
    }

    /// Whether `group` was free, and is now taken.
    pub(super) fn take(&self, group: &str) -> bool {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).insert(group.to_owned())
    }

    pub(super) fn give_back(&self, group: &str) {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).remove(group);
    }
}

impl fmt::Debug for LocalBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalBus").field("options", &self.0.options).finish_non_exhaustive()
    }
}

fn dead_stream(group: &str) -> String {
    format!("dead:{group}")
}
