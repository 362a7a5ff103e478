//! What the fuzz targets hold of any text, on the texts they kept: those that read in a way of their
//! own, and those that once went wrong.

#[path = "../../fuzz/properties.rs"]
mod properties;

use std::fs;
use std::path::Path;

/// Gives every text of a corpus to `property`, which panics on one that breaks it.
fn on_each_of(corpus: &str, property: fn(&str)) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(corpus);
    let mut texts = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        if let Ok(text) = std::str::from_utf8(&bytes) {
            property(text);
            texts += 1;
        }
    }
    assert!(texts > 10, "{corpus}: {texts}");
}

#[test]
fn manifests() {
    on_each_of("manifests", properties::manifest);
}

#[test]
fn segments() {
    on_each_of("segments", properties::segment);
}
