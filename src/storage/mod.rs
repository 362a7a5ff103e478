//! Storage: closed pairs of engines, an enum each. It knows rows and bytes, never campaigns.

pub mod bus;
pub mod kv;
pub mod owner;
pub mod sql;
