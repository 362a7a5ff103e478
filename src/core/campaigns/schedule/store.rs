//! Schedules, and what became of their times.

use serde_json::json;

use super::draft::ScheduleDraft;
use super::model::{Firing, Schedule, ScheduleState};
use crate::core::campaigns::Named;
use crate::core::kernel::{Id, PageRequest, Timestamp};
use crate::storage::sql::{DbError, DbResult, Row, Tx, params};

const COLUMNS: &str = "s.id, s.name, s.campaign_id, c.name AS campaign, s.plan, s.labels, s.state,
    s.next_at, s.created_at, s.updated_at";
const FROM: &str = "schedules s JOIN campaigns c ON c.id = s.campaign_id";

/// Schedules that are looked at in one go.
const DUE: i64 = 200;

pub(super) async fn insert(tx: &mut Tx, schedule: &Schedule) -> DbResult<()> {
    let sql = "INSERT INTO schedules (id, workspace_id, campaign_id, name, plan, labels, state,
                                      next_at, created_at, updated_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    let values = params![
        schedule.id,
        tx.workspace(),
        schedule.campaign.id,
        &schedule.name,
        plan_json(&schedule.draft()),
        json!(schedule.labels),
        schedule.state.as_str(),
        schedule.next_at,
        schedule.created_at,
        schedule.updated_at
    ];
    tx.execute(sql, values).await.map(drop)
}

pub(in crate::core::campaigns) async fn of_campaign(
    tx: &mut Tx,
    campaign: Id,
) -> DbResult<Option<Schedule>> {
    let sql =
        format!("SELECT {COLUMNS} FROM {FROM} WHERE s.workspace_id = ?1 AND s.campaign_id = ?2");
    let row = tx.row(&sql, params![tx.workspace(), campaign]).await?;
    row.as_ref().map(schedule).transpose()
}

pub(super) async fn get(tx: &mut Tx, id: Id) -> DbResult<Option<Schedule>> {
    let sql = format!("SELECT {COLUMNS} FROM {FROM} WHERE s.workspace_id = ?1 AND s.id = ?2");
    tx.row(&sql, params![tx.workspace(), id]).await?.as_ref().map(schedule).transpose()
}

/// The names of the schedules that have not ended, in their order.
pub(super) async fn names(tx: &mut Tx) -> DbResult<Vec<String>> {
    let sql = "SELECT name FROM schedules WHERE workspace_id = ?1 AND state <> ?2 ORDER BY name";
    let rows = tx.rows(sql, params![tx.workspace(), ScheduleState::Ended.as_str()]).await?;
    rows.iter().map(|row| row.get("name")).collect()
}

/// Schedules after `page.after`, oldest first.
pub(super) async fn page(tx: &mut Tx, page: &PageRequest) -> DbResult<Vec<Schedule>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM {FROM}
         WHERE s.workspace_id = ?1 AND s.id > ?2 ORDER BY s.id LIMIT ?3"
    );
    let rows = tx.rows(&sql, params![tx.workspace(), page.after, page.fetch()]).await?;
    rows.iter().map(schedule).collect()
}

pub(super) async fn delete(tx: &mut Tx, id: Id) -> DbResult<()> {
    let sql = "DELETE FROM schedules WHERE workspace_id = ?1 AND id = ?2";
    tx.execute(sql, params![tx.workspace(), id]).await.map(drop)
}

/// Moves a schedule from one state to another, due at `next_at`; says whether it was in the first.
pub(super) async fn set_state(
    tx: &mut Tx,
    id: Id,
    from: ScheduleState,
    to: ScheduleState,
    next_at: Option<Timestamp>,
    now: Timestamp,
) -> DbResult<bool> {
    let sql = "UPDATE schedules SET state = ?3, next_at = ?4, updated_at = ?5
               WHERE id = ?1 AND state = ?2";
    Ok(tx.execute(sql, params![id, from.as_str(), to.as_str(), next_at, now]).await? == 1)
}

/// Ends the schedule of a campaign that nothing is to come of any more, if it has one.
pub(in crate::core::campaigns) async fn end(
    tx: &mut Tx,
    campaign: Id,
    now: Timestamp,
) -> DbResult<()> {
    let sql = "UPDATE schedules SET state = ?2, next_at = NULL, updated_at = ?3
               WHERE campaign_id = ?1 AND state <> ?2";
    tx.execute(sql, params![campaign, ScheduleState::Ended.as_str(), now]).await.map(drop)
}

