//! The SQLite driver: one writer and a few readers, each connection on a thread of its own.
//!
//! A statement is a closure sent to its connection's thread, so no blocking call meets the async
//! runtime, and a future dropped in the middle of a statement leaves the thread to finish it. The
//! rollback of an abandoned transaction is queued on the same thread before the connection is
//! lent again: **no open BEGIN is ever left behind.**

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, ffi};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::{DbError, DbResult, Params, Row, Value};

/// Readers that may be open at once; each is started when it is first needed.
const READERS: usize = 4;
/// How long a writer waits for another process before it is told the database is busy.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
const STATEMENTS_KEPT: usize = 128;

#[derive(Clone, Debug)]
pub(super) struct Pool(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    writer: Side,
    readers: Side,
}

/// The idle connections of one kind, and how many may be out.
#[derive(Debug)]
struct Side {
    idle: std::sync::Mutex<Vec<Worker>>,
    permits: Arc<Semaphore>,
}

type Task = Box<dyn FnOnce(&mut Connection) + Send>;

/// The sending end of a connection's thread; the thread ends when it is dropped.
#[derive(Debug)]
struct Worker(mpsc::Sender<Task>);

/// A connection on loan, inside a transaction until it is committed or given up.
#[derive(Debug)]
pub(super) struct Lease {
    pool: Pool,
    worker: Option<Worker>,
    read_only: bool,
    open: bool,
    _permit: OwnedSemaphorePermit,
}

impl Pool {
    pub(super) fn new(path: &Path) -> Self {
        let side = |count| Side {
            idle: std::sync::Mutex::default(),
            permits: Arc::new(Semaphore::new(count)),
        };
        Self(Arc::new(Shared { path: path.to_owned(), writer: side(1), readers: side(READERS) }))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0.path
    }

    pub(super) async fn begin(&self, read_only: bool) -> DbResult<Lease> {
        let side = self.side(read_only);
        let permit = Arc::clone(&side.permits)
            .acquire_owned()
            .await
            .map_err(|_| DbError::Unavailable("the pool is closed".into()))?;
        let idle = side.idle().pop();
        let worker = match idle {
            Some(worker) => worker,
            None => Worker::start(self.0.path.clone(), read_only).await?,
        };
        let mut lease = Lease {
            pool: self.clone(),
            worker: Some(worker),
            read_only,
            open: true,
            _permit: permit,
        };
        let begin = if read_only { "BEGIN" } else { "BEGIN IMMEDIATE" };
        lease.call(move |connection| connection.execute_batch(begin)).await?;
        Ok(lease)
    }

    fn side(&self, read_only: bool) -> &Side {
        if read_only { &self.0.readers } else { &self.0.writer }
    }
}

impl Side {
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Worker>> {
        self.idle.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Worker {
    /// Starts a thread and opens its connection there.
    async fn start(path: PathBuf, read_only: bool) -> DbResult<Self> {
        let (tasks, inbox) = mpsc::channel::<Task>();
        let (opened, result) = oneshot::channel();
        std::thread::Builder::new()
            .name("sqlite".into())
            .spawn(move || match open(&path, read_only) {
                Ok(mut connection) => {
                    let _ = opened.send(Ok(()));
                    while let Ok(task) = inbox.recv() {
                        task(&mut connection);
                    }
                }
                Err(error) => {
                    let _ = opened.send(Err(error));
                }
            })
            .map_err(|error| DbError::Unavailable(error.to_string()))?;
        result.await.map_err(|_| gone())??;
        Ok(Self(tasks))
    }

    async fn call<T: Send + 'static>(
        &self,
        task: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> DbResult<T> {
        let (answer, result) = oneshot::channel();
        let task: Task = Box::new(move |connection| {
            let _ = answer.send(task(connection).map_err(error));
        });
        self.0.send(task).map_err(|_| gone())?;
        result.await.map_err(|_| gone())?
    }
}

impl Lease {
    async fn call<T: Send + 'static>(
        &mut self,
        task: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> DbResult<T> {
        self.worker.as_ref().ok_or_else(gone)?.call(task).await
    }

    pub(super) async fn rows(&mut self, sql: &str, params: Params) -> DbResult<Vec<Row>> {
        let sql = sql.to_owned();
        self.call(move |connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            let columns: Arc<[String]> = statement.column_names().map(str::to_owned).collect();
            let mut rows = statement.query(rusqlite::params_from_iter(&params))?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let values = (0..columns.len())
                    .map(|at| row.get_ref(at).map(value))
                    .collect::<rusqlite::Result<_>>()?;
                found.push(Row::new(Arc::clone(&columns), values));
            }
            Ok(found)
        })
        .await
    }

