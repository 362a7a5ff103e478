//! The SQLite driver: one writer and a few readers, each connection on a thread of its own.
//!
//! A statement is a closure sent to its connection's thread, so no blocking call meets the async
//! runtime. A future dropped in the middle of a statement interrupts it, and the rollback of an
//! abandoned transaction is queued on the same thread before the connection is lent again: **no
//! open BEGIN is ever left behind.**

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, InterruptHandle, OpenFlags, ffi};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::{DbError, DbResult, Params, Row, Value};

/// Readers that may be open at once; each is started when it is first needed.
const READERS: usize = 4;
/// How long a writer waits for another process before it is told the database is busy.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a transaction waits for a connection of ours to come back. One that was begun while its
/// own task holds the writer would wait for ever.
const WAIT_TIMEOUT: Duration = Duration::from_secs(30);
const STATEMENTS_KEPT: usize = 128;
/// Pages kept in memory, in KiB. The writer's hold what many rows in no order touch in one
/// transaction, which else would be written to the log more than once.
const READER_CACHE_KIB: i64 = 16_000;
const WRITER_CACHE_KIB: i64 = 64_000;
/// Pages in the log before they are moved into the file: 64 MiB, which is also as long as the log's
/// file stays. A page that is written again and again is moved once.
const LOG_PAGES: i64 = 16_384;

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

/// The sending end of a connection's thread; the thread ends, and closes its connection, when this
/// is dropped and the last task is done.
struct Worker {
    tasks: mpsc::Sender<Task>,
    interrupt: InterruptHandle,
}

/// A connection on loan, inside a transaction until it is committed or given up.
#[derive(Debug)]
pub(super) struct Lease {
    pool: Pool,
    worker: Option<Worker>,
    read_only: bool,
    open: bool,
    in_flight: bool,
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
        let permit = Arc::clone(&side.permits).acquire_owned();
        let permit = tokio::time::timeout(WAIT_TIMEOUT, permit)
            .await
            .map_err(|_| DbError::Busy)?
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
            in_flight: false,
            _permit: permit,
        };
        let begin = if read_only { "BEGIN" } else { "BEGIN IMMEDIATE" };
        match lease.call(move |connection| Ok(connection.execute_batch(begin)?)).await {
            Ok(()) => Ok(lease),
            Err(DbError::Engine(message)) => Err(unavailable(&self.0.path, &message)),
            Err(other) => Err(other),
        }
    }

    /// Moves what was written from the log into the file, so that whoever opens it next has no log
    /// to read. Does nothing where nothing was written, or while somebody still writes.
    pub(super) async fn checkpoint(&self) -> DbResult<()> {
        let Some(writer) = self.0.writer.idle().pop() else { return Ok(()) };
        // Somebody else at work is not waited for: the last one out does it.
        let checkpoint = "PRAGMA busy_timeout = 0; PRAGMA wal_checkpoint(TRUNCATE)";
        let done = writer.call(move |connection| Ok(connection.execute_batch(checkpoint)?)).await;
        self.0.writer.idle().push(writer);
        done
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
                    let _ = opened.send(Ok(connection.get_interrupt_handle()));
                    while let Ok(task) = inbox.recv() {
                        // A task that panics drops its answer, which tells its caller; the
                        // connection goes on, so that the rollback that follows is done.
                        let _ = catch_unwind(AssertUnwindSafe(|| task(&mut connection)));
                    }
                }
                Err(error) => {
                    let _ = opened.send(Err(error));
                }
            })
            .map_err(|error| DbError::Unavailable(error.to_string()))?;
        let interrupt = result.await.map_err(|_| gone())??;
        Ok(Self { tasks, interrupt })
    }

    async fn call<T: Send + 'static>(
        &self,
        task: impl FnOnce(&mut Connection) -> DbResult<T> + Send + 'static,
    ) -> DbResult<T> {
        let (answer, result) = oneshot::channel();
        let task: Task = Box::new(move |connection| {
            let _ = answer.send(task(connection));
        });
        self.tasks.send(task).map_err(|_| gone())?;
        result.await.map_err(|_| gone())?
    }
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker").finish_non_exhaustive()
    }
}

