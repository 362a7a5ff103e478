//! Whether the store answers, and what it is.

use super::{Db, DbResult, Dialect, params};

impl Db {
    /// The engine's name, for people.
    pub const fn engine(&self) -> &'static str {
        match self.dialect() {
            Dialect::Sqlite => "SQLite",
            Dialect::Postgres => "PostgreSQL",
        }
    }

    /// Asks the store for nothing.
    ///
    /// # Errors
    /// What any statement would meet now: [`super::DbError::Unavailable`] when it cannot be reached.
    pub async fn ping(&self) -> DbResult<()> {
        self.read().await?.rows("SELECT 1 AS one", params![]).await.map(drop)
    }
}
