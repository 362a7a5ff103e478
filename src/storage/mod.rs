//! Storage: closed pairs of engines, an enum each. It knows rows and bytes, never campaigns.

pub mod sql;
