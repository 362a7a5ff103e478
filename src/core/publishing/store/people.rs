//! What the ledger holds of people: whom a mail was for, and what a server said about it.
//!
//! Rows are kept for what they count. The address, its domain and the server's words go when
//! somebody is forgotten.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::ledger::Due;
use crate::core::contacts::{Contact, FORGOTTEN, Person};
use crate::core::kernel::{Id, Timestamp, fold_address};
use crate::storage::sql::{DbResult, Params, Row, Tx, Value, marks, params};

/// The runs of the workspace `?1`; rows are found by them in the key, not by a scan.
const RUNS: &str = "(SELECT r.id FROM runs r JOIN campaigns k ON k.id = r.campaign_id
    WHERE k.workspace_id = ?1)";

/// The key of a row.
#[derive(Clone, Copy, Debug)]
pub(in crate::core::publishing) struct Key {
    run: Id,
    contact: Id,
    message: Id,
}

/// The ids of contacts, there or not, whose rows have one of the folded `addresses`. It looks at every
/// row of the ledger.
pub(in crate::core::publishing) async fn once(
    tx: &mut Tx,
    addresses: &[String],
) -> DbResult<Vec<Id>> {
    let mut ids = BTreeSet::new();
    for address in addresses {
        let Some((local, domain)) = address.rsplit_once('@') else { continue };
        // As near as SQL comes on both engines to comparing folded: the rest is compared here.
        let sql = format!(
            "SELECT DISTINCT contact_id, email FROM deliveries
             WHERE domain = ?2 AND run_id IN {RUNS}
               AND (lower(email) LIKE ?3 ESCAPE '!' OR substr(email, 1, 1) = '\"'
                    OR length(email) <> octet_length(email))"
        );
        let like = format!("{}@%", local.replace('!', "!!").replace('%', "!%").replace('_', "!_"));
        for row in tx.rows(&sql, params![tx.workspace(), domain, like]).await? {
            if fold_address(&row.get::<String>("email")?) == *address {
                ids.insert(row.get("contact_id")?);
            }
        }
    }
    Ok(ids.into_iter().collect())
}

/// The rows of a person: those of their ids, and those with their addresses of who had these once.
pub(in crate::core::publishing) async fn keys(tx: &mut Tx, person: &Person) -> DbResult<Vec<Key>> {
    let ids: BTreeSet<Id> = person.ids.iter().chain(&person.once).copied().collect();
    let mut values = params![tx.workspace()];
    values.extend(ids.iter().map(|id| Value::from(*id)));
    let sql = format!(
        "SELECT run_id, contact_id, message_id, email FROM deliveries
         WHERE contact_id IN ({}) AND run_id IN {RUNS}
         ORDER BY run_id, contact_id, message_id",
        marks(2, ids.len())
    );
    let mut keys = Vec::new();
    for row in tx.rows(&sql, values).await? {
        let (key, email): (Key, String) = (key(&row)?, row.get("email")?);
        if person.ids.contains(&key.contact) || person.addresses.contains(&fold_address(&email)) {
            keys.push(key);
        }
    }
    Ok(keys)
}

/// Takes out of the rows who they are of; those that somebody has in hand are left as they are.
/// Rows whose lease is over wait again, for nobody.
pub(in crate::core::publishing) async fn blank(
    tx: &mut Tx,
    keys: &[Key],
    now: Timestamp,
) -> DbResult<u64> {
    let sql = "UPDATE deliveries
               SET email = ?4, domain = ?4, reply = NULL, leased_by = NULL, leased_until = NULL,
                   state = CASE WHEN state = 'leased' THEN 'queued' ELSE state END
               WHERE run_id = ?1 AND contact_id = ?2 AND message_id = ?3
                 AND (state <> 'leased' OR leased_until < ?5)";
    let row = |key: &Key| params![key.run, key.contact, key.message, FORGOTTEN, now];
    tx.execute_many(sql, keys.iter().map(row).collect()).await
}

/// As [`blank`], of a row that was claimed and whose contact is gone.
pub(in crate::core::publishing) async fn blank_claimed(
    tx: &mut Tx,
    run: Id,
    due: &Due,
) -> DbResult<()> {
    let sql = "UPDATE deliveries SET email = ?4, domain = ?4, reply = NULL
               WHERE run_id = ?1 AND contact_id = ?2 AND message_id = ?3";
    tx.execute(sql, params![run, due.contact_id, due.message_id, FORGOTTEN]).await.map(drop)
}

