//! The ledger: one row per message of a run to a contact.
//!
//! A row changes hands only here: [`claim`] leases it, [`settle`] and [`release`] end a lease, and
//! both touch only rows that the caller still holds.

use crate::core::contacts::{Condition, audience};
use crate::core::kernel::{Id, Timestamp};
use crate::core::publishing::{
    Counts, DeliveryState, Failure, LocalTime, Recipient, RunPlan, Waiting,
};
use crate::storage::sql::{DbResult, Params, Row, Tx, Update, params};

/// A row that was claimed, with the contact as it is now.
#[derive(Clone, Debug)]
pub(in crate::core::publishing) struct Due {
    pub(in crate::core::publishing) contact_id: Id,
    pub(in crate::core::publishing) message_id: Id,
    /// How often it was offered before.
    pub(in crate::core::publishing) attempts: u32,
    /// Whether somebody asked to send it again.
    pub(in crate::core::publishing) is_resent: bool,
    /// When it was due.
    pub(in crate::core::publishing) at: Timestamp,
    /// `None` when the contact has been deleted since.
    pub(in crate::core::publishing) contact: Option<Recipient>,
    /// Why nothing is sent to them any more, when nothing is.
    pub(in crate::core::publishing) suppressed: Option<String>,
    /// The address it was written down with.
    pub(in crate::core::publishing) email: String,
    /// The domain of the address it goes to, folded.
    pub(in crate::core::publishing) domain: String,
}

/// How a delivery ended, or when it is due again.
#[derive(Clone, Debug)]
pub(in crate::core::publishing) struct Settlement {
    pub(in crate::core::publishing) contact_id: Id,
    pub(in crate::core::publishing) message_id: Id,
    pub(in crate::core::publishing) state: DeliveryState,
    pub(in crate::core::publishing) attempts: u32,
    pub(in crate::core::publishing) due_at: Timestamp,
    pub(in crate::core::publishing) code: Option<u16>,
    /// The enhanced code (RFC 3463) of the reply.
    pub(in crate::core::publishing) enhanced: Option<String>,
    pub(in crate::core::publishing) reply: String,
}

/// The domain of a folded address: what follows the last `@`, in functions both engines have.
const DOMAIN: &str =
    "substr(c.email_folded, length(rtrim(c.email_folded, replace(c.email_folded, '@', ''))) + 1)";

/// The leased rows of the run `?1`. They are few, and found in the index of states alone: asked for
/// plainly, SQLite would walk through the whole run.
const LEASED: &str = "run_id = ?1 AND state = 'leased' AND contact_id IN (
    SELECT contact_id FROM deliveries WHERE run_id = ?1 AND state = 'leased')";

/// Whether the contact of `d` has unsubscribed from a list of the run since it began, and is on no
/// other of them.
pub(super) const LEFT: &str = "(EXISTS (SELECT 1 AS one FROM run_lists l
             JOIN list_members m ON m.list_id = l.list_id AND m.contact_id = d.contact_id
             JOIN runs r ON r.id = l.run_id
             WHERE l.run_id = d.run_id AND m.state = 'unsubscribed'
               AND m.changed_at >= r.started_at)
         AND NOT EXISTS (SELECT 1 AS one FROM run_lists l
             JOIN list_members m ON m.list_id = l.list_id AND m.contact_id = d.contact_id
             WHERE l.run_id = d.run_id AND m.state = 'subscribed'))";

/// The condition that a contact `c` is in the lists of the run `?2`, subscribed, or in its segments.
fn is_meant(tx: &Tx, segments: &[Condition], now: Timestamp, values: &mut Params) -> String {
    let members = "SELECT m.contact_id FROM list_members m
                   JOIN run_lists r ON r.list_id = m.list_id
                   WHERE r.run_id = ?2 AND m.state = 'subscribed'";
    audience(members, segments, tx.dialect(), now, values)
}

/// Writes the rows of a run: each contact of its lists and segments once per message, in one
/// statement. They are due as the run's zones say, and at `due` where those say nothing.
pub(in crate::core::publishing) async fn fill(
    tx: &mut Tx,
    run: Id,
    message: Id,
    plan: &RunPlan,
    now: Timestamp,
) -> DbResult<u64> {
    let (due, due_at, zones) = match plan.local_time {
        Some(local_time) => (
            local_time.due(None),
            "COALESCE(z.due_at, ?4)",
            "LEFT JOIN run_zones z ON z.run_id = ?2 AND z.timezone = c.timezone",
        ),
        None => (now, "?4", ""),
    };
    let mut values = params![tx.workspace(), run, message, due];
    let meant = is_meant(tx, &plan.segments, now, &mut values);
    let sql = format!(
        "INSERT INTO deliveries
             (run_id, message_id, contact_id, email, domain, state, attempts, due_at)
         SELECT ?2, ?3, c.id, c.email, {DOMAIN}, 'queued', 0, {due_at}
         FROM contacts c {zones} WHERE c.workspace_id = ?1 AND {meant}
         ON CONFLICT DO NOTHING"
    );
    tx.execute(&sql, values).await
}

