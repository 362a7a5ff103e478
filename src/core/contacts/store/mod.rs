//! The tables of contacts, lists and suppressions.

pub(super) mod contacts;
pub(super) mod lists;
pub(super) mod suppressions;

use crate::storage::sql::Params;

/// Adds `texts` to the `values` of a statement and gives their placeholders, for `IN (…)`.
///
/// They are filled up to a power of two by repeating the last, so that few statements differ and
/// each is prepared once.
fn any_of(values: &mut Params, texts: &[&str]) -> String {
    let first = values.len() + 1;
    let count = texts.len().next_power_of_two();
    let padding = texts.last().into_iter().cycle().take(count - texts.len());
    values.extend(texts.iter().chain(padding).map(|text| (*text).into()));
    let marks: Vec<String> = (first..first + count).map(|at| format!("?{at}")).collect();
    marks.join(", ")
}
