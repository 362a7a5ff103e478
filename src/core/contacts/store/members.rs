//! Who is on a list, and how they stand with it.

use std::collections::HashMap;

use crate::core::contacts::segments::{Condition, compile};
use crate::core::contacts::{List, Member, MemberCounts, OptIn, Subscription, SubscriptionState};
use crate::core::kernel::{Id, PageRequest, Timestamp};
use crate::storage::sql::{DbResult, Params, Row, Tx, Value, marks, params};

/// Since when a member stands as it does.
const SINCE: &str = "COALESCE(m.changed_at, m.added_at) AS since";

/// Those among some members who are not sent to.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::core::contacts) struct Silent {
    pub(in crate::core::contacts) unconfirmed: u64,
    pub(in crate::core::contacts) unsubscribed: u64,
}

/// Gives each of `lists` its counts, in one query, which goes through their members once.
pub(super) async fn count(tx: &mut Tx, lists: &mut [List]) -> DbResult<()> {
    let values = ids(lists.iter().map(|list| list.id));
    let sql = format!(
        "SELECT list_id, {}, {}, {} FROM list_members WHERE list_id IN ({}) GROUP BY list_id",
        counted(SubscriptionState::Subscribed),
        counted(SubscriptionState::Unconfirmed),
        counted(SubscriptionState::Unsubscribed),
        marks(1, values.len())
    );
    let mut counts: HashMap<Id, MemberCounts> = HashMap::new();
    for row in tx.rows(&sql, values).await? {
        let members = MemberCounts {
            subscribed: row.get("subscribed")?,
            unconfirmed: row.get("unconfirmed")?,
            unsubscribed: row.get("unsubscribed")?,
        };
        counts.insert(row.get("list_id")?, members);
    }
    for list in lists {
        list.members = counts.remove(&list.id).unwrap_or_default();
    }
    Ok(())
}

/// A column that counts the members who stand so, by the word for it. Grouping by the state as well
/// would sort every member.
fn counted(state: SubscriptionState) -> String {
    format!("CAST(SUM(CASE WHEN state = '{state}' THEN 1 ELSE 0 END) AS BIGINT) AS {state}")
}

/// Puts `contacts` on a list, each as a new member stands; who is on it already stays as they are.
/// Says how many were not on it before, and who of them all is not sent to.
pub(in crate::core::contacts) async fn add(
    tx: &mut Tx,
    list: Id,
    contacts: &[Id],
    now: Timestamp,
) -> DbResult<(u64, Silent)> {
    let begins = optin(tx, list).await?.begins();
    let row = |contact: &Id| params![list, *contact, now, begins.as_str()];
    let rows: Vec<Params> = contacts.iter().map(row).collect();
    let columns = ["list_id", "contact_id", "added_at", "state"];
    let added = tx.insert_many("list_members", &columns, rows, "ON CONFLICT DO NOTHING").await?;
    let silent = match begins {
        SubscriptionState::Subscribed if added == contacts.len() as u64 => Silent::default(),
        _ => silent(tx, list, contacts).await?,
    };
    Ok((added, silent))
}

/// As [`add`], for everybody `condition` is true of.
pub(in crate::core::contacts) async fn add_where(
    tx: &mut Tx,
    condition: &Condition,
    list: Id,
    now: Timestamp,
) -> DbResult<(u64, Silent)> {
    let begins = optin(tx, list).await?.begins();
    let engine = tx.dialect();
    let mut values = params![tx.workspace(), list, now, begins.as_str()];
    let whom = compile(condition, engine, now, &mut values);
    let workspace = tx.unindexed("c.workspace_id");
    let sql = format!(
        "INSERT INTO list_members (list_id, contact_id, added_at, state)
         SELECT ?2, c.id, ?3, CAST(?4 AS TEXT) FROM contacts c
         WHERE {workspace} = ?1 AND ({whom})
         ON CONFLICT DO NOTHING"
    );
    let added = tx.execute(&sql, values).await?;
    let mut values = params![tx.workspace(), list];
    let whom = compile(condition, engine, now, &mut values);
    let sql = format!(
        "SELECT m.state, COUNT(*) AS found
         FROM list_members m JOIN contacts c ON c.id = m.contact_id
         WHERE m.list_id = ?2 AND m.state <> 'subscribed' AND c.workspace_id = ?1 AND ({whom})
         GROUP BY m.state"
    );
    Ok((added, silent_of(&tx.rows(&sql, values).await?)?))
}

/// Those of `contacts` who are on a list and are not sent to.
async fn silent(tx: &mut Tx, list: Id, contacts: &[Id]) -> DbResult<Silent> {
    let mut values = params![list];
    values.extend(ids(contacts.iter().copied()));
    let sql = format!(
        "SELECT state, COUNT(*) AS found FROM list_members
         WHERE list_id = ?1 AND state <> 'subscribed' AND contact_id IN ({}) GROUP BY state",
        marks(2, values.len() - 1)
    );
    silent_of(&tx.rows(&sql, values).await?)
}