/// Writes when the mails of a run are due in each of the zones that its contacts live in, as far as
/// those are known.
pub(in crate::core::publishing) async fn set_zones(
    tx: &mut Tx,
    run: Id,
    segments: &[Condition],
    local_time: LocalTime,
    now: Timestamp,
) -> DbResult<()> {
    let mut values = params![tx.workspace(), run];
    let meant = is_meant(tx, segments, now, &mut values);
    let sql = format!(
        "SELECT DISTINCT c.timezone FROM contacts c
         WHERE c.workspace_id = ?1 AND c.timezone IS NOT NULL AND {meant}"
    );
    let mut zones = Vec::new();
    for row in tx.rows(&sql, values).await? {
        let zone: String = row.get("timezone")?;
        let due = local_time.due(Some(&zone));
        zones.push(params![run, zone, due]);
    }
    let columns = ["run_id", "timezone", "due_at"];
    tx.insert_many("run_zones", &columns, zones, "ON CONFLICT DO NOTHING").await.map(drop)
}

/// The rows of a run that wait for a time after `now`; `None` when none does.
pub(in crate::core::publishing) async fn waiting(
    tx: &mut Tx,
    run: Id,
    now: Timestamp,
) -> DbResult<Option<Waiting>> {
    let sql = "SELECT COUNT(*) AS count, MIN(due_at) AS next_at, MAX(due_at) AS last_at
               FROM deliveries WHERE run_id = ?1 AND state = 'queued' AND due_at > ?2";
    let Some(row) = tx.row(sql, params![run, now]).await? else { return Ok(None) };
    let (next, last): (Option<Timestamp>, Option<Timestamp>) =
        (row.get("next_at")?, row.get("last_at")?);
    let count = row.get("count")?;
    Ok(next.zip(last).map(|(next_at, last_at)| Waiting { count, next_at, last_at }))
}

/// Whether a row of a run is in anybody's hands.
pub(in crate::core::publishing) async fn is_in_hand(tx: &mut Tx, run: Id) -> DbResult<bool> {
    let sql = "SELECT run_id FROM deliveries WHERE run_id = ?1 AND state = 'leased' LIMIT 1";
    Ok(tx.row(sql, params![run]).await?.is_some())
}

/// Leases up to `limit` due rows to `node` until `until`; none of the domains in `without`.
pub(in crate::core::publishing) async fn claim(
    tx: &mut Tx,
    run: Id,
    node: &str,
    now: Timestamp,
    until: Timestamp,
    limit: i64,
    without: &[String],
) -> DbResult<Vec<Due>> {
    let lock = tx.dialect().claim_of("d");
    let mut values = params![run, now, limit];
    let outside = outside(tx, without, "d.domain", "?4", &mut values);
    let sql = format!(
        "SELECT d.contact_id, d.message_id, d.attempts, d.due_at, d.resent, d.email AS kept, d.domain,
                 c.id AS found, c.email, c.name,
                 c.language, c.timezone, c.attributes, s.reason, {LEFT} AS has_left
         FROM deliveries d
         LEFT JOIN contacts c ON c.id = d.contact_id
         LEFT JOIN suppressions s
                ON s.workspace_id = c.workspace_id AND s.email_folded = c.email_folded
         WHERE d.run_id = ?1 AND d.state IN ('queued', 'deferred') AND d.due_at <= ?2 {outside}
         LIMIT ?3 {lock}"
    );
    let rows = tx.rows(&sql, values).await?;
    let due: Vec<Due> = rows.iter().map(due).collect::<DbResult<_>>()?;
    let lease = Update {
        table: "deliveries",
        keys: &["run_id", "contact_id", "message_id"],
        columns: &["leased_by", "leased_until"],
        always: &[("state", "'leased'")],
        only: "TRUE",
    };
    let row = |d: &Due| params![run, d.contact_id, d.message_id, node, until];
    tx.update_many(lease, due.iter().map(row).collect()).await?;
    Ok(due)
}

/// The clause that leaves out the domains in `without`, bound as `mark`; nothing when there are none.
fn outside(tx: &Tx, without: &[String], column: &str, mark: &str, values: &mut Params) -> String {
    if without.is_empty() {
        return String::new();
    }
    values.push(serde_json::json!(without).into());
    format!("AND {column} NOT IN ({})", tx.texts(mark))
}

