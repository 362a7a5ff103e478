//! The reader of one group.
//!
//! A batch is always the oldest events that the group has not settled: what was neither
//! acknowledged nor given up comes again, first. So a handler keeps the order by stopping at its
//! first failure and asking for the next batch. What a group has settled is its *floor*, below which
//! all is done, and the few numbers above it, which are lost in a crash: those events come again.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use tokio::time::Instant;

use super::local::{EVENTS, Entry, Letter, Shared};
use super::{BusError, BusEvent, Delivery, Failed};

/// The namespace of the failures told, a JSON map of entry to count for each group.
const FAILURES: &str = "bus.failures";
const MOST_DOUBLINGS: u32 = 6;

/// The reader of a consumer group. Dropping it lets another one read.
pub struct Consumer {
    bus: Arc<Shared>,
    group: String,
    floor: u64,
    settled: BTreeSet<u64>,
    /// The last batch, as far as it is unsettled.
    out: BTreeMap<u64, BusEvent>,
    failures: BTreeMap<u64, u32>,
    paused_until: Option<Instant>,
}

impl Consumer {
    pub(super) async fn open(bus: Arc<Shared>, group: &str) -> Result<Self, BusError> {
        if !bus.take(group) {
            return Err(BusError::GroupTaken(group.to_owned()));
        }
        let mut consumer = Self {
            bus,
            group: group.to_owned(),
            floor: 0,
            settled: BTreeSet::new(),
            out: BTreeMap::new(),
            failures: BTreeMap::new(),
            paused_until: None,
        };
        let kv = &consumer.bus.kv;
        let floor = kv.cursor(EVENTS, group).await?;
        if let Some(failures) = kv.get(FAILURES, group).await? {
            consumer.failures = serde_json::from_slice(&failures)?;
        }
        consumer.floor = floor;
        Ok(consumer)
    }

    /// Waits for events and returns the oldest unsettled ones, 1 to `max` of them.
    ///
    /// Events of the last batch that got no answer are among them. After a failure it waits out the
    /// pause first. Nothing is lost when its future is dropped.
    pub async fn next_batch(&mut self, max: usize) -> Result<Vec<Delivery>, BusError> {
        loop {
            if let Some(until) = self.paused_until {
                tokio::time::sleep_until(until).await;
                self.paused_until = None;
            }
            let tail = self.bus.grown_beyond(self.floor).await;
            let limit = max.max(1).saturating_add(self.settled.len());
            let entries = self.bus.kv.read(EVENTS, self.floor, limit).await?;
            self.skip_trimmed(entries.first().map_or(tail, |(seq, _)| seq - 1)).await?;
            self.out.clear();
            for (seq, payload) in entries {
                if self.settled.contains(&seq) || self.out.len() == max.max(1) {
                    continue;
                }
                match self.unpack(seq, &payload) {
                    Some(event) => drop(self.out.insert(seq, event)),
                    None => self.settle(seq).await?,
                }
            }
            if !self.out.is_empty() {
                return Ok(self
                    .out
                    .iter()
                    .map(|(&seq, event)| self.delivery(seq, event))
                    .collect());
            }
        }
    }

    /// Settles an event: the group is done with it. Doing so twice is once.
    pub async fn ack(&mut self, seq: u64) -> Result<(), BusError> {
        if self.out.contains_key(&seq) {
            self.settle(seq).await?;
        }
        Ok(())
    }

    /// Tells that an event could not be handled, and why.
    ///
    /// # Errors
    /// [`BusError::NotDelivered`] when the last batch did not bring it or it is settled.
    pub async fn fail(&mut self, seq: u64, reason: &str) -> Result<Failed, BusError> {
        let event = self.out.get(&seq).ok_or(BusError::NotDelivered { seq })?.clone();
        let attempts = self.failures.get(&seq).copied().unwrap_or_default() + 1;
        let attempts_left = self.bus.options.max_attempts.saturating_sub(attempts);
        if attempts_left == 0 {
            tracing::warn!(group = self.group, event.name, event.id = %event.id, attempts, reason,
                "an event became a dead letter");
            let at = self.bus.clock.now();
            let letter = Letter { event, attempts, reason: reason.to_owned(), at };
            self.bus.bury(&self.group, &letter).await?;
            self.settle(seq).await?;
            return Ok(Failed::Dead);
        }
        self.failures.insert(seq, attempts);
        self.save_failures().await?;
        let doublings = (attempts - 1).min(MOST_DOUBLINGS);
        let pause = self.bus.options.first_pause.saturating_mul(1 << doublings);
        self.paused_until = Some(Instant::now() + pause);
        Ok(Failed::Again { attempts_left })
    }

    fn delivery(&self, seq: u64, event: &BusEvent) -> Delivery {
        let attempt = self.failures.get(&seq).copied().unwrap_or_default() + 1;
        Delivery { seq, attempt, event: event.clone() }
    }

    /// The event of an entry; none when it is another group's or cannot be understood.
    fn unpack(&self, seq: u64, payload: &[u8]) -> Option<BusEvent> {
        match serde_json::from_slice::<Entry>(payload) {
            Ok(Entry { only: Some(group), .. }) if group != self.group => None,
            Ok(entry) => Some(entry.event),
            Err(error) => {
                tracing::error!(group = self.group, seq, %error, "a garbled event was skipped");
                None
            }
        }
    }

    async fn settle(&mut self, seq: u64) -> Result<(), BusError> {
        self.out.remove(&seq);
        self.settled.insert(seq);
        if self.settled.contains(&(self.floor + 1)) {
            self.raise_floor(self.floor).await?;
        }
        if self.failures.remove(&seq).is_some() {
            self.save_failures().await?;
        }
        Ok(())
    }

    /// Moves the floor up to `seq` when the entries above it are gone from the stream.
    async fn skip_trimmed(&mut self, seq: u64) -> Result<(), BusError> {
        if seq <= self.floor {
            return Ok(());
        }
        let above = self.settled.split_off(&(seq + 1));
        let settled = std::mem::replace(&mut self.settled, above).len() as u64;
        let missed = seq - self.floor - settled;
        tracing::warn!(
            group = self.group,
            missed,
            "events were dropped before the group read them"
        );
        self.failures = self.failures.split_off(&(seq + 1));
        self.raise_floor(seq).await
    }

    /// Raises the floor to `seq`, and on over what is settled above it.
    async fn raise_floor(&mut self, seq: u64) -> Result<(), BusError> {
        self.floor = seq;
        while self.settled.remove(&(self.floor + 1)) {
            self.floor += 1;
        }
        Ok(self.bus.kv.set_cursor(EVENTS, &self.group, self.floor).await?)
    }

    async fn save_failures(&self) -> Result<(), BusError> {
        let failures = serde_json::to_vec(&self.failures)?;
        Ok(self.bus.kv.set(FAILURES, &self.group, failures, None).await?)
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        self.bus.give_back(&self.group);
    }
}

impl fmt::Debug for Consumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer")
            .field("group", &self.group)
            .field("floor", &self.floor)
            .finish_non_exhaustive()
    }
}
