//! What documents name, and the order that follows: what is named is made before who names it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::diff::content;
use super::kinds::{Kept as _, with_spec};
use super::model::{Document, Kind};
use super::service::{ManifestError, Manifests};
use super::shape::Shape;
use crate::storage::sql::Tx;

/// What a document is called among all.
pub(super) type Key = (Kind, String);

/// The documents that one names, whether they exist or not.
pub(super) type Links = BTreeSet<Key>;

impl Manifests {
    /// What a document names, in its keys and in what it asks.
    pub(super) async fn links(
        &self,
        tx: &mut Tx,
        document: &Document,
    ) -> Result<Links, ManifestError> {
        let mut links = with_spec!(&document.spec, spec => spec.links(self, tx).await)?;
        let fields = Shape::Fields(document.kind().fields());
        collect(&fields, &content(document)["spec"], &mut links);
        Ok(links)
    }

    /// What each of `documents` names.
    pub(super) async fn links_of(
        &self,
        tx: &mut Tx,
        documents: &[Document],
    ) -> Result<BTreeMap<Key, Links>, ManifestError> {
        let mut all = BTreeMap::new();
        for document in documents {
            let key = (document.kind(), document.name.clone());
            all.insert(key, self.links(tx, document).await?);
        }
        Ok(all)
    }
}

/// The documents of `links` in an order in which each comes after those of them that it names, and
/// apart from them those that name each other in a circle, or need one that does.
pub(super) fn in_order(links: &BTreeMap<Key, Links>) -> (Vec<Key>, Vec<Key>) {
    let mut missing: BTreeMap<&Key, usize> = BTreeMap::new();
    let mut named_by: BTreeMap<&Key, Vec<&Key>> = BTreeMap::new();
    for (key, names) in links {
        let inner = names.iter().filter(|name| links.contains_key(*name));
        missing.insert(key, inner.clone().count());
        for name in inner {
            named_by.entry(name).or_default().push(key);
        }
    }
    let mut ready: BTreeSet<&Key> =
        missing.iter().filter(|(_, count)| **count == 0).map(|(key, _)| *key).collect();
    let mut order = Vec::new();
    while let Some(key) = ready.pop_first() {
        missing.remove(key);
        order.push(key.clone());
        for follower in named_by.get(key).into_iter().flatten() {
            if let Some(count) = missing.get_mut(*follower) {
                *count -= 1;
                if *count == 0 {
                    ready.insert(*follower);
                }
            }
        }
    }
    (order, missing.into_keys().cloned().collect())
}

/// The names that stand in `value` where `shape` has references.
fn collect(shape: &Shape, value: &Value, links: &mut Links) {
    match (shape, value) {
        (Shape::Reference(kind), Value::String(name)) => {
            links.insert((*kind, name.clone()));
        }
        (Shape::Fields(fields), Value::Object(written)) => {
            for field in *fields {
                if let Some(value) = written.get(field.key) {
                    collect(&field.shape, value, links);
                }
            }
        }
        (Shape::ListOf(shape), Value::Array(items)) => {
            for item in items {
                collect(shape, item, links);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(pairs: &[(&str, &[&str])]) -> BTreeMap<Key, Links> {
        let key = |name: &str| (Kind::Segment, name.to_owned());
        let links = |names: &[&str]| names.iter().map(|name| key(name)).collect();
        pairs.iter().map(|(name, names)| (key(name), links(names))).collect()
    }

    fn names(keys: &[Key]) -> Vec<&str> {
        keys.iter().map(|(_, name)| name.as_str()).collect()
    }

    #[test]
    fn what_is_named_comes_first() {
        let (order, circle) =
            in_order(&links(&[("a", &["c"]), ("b", &[]), ("c", &["b", "elsewhere"]), ("d", &[])]));
        assert_eq!((names(&order), names(&circle)), (vec!["b", "c", "a", "d"], vec![]));
    }

    #[test]
    fn a_circle_is_told_apart() {
        let (order, circle) = in_order(&links(&[
            ("a", &["b"]),
            ("b", &["a"]),
            ("c", &["c"]),
            ("d", &["a"]),
            ("e", &[]),
        ]));
        assert_eq!((names(&order), names(&circle)), (vec!["e"], vec!["a", "b", "c", "d"]));
    }
}
