//! The reference pages in `docs/` are what the program prints now.
//!
//! `UPDATE_REFERENCE=1 cargo test --test it reference` writes them anew.

use std::path::Path;

use crate::cli::Sandbox;

#[track_caller]
fn is_current(page: &str, args: &[&str]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(page);
    let current = Sandbox::new().ok(args);
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, current).unwrap();
        return;
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        written == current,
        "docs/{page} is stale; `UPDATE_REFERENCE=1 cargo test --test it reference` writes it anew"
    );
}

#[test]
fn commands() {
    is_current("reference/cli.md", &["reference", "cli"]);
}

#[test]
fn settings() {
    is_current("reference/config.md", &["reference", "config"]);
}

#[test]
fn manifests() {
    is_current("reference/manifests.md", &["reference", "manifests"]);
}

#[test]
fn routes() {
    is_current("openapi.json", &["api", "--openapi"]);
}
