//! What the tests stand on: stores of their own.

pub(crate) mod app;
pub(crate) mod backend;
