//! Documents in the form in which they are written: the keys of `frontier/v1`, in their order.
//!
//! Reading goes text → [`Manifest`] → [`Document`]; writing and comparing go the other way, so the
//! field order of the written types, here and in `kinds`, is the key order of every file we write.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::API_VERSION;
use super::kinds::{KindSpec, with_kind, with_spec};
use super::model::{Document, Kind, Origin};

/// The fields do not add up to a document. `check` finds these cases before, with their place.
#[derive(Debug, thiserror::Error)]
#[error("{0}; see the keys of this kind")]
pub(super) struct Incomplete(pub(super) &'static str);

/// The files a manifest names, by the path it writes.
pub(super) type Files = BTreeMap<String, String>;

/// A document with a spec of one kind.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest<S> {
    #[serde(rename = "apiVersion")]
    api_version: String,
    kind: String,
    metadata: Metadata,
    spec: S,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Metadata {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    labels: Option<BTreeMap<String, String>>,
}

/// A value that has one word.
pub(super) mod word {
    use std::fmt::Display;
    use std::str::FromStr;

    use serde::{Deserialize as _, Deserializer, Serializer, de};

    pub(in crate::core::manifests) fn serialize<S: Serializer>(
        value: &impl Display,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub(in crate::core::manifests) fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl<S> Manifest<S> {
    /// The document's envelope around the written form of its spec.
    pub(super) fn of(document: &Document, spec: S) -> Self {
        let labels = Some(document.labels.clone()).filter(|labels| !labels.is_empty());
        Self {
            api_version: API_VERSION.to_owned(),
            kind: document.kind().to_string(),
            metadata: Metadata { name: document.name.clone(), labels },
            spec,
        }
    }
}

/// The document as JSON, with the keys a manifest has.
pub(super) fn to_json(document: &Document) -> serde_json::Result<serde_json::Value> {
    with_spec!(&document.spec, spec => {
        serde_json::to_value(Manifest::of(document, spec.written()))
    })
}

/// A document of `kind`, read from `source`; errors carry their path.
pub(super) fn read<'de, D: serde::Deserializer<'de>>(
    kind: Kind,
    source: D,
    files: &Files,
    origin: Origin,
) -> Result<Result<Document, Incomplete>, serde_path_to_error::Error<D::Error>> {
    with_kind!(kind, Of => {
        let manifest: Manifest<<Of as KindSpec>::Written> =
            serde_path_to_error::deserialize(source)?;
        let Metadata { name, labels } = manifest.metadata;
        let spec = Of::read(manifest.spec, files);
        let labels = labels.unwrap_or_default();
        Ok(spec.map(|spec| Document { name, labels, spec: spec.into(), origin }))
    })
}
