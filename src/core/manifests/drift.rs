//! Drift: what was changed by other means since it was last applied.
//!
//! A digest of every field that was applied is kept, never a value: enough to say which fields are
//! not what they were. It is made with the workspace's key, for a field can be one address, and
//! whoever guesses that must not be able to tell.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use super::diff::{content, named};
use super::links::Key;
use super::model::{Document, Kind};
use crate::core::contacts::AddressKey;
use crate::core::kernel::Timestamp;
use crate::storage::sql::{DbResult, Params, Tx, params};

/// What became of a document since it was last applied, by other means than manifests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Drift {
    /// When it was last applied.
    pub since: Timestamp,
    /// It is no longer there.
    pub deleted: bool,
    /// The fields that are not what was applied, by their paths; none when it is deleted.
    pub fields: Vec<String>,
}

/// Digests of fields by their paths.
type Fields = BTreeMap<String, String>;

/// A document as it was last applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Applied {
    fields: Fields,
    at: Timestamp,
}

/// What was applied last, by document, and what its digests were made with.
pub(super) struct Ledger<'a> {
    applied: BTreeMap<Key, Applied>,
    key: &'a AddressKey,
}

/// What was applied last in this workspace.
pub(super) async fn ledger<'a>(tx: &mut Tx, key: &'a AddressKey) -> DbResult<Ledger<'a>> {
    let sql = "SELECT kind, name, fields, applied_at FROM applied_manifests
               WHERE workspace_id = ?1 ORDER BY kind, name";
    let mut ledger = Ledger { applied: BTreeMap::new(), key };
    for row in &tx.rows(sql, params![tx.workspace()]).await? {
        let word: String = row.get("kind")?;
        // One that only another version knows is nothing that this one could tell of.
        let Some(kind) = Kind::named(&word) else { continue };
        let applied = Applied { fields: row.json("fields")?, at: row.get("applied_at")? };
        ledger.applied.insert((kind, row.get("name")?), applied);
    }
    Ok(ledger)
}

/// Notes that documents were applied, each as it now is; what is noted already keeps its time.
pub(super) async fn note<'a>(
    tx: &mut Tx,
    key: &AddressKey,
    applied: impl IntoIterator<Item = &'a Document>,
    now: Timestamp,
) -> DbResult<()> {
    let known = ledger(tx, key).await?.applied;
    let workspace = tx.workspace();
    let rows: Vec<Params> = applied
        .into_iter()
        .map(|document| (document, fields(document, key)))
        .filter(|(document, fields)| {
            let key = (document.kind(), document.name.clone());
            known.get(&key).is_none_or(|applied| applied.fields != *fields)
        })
        .map(|(document, fields)| {
            let (kind, fields) = (document.kind().as_str(), serde_json::json!(fields));
            params![workspace, kind, &document.name, fields, now]
        })
        .collect();
    let columns = ["workspace_id", "kind", "name", "fields", "applied_at"];
    let again = "ON CONFLICT (workspace_id, kind, name)
                 DO UPDATE SET fields = excluded.fields, applied_at = excluded.applied_at";
    tx.insert_many("applied_manifests", &columns, rows, again).await.map(drop)
}

/// Forgets what was applied of documents that are gone.
pub(super) async fn forget(tx: &mut Tx, gone: impl IntoIterator<Item = Key>) -> DbResult<()> {
    let sql = "DELETE FROM applied_manifests
               WHERE workspace_id = ?1 AND kind = ?2 AND name = ?3";
    let rows = gone.into_iter().map(|(kind, name)| params![tx.workspace(), kind.as_str(), name]);
    let rows: Vec<Params> = rows.collect();
    for row in rows {
        tx.execute(sql, row).await?;
    }
    Ok(())
}

impl Ledger<'_> {
    /// What became of the document `of`, which is `now` this, since it was applied; `None` when it is
    /// what it was, or never was applied.
    pub(super) fn drift(&self, of: &Key, now: Option<&Document>) -> Option<Drift> {
        let applied = self.applied.get(of)?;
        let Some(now) = now.map(|document| fields(document, self.key)) else {
            return Some(Drift { since: applied.at, deleted: true, fields: Vec::new() });
        };
        let paths: BTreeSet<&String> = applied.fields.keys().chain(now.keys()).collect();
        let other = paths.into_iter().filter(|path| applied.fields.get(*path) != now.get(*path));
        let fields: Vec<String> = other.cloned().collect();
        let changed = !fields.is_empty();
        changed.then_some(Drift { since: applied.at, deleted: false, fields })
    }
}

fn fields(document: &Document, digests: &AddressKey) -> Fields {
    let mut fields = Fields::new();
    for (key, value) in content(document).as_object().into_iter().flatten() {
        if value.as_object().is_none_or(|inner| !inner.is_empty()) {
            walk(key.clone(), value, digests, &mut fields);
        }
    }
    fields
}

fn walk(path: String, value: &Value, digests: &AddressKey, fields: &mut Fields) {
    match value {
        Value::Object(inner) if !inner.is_empty() => {
            for (key, value) in inner {
                walk(format!("{path}.{key}"), value, digests, fields);
            }
        }
        Value::Array(items) if !items.is_empty() && named(items) => {
            let names: Vec<&str> = items.iter().filter_map(|item| item["name"].as_str()).collect();
            for (name, item) in names.iter().zip(items) {
                walk(format!("{path}[{name}]"), item, digests, fields);
            }
            // Their order is part of what they say.
            fields.insert(path, digests.digest(&names.join("\n")));
        }
        other => drop(fields.insert(path, digests.digest(&other.to_string()))),
    }
}
