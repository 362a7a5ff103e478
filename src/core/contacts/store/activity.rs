//! What contacts did with the mails of campaigns, rolled up.

use crate::core::contacts::{Activity, ActivityCount};
use crate::core::kernel::{Id, Timestamp};
use crate::storage::sql::{DbResult, Params, Row, Tx, params};

/// Counts an activity of each of `contacts`, who may be there more than once, or not any more.
pub(in crate::core::contacts) async fn note(
    tx: &mut Tx,
    activity: Activity,
    campaign: Id,
    contacts: &[(Id, Timestamp)],
) -> DbResult<()> {
    let sql = "INSERT INTO contact_activity
               (workspace_id, contact_id, activity, campaign_id, times, first_at, last_at)
               SELECT c.workspace_id, c.id, CAST(?3 AS TEXT), ?4, 1, ?5, ?5
               FROM contacts c WHERE c.workspace_id = ?1 AND c.id = ?2
               ON CONFLICT (contact_id, activity, campaign_id) DO UPDATE SET
                   times = contact_activity.times + 1,
                   first_at = CASE WHEN excluded.first_at < contact_activity.first_at
                              THEN excluded.first_at ELSE contact_activity.first_at END,
                   last_at = CASE WHEN excluded.last_at > contact_activity.last_at
                             THEN excluded.last_at ELSE contact_activity.last_at END";
    let workspace = tx.workspace();
    // In one order everywhere, so that two who write at once wait and do not deadlock.
    let mut contacts = contacts.to_vec();
    contacts.sort_unstable();
    let row = |(contact, at)| params![workspace, contact, activity.as_str(), campaign, at];
    let rows: Vec<Params> = contacts.into_iter().map(row).collect();
    tx.execute_many(sql, rows).await.map(drop)
}

/// What a contact did, the latest last.
pub(in crate::core::contacts) async fn of_contact(
    tx: &mut Tx,
    contact: Id,
) -> DbResult<Vec<ActivityCount>> {
    let sql = "SELECT a.activity, a.campaign_id, k.name, a.times, a.first_at, a.last_at
               FROM contact_activity a LEFT JOIN campaigns k ON k.id = a.campaign_id
               WHERE a.contact_id = ?1
               ORDER BY a.last_at, a.activity, a.campaign_id LIMIT 10000";
    let count = |row: &Row| {
        Ok(ActivityCount {
            activity: row.word("activity")?,
            campaign: row.get("campaign_id")?,
            campaign_name: row.get("name")?,
            times: row.get("times")?,
            first_at: row.get("first_at")?,
            last_at: row.get("last_at")?,
        })
    };
    tx.rows(sql, params![contact]).await?.iter().map(count).collect()
}
