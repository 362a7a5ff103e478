//! Suppression sets, whom they name, and the suppressions that go with them.

use std::collections::BTreeSet;

use super::table_of;
use crate::core::contacts::{SetContent, Suppression, SuppressionSet};
use crate::core::kernel::{Id, PageRequest, Timestamp};
use crate::storage::sql::{DbResult, Params, Row, Tx, params};

const COLUMNS: &str = "id, name, labels, reason, version, created_at, updated_at,
    (SELECT COUNT(*) FROM suppression_set_members m WHERE m.set_id = suppression_sets.id) AS size";

pub(in crate::core::contacts) async fn insert(tx: &mut Tx, set: &SuppressionSet) -> DbResult<()> {
    let sql = "INSERT INTO suppression_sets
               (id, workspace_id, name, labels, reason, version, created_at, updated_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)";
    let values = params![
        set.id,
        tx.workspace(),
        &set.name,
        serde_json::json!(set.labels),
        &set.reason,
        set.version,
        set.created_at,
    ];
    tx.execute(sql, values).await.map(drop)
}

/// Writes a set again, one version on, if it is still at `set.version`; says whether it was.
pub(in crate::core::contacts) async fn update(tx: &mut Tx, set: &SuppressionSet) -> DbResult<bool> {
    let sql = "UPDATE suppression_sets SET labels = ?3, reason = ?4, updated_at = ?5,
               version = version + 1 WHERE workspace_id = ?1 AND id = ?2 AND version = ?6";
    let values = params![
        tx.workspace(),
        set.id,
        serde_json::json!(set.labels),
        &set.reason,
        set.updated_at,
        set.version,
    ];
    Ok(tx.execute(sql, values).await? == 1)
}

pub(in crate::core::contacts) async fn get(
    tx: &mut Tx,
    id: Id,
) -> DbResult<Option<SuppressionSet>> {
    let sql = format!("SELECT {COLUMNS} FROM suppression_sets WHERE workspace_id = ?1 AND id = ?2");
    tx.row(&sql, params![tx.workspace(), id]).await?.as_ref().map(set).transpose()
}

/// Sets after `page.after`, oldest first.
pub(in crate::core::contacts) async fn page(
    tx: &mut Tx,
    page: &PageRequest,
) -> DbResult<Vec<SuppressionSet>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM suppression_sets
         WHERE workspace_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3"
    );
    let rows = tx.rows(&sql, params![tx.workspace(), page.after, page.fetch()]).await?;
    rows.iter().map(set).collect()
}

/// What a set says.
pub(in crate::core::contacts) async fn content(
    tx: &mut Tx,
    set: &SuppressionSet,
) -> DbResult<SetContent> {
    let sql = "SELECT email_folded FROM suppression_set_members WHERE set_id = ?1";
    let rows = tx.rows(sql, params![set.id]).await?;
    let addresses: BTreeSet<String> =
        rows.iter().map(|row| row.get("email_folded")).collect::<DbResult<_>>()?;
    Ok(SetContent::kept(set.reason.clone(), addresses))
}

/// The names of the sets that one of the `folded` addresses is in, in their order.
pub(in crate::core::contacts) async fn names_of(
    tx: &mut Tx,
    folded: &[&str],
) -> DbResult<Vec<String>> {
    let mut values = params![tx.workspace()];
    let wanted = table_of(tx, &mut values, folded);
    let sql = format!(
        "SELECT DISTINCT s.name FROM ({wanted}) AS wanted
         JOIN suppression_set_members m ON m.email_folded = wanted.column1
         JOIN suppression_sets s ON s.id = m.set_id
         WHERE s.workspace_id = ?1 ORDER BY s.name"
    );
    tx.rows(&sql, values).await?.iter().map(|row| row.get("name")).collect()
}

/// Names more addresses in a set, none of which it names yet, and suppresses those with it that
/// are not suppressed.
pub(in crate::core::contacts) async fn add(
    tx: &mut Tx,
    set: Id,
    new: Vec<Suppression>,
) -> DbResult<()> {
    let rows: Vec<Params> = new.iter().map(|one| params![set, &one.email]).collect();
    tx.insert_many("suppression_set_members", &["set_id", "email_folded"], rows, "").await?;
    let held = new.into_iter().map(|one| (set, one));
    suppress(tx, held).await
}

