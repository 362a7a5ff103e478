//! Contacts that were merged into others, as they were.

use serde_json::Value as Json;

use crate::core::contacts::Merge;
use crate::core::kernel::{Id, fold_address};
use crate::storage::sql::{DbResult, Row, Tx, params};

const COLUMNS: &str = "id, contact_id, merged_id, merged, merged_at";

/// What was merged into a contact, oldest first.
pub(in crate::core::contacts) async fn of_contact(
    tx: &mut Tx,
    contact: Id,
) -> DbResult<Vec<Merge>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM contact_merges WHERE contact_id = ?1 ORDER BY id LIMIT 1000"
    );
    tx.rows(&sql, params![contact]).await?.iter().map(merge).collect()
}

/// The contact that one with the `folded` address was merged into.
pub(in crate::core::contacts) async fn into_whom(
    tx: &mut Tx,
    folded: &str,
) -> DbResult<Option<Id>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM contact_merges WHERE workspace_id = ?1 AND id > ?2
         ORDER BY id LIMIT 1000"
    );
    let mut after = Id::NIL;
    loop {
        let merges: Vec<Merge> = tx
            .rows(&sql, params![tx.workspace(), after])
            .await?
            .iter()
            .map(merge)
            .collect::<DbResult<_>>()?;
        let Some(last) = merges.last() else { return Ok(None) };
        after = last.id;
        let same = |one: &&Merge| one.email().is_some_and(|email| fold_address(email) == folded);
        if let Some(found) = merges.iter().find(same) {
            return Ok(Some(found.contact));
        }
    }
}

fn merge(row: &Row) -> DbResult<Merge> {
    Ok(Merge {
        id: row.get("id")?,
        contact: row.get("contact_id")?,
        merged: row.get("merged_id")?,
        was: row.get::<Json>("merged")?,
        merged_at: row.get("merged_at")?,
    })
}
