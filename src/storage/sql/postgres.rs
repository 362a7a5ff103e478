//! The PostgreSQL driver: tokio-postgres behind a deadpool.
//!
//! A lease is a pooled connection inside a transaction. When it is dropped without a commit, the
//! rollback is sent by a task that owns the connection, which returns to the pool only after it;
//! a connection that cannot roll back is thrown away. Dropped in the middle of a statement, the
//! server is told to cancel it and the connection is closed: a late cancellation must not hit
//! somebody else's statement.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::{BufMut as _, BytesMut};
use deadpool_postgres::{
    Manager, ManagerConfig, Object, Pool as Deadpool, PoolError, RecyclingMethod, Runtime,
    TimeoutType,
};
use futures::future::try_join_all;
use tokio_postgres::Statement;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{IsNull, ToSql, Type};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::placeholders::to_postgres;
use super::{DbError, DbResult, Params, Row, Value};
use crate::core::kernel::Id;

const MAX_CONNECTIONS: usize = 20;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const WAIT_TIMEOUT: Duration = Duration::from_secs(30);
/// What every session starts with. Locks are waited for as long as SQLite's `BUSY_TIMEOUT`.
const SESSION: &str = "-c TimeZone=UTC -c lock_timeout=10s";
/// Beyond these a connection forgets its prepared statements, which the server keeps in memory.
const STATEMENTS_KEPT: usize = 256;
/// Rows that one statement inserts.
const ROWS_AT_ONCE: usize = 1000;

#[derive(Clone)]
pub(super) struct Pool {
    connections: Deadpool,
    tls: MakeRustlsConnect,
}

pub(super) struct Lease {
    client: Option<Object>,
    tls: MakeRustlsConnect,
    open: bool,
    in_flight: bool,
}

impl Pool {
    /// Prepares a pool for `url`; nothing is connected yet.
    ///
    /// # Errors
    /// [`DbError::Unavailable`] when the URL is not one of PostgreSQL or the machine's
    /// certificates cannot be read.
    pub(super) fn new(url: &str) -> DbResult<Self> {
        // The parser's own words may quote the password.
        let mut config: tokio_postgres::Config = url.parse().map_err(|_| {
            DbError::Unavailable(
                "the URL is malformed; write postgres://USER:PASSWORD@HOST:PORT/DATABASE".into(),
            )
        })?;
        config.connect_timeout(CONNECT_TIMEOUT).application_name("frontier");
        let options = config.get_options().map_or(SESSION.into(), |own| format!("{SESSION} {own}"));
        config.options(options);
        let tls = MakeRustlsConnect::new(tls()?);
        let manager = Manager::from_config(
            config,
            tls.clone(),
            ManagerConfig { recycling_method: RecyclingMethod::Fast },
        );
        let connections = Deadpool::builder(manager)
            .max_size(MAX_CONNECTIONS)
            .runtime(Runtime::Tokio1)
            .create_timeout(Some(CONNECT_TIMEOUT))
            .wait_timeout(Some(WAIT_TIMEOUT))
            .build()
            .map_err(|error| DbError::Unavailable(error.to_string()))?;
        Ok(Self { connections, tls })
    }

    pub(super) async fn begin(&self, read_only: bool) -> DbResult<Lease> {
        let begin =
            if read_only { "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" } else { "BEGIN" };
        let mut lease = self.lease().await?;
        if let Err(error) = lease.batch(begin).await {
            let DbError::Unavailable(_) = error else { return Err(error) };
            // The server went away since: what is idle is dead too. A new connection tells whether
            // the server is back.
            drop(lease);
            self.connections.retain(|_, _| false);
            lease = self.lease().await?;
            lease.batch(begin).await?;
        }
        Ok(lease)
    }

    /// Forgets the prepared statements of every connection; they know the schema that was.
    pub(super) fn forget_statements(&self) {
        self.connections.manager().statement_caches.clear();
    }

    async fn lease(&self) -> DbResult<Lease> {
        let client = self.connections.get().await.map_err(|error| match error {
            PoolError::Timeout(TimeoutType::Wait) => DbError::Busy,
            other => DbError::Unavailable(causes(&other)),
        })?;
        Ok(Lease { client: Some(client), tls: self.tls.clone(), open: true, in_flight: false })
    }
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").field("status", &self.connections.status()).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Lease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lease").field("open", &self.open).finish_non_exhaustive()
    }
}

