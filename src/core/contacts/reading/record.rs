//! What a file is made of: records, where they stand, and why one cannot be used.

use serde_json::{Map, Value};

/// Bytes of one record at the most.
pub(super) const MAX_RECORD_BYTES: usize = 1024 * 1024;
/// Cells of one record at the most.
pub(super) const MAX_CELLS: usize = 512;

/// Where a record stands in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line it starts on, from 1.
    pub line: u64,
    /// Which item of a JSON array it is, from 1.
    pub item: Option<u64>,
}

/// One record: a row of a table, or an object.
#[derive(Debug, PartialEq)]
pub(in crate::core::contacts) struct Record {
    pub(in crate::core::contacts) place: Place,
    pub(in crate::core::contacts) content: Content,
    pub(in crate::core::contacts) fault: Option<Fault>,
}

#[derive(Debug, PartialEq)]
pub(in crate::core::contacts) enum Content {
    Cells(Cells),
    /// An object, and its text; empty when it cannot be used.
    Item {
        object: Map<String, Value>,
        text: String,
    },
}

/// The cells of a row, in one text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::core::contacts) struct Cells {
    text: String,
    ends: Vec<usize>,
}

/// Why a record cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::core::contacts) enum Fault {
    #[error("it is not UTF-8; save the file as UTF-8")]
    NotUtf8,
    #[error("it has bytes that mean nothing in the encoding of the file; name it by --encoding")]
    Undecodable,
    #[error("it is longer than 1 MiB; is a quote left open on this line?")]
    TooLong,
    #[error("it has more than 512 cells")]
    TooManyCells,
    #[error("it is not JSON: {0}")]
    Json(String),
    #[error("it is no JSON object; write it as {{\"email\": \"name@example.com\"}}")]
    NoObject,
}

impl Cells {
    /// Cells that end in `bytes` at `ends`; says whether all of it was UTF-8.
    pub(super) fn from_utf8(bytes: &[u8], ends: &[usize]) -> (Self, bool) {
        let whole = std::str::from_utf8(bytes);
        if let Ok(text) = whole
            && ends.iter().all(|end| text.is_char_boundary(*end))
        {
            return (Self { text: text.to_owned(), ends: ends.to_owned() }, true);
        }
        let mut start = 0;
        let cells = ends.iter().map(|end| {
            let cell = String::from_utf8_lossy(&bytes[start..*end]);
            start = *end;
            cell
        });
        (cells.collect(), false)
    }

    pub(in crate::core::contacts) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(in crate::core::contacts) fn iter(&self) -> impl Iterator<Item = &str> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let cell = &self.text[start..*end];
            start = *end;
            cell
        })
    }
}

impl<T: AsRef<str>> FromIterator<T> for Cells {
    fn from_iter<I: IntoIterator<Item = T>>(cells: I) -> Self {
        let mut all = Self::default();
        for cell in cells {
            all.text.push_str(cell.as_ref());
            all.ends.push(all.text.len());
        }
        all
    }
}

impl Content {
    /// Bytes it takes, about.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Cells(cells) => cells.text.len(),
            Self::Item { text, .. } => 3 * text.len(),
        }
    }

    /// The record as it is told when it is rejected: its cells, or its JSON as one.
    pub(in crate::core::contacts) fn into_cells(self) -> Vec<String> {
        match self {
            Self::Cells(cells) => cells.iter().map(str::to_owned).collect(),
            Self::Item { text, .. } if text.is_empty() => Vec::new(),
            Self::Item { text, .. } => vec![text],
        }
    }

    /// Whether something in it stands for bytes that meant nothing.
    pub(super) fn is_damaged(&self) -> bool {
        match self {
            Self::Cells(cells) => cells.text.contains('\u{fffd}'),
            Self::Item { text, .. } => text.contains('\u{fffd}'),
        }
    }
}
