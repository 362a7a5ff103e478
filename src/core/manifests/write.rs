//! Writing: documents as YAML that a person would have written, the same bytes every time.
//!
//! Documents come by kind and name, keys in the order of `written`, texts of several lines as
//! blocks. Bodies may be moved to files beside the manifest.

use std::collections::BTreeMap;

use serde_yaml::Value;

use super::kinds::{Body, KindSpec, with_spec};
use super::model::Document;
use super::shape::{Field, Shape};
use super::written::Manifest;

#[derive(Clone, Copy, Debug, Default)]
pub struct WriteOptions {
    /// Bodies go to files (`templates/NAME.md`, `messages/CAMPAIGN/NAME.html`), named in
    /// `body_file`.
    pub bodies_as_files: bool,
}

/// A manifest and the files it names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WrittenFiles {
    pub manifest: String,
    /// Texts by path, relative to the manifest.
    pub files: BTreeMap<String, String>,
}

/// A document could not be put into YAML.
#[derive(Debug, thiserror::Error)]
#[error("{document} could not be written as YAML; rename or edit it and export again")]
pub struct WriteError {
    document: String,
    source: serde_yaml::Error,
}

/// Writes the documents into one manifest, sorted by kind and name.
pub fn write(documents: &[Document], options: WriteOptions) -> Result<WrittenFiles, WriteError> {
    let mut sorted: Vec<&Document> = documents.iter().collect();
    sorted.sort_by_key(|document| document.key());
    let mut written = WrittenFiles::default();
    for document in sorted {
        if !written.manifest.is_empty() {
            written.manifest.push_str("---\n");
        }
        let text = one(document, options, &mut written.files).map_err(|source| WriteError {
            document: format!("{} `{}`", document.kind(), document.name),
            source,
        })?;
        written.manifest.push_str(&text);
    }
    Ok(written)
}

fn one(
    document: &Document,
    options: WriteOptions,
    files: &mut BTreeMap<String, String>,
) -> Result<String, serde_yaml::Error> {
    with_spec!(&document.spec, spec => {
        let mut written = spec.written();
        if options.bodies_as_files {
            for body in bodies(spec, &mut written, &document.name) {
                body.move_to(files);
            }
        }
        let manifest = Manifest::of(document, written);
        let text = serde_yaml::to_string(&manifest)?;
        if !text.contains("${") {
            return Ok(text);
        }
        let mut manifest = serde_yaml::to_value(&manifest)?;
        if let Some(spec) = manifest.get_mut("spec") {
            escape(spec, document.kind().fields());
        }
        serde_yaml::to_string(&manifest)
    })
}

/// Writes `${` as `$${` where it would be taken for a value of the environment.
fn escape(value: &mut Value, fields: &[Field]) {
    for field in fields {
        let Some(value) = value.get_mut(field.key) else { continue };
        if let Value::String(text) = value
            && field.environment
        {
            *text = text.replace("${", "$${");
        }
        match (field.shape, value) {
            (Shape::Fields(inner), value) => escape(value, inner),
            (Shape::ListOf(Shape::Fields(inner)), Value::Sequence(items)) => {
                for item in items {
                    escape(item, inner);
                }
            }
            _ => {}
        }
    }
}

/// The bodies in the written form of `_spec`.
fn bodies<'a, S: KindSpec>(_spec: &S, written: &'a mut S::Written, name: &str) -> Vec<Body<'a>> {
    S::bodies(written, name)
}