fn tls() -> DbResult<rustls::ClientConfig> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| DbError::Unavailable(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

impl Lease {
    /// Marks a statement as in flight until [`Lease::settled`]; it stays so when its future is
    /// dropped.
    fn send(&mut self) -> DbResult<&Object> {
        self.in_flight = true;
        self.client.as_ref().ok_or_else(|| DbError::Unavailable("the connection is gone".into()))
    }

    fn settled<T>(&mut self, result: Result<T, tokio_postgres::Error>) -> DbResult<T> {
        self.in_flight = false;
        result.map_err(|failed| {
            if let Some(client) = &self.client
                && outlived_its_schema(&failed)
            {
                client.statement_cache.clear();
                return DbError::Busy;
            }
            error(failed)
        })
    }

    pub(super) async fn rows(&mut self, sql: &str, params: Params) -> DbResult<Vec<Row>> {
        let client = self.send()?;
        let found = async {
            let statement = prepare(client, sql).await?;
            let rows = client.query(&statement, &references(&params)).await?;
            Ok((statement, rows))
        };
        let found = found.await;
        let (statement, rows) = self.settled(found)?;
        let columns: Arc<[String]> =
            statement.columns().iter().map(|column| column.name().to_owned()).collect();
        rows.iter().map(|row| Ok(Row::new(Arc::clone(&columns), values(row)?))).collect()
    }

    /// Sends many executions at once and then waits: one round trip, not one per row. The server
    /// runs them in order.
    pub(super) async fn execute_many(&mut self, sql: &str, rows: Vec<Params>) -> DbResult<u64> {
        let client = self.send()?;
        let changed = async {
            let statement = prepare(client, sql).await?;
            let mut changed = 0;
            for chunk in rows.chunks(1000) {
                let executions = chunk.iter().map(|params| {
                    let statement = &statement;
                    async move { client.execute_raw(statement, params.iter()).await }
                });
                changed += try_join_all(executions).await?.iter().sum::<u64>();
            }
            Ok(changed)
        };
        let changed = changed.await;
        self.settled(changed)
    }

    /// Inserts rows that may be there already, a thousand or so in a statement; gives the first
    /// column of those that were not.
    pub(super) async fn insert_new(
        &mut self,
        table: &str,
        columns: &[&str],
        rows: &[Params],
    ) -> DbResult<Vec<Id>> {
        let client = self.send()?;
        let (names, marks) = (columns.join(", "), super::marks(1, columns.len()));
        let inserted = async {
            let one = format!("INSERT INTO {table} ({names}) VALUES ({marks})");
            let sql = format!(
                "INSERT INTO {table} ({names}) SELECT * FROM {} ON CONFLICT DO NOTHING
                 RETURNING {}",
                unnest(client, &one).await?,
                columns[0]
            );
            let statement = prepare(client, &sql).await?;
            let mut inserted = Vec::with_capacity(rows.len());
            for chunk in rows.chunks(ROWS_AT_ONCE) {
                let values = by_column(chunk);
                for row in client.query(&statement, &references_to(&values)).await? {
                    inserted.push(Id::from(row.try_get::<_, uuid::Uuid>(0)?));
                }
            }
            Ok(inserted)
        };
        let inserted = inserted.await;
        self.settled(inserted)
    }

    /// Updates many rows, a thousand or so in a statement, as [`Tx::update_many`](super::Tx::update_many)
    /// says.
    pub(super) async fn update_many(
        &mut self,
        update: &super::Update<'_>,
        rows: &[Params],
    ) -> DbResult<u64> {
        let client = self.send()?;
        let updated = async {
            let values = unnest(client, &update.of_one()).await?;
            let statement = prepare(client, &update.of_many(&values)).await?;
            let mut updated = 0;
            for chunk in rows.chunks(ROWS_AT_ONCE) {
                let values = by_column(chunk);
                updated += client.execute(&statement, &references_to(&values)).await?;
            }
            Ok(updated)
        };
        let updated = updated.await;
        self.settled(updated)
    }

    pub(super) async fn batch(&mut self, sql: &str) -> DbResult<()> {
        let done = self.send()?.batch_execute(sql).await;
        self.settled(done)
    }

    /// The server answers the COMMIT of a transaction in which a statement failed with a rollback
    /// and no error: [`Tx::commit`](super::Tx::commit) does not let it come to that.
    pub(super) async fn commit(mut self) -> DbResult<()> {
        self.batch("COMMIT").await?;
        self.open = false;
        Ok(())
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(client) = self.client.take().filter(|_| self.open) else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            // The runtime has ended: closing the connection rolls back.
            drop(Object::take(client));
            return;
        };
        if self.in_flight {
            let (client, tls) = (Object::take(client), self.tls.clone());
            runtime.spawn(async move {
                if let Err(error) = client.cancel_token().cancel_query(tls).await {
                    tracing::warn!(%error, "an abandoned statement could not be cancelled");
                }
            });
        } else {
            runtime.spawn(async move {
                if client.batch_execute("ROLLBACK").await.is_err() {
                    drop(Object::take(client));
                }
            });
        }
    }
}

async fn prepare(client: &Object, sql: &str) -> Result<Statement, tokio_postgres::Error> {
    if client.statement_cache.size() >= STATEMENTS_KEPT {
        client.statement_cache.clear();
    }
    client.prepare_cached(&to_postgres(sql)).await
}

/// Whether a statement was prepared before another node changed what it selects from.
fn outlived_its_schema(error: &tokio_postgres::Error) -> bool {
    error.as_db_error().is_some_and(|db| {
        *db.code() == SqlState::FEATURE_NOT_SUPPORTED && db.message().starts_with("cached plan")
    })
}

