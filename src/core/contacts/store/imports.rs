//! What imports leave besides contacts: which column meant what, per source of files.

use crate::core::kernel::Clock;
use crate::storage::sql::{DbResult, Tx, params};

/// The targets and headings of the last file of `source`, in the order they were written.
pub(in crate::core::contacts) async fn mapping(
    tx: &mut Tx,
    source: &str,
) -> DbResult<Vec<(String, String)>> {
    let sql = "SELECT mapping FROM import_mappings WHERE workspace_id = ?1 AND source = ?2";
    let row = tx.row(sql, params![tx.workspace(), source]).await?;
    row.map_or(Ok(Vec::new()), |row| row.json("mapping"))
}

pub(in crate::core::contacts) async fn remember_mapping(
    tx: &mut Tx,
    source: &str,
    mapping: &[(String, String)],
    clock: &Clock,
) -> DbResult<()> {
    let sql = "INSERT INTO import_mappings (workspace_id, source, mapping, updated_at)
               VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT (workspace_id, source)
               DO UPDATE SET mapping = excluded.mapping, updated_at = excluded.updated_at";
    let values = params![tx.workspace(), source, serde_json::json!(mapping), clock.now()];
    tx.execute(sql, values).await.map(drop)
}
