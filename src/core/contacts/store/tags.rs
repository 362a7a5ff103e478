//! The tags of contacts.

use std::collections::HashMap;

use crate::core::contacts::{Contact, Tags};
use crate::core::kernel::Id;
use crate::storage::sql::{DbResult, Params, Tx, Value, marks, params};

/// Gives each of `contacts` its tags, in one query.
pub(super) async fn load(tx: &mut Tx, contacts: &mut [Contact]) -> DbResult<()> {
    if contacts.is_empty() {
        return Ok(());
    }
    // Filled up with nulls, which are nobody, so that few statements differ.
    let mut values: Params = contacts.iter().map(|contact| Value::from(contact.id)).collect();
    values.resize(contacts.len().next_power_of_two(), Value::Null);
    let wanted = marks(1, values.len());
    let sql = format!("SELECT contact_id, tag FROM contact_tags WHERE contact_id IN ({wanted})");
    let mut tags: HashMap<Id, Tags> = HashMap::new();
    for row in tx.rows(&sql, values).await? {
        tags.entry(row.get("contact_id")?).or_default().insert(row.get("tag")?);
    }
    for contact in contacts {
        contact.tags = tags.remove(&contact.id).unwrap_or_default();
    }
    Ok(())
}

/// Puts tags on contacts; one that is there already stays.
pub(in crate::core::contacts) async fn add(
    tx: &mut Tx,
    tags: impl IntoIterator<Item = (Id, &str)>,
) -> DbResult<()> {
    let workspace = tx.workspace();
    let rows: Vec<Params> =
        tags.into_iter().map(|(contact, tag)| params![workspace, contact, tag]).collect();
    let columns = ["workspace_id", "contact_id", "tag"];
    tx.insert_many("contact_tags", &columns, rows, "ON CONFLICT DO NOTHING").await.map(drop)
}

/// Takes tags off contacts.
pub(in crate::core::contacts) async fn remove(
    tx: &mut Tx,
    tags: impl IntoIterator<Item = (Id, &str)>,
) -> DbResult<()> {
    let sql = "DELETE FROM contact_tags WHERE contact_id = ?1 AND tag = ?2";
    let rows = tags.into_iter().map(|(contact, tag)| params![contact, tag]).collect();
    tx.execute_many(sql, rows).await.map(drop)
}