/// `unnest(…)` of as many arrays as `one` has parameters, which is a statement that is never run: it
/// tells their types.
async fn unnest(client: &Object, one: &str) -> Result<String, tokio_postgres::Error> {
    let types: Vec<Type> = prepare(client, one).await?.params().to_vec();
    let arrays: Vec<String> = types
        .iter()
        .enumerate()
        .map(|(at, kind)| format!("CAST(?{} AS {}[])", at + 1, kind.name()))
        .collect();
    Ok(format!("unnest({})", arrays.join(", ")))
}

/// The values of rows, an array a column.
fn by_column(rows: &[Params]) -> Vec<Vec<&Value>> {
    let columns = rows.first().map_or(0, Vec::len);
    (0..columns).map(|at| rows.iter().map(|row| &row[at]).collect()).collect()
}

fn references_to<'a>(columns: &'a [Vec<&'a Value>]) -> Vec<&'a (dyn ToSql + Sync)> {
    columns.iter().map(|column| column as &(dyn ToSql + Sync)).collect()
}

fn references(params: &Params) -> Vec<&(dyn ToSql + Sync)> {
    params.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

fn values(row: &tokio_postgres::Row) -> DbResult<Vec<Value>> {
    row.columns()
        .iter()
        .enumerate()
        .map(|(at, column)| {
            let value = match *column.type_() {
                Type::BOOL => row.try_get::<_, Option<bool>>(at).map(Value::from),
                Type::INT8 => row.try_get::<_, Option<i64>>(at).map(Value::from),
                Type::INT4 => row.try_get::<_, Option<i32>>(at).map(Value::from),
                Type::FLOAT8 => row.try_get::<_, Option<f64>>(at).map(Value::from),
                Type::TEXT | Type::VARCHAR => row.try_get::<_, Option<String>>(at).map(Value::from),
                Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(at).map(Value::from),
                Type::UUID => row
                    .try_get::<_, Option<uuid::Uuid>>(at)
                    .map(|value| Value::from(value.map(Id::from))),
                Type::JSONB | Type::JSON => {
                    row.try_get::<_, Option<serde_json::Value>>(at).map(Value::from)
                }
                ref other => {
                    return Err(DbError::engine(format!(
                        "column `{}` has the type {other}, which is not in the portable subset",
                        column.name()
                    )));
                }
            };
            value.map_err(error)
        })
        .collect()
}

impl ToSql for Value {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match (self, kind.clone()) {
            (Self::Null, _) => Ok(IsNull::Yes),
            (Self::Bool(value), Type::BOOL) => value.to_sql(kind, out),
            (Self::Int(value), Type::INT8) => value.to_sql(kind, out),
            (Self::Int(value), Type::INT4) => i32::try_from(*value)?.to_sql(kind, out),
            (Self::Real(value), Type::FLOAT8) => value.to_sql(kind, out),
            (Self::Text(value), Type::TEXT | Type::VARCHAR) => value.to_sql(kind, out),
            (Self::Bytes(value), Type::BYTEA) => value.to_sql(kind, out),
            (Self::Id(value), Type::UUID) => value.as_uuid().to_sql(kind, out),
            (Self::Json(value), Type::JSONB | Type::JSON) => value.to_sql(kind, out),
            (Self::Written(value), kind @ (Type::JSONB | Type::JSON)) => {
                if kind == Type::JSONB {
                    out.put_u8(1); // the version of its binary form
                }
                out.extend_from_slice(value.as_bytes());
                Ok(IsNull::No)
            }
            (value, kind) => {
                Err(format!("a parameter is {}, the statement wants {kind}", value.shape()).into())
            }
        }
    }

    fn accepts(_: &Type) -> bool {
        true // `to_sql` judges value and type together
    }

    tokio_postgres::types::to_sql_checked!();
}

fn causes(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        words = format!("{words}: {inner}");
        cause = inner.source();
    }
    words
}

#[expect(clippy::needless_pass_by_value, reason = "the shape `map_err` wants")]
fn error(error: tokio_postgres::Error) -> DbError {
    let Some(db) = error.as_db_error() else {
        return if error.is_closed()
            || error.source().is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
        {
            DbError::Unavailable(causes(&error))
        } else {
            DbError::engine(causes(&error))
        };
    };
    match db.code().clone() {
        SqlState::UNIQUE_VIOLATION
        | SqlState::FOREIGN_KEY_VIOLATION
        | SqlState::RESTRICT_VIOLATION
        | SqlState::CHECK_VIOLATION => {
            DbError::Conflict { rule: db.constraint().unwrap_or(db.message()).to_owned() }
        }
        SqlState::T_R_SERIALIZATION_FAILURE
        | SqlState::T_R_DEADLOCK_DETECTED
        | SqlState::LOCK_NOT_AVAILABLE => DbError::Busy,
        SqlState::READ_ONLY_SQL_TRANSACTION => DbError::Unwritable(db.message().to_owned()),
        SqlState::ADMIN_SHUTDOWN
        | SqlState::CRASH_SHUTDOWN
        | SqlState::CANNOT_CONNECT_NOW
        | SqlState::DISK_FULL
        | SqlState::TOO_MANY_CONNECTIONS => DbError::Unavailable(db.message().to_owned()),
        _ => DbError::engine(db.message().to_owned()),
    }
}
