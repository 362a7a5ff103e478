//! The keys of attributes, and the type of each.

use super::table_of;
use crate::core::contacts::{Attribute, AttributeType, AttributeTypes};
use crate::core::kernel::Timestamp;
use crate::storage::sql::{DbResult, Params, Row, Tx, params};

/// The types of those of `keys` that are known; no two of them are the same.
pub(in crate::core::contacts) async fn of_keys(
    tx: &mut Tx,
    keys: &[&str],
) -> DbResult<AttributeTypes> {
    if keys.is_empty() {
        return Ok(AttributeTypes::new());
    }
    let mut values = params![tx.workspace()];
    let wanted = table_of(tx, &mut values, keys);
    let sql = format!(
        "SELECT t.key, t.type FROM ({wanted}) AS wanted CROSS JOIN attribute_types t
         WHERE t.workspace_id = ?1 AND t.key = wanted.column1"
    );
    let rows = tx.rows(&sql, values).await?;
    rows.iter().map(|row| Ok((row.get("key")?, row.word("type")?))).collect()
}

/// All that are known, in the order of their keys.
pub(in crate::core::contacts) async fn all(tx: &mut Tx) -> DbResult<Vec<Attribute>> {
    let sql = "SELECT key, type, created_at FROM attribute_types
               WHERE workspace_id = ?1 ORDER BY key LIMIT 10000";
    let attribute = |row: &Row| {
        Ok(Attribute {
            key: row.get("key")?,
            kind: row.word("type")?,
            created_at: row.get("created_at")?,
        })
    };
    tx.rows(sql, params![tx.workspace()]).await?.iter().map(attribute).collect()
}

pub(in crate::core::contacts) async fn count(tx: &mut Tx) -> DbResult<usize> {
    let sql = "SELECT COUNT(*) AS found FROM attribute_types WHERE workspace_id = ?1";
    let count: u64 =
        tx.row(sql, params![tx.workspace()]).await?.map_or(Ok(0), |r| r.get("found"))?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// Registers those that nobody has registered; says how many that were.
pub(in crate::core::contacts) async fn insert(
    tx: &mut Tx,
    types: &AttributeTypes,
    now: Timestamp,
) -> DbResult<u64> {
    let columns = ["workspace_id", "key", "type", "created_at"];
    let workspace = tx.workspace();
    let rows: Vec<Params> =
        types.iter().map(|(key, kind)| params![workspace, key, kind.as_str(), now]).collect();
    let tail = "ON CONFLICT (workspace_id, key) DO NOTHING";
    tx.insert_many("attribute_types", &columns, rows, tail).await
}

pub(in crate::core::contacts) async fn set(
    tx: &mut Tx,
    key: &str,
    kind: AttributeType,
) -> DbResult<()> {
    let sql = "UPDATE attribute_types SET type = ?3 WHERE workspace_id = ?1 AND key = ?2";
    tx.execute(sql, params![tx.workspace(), key, kind.as_str()]).await.map(drop)
}

pub(in crate::core::contacts) async fn delete(tx: &mut Tx, key: &str) -> DbResult<()> {
    let sql = "DELETE FROM attribute_types WHERE workspace_id = ?1 AND key = ?2";
    tx.execute(sql, params![tx.workspace(), key]).await.map(drop)
}
