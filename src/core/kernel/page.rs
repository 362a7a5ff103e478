//! Pages: lists come in bounded pieces, in a stable order, by an opaque cursor.

use std::fmt;
use std::str::FromStr;

use super::Id;

/// Rows in a page when the caller does not say.
pub const DEFAULT_LIMIT: u32 = 50;
/// Rows in a page at the most.
pub const MAX_LIMIT: u32 = 1000;

/// Where the next page starts: after the row with this id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor(pub Id);

/// What a caller asks for.
#[derive(Clone, Copy, Debug)]
pub struct PageRequest {
    pub after: Id,
    pub limit: u32,
}

/// One piece of a list, oldest first; `next` is absent on the last.
#[derive(Clone, Debug)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub next: Option<Cursor>,
}

impl PageRequest {
    pub fn new(after: Option<Cursor>, limit: Option<u32>) -> Self {
        Self {
            after: after.map_or(Id::NIL, |cursor| cursor.0),
            limit: limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT),
        }
    }

    /// How many rows to read: one more than the page, to know whether another follows.
    pub fn fetch(&self) -> i64 {
        i64::from(self.limit) + 1
    }

    /// Makes the page of the rows that [`fetch`](Self::fetch) brought.
    pub fn page<T>(&self, mut items: Vec<T>, id: impl Fn(&T) -> Id) -> Page<T> {
        let more = items.len() > self.limit as usize;
        items.truncate(self.limit as usize);
        let next = items.last().filter(|_| more).map(|last| Cursor(id(last)));
        Page { items, next }
    }
}

impl<T> Page<T> {
    pub fn map<U>(self, into: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(into).collect(), next: self.next }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.simple())
    }
}

impl FromStr for Cursor {
    type Err = super::BadId;

    fn from_str(text: &str) -> Result<Self, super::BadId> {
        text.parse().map(Self)
    }
}
