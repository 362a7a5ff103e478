//! Database errors, put into words where the driver still knows what happened.

/// What a statement can fail with.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum DbError {
    /// A rule of the schema was broken; `rule` names the constraint or the columns.
    #[error("the change conflicts with the rule {rule}")]
    Conflict { rule: String },
    /// Somebody else was faster or holds a lock: do the whole transaction again.
    #[error("the database is busy; try again in a moment")]
    Busy,
    /// There is no database to talk to.
    #[error("the database cannot be reached: {0}")]
    Unavailable(String),
    /// The database can be read and not written.
    #[error("the database cannot be written: {0}")]
    Unwritable(String),
    /// The statement or its values are wrong: a bug, or a damaged database.
    #[error("the database refused: {0}")]
    Engine(String),
    /// The store was written by a newer version of the program.
    #[error(
        "this store is at schema {found}, newer than this version of frontier, which knows {known}; upgrade frontier"
    )]
    FromTheFuture { found: String, known: String },
    /// A migration that was applied is not the one this version ships.
    #[error(
        "migration {0} was changed after it was applied; use the version of frontier that wrote this store"
    )]
    ChangedMigration(String),
}

pub type DbResult<T> = Result<T, DbError>;

impl DbError {
    pub(crate) fn engine(message: impl Into<String>) -> Self {
        Self::Engine(message.into())
    }

    /// Whether a row with the same key exists already.
    pub const fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict { .. })
    }
}
