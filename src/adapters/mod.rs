//! The edges: what core's traits look like against the world.

pub mod publishers;
pub mod reports;
