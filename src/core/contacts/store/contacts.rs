//! Contacts.

use super::table_of;
use crate::core::contacts::{Attributes, Contact};
use crate::core::kernel::{Id, PageRequest, Timestamp, fold, fold_address};
use crate::storage::sql::{DbResult, Found, Params, Row, Tx, id_range, params};

const COLUMNS: &str =
    "c.id, c.email, c.name, c.language, c.timezone, c.attributes, c.created_at, c.updated_at";

/// Sorts after every text that starts as it does.
const LAST: char = '\u{10ffff}';

pub(in crate::core::contacts) async fn insert(
    tx: &mut Tx,
    contacts: impl IntoIterator<Item = &Contact>,
) -> DbResult<()> {
    let columns = [
        "id",
        "workspace_id",
        "email",
        "email_folded",
        "name",
        "name_folded",
        "language",
        "timezone",
        "attributes",
        "created_at",
        "updated_at",
    ];
    let rows: Vec<Params> = contacts
        .into_iter()
        .map(|contact| {
            params![
                contact.id,
                tx.workspace(),
                &contact.email,
                fold_address(&contact.email),
                &contact.name,
                fold(&contact.name),
                contact.language.as_deref(),
                contact.timezone.as_deref(),
                serde_json::json!(contact.attributes),
                contact.created_at,
                contact.updated_at,
            ]
        })
        .collect();
    tx.insert_many("contacts", &columns, rows, "").await.map(drop)
}

pub(in crate::core::contacts) async fn update(
    tx: &mut Tx,
    contacts: impl IntoIterator<Item = &Contact>,
) -> DbResult<()> {
    let sql = "UPDATE contacts SET email = ?3, email_folded = ?4, name = ?5, name_folded = ?6,
                 language = ?7, timezone = ?8, attributes = ?9, updated_at = ?10
               WHERE workspace_id = ?1 AND id = ?2";
    let rows: Vec<Params> = contacts
        .into_iter()
        .map(|contact| {
            params![
                tx.workspace(),
                contact.id,
                &contact.email,
                fold_address(&contact.email),
                &contact.name,
                fold(&contact.name),
                contact.language.as_deref(),
                contact.timezone.as_deref(),
                serde_json::json!(contact.attributes),
                contact.updated_at,
            ]
        })
        .collect();
    tx.execute_many(sql, rows).await.map(drop)
}

pub(in crate::core::contacts) async fn delete(tx: &mut Tx, id: Id) -> DbResult<()> {
    let sql = "DELETE FROM contacts WHERE workspace_id = ?1 AND id = ?2";
    tx.execute(sql, params![tx.workspace(), id]).await.map(drop)
}

pub(in crate::core::contacts) async fn get(tx: &mut Tx, id: Id) -> DbResult<Option<Contact>> {
    let sql = format!("SELECT {COLUMNS} FROM contacts c WHERE c.workspace_id = ?1 AND c.id = ?2");
    tx.row(&sql, params![tx.workspace(), id]).await?.as_ref().map(contact).transpose()
}

/// The contact that `reference` points at: its address, its id, or the start of its id.
pub(in crate::core::contacts) async fn find(tx: &mut Tx, reference: &str) -> DbResult<Found> {
    let workspace = tx.workspace();
    let rows = if let Some((low, high)) = id_range(reference) {
        let sql = "SELECT id, email FROM contacts
                   WHERE workspace_id = ?1 AND id >= ?2 AND id <= ?3 ORDER BY id LIMIT 5";
        tx.rows(sql, params![workspace, low, high]).await?
    } else {
        let sql = "SELECT id, email FROM contacts WHERE workspace_id = ?1 AND email_folded = ?2";
        tx.rows(sql, params![workspace, fold_address(reference)]).await?
    };
    match rows.as_slice() {
        [] => Ok(Found::Nothing),
        [row] => Ok(Found::One(row.get("id")?)),
        several => {
            let emails = several.iter().map(|row| row.get("email"));
            Ok(Found::Several(emails.collect::<DbResult<_>>()?))
        }
    }
}

/// The contacts that have one of the `folded` addresses, no two of which are the same.
pub(in crate::core::contacts) async fn with_addresses(
    tx: &mut Tx,
    folded: &[&str],
) -> DbResult<Vec<Contact>> {
    if folded.is_empty() {
        return Ok(Vec::new());
    }
    let mut values = params![tx.workspace()];
    let wanted = table_of(&mut values, folded);
    let sql = format!(
        "SELECT {COLUMNS} FROM ({wanted}) AS wanted
         JOIN contacts c ON c.workspace_id = ?1 AND c.email_folded = wanted.column1"
    );
    tx.rows(&sql, values).await?.iter().map(contact).collect()
}

/// Contacts after `page.after`, oldest first: those on `list`, and those whose address or name
/// starts with `q`.
pub(in crate::core::contacts) async fn page(
    tx: &mut Tx,
    page: &PageRequest,
    list: Option<Id>,
    q: Option<&str>,
) -> DbResult<Vec<Contact>> {
    let mut values = params![tx.workspace(), page.after, page.fetch()];
    let (from, key) = match list {
        Some(list) => {
            values.push(list.into());
            (
                "list_members m JOIN contacts c ON m.list_id = ?4 AND c.id = m.contact_id",
                "m.contact_id",
            )
        }
        None => ("contacts c", "c.id"),
    };
    let starting = match q {
        None => String::new(),
        Some(q) => {
            let email = if q.contains('@') { fold_address(q) } else { fold(q) };
            let (name, at) = (fold(q), values.len());
            let (email_end, name_end) = (format!("{email}{LAST}"), format!("{name}{LAST}"));
            values.extend(params![email, email_end, name, name_end]);
            format!(
                "AND ((c.email_folded >= ?{} AND c.email_folded < ?{})
                   OR (c.name_folded >= ?{} AND c.name_folded < ?{}))",
                at + 1,
                at + 2,
                at + 3,
                at + 4
            )
        }
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM {from}
         WHERE c.workspace_id = ?1 AND {key} > ?2 {starting} ORDER BY {key} LIMIT ?3"
    );
    tx.rows(&sql, values).await?.iter().map(contact).collect()
}

/// The attributes of the contacts after `after`, in the order of their ids.
pub(in crate::core::contacts) async fn attributes_page(
    tx: &mut Tx,
    after: Id,
) -> DbResult<Vec<(Id, Attributes)>> {
    let sql = "SELECT id, attributes FROM contacts
               WHERE workspace_id = ?1 AND id > ?2 ORDER BY id LIMIT 1000";
    let rows = tx.rows(sql, params![tx.workspace(), after]).await?;
    rows.iter().map(|row| Ok((row.get("id")?, row.json("attributes")?))).collect()
}

pub(in crate::core::contacts) async fn set_attributes(
    tx: &mut Tx,
    contacts: &[(Id, Attributes)],
    now: Timestamp,
) -> DbResult<()> {
    let sql = "UPDATE contacts SET attributes = ?3, updated_at = ?4
               WHERE workspace_id = ?1 AND id = ?2";
    let workspace = tx.workspace();
    let rows: Vec<Params> = contacts
        .iter()
        .map(|(id, attributes)| params![workspace, *id, serde_json::json!(attributes), now])
        .collect();
    tx.execute_many(sql, rows).await.map(drop)
}

fn contact(row: &Row) -> DbResult<Contact> {
    Ok(Contact {
        id: row.get("id")?,
        email: row.get("email")?,
        name: row.get("name")?,
        language: row.get("language")?,
        timezone: row.get("timezone")?,
        attributes: row.json::<Attributes>("attributes")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}
