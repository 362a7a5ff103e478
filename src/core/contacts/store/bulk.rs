//! Changes of all contacts that an expression is true of.

use crate::core::contacts::segments::{Condition, compile};
use crate::core::kernel::{Id, Timestamp};
use crate::storage::sql::{DbResult, Params, Tx, params};

/// Deletes everybody `condition` is true of; says how many that were.
pub(in crate::core::contacts) async fn delete(
    tx: &mut Tx,
    condition: &Condition,
    now: Timestamp,
) -> DbResult<u64> {
    let mut values = params![tx.workspace()];
    let condition = compile(condition, tx.dialect(), now, &mut values);
    let workspace = tx.unindexed("c.workspace_id");
    let sql = format!(
        "DELETE FROM contacts WHERE workspace_id = ?1 AND id IN
             (SELECT c.id FROM contacts c WHERE {workspace} = ?1 AND ({condition}))"
    );
    tx.execute(&sql, values).await
}

/// Takes contacts off a list; says how many were on it.
pub(in crate::core::contacts) async fn remove_members(
    tx: &mut Tx,
    list: Id,
    contacts: &[Id],
) -> DbResult<u64> {
    let sql = "DELETE FROM list_members WHERE list_id = ?1 AND contact_id = ?2";
    let rows: Vec<Params> = contacts.iter().map(|contact| params![list, *contact]).collect();
    tx.execute_many(sql, rows).await
}