impl Lease {
    async fn call<T: Send + 'static>(
        &mut self,
        task: impl FnOnce(&mut Connection) -> DbResult<T> + Send + 'static,
    ) -> DbResult<T> {
        self.in_flight = true;
        let result = self.worker.as_ref().ok_or_else(gone)?.call(task).await;
        self.in_flight = false;
        result
    }

    pub(super) async fn rows(&mut self, sql: &str, params: Params) -> DbResult<Vec<Row>> {
        let sql = sql.to_owned();
        self.call(move |connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query(rusqlite::params_from_iter(&params))?;
            let mut found = Vec::new();
            // Asked after the first step: that is when a cached statement meets a new schema.
            let mut columns: Option<Arc<[String]>> = None;
            while let Some(row) = rows.next()? {
                let columns = columns.get_or_insert_with(|| names(row.as_ref()));
                let values = columns
                    .iter()
                    .enumerate()
                    .map(|(at, column)| value(column, row.get_ref(at)?))
                    .collect::<DbResult<_>>()?;
                found.push(Row::new(Arc::clone(columns), values));
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

    /// As [`Lease::execute_many`]; says of each row whether it changed anything.
    pub(super) async fn execute_each(
        &mut self,
        sql: &str,
        rows: Vec<Params>,
    ) -> DbResult<Vec<bool>> {
        let sql = sql.to_owned();
        self.call(move |connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            rows.iter()
                .map(|params| Ok(statement.execute(rusqlite::params_from_iter(params))? > 0))
                .collect()
        })
        .await
    }

    pub(super) async fn batch(&mut self, sql: &str) -> DbResult<()> {
        let sql = sql.to_owned();
        self.call(move |connection| Ok(connection.execute_batch(&sql)?)).await
    }

    pub(super) async fn commit(mut self) -> DbResult<()> {
        self.call(|connection| Ok(connection.execute_batch("COMMIT")?)).await?;
        self.open = false;
        Ok(())
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(worker) = self.worker.take() else { return };
        if self.in_flight {
            worker.interrupt.interrupt(); // before anything else is queued, so it stops only that
        }
        if self.open {
            let rollback: Task = Box::new(|connection| {
                if !connection.is_autocommit()
                    && let Err(error) = connection.execute_batch("ROLLBACK")
                {
                    tracing::error!(%error, "a transaction could not be rolled back");
                }
            });
            if worker.tasks.send(rollback).is_err() {
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
    let refused = |error: rusqlite::Error| match DbError::from(error) {
        DbError::Busy => DbError::Busy,
        DbError::Engine(message) | DbError::Unavailable(message) => unavailable(path, &message),
        other => other,
    };
    let connection = Connection::open_with_flags(path, flags).map_err(refused)?;
    let set_up = |connection: &Connection| {
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
             PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;
             PRAGMA journal_size_limit = 67108864; PRAGMA secure_delete = ON;",
        )?;
        let cache = if read_only { READER_CACHE_KIB } else { WRITER_CACHE_KIB };
        connection.pragma_update(None, "cache_size", -cache)?;
        connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
        connection.pragma_update(None, "query_only", read_only)
    };
    set_up(&connection).map_err(refused)?;
    Ok(connection)
}

fn names(statement: &rusqlite::Statement<'_>) -> Arc<[String]> {
    statement.column_names().map(str::to_owned).collect()
}

fn value(column: &str, value: ValueRef<'_>) -> DbResult<Value> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => Value::Int(value),
        ValueRef::Real(value) => Value::Real(value),
        ValueRef::Text(value) => match std::str::from_utf8(value) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(_) => return Err(DbError::engine(format!("column `{column}` is not UTF-8 text"))),
        },
        ValueRef::Blob(value) => Value::Bytes(value.to_vec()),
    })
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Borrowed(ValueRef::Null),
            Self::Bool(value) => ToSqlOutput::from(*value),
            Self::Int(value) => ToSqlOutput::from(*value),
            Self::Real(value) => ToSqlOutput::from(*value),
            Self::Text(value) | Self::Written(value) => ToSqlOutput::from(value.as_str()),
            Self::Bytes(value) => ToSqlOutput::from(value.as_slice()),
            Self::Id(value) => ToSqlOutput::from(value.as_bytes().as_slice()),
            Self::Json(value) => ToSqlOutput::from(value.to_string()),
        })
    }
}

