//! What was given of each limit: a row for a channel, for a domain of it, and for the workspace.

use crate::core::kernel::Timestamp;
use crate::core::publishing::limits::Meter;
use crate::storage::sql::{DbResult, Row, Tx, params};

/// What a meter is of. The workspace's has no channel, a channel's own has no domain.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::core::publishing) struct Scope {
    pub(in crate::core::publishing) channel: String,
    pub(in crate::core::publishing) domain: String,
}

impl Scope {
    pub(in crate::core::publishing) fn workspace() -> Self {
        Self::channel("")
    }

    pub(in crate::core::publishing) fn channel(channel: &str) -> Self {
        Self::domain(channel, "")
    }

    pub(in crate::core::publishing) fn domain(channel: &str, domain: &str) -> Self {
        Self { channel: channel.to_owned(), domain: domain.to_owned() }
    }
}

/// The meter of a scope and its version, 0 when it was never written.
pub(in crate::core::publishing) async fn load(
    tx: &mut Tx,
    scope: &Scope,
) -> DbResult<(Meter, i64)> {
    let sql = "SELECT meter, version FROM limits
               WHERE workspace_id = ?1 AND channel = ?2 AND domain = ?3";
    let values = params![tx.workspace(), scope.channel.as_str(), scope.domain.as_str()];
    match tx.row(sql, values).await? {
        Some(row) => Ok((row.json("meter")?, row.get("version")?)),
        None => Ok((Meter::default(), 0)),
    }
}

/// Writes a meter that was at `version`; says whether it still was.
pub(in crate::core::publishing) async fn save(
    tx: &mut Tx,
    scope: &Scope,
    meter: &Meter,
    version: i64,
    until: Timestamp,
) -> DbResult<bool> {
    let sql = if version == 0 {
        "INSERT INTO limits (workspace_id, channel, domain, meter, version, until_at)
         VALUES (?1, ?2, ?3, ?4, ?5 + 1, ?6) ON CONFLICT DO NOTHING"
    } else {
        "UPDATE limits SET meter = ?4, version = ?5 + 1, until_at = ?6
         WHERE workspace_id = ?1 AND channel = ?2 AND domain = ?3 AND version = ?5"
    };
    let (channel, domain) = (scope.channel.as_str(), scope.domain.as_str());
    let values = params![tx.workspace(), channel, domain, serde_json::json!(meter), version, until];
    Ok(tx.execute(sql, values).await? == 1)
}

/// The domains of a channel, with their meters.
pub(in crate::core::publishing) async fn of_channel(
    tx: &mut Tx,
    channel: &str,
) -> DbResult<Vec<(String, Meter)>> {
    let sql = "SELECT domain, meter FROM limits
               WHERE workspace_id = ?1 AND channel = ?2 AND domain <> '' ORDER BY domain LIMIT 10000";
    let rows = tx.rows(sql, params![tx.workspace(), channel]).await?;
    let one = |row: &Row| Ok((row.get("domain")?, row.json("meter")?));
    rows.iter().map(one).collect()
}

/// Removes what says nothing any more at `now`.
pub(in crate::core::publishing) async fn forget(tx: &mut Tx, now: Timestamp) -> DbResult<()> {
    let sql = "DELETE FROM limits WHERE workspace_id = ?1 AND until_at < ?2";
    tx.execute(sql, params![tx.workspace(), now]).await.map(drop)
}
