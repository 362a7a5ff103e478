//! What a verdict makes of a delivery. Pure: the engine applies it, and the model of the ledger's
//! safety is checked with it.

use super::model::{DeliveryState, enhanced_code, next_attempt};
use super::publisher::Verdict;
use crate::core::kernel::Timestamp;

/// What becomes of a delivery that was offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Judgement {
    pub(super) state: DeliveryState,
    /// How often it was offered by now.
    pub(super) attempts: u32,
    /// When it is due again, or was settled.
    pub(super) due_at: Timestamp,
    pub(super) code: Option<u16>,
    pub(super) enhanced: Option<String>,
    pub(super) reply: String,
}

/// What `verdict` makes of a mail that was offered `attempts` times before.
pub(super) fn judge(attempts: u32, verdict: Verdict, now: Timestamp) -> Judgement {
    let attempts = attempts + 1;
    let enhanced = enhanced_code(&verdict);
    let (state, due_at, code, reply) = match verdict {
        Verdict::Accepted { reply } => (DeliveryState::Accepted, now, None, reply),
        Verdict::Refused { code, reply } => (DeliveryState::Failed, now, code, reply),
        Verdict::Deferred { code, reply } => match next_attempt(attempts, now) {
            Some(due_at) => (DeliveryState::Deferred, due_at, code, reply),
            None => (
                DeliveryState::Failed,
                now,
                code,
                format!("given up after {attempts} attempts: {reply}"),
            ),
        },
    };
    Judgement { state, attempts, due_at, code, enhanced, reply }
}
