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

    /// A table of the texts of `list`, a parameter that is a JSON array of texts, for
    /// `FROM ({table}) AS wanted CROSS JOIN …`, in whose `column1` they are: a statement of one
    /// parameter, however many texts. `CROSS` keeps SQLite from walking the other table: it joins in
    /// the order that is written.
    pub fn texts(self, list: &str) -> String {
        match self {
            Self::Sqlite => format!("SELECT value AS column1 FROM json_each({list})"),
            Self::Postgres => {
                format!("SELECT column1 FROM jsonb_array_elements_text({list}) AS texts (column1)")
            }
        }
    }

    /// As [`Dialect::texts`], for ids that are written in 32 hexadecimal digits.
    pub fn ids(self, list: &str) -> String {
        match self {
            Self::Sqlite => format!("SELECT unhex(value) AS column1 FROM json_each({list})"),
            Self::Postgres => format!(
                "SELECT CAST(id AS UUID) AS column1 FROM jsonb_array_elements_text({list}) AS ids (id)"
            ),
        }
    }

    /// `column` for a comparison that no index is to answer. SQLite takes any index for better than
    /// none, also one that gives every row and each at another place of the file; a walk through the
    /// table is several times faster then. PostgreSQL weighs that itself.
    pub fn unindexed(self, column: &str) -> String {
        match self {
            Self::Sqlite => format!("+{column}"),
            Self::Postgres => column.to_owned(),
        }
    }

    /// Rows that one transaction of a long work may write, which goes on as long as the next are
    /// there. SQLite writes each page it touched once a transaction, and has one writer, which
    /// conflicts with nobody; on PostgreSQL a short transaction can be done again.
    pub const fn rows_a_transaction(self) -> usize {
        match self {
            Self::Sqlite => 50_000,
            Self::Postgres => 1,
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
