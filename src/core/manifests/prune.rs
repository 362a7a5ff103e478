//! Pruning: what carries certain labels, exists, and is in no manifest.
//!
//! **Invariant:** nothing goes that something else still needs, and no campaign that was ever sent:
//! its record would go with it. What is archived stays, whatever its labels.

use std::collections::BTreeSet;

use super::diff::content;
use super::links::{Links, in_order};
use super::model::{Document, Kind};
use super::service::{ManifestError, Manifests};
use super::world::{Existing, World};
use crate::core::campaigns::Status;
use crate::core::content::may_include;
use crate::core::kernel::Labels;
use crate::storage::sql::Tx;

/// Reasons told at most.
const MAX_REASONS: usize = 10;

impl Manifests {
    /// What carries all of `labels` and is not `wanted`, in the order in which it may go: who names
    /// something goes before it.
    ///
    /// # Errors
    /// [`ManifestError::Unlabelled`]; [`ManifestError::Kept`] when some of it has to stay.
    pub(super) async fn doomed(
        &self,
        tx: &mut Tx,
        world: &World,
        labels: &Labels,
        wanted: &[Document],
    ) -> Result<Vec<Existing>, ManifestError> {
        if labels.is_empty() {
            return Err(ManifestError::Unlabelled);
        }
        let written: BTreeSet<(Kind, &str)> = wanted.iter().map(Document::key).collect();
        let others = world.names.iter();
        let others = others.filter(|(kind, name)| !written.contains(&(*kind, name.as_str())));
        let others: Vec<_> = others.cloned().collect();
        let others = self.existing(tx, others).await?;
        let (doomed, kept): (Vec<Existing>, Vec<Existing>) =
            others.into_values().partition(|existing| {
                existing.document.carries(labels) && existing.status != Some(Status::Archived)
            });
        let mut reasons = Vec::new();
        for existing in &doomed {
            reasons.extend(self.sent(tx, existing).await?);
        }
        let gone: Links = doomed.iter().map(|existing| existing.document.own_key()).collect();
        for document in kept.iter().map(|existing| &existing.document).chain(wanted) {
            let by = format!("{} `{}`", document.kind(), document.name);
            let links = self.links(tx, document).await?;
            for (kind, name) in links.iter().filter(|link| gone.contains(*link)) {
                reasons.push(format!("{kind} `{name}` is used by {by}"));
            }
            for (kind, name) in &gone {
                if *kind == Kind::Template && includes(document, name) {
                    reasons.push(format!("Template `{name}` is included by {by}"));
                }
            }
        }
        if !reasons.is_empty() {
            return Err(ManifestError::Kept(some(reasons)));
        }
        let documents: Vec<Document> =
            doomed.iter().map(|existing| existing.document.clone()).collect();
        let (mut order, circle) = in_order(&self.links_of(tx, &documents).await?);
        order.extend(circle);
        let mut doomed: Vec<Existing> = doomed;
        doomed.sort_by_key(|existing| {
            std::cmp::Reverse(order.iter().position(|key| *key == existing.document.own_key()))
        });
        Ok(doomed)
    }

    /// Why a campaign has to stay: it runs, or has run.
    async fn sent(
        &self,
        tx: &mut Tx,
        existing: &Existing,
    ) -> Result<Option<String>, ManifestError> {
        let (name, Some(status)) = (&existing.document.name, existing.status) else {
            return Ok(None);
        };
        if status.is_running() {
            return Ok(Some(format!(
                "the campaign `{name}` is {status}; `frontier campaign cancel` ends it, or take the \
                 label off"
            )));
        }
        let sent = !self.publishing.runs_in(tx, existing.id).await?.is_empty();
        Ok(sent.then(|| {
            format!(
                "the campaign `{name}` has been sent, and its record would go with it; \
                 `frontier campaign archive` keeps both, or take the label off"
            )
        }))
    }
}

/// Whether one of the document's bodies may include the template `name`.
fn includes(document: &Document, name: &str) -> bool {
    fn any(value: &serde_json::Value, name: &str) -> bool {
        match value {
            serde_json::Value::String(text) => may_include(text, name),
            serde_json::Value::Array(items) => items.iter().any(|item| any(item, name)),
            serde_json::Value::Object(fields) => fields.values().any(|value| any(value, name)),
            _ => false,
        }
    }
    matches!(document.kind(), Kind::Template | Kind::Campaign)
        && any(&content(document)["spec"], name)
}

/// As many reasons as a person reads.
fn some(mut reasons: Vec<String>) -> Vec<String> {
    reasons.dedup();
    if reasons.len() > MAX_REASONS {
        let more = reasons.len() - MAX_REASONS;
        reasons.truncate(MAX_REASONS);
        reasons.push(format!("and {more} more"));
    }
    reasons
}
