//! Lists. One that is read comes with its counts; who is on it is [`members`]' matter.

use super::members;
use crate::core::contacts::segments::{self, Condition};
use crate::core::contacts::{List, MemberCounts};
use crate::core::kernel::{Id, PageRequest, Timestamp};
use crate::storage::sql::{self, DbResult, Params, Row, Tx, Value, marks, params};

const COLUMNS: &str = "id, name, description, labels, optin, version, created_at, updated_at";

pub(in crate::core::contacts) async fn insert(tx: &mut Tx, list: &List) -> DbResult<()> {
    let sql = "INSERT INTO lists
               (id, workspace_id, name, description, labels, optin, created_at, updated_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)";
    let values = params![
        list.id,
        tx.workspace(),
        &list.name,
        &list.description,
        serde_json::json!(list.labels),
        list.optin.as_str(),
        list.created_at,
    ];
    tx.execute(sql, values).await.map(drop)
}

pub(in crate::core::contacts) async fn get(tx: &mut Tx, id: Id) -> DbResult<Option<List>> {
    let sql = format!("SELECT {COLUMNS} FROM lists WHERE workspace_id = ?1 AND id = ?2");
    Ok(read(tx, &sql, params![tx.workspace(), id]).await?.pop())
}

/// Lists after `page.after`, oldest first.
pub(in crate::core::contacts) async fn page(
    tx: &mut Tx,
    page: &PageRequest,
) -> DbResult<Vec<List>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM lists WHERE workspace_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3"
    );
    read(tx, &sql, params![tx.workspace(), page.after, page.fetch()]).await
}

/// The lists that a query finds, with their counts.
async fn read(tx: &mut Tx, sql: &str, values: Params) -> DbResult<Vec<List>> {
    let mut lists = tx.rows(sql, values).await?.iter().map(list).collect::<DbResult<Vec<_>>>()?;
    members::count(tx, &mut lists).await?;
    Ok(lists)
}

/// Writes a list again, one version on, if it is still at `list.version`; says whether it was.
pub(in crate::core::contacts) async fn update(tx: &mut Tx, list: &List) -> DbResult<bool> {
    let sql = "UPDATE lists SET description = ?3, labels = ?4, optin = ?5, updated_at = ?6,
               version = version + 1 WHERE workspace_id = ?1 AND id = ?2 AND version = ?7";
    let values = params![
        tx.workspace(),
        list.id,
        &list.description,
        serde_json::json!(list.labels),
        list.optin.as_str(),
        list.updated_at,
        list.version,
    ];
    Ok(tx.execute(sql, values).await? == 1)
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

/// Deletes a list if it is still at `list.version`; says whether it was.
pub(in crate::core::contacts) async fn delete(tx: &mut Tx, list: &List) -> DbResult<bool> {
    let sql = "DELETE FROM lists WHERE workspace_id = ?1 AND id = ?2 AND version = ?3";
    Ok(tx.execute(sql, params![tx.workspace(), list.id, list.version]).await? == 1)
}

/// The id of the list that is called exactly `name`.
pub(in crate::core::contacts) async fn named(tx: &mut Tx, name: &str) -> DbResult<Option<Id>> {
    sql::named(tx, "lists", name).await
}

fn list(row: &Row) -> DbResult<List> {
    Ok(List {
        id: row.get("id")?,
        name: row.get("name")?,
        description: row.get("description")?,
        labels: row.json("labels")?,
        optin: row.word("optin")?,
        members: MemberCounts::default(),
        version: row.get("version")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}
