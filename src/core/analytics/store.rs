//! The table `metrics`, and the sums a report takes from the ledger.
//!
//! The ledger is summed by the database, in groups of a bounded number: a report of a million
//! deliveries reads a few hundred rows.

use chrono::NaiveDate;

use super::metrics::{Metric, MetricType};
use super::report::{Bucket, DailyMetric, DomainFigures, Failure, Totals};
use crate::core::kernel::{Id, Timestamp};
use crate::core::publishing::{Counts, DeliveryState};
use crate::storage::sql::{DbResult, Row, Tx, params};

/// Rows of a top list.
const TOP: i64 = 20;
/// Characters of a reply that are shown.
const REPLY: usize = 200;
/// Days times metrics in a report at the most; the latest are kept.
const DAILY: i64 = 5000;
/// The states of what is on the timeline.
const ON_TIMELINE: &str = "('accepted', 'bounced', 'complained', 'deferred', 'failed')";

/// Remembers that `consumer` has had the effect of `event`; says whether that is new.
pub(super) async fn consume(
    tx: &mut Tx,
    consumer: &str,
    event: Id,
    now: Timestamp,
) -> DbResult<bool> {
    let sql = "INSERT INTO consumed_events (consumer, event_id, consumed_at)
               VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
    Ok(tx.execute(sql, params![consumer, event, now]).await? == 1)
}

/// Gives a campaign metrics of zero on `date`, unless it has them or is gone.
pub(super) async fn initialise(
    tx: &mut Tx,
    campaign: Id,
    date: NaiveDate,
    platform: &str,
) -> DbResult<()> {
    let sql = "INSERT INTO metrics (campaign_id, metric_type, date, platform, value)
               SELECT id, ?2, ?3, ?4, 0 FROM campaigns WHERE workspace_id = ?5 AND id = ?1
               ON CONFLICT DO NOTHING";
    let workspace = tx.workspace();
    let row = |metric: &MetricType| params![campaign, metric.as_str(), date, platform, workspace];
    tx.execute_many(sql, MetricType::ALL.iter().map(row).collect()).await.map(drop)
}

/// Adds to metrics of the campaign of `run`; to none when the run is gone.
pub(super) async fn add(
    tx: &mut Tx,
    run: Id,
    date: NaiveDate,
    platform: &str,
    metrics: impl Iterator<Item = (MetricType, i64)>,
) -> DbResult<()> {
    let sql = "INSERT INTO metrics (campaign_id, metric_type, date, platform, value)
               SELECT r.campaign_id, ?2, ?3, ?4, ?5
               FROM runs r JOIN campaigns c ON c.id = r.campaign_id
               WHERE c.workspace_id = ?6 AND r.id = ?1
               ON CONFLICT (campaign_id, metric_type, date, platform)
               DO UPDATE SET value = metrics.value + excluded.value";
    let workspace = tx.workspace();
    let row = |(metric, count): (MetricType, i64)| {
        params![run, metric.as_str(), date, platform, count, workspace]
    };
    tx.execute_many(sql, metrics.map(row).collect()).await.map(drop)
}

/// Up to `limit` metrics of a campaign within a range of days, by date, metric and platform.
pub(super) async fn metrics(
    tx: &mut Tx,
    campaign: Id,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
    limit: i64,
) -> DbResult<Vec<Metric>> {
    let sql = "SELECT date, metric_type, platform, value FROM metrics
               WHERE campaign_id = ?1
                 AND (CAST(?2 AS TEXT) IS NULL OR date >= ?2)
                 AND (CAST(?3 AS TEXT) IS NULL OR date <= ?3)
               ORDER BY date, metric_type, platform LIMIT ?4";
    let metric = |row: &Row| {
        Ok(Metric {
            date: row.get("date")?,
            metric: row.get("metric_type")?,
            platform: row.get("platform")?,
            value: row.get("value")?,
        })
    };
    tx.rows(sql, params![campaign, from, to, limit]).await?.iter().map(metric).collect()
}

