//! What the tests stand on: stores, programs and servers of their own.

pub(crate) mod app;
pub(crate) mod backend;
pub(crate) mod dump;
pub(crate) mod process;
pub(crate) mod sink;
pub(crate) mod smtp;
