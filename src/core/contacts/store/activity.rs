//! What contacts did with the mails of campaigns, rolled up.

use std::collections::BTreeMap;

use crate::core::contacts::{Activity, ActivityCount};
use crate::core::kernel::{Id, Timestamp};
use crate::storage::sql::{DbResult, Row, Tx, Value, marks, params};

/// Contacts noted in one statement at the most.
const AT_ONCE: usize = 512;

/// Counts an activity of each of `contacts`, who may be there more than once, or not any more.
pub(in crate::core::contacts) async fn note(
    tx: &mut Tx,
    activity: Activity,
    campaign: Id,
    contacts: &[(Id, Timestamp)],
) -> DbResult<()> {
    // How often each did it at a time; contacts in one order everywhere, so that two who write at
    // once wait and do not deadlock.
    let mut times: BTreeMap<(Timestamp, Id), i64> = BTreeMap::new();
    for (contact, at) in contacts {
        *times.entry((*at, *contact)).or_default() += 1;
    }
    let mut alike: BTreeMap<(Timestamp, i64), Vec<Id>> = BTreeMap::new();
    for ((at, contact), times) in times {
        alike.entry((at, times)).or_default().push(contact);
    }
    for ((at, times), contacts) in alike {
        for contacts in contacts.chunks(AT_ONCE) {
            let places = contacts.len().next_power_of_two();
            // By their ids: asked for the workspace plainly, SQLite would walk through all of it.
            let sql = format!(
                "INSERT INTO contact_activity
                 (workspace_id, contact_id, activity, campaign_id, times, first_at, last_at)
                 SELECT c.workspace_id, c.id, CAST(?2 AS TEXT), ?3, ?4, ?5, ?5
                 FROM contacts c WHERE c.id IN ({})
                   AND CASE WHEN c.workspace_id = ?1 THEN TRUE ELSE FALSE END
                 ORDER BY c.id
                 ON CONFLICT (contact_id, activity, campaign_id) DO UPDATE SET
                     times = contact_activity.times + excluded.times,
                     first_at = CASE WHEN excluded.first_at < contact_activity.first_at
                                THEN excluded.first_at ELSE contact_activity.first_at END,
                     last_at = CASE WHEN excluded.last_at > contact_activity.last_at
                               THEN excluded.last_at ELSE contact_activity.last_at END",
                marks(6, places)
            );
            let mut values = params![tx.workspace(), activity.as_str(), campaign, times, at];
            values.extend(contacts.iter().map(|contact| Value::from(*contact)));
            // The last one again and again: so there are few statements to prepare.
            values.resize(5 + places, values[values.len() - 1].clone());
            tx.execute(&sql, values).await?;
        }
    }
    Ok(())
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
