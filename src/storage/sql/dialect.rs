//! Where the two engines differ. A method here is the only place that may know which one runs.

/// The SQL dialect of the engine behind a [`Db`](super::Db).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    /// The clause that lets several workers claim rows without waiting for each other. SQLite has
    /// one writer at a time, so there is nobody to wait for.
    pub const fn claim(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => "FOR UPDATE SKIP LOCKED",
        }
    }

    /// The word users know the engine by.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}
