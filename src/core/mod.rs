//! The domain: one folder an area, and the kernel below them all.
//!
//! An area's `mod.rs` says what it is and what it refuses to know. `model` holds types and pure
//! rules, `store` its tables, `service` its use-cases: the only door for everybody else.

pub mod analytics;
pub mod campaigns;
pub mod contacts;
pub mod content;
pub mod events;
pub mod kernel;
pub mod manifests;
pub mod publishing;