/// Gives rows back that `node` holds and does not offer for now: each is due at its time.
pub(in crate::core::publishing) async fn put_back(
    tx: &mut Tx,
    run: Id,
    node: &str,
    rows: &[(Id, Id, Timestamp)],
) -> DbResult<u64> {
    let sql = "UPDATE deliveries
               SET state = CASE WHEN attempts = 0 THEN 'queued' ELSE 'deferred' END, due_at = ?5,
                   leased_by = NULL, leased_until = NULL
               WHERE run_id = ?1 AND contact_id = ?2 AND message_id = ?3
                 AND state = 'leased' AND leased_by = ?4";
    let row = |(contact, message, due): &(Id, Id, Timestamp)| {
        params![run, *contact, *message, node, *due]
    };
    tx.execute_many(sql, rows.iter().map(row).collect()).await
}

/// Lets the rows of a run that were never offered be due at once: what they were put back for may not
/// hold any more. Not for runs whose rows are due by their contacts' clocks.
pub(in crate::core::publishing) async fn bring_forward(
    tx: &mut Tx,
    run: Id,
    now: Timestamp,
) -> DbResult<u64> {
    let sql = "UPDATE deliveries SET due_at = ?2
               WHERE run_id = ?1 AND state = 'queued' AND attempts = 0 AND due_at > ?2";
    tx.execute(sql, params![run, now]).await
}

/// Suppressions in the order they were made, at the most, after the one with the id `after`.
pub(in crate::core::publishing) async fn suppressed_after(
    tx: &mut Tx,
    after: Id,
) -> DbResult<Vec<(Id, String, String)>> {
    let sql = "SELECT id, email_folded, reason FROM suppressions
               WHERE workspace_id = ?1 AND id > ?2 ORDER BY id LIMIT 1000";
    let rows = tx.rows(sql, params![tx.workspace(), after]).await?;
    let one = |row: &Row| Ok((row.get("id")?, row.get("email_folded")?, row.get("reason")?));
    rows.iter().map(one).collect()
}

/// The suppression that was made last; the id before all when there is none.
pub(in crate::core::publishing) async fn last_suppression(tx: &mut Tx) -> DbResult<Id> {
    let sql = "SELECT id FROM suppressions WHERE workspace_id = ?1 ORDER BY id DESC LIMIT 1";
    let row = tx.row(sql, params![tx.workspace()]).await?;
    row.map_or(Ok(Id::NIL), |row| row.get("id"))
}

/// Keeps what `node` holds for longer; says how many rows that are.
pub(in crate::core::publishing) async fn renew(
    tx: &mut Tx,
    run: Id,
    node: &str,
    until: Timestamp,
) -> DbResult<u64> {
    let sql = format!(
        "UPDATE deliveries SET leased_until = ?3
               WHERE {LEASED} AND leased_by = ?2"
    );
    tx.execute(&sql, params![run, node, until]).await
}

/// Writes how deliveries ended; says how many were still held by `node`.
pub(in crate::core::publishing) async fn settle(
    tx: &mut Tx,
    run: Id,
    node: &str,
    now: Timestamp,
    settlements: &[Settlement],
) -> DbResult<u64> {
    let settlement = Update {
        table: "deliveries",
        keys: &["run_id", "contact_id", "message_id", "leased_by"],
        columns: &["state", "attempts", "due_at", "code", "enhanced", "reply", "settled_at"],
        always: &[("leased_by", "NULL"), ("leased_until", "NULL")],
        only: "t.state = 'leased'",
    };
    let rows = settlements.iter().map(|s| {
        params![
            run,
            s.contact_id,
            s.message_id,
            node,
            s.state.as_str(),
            s.attempts,
            s.due_at,
            s.code,
            s.enhanced.clone(),
            s.reply.as_str(),
            now
        ]
    });
    tx.update_many(settlement, rows.collect()).await
}

/// Gives back what `node` holds, unsent.
pub(in crate::core::publishing) async fn release(
    tx: &mut Tx,
    run: Id,
    node: &str,
) -> DbResult<u64> {
    let sql = format!(
        "UPDATE deliveries SET state = 'queued', leased_by = NULL, leased_until = NULL
         WHERE {LEASED} AND leased_by = ?2"
    );
    tx.execute(&sql, params![run, node]).await
}

/// Takes back what others than `node` have held for too long. What `node` has in hand stays there,
/// also when the clock has jumped.
pub(in crate::core::publishing) async fn release_expired(
    tx: &mut Tx,
    run: Id,
    node: &str,
    now: Timestamp,
) -> DbResult<u64> {
    let sql = format!(
        "UPDATE deliveries SET state = 'queued', leased_by = NULL, leased_until = NULL
         WHERE {LEASED} AND leased_by <> ?2 AND leased_until < ?3"
    );
    tx.execute(&sql, params![run, node, now]).await
}

