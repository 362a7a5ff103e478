//! The queue: work that must still happen, claimed under a lease.
//!
//! A job is written by the transaction that needs it done. Whoever claims it holds a lease and
//! renews it while working; when the lease ends, by a crash or a stop, somebody else goes on. A job
//! that keeps failing is retried with growing waits and then kept as dead, with its last error.
//!
//! **Invariant:** the jobs about one subject are worked one at a time.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::core::kernel::{Clock, Id, Timestamp};
use crate::storage::sql::{Db, DbError, DbResult, Tx, params};

/// How long a claim holds without being renewed.
pub const LEASE: Duration = Duration::from_mins(1);
/// Attempts before a job is dead.
const MAX_ATTEMPTS: u32 = 8;
/// The first wait after a failure; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_secs(5);

/// What a background job is: a name, and arguments that can be written down.
pub trait Job: Serialize + DeserializeOwned {
    const NAME: &'static str;
}

/// A job in somebody's hands.
#[derive(Clone, Debug)]
pub struct Claimed {
    pub id: Id,
    pub name: String,
    pub attempts: u32,
    /// Whether one more failure makes it dead.
    pub last_attempt: bool,
    args: serde_json::Value,
}

/// The jobs of a workspace.
#[derive(Clone, Debug)]
pub struct Queue {
    db: Db,
    clock: Clock,
}

impl Claimed {
    /// The arguments, as the job they are of.
    pub fn args<J: Job>(&self) -> DbResult<J> {
        serde_json::from_value(self.args.clone())
            .map_err(|error| DbError::Engine(format!("job {} is unreadable: {error}", self.id)))
    }
}

impl Queue {
    pub const fn new(db: Db, clock: Clock) -> Self {
        Self { db, clock }
    }

    /// Writes `job`, which is about `subject`, as part of `tx`, due now.
    pub async fn push<J: Job>(&self, tx: &mut Tx, job: &J, subject: Id) -> DbResult<Id> {
        let (id, now) = (self.clock.new_id(), self.clock.now());
        let args = serde_json::to_value(job).map_err(|error| DbError::Engine(error.to_string()))?;
        let sql = "INSERT INTO jobs
                   (id, workspace_id, name, subject_id, args, state, attempts, due_at, created_at)
                   VALUES (?1, ?2, ?3, ?4, ?5, 'queued', 0, ?6, ?6)";
        tx.execute(sql, params![id, tx.workspace(), J::NAME, subject, args, now]).await?;
        Ok(id)
    }