/// The metrics of a campaign by day, over all platforms, by date and metric; zeros are left out.
pub(super) async fn daily(tx: &mut Tx, campaign: Id) -> DbResult<Vec<DailyMetric>> {
    let sql = "SELECT date, metric_type, CAST(SUM(value) AS BIGINT) AS total FROM metrics
               WHERE campaign_id = ?1 AND value <> 0 GROUP BY date, metric_type
               ORDER BY date DESC, metric_type DESC LIMIT ?2";
    let metric = |row: &Row| {
        Ok(DailyMetric {
            date: row.get("date")?,
            metric: row.get("metric_type")?,
            value: row.get("total")?,
        })
    };
    tx.rows(sql, params![campaign, DAILY]).await?.iter().rev().map(metric).collect()
}

/// How many deliveries the metrics hold as ended: accepted, failed or suppressed.
pub(super) async fn metered(tx: &mut Tx, campaign: Id, platform: &str) -> DbResult<u64> {
    let sql = "SELECT CAST(COALESCE(SUM(value), 0) AS BIGINT) AS total FROM metrics
               WHERE campaign_id = ?1 AND platform = ?2 AND metric_type IN (?3, ?4, ?5)";
    let [accepted, failed, suppressed] =
        [MetricType::Deliveries, MetricType::Failures, MetricType::Suppressions];
    let types =
        params![campaign, platform, accepted.as_str(), failed.as_str(), suppressed.as_str()];
    tx.row(sql, types).await?.map_or(Ok(0), |row| row.get("total"))
}

/// How many deliveries of all runs are in each state.
pub(super) async fn totals(tx: &mut Tx, campaign: Id) -> DbResult<Totals> {
    let sql = "SELECT d.state, COUNT(*) AS deliveries
               FROM deliveries d JOIN runs r ON r.id = d.run_id
               WHERE r.campaign_id = ?1 GROUP BY d.state";
    let mut counts = Counts::default();
    for row in tx.rows(sql, params![campaign]).await? {
        *counts.of(row.word("state")?) = row.get("deliveries")?;
    }
    Ok(Totals {
        recipients: counts.total(),
        queued: counts.queued,
        leased: counts.leased,
        accepted: counts.accepted,
        deferred: counts.deferred,
        failed: counts.failed,
        suppressed: counts.suppressed,
        bounced: counts.bounced,
        complained: counts.complained,
    })
}

/// When the first and the last delivery on the timeline were settled.
pub(super) async fn settled_span(
    tx: &mut Tx,
    campaign: Id,
) -> DbResult<Option<(Timestamp, Timestamp)>> {
    let sql = format!(
        "SELECT MIN(d.settled_at) AS earliest, MAX(d.settled_at) AS latest
         FROM deliveries d JOIN runs r ON r.id = d.run_id
         WHERE r.campaign_id = ?1 AND d.state IN {ON_TIMELINE}"
    );
    let Some(row) = tx.row(&sql, params![campaign]).await? else { return Ok(None) };
    Ok(row.get::<Option<Timestamp>>("earliest")?.zip(row.get("latest")?))
}

/// What was settled, in buckets of `width` seconds. What came back later counts as accepted.
pub(super) async fn timeline(tx: &mut Tx, campaign: Id, width: u64) -> DbResult<Vec<Bucket>> {
    let sql = format!(
        "SELECT d.settled_at / ?2 AS bucket, d.state, COUNT(*) AS deliveries
         FROM deliveries d JOIN runs r ON r.id = d.run_id
         WHERE r.campaign_id = ?1 AND d.settled_at IS NOT NULL AND d.state IN {ON_TIMELINE}
         GROUP BY bucket, d.state ORDER BY bucket, d.state"
    );
    let millis = i64::try_from(width.saturating_mul(1000)).unwrap_or(i64::MAX);
    let bucket = |row: &Row| {
        let number: i64 = row.get("bucket")?;
        let at = Timestamp::from_millis(number.saturating_mul(millis));
        let count: u64 = row.get("deliveries")?;
        let mut bucket = Bucket { at, accepted: 0, deferred: 0, failed: 0 };
        match row.word::<DeliveryState>("state")? {
            DeliveryState::Deferred => bucket.deferred = count,
            DeliveryState::Failed => bucket.failed = count,
            _ => bucket.accepted = count,
        }
        Ok(bucket)
    };
    tx.rows(&sql, params![campaign, millis]).await?.iter().map(bucket).collect()
}

