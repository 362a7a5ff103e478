//! SQL: one text, two engines.
//!
//! Statements are written once, in the portable subset of `docs/sql.md`, with `?1` placeholders.
//! Values have few shapes, rows are read by column name, and what the engines call differently is
//! a method of [`Dialect`]. **Invariants:** a [`Tx`] that is dropped, at any moment, rolls back; a
//! [`Tx`] in which a statement failed or was abandoned can only be dropped.

mod dialect;
mod error;
mod migrate;
mod ping;
mod placeholders;
mod postgres;
mod reference;
mod row;
mod sqlite;
mod value;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

pub use dialect::Dialect;
pub use error::{DbError, DbResult};
pub use migrate::Migration;
pub use reference::{Found, find, id_range, named, names};
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

/// The marks of `count` parameters from `?first` on, for an `IN (…)`: `?3, ?4`. For none it is
/// `NULL`, which is in no list; an empty `IN ()` is an error on PostgreSQL.
pub fn marks(first: usize, count: usize) -> String {
    if count == 0 {
        return "NULL".into();
    }
    let marks: Vec<String> = (first..first + count).map(|at| format!("?{at}")).collect();
    marks.join(", ")
}

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
    /// A statement failed, or its future was dropped: PostgreSQL would undo everything at COMMIT
    /// and call it a success, SQLite would keep the rest.
    failed: bool,
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
        let applied = migrate::run(self).await?;
        if let (Engine::Postgres(pool), false) = (&self.engine, applied.is_empty()) {
            pool.forget_statements();
        }
        Ok(applied)
    }

    /// Begins a transaction that may write.
    pub async fn begin(&self) -> DbResult<Tx> {
        self.start(false).await
    }

    /// Begins a transaction that only reads, from one snapshot.
    pub async fn read(&self) -> DbResult<Tx> {
        self.start(true).await
    }

    /// Leaves the store in order, for a process that is about to end. One that does not come to this
    /// loses nothing: the next reads the log it left.
    pub async fn leave(&self) -> DbResult<()> {
        match &self.engine {
            Engine::Sqlite(pool) => pool.checkpoint().await,
            Engine::Postgres(_) => Ok(()),
        }
    }

    async fn start(&self, read_only: bool) -> DbResult<Tx> {
        let lease = match &self.engine {
            Engine::Sqlite(pool) => Lease::Sqlite(pool.begin(read_only).await?),
            Engine::Postgres(pool) => Lease::Postgres(pool.begin(read_only).await?),
        };
        Ok(Tx { lease, workspace: self.workspace, failed: false })
    }

    pub const fn dialect(&self) -> Dialect {
        match self.engine {
            Engine::Sqlite(_) => Dialect::Sqlite,
            Engine::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Rows that one transaction of a long work should write; see [`Dialect::rows_a_transaction`].
    pub const fn rows_a_transaction(&self) -> usize {
        self.dialect().rows_a_transaction()
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

/// An update of many rows by their keys.
#[derive(Clone, Copy, Debug)]
pub struct Update<'a> {
    pub table: &'a str,
    pub keys: &'a [&'a str],
    pub columns: &'a [&'a str],
    /// Columns that become the same in every row.
    pub always: &'a [(&'a str, &'a str)],
    /// A further condition on a row, which is called `t`; `TRUE` for none.
    pub only: &'a str,
}