/// Takes addresses out of what is said of runs.
pub(in crate::core::publishing) async fn blank_errors(
    tx: &mut Tx,
    addresses: &[String],
) -> DbResult<()> {
    let sql = format!(
        "UPDATE runs SET error = replace(error, ?2, ?3)
         WHERE id IN {RUNS} AND error IS NOT NULL AND replace(error, ?2, '') <> error"
    );
    let workspace = tx.workspace();
    let row = |address: &String| params![workspace, address, FORGOTTEN];
    let rows: Vec<Params> = addresses.iter().map(row).collect();
    tx.execute_many(&sql, rows).await.map(drop)
}

/// Lets the rows of `from` that wait become `to`'s, where `to` has none; says how many that were.
pub(in crate::core::publishing) async fn hand_over(
    tx: &mut Tx,
    from: Id,
    to: &Contact,
) -> DbResult<u64> {
    let folded = fold_address(&to.email);
    let domain = folded.rsplit_once('@').map_or("", |(_, domain)| domain);
    let sql = format!(
        "UPDATE deliveries SET contact_id = ?3, email = ?4, domain = ?5
         WHERE contact_id = ?2 AND run_id IN {RUNS} AND state IN ('queued', 'deferred')
           AND NOT EXISTS (SELECT 1 AS one FROM deliveries o
               WHERE o.run_id = deliveries.run_id AND o.contact_id = ?3
                 AND o.message_id = deliveries.message_id)"
    );
    let values = params![tx.workspace(), from, to.id, &to.email, domain];
    tx.execute(&sql, values).await
}

/// Whether a row of a contact is in somebody's hands.
pub(in crate::core::publishing) async fn in_hand(
    tx: &mut Tx,
    contact: Id,
    now: Timestamp,
) -> DbResult<bool> {
    let sql = format!(
        "SELECT run_id FROM deliveries
         WHERE contact_id = ?2 AND run_id IN {RUNS} AND state = 'leased' AND leased_until >= ?3
         LIMIT 1"
    );
    let values = params![tx.workspace(), contact, now];
    Ok(tx.row(&sql, values).await?.is_some())
}

/// What the rows say, for the person they are of.
pub(in crate::core::publishing) async fn told(tx: &mut Tx, keys: &[Key]) -> DbResult<Vec<Json>> {
    let sql =
        "SELECT k.name AS campaign, m.name AS message, m.subject, d.email, d.state, d.attempts,
                      d.due_at, d.code, d.reply, d.settled_at, r.started_at
               FROM deliveries d JOIN runs r ON r.id = d.run_id
               JOIN campaigns k ON k.id = r.campaign_id
               LEFT JOIN messages m ON m.id = d.message_id
               WHERE d.run_id = ?1 AND d.contact_id = ?2 AND d.message_id = ?3";
    let mut told = Vec::with_capacity(keys.len());
    for key in keys {
        let values = params![key.run, key.contact, key.message];
        if let Some(row) = tx.row(sql, values).await? {
            told.push(delivery(&row)?);
        }
    }
    Ok(told)
}

fn delivery(row: &Row) -> DbResult<Json> {
    Ok(json!({
        "campaign": row.get::<String>("campaign")?,
        "message": row.get::<Option<String>>("message")?,
        "subject": row.get::<Option<String>>("subject")?,
        "email": row.get::<String>("email")?,
        "state": row.get::<String>("state")?,
        "attempts": row.get::<u32>("attempts")?,
        "code": row.get::<Option<u16>>("code")?,
        "reply": row.get::<Option<String>>("reply")?,
        "started_at": row.get::<Timestamp>("started_at")?,
        "due_at": row.get::<Timestamp>("due_at")?,
        "settled_at": row.get::<Option<Timestamp>>("settled_at")?,
    }))
}

fn key(row: &Row) -> DbResult<Key> {
    Ok(Key {
        run: row.get("run_id")?,
        contact: row.get("contact_id")?,
        message: row.get("message_id")?,
    })
}
