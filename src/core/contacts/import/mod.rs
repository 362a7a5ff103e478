//! What a file of contacts or of suppressions says, row by row.

mod columns;
mod draft;
mod options;
mod suppressions;

use super::BadAttribute;
use super::reading::Place;

pub use columns::Columns;
pub(super) use draft::Draft;
pub use options::{AttributeUpdate, OnConflict};
pub(super) use suppressions::SuppressionColumns;

/// Why a file cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("the file is empty; its first line must name the columns, as in email,name")]
    Empty,
    #[error("the file is {0}")]
    Unreadable(String),
    #[error("{0}; unpack or split it, and import its parts")]
    TooLarge(String),
    #[error("the JSON array breaks off at line {line}: {how}")]
    BrokenArray { line: u64, how: &'static str },
    #[error("the header cannot be read: {0}")]
    Header(String),
    #[error(
        "the first line holds an address, not the names of columns; put a header above it, as in email,name"
    )]
    NoHeader,
    #[error(
        "no column looks like an address among {}; say which with --map email=COLUMN", quoted(.0)
    )]
    NoAddressColumn(Vec<String>),
    #[error("there is no column `{column}` for `{target}`; {}", match .nearest {
        Some(name) => format!("is it `{name}`?"),
        None => format!("there are {}", quoted(.columns)),
    })]
    UnknownColumn { target: String, column: String, nearest: Option<String>, columns: Vec<String> },
    #[error("`{0}` is mapped twice; map each target and each column once")]
    MappedTwice(String),
    #[error("the columns `{first}` and `{second}` are both `{target}`; rename one of them")]
    SameTarget { first: String, second: String, target: String },
    #[error("the column `{column}` cannot be kept: {cause}")]
    Column { column: String, cause: BadAttribute },
    #[error("the upload broke off: {0}; import the file again, what is there already is kept")]
    BrokenOff(String),
}

/// A row that was not imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    pub place: Place,
    pub reason: String,
    /// The cells as they are in the file, or an object's JSON; none when they were too many or too
    /// long to keep.
    pub record: Vec<String>,
}

impl ImportError {
    /// What went wrong while a file was read: an error of ours that came through a reader, or what
    /// `other` makes of it.
    pub(super) fn from_reading(
        error: std::io::Error,
        other: impl FnOnce(std::io::Error) -> Self,
    ) -> Self {
        match error.downcast::<Self>() {
            Ok(ours) => ours,
            Err(error) => other(error),
        }
    }
}

impl From<std::io::Error> for ImportError {
    fn from(error: std::io::Error) -> Self {
        Self::from_reading(error, |error| Self::BrokenOff(error.to_string()))
    }
}

fn quoted(columns: &[String]) -> String {
    let shown = columns.iter().take(20).map(|column| format!("`{column}`"));
    let list = shown.collect::<Vec<_>>().join(", ");
    if columns.len() > 20 { format!("{list}…") } else { list }
}
