//! References: how a person points at a row, by name, by id, or by the start of either.

use super::{DbResult, Tx, params};
use crate::core::kernel::Id;

/// What a reference points at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    One(Id),
    Nothing,
    /// Several names or ids start so; these are some of them.
    Several(Vec<String>),
}

/// Finds the row of `table` (which has `id`, `workspace_id` and `name`) that `text` points at: the
/// exact name or id first, else the only one that starts with it.
pub async fn find(tx: &mut Tx, table: &'static str, text: &str) -> DbResult<Found> {
    let workspace = tx.workspace();
    let (low, high) = id_range(text).unzip();
    let exact = format!(
        "SELECT id FROM {table} WHERE workspace_id = ?1 AND (name = ?2 OR id = ?3)
         ORDER BY id LIMIT 1"
    );
    let id: Option<Id> = text.parse().ok();
    if let Some(row) = tx.row(&exact, params![workspace, text, id]).await? {
        return Ok(Found::One(row.get("id")?));
    }
    let prefix = format!(
        "SELECT id, name FROM {table}
         WHERE workspace_id = ?1
           AND (substr(name, 1, length(?2)) = ?2 OR (id >= ?3 AND id <= ?4))
         ORDER BY name LIMIT 5"
    );
    let rows = tx.rows(&prefix, params![workspace, text, low, high]).await?;
    match rows.as_slice() {
        [] => Ok(Found::Nothing),
        [row] => Ok(Found::One(row.get("id")?)),
        several => {
            Ok(Found::Several(several.iter().map(|row| row.get("name")).collect::<DbResult<_>>()?))
        }
    }
}

/// The row of `table` that is called exactly `name`.
pub async fn named(tx: &mut Tx, table: &'static str, name: &str) -> DbResult<Option<Id>> {
    let sql = format!("SELECT id FROM {table} WHERE workspace_id = ?1 AND name = ?2");
    tx.row(&sql, params![tx.workspace(), name]).await?.map(|row| row.get("id")).transpose()
}

/// The names of all rows of `table`, in their order.
pub async fn names(tx: &mut Tx, table: &'static str) -> DbResult<Vec<String>> {
    let sql = format!("SELECT name FROM {table} WHERE workspace_id = ?1 ORDER BY name");
    tx.rows(&sql, params![tx.workspace()]).await?.iter().map(|row| row.get("name")).collect()
}

/// The first and the last id that start with the hexadecimal digits of `text`, when it has at
/// least six and nothing else.
pub fn id_range(text: &str) -> Option<(Id, Id)> {
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    if !(6..=32).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    Some((format!("{digits:0<32}").parse().ok()?, format!("{digits:f<32}").parse().ok()?))
}
