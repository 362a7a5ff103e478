//! Where the two engines differ. A method here is the only place that may know which one runs;
//! `json` has those about JSON and patterns.

mod json;

/// The SQL dialect of the engine behind a [`Db`](super::Db).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    /// The clause that ends a SELECT of rows to claim, so that workers do not wait for each other.
    /// SQLite has one writer at a time: there is nobody to wait for.
    pub const fn claim(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => "FOR UPDATE SKIP LOCKED",
        }
    }

    /// As [`Dialect::claim`], for the rows of one table of a join.
    pub fn claim_of(self, table: &str) -> String {
        match self {
            Self::Sqlite => String::new(),
            Self::Postgres => format!("FOR UPDATE OF {table} SKIP LOCKED"),
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
