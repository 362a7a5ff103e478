//! The table `reports`.

use super::SavedReport;
use crate::core::campaigns::Named;
use crate::core::kernel::{Id, PageRequest};
use crate::storage::sql::{DbResult, Row, Tx, params};

const COLUMNS: &str = "r.id, r.name, r.labels, r.campaign_id, c.name AS campaign, r.format,
    r.version, r.created_at, r.updated_at";
const FROM: &str = "reports r JOIN campaigns c ON c.id = r.campaign_id";

pub(super) async fn insert(tx: &mut Tx, report: &SavedReport) -> DbResult<()> {
    let sql = "INSERT INTO reports
               (id, workspace_id, campaign_id, name, labels, format, version, created_at, updated_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)";
    let values = params![
        report.id,
        tx.workspace(),
        report.campaign.id,
        &report.name,
        serde_json::json!(report.labels),
        report.format.name(),
        report.version,
        report.created_at,
    ];
    tx.execute(sql, values).await.map(drop)
}

/// Writes a report again, one version on, if it is still at `report.version`; says whether it was.
pub(super) async fn update(tx: &mut Tx, report: &SavedReport) -> DbResult<bool> {
    let sql = "UPDATE reports
               SET campaign_id = ?3, labels = ?4, format = ?5, updated_at = ?6, version = version + 1
               WHERE workspace_id = ?1 AND id = ?2 AND version = ?7";
    let values = params![
        tx.workspace(),
        report.id,
        report.campaign.id,
        serde_json::json!(report.labels),
        report.format.name(),
        report.updated_at,
        report.version,
    ];
    Ok(tx.execute(sql, values).await? == 1)
}

pub(super) async fn get(tx: &mut Tx, id: Id) -> DbResult<Option<SavedReport>> {
    let sql = format!("SELECT {COLUMNS} FROM {FROM} WHERE r.workspace_id = ?1 AND r.id = ?2");
    tx.row(&sql, params![tx.workspace(), id]).await?.as_ref().map(report).transpose()
}

/// Saved reports after `page.after`, oldest first.
pub(super) async fn page(tx: &mut Tx, page: &PageRequest) -> DbResult<Vec<SavedReport>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM {FROM}
         WHERE r.workspace_id = ?1 AND r.id > ?2 ORDER BY r.id LIMIT ?3"
    );
    let rows = tx.rows(&sql, params![tx.workspace(), page.after, page.fetch()]).await?;
    rows.iter().map(report).collect()
}

/// Deletes a report if it is still at `report.version`; says whether it was.
pub(super) async fn delete(tx: &mut Tx, report: &SavedReport) -> DbResult<bool> {
    let sql = "DELETE FROM reports WHERE workspace_id = ?1 AND id = ?2 AND version = ?3";
    Ok(tx.execute(sql, params![tx.workspace(), report.id, report.version]).await? == 1)
}

fn report(row: &Row) -> DbResult<SavedReport> {
    Ok(SavedReport {
        id: row.get("id")?,
        name: row.get("name")?,
        labels: row.json("labels")?,
        campaign: Named { id: row.get("campaign_id")?, name: row.get("campaign")? },
        format: row.word("format")?,
        version: row.get("version")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}