/// The domains with the most recipients, most first.
pub(super) async fn top_domains(tx: &mut Tx, campaign: Id) -> DbResult<Vec<DomainFigures>> {
    let sql = "SELECT d.domain, COUNT(*) AS recipients,
                      COUNT(CASE WHEN d.state = 'accepted' THEN 1 END) AS accepted,
                      COUNT(CASE WHEN d.state = 'deferred' THEN 1 END) AS deferred,
                      COUNT(CASE WHEN d.state = 'failed' THEN 1 END) AS failed,
                      COUNT(CASE WHEN d.state = 'suppressed' THEN 1 END) AS suppressed
               FROM deliveries d JOIN runs r ON r.id = d.run_id
               WHERE r.campaign_id = ?1
               GROUP BY d.domain ORDER BY recipients DESC, d.domain LIMIT ?2";
    let domain = |row: &Row| {
        Ok(DomainFigures {
            domain: row.get("domain")?,
            recipients: row.get("recipients")?,
            accepted: row.get("accepted")?,
            deferred: row.get("deferred")?,
            failed: row.get("failed")?,
            suppressed: row.get("suppressed")?,
        })
    };
    tx.rows(sql, params![campaign, TOP]).await?.iter().map(domain).collect()
}

/// The codes with which most deliveries were deferred or failed, most first, with one of the
/// replies each. Replies name the recipient, so they are never what is grouped by.
pub(super) async fn top_failures(tx: &mut Tx, campaign: Id) -> DbResult<Vec<Failure>> {
    let sql = "SELECT d.code, d.enhanced, COUNT(*) AS deliveries, MIN(d.reply) AS reply
               FROM deliveries d JOIN runs r ON r.id = d.run_id
               WHERE r.campaign_id = ?1 AND d.state IN ('deferred', 'failed')
               GROUP BY d.code, d.enhanced
               ORDER BY deliveries DESC, d.code NULLS LAST, d.enhanced NULLS LAST LIMIT ?2";
    tx.rows(sql, params![campaign, TOP]).await?.iter().map(failure).collect()
}

fn failure(row: &Row) -> DbResult<Failure> {
    let enhanced: Option<String> = row.get("enhanced")?;
    let reply = row.get::<Option<String>>("reply")?.unwrap_or_default();
    // The code has a column of its own.
    let said = enhanced.as_deref().and_then(|code| reply.strip_prefix(code)).unwrap_or(&reply);
    Ok(Failure {
        code: row.get::<Option<u16>>("code")?.map(|code| code.to_string()),
        reply: said.trim().chars().take(REPLY).collect(),
        count: row.get("deliveries")?,
        enhanced,
    })
}

/// When the next waiting delivery of the runs that go on is due.
pub(super) async fn next_due(tx: &mut Tx, campaign: Id) -> DbResult<Option<Timestamp>> {
    let sql = "SELECT MIN(d.due_at) AS due_at FROM deliveries d JOIN runs r ON r.id = d.run_id
               WHERE r.campaign_id = ?1 AND r.status IN ('active', 'paused')
                 AND d.state IN ('queued', 'deferred')";
    tx.row(sql, params![campaign]).await?.map_or(Ok(None), |row| row.get("due_at"))
}

/// The name of the workspace.
pub(super) async fn workspace_name(tx: &mut Tx) -> DbResult<String> {
    let sql = "SELECT name FROM workspaces WHERE id = ?1";
    let row = tx.row(sql, params![tx.workspace()]).await?;
    row.map_or_else(|| Ok(String::new()), |row| row.get("name"))
}
