//! Brands.

use super::Brand;
use crate::core::kernel::{Id, PageRequest};
use crate::storage::sql::{DbResult, Row, Tx, params};

const COLUMNS: &str = "id, name, labels, profile, version, created_at, updated_at";

/// Brands read at once, when all are.
const ALL: i64 = 1000;

pub(super) async fn insert(tx: &mut Tx, brand: &Brand) -> DbResult<()> {
    let sql = "INSERT INTO brands
               (id, workspace_id, name, labels, profile, version, created_at, updated_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)";
    let values = params![
        brand.id,
        tx.workspace(),
        &brand.name,
        serde_json::json!(brand.labels),
        serde_json::json!(brand.profile),
        brand.version,
        brand.created_at,
    ];
    tx.execute(sql, values).await.map(drop)
}

/// Writes a brand again, one version on, if it is still at `brand.version`; says whether it was.
pub(super) async fn update(tx: &mut Tx, brand: &Brand) -> DbResult<bool> {
    let sql = "UPDATE brands SET labels = ?3, profile = ?4, updated_at = ?5, version = version + 1
               WHERE workspace_id = ?1 AND id = ?2 AND version = ?6";
    let values = params![
        tx.workspace(),
        brand.id,
        serde_json::json!(brand.labels),
        serde_json::json!(brand.profile),
        brand.updated_at,
        brand.version,
    ];
    Ok(tx.execute(sql, values).await? == 1)
}

pub(super) async fn get(tx: &mut Tx, id: Id) -> DbResult<Option<Brand>> {
    let sql = format!("SELECT {COLUMNS} FROM brands WHERE workspace_id = ?1 AND id = ?2");
    tx.row(&sql, params![tx.workspace(), id]).await?.as_ref().map(brand).transpose()
}

/// Brands after `page.after`, oldest first.
pub(super) async fn page(tx: &mut Tx, page: &PageRequest) -> DbResult<Vec<Brand>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM brands WHERE workspace_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3"
    );
    let rows = tx.rows(&sql, params![tx.workspace(), page.after, page.fetch()]).await?;
    rows.iter().map(brand).collect()
}

/// Every brand, by name.
pub(super) async fn all(tx: &mut Tx) -> DbResult<Vec<Brand>> {
    let sql =
        format!("SELECT {COLUMNS} FROM brands WHERE workspace_id = ?1 ORDER BY name LIMIT ?2");
    tx.rows(&sql, params![tx.workspace(), ALL]).await?.iter().map(brand).collect()
}

/// Deletes a brand if it is still at `brand.version`; says whether it was.
pub(super) async fn delete(tx: &mut Tx, brand: &Brand) -> DbResult<bool> {
    let sql = "DELETE FROM brands WHERE workspace_id = ?1 AND id = ?2 AND version = ?3";
    Ok(tx.execute(sql, params![tx.workspace(), brand.id, brand.version]).await? == 1)
}

fn brand(row: &Row) -> DbResult<Brand> {
    Ok(Brand {
        id: row.get("id")?,
        name: row.get("name")?,
        labels: row.json("labels")?,
        profile: row.json("profile")?,
        version: row.get("version")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}
