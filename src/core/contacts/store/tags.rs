//! The tags of contacts.

use std::collections::HashMap;

use crate::core::contacts::{Contact, Tags};
use crate::core::kernel::Id;
use crate::storage::sql::{DbResult, Params, Tx, params};

/// Gives each of `contacts` its tags, in one query.
pub(super) async fn load(tx: &mut Tx, contacts: &mut [Contact]) -> DbResult<()> {
    if contacts.is_empty() {
        return Ok(());
    }
    let ids: serde_json::Value =
        contacts.iter().map(|contact| contact.id.as_uuid().simple().to_string()).collect();
    let sql = format!(
        "SELECT t.contact_id, t.tag FROM ({}) AS wanted CROSS JOIN contact_tags t
         WHERE t.contact_id = wanted.column1",
        tx.ids("?1")
    );
    let mut tags: HashMap<Id, Tags> = HashMap::new();
    for row in tx.rows(&sql, params![ids]).await? {
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
