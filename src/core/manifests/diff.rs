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
use super::unified::unified;
use super::written::to_json;

/// Characters of a value shown as it is; a longer one, or one of several lines, is summed up.
const MAX_SHOWN: usize = 120;

/// Every wanted document with what becomes of it, by kind and name; then what is deleted, in the
/// order in which it goes.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Plan {
    pub changes: Vec<Change>,
    /// What is allowed and worth a second look.
    pub warnings: Vec<Warning>,
    /// Tells one state of what exists of these documents from another.
    pub fingerprint: String,
    /// Of a plan to be carried out: proves that it was made here, of these manifests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seal: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    pub kind: Kind,
    pub name: String,
    pub action: Action,
    /// Of a campaign that stays: the contacts it is for as all shall be, each counted once, now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipients: Option<u64>,
    /// Of a campaign that exists: the contacts it is for as all is, now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipients_before: Option<u64>,
    /// Every field that differs, in the order of the manifest, with what is removed last in its
    /// mapping.
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
    Delete,
    Unchanged,
}

/// Something about one document that a careful person wants to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    pub kind: Kind,
    pub name: String,
    /// Goes on after the document's name.
    pub message: String,
}

/// One field that differs, by its path as in `spec.messages[launch].subject`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FieldChange {
    pub path: String,
    /// Absent when the field was not there.
    pub before: Option<FieldValue>,
    /// Absent when the field is no longer there.
    pub after: Option<FieldValue>,
    /// Of a long text: its lines that differ, as a unified diff without names of files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
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
    /// What has to change for `current` to say what `wanted` says, and for the `doomed` to be gone.
    /// Documents that are only in `current` are left alone.
    pub fn between(current: &[Document], wanted: &[Document], doomed: &[Document]) -> Self {
        let mut wanted: Vec<&Document> = wanted.iter().collect();
        wanted.sort_by_key(|document| document.key());
        let current: BTreeMap<_, _> =
            current.iter().map(|document| (document.key(), document)).collect();
        let stays = wanted.iter().map(|document| match current.get(&document.key()) {
            None => Change::of(document, Action::Create, differences(None, Some(document))),
            Some(&before) if before == *document => {
                Change::of(document, Action::Unchanged, Vec::new())
            }
            Some(&before) => {
                Change::of(document, Action::Update, differences(Some(before), Some(document)))
            }
        });
        let goes = doomed.iter().map(|document| {
            Change::of(document, Action::Delete, differences(Some(document), None))
        });
        let found = wanted.iter().filter_map(|document| current.get(&document.key()).copied());
        Self {
            changes: stays.chain(goes).collect(),
            warnings: Vec::new(),
            fingerprint: fingerprint(found.chain(doomed)),
            seal: None,
        }
    }

    /// How many documents this becomes of.
    pub fn count(&self, action: Action) -> usize {
        self.changes.iter().filter(|change| change.action == action).count()
    }

    /// Whether anything has to be done.
    pub fn has_changes(&self) -> bool {
        self.changes.iter().any(|change| change.action != Action::Unchanged)
    }

    /// The recipients of the campaigns that it touches, each campaign's counted for itself: of those
    /// that are made or changed, and of those whose recipients become others by it.
    pub fn recipients(&self) -> u64 {
        self.changes.iter().filter(|change| change.touches()).filter_map(|one| one.recipients).sum()
    }
}

impl Change {
    pub(super) fn of(document: &Document, action: Action, fields: Vec<FieldChange>) -> Self {
        Self {
            kind: document.kind(),
            name: document.name.clone(),
            action,
            recipients: None,
            recipients_before: None,
            fields,
            drift: None,
        }
    }

    /// Whether it changes the document, or whom that is for.
    pub fn touches(&self) -> bool {
        self.action != Action::Unchanged || self.recipients != self.recipients_before
    }

    pub(super) fn warning(&self, message: impl Into<String>) -> Warning {
        Warning { kind: self.kind, name: self.name.clone(), message: message.into() }
    }
}

/// The SHA-256 of the documents in their canonical form.
pub(super) fn fingerprint<'a>(documents: impl IntoIterator<Item = &'a Document>) -> String {
    let digest = documents.into_iter().fold(Sha256::new(), |digest, document| {
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

fn differences(before: Option<&Document>, after: Option<&Document>) -> Vec<FieldChange> {
    let nothing = || serde_json::json!({ "metadata": {}, "spec": {} });
    let of = |document: Option<&Document>| document.map_or_else(nothing, content);
    let mut changes = Vec::new();
    compare(String::new(), Some(&of(before)), Some(&of(after)), &mut changes);
    changes
}

/// What is added or removed is told field by field, too.
fn compare(
    path: String,
    before: Option<&Value>,
    after: Option<&Value>,
    changes: &mut Vec<FieldChange>,
) {
    let nothing = Map::new();
    match (before, after) {
        (before, after) if before == after => {}
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            compare_objects(&path, before, after, changes);
        }
        (None, Some(Value::Object(after))) if !after.is_empty() => {
            compare_objects(&path, &nothing, after, changes);
        }
        (Some(Value::Object(before)), None) if !before.is_empty() => {
            compare_objects(&path, before, &nothing, changes);
        }
        (Some(Value::Array(before)), Some(Value::Array(after)))
            if named(before) && named(after) =>
        {
            compare_named(&path, before, after, changes);
        }
        (None, Some(Value::Array(after))) if !after.is_empty() && named(after) => {
            compare_named(&path, &[], after, changes);
        }
        (Some(Value::Array(before)), None) if !before.is_empty() && named(before) => {
            compare_named(&path, before, &[], changes);
        }
        (before, after) => changes.push(FieldChange::new(path, before, after)),
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
            diff: None,
        });
    }
}

/// Whether these are things that are told apart by their names.
pub(super) fn named(items: &[Value]) -> bool {
    items.iter().all(|item| item.get("name").is_some_and(Value::is_string))
}

impl FieldChange {
    fn new<'a>(path: String, before: Option<&'a Value>, after: Option<&'a Value>) -> Self {
        let text = |value: Option<&'a Value>| value.map_or(Some(""), Value::as_str);
        let texts = text(before).zip(text(after));
        let diff = texts
            .filter(|(before, after)| is_long(before) || is_long(after))
            .map(|(before, after)| unified(before, after));
        Self { path, before: before.map(FieldValue::of), after: after.map(FieldValue::of), diff }
    }
}

impl FieldValue {
    fn of(value: &Value) -> Self {
        match value {
            Value::String(text) if is_long(text) => {
                Self::Text { lines: text.lines().count(), sha256: short_digest(text) }
            }
            other => Self::Whole(other.clone()),
        }
    }
}

fn is_long(text: &str) -> bool {
    text.contains('\n') || text.chars().count() > MAX_SHOWN
}

/// The first 12 hexadecimal digits of the text's SHA-256.
fn short_digest(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let head = digest.iter().take(6).fold(0_u64, |head, byte| head << 8 | u64::from(*byte));
    format!("{head:012x}")
}
