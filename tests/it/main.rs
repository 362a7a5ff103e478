//! One test binary.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod conformance;
mod support;
mod tidy;
