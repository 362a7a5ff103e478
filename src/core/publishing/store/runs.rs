//! Runs: one execution of a campaign each, with the plan it began with.

use crate::core::kernel::{Id, Timestamp};
use crate::core::publishing::limits::whole;
use crate::core::publishing::{Held, Pace, Run, RunPlan, RunStatus};
use crate::storage::sql::{DbResult, Row, Tx, params};

const COLUMNS: &str =
    "id, campaign_id, channel, status, recipients, error, held_by, held_until, rate, rate_at,
     started_at, finished_at";

pub(in crate::core::publishing) async fn insert(
    tx: &mut Tx,
    run: &Run,
    plan: &RunPlan,
    lists: &[Id],
) -> DbResult<()> {
    let sql = "INSERT INTO runs
               (id, campaign_id, channel, plan, status, prepared, recipients, started_at)
               VALUES (?1, ?2, ?3, ?4, ?5, FALSE, 0, ?6)";
    let (channel, plan) = (serde_json::json!(run.channel), serde_json::json!(plan));
    let values =
        params![run.id, run.campaign_id, channel, plan, run.status.as_str(), run.started_at];
    tx.execute(sql, values).await?;
    let rows = lists.iter().map(|list| params![run.id, *list]).collect();
    tx.insert_many("run_lists", &["run_id", "list_id"], rows, "").await.map(drop)
}

pub(in crate::core::publishing) async fn get(tx: &mut Tx, id: Id) -> DbResult<Option<Run>> {
    let sql = format!("SELECT {COLUMNS} FROM runs WHERE id = ?1");
    tx.row(&sql, params![id]).await?.as_ref().map(run).transpose()
}

/// The run of a campaign that began last.
pub(in crate::core::publishing) async fn last_of(
    tx: &mut Tx,
    campaign: Id,
) -> DbResult<Option<Run>> {
    let sql = format!("SELECT {COLUMNS} FROM runs WHERE campaign_id = ?1 ORDER BY id DESC LIMIT 1");
    tx.row(&sql, params![campaign]).await?.as_ref().map(run).transpose()
}

/// The runs of a campaign, oldest first.
pub(in crate::core::publishing) async fn of_campaign(
    tx: &mut Tx,
    campaign: Id,
) -> DbResult<Vec<Run>> {
    let sql = format!("SELECT {COLUMNS} FROM runs WHERE campaign_id = ?1 ORDER BY id LIMIT 1000");
    tx.rows(&sql, params![campaign]).await?.iter().map(run).collect()
}

pub(in crate::core::publishing) async fn plan(tx: &mut Tx, id: Id) -> DbResult<Option<RunPlan>> {
    let row = tx.row("SELECT plan FROM runs WHERE id = ?1", params![id]).await?;
    row.map(|row| row.json("plan")).transpose()
}

/// The lists a run is for, also those that were deleted since.
pub(in crate::core::publishing) async fn lists(tx: &mut Tx, id: Id) -> DbResult<Vec<Id>> {
    let sql = "SELECT list_id FROM run_lists WHERE run_id = ?1 ORDER BY list_id LIMIT 1000";
    tx.rows(sql, params![id]).await?.iter().map(|row| row.get("list_id")).collect()
}

/// Gives a run another way out; what it sends stays.
pub(in crate::core::publishing) async fn set_plan(
    tx: &mut Tx,
    id: Id,
    plan: &RunPlan,
) -> DbResult<()> {
    let sql = "UPDATE runs SET plan = ?2, channel = ?3 WHERE id = ?1";
    let (plan, channel) = (serde_json::json!(plan), serde_json::json!(plan.channel));
    tx.execute(sql, params![id, plan, channel]).await.map(drop)
}

/// Whether the ledger has the run's rows.
pub(in crate::core::publishing) async fn is_prepared(tx: &mut Tx, id: Id) -> DbResult<bool> {
    let row = tx.row("SELECT prepared FROM runs WHERE id = ?1", params![id]).await?;
    row.map_or(Ok(false), |row| row.get("prepared"))
}

pub(in crate::core::publishing) async fn set_prepared(
    tx: &mut Tx,
    id: Id,
    recipients: i64,
) -> DbResult<()> {
    let sql = "UPDATE runs SET prepared = TRUE, recipients = ?2 WHERE id = ?1";
    tx.execute(sql, params![id, recipients]).await.map(drop)
}

/// Moves a run to `status` if it is in `from`; says whether it was.
pub(in crate::core::publishing) async fn set_status(
    tx: &mut Tx,
    id: Id,
    from: RunStatus,
    status: RunStatus,
    finished_at: Option<Timestamp>,
) -> DbResult<bool> {
    let sql = "UPDATE runs SET status = ?3, finished_at = ?4 WHERE id = ?1 AND status = ?2";
    let values = params![id, from.as_str(), status.as_str(), finished_at];
    Ok(tx.execute(sql, values).await? == 1)
}

/// Says what holds the run up, or that nothing does.
pub(in crate::core::publishing) async fn set_error(
    tx: &mut Tx,
    id: Id,
    error: Option<&str>,
) -> DbResult<()> {
    tx.execute("UPDATE runs SET error = ?2 WHERE id = ?1", params![id, error]).await.map(drop)
}

/// Says what limit a run waits for and until when, or that it waits for none.
pub(in crate::core::publishing) async fn set_hold(
    tx: &mut Tx,
    id: Id,
    hold: Option<(Timestamp, &str)>,
) -> DbResult<()> {
    let (until, by) = hold.unzip();
    let sql = "UPDATE runs SET held_until = ?2, held_by = ?3 WHERE id = ?1";
    tx.execute(sql, params![id, until, by]).await.map(drop)
}

/// The runs that send by the channel of this name.
pub(in crate::core::publishing) async fn sending_by(
    tx: &mut Tx,
    channel: &str,
) -> DbResult<Vec<(Run, RunPlan)>> {
    let sql = "SELECT r.id FROM runs r JOIN campaigns k ON k.id = r.campaign_id
               WHERE k.workspace_id = ?1 AND r.status = 'active' ORDER BY r.id";
    let mut runs = Vec::new();
    for row in tx.rows(sql, params![tx.workspace()]).await? {
        let id = row.get("id")?;
        if let Some(run) = get(tx, id).await?.filter(|run| run.channel.name == channel)
            && let Some(plan) = plan(tx, id).await?
        {
            runs.push((run, plan));
        }
    }
    Ok(runs)
}

/// Says how fast a run is.
pub(in crate::core::publishing) async fn set_pace(tx: &mut Tx, id: Id, pace: Pace) -> DbResult<()> {
    let rate = whole((pace.rate * 1000.0).round());
    let sql = "UPDATE runs SET rate = ?2, rate_at = ?3 WHERE id = ?1";
    tx.execute(sql, params![id, rate, pace.at]).await.map(drop)
}

fn run(row: &Row) -> DbResult<Run> {
    let (held_by, rate): (Option<String>, Option<i64>) = (row.get("held_by")?, row.get("rate")?);
    Ok(Run {
        id: row.get("id")?,
        campaign_id: row.get("campaign_id")?,
        channel: row.json("channel")?,
        status: row.word("status")?,
        recipients: row.get("recipients")?,
        error: row.get("error")?,
        held: held_by.zip(row.get("held_until")?).map(|(by, until)| Held { by, until }),
        pace: rate
            .zip(row.get("rate_at")?)
            .map(|(rate, at)| Pace { rate: rate as f64 / 1000.0, at }),
        started_at: row.get("started_at")?,
        finished_at: row.get("finished_at")?,
    })
}