impl Update<'_> {
    fn of_one(&self) -> String {
        let mark = |(at, name): (usize, &&str)| format!("{name} = ?{}", at + 1);
        let of_keys: Vec<String> = self.keys.iter().enumerate().map(mark).collect();
        let set = self.columns.iter().enumerate();
        let set = set.map(|(at, name)| mark((at + self.keys.len(), name))).collect();
        format!(
            "UPDATE {} AS t SET {} WHERE t.{} AND {}",
            self.table,
            self.set(set),
            of_keys.join(" AND t."),
            self.only
        )
    }

    /// The update by the rows of `values`, a table expression.
    fn of_many(&self, values: &str) -> String {
        let same = |name: &&str| format!("{name} = v.{name}");
        let of_keys: Vec<String> = self.keys.iter().map(same).collect();
        format!(
            "UPDATE {} AS t SET {} FROM {values} AS v ({}) WHERE t.{} AND {}",
            self.table,
            self.set(self.columns.iter().map(same).collect()),
            [self.keys, self.columns].concat().join(", "),
            of_keys.join(" AND t."),
            self.only
        )
    }

    fn set(&self, mut set: Vec<String>) -> String {
        set.extend(self.always.iter().map(|(name, value)| format!("{name} = {value}")));
        set.join(", ")
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

    /// A table of texts; see [`Dialect::texts`].
    pub fn texts(&self, list: &str) -> String {
        self.dialect().texts(list)
    }

    /// A table of ids; see [`Dialect::ids`].
    pub fn ids(&self, list: &str) -> String {
        self.dialect().ids(list)
    }

    /// A column that no index is looked up for; see [`Dialect::unindexed`].
    pub fn unindexed(&self, column: &str) -> String {
        self.dialect().unindexed(column)
    }

    /// All rows a query finds. The query bounds them: every list has a LIMIT.
    pub async fn rows(&mut self, sql: &str, params: Params) -> DbResult<Vec<Row>> {
        let lease = self.begin_statement()?;
        params.iter().try_for_each(Value::check)?;
        let result = match lease {
            Lease::Sqlite(lease) => lease.rows(sql, params).await,
            Lease::Postgres(lease) => lease.rows(sql, params).await,
        };
        self.end_statement(result)
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
        let lease = self.begin_statement()?;
        rows.iter().flatten().try_for_each(Value::check)?;
        let result = match lease {
            Lease::Sqlite(lease) => lease.execute_many(sql, rows).await,
            Lease::Postgres(lease) => lease.execute_many(sql, rows).await,
        };
        self.end_statement(result)
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
        let (names, marks) = (columns.join(", "), marks(1, columns.len()));
        let sql = format!("INSERT INTO {table} ({names}) VALUES ({marks}) {tail}");
        self.execute_many(&sql, rows).await
    }

    /// Inserts those of `rows` that break no key; says of each whether it was inserted. The first
    /// column is an [`Id`] that no two of the rows share, by which they are told apart.
    pub async fn insert_new(
        &mut self,
        table: &str,
        columns: &[&str],
        rows: Vec<Params>,
    ) -> DbResult<Vec<bool>> {
        let (names, marks) = (columns.join(", "), marks(1, columns.len()));
        let lease = self.begin_statement()?;
        rows.iter().flatten().try_for_each(Value::check)?;
        let result = match lease {
            Lease::Sqlite(lease) => {
                let sql = format!(
                    "INSERT INTO {table} ({names}) VALUES ({marks}) ON CONFLICT DO NOTHING"
                );
                lease.execute_each(&sql, rows).await
            }
            Lease::Postgres(lease) => lease.insert_new(table, columns, &rows).await.map(|new| {
                let new: HashSet<Id> = new.into_iter().collect();
                let is_new =
                    |row: &Params| matches!(row.first(), Some(Value::Id(id)) if new.contains(id));
                rows.iter().map(is_new).collect()
            }),
        };
        self.end_statement(result)
    }

    /// Updates many rows: each of `rows` has the values of `update.keys`, which tell one row of the
    /// table, and then those of `update.columns`; says how many rows changed. No two of `rows` may
    /// tell the same.
    pub async fn update_many(&mut self, update: Update<'_>, rows: Vec<Params>) -> DbResult<u64> {
        let lease = self.begin_statement()?;
        rows.iter().flatten().try_for_each(Value::check)?;
        let result = match lease {
            // A prepared statement, run again and again without leaving the process.
            Lease::Sqlite(lease) => lease.execute_many(&update.of_one(), rows).await,
            Lease::Postgres(lease) => lease.update_many(&update, &rows).await,
        };
        self.end_statement(result)
    }

    /// Runs several statements without parameters; for migrations.
    pub async fn batch(&mut self, sql: &str) -> DbResult<()> {
        let result = match self.begin_statement()? {
            Lease::Sqlite(lease) => lease.batch(sql).await,
            Lease::Postgres(lease) => lease.batch(sql).await,
        };
        self.end_statement(result)
    }

    /// Takes the transaction as failed until the statement has ended well, so that one whose
    /// future is dropped counts as failed.
    fn begin_statement(&mut self) -> DbResult<&mut Lease> {
        self.check()?;
        self.failed = true;
        Ok(&mut self.lease)
    }

    fn end_statement<T>(&mut self, result: DbResult<T>) -> DbResult<T> {
        self.failed = result.is_err();
        result
    }

    fn check(&self) -> DbResult<()> {
        if self.failed {
            return Err(DbError::engine(
                "a statement of this transaction failed or was abandoned, so none of it can be \
                 saved; begin a new one",
            ));
        }
        Ok(())
    }

    /// Makes the changes last.
    ///
    /// # Errors
    /// [`DbError::Engine`] when an earlier statement failed or its future was dropped: nothing is
    /// saved then, on either engine.
    pub async fn commit(self) -> DbResult<()> {
        self.check()?;
        match self.lease {
            Lease::Sqlite(lease) => lease.commit().await,
            Lease::Postgres(lease) => lease.commit().await,
        }
    }
}
