//! The one source of time, randomness and ids.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use uuid::Builder;

use super::{Id, Timestamp};

/// Tells the time and makes ids and random bytes.
///
/// [`Clock::system`] is the machine's; [`Clock::fixed`] stands still until a test moves it, and its
/// ids and random bytes are the same in every run.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Fixed { now: Arc<AtomicI64>, counter: Arc<AtomicU64> },
}

impl Clock {
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands at `now`.
    pub fn fixed(now: Timestamp) -> Self {
        Self(Source::Fixed {
            now: Arc::new(AtomicI64::new(now.as_millis())),
            counter: Arc::default(),
        })
    }

    /// Moves a fixed clock; the system's does not listen.
    pub fn advance(&self, millis: i64) {
        if let Source::Fixed { now, .. } = &self.0 {
            now.fetch_add(millis, Ordering::SeqCst);
        }
    }

    #[expect(clippy::disallowed_methods, reason = "this is the place they are wrapped in")]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => Timestamp::from_millis(chrono::Utc::now().timestamp_millis()),
            Source::Fixed { now, .. } => Timestamp::from_millis(now.load(Ordering::SeqCst)),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "this is the place they are wrapped in")]
    pub fn new_id(&self) -> Id {
        match &self.0 {
            // `now_v7` keeps ids made within one millisecond in order, which ours relies on.
            Source::System => Id::from(uuid::Uuid::now_v7()),
            Source::Fixed { counter, .. } => {
                let count = counter.fetch_add(1, Ordering::SeqCst);
                let mut random = [0; 10];
                random[2..].copy_from_slice(&count.to_be_bytes());
                let millis = u64::try_from(self.now().as_millis()).unwrap_or_default();
                Id::from(Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
            }
        }
    }

    /// Random bytes fit for keys and tokens.
    ///
    /// # Panics
    /// When the operating system has no randomness to give: nothing safe can go on without it.
    pub fn random_bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        match &self.0 {
            Source::System => {
                getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
            }
            Source::Fixed { counter, .. } => {
                let count = counter.fetch_add(1, Ordering::SeqCst).to_be_bytes();
                for (at, byte) in bytes.iter_mut().enumerate() {
                    *byte = count[at % count.len()];
                }
            }
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_clock_ascend() {
        for clock in [Clock::system(), Clock::fixed(Timestamp::from_millis(1_700_000_000_000))] {
            let ids: Vec<Id> = (0..1000).map(|_| clock.new_id()).collect();
            assert!(ids.is_sorted());
        }
    }
}
