//! Channels.

use crate::core::kernel::{Id, PageRequest};
use crate::core::publishing::{Channel, ChannelSettings};
use crate::storage::sql::{DbResult, Row, Tx, params};

const COLUMNS: &str = "id, name, settings, labels, version, created_at, updated_at";

pub(in crate::core::publishing) async fn insert(tx: &mut Tx, channel: &Channel) -> DbResult<()> {
    let sql = "INSERT INTO channels
               (id, workspace_id, name, kind, settings, labels, created_at, updated_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)";
    let (settings, labels) = json(channel);
    let kind = channel.settings.kind();
    let values = params![
        channel.id,
        tx.workspace(),
        &channel.name,
        kind,
        settings,
        labels,
        channel.created_at
    ];
    tx.execute(sql, values).await.map(drop)
}

/// Writes a channel again, one version on, if it is still at `channel.version`; says whether it was.
pub(in crate::core::publishing) async fn update(tx: &mut Tx, channel: &Channel) -> DbResult<bool> {
    let sql = "UPDATE channels SET kind = ?3, settings = ?4, labels = ?5, updated_at = ?6,
               version = version + 1 WHERE workspace_id = ?1 AND id = ?2 AND version = ?7";
    let (settings, labels) = json(channel);
    let kind = channel.settings.kind();
    let (workspace, id, version) = (tx.workspace(), channel.id, channel.version);
    let values = params![workspace, id, kind, settings, labels, channel.updated_at, version];
    Ok(tx.execute(sql, values).await? == 1)
}

pub(in crate::core::publishing) async fn get(tx: &mut Tx, id: Id) -> DbResult<Option<Channel>> {
    let sql = format!("SELECT {COLUMNS} FROM channels WHERE workspace_id = ?1 AND id = ?2");
    tx.row(&sql, params![tx.workspace(), id]).await?.as_ref().map(channel).transpose()
}

/// Channels after `page.after`, oldest first.
pub(in crate::core::publishing) async fn page(
    tx: &mut Tx,
    page: &PageRequest,
) -> DbResult<Vec<Channel>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM channels WHERE workspace_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3"
    );
    let rows = tx.rows(&sql, params![tx.workspace(), page.after, page.fetch()]).await?;
    rows.iter().map(channel).collect()
}

/// Deletes a channel if it is still at `channel.version`; says whether it was.
pub(in crate::core::publishing) async fn delete(tx: &mut Tx, channel: &Channel) -> DbResult<bool> {
    let sql = "DELETE FROM channels WHERE workspace_id = ?1 AND id = ?2 AND version = ?3";
    Ok(tx.execute(sql, params![tx.workspace(), channel.id, channel.version]).await? == 1)
}

/// The version and settings of the channel that is called `name`, if it is not at `version` any more.
pub(in crate::core::publishing) async fn changed_since(
    tx: &mut Tx,
    name: &str,
    version: u64,
) -> DbResult<Option<(u64, ChannelSettings)>> {
    let sql = "SELECT version, settings FROM channels
               WHERE workspace_id = ?1 AND name = ?2 AND version <> ?3";
    let row = tx.row(sql, params![tx.workspace(), name, version]).await?;
    row.map(|row| Ok((row.get("version")?, row.json("settings")?))).transpose()
}

fn json(channel: &Channel) -> (serde_json::Value, serde_json::Value) {
    (serde_json::json!(channel.settings), serde_json::json!(channel.labels))
}

fn channel(row: &Row) -> DbResult<Channel> {
    Ok(Channel {
        id: row.get("id")?,
        name: row.get("name")?,
        labels: row.json("labels")?,
        settings: row.json::<ChannelSettings>("settings")?,
        version: row.get("version")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}
