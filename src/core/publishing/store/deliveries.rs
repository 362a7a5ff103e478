//! The ledger as it is looked at: rows that a filter lets through.

use crate::core::kernel::{Id, KeyCursor, fold_address};
use crate::core::publishing::deliveries::{Enhanced, Wanted};
use crate::core::publishing::local_time::MISSED;
use crate::core::publishing::{Delivery, DeliveryState, PastDelivery};
use crate::storage::sql::{DbResult, Params, Row, Tx, Value, marks, params};

/// The columns of a [`Delivery`].
const COLUMNS: &str =
    "d.run_id, d.message_id, d.contact_id, d.email, d.state, d.attempts, d.due_at, d.code,
     d.enhanced, d.reply, d.settled_at, d.resent";

/// Up to `limit` rows that are wanted, by contact and message, after the key `after`.
pub(in crate::core::publishing) async fn page(
    tx: &mut Tx,
    wanted: &Wanted<'_>,
    after: KeyCursor<2>,
    limit: i64,
) -> DbResult<Vec<Delivery>> {
    let KeyCursor([contact, message]) = after;
    let mut values = params![wanted.run, contact, message, limit];
    let condition = condition(tx, wanted, &mut values);
    let sql = format!(
        "SELECT {COLUMNS} FROM deliveries d
         WHERE d.run_id = ?1 AND (d.contact_id, d.message_id) > (?2, ?3) AND {condition}
         ORDER BY d.contact_id, d.message_id LIMIT ?4"
    );
    tx.rows(&sql, values).await?.iter().map(delivery).collect()
}

/// The condition that a row `d` is wanted; its run, `?1`, is left to the caller.
pub(super) fn condition(tx: &Tx, wanted: &Wanted<'_>, values: &mut Params) -> String {
    let filter = wanted.filter;
    let mut all = vec!["TRUE".to_owned()];
    let mut bind = |value: Value| {
        values.push(value);
        format!("?{}", values.len())
    };
    let mut states: Vec<String> =
        filter.states.iter().map(|state| format!("d.state = '{state}'")).collect();
    if filter.missed {
        let (failed, reply) = (DeliveryState::Failed, bind(MISSED.into()));
        states.push(format!(
            "(d.state = '{failed}' AND d.attempts = 0 AND d.code IS NULL
              AND substr(d.reply, 1, length({reply})) = {reply})"
        ));
        if wanted.unsettled_are_missed {
            states.push("d.state IN ('queued', 'leased', 'deferred')".to_owned());
        }
    }
    if !states.is_empty() {
        all.push(format!("({})", states.join(" OR ")));
    }
    let codes = filter.codes.iter().map(|codes| {
        let (first, last) = (bind(codes.first.into()), bind(codes.last.into()));
        format!("d.code BETWEEN {first} AND {last}")
    });
    let codes: Vec<String> = codes.collect();
    if !codes.is_empty() {
        all.push(format!("({})", codes.join(" OR ")));
    }
    match &filter.enhanced {
        Some(Enhanced::Exactly(code)) => all.push(format!("d.enhanced = {}", bind(code.into()))),
        Some(Enhanced::Under(start)) => {
            let start = bind(start.into());
            all.push(format!("substr(d.enhanced, 1, length({start})) = {start}"));
        }
        None => {}
    }
    if let Some(domain) = &filter.domain {
        let folded = fold_address(&format!("@{}", domain.trim_start_matches('@')));
        all.push(format!("d.domain = {}", bind(folded.trim_start_matches('@').into())));
    }
    if let Some(email) = &filter.email {
        let folded = bind(fold_address(email).into());
        let (email, workspace) = (bind(email.trim().into()), bind(tx.workspace().into()));
        all.push(format!(
            "(d.email = {email} OR d.email = {folded} OR d.contact_id IN (SELECT c.id FROM contacts c
              WHERE c.workspace_id = {workspace} AND c.email_folded = {folded}))"
        ));
    }
    if let Some(message) = wanted.message {
        all.push(format!("d.message_id = {}", bind(message.into())));
    }
    if let Some(since) = filter.since {
        all.push(format!("d.settled_at >= {}", bind(since.into())));
    }
    if let Some(until) = filter.until {
        all.push(format!("d.settled_at < {}", bind(until.into())));
    }
    all.join(" AND ")
}

/// Up to `limit` rows of `contacts`, those of the newest run first, after a key of run, message and
/// contact. Each run is looked into by the key of its rows.
pub(in crate::core::publishing) async fn history(
    tx: &mut Tx,
    contacts: &[Id],
    after: Option<KeyCursor<3>>,
    limit: i64,
) -> DbResult<Vec<PastDelivery>> {
    let [run, message, contact] = after.map_or([None; 3], |key| key.0.map(Some));
    let message = message.unwrap_or(Id::NIL);
    let mut values = params![tx.workspace(), limit, run, message, contact.unwrap_or(Id::NIL)];
    values.extend(contacts.iter().map(|id| Value::from(*id)));
    let sql = format!(
        "SELECT {COLUMNS}, k.id AS campaign_id, k.name AS campaign, r.started_at,
                m.name AS message, m.subject
         FROM deliveries d JOIN runs r ON r.id = d.run_id
         JOIN campaigns k ON k.id = r.campaign_id
         LEFT JOIN messages m ON m.id = d.message_id
         WHERE d.contact_id IN ({})
           AND d.run_id IN (SELECT n.id FROM runs n JOIN campaigns o ON o.id = n.campaign_id
               WHERE o.workspace_id = ?1)
           AND (CAST(?3 AS UUID) IS NULL OR d.run_id < ?3
                OR (d.run_id = ?3 AND (d.message_id, d.contact_id) > (?4, ?5)))
         ORDER BY d.run_id DESC, d.message_id, d.contact_id LIMIT ?2",
        marks(6, contacts.len())
    );
    let past = |row: &Row| {
        Ok(PastDelivery {
            campaign: row.get("campaign")?,
            campaign_id: row.get("campaign_id")?,
            message: row.get("message")?,
            subject: row.get("subject")?,
            started_at: row.get("started_at")?,
            delivery: delivery(row)?,
        })
    };
    tx.rows(&sql, values).await?.iter().map(past).collect()
}

fn delivery(row: &Row) -> DbResult<Delivery> {
    Ok(Delivery {
        run_id: row.get("run_id")?,
        message_id: row.get("message_id")?,
        contact_id: row.get("contact_id")?,
        email: row.get("email")?,
        state: row.word("state")?,
        attempts: row.get("attempts")?,
        due_at: row.get("due_at")?,
        code: row.get("code")?,
        enhanced: row.get("enhanced")?,
        reply: row.get("reply")?,
        settled_at: row.get("settled_at")?,
        resent: row.get("resent")?,
    })
}
