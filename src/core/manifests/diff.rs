//! The difference between two worlds: what would have to change for `current` to become `wanted`.
//!
//! It is data, not text: how a plan looks is the business of who shows it. **Invariant:** two equal
//! documents have no changes, and two different ones have at least one.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::drift::Drift;
use super::model::{Document, Kind};
use super::written::to_json;

/// Characters of a value shown as it is; a longer one, or one of several lines, is summed up.
const MAX_SHOWN: usize = 120;

/// Every wanted document with what becomes of it, by kind and name.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Plan {
    pub changes: Vec<Change>,
    /// Tells one state of what exists of the wanted documents from another.
    pub fingerprint: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    pub kind: Kind,
    pub name: String,
    pub action: Action,
    /// Of a campaign: the contacts on its lists now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipients: Option<u64>,
    /// What an update changes, in the order of the manifest, with what it removes last in its
    /// mapping; empty for the other actions.
    pub fields: Vec<FieldChange>,
    /// What was changed by other means since it was last applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drift: Option<Drift>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Create,
    Update,
    Unchanged,
}

/// One field that differs, by its path as in `spec.messages[launch].subject`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FieldChange {
    pub path: String,
    /// Absent when the field was not there.
    pub before: Option<FieldValue>,
    /// Absent when the field is no longer there.
    pub after: Option<FieldValue>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum FieldValue {
    Whole(Value),
    /// A long text: how many lines it has, and the first 12 digits of its SHA-256.
    Text {
        lines: usize,
        sha256: String,
    },
}

impl Plan {
    /// What has to change for `current` to say what `wanted` says. Documents that are only in
    /// `current` are left alone.
    pub fn between(current: &[Document], wanted: &[Document]) -> Self {
        let mut wanted: Vec<&Document> = wanted.iter().collect();
        wanted.sort_by_key(|document| document.key());
        let current: BTreeMap<_, _> =
            current.iter().map(|document| (document.key(), document)).collect();
        let found = wanted.iter().filter_map(|document| current.get(&document.key()).copied());
        let fingerprint = fingerprint(found);
        let changes = wanted
            .into_iter()
            .map(|document| {
                let (action, fields) = match current.get(&document.key()) {
                    None => (Action::Create, Vec::new()),
                    Some(&before) if before == document => (Action::Unchanged, Vec::new()),
                    Some(before) => (Action::Update, differences(before, document)),
                };
                let (kind, name) = (document.kind(), document.name.clone());
                Change { kind, name, action, recipients: None, fields, drift: None }
            })
            .collect();
        Self { changes, fingerprint }
    }

    /// How many documents this becomes of.
    pub fn count(&self, action: Action) -> usize {
        self.changes.iter().filter(|change| change.action == action).count()
    }

    /// Whether anything has to be done.
    pub fn has_changes(&self) -> bool {
        self.changes.iter().any(|change| change.action != Action::Unchanged)
    }
}

/// The SHA-256 of the documents in their canonical form.
fn fingerprint<'a>(documents: impl Iterator<Item = &'a Document>) -> String {
    let digest = documents.fold(Sha256::new(), |digest, document| {
        let written = to_json(document).unwrap_or_default();
        digest.chain_update(written.to_string()).chain_update("\n")
    });
    digest
        .finalize()
        .iter()
        .fold(String::with_capacity(64), |text, byte| text + &format!("{byte:02x}"))
}

/// What a manifest says beyond which document it is.
pub(super) fn content(document: &Document) -> Value {
    // A document is plain data: it always becomes JSON. Were it not so, it would say nothing.
    let mut written = to_json(document).unwrap_or_default();
    if let Some(fields) = written.as_object_mut() {
        fields.retain(|key, _| matches!(key.as_str(), "metadata" | "spec"));
    }
    if let Some(metadata) = written.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.shift_remove("name");
    }
    written
}

fn differences(before: &Document, after: &Document) -> Vec<FieldChange> {
    // A document is plain data: it always becomes JSON. Were it not so, it would differ as a whole.
    let (before, after) = (to_json(before).ok(), to_json(after).ok());
    let mut changes = Vec::new();
    compare(String::new(), before.as_ref(), after.as_ref(), &mut changes);
    changes
}

fn compare(
    path: String,
    before: Option<&Value>,
    after: Option<&Value>,
    changes: &mut Vec<FieldChange>,
) {
    match (before, after) {
        (before, after) if before == after => {}
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            compare_objects(&path, before, after, changes);
        }
        (Some(Value::Array(before)), Some(Value::Array(after)))
            if named(before) && named(after) =>
        {
            compare_named(&path, before, after, changes);
        }
        (before, after) => changes.push(FieldChange {
            path,
            before: before.map(FieldValue::of),
            after: after.map(FieldValue::of),
        }),
    }
}

fn compare_objects(
    path: &str,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    changes: &mut Vec<FieldChange>,
) {
    let removed = before.keys().filter(|key| !after.contains_key(*key));
    for key in after.keys().chain(removed) {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        compare(path, before.get(key), after.get(key), changes);
    }
}

/// Compares lists whose items have names: by name, then by order.
fn compare_named(path: &str, before: &[Value], after: &[Value], changes: &mut Vec<FieldChange>) {
    let find =
        |items: &'_ [Value], name: &Value| items.iter().position(|item| item["name"] == *name);
    let removed = before.iter().filter(|item| find(after, &item["name"]).is_none());
    for item in after.iter().chain(removed) {
        let name = &item["name"];
        let at = |items: &[Value]| find(items, name);
        let path = format!("{path}[{}]", name.as_str().unwrap_or_default());
        let (before, after) = (at(before).map(|at| &before[at]), at(after).map(|at| &after[at]));
        compare(path, before, after, changes);
    }
    let order = |items: &[Value], others: &[Value]| -> Vec<Value> {
        let names = items.iter().map(|item| item["name"].clone());
        names.filter(|name| find(others, name).is_some()).collect()
    };
    let (before, after) = (order(before, after), order(after, before));
    if before != after {
        changes.push(FieldChange {
            path: path.to_owned(),
            before: Some(FieldValue::Whole(before.into())),
            after: Some(FieldValue::Whole(after.into())),
        });
    }
}

/// Whether these are things that are told apart by their names.
pub(super) fn named(items: &[Value]) -> bool {
    items.iter().all(|item| item.get("name").is_some_and(Value::is_string))
}

impl FieldValue {
    fn of(value: &Value) -> Self {
        match value {
            Value::String(text) if text.contains('\n') || text.chars().count() > MAX_SHOWN => {
                Self::Text { lines: text.lines().count(), sha256: short_digest(text) }
            }
            // Within a whole message, long texts are summed up too.
            Value::Object(fields) => Self::Whole(fields.iter().map(Self::inner).collect()),
            other => Self::Whole(other.clone()),
        }
    }

    fn inner((key, value): (&String, &Value)) -> (String, Value) {
        let value = match Self::of(value) {
            Self::Whole(value) => value,
            Self::Text { lines, sha256 } => serde_json::json!({ "lines": lines, "sha256": sha256 }),
        };
        (key.clone(), value)
    }
}

/// The first 12 hexadecimal digits of the text's SHA-256.
pub(super) fn short_digest(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let head = digest.iter().take(6).fold(0_u64, |head, byte| head << 8 | u64::from(*byte));
    format!("{head:012x}")
}