    pub(super) async fn execute_many(&mut self, sql: &str, rows: Vec<Params>) -> DbResult<u64> {
        let sql = sql.to_owned();
        self.call(move |connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            let mut changed = 0;
            for params in &rows {
                changed += statement.execute(rusqlite::params_from_iter(params))? as u64;
            }
            Ok(changed)
        })
        .await
    }

    pub(super) async fn batch(&mut self, sql: &str) -> DbResult<()> {
        let sql = sql.to_owned();
        self.call(move |connection| connection.execute_batch(&sql)).await
    }

    pub(super) async fn commit(mut self) -> DbResult<()> {
        self.call(|connection| connection.execute_batch("COMMIT")).await?;
        self.open = false;
        Ok(())
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(worker) = self.worker.take() else { return };
        if self.open {
            let rollback: Task = Box::new(|connection| {
                if !connection.is_autocommit()
                    && let Err(error) = connection.execute_batch("ROLLBACK")
                {
                    tracing::error!(%error, "a transaction could not be rolled back");
                }
            });
            if worker.0.send(rollback).is_err() {
                return; // the thread is gone, and its connection with it
            }
        }
        self.pool.side(self.read_only).idle().push(worker);
    }
}

fn open(path: &Path, read_only: bool) -> DbResult<Connection> {
    let mut flags = OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_READ_WRITE;
    if !read_only {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
    }
    let connection = Connection::open_with_flags(path, flags).map_err(error)?;
    let set_up = |connection: &Connection| {
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
             PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16000; PRAGMA trusted_schema = OFF;",
        )?;
        connection.pragma_update(None, "query_only", read_only)
    };
    set_up(&connection).map_err(error)?;
    Ok(connection)
}

fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => Value::Int(value),
        ValueRef::Real(value) => Value::Real(value),
        ValueRef::Text(value) => Value::Text(String::from_utf8_lossy(value).into_owned()),
        ValueRef::Blob(value) => Value::Bytes(value.to_vec()),
    }
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Borrowed(ValueRef::Null),
            Self::Bool(value) => ToSqlOutput::from(*value),
            Self::Int(value) => ToSqlOutput::from(*value),
            Self::Real(value) => ToSqlOutput::from(*value),
            Self::Text(value) => ToSqlOutput::from(value.as_str()),
            Self::Bytes(value) => ToSqlOutput::from(value.as_slice()),
            Self::Id(value) => ToSqlOutput::from(value.as_bytes().as_slice()),
            Self::Json(value) => ToSqlOutput::from(value.to_string()),
        })
    }
}

fn gone() -> DbError {
    DbError::Unavailable("the connection's thread has ended".into())
}

#[expect(clippy::needless_pass_by_value, reason = "the shape `map_err` wants")]
fn error(error: rusqlite::Error) -> DbError {
    let rusqlite::Error::SqliteFailure(failure, message) = &error else {
        return DbError::engine(error.to_string());
    };
    let message = message.clone().unwrap_or_else(|| failure.to_string());
    match (failure.code, failure.extended_code) {
        (
            ErrorCode::ConstraintViolation,
            ffi::SQLITE_CONSTRAINT_UNIQUE
            | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
            | ffi::SQLITE_CONSTRAINT_FOREIGNKEY
            | ffi::SQLITE_CONSTRAINT_CHECK,
        ) => DbError::Conflict {
            rule: message.split_once(": ").map_or(message.as_str(), |(_, rule)| rule).to_owned(),
        },
        (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => DbError::Busy,
        (
            ErrorCode::CannotOpen
            | ErrorCode::NotADatabase
            | ErrorCode::ReadOnly
            | ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::PermissionDenied,
            _,
        ) => DbError::Unavailable(message),
        _ => DbError::engine(message),
    }
}
