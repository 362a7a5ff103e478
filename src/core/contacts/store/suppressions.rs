//! Suppressions.

use super::table_of;
use crate::core::contacts::Suppression;
use crate::core::contacts::forgotten::MARK;
use crate::core::kernel::{Id, PageRequest};
use crate::storage::sql::{DbResult, Params, Row, Tx, params};

const COLUMNS: &str = "id, email_folded, reason, created_at,
    (SELECT name FROM suppression_sets WHERE suppression_sets.id = set_id) AS set_name";

/// Inserts those that stand for themselves and whose address is not suppressed yet, or only with a
/// set, from which it is taken over; says how many that were.
pub(in crate::core::contacts) async fn insert(
    tx: &mut Tx,
    suppressions: &[Suppression],
) -> DbResult<u64> {
    let columns = ["id", "workspace_id", "email_folded", "reason", "created_at"];
    let rows: Vec<Params> = suppressions
        .iter()
        .map(|one| params![one.id, tx.workspace(), &one.email, &one.reason, one.created_at])
        .collect();
    let tail = "ON CONFLICT (workspace_id, email_folded)
                DO UPDATE SET reason = excluded.reason, set_id = NULL
                WHERE suppressions.set_id IS NOT NULL";
    tx.insert_many("suppressions", &columns, rows, tail).await
}

/// The suppressions of the `folded` addresses, no two of which are the same, in the order they were
/// made.
pub(in crate::core::contacts) async fn of_addresses(
    tx: &mut Tx,
    folded: &[&str],
) -> DbResult<Vec<Suppression>> {
    if folded.is_empty() {
        return Ok(Vec::new());
    }
    let mut values = params![tx.workspace()];
    let wanted = table_of(tx, &mut values, folded);
    let sql = format!(
        "SELECT {COLUMNS} FROM ({wanted}) AS wanted CROSS JOIN suppressions
         WHERE workspace_id = ?1 AND email_folded = wanted.column1 ORDER BY id"
    );
    tx.rows(&sql, values).await?.iter().map(suppression).collect()
}

/// Whether there is a mark of anybody who was forgotten.
pub(in crate::core::contacts) async fn has_marks(tx: &mut Tx) -> DbResult<bool> {
    let sql = "SELECT id FROM suppressions
               WHERE workspace_id = ?1 AND email_folded >= ?2 AND email_folded < ?3 LIMIT 1";
    let after_all = format!("{MARK}\u{10ffff}");
    Ok(tx.row(sql, params![tx.workspace(), MARK, after_all]).await?.is_some())
}

/// Suppressions after `page.after`, oldest first.
pub(in crate::core::contacts) async fn page(
    tx: &mut Tx,
    page: &PageRequest,
) -> DbResult<Vec<Suppression>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM suppressions
         WHERE workspace_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3"
    );
    let rows = tx.rows(&sql, params![tx.workspace(), page.after, page.fetch()]).await?;
    rows.iter().map(suppression).collect()
}

pub(in crate::core::contacts) async fn delete(tx: &mut Tx, id: Id) -> DbResult<()> {
    let sql = "DELETE FROM suppressions WHERE workspace_id = ?1 AND id = ?2";
    tx.execute(sql, params![tx.workspace(), id]).await.map(drop)
}

fn suppression(row: &Row) -> DbResult<Suppression> {
    Ok(Suppression {
        id: row.get("id")?,
        email: row.get("email_folded")?,
        reason: row.get("reason")?,
        set: row.get("set_name")?,
        created_at: row.get("created_at")?,
    })
}
