//! The outbox: events wait here, in SQL, until the bus has them.

use serde_json::{Value as Json, json};

use crate::core::kernel::{Clock, Id, Timestamp};
use crate::storage::sql::{DbResult, Tx, params};

/// A fact that happened, by the name subscribers know it by (`campaign.created`).
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub name: &'static str,
    pub payload: Json,
}

/// Writes events in the transaction that makes them true.
#[derive(Clone, Debug)]
pub struct Outbox {
    clock: Clock,
}

impl Event {
    /// An event about the one thing `id`, which is called `name` by people.
    pub fn about(event: &'static str, id: Id, name: &str) -> Self {
        Self { name: event, payload: json!({ "id": id, "name": name }) }
    }
}

impl Outbox {
    pub const fn new(clock: Clock) -> Self {
        Self { clock }
    }

    /// Remembers `event` as part of `tx`.
    pub async fn push(&self, tx: &mut Tx, event: Event) -> DbResult<Id> {
        let (id, now): (Id, Timestamp) = (self.clock.new_id(), self.clock.now());
        let sql = "INSERT INTO outbox (id, workspace_id, name, payload, created_at)
                   VALUES (?1, ?2, ?3, ?4, ?5)";
        tx.execute(sql, params![id, tx.workspace(), event.name, event.payload, now]).await?;
        Ok(id)
    }
}
