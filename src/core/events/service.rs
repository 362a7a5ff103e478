//! The door to a workspace's events and jobs.

use super::{Queue, Relay};
use crate::core::kernel::{Clock, Id};
use crate::storage::bus::Bus;
use crate::storage::sql::{Db, DbResult};

/// Events and jobs of one workspace.
#[derive(Clone, Debug)]
pub struct Events {
    db: Db,
    clock: Clock,
}

impl Events {
    pub const fn new(db: Db, clock: Clock) -> Self {
        Self { db, clock }
    }

    pub fn queue(&self) -> Queue {
        Queue::new(self.db.clone(), self.clock.clone())
    }

    /// A relay to `bus`, which names itself by `epoch`.
    pub async fn relay(&self, bus: Bus, epoch: Id) -> DbResult<Relay> {
        Relay::open(self.db.clone(), self.clock.clone(), bus, epoch).await
    }
}