fn gone() -> DbError {
    DbError::Unavailable("its worker stopped in the middle of a statement; try again".into())
}

/// Why the file at `path` cannot be used, and what to do about it.
fn unavailable(path: &Path, message: &str) -> DbError {
    let shown = path.display();
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    DbError::Unavailable(match folder {
        Some(folder) if !folder.is_dir() => {
            format!("{} is not a folder; create it, or run `frontier init`", folder.display())
        }
        _ if !path.exists() => format!("there is no store at {shown}; `frontier init` makes one"),
        _ => format!("{shown}: {message}; check the file, its folder and who may write to them"),
    })
}

impl From<rusqlite::Error> for DbError {
    fn from(error: rusqlite::Error) -> Self {
        let rusqlite::Error::SqliteFailure(failure, message) = error else {
            return Self::engine(error.to_string());
        };
        let message = message.unwrap_or_else(|| failure.to_string());
        match (failure.code, failure.extended_code) {
            (
                ErrorCode::ConstraintViolation,
                ffi::SQLITE_CONSTRAINT_FOREIGNKEY | ffi::SQLITE_CONSTRAINT_TRIGGER,
            ) => Self::Conflict { rule: "foreign key".into() }, // SQLite does not say which
            (
                ErrorCode::ConstraintViolation,
                ffi::SQLITE_CONSTRAINT_UNIQUE
                | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
                | ffi::SQLITE_CONSTRAINT_ROWID
                | ffi::SQLITE_CONSTRAINT_CHECK,
            ) => Self::Conflict {
                rule: message.split_once(": ").map_or(message.as_str(), |(_, rule)| rule).into(),
            },
            (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => Self::Busy,
            (ErrorCode::DiskFull, _) => Self::Unwritable("its disk is full; free some".into()),
            (ErrorCode::ReadOnly, _) => Self::Unwritable(
                "it is read-only here; check who may write to its file and folder".into(),
            ),
            (
                ErrorCode::CannotOpen
                | ErrorCode::NotADatabase
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::SystemIoFailure
                | ErrorCode::PermissionDenied,
                _,
            ) => Self::Unavailable(message),
            _ => Self::engine(message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_on_the_thread_is_an_error_and_rolls_back() {
        let folder = tempfile::tempdir().unwrap();
        let pool = Pool::new(&folder.path().join("store.db"));
        let mut lease = pool.begin(false).await.unwrap();
        lease.batch("CREATE TABLE t (a INTEGER) STRICT").await.unwrap();
        let lost: DbResult<()> = lease.call(|_| panic!("a bug in the driver")).await;
        assert!(matches!(lost, Err(DbError::Unavailable(_))));
        drop(lease);

        let mut lease = pool.begin(false).await.unwrap();
        let tables = lease.rows("SELECT name FROM sqlite_schema", vec![]).await.unwrap();
        assert!(tables.is_empty(), "the table of the panicking transaction stayed");
    }

    #[tokio::test]
    async fn text_that_is_not_utf8_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let pool = Pool::new(&folder.path().join("store.db"));
        let mut lease = pool.begin(false).await.unwrap();
        let read = lease.rows("SELECT CAST(x'ff' AS TEXT) AS name", vec![]).await;
        let message = read.unwrap_err().to_string();
        assert_eq!(message, "the database refused: column `name` is not UTF-8 text");
    }

    #[tokio::test]
    async fn a_database_that_can_only_be_read_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let pool = Pool::new(&folder.path().join("store.db"));
        let mut lease = pool.begin(false).await.unwrap();
        lease.batch("PRAGMA query_only = 1").await.unwrap();
        let refused = lease.batch("CREATE TABLE t (a INTEGER) STRICT").await;
        assert!(matches!(refused, Err(DbError::Unwritable(_))), "{refused:?}");
    }
}
