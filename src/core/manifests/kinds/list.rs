//! The kind `List`.

use serde::{Deserialize, Serialize};

use super::{Kept, KindSpec, filled};
use crate::core::contacts::{List, ListChange, NewList, OptIn};
use crate::core::kernel::Labels;
use crate::core::manifests::service::{ManifestError, Manifests};
use crate::core::manifests::shape::{Field, Shape, TEXT, may};
use crate::core::manifests::world::Existing;
use crate::core::manifests::written::{Files, Incomplete};
use crate::storage::sql::Tx;

/// A list of contacts; who is in it is not the manifest's business.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListSpec {
    /// Never empty.
    pub description: Option<String>,
    pub optin: OptIn,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::core::manifests) struct WrittenList {
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    optin: Option<OptIn>,
}

impl KindSpec for ListSpec {
    type Written = WrittenList;

    const FIELDS: &'static [Field] = &[
        may("description", TEXT, "Who is on it, for people.").example("Bought last spring"),
        may(
            "optin",
            Shape::OneOf(&["single", "double"]),
            "`double`: who is put on it is sent nothing until they confirm.",
        )
        .default("single"),
    ];
    const ABOUT: &'static str =
        "A list of contacts. Who is on it is not said here: `frontier contact import`.";
    const EXAMPLE: &'static str = include_str!("../examples/list.yaml");

    fn read(written: WrittenList, _: &Files) -> Result<Self, Incomplete> {
        Ok(Self {
            description: filled(written.description),
            optin: written.optin.unwrap_or_default(),
        })
    }

    fn written(&self) -> WrittenList {
        let optin = Some(self.optin).filter(|optin| *optin != OptIn::default());
        WrittenList { description: self.description.clone(), optin }
    }
}

impl Kept for ListSpec {
    async fn names(manifests: &Manifests, tx: &mut Tx) -> Result<Vec<String>, ManifestError> {
        Ok(manifests.contacts.list_names_in(tx).await?)
    }

    async fn named(
        manifests: &Manifests,
        tx: &mut Tx,
        name: &str,
    ) -> Result<Option<Existing>, ManifestError> {
        Ok(manifests.contacts.list_named_in(tx, name).await?.map(Existing::from))
    }

    async fn create(
        self,
        manifests: &Manifests,
        tx: &mut Tx,
        name: String,
        labels: Labels,
    ) -> Result<(), ManifestError> {
        let description = self.description.unwrap_or_default();
        manifests
            .contacts
            .create_list_in(tx, NewList { name, description, labels, optin: self.optin })
            .await?;
        Ok(())
    }

    async fn update(
        self,
        manifests: &Manifests,
        tx: &mut Tx,
        existing: &Existing,
        labels: Labels,
    ) -> Result<(), ManifestError> {
        let change = ListChange {
            description: Some(self.description.unwrap_or_default()),
            labels: Some(labels),
            optin: Some(self.optin),
        };
        manifests.contacts.update_list_in(tx, existing.id, change, Some(existing.version)).await?;
        Ok(())
    }

    async fn delete(
        manifests: &Manifests,
        tx: &mut Tx,
        existing: &Existing,
    ) -> Result<(), ManifestError> {
        let (reference, version) = (existing.id.to_string(), Some(existing.version));
        manifests.contacts.delete_list_in(tx, &reference, version).await?;
        Ok(())
    }
}

impl From<List> for Existing {
    fn from(list: List) -> Self {
        let spec = ListSpec { description: filled(Some(list.description)), optin: list.optin };
        Self::new(list.id, list.version, list.name, list.labels, spec)
    }
}