    /// Claims the oldest job that is due, or whose claim by somebody else has run out: of any
    /// subject or of one. What `node` holds it keeps, also when the clock has jumped.
    pub async fn claim(&self, node: &str, subject: Option<Id>) -> DbResult<Option<Claimed>> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let lock = tx.dialect().claim_of("j");
        let sql = format!(
            "SELECT j.id, j.name, j.args, j.attempts FROM jobs j
             WHERE j.workspace_id = ?1 AND j.subject_id = COALESCE(?3, j.subject_id)
               AND ((j.state = 'queued' AND j.due_at <= ?2 AND NOT EXISTS (
                        SELECT 1 FROM jobs h
                        WHERE h.subject_id = j.subject_id AND h.state = 'leased'))
                 OR (j.state = 'leased' AND j.leased_until < ?2 AND j.leased_by <> ?4))
             ORDER BY j.due_at, j.id LIMIT 1 {lock}"
        );
        let Some(row) = tx.row(&sql, params![tx.workspace(), now, subject, node]).await? else {
            return Ok(None);
        };
        let attempts = row.get::<u32>("attempts")? + 1;
        let claimed = Claimed {
            id: row.get("id")?,
            name: row.get("name")?,
            attempts,
            last_attempt: attempts >= MAX_ATTEMPTS,
            args: row.get("args")?,
        };
        let lease = "UPDATE jobs SET state = 'leased', leased_by = ?2, leased_until = ?3,
                     attempts = ?4 WHERE id = ?1";
        let values = params![claimed.id, node, now.plus(LEASE), claimed.attempts];
        match tx.execute(lease, values).await {
            Ok(_) => tx.commit().await.map(|()| Some(claimed)),
            // Another node claimed a job of the same subject in this moment.
            Err(DbError::Conflict { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether a job of this kind about `subject` waits or is in somebody's hands.
    pub async fn has<J: Job>(&self, tx: &mut Tx, subject: Id) -> DbResult<bool> {
        let sql = "SELECT id FROM jobs WHERE workspace_id = ?1 AND subject_id = ?2 AND name = ?3
                   AND state IN ('queued', 'leased') LIMIT 1";
        Ok(tx.row(sql, params![tx.workspace(), subject, J::NAME]).await?.is_some())
    }

    /// Holds a claim for longer; says whether it is still held.
    pub async fn renew(&self, job: Id, node: &str) -> DbResult<bool> {
        let sql = "UPDATE jobs SET leased_until = ?3
                   WHERE id = ?1 AND state = 'leased' AND leased_by = ?2";
        let mut tx = self.db.begin().await?;
        let until = self.clock.now().plus(LEASE);
        let held = tx.execute(sql, params![job, node, until]).await? == 1;
        tx.commit().await?;
        Ok(held)
    }

    /// Ends a job that did what it was for.
    pub async fn finish(&self, job: Id, node: &str) -> DbResult<()> {
        self.end(job, node, "done", None, None).await
    }

    /// Gives a job back undone, due again at once: the worker stops, the work goes on elsewhere.
    /// That is no attempt.
    pub async fn give_back(&self, job: Id, node: &str) -> DbResult<()> {
        self.put_off(job, node, self.clock.now()).await
    }

    /// Gives a job back whose work goes on at `due`. That is no attempt.
    pub async fn put_off(&self, job: Id, node: &str, due: Timestamp) -> DbResult<()> {
        let sql = "UPDATE jobs SET state = 'queued', due_at = ?3, attempts = attempts - 1,
                   leased_by = NULL, leased_until = NULL
                   WHERE id = ?1 AND state = 'leased' AND leased_by = ?2";
        let mut tx = self.db.begin().await?;
        tx.execute(sql, params![job, node, due]).await?;
        tx.commit().await
    }

    /// Lets the jobs about `subjects` that wait for a time be due at once: what they wait for has
    /// changed.
    pub async fn hurry(&self, tx: &mut Tx, subjects: &[Id]) -> DbResult<()> {
        let sql = "UPDATE jobs SET due_at = ?3
                   WHERE workspace_id = ?1 AND subject_id = ?2 AND state = 'queued' AND due_at > ?3";
        let (workspace, now) = (tx.workspace(), self.clock.now());
        let rows = subjects.iter().map(|subject| params![workspace, *subject, now]).collect();
        tx.execute_many(sql, rows).await.map(drop)
    }

    /// Notes a failure: the job is due again later, or dead when it has failed too often.
    pub async fn fail(&self, job: &Claimed, node: &str, error: &str) -> DbResult<()> {
        if job.last_attempt {
            return self.end(job.id, node, "dead", None, Some(error)).await;
        }
        let wait = FIRST_WAIT * 2_u32.pow(job.attempts - 1);
        self.end(job.id, node, "queued", Some(self.clock.now().plus(wait)), Some(error)).await
    }

    /// Takes back what `node`, which is known to be gone, had claimed.
    pub async fn release(&self, node: &str) -> DbResult<u64> {
        let sql = "UPDATE jobs SET state = 'queued', leased_by = NULL, leased_until = NULL
                   WHERE workspace_id = ?1 AND state = 'leased' AND leased_by = ?2";
        let mut tx = self.db.begin().await?;
        let released = tx.execute(sql, params![tx.workspace(), node]).await?;
        tx.commit().await?;
        Ok(released)
    }

    async fn end(
        &self,
        job: Id,
        node: &str,
        state: &str,
        due_at: Option<Timestamp>,
        error: Option<&str>,
    ) -> DbResult<()> {
        let sql = "UPDATE jobs SET state = ?3, due_at = COALESCE(?4, due_at), error = ?5,
                   finished_at = ?6, leased_by = NULL, leased_until = NULL
                   WHERE id = ?1 AND state = 'leased' AND leased_by = ?2";
        let finished_at = due_at.is_none().then(|| self.clock.now());
        let mut tx = self.db.begin().await?;
        tx.execute(sql, params![job, node, state, due_at, error, finished_at]).await?;
        tx.commit().await
    }
}
