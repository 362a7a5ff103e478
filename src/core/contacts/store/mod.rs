//! The tables of contacts, lists and suppressions.

pub(super) mod lists;
