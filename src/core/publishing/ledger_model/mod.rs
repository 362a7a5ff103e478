//! A model of the ledger, and what is checked with it.
//!
//! A [`Row`] is one row with the moves it knows. `lockstep` makes the same moves with the statements
//! that the engine uses and compares every column after each: the statements do what the model says.
//! `world` lets workers that crash, stand still and come back, servers that lose lines, and people who
//! pause and resend make any sequence of these moves, and checks what docs/delivery.md promises. What
//! a verdict makes of a row is the engine's own [`judge`](super::moves::judge) in both.

mod lockstep;
mod world;

use super::model::DeliveryState;
use super::moves::Judgement;
use crate::core::kernel::Timestamp;

/// A row of the ledger, as far as its moves go.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    state: DeliveryState,
    attempts: u32,
    due_at: Timestamp,
    /// Who has it in hand, and until when.
    lease: Option<(String, Timestamp)>,
    resent: u32,
}

impl Row {
    const fn due(due_at: Timestamp) -> Self {
        Self { state: DeliveryState::Queued, attempts: 0, due_at, lease: None, resent: 0 }
    }

    const fn waits(&self) -> bool {
        matches!(self.state, DeliveryState::Queued | DeliveryState::Deferred)
    }

    fn is_of(&self, node: &str) -> bool {
        self.lease.as_ref().is_some_and(|(holder, _)| holder == node)
    }

    /// Somebody leases it.
    fn claim(&mut self, node: &str, now: Timestamp, until: Timestamp) -> bool {
        let may = self.waits() && self.due_at <= now;
        if may {
            (self.state, self.lease) = (DeliveryState::Leased, Some((node.to_owned(), until)));
        }
        may
    }

    /// Its holder writes what became of it.
    fn settle(&mut self, node: &str, judged: &Judgement) -> bool {
        let may = self.is_of(node);
        if may {
            (self.state, self.attempts) = (judged.state, judged.attempts);
            (self.due_at, self.lease) = (judged.due_at, None);
        }
        may
    }

    /// Its holder keeps it for longer.
    fn renew(&mut self, node: &str, until: Timestamp) -> bool {
        let may = self.is_of(node);
        if may {
            self.lease = Some((node.to_owned(), until));
        }
        may
    }

    /// Its holder gives it back, or whoever knows that its holder is gone.
    fn release(&mut self, node: &str) -> bool {
        let may = self.is_of(node);
        if may {
            (self.state, self.lease) = (DeliveryState::Queued, None);
        }
        may
    }

    /// Its holder gives it back to be sent later, because of a limit; no attempt is counted.
    fn put_back(&mut self, node: &str, due_at: Timestamp) -> bool {
        let may = self.is_of(node);
        if may {
            let first = self.attempts == 0;
            self.state = if first { DeliveryState::Queued } else { DeliveryState::Deferred };
            (self.due_at, self.lease) = (due_at, None);
        }
        may
    }

    /// Another than its holder takes it back, once the lease has run out.
    fn expire(&mut self, node: &str, now: Timestamp) -> bool {
        let may = self.lease.as_ref().is_some_and(|(by, until)| by != node && *until < now);
        if may {
            (self.state, self.lease) = (DeliveryState::Queued, None);
        }
        may
    }

    /// Somebody asks to send it again.
    fn resend(&mut self, now: Timestamp) -> bool {
        let may = self.state == DeliveryState::Failed;
        if may {
            *self = Self { resent: self.resent + 1, ..Self::due(now) };
        }
        may
    }
}
