//! SQL: one text, two engines.
//!
//! Statements are written once, in the portable subset of `docs/sql.md`, with `?1` placeholders.
//! Values have few shapes, rows are read by column name, and what the engines call differently is
//! a method of [`Dialect`]. **Invariant:** a [`Tx`] that is dropped, at any moment, rolls back.

mod dialect;
mod error;
mod migrate;
mod placeholders;
mod postgres;
mod reference;
mod row;
mod sqlite;
mod value;

use std::path::{Path, PathBuf};

pub use dialect::Dialect;
pub use error::{DbError, DbResult};
pub use migrate::Migration;
pub use reference::{Found, find, id_range};
pub use row::{FromValue, Row};
pub use value::{Params, Value};

use crate::core::kernel::Id;

/// The parameters of a statement: `params![id, name, 3]` binds `?1`, `?2`, `?3`.
#[macro_export]
#[doc(hidden)]
macro_rules! __params {
    ($($value:expr),* $(,)?) => {
        vec![$($crate::storage::sql::Value::from($value)),*]
    };
}
pub use crate::__params as params;

/// Where the store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DbUrl {
    Sqlite(PathBuf),
    Postgres(crate::core::kernel::Secret),
}

/// A database, seen from one workspace. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Db {
    engine: Engine,
    workspace: Id,
}

#[derive(Clone, Debug)]
enum Engine {
    Sqlite(sqlite::Pool),
    Postgres(postgres::Pool),
}

/// A transaction. It ends with [`Tx::commit`]; dropped before that, it never happened.
#[derive(Debug)]
#[must_use = "a transaction that is dropped is rolled back"]
pub struct Tx {
    lease: Lease,
    workspace: Id,
}

#[derive(Debug)]
enum Lease {
    Sqlite(sqlite::Lease),
    Postgres(postgres::Lease),
}

impl Db {
    /// Opens the store, whose schema must be this version's; see [`Db::migrate`].
    ///
    /// # Errors
    /// [`DbError::Unavailable`] when it cannot be opened.
    pub fn open(url: &DbUrl) -> DbResult<Self> {
        let engine = match url {
            DbUrl::Sqlite(path) => Engine::Sqlite(sqlite::Pool::new(path)),
            DbUrl::Postgres(url) => Engine::Postgres(postgres::Pool::new(url.expose())?),
        };
        Ok(Self { engine, workspace: Id::NIL })
    }

    /// The same database, for the rows of `workspace`.
    #[must_use]
    pub fn in_workspace(&self, workspace: Id) -> Self {
        Self { engine: self.engine.clone(), workspace }
    }

    /// Brings the schema up to this version; says which migrations it applied.
    ///
    /// # Errors
    /// [`DbError::FromTheFuture`] or [`DbError::ChangedMigration`], with nothing changed.
    pub async fn migrate(&self) -> DbResult<Vec<&'static str>> {
        migrate::run(self).await
    }

    /// Begins a transaction that may write.
    pub async fn begin(&self) -> DbResult<Tx> {
        self.start(false).await
    }

    /// Begins a transaction that only reads, from one snapshot.
    pub async fn read(&self) -> DbResult<Tx> {
        self.start(true).await
    }

    async fn start(&self, read_only: bool) -> DbResult<Tx> {
        let lease = match &self.engine {
            Engine::Sqlite(pool) => Lease::Sqlite(pool.begin(read_only).await?),
            Engine::Postgres(pool) => Lease::Postgres(pool.begin(read_only).await?),
        };
        Ok(Tx { lease, workspace: self.workspace })
    }

    pub const fn dialect(&self) -> Dialect {
        match self.engine {
            Engine::Sqlite(_) => Dialect::Sqlite,
            Engine::Postgres(_) => Dialect::Postgres,
        }
    }

    /// The file of an embedded store.
    pub fn file(&self) -> Option<&Path> {
        match &self.engine {
            Engine::Sqlite(pool) => Some(pool.path()),
            Engine::Postgres(_) => None,
        }
    }

    pub const fn workspace(&self) -> Id {
        self.workspace
    }
}

impl Tx {
    /// The workspace whose rows this transaction is about.
    pub const fn workspace(&self) -> Id {
        self.workspace
    }

    pub const fn dialect(&self) -> Dialect {
        match self.lease {
            Lease::Sqlite(_) => Dialect::Sqlite,
            Lease::Postgres(_) => Dialect::Postgres,
        }
    }

    /// All rows a query finds. The query bounds them: every list has a LIMIT.
    pub async fn rows(&mut self, sql: &str, params: Params) -> DbResult<Vec<Row>> {
        match &mut self.lease {
            Lease::Sqlite(lease) => lease.rows(sql, params).await,
            Lease::Postgres(lease) => lease.rows(sql, params).await,
        }
    }

    /// The first row a query finds.
    pub async fn row(&mut self, sql: &str, params: Params) -> DbResult<Option<Row>> {
        Ok(self.rows(sql, params).await?.into_iter().next())
    }

    /// Runs a statement; says how many rows it changed.
    pub async fn execute(&mut self, sql: &str, params: Params) -> DbResult<u64> {
        self.execute_many(sql, vec![params]).await
    }

    /// Runs a statement once for each of `rows`, in one trip to the database.
    pub async fn execute_many(&mut self, sql: &str, rows: Vec<Params>) -> DbResult<u64> {
        match &mut self.lease {
            Lease::Sqlite(lease) => lease.execute_many(sql, rows).await,
            Lease::Postgres(lease) => lease.execute_many(sql, rows).await,
        }
    }

    /// Inserts `rows` into `columns` of `table`, with what comes after `VALUES (…)` in `tail`
    /// (an `ON CONFLICT` clause, or nothing); says how many rows changed.
    pub async fn insert_many(
        &mut self,
        table: &str,
        columns: &[&str],
        rows: Vec<Params>,
        tail: &str,
    ) -> DbResult<u64> {
        let names = columns.join(", ");
        let marks: Vec<String> = (1..=columns.len()).map(|at| format!("?{at}")).collect();
        let sql = format!("INSERT INTO {table} ({names}) VALUES ({}) {tail}", marks.join(", "));
        self.execute_many(&sql, rows).await
    }

    /// Runs several statements without parameters; for migrations.
    pub async fn batch(&mut self, sql: &str) -> DbResult<()> {
        match &mut self.lease {
            Lease::Sqlite(lease) => lease.batch(sql).await,
            Lease::Postgres(lease) => lease.batch(sql).await,
        }
    }

    /// Makes the changes last.
    pub async fn commit(self) -> DbResult<()> {
        match self.lease {
            Lease::Sqlite(lease) => lease.commit().await,
            Lease::Postgres(lease) => lease.commit().await,
        }
    }
}