/// Gives back what anybody whose name begins with `prefix` holds, of the runs that may go on.
pub(in crate::core::publishing) async fn release_node(tx: &mut Tx, prefix: &str) -> DbResult<u64> {
    let sql = "UPDATE deliveries SET state = 'queued', leased_by = NULL, leased_until = NULL
               WHERE run_id IN (SELECT id FROM runs WHERE status IN ('active', 'paused'))
                 AND state = 'leased' AND substr(leased_by, 1, length(?1)) = ?1";
    tx.execute(sql, params![prefix]).await
}

pub(in crate::core::publishing) async fn counts(tx: &mut Tx, run: Id) -> DbResult<Counts> {
    let sql = "SELECT state, COUNT(*) AS count FROM deliveries WHERE run_id = ?1 GROUP BY state";
    let mut counts = Counts::default();
    for row in tx.rows(sql, params![run]).await? {
        *counts.of(row.word("state")?) = row.get("count")?;
    }
    Ok(counts)
}

/// What failed in a run, or was turned away for now: by state and code, most first.
pub(in crate::core::publishing) async fn failures(tx: &mut Tx, run: Id) -> DbResult<Vec<Failure>> {
    let sql = "SELECT state, code, enhanced, COUNT(*) AS count, MIN(reply) AS reply
               FROM deliveries WHERE run_id = ?1 AND state IN ('failed', 'deferred')
               GROUP BY state, code, enhanced
               ORDER BY count DESC, state, code NULLS FIRST, enhanced NULLS FIRST LIMIT 10";
    let failure = |row: &Row| {
        Ok(Failure {
            state: row.word("state")?,
            code: row.get("code")?,
            enhanced: row.get("enhanced")?,
            count: row.get("count")?,
            reply: row.get("reply")?,
        })
    };
    tx.rows(sql, params![run]).await?.iter().map(failure).collect()
}

/// The address that the mails of a run to a contact went to.
pub(in crate::core::publishing) async fn address(
    tx: &mut Tx,
    run: Id,
    contact: Id,
) -> DbResult<Option<String>> {
    let sql = "SELECT email FROM deliveries WHERE run_id = ?1 AND contact_id = ?2
               ORDER BY message_id LIMIT 1";
    let row = tx.row(sql, params![run, contact]).await?;
    row.map(|row| row.get("email")).transpose()
}

/// Whether nothing of a run waits or is in anybody's hands.
pub(in crate::core::publishing) async fn is_over(tx: &mut Tx, run: Id) -> DbResult<bool> {
    let sql = "SELECT run_id FROM deliveries
               WHERE run_id = ?1 AND state IN ('queued', 'leased', 'deferred') LIMIT 1";
    Ok(tx.row(sql, params![run]).await?.is_none())
}

/// When the next waiting row is due; `None` when none waits.
pub(in crate::core::publishing) async fn next_due(
    tx: &mut Tx,
    run: Id,
) -> DbResult<Option<Timestamp>> {
    let sql = "SELECT MIN(due_at) AS due_at FROM deliveries
               WHERE run_id = ?1 AND state IN ('queued', 'deferred')";
    let row = tx.row(sql, params![run]).await?;
    row.map_or(Ok(None), |row| row.get("due_at"))
}

/// As [`next_due`], of other domains than those in `without`.
pub(in crate::core::publishing) async fn next_due_outside(
    tx: &mut Tx,
    run: Id,
    without: &[String],
) -> DbResult<Option<Timestamp>> {
    let mut values = params![run];
    let outside = outside(tx, without, "domain", "?2", &mut values);
    let sql = format!(
        "SELECT MIN(due_at) AS due_at FROM deliveries
         WHERE run_id = ?1 AND state IN ('queued', 'deferred') {outside}"
    );
    let row = tx.row(&sql, values).await?;
    row.map_or(Ok(None), |row| row.get("due_at"))
}

fn due(row: &Row) -> DbResult<Due> {
    let contact = match row.get::<Option<Id>>("found")? {
        Some(id) => Some(Recipient {
            id,
            email: row.get("email")?,
            name: row.get("name")?,
            language: row.get("language")?,
            timezone: row.get("timezone")?,
            attributes: row.get("attributes")?,
        }),
        None => None,
    };
    Ok(Due {
        contact_id: row.get("contact_id")?,
        message_id: row.get("message_id")?,
        attempts: row.get("attempts")?,
        is_resent: row.get::<u32>("resent")? > 0,
        at: row.get("due_at")?,
        contact,
        suppressed: match row.get::<Option<String>>("reason")? {
            None if row.get("has_left")? => Some("unsubscribed".to_owned()),
            reason => reason,
        },
        email: row.get("kept")?,
        domain: row.get("domain")?,
    })
}
