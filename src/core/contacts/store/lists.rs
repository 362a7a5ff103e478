//! Lists and who is on them.

use crate::core::contacts::List;
use crate::core::kernel::{Id, PageRequest};
use crate::storage::sql::{DbResult, Row, Tx, params};

const COLUMNS: &str = "id, name, description, labels, created_at, updated_at,
    (SELECT COUNT(*) FROM list_members WHERE list_id = lists.id) AS members";

pub(in crate::core::contacts) async fn insert(tx: &mut Tx, list: &List) -> DbResult<()> {
    let sql = "INSERT INTO lists
               (id, workspace_id, name, description, labels, created_at, updated_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)";
    let labels = serde_json::json!(list.labels);
    let (name, description) = (&list.name, &list.description);
    let values = params![list.id, tx.workspace(), name, description, labels, list.created_at];
    tx.execute(sql, values).await.map(drop)
}

pub(in crate::core::contacts) async fn get(tx: &mut Tx, id: Id) -> DbResult<Option<List>> {
    let sql = format!("SELECT {COLUMNS} FROM lists WHERE workspace_id = ?1 AND id = ?2");
    tx.row(&sql, params![tx.workspace(), id]).await?.as_ref().map(list).transpose()
}

/// Lists after `page.after`, oldest first.
pub(in crate::core::contacts) async fn page(
    tx: &mut Tx,
    page: &PageRequest,
) -> DbResult<Vec<List>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM lists WHERE workspace_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3"
    );
    let rows = tx.rows(&sql, params![tx.workspace(), page.after, page.fetch()]).await?;
    rows.iter().map(list).collect()
}

pub(in crate::core::contacts) async fn delete(tx: &mut Tx, id: Id) -> DbResult<()> {
    let sql = "DELETE FROM lists WHERE workspace_id = ?1 AND id = ?2";
    tx.execute(sql, params![tx.workspace(), id]).await.map(drop)
}

fn list(row: &Row) -> DbResult<List> {
    Ok(List {
        id: row.get("id")?,
        name: row.get("name")?,
        description: row.get("description")?,
        labels: row.json("labels")?,
        members: row.get("members")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}
