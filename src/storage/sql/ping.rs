//! Whether the store answers.

use super::{Db, DbResult, Dialect, params};

impl Db {
    /// Asks the store for nothing.
    ///
    /// # Errors
    /// What any statement would meet now: [`super::DbError::Unavailable`] when it cannot be reached.
    pub async fn ping(&self) -> DbResult<()> {
        self.read().await?.rows("SELECT 1 AS one", params![]).await.map(drop)
    }
}

impl Dialect {
    /// The engine's name, for people.
    pub const fn engine(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}
