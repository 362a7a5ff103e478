//! The tables of contacts, lists and suppressions.

pub(super) mod activity;
pub(super) mod attribute_types;
pub(super) mod consents;
pub(super) mod contacts;
pub(super) mod lists;
pub(super) mod members;
pub(super) mod merges;
pub(super) mod segments;
pub(super) mod suppressions;
pub(super) mod tags;
pub(super) mod which;

use crate::storage::sql::{Params, Value};

/// Adds `texts` to the `values` of a statement and gives the table of them, for
/// `FROM ({table}) AS wanted CROSS JOIN …`, in whose `column1` they are.
///
/// `CROSS` is what keeps SQLite from walking the other table: it joins in the order that is
/// written. PostgreSQL joins in the order it likes, at the cost of one pass at most; with `IN (…)` it
/// compares every row with every text when it believes that the table is small. The table is
/// filled up to a power of two with nulls, which join nothing, so that few statements differ and
/// each is prepared once.
fn table_of(values: &mut Params, texts: &[&str]) -> String {
    let first = values.len() + 1;
    let count = texts.len().next_power_of_two();
    values.extend(texts.iter().map(|text| Value::from(*text)));
    values.resize(first - 1 + count, Value::Null);
    let rows: Vec<String> =
        (first..first + count).map(|at| format!("(CAST(?{at} AS TEXT))")).collect();
    format!("VALUES {}", rows.join(", "))
}