/// Those of `contacts` who would not be sent to, were they [added](add) to a list.
pub(in crate::core::contacts) async fn would_be_silent(
    tx: &mut Tx,
    list: Id,
    contacts: &[Id],
) -> DbResult<Silent> {
    let begins = optin(tx, list).await?.begins();
    let states = states(tx, list, contacts).await?;
    let count = |state: SubscriptionState| {
        let stands = |one: &&Id| states.get(one).copied().unwrap_or(begins) == state;
        contacts.iter().filter(stands).count() as u64
    };
    Ok(Silent {
        unconfirmed: count(SubscriptionState::Unconfirmed),
        unsubscribed: count(SubscriptionState::Unsubscribed),
    })
}

/// How each of `contacts` who is on the list stands with it.
pub(in crate::core::contacts) async fn states(
    tx: &mut Tx,
    list: Id,
    contacts: &[Id],
) -> DbResult<HashMap<Id, SubscriptionState>> {
    let mut values = params![list];
    values.extend(ids(contacts.iter().copied()));
    let sql = format!(
        "SELECT contact_id, state FROM list_members WHERE list_id = ?1 AND contact_id IN ({})",
        marks(2, values.len() - 1)
    );
    let rows = tx.rows(&sql, values).await?;
    rows.iter().map(|row| Ok((row.get("contact_id")?, row.word("state")?))).collect()
}

/// Lets those of `contacts` who stand as one of `from` stand as `to`; says how many that were.
pub(in crate::core::contacts) async fn change(
    tx: &mut Tx,
    list: Id,
    contacts: &[Id],
    (from, to): (&[SubscriptionState], SubscriptionState),
    now: Timestamp,
) -> DbResult<u64> {
    let sql = "UPDATE list_members SET state = ?4, changed_at = ?5
               WHERE list_id = ?1 AND contact_id = ?2 AND state = ?3";
    let mut rows: Vec<Params> = Vec::new();
    for from in from {
        let row = |one: &Id| params![list, *one, from.as_str(), to.as_str(), now];
        rows.extend(contacts.iter().map(row));
    }
    tx.execute_many(sql, rows).await
}

/// Takes a contact off a list; says whether it was on it.
pub(in crate::core::contacts) async fn remove(
    tx: &mut Tx,
    list: Id,
    contact: Id,
) -> DbResult<bool> {
    let sql = "DELETE FROM list_members WHERE list_id = ?1 AND contact_id = ?2";
    Ok(tx.execute(sql, params![list, contact]).await? > 0)
}

/// Members of a list after `page.after`, in the order of their contacts' ids: all, or those who
/// stand so.
pub(in crate::core::contacts) async fn page(
    tx: &mut Tx,
    list: Id,
    state: Option<SubscriptionState>,
    page: &PageRequest,
) -> DbResult<Vec<Member>> {
    let sql = format!(
        "SELECT m.contact_id, c.email, c.name, m.state, {SINCE}, m.added_at
         FROM list_members m JOIN contacts c ON c.id = m.contact_id
         WHERE m.list_id = ?1 AND m.contact_id > ?2 AND (CAST(?4 AS TEXT) IS NULL OR m.state = ?4)
         ORDER BY m.contact_id LIMIT ?3"
    );
    let values = params![list, page.after, page.fetch(), state.map(SubscriptionState::as_str)];
    let member = |row: &Row| {
        Ok(Member {
            contact: row.get("contact_id")?,
            email: row.get("email")?,
            name: row.get("name")?,
            state: row.word("state")?,
            since: row.get("since")?,
            added_at: row.get("added_at")?,
        })
    };
    tx.rows(&sql, values).await?.iter().map(member).collect()
}

/// The lists that a contact is on, in the order of their names.
pub(in crate::core::contacts) async fn of_contact(
    tx: &mut Tx,
    contact: Id,
) -> DbResult<Vec<Subscription>> {
    let sql = format!(
        "SELECT l.name, m.state, {SINCE} FROM list_members m JOIN lists l ON l.id = m.list_id
         WHERE m.contact_id = ?1 ORDER BY l.name LIMIT 1000"
    );
    let subscription = |row: &Row| {
        Ok(Subscription {
            list: row.get("name")?,
            state: row.word("state")?,
            since: row.get("since")?,
        })
    };
    tx.rows(&sql, params![contact]).await?.iter().map(subscription).collect()
}

async fn optin(tx: &mut Tx, list: Id) -> DbResult<OptIn> {
    let sql = "SELECT optin FROM lists WHERE id = ?1";
    let row = tx.row(sql, params![list]).await?;
    row.map_or(Ok(OptIn::default()), |row| row.word("optin"))
}

/// The ids as parameters, filled up with nulls, which are nobody, so that few statements differ.
fn ids(all: impl ExactSizeIterator<Item = Id>) -> Params {
    let count = all.len().next_power_of_two();
    let mut values: Params = all.map(Value::from).collect();
    values.resize(count, Value::Null);
    values
}

fn silent_of(rows: &[Row]) -> DbResult<Silent> {
    let mut silent = Silent::default();
    for row in rows {
        match row.word("state")? {
            SubscriptionState::Subscribed => {}
            SubscriptionState::Unconfirmed => silent.unconfirmed = row.get("found")?,
            SubscriptionState::Unsubscribed => silent.unsubscribed = row.get("found")?,
        }
    }
    Ok(silent)
}
