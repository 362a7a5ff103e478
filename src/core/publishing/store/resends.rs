//! The ledger's rows that have failed and may be sent again.

use super::deliveries::condition;
use super::ledger::LEFT;
use crate::core::contacts::FORGOTTEN;
use crate::core::kernel::Timestamp;
use crate::core::publishing::deliveries::Wanted;
use crate::core::publishing::resend::{Resendable, Revoked};
use crate::storage::sql::{DbResult, Params, Row, Tx, params};

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

/// The condition that the contact of a failed row `d` is there and may be sent to; `?2` is what is
/// written instead of the address of those who were forgotten.
const SENDABLE: &str = "d.email <> ?2
    AND EXISTS (SELECT 1 AS one FROM contacts c WHERE c.id = d.contact_id)
    AND NOT EXISTS (SELECT 1 AS one FROM contacts c JOIN suppressions s
        ON s.workspace_id = c.workspace_id AND s.email_folded = c.email_folded
        WHERE c.id = d.contact_id)";

/// The condition that a row `d` of the run `?1` has failed and is wanted, with its parameters.
fn failed(tx: &Tx, wanted: &Wanted<'_>) -> (String, Params) {
    let mut values = params![wanted.run, FORGOTTEN];
    let condition = condition(tx, wanted, &mut values);
    (format!("d.run_id = ?1 AND d.state = 'failed' AND {condition}"), values)
}

/// How many rows can be sent again, and how many match and cannot.
pub(in crate::core::publishing) async fn count(
    tx: &mut Tx,
    wanted: &Wanted<'_>,
) -> DbResult<Resendable> {
    let (failed, values) = failed(tx, wanted);
    let sql = format!(
        "SELECT COUNT(*) AS found,
                CAST(COALESCE(SUM(CASE WHEN {SENDABLE} AND NOT {LEFT} THEN 1 ELSE 0 END), 0)
                     AS BIGINT) AS mails
         FROM deliveries d WHERE {failed}"
    );
    let Some(row) = tx.row(&sql, values).await? else { return Ok(Resendable::default()) };
    let (found, mails): (u64, u64) = (row.get("found")?, row.get("mails")?);
    Ok(Resendable { mails, held_back: found.saturating_sub(mails) })
}

/// The rows that can be sent again, by the day they were settled on.
pub(in crate::core::publishing) async fn by_day(
    tx: &mut Tx,
    wanted: &Wanted<'_>,
) -> DbResult<Vec<Revoked>> {
    let (failed, values) = failed(tx, wanted);
    let sql = format!(
        "SELECT d.settled_at / {DAY} AS day, COUNT(*) AS failed, COUNT(d.code) AS refused
         FROM deliveries d
         WHERE {failed} AND {SENDABLE} AND NOT {LEFT}
         GROUP BY d.settled_at / {DAY} ORDER BY day NULLS LAST"
    );
    let day = |row: &Row| {
        let day: i64 = row.get::<Option<i64>>("day")?.unwrap_or_default();
        Ok(Revoked {
            date: Timestamp::from_millis(day * DAY).date(),
            failed: row.get("failed")?,
            refused: row.get("refused")?,
        })
    };
    tx.rows(&sql, values).await?.iter().map(day).collect()
}

/// Puts the rows back that can be sent again, due at `now`; says how many that were.
pub(in crate::core::publishing) async fn put_back(
    tx: &mut Tx,
    wanted: &Wanted<'_>,
    now: Timestamp,
) -> DbResult<u64> {
    let (failed, mut values) = failed(tx, wanted);
    values.push(now.into());
    let now = values.len();
    let sql = format!(
        "UPDATE deliveries AS d
         SET state = 'queued', attempts = 0, due_at = ?{now}, code = NULL, enhanced = NULL,
             reply = NULL, settled_at = NULL, resent = resent + 1
         WHERE {failed} AND {SENDABLE} AND NOT {LEFT}"
    );
    tx.execute(&sql, values).await
}