/// Suppresses those addresses that are not suppressed, each with a set.
async fn suppress(tx: &mut Tx, held: impl IntoIterator<Item = (Id, Suppression)>) -> DbResult<()> {
    let columns = ["id", "workspace_id", "email_folded", "reason", "created_at", "set_id"];
    let workspace = tx.workspace();
    let rows: Vec<Params> = held
        .into_iter()
        .map(|(set, one)| params![one.id, workspace, one.email, one.reason, one.created_at, set])
        .collect();
    let tail = "ON CONFLICT (workspace_id, email_folded) DO NOTHING";
    tx.insert_many("suppressions", &columns, rows, tail).await.map(drop)
}

/// Names addresses no longer in a set. Those that were suppressed with it are so with another set
/// that names them, by a suppression that `make` gives of an address and a reason, or not at all.
pub(in crate::core::contacts) async fn remove(
    tx: &mut Tx,
    set: Id,
    gone: &[&str],
    make: impl Fn(String, String) -> Suppression,
) -> DbResult<()> {
    if gone.is_empty() {
        return Ok(());
    }
    let mut values = params![set];
    let wanted = table_of(tx, &mut values, gone);
    let member = format!(
        "DELETE FROM suppression_set_members
         WHERE set_id = ?1 AND email_folded IN (SELECT column1 FROM ({wanted}) AS wanted)"
    );
    tx.execute(&member, values).await?;
    let mut values = params![set, tx.workspace()];
    let wanted = table_of(tx, &mut values, gone);
    let suppression = format!(
        "DELETE FROM suppressions WHERE set_id = ?1 AND workspace_id = ?2
         AND email_folded IN (SELECT column1 FROM ({wanted}) AS wanted)"
    );
    tx.execute(&suppression, values).await?;
    let mut values = params![tx.workspace()];
    let wanted = table_of(tx, &mut values, gone);
    let others = format!(
        "SELECT m.email_folded, s.id, s.reason FROM ({wanted}) AS wanted
         JOIN suppression_set_members m ON m.email_folded = wanted.column1
         JOIN suppression_sets s ON s.id = m.set_id
         WHERE s.workspace_id = ?1 ORDER BY s.id"
    );
    let mut held = Vec::new();
    for row in &tx.rows(&others, values).await? {
        held.push((row.get("id")?, make(row.get("email_folded")?, row.get("reason")?)));
    }
    suppress(tx, held).await
}

/// Gives the suppressions that go with a set its reason.
pub(in crate::core::contacts) async fn give_reason(
    tx: &mut Tx,
    set: &SuppressionSet,
) -> DbResult<()> {
    let sql = "UPDATE suppressions SET reason = ?3 WHERE workspace_id = ?1 AND set_id = ?2";
    tx.execute(sql, params![tx.workspace(), set.id, &set.reason]).await.map(drop)
}

/// Takes a folded address out of every set, each of which is one version on by it.
pub(in crate::core::contacts) async fn take_out(
    tx: &mut Tx,
    folded: &str,
    now: Timestamp,
) -> DbResult<()> {
    let sql = "UPDATE suppression_sets SET version = version + 1, updated_at = ?3
               WHERE workspace_id = ?1
               AND id IN (SELECT set_id FROM suppression_set_members WHERE email_folded = ?2)";
    if tx.execute(sql, params![tx.workspace(), folded, now]).await? == 0 {
        return Ok(());
    }
    let sql = "DELETE FROM suppression_set_members WHERE email_folded = ?2
               AND set_id IN (SELECT id FROM suppression_sets WHERE workspace_id = ?1)";
    tx.execute(sql, params![tx.workspace(), folded]).await.map(drop)
}

/// Deletes a set that names nobody any more, if it is still at `set.version`; says whether it was.
pub(in crate::core::contacts) async fn delete(tx: &mut Tx, set: &SuppressionSet) -> DbResult<bool> {
    let sql = "DELETE FROM suppression_sets WHERE workspace_id = ?1 AND id = ?2 AND version = ?3";
    Ok(tx.execute(sql, params![tx.workspace(), set.id, set.version]).await? == 1)
}

fn set(row: &Row) -> DbResult<SuppressionSet> {
    Ok(SuppressionSet {
        id: row.get("id")?,
        name: row.get("name")?,
        labels: row.json("labels")?,
        reason: row.get("reason")?,
        size: row.get("size")?,
        version: row.get("version")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}
