//! Segments, and the contacts an expression is true of.

use crate::core::contacts::Segment;
use crate::core::contacts::segments::{Condition, compile};
use crate::core::kernel::{Id, PageRequest, Timestamp};
use crate::storage::sql::{DbResult, Params, Row, Tx, Value, marks, params};

const COLUMNS: &str = "id, name, description, expression, labels, version, created_at, updated_at";

pub(in crate::core::contacts) async fn insert(tx: &mut Tx, segment: &Segment) -> DbResult<()> {
    let sql = "INSERT INTO segments
               (id, workspace_id, name, description, expression, labels, version, created_at,
                updated_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)";
    let values = params![
        segment.id,
        tx.workspace(),
        &segment.name,
        &segment.description,
        &segment.expression,
        serde_json::json!(segment.labels),
        segment.version,
        segment.created_at,
    ];
    tx.execute(sql, values).await.map(drop)
}

/// Writes a segment over the version before; says whether that was still there.
pub(in crate::core::contacts) async fn update(tx: &mut Tx, segment: &Segment) -> DbResult<bool> {
    let sql = "UPDATE segments SET description = ?4, expression = ?5, labels = ?6, version = ?3,
                 updated_at = ?7
               WHERE workspace_id = ?1 AND id = ?2 AND version = ?3 - 1";
    let values = params![
        tx.workspace(),
        segment.id,
        segment.version,
        &segment.description,
        &segment.expression,
        serde_json::json!(segment.labels),
        segment.updated_at,
    ];
    Ok(tx.execute(sql, values).await? > 0)
}

/// Deletes a segment if it is still at `segment.version`; says whether it was.
pub(in crate::core::contacts) async fn delete(tx: &mut Tx, segment: &Segment) -> DbResult<bool> {
    let sql = "DELETE FROM segments WHERE workspace_id = ?1 AND id = ?2 AND version = ?3";
    Ok(tx.execute(sql, params![tx.workspace(), segment.id, segment.version]).await? == 1)
}

pub(in crate::core::contacts) async fn get(tx: &mut Tx, id: Id) -> DbResult<Option<Segment>> {
    let sql = format!("SELECT {COLUMNS} FROM segments WHERE workspace_id = ?1 AND id = ?2");
    tx.row(&sql, params![tx.workspace(), id]).await?.as_ref().map(segment).transpose()
}

/// Segments after `page.after`, oldest first.
pub(in crate::core::contacts) async fn page(
    tx: &mut Tx,
    page: &PageRequest,
) -> DbResult<Vec<Segment>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM segments WHERE workspace_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3"
    );
    let rows = tx.rows(&sql, params![tx.workspace(), page.after, page.fetch()]).await?;
    rows.iter().map(segment).collect()
}

/// The name and the expression of every segment.
pub(in crate::core::contacts) async fn expressions(tx: &mut Tx) -> DbResult<Vec<(String, String)>> {
    let sql = "SELECT name, expression FROM segments WHERE workspace_id = ?1 ORDER BY name";
    let rows = tx.rows(sql, params![tx.workspace()]).await?;
    rows.iter().map(|row| Ok((row.get("name")?, row.get("expression")?))).collect()
}

/// Those of `names` that `table`, which has a `name`, does not have.
pub(in crate::core::contacts) async fn unknown(
    tx: &mut Tx,
    table: &'static str,
    names: &[&str],
) -> DbResult<Vec<String>> {
    let mut values = params![tx.workspace()];
    values.extend(names.iter().map(|name| Value::from(*name)));
    let sql = format!(
        "SELECT name FROM {table} WHERE workspace_id = ?1 AND name IN ({})",
        marks(2, names.len())
    );
    let rows = tx.rows(&sql, values).await?;
    let known: Vec<String> = rows.iter().map(|row| row.get("name")).collect::<DbResult<_>>()?;
    let unknown = names.iter().filter(|name| !known.iter().any(|known| known == *name));
    Ok(unknown.map(|name| (*name).to_owned()).collect())
}

/// How many contacts `condition` is true of at the moment `now`.
pub(in crate::core::contacts) async fn count(
    tx: &mut Tx,
    condition: &Condition,
    now: Timestamp,
) -> DbResult<u64> {
    let (sql, values) = count_sql(tx, condition, now);
    tx.row(&sql, values).await?.map_or(Ok(0), |row| row.get("count"))
}

/// The statement that counts, its values, and how the engine would find the rows.
pub(in crate::core::contacts) async fn explain(
    tx: &mut Tx,
    condition: &Condition,
    now: Timestamp,
) -> DbResult<(String, Params, Vec<String>)> {
    let (sql, values) = count_sql(tx, condition, now);
    let dialect = tx.dialect();
    let rows = tx.rows(&dialect.explain(&sql), values.clone()).await?;
    let plan = rows.iter().map(|row| row.get(dialect.plan_column())).collect::<DbResult<_>>()?;
    Ok((sql, values, plan))
}

fn count_sql(tx: &Tx, condition: &Condition, now: Timestamp) -> (String, Params) {
    let mut values = params![tx.workspace()];
    let condition = compile(condition, tx.dialect(), now, &mut values);
    // Most rows are of this workspace, so its index only leads astray.
    let workspace = tx.unindexed("c.workspace_id");
    let sql = format!(
        "SELECT COUNT(*) AS count FROM contacts c WHERE {workspace} = ?1 AND ({condition})"
    );
    (sql, values)
}

fn segment(row: &Row) -> DbResult<Segment> {
    Ok(Segment {
        id: row.get("id")?,
        name: row.get("name")?,
        description: row.get("description")?,
        expression: row.get("expression")?,
        labels: row.json("labels")?,
        version: row.get("version")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}
