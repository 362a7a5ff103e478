//! The lanes of a process, and the meters they reserve from.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;

use super::adapt::Adapted;
use super::bucket::{Allowed, Block, Bound, Closed, Purse};
use super::lane::Lane;
use super::model::Rates;
use crate::core::kernel::{Clock, Timestamp};
use crate::core::publishing::store::limits::{self, Scope};
use crate::storage::sql::{Db, DbError, DbResult};

/// How often a reservation is tried that others were faster with.
const TRIES: usize = 20;

/// The lane of each channel that this process sends by.
#[derive(Debug)]
pub(in crate::core::publishing) struct Lanes {
    ground: Arc<Ground>,
    lanes: Mutex<HashMap<String, Arc<Lane>>>,
}

/// What all lanes stand on.
#[derive(Debug)]
pub(super) struct Ground {
    db: Db,
    pub(super) clock: Clock,
    /// What time it was, and the program's own time then.
    began: Mutex<(i64, Instant)>,
    /// What all that leaves the workspace is held to.
    pub(super) workspace: Rates,
    pub(super) purse: tokio::sync::Mutex<Purse>,
}

/// A reservation to be made.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) scope: Scope,
    pub(super) allowed: Allowed,
    /// How many; zero only writes what else there is.
    pub(super) count: u32,
    /// Tokens to give back: when they were reserved, and how many.
    pub(super) unused: Vec<(i64, u32)>,
    /// The lowered rate as it is known here.
    pub(super) adapted: Option<Adapted>,
}

/// What a reservation brought.
#[derive(Debug)]
pub(super) struct Got {
    pub(super) tokens: Result<Block, Closed>,
    /// The lowered rate as somebody knows it who looked later.
    pub(super) adapted: Option<Adapted>,
}

impl Lanes {
    pub(in crate::core::publishing) fn new(db: Db, clock: Clock, workspace: Rates) -> Self {
        let began = Mutex::new((clock.now().as_millis() * 1000, Instant::now()));
        let purse = tokio::sync::Mutex::default();
        let ground = Arc::new(Ground { db, clock, began, workspace, purse });
        Self { ground, lanes: Mutex::default() }
    }

    /// What all channels together are held to.
    pub(in crate::core::publishing) fn workspace(&self) -> Rates {
        self.ground.workspace
    }

    /// The lane of the channel that is called `channel`.
    pub(in crate::core::publishing) fn lane(&self, channel: &str) -> Arc<Lane> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Lane::new(Arc::clone(&self.ground), channel));
        Arc::clone(lanes.entry(channel.to_owned()).or_insert_with(new))
    }
}

impl Ground {
    /// Microseconds since 1970, by the program's own time since the clock was last ahead of it: a pace
    /// goes on while somebody sets the clock back, and never runs twice.
    pub(super) fn now(&self) -> i64 {
        let clock = self.clock.now().as_millis().saturating_mul(1000);
        let mut began = self.began.lock().unwrap_or_else(PoisonError::into_inner);
        let (then, since) = *began;
        let own = then + i64::try_from(since.elapsed().as_micros()).unwrap_or(i64::MAX - then);
        if clock > own {
            *began = (clock, Instant::now());
        }
        clock.max(own)
    }

    /// Reserves all of `wanted` in one transaction.
    pub(super) async fn reserve(&self, wanted: &[Wanted]) -> DbResult<Vec<Got>> {
        for _ in 0..TRIES {
            if let Some(got) = self.try_to_reserve(wanted).await? {
                return Ok(got);
            }
        }
        Err(DbError::Busy)
    }

    /// `None` when somebody was faster with one of them.
    async fn try_to_reserve(&self, wanted: &[Wanted]) -> DbResult<Option<Vec<Got>>> {
        let mut tx = self.db.begin().await?;
        let now = self.now();
        let mut got = Vec::with_capacity(wanted.len());
        for one in wanted {
            let (mut meter, version) = limits::load(&mut tx, &one.scope).await?;
            for (at, count) in &one.unused {
                meter.take_back(*at, *count);
            }
            let theirs = meter.adapted.map_or(i64::MIN, |adapted| adapted.changed);
            if one.adapted.is_none_or(|ours| ours.changed >= theirs) {
                meter.adapted = one.adapted;
            }
            let tokens = match one.count {
                0 => Err(Closed { until: now, by: Bound::Pace }),
                count => meter.reserve(&one.allowed, now, count),
            };
            let until = Timestamp::from_millis(meter.until() / 1000);
            if !limits::save(&mut tx, &one.scope, &meter, version, until).await? {
                return Ok(None);
            }
            got.push(Got { tokens, adapted: meter.adapted });
        }
        tx.commit().await?;
        Ok(Some(got))
    }
}

/// How long it is from `now` until `then`.
pub(super) fn wait(now: i64, then: i64) -> std::time::Duration {
    std::time::Duration::from_micros(u64::try_from(then - now).unwrap_or_default())
}
