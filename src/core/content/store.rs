//! Templates.

use super::{Template, TemplateSource};
use crate::core::kernel::{Id, PageRequest};
use crate::storage::sql::{DbResult, Row, Tx, params};

const COLUMNS: &str = "t.id, t.name, t.format, t.layout_id, l.name AS layout, t.body, t.labels,
                       t.version, t.created_at, t.updated_at";
const FROM: &str = "templates t LEFT JOIN templates l ON l.id = t.layout_id";

/// Templates read at once, when all are; a workspace with more has to name what it needs.
const ALL: i64 = 1000;

pub(super) async fn insert(tx: &mut Tx, template: &Template, layout: Option<Id>) -> DbResult<()> {
    let sql = "INSERT INTO templates
               (id, workspace_id, name, format, layout_id, body, labels, created_at, updated_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)";
    let source = &template.source;
    let values = params![
        template.id,
        tx.workspace(),
        &source.name,
        source.format.as_str(),
        layout,
        &source.body,
        serde_json::json!(template.labels),
        template.created_at
    ];
    tx.execute(sql, values).await.map(drop)
}

/// Writes a template again, one version on, if it is still at `template.version`; says whether it
/// was.
pub(super) async fn update(tx: &mut Tx, template: &Template, layout: Option<Id>) -> DbResult<bool> {
    let sql = "UPDATE templates SET format = ?3, layout_id = ?4, body = ?5, labels = ?6,
               updated_at = ?7, version = version + 1
               WHERE workspace_id = ?1 AND id = ?2 AND version = ?8";
    let source = &template.source;
    let values = params![
        tx.workspace(),
        template.id,
        source.format.as_str(),
        layout,
        &source.body,
        serde_json::json!(template.labels),
        template.updated_at,
        template.version
    ];
    Ok(tx.execute(sql, values).await? == 1)
}

pub(super) async fn get(tx: &mut Tx, id: Id) -> DbResult<Option<Template>> {
    let sql = format!("SELECT {COLUMNS} FROM {FROM} WHERE t.workspace_id = ?1 AND t.id = ?2");
    tx.row(&sql, params![tx.workspace(), id]).await?.as_ref().map(template).transpose()
}

/// Templates after `page.after`, oldest first.
pub(super) async fn page(tx: &mut Tx, page: &PageRequest) -> DbResult<Vec<Template>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM {FROM} WHERE t.workspace_id = ?1 AND t.id > ?2
         ORDER BY t.id LIMIT ?3"
    );
    let rows = tx.rows(&sql, params![tx.workspace(), page.after, page.fetch()]).await?;
    rows.iter().map(template).collect()
}

/// Every template, by name.
pub(super) async fn all(tx: &mut Tx) -> DbResult<Vec<Template>> {
    let sql =
        format!("SELECT {COLUMNS} FROM {FROM} WHERE t.workspace_id = ?1 ORDER BY t.name LIMIT ?2");
    tx.rows(&sql, params![tx.workspace(), ALL]).await?.iter().map(template).collect()
}

/// Deletes a template if it is still at `template.version`; says whether it was.
pub(super) async fn delete(tx: &mut Tx, template: &Template) -> DbResult<bool> {
    let sql = "DELETE FROM templates WHERE workspace_id = ?1 AND id = ?2 AND version = ?3";
    Ok(tx.execute(sql, params![tx.workspace(), template.id, template.version]).await? == 1)
}

fn template(row: &Row) -> DbResult<Template> {
    Ok(Template {
        id: row.get("id")?,
        source: TemplateSource {
            name: row.get("name")?,
            format: row.word("format")?,
            layout: row.get("layout")?,
            body: row.get("body")?,
        },
        labels: row.json("labels")?,
        version: row.get("version")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}
