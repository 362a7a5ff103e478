//! One test binary.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod brands;
mod broken_manifests;
mod cli;
mod conformance;
mod contacts;
mod delivery;
mod fuzz_corpus;
mod health;
mod manifests;
mod reference;
mod reports;
mod segments;
mod support;
mod suppression_sets;
mod tidy;
mod versions;
