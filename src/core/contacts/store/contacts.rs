//! Contacts. Whoever is read comes with its tags, which a second query brings for all at once;
//! writing a contact leaves its tags to [`tags`].

use super::which::Which;
use super::{table_of, tags};
use crate::core::contacts::{Address, Attributes, Contact, ContactChange, Tags};
use crate::core::kernel::{Id, PageRequest, Timestamp, fold, fold_address};
use crate::storage::sql::{DbResult, Found, Params, Row, Tx, Value, id_range, params};

const COLUMNS: &str = "c.id, c.email, c.name, c.language, c.timezone, c.attributes, c.notes,
    c.role_address, c.disposable_address, c.created_at, c.updated_at";

const WRITTEN: [&str; 14] = [
    "id",
    "workspace_id",
    "email",
    "email_folded",
    "name",
    "name_folded",
    "language",
    "timezone",
    "attributes",
    "notes",
    "role_address",
    "disposable_address",
    "created_at",
    "updated_at",
];

pub(in crate::core::contacts) async fn insert(
    tx: &mut Tx,
    contacts: impl IntoIterator<Item = &Contact>,
) -> DbResult<()> {
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
                &contact.notes,
                contact.role_address,
                contact.disposable_address,
                contact.created_at,
                contact.updated_at,
            ]
        })
        .collect();
    tx.insert_many("contacts", &WRITTEN, rows, "").await.map(drop)
}

/// Inserts [rows](new_row) of those whose address nobody has; says of each whether it was.
pub(in crate::core::contacts) async fn insert_new(
    tx: &mut Tx,
    rows: Vec<Params>,
) -> DbResult<Vec<bool>> {
    tx.insert_new("contacts", &WRITTEN, rows).await
}

/// The row of a contact of whom nothing is known but what a [checked](ContactChange::checked)
/// `change` says, with its attributes as they are written: what [`insert`] would write of it.
pub(in crate::core::contacts) fn new_row(
    id: Id,
    workspace: Id,
    address: &Address,
    change: &ContactChange,
    attributes: String,
    now: Timestamp,
) -> Params {
    fn known(text: Option<&String>) -> Option<&str> {
        text.map(String::as_str).filter(|text| !text.is_empty())
    }
    let name = change.name.as_deref().unwrap_or_default();
    params![
        id,
        workspace,
        address.as_str(),
        address.folded(),
        name,
        fold(name),
        known(change.language.as_ref()),
        known(change.timezone.as_ref()),
        Value::Written(attributes),
        change.notes.as_deref().unwrap_or_default(),
        address.is_role(),
        address.is_disposable(),
        now,
        now,
    ]
}

pub(in crate::core::contacts) async fn update(
    tx: &mut Tx,
    contacts: impl IntoIterator<Item = &Contact>,
) -> DbResult<()> {
    let sql = "UPDATE contacts SET email = ?3, email_folded = ?4, name = ?5, name_folded = ?6,
                 language = ?7, timezone = ?8, attributes = ?9, notes = ?10, role_address = ?11,
                 disposable_address = ?12, updated_at = ?13
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
                &contact.notes,
                contact.role_address,
                contact.disposable_address,
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
    Ok(read(tx, &sql, params![tx.workspace(), id]).await?.pop())
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
    let wanted = table_of(tx, &mut values, folded);
    let sql = format!(
        "SELECT {COLUMNS} FROM ({wanted}) AS wanted CROSS JOIN contacts c
         WHERE c.workspace_id = ?1 AND c.email_folded = wanted.column1"
    );
    read(tx, &sql, values).await
}

/// Contacts after `page.after` that `which` lets through, oldest first.
pub(in crate::core::contacts) async fn page(
    tx: &mut Tx,
    page: &PageRequest,
    which: &Which<'_>,
) -> DbResult<Vec<Contact>> {
    let (source, values) = which.sql(tx.dialect(), tx.workspace(), page);
    read(tx, &format!("SELECT {COLUMNS} FROM {source}"), values).await
}

/// The contacts that a query finds, with their tags.
async fn read(tx: &mut Tx, sql: &str, values: Params) -> DbResult<Vec<Contact>> {
    let mut contacts =
        tx.rows(sql, values).await?.iter().map(contact).collect::<DbResult<Vec<_>>>()?;
    tags::load(tx, &mut contacts).await?;
    Ok(contacts)
}

/// The id, the folded address and name, and whether it is a role's, of the contacts after `after`,
/// in the order of their ids.
pub(in crate::core::contacts) async fn names_page(
    tx: &mut Tx,
    after: Id,
) -> DbResult<Vec<(Id, String, String, bool)>> {
    let sql = "SELECT id, email_folded, name_folded, role_address FROM contacts
               WHERE workspace_id = ?1 AND id > ?2 ORDER BY id LIMIT 5000";
    let name = |row: &Row| {
        let (email, name) = (row.get("email_folded")?, row.get("name_folded")?);
        Ok((row.get("id")?, email, name, row.get("role_address")?))
    };
    tx.rows(sql, params![tx.workspace(), after]).await?.iter().map(name).collect()
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
        tags: Tags::new(),
        notes: row.get("notes")?,
        role_address: row.get("role_address")?,
        disposable_address: row.get("disposable_address")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}