/// The schedules that are due at `now`, the longest first, and when another one is.
pub(super) async fn due(tx: &mut Tx, now: Timestamp) -> DbResult<(Vec<Id>, Option<Timestamp>)> {
    let sql = "SELECT id, next_at FROM schedules
               WHERE workspace_id = ?1 AND state = ?2 AND next_at IS NOT NULL
               ORDER BY next_at, id LIMIT ?3";
    let mut due = Vec::new();
    let waiting = ScheduleState::Waiting.as_str();
    for row in tx.rows(sql, params![tx.workspace(), waiting, DUE]).await? {
        let next_at: Timestamp = row.get("next_at")?;
        if next_at > now {
            return Ok((due, Some(next_at)));
        }
        due.push(row.get("id")?);
    }
    Ok((due, None))
}

/// Moves a schedule on from the time `due`; says whether it was still there. Whoever moves it on
/// has the time to decide about.
pub(super) async fn advance(
    tx: &mut Tx,
    id: Id,
    due: Timestamp,
    next_at: Option<Timestamp>,
    now: Timestamp,
) -> DbResult<bool> {
    let state = if next_at.is_some() { ScheduleState::Waiting } else { ScheduleState::Ended };
    let sql = "UPDATE schedules SET next_at = ?3, state = ?4, updated_at = ?5
               WHERE id = ?1 AND next_at = ?2 AND state = ?6";
    let waiting = ScheduleState::Waiting.as_str();
    let values = params![id, due, next_at, state.as_str(), now, waiting];
    Ok(tx.execute(sql, values).await? == 1)
}

/// Notes what became of times of a schedule.
pub(super) async fn note(tx: &mut Tx, campaign: Id, firings: &[Firing]) -> DbResult<()> {
    let columns = [
        "id",
        "schedule_id",
        "campaign_id",
        "due_at",
        "outcome",
        "times",
        "reason",
        "run_id",
        "decided_at",
    ];
    let rows = firings.iter().map(|firing| {
        params![
            firing.id,
            firing.schedule_id,
            campaign,
            firing.due_at,
            firing.outcome.as_str(),
            firing.times,
            firing.reason.clone(),
            firing.run_id,
            firing.decided_at
        ]
    });
    tx.insert_many("schedule_firings", &columns, rows.collect(), "").await.map(drop)
}

/// What became of the times of a campaign's schedules, after `page.after`, oldest first.
pub(super) async fn history(
    tx: &mut Tx,
    campaign: Id,
    page: &PageRequest,
) -> DbResult<Vec<Firing>> {
    let sql = "SELECT id, schedule_id, due_at, outcome, times, reason, run_id, decided_at
               FROM schedule_firings WHERE campaign_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3";
    let rows = tx.rows(sql, params![campaign, page.after, page.fetch()]).await?;
    let one = |row: &Row| {
        Ok(Firing {
            id: row.get("id")?,
            schedule_id: row.get("schedule_id")?,
            due_at: row.get("due_at")?,
            outcome: row.word("outcome")?,
            times: row.get("times")?,
            reason: row.get("reason")?,
            run_id: row.get("run_id")?,
            decided_at: row.get("decided_at")?,
        })
    };
    rows.iter().map(one).collect()
}

/// A plan is kept as it is written, so that a reader of the table sees what a person wrote.
fn plan_json(draft: &ScheduleDraft) -> serde_json::Value {
    json!({
        "at": draft.at,
        "cron": draft.cron,
        "contact_local": draft.contact_local,
        "on": draft.on,
        "timezone": draft.timezone,
        "not_after": draft.not_after,
        "missed": draft.missed,
    })
}

fn schedule(row: &Row) -> DbResult<Schedule> {
    let written: serde_json::Value = row.get("plan")?;
    let text = |key: &str| written[key].as_str().map(str::to_owned);
    let draft = ScheduleDraft {
        name: None,
        at: text("at"),
        cron: text("cron"),
        contact_local: text("contact_local"),
        on: text("on"),
        timezone: text("timezone"),
        not_after: text("not_after"),
        missed: text("missed"),
        labels: row.json("labels")?,
    };
    let unreadable = |error| DbError::Engine(format!("a schedule is not readable: {error}"));
    Ok(Schedule {
        id: row.get("id")?,
        name: row.get("name")?,
        campaign: Named { id: row.get("campaign_id")?, name: row.get("campaign")? },
        plan: draft.check(None).map_err(unreadable)?,
        labels: draft.labels,
        state: row.word("state")?,
        next_at: row.get("next_at")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}
