//! The relay: from the outbox to the bus, until the bus has everything.
//!
//! An event is marked as relayed only after the bus took it, so a crash between the two brings it
//! again. A bus that is new (its folder was lost) gets everything that is kept again; consumers
//! know what they have had.

use std::time::Duration;

use crate::core::kernel::{Clock, Id};
use crate::storage::bus::{Bus, BusError, BusEvent};
use crate::storage::sql::{Db, DbError, DbResult, Row, params};

/// Events brought in one go.
const BATCH: i64 = 500;
/// How long relayed events are kept, for a bus that is lost.
const KEPT: Duration = Duration::from_hours(7 * 24);

/// Brings a workspace's events to the bus.
#[derive(Clone, Debug)]
pub struct Relay {
    db: Db,
    clock: Clock,
    bus: Bus,
}

/// Why events could not be brought.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    #[error(transparent)]
    Store(#[from] DbError),
    #[error(transparent)]
    Bus(#[from] BusError),
}

impl Relay {
    /// A relay to `bus`, which names itself by `epoch`: another epoch than last time means that it
    /// lost what it had.
    pub async fn open(db: Db, clock: Clock, bus: Bus, epoch: Id) -> DbResult<Self> {
        let relay = Self { db, clock, bus };
        let mut tx = relay.db.begin().await?;
        let workspace = tx.workspace();
        let known = "SELECT bus_epoch FROM relays WHERE workspace_id = ?1";
        let known = tx.row(known, params![workspace]).await?;
        let known: Option<String> = known.map(|row| row.get("bus_epoch")).transpose()?;
        let epoch = epoch.to_string();
        if known.as_ref() != Some(&epoch) {
            let again = "UPDATE outbox SET relayed_at = NULL WHERE workspace_id = ?1";
            tx.execute(again, params![workspace]).await?;
            let note = "INSERT INTO relays (workspace_id, bus_epoch) VALUES (?1, ?2)
                        ON CONFLICT (workspace_id) DO UPDATE SET bus_epoch = ?2";
            tx.execute(note, params![workspace, epoch]).await?;
        }
        let kept = i64::try_from(KEPT.as_millis()).unwrap_or(i64::MAX);
        let old = relay.clock.now().as_millis().saturating_sub(kept);
        let forget = "DELETE FROM outbox WHERE workspace_id = ?1 AND relayed_at < ?2";
        tx.execute(forget, params![workspace, old]).await?;
        // What a consumer had is remembered for longer than it can come again.
        let forget = "DELETE FROM consumed_events WHERE consumed_at < ?1";
        tx.execute(forget, params![old.saturating_sub(kept)]).await?;
        tx.commit().await?;
        Ok(relay)
    }

    /// Brings what waits, a batch at the most; says how many events that were.
    pub async fn relay(&self) -> Result<usize, RelayError> {
        let sql = "SELECT id, name, payload, created_at FROM outbox
                   WHERE workspace_id = ?1 AND relayed_at IS NULL ORDER BY id LIMIT ?2";
        let events: Vec<BusEvent> = {
            let mut tx = self.db.read().await?;
            let rows = tx.rows(sql, params![tx.workspace(), BATCH]).await?;
            rows.iter().map(event).collect::<DbResult<_>>()?
        };
        if events.is_empty() {
            return Ok(0);
        }
        self.bus.publish(&events).await?;
        let mark = "UPDATE outbox SET relayed_at = ?2 WHERE id = ?1";
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let rows = events.iter().map(|event| params![event.id, now]).collect();
        tx.execute_many(mark, rows).await?;
        tx.commit().await?;
        Ok(events.len())
    }
}

fn event(row: &Row) -> DbResult<BusEvent> {
    Ok(BusEvent {
        id: row.get("id")?,
        name: row.get("name")?,
        payload: row.get("payload")?,
        at: row.get("created_at")?,
    })
}
