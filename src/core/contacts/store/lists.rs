//! Lists and who is on them.

use crate::core::contacts::List;
use crate::core::contacts::segments::{self, Condition};
use crate::core::kernel::{Id, PageRequest, Timestamp};
use crate::storage::sql::{self, DbResult, Params, Row, Tx, Value, marks, params};

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

pub(in crate::core::contacts) async fn update(tx: &mut Tx, list: &List) -> DbResult<()> {
    let sql = "UPDATE lists SET description = ?3, labels = ?4, updated_at = ?5
               WHERE workspace_id = ?1 AND id = ?2";
    let labels = serde_json::json!(list.labels);
    let values = params![tx.workspace(), list.id, &list.description, labels, list.updated_at];
    tx.execute(sql, values).await.map(drop)
}

/// How many contacts are subscribed to the lists of these names or meant by `segments` at the moment
/// `now`, each counted once, and the first of them.
pub(in crate::core::contacts) async fn audience(
    tx: &mut Tx,
    lists: &[&str],
    segments: &[Condition],
    now: Timestamp,
) -> DbResult<(u64, Option<Id>)> {
    let members = format!(
        "SELECT m.contact_id FROM list_members m JOIN lists l ON l.id = m.list_id
         WHERE l.workspace_id = ?1 AND m.state = 'subscribed' AND l.name IN ({})",
        marks(2, lists.len())
    );
    let mut values = params![tx.workspace()];
    values.extend(lists.iter().map(|name| Value::from(*name)));
    let meant = segments::audience(&members, segments, tx.dialect(), now, &mut values);
    let from = format!("FROM contacts c WHERE c.workspace_id = ?1 AND {meant}");
    let count = format!("SELECT COUNT(*) AS count {from}");
    let first = format!("SELECT c.id {from} ORDER BY c.id LIMIT 1");
    let count = tx.row(&count, values.clone()).await?.map_or(Ok(0), |row| row.get("count"))?;
    let first = tx.row(&first, values).await?.map(|row| row.get("id")).transpose()?;
    Ok((count, first))
}

pub(in crate::core::contacts) async fn delete(tx: &mut Tx, id: Id) -> DbResult<()> {
    let sql = "DELETE FROM lists WHERE workspace_id = ?1 AND id = ?2";
    tx.execute(sql, params![tx.workspace(), id]).await.map(drop)
}

/// Puts `contacts` on a list; says how many were not on it before.
pub(in crate::core::contacts) async fn add_members(
    tx: &mut Tx,
    list: Id,
    contacts: impl IntoIterator<Item = Id>,
    now: Timestamp,
) -> DbResult<u64> {
    let rows: Vec<Params> =
        contacts.into_iter().map(|contact| params![list, contact, now]).collect();
    let columns = ["list_id", "contact_id", "added_at"];
    tx.insert_many("list_members", &columns, rows, "ON CONFLICT DO NOTHING").await
}

/// Takes a contact off a list; says whether it was on it.
pub(in crate::core::contacts) async fn remove_member(
    tx: &mut Tx,
    list: Id,
    contact: Id,
) -> DbResult<bool> {
    let sql = "DELETE FROM list_members WHERE list_id = ?1 AND contact_id = ?2";
    Ok(tx.execute(sql, params![list, contact]).await? > 0)
}

/// The id of the list that is called exactly `name`.
pub(in crate::core::contacts) async fn named(tx: &mut Tx, name: &str) -> DbResult<Option<Id>> {
    sql::named(tx, "lists", name).await
}

/// The names of the lists that a contact is on, in their order.
pub(in crate::core::contacts) async fn of_contact(
    tx: &mut Tx,
    contact: Id,
) -> DbResult<Vec<String>> {
    let sql = "SELECT l.name FROM list_members m JOIN lists l ON l.id = m.list_id
               WHERE m.contact_id = ?1 ORDER BY l.name LIMIT 1000";
    tx.rows(sql, params![contact]).await?.iter().map(|row| row.get("name")).collect()
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
