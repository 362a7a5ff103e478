//! Frontier: marketing automation you own, in one binary.
//!
//! The floors, from the ground up: [`core::kernel`], `storage`, the areas of [`core`], then
//! `adapters` and `api`, `client`, `cli`, and `app`, which puts them together. Imports go down
//! only; `docs/architecture.md` has the map and `tests/it/tidy.rs` keeps it true.

pub mod adapters;
pub mod api;
pub mod app;
pub mod cli;
pub mod client;
pub mod core;
pub mod storage;
