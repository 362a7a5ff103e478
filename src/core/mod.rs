//! The domain: one folder an area, and the kernel below them all.

pub mod kernel;
