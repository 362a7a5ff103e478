//! What exists, as documents; and documents, as what the areas keep.

use std::collections::{BTreeMap, BTreeSet};

use super::kinds::{Kept as _, with_kind, with_spec};
use super::model::{Document, Kind, Origin, Spec};
use super::service::{ManifestError, Manifests};
use crate::core::campaigns::Status;
use crate::core::content::Template;
use crate::core::kernel::{Id, Labels};
use crate::storage::sql::Tx;

/// What a workspace has, as far as manifests refer to it.
#[derive(Debug)]
pub(super) struct World {
    pub(super) names: BTreeSet<(Kind, String)>,
    pub(super) templates: Vec<Template>,
}

/// A thing that exists, as a document.
#[derive(Clone, Debug)]
pub(super) struct Existing {
    pub(super) id: Id,
    /// Counts its changes.
    pub(super) version: u64,
    /// Of a campaign.
    pub(super) status: Option<Status>,
    pub(super) document: Document,
}

/// What exists of some documents, by their keys.
pub(super) type Found = BTreeMap<(Kind, String), Existing>;

impl Manifests {
    pub(super) async fn world(&self, tx: &mut Tx) -> Result<World, ManifestError> {
        let templates = self.templates.all_in(tx).await?;
        let mut names = BTreeSet::new();
        for kind in Kind::ALL {
            let found = with_kind!(kind, Of => Of::names(self, tx).await)?;
            names.extend(found.into_iter().map(|name| (kind, name)));
        }
        Ok(World { names, templates })
    }

    /// What exists of the documents with these keys.
    pub(super) async fn existing(
        &self,
        tx: &mut Tx,
        keys: impl IntoIterator<Item = (Kind, String)>,
    ) -> Result<Found, ManifestError> {
        let mut found = Found::new();
        for key in keys {
            if let Some(existing) = self.one(tx, key.0, &key.1).await? {
                found.insert(key, existing);
            }
        }
        Ok(found)
    }

    async fn one(
        &self,
        tx: &mut Tx,
        kind: Kind,
        name: &str,
    ) -> Result<Option<Existing>, ManifestError> {
        with_kind!(kind, Of => Of::named(self, tx, name).await)
    }

    /// Creates what the document describes.
    pub(super) async fn create(
        &self,
        tx: &mut Tx,
        document: Document,
    ) -> Result<(), ManifestError> {
        let Document { name, labels, spec, .. } = document;
        with_spec!(spec, spec => spec.create(self, tx, name, labels).await)
    }

    /// Makes what exists what the document says, if it is still as it was found.
    pub(super) async fn update(
        &self,
        tx: &mut Tx,
        existing: &Existing,
        document: Document,
    ) -> Result<(), ManifestError> {
        let Document { labels, spec, .. } = document;
        with_spec!(spec, spec => spec.update(self, tx, existing, labels).await)
    }

    /// Deletes what exists, if it is still as it was found.
    pub(super) async fn delete(
        &self,
        tx: &mut Tx,
        existing: &Existing,
    ) -> Result<(), ManifestError> {
        with_kind!(existing.document.kind(), Of => Of::delete(self, tx, existing).await)
    }
}

impl Existing {
    /// Whether it is a campaign that may still become another.
    pub(super) fn is_editable(&self) -> bool {
        self.status.is_some_and(Status::is_editable)
    }

    pub(super) fn new(
        id: Id,
        version: u64,
        name: String,
        labels: Labels,
        spec: impl Into<Spec>,
    ) -> Self {
        let document = Document { name, labels, spec: spec.into(), origin: Origin::default() };
        Self { id, version, status: None, document }
    }
}
