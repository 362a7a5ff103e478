//! The kind `Segment`.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Kept, KindSpec, filled};
use crate::core::contacts::{ContactError, NewSegment, ReferenceKind, Segment, SegmentChange};
use crate::core::kernel::Labels;
use crate::core::manifests::links::Links;
use crate::core::manifests::model::Kind;
use crate::core::manifests::service::{ManifestError, Manifests};
use crate::core::manifests::shape::{FILLED, Field, TEXT, may, must};
use crate::core::manifests::world::Existing;
use crate::core::manifests::written::{Files, Incomplete};
use crate::storage::sql::Tx;

/// Contacts of whom an expression is true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentSpec {
    /// Never empty.
    pub description: Option<String>,
    pub expression: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::core::manifests) struct WrittenSegment {
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(rename = "where")]
    expression: String,
}

impl KindSpec for SegmentSpec {
    type Written = WrittenSegment;

    const FIELDS: &'static [Field] = &[
        may("description", TEXT, "Who is in it, for people.").example("Bought and reads"),
        must("where", FILLED, "The expression that is true of its contacts, at most 10000 bytes.")
            .example("language = 'es' and opened_within('30d')"),
    ];
    const ABOUT: &'static str =
        "Contacts of whom an expression is true, whenever it is asked: see docs/segments.md.";
    const EXAMPLE: &'static str = include_str!("../examples/segment.yaml");

    fn read(written: WrittenSegment, _: &Files) -> Result<Self, Incomplete> {
        // A block of YAML ends with a line break that says nothing.
        let expression = written.expression.trim().to_owned();
        Ok(Self { description: filled(written.description), expression })
    }

    fn written(&self) -> WrittenSegment {
        let Self { description, expression } = self.clone();
        WrittenSegment { description, expression }
    }
}

impl Kept for SegmentSpec {
    async fn names(manifests: &Manifests, tx: &mut Tx) -> Result<Vec<String>, ManifestError> {
        Ok(manifests.contacts.segment_names_in(tx).await?)
    }

    async fn named(
        manifests: &Manifests,
        tx: &mut Tx,
        name: &str,
    ) -> Result<Option<Existing>, ManifestError> {
        Ok(manifests.contacts.segment_named_in(tx, name).await?.map(Existing::from))
    }

    async fn links(&self, manifests: &Manifests, tx: &mut Tx) -> Result<Links, ManifestError> {
        let names = match manifests.contacts.names_in_expression(tx, &self.expression).await {
            Ok(names) => names,
            // What cannot be read names nothing.
            Err(ContactError::Expression(_)) => BTreeSet::new(),
            Err(error) => return Err(error.into()),
        };
        let link = |(kind, name)| match kind {
            ReferenceKind::List => (Kind::List, name),
            ReferenceKind::Segment => (Kind::Segment, name),
            ReferenceKind::Campaign => (Kind::Campaign, name),
        };
        Ok(names.into_iter().map(link).collect())
    }

    async fn create(
        self,
        manifests: &Manifests,
        tx: &mut Tx,
        name: String,
        labels: Labels,
    ) -> Result<(), ManifestError> {
        let Self { description, expression } = self;
        let description = description.unwrap_or_default();
        let new = NewSegment { name, description, expression, labels };
        manifests.contacts.create_segment_in(tx, new).await?;
        Ok(())
    }

    async fn update(
        self,
        manifests: &Manifests,
        tx: &mut Tx,
        existing: &Existing,
        labels: Labels,
    ) -> Result<(), ManifestError> {
        let change = SegmentChange {
            description: Some(self.description.unwrap_or_default()),
            expression: Some(self.expression),
            labels: Some(labels),
        };
        let (reference, version) = (existing.id.to_string(), Some(existing.version));
        manifests.contacts.update_segment_in(tx, &reference, change, version).await?;
        Ok(())
    }

    async fn delete(
        manifests: &Manifests,
        tx: &mut Tx,
        existing: &Existing,
    ) -> Result<(), ManifestError> {
        let (reference, version) = (existing.id.to_string(), Some(existing.version));
        manifests.contacts.delete_segment_in(tx, &reference, version).await?;
        Ok(())
    }
}

impl From<Segment> for Existing {
    fn from(segment: Segment) -> Self {
        let Segment { id, name, description, expression, labels, version, .. } = segment;
        let expression = expression.trim().to_owned();
        let spec = SegmentSpec { description: filled(Some(description)), expression };
        Self::new(id, u64::from(version), name, labels, spec)
    }
}
