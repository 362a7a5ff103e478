//! The kind `Suppression`.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{Kept, KindSpec};
use crate::core::contacts::{
    Address, ContactError, MAX_IN_SET, NewSuppressionSet, SetContent, SuppressionSet,
};
use crate::core::kernel::Labels;
use crate::core::manifests::check::Checked;
use crate::core::manifests::codes::Code;
use crate::core::manifests::positions::{Node, Span};
use crate::core::manifests::rules::{self, brief};
use crate::core::manifests::service::{ManifestError, Manifests};
use crate::core::manifests::shape::{Field, Form, LINE, Shape, must};
use crate::core::manifests::world::Existing;
use crate::core::manifests::written::{Files, Incomplete};
use crate::storage::sql::Tx;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::core::manifests) struct WrittenSuppression {
    reason: String,
    addresses: Vec<String>,
}

impl KindSpec for SetContent {
    type Written = WrittenSuppression;

    const FIELDS: &'static [Field] = &[
        must("reason", LINE, "Why nothing is sent to them, in at most 200 characters.")
            .example("Competitors, never mail"),
        must(
            "addresses",
            Shape::ListOf(&Shape::Text(rules::address, Form::Any)),
            "At most 10,000, no two the same in any case, whether or not they are contacts'.",
        )
        .example("[ana@rival.example, bo@rival.example]"),
    ];
    const ABOUT: &'static str = "A set of addresses that nothing is sent to while it names them. \
        What is suppressed for another reason stays so when the set goes.";
    const EXAMPLE: &'static str = include_str!("../examples/suppression.yaml");

    fn check_rules(checked: &mut Checked, spec: &Node, _: Span) {
        if let Some(reason) = spec.get("reason")
            && let Some(text) = reason.text()
            && rules::line(text).is_ok()
            && let Err(error) = Self::new::<&str>(text, &[])
        {
            let words = error.to_string();
            let (message, help) = words.split_once("; ").unwrap_or((&words, ""));
            checked.fault(reason.at, message, help);
        }
        let Some(addresses) = spec.get("addresses") else { return };
        let items = addresses.items();
        if items.len() > MAX_IN_SET {
            let message = format!("{} addresses are too many for one document", items.len());
            checked.fault(addresses.at, message, "write at most 10,000, and the others in another");
            return;
        }
        let mut seen: HashMap<String, Span> = HashMap::new();
        for node in items {
            let Some(text) = node.text() else { continue };
            let Ok(address) = Address::parse(text) else { continue };
            if let Some(first) = seen.get(address.folded()) {
                let message = format!("the address `{}` is written twice", brief(text));
                let help = format!("the first is at {}:{}", first.line, first.column);
                checked.coded(Code::Duplicate, node.at, message, help);
            } else {
                seen.insert(address.folded().to_owned(), node.at);
            }
        }
    }

    fn read(written: WrittenSuppression, _: &Files) -> Result<Self, Incomplete> {
        let WrittenSuppression { reason, addresses } = written;
        Self::new(&reason, &addresses).map_err(|error| match error {
            ContactError::Address(_) => Incomplete("an address of this set is none"),
            ContactError::Set(_) => Incomplete("this set has more than 10,000 addresses"),
            _ => Incomplete("the reason of this set is no line of at most 200 characters"),
        })
    }

    fn written(&self) -> WrittenSuppression {
        let addresses = self.addresses().iter().cloned().collect();
        WrittenSuppression { reason: self.reason().to_owned(), addresses }
    }
}

impl Kept for SetContent {
    async fn names(manifests: &Manifests, tx: &mut Tx) -> Result<Vec<String>, ManifestError> {
        Ok(manifests.contacts.suppression_set_names_in(tx).await?)
    }

    async fn named(
        manifests: &Manifests,
        tx: &mut Tx,
        name: &str,
    ) -> Result<Option<Existing>, ManifestError> {
        let found = manifests.contacts.suppression_set_named_in(tx, name).await?;
        Ok(found.map(Existing::from))
    }

    async fn create(
        self,
        manifests: &Manifests,
        tx: &mut Tx,
        name: String,
        labels: Labels,
    ) -> Result<(), ManifestError> {
        let new = NewSuppressionSet { name, labels, content: self };
        Ok(manifests.contacts.create_suppression_set_in(tx, new).await?)
    }

    async fn update(
        self,
        manifests: &Manifests,
        tx: &mut Tx,
        existing: &Existing,
        labels: Labels,
    ) -> Result<(), ManifestError> {
        let (id, version) = (existing.id, existing.version);
        Ok(manifests.contacts.update_suppression_set_in(tx, id, self, labels, version).await?)
    }

    async fn delete(
        manifests: &Manifests,
        tx: &mut Tx,
        existing: &Existing,
    ) -> Result<(), ManifestError> {
        let (id, version) = (existing.id, existing.version);
        Ok(manifests.contacts.delete_suppression_set_in(tx, id, version).await?)
    }
}

impl From<(SuppressionSet, SetContent)> for Existing {
    fn from((set, content): (SuppressionSet, SetContent)) -> Self {
        Self::new(set.id, set.version, set.name, set.labels, content)
    }
}
