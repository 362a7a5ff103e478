//! The tables of contacts, lists and suppressions.

pub(super) mod activity;
pub(super) mod attribute_types;
pub(super) mod bulk;
pub(super) mod consents;
pub(super) mod contacts;
pub(super) mod imports;
pub(super) mod lists;
pub(super) mod members;
pub(super) mod merges;
pub(super) mod segments;
pub(super) mod suppression_sets;
pub(super) mod suppressions;
pub(super) mod tags;
pub(super) mod which;

use crate::storage::sql::{Params, Tx, Value};

/// Adds `texts` to the `values` of a statement and gives the [table](Tx::texts) of them.
fn table_of(tx: &Tx, values: &mut Params, texts: &[&str]) -> String {
    values.push(Value::Json(texts.into()));
    tx.texts(&format!("?{}", values.len()))
}
