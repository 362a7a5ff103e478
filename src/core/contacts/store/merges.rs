//! Contacts that were merged into others, as they were.

use serde_json::Value as Json;

use crate::core::contacts::Merge;
use crate::core::kernel::{Id, Timestamp, fold_address};
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

/// The contact that the one with the id `merged` was merged into.
pub(in crate::core::contacts) async fn survivor(tx: &mut Tx, merged: Id) -> DbResult<Option<Id>> {
    let sql = "SELECT contact_id FROM contact_merges
               WHERE workspace_id = ?1 AND merged_id = ?2 ORDER BY id DESC LIMIT 1";
    let row = tx.row(sql, params![tx.workspace(), merged]).await?;
    row.map(|row| row.get("contact_id")).transpose()
}

pub(in crate::core::contacts) async fn insert(tx: &mut Tx, merge: &Merge) -> DbResult<()> {
    let sql = "INSERT INTO contact_merges
               (id, workspace_id, contact_id, merged_id, merged, merged_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let values = params![
        merge.id,
        tx.workspace(),
        merge.contact,
        merge.merged,
        &merge.was,
        merge.merged_at,
    ];
    tx.execute(sql, values).await.map(drop)
}

/// Gives `to` the subscriptions, consents, activity and merges of `from`, beside its own. Who has
/// unsubscribed as one of the two has; else who is subscribed as one of them is.
pub(in crate::core::contacts) async fn unite(
    tx: &mut Tx,
    from: Id,
    to: Id,
    now: Timestamp,
) -> DbResult<()> {
    let state =
        "CASE WHEN 'unsubscribed' IN (excluded.state, list_members.state) THEN 'unsubscribed'
                      WHEN 'subscribed' IN (excluded.state, list_members.state) THEN 'subscribed'
                      ELSE 'unconfirmed' END";
    let members = format!(
        "INSERT INTO list_members (list_id, contact_id, added_at, state, changed_at)
         SELECT m.list_id, ?2, m.added_at, m.state, m.changed_at
         FROM list_members m WHERE m.contact_id = ?1
         ON CONFLICT (list_id, contact_id) DO UPDATE SET
             added_at = CASE WHEN excluded.added_at < list_members.added_at
                        THEN excluded.added_at ELSE list_members.added_at END,
             changed_at = CASE WHEN {state} = list_members.state
                          THEN list_members.changed_at ELSE ?3 END,
             state = {state}"
    );
    tx.execute(&members, params![from, to, now]).await?;
    let activity = "INSERT INTO contact_activity
            (workspace_id, contact_id, activity, campaign_id, times, first_at, last_at)
        SELECT a.workspace_id, ?2, a.activity, a.campaign_id, a.times, a.first_at, a.last_at
        FROM contact_activity a WHERE a.contact_id = ?1
        ON CONFLICT (contact_id, activity, campaign_id) DO UPDATE SET
            times = contact_activity.times + excluded.times,
            first_at = CASE WHEN excluded.first_at < contact_activity.first_at
                       THEN excluded.first_at ELSE contact_activity.first_at END,
            last_at = CASE WHEN excluded.last_at > contact_activity.last_at
                      THEN excluded.last_at ELSE contact_activity.last_at END";
    tx.execute(activity, params![from, to]).await?;
    for table in ["consents", "contact_merges"] {
        let sql = format!("UPDATE {table} SET contact_id = ?2 WHERE contact_id = ?1");
        tx.execute(&sql, params![from, to]).await?;
    }
    Ok(())
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
