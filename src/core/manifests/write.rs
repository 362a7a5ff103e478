//! Writing: documents as YAML that a person would have written, the same bytes every time.
//!
//! Documents come by kind and name, keys in the order of `written`, texts of several lines as
//! blocks. Bodies may be moved to files beside the manifest.

use std::collections::BTreeMap;

use serde::Serialize;

use super::model::{Document, Spec};
use super::positions::normalise;
use super::written::{
    Manifest, WrittenCampaign, WrittenChannel, WrittenList, WrittenSegment, WrittenTemplate,
};
use crate::core::content::Format;

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
    match &document.spec {
        Spec::List(spec) => yaml(document, WrittenList::from(spec)),
        Spec::Segment(spec) => yaml(document, WrittenSegment::from(spec)),
        Spec::Channel(spec) => yaml(document, WrittenChannel::from(spec)),
        Spec::Template(spec) => {
            let mut written = WrittenTemplate::from(spec);
            if options.bodies_as_files {
                let stem = format!("templates/{}", document.name);
                written.body_file = moved(&mut written.body, &stem, spec.format, files);
            }
            yaml(document, written)
        }
        Spec::Campaign(spec) => {
            let mut written = WrittenCampaign::from(spec);
            for message in written.messages.iter_mut().flatten() {
                if let (true, Some(format)) = (options.bodies_as_files, message.format) {
                    let stem = format!("messages/{}/{}", document.name, message.name);
                    message.body_file = moved(&mut message.body, &stem, format, files);
                }
            }
            yaml(document, written)
        }
    }
}

fn yaml<S: Serialize>(document: &Document, spec: S) -> Result<String, serde_yaml::Error> {
    serde_yaml::to_string(&Manifest::of(document, spec))
}

/// Takes the body to a file and returns its path; one that a file would not bring back unchanged
/// stays where it is.
fn moved(
    body: &mut Option<String>,
    stem: &str,
    format: Format,
    files: &mut BTreeMap<String, String>,
) -> Option<String> {
    let text = body.take_if(|text| normalise(text) == *text)?;
    let extension = match format {
        Format::Markdown => "md",
        Format::Html => "html",
        Format::Mjml => "mjml",
    };
    let path = format!("{stem}.{extension}");
    files.insert(path.clone(), text);
    Some(path)
}
