//! Pages: lists come in bounded pieces, in a stable order, by an opaque cursor.

use std::fmt;
use std::str::FromStr;

use super::Id;

/// Rows in a page when the caller does not say.
pub const DEFAULT_LIMIT: u32 = 50;
/// Rows in a page at the most.
pub const MAX_LIMIT: u32 = 1000;

/// Digits of an id in a cursor.
const DIGITS: usize = 32;

/// Where the next page starts: after the row with this id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor(pub Id);

/// Where the next page of a list starts whose rows have a key of several ids: after that key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyCursor<const N: usize>(pub [Id; N]);

/// What a caller asks for; `after` is where the page before ended.
#[derive(Clone, Copy, Debug)]
pub struct PageRequest<A = Id> {
    pub after: A,
    pub limit: u32,
}

/// One piece of a list, in its order; `next` is absent on the last.
#[derive(Clone, Debug)]
pub struct Page<T, C = Cursor> {
    pub items: Vec<T>,
    pub next: Option<C>,
}

impl PageRequest {
    pub fn new(after: Option<Cursor>, limit: Option<u32>) -> Self {
        Self {
            after: after.map_or(Id::NIL, |cursor| cursor.0),
            limit: limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT),
        }
    }

    /// Makes the page of the rows that [`fetch`](Self::fetch) brought.
    pub fn page<T>(&self, items: Vec<T>, id: impl Fn(&T) -> Id) -> Page<T> {
        self.page_by(items, |item| Cursor(id(item)))
    }
}

impl<A> PageRequest<A> {
    /// How many rows to read: one more than the page, to know whether another follows.
    pub fn fetch(&self) -> i64 {
        i64::from(self.limit) + 1
    }

    /// As [`page`](PageRequest::page), of a list whose cursor is another.
    pub fn page_by<T, C>(&self, mut items: Vec<T>, cursor: impl Fn(&T) -> C) -> Page<T, C> {
        let more = items.len() > self.limit as usize;
        items.truncate(self.limit as usize);
        let next = items.last().filter(|_| more).map(cursor);
        Page { items, next }
    }
}

impl<T, C> Page<T, C> {
    pub fn map<U>(self, into: impl FnMut(T) -> U) -> Page<U, C> {
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

impl<const N: usize> KeyCursor<N> {
    /// Before every key.
    pub const FIRST: Self = Self([Id::NIL; N]);
}

impl<const N: usize> fmt::Display for KeyCursor<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|id| f.write_str(&id.simple()))
    }
}

impl<const N: usize> FromStr for KeyCursor<N> {
    type Err = super::BadId;

    fn from_str(text: &str) -> Result<Self, super::BadId> {
        let text = if text.len() == N * DIGITS { text } else { "" };
        let mut key = [Id::NIL; N];
        for (at, id) in key.iter_mut().enumerate() {
            *id = text.get(at * DIGITS..(at + 1) * DIGITS).unwrap_or_default().parse()?;
        }
        Ok(Self(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_comes_back_and_half_a_key_is_none() {
        let key = KeyCursor([Id::from_bytes([7; 16]), Id::from_bytes([9; 16])]);
        let text = key.to_string();
        assert_eq!(text.parse(), Ok(key));
        for wrong in ["", &text[..32], &text[..63], &format!("{text}0"), "ñ"] {
            assert!(wrong.parse::<KeyCursor<2>>().is_err(), "{wrong}");
        }
    }
}
