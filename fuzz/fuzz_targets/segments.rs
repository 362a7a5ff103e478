//! `cargo +nightly fuzz run segments`
#![no_main]

#[path = "../properties.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|text: &str| properties::segment(text));
