//! Campaigns, their lists and their messages.

use super::model::{Audience, Campaign, Message, MessageContent, Named};
use crate::core::kernel::{Currency, Id, Money, PageRequest, Timestamp};
use crate::core::publishing::Mailbox;
use crate::storage::sql::{DbResult, Params, Row, Tx, params};

const COLUMNS: &str = "c.id, c.name, c.type, c.status, c.channel_id, ch.name AS channel,
    c.budget_minor, c.spent_minor, c.currency, c.start_date, c.end_date, c.timezone, c.settings,
    c.goals, c.labels, c.version, c.created_at, c.updated_at, s.next_at AS next_start";
const FROM: &str = "campaigns c LEFT JOIN channels ch ON ch.id = c.channel_id
    LEFT JOIN schedules s ON s.campaign_id = c.id AND s.state = 'waiting'";

/// Writes a new campaign with its lists and messages.
pub(super) async fn insert(tx: &mut Tx, campaign: &Campaign) -> DbResult<()> {
    let sql = "INSERT INTO campaigns
        (workspace_id, id, name, type, channel_id, budget_minor, currency, start_date, end_date,
         timezone, settings, goals, labels, updated_at, status, spent_minor, version, created_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, 1, ?14)";
    let mut values = values(tx, campaign);
    values.extend(params![campaign.status.as_str(), campaign.spent.minor]);
    tx.execute(sql, values).await?;
    insert_parts(tx, campaign).await
}

/// Writes a campaign again, one version on, if it is still at `campaign.version`; says whether it
/// was.
pub(super) async fn update(tx: &mut Tx, campaign: &Campaign) -> DbResult<bool> {
    let sql = "UPDATE campaigns SET name = ?3, type = ?4, channel_id = ?5, budget_minor = ?6,
               currency = ?7, start_date = ?8, end_date = ?9, timezone = ?10, settings = ?11,
               goals = ?12, labels = ?13, updated_at = ?14, version = version + 1
               WHERE workspace_id = ?1 AND id = ?2 AND version = ?15";
    let mut values = values(tx, campaign);
    values.push(campaign.version.into());
    if tx.execute(sql, values).await? == 0 {
        return Ok(false);
    }
    for table in ["messages", "campaign_lists", "campaign_segments"] {
        let sql = format!("DELETE FROM {table} WHERE campaign_id = ?1");
        tx.execute(&sql, params![campaign.id]).await?;
    }
    insert_parts(tx, campaign).await?;
    Ok(true)
}

/// Moves a campaign from one status to another, one version on; says whether it was in the first.
pub(super) async fn set_status(
    tx: &mut Tx,
    campaign: &Campaign,
    status: super::Status,
    now: Timestamp,
) -> DbResult<bool> {
    let sql = "UPDATE campaigns SET status = ?4, version = version + 1, updated_at = ?5
               WHERE workspace_id = ?1 AND id = ?2 AND status = ?3";
    let (from, to) = (campaign.status.as_str(), status.as_str());
    let values = params![tx.workspace(), campaign.id, from, to, now];
    Ok(tx.execute(sql, values).await? == 1)
}

pub(super) async fn get(tx: &mut Tx, id: Id) -> DbResult<Option<Campaign>> {
    let sql = format!("SELECT {COLUMNS} FROM {FROM} WHERE c.workspace_id = ?1 AND c.id = ?2");
    let Some(row) = tx.row(&sql, params![tx.workspace(), id]).await? else { return Ok(None) };
    Ok(with_parts(tx, vec![campaign(&row)?]).await?.pop())
}

/// Campaigns after `page.after`, oldest first, of one status or of all.
pub(super) async fn page(
    tx: &mut Tx,
    status: Option<super::Status>,
    page: &PageRequest,
) -> DbResult<Vec<Campaign>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM {FROM}
         WHERE c.workspace_id = ?1 AND c.id > ?2 AND c.status = COALESCE(?4, c.status)
         ORDER BY c.id LIMIT ?3"
    );
    let status = status.map(super::Status::as_str);
    let rows = tx.rows(&sql, params![tx.workspace(), page.after, page.fetch(), status]).await?;
    let campaigns = rows.iter().map(campaign).collect::<DbResult<_>>()?;
    with_parts(tx, campaigns).await
}

/// Deletes a campaign if it is still at `campaign.version`; says whether it was.
pub(super) async fn delete(tx: &mut Tx, campaign: &Campaign) -> DbResult<bool> {
    let sql = "DELETE FROM campaigns WHERE workspace_id = ?1 AND id = ?2 AND version = ?3";
    Ok(tx.execute(sql, params![tx.workspace(), campaign.id, campaign.version]).await? == 1)
}

/// The columns that an insert and an update share, `?1` to `?14`.
fn values(tx: &Tx, campaign: &Campaign) -> Params {
    params![
        tx.workspace(),
        campaign.id,
        &campaign.name,
        campaign.kind.as_str(),
        campaign.channel.as_ref().map(|channel| channel.id),
        campaign.budget.map(|budget| budget.minor),
        campaign.spent.currency,
        campaign.start_date,
        campaign.end_date,
        campaign.timezone.clone(),
        &campaign.settings,
        serde_json::json!(campaign.goals),
        serde_json::json!(campaign.labels),
        campaign.updated_at
    ]
}

async fn insert_parts(tx: &mut Tx, campaign: &Campaign) -> DbResult<()> {
    let lists = &campaign.target_audience.lists;
    let rows = lists.iter().map(|list| params![campaign.id, list.id]).collect();
    let columns = ["campaign_id", "list_id"];
    tx.insert_many("campaign_lists", &columns, rows, "ON CONFLICT DO NOTHING").await?;
    let segments = &campaign.target_audience.segments;
    let rows = segments.iter().map(|segment| params![campaign.id, segment.id]).collect();
    let columns = ["campaign_id", "segment_id"];
    tx.insert_many("campaign_segments", &columns, rows, "ON CONFLICT DO NOTHING").await?;
    let columns = [
        "id",
        "campaign_id",
        "position",
        "name",
        "subject",
        "preheader",
        "template_id",
        "format",
        "body",
        "text",
        "from_name",
        "from_email",
        "reply_to",
    ];
    let rows = (0_i64..).zip(&campaign.messages).map(|(position, message)| {
        let (template, format, body) = match &message.content {
            MessageContent::Template(template) => (Some(template.id), None, None),
            MessageContent::Inline { format, body } => (None, Some(format.as_str()), Some(body)),
        };
        params![
            message.id,
            campaign.id,
            position,
            &message.name,
            &message.subject,
            message.preheader.clone(),
            template,
            format,
            body,
            message.text.clone(),
            message.from.as_ref().and_then(|from| from.name.clone()),
            message.from.as_ref().map(|from| from.email.clone()),
            message.reply_to.clone()
        ]
    });
    tx.insert_many("messages", &columns, rows.collect(), "").await.map(drop)
}

/// Adds the lists, segments and messages of `campaigns`, in three queries for all of them.
async fn with_parts(tx: &mut Tx, mut campaigns: Vec<Campaign>) -> DbResult<Vec<Campaign>> {
    let (Some(first), Some(last)) = (campaigns.first(), campaigns.last()) else {
        return Ok(campaigns);
    };
    let range = params![tx.workspace(), first.id, last.id];
    let lists = "SELECT cl.campaign_id, l.id, l.name FROM campaign_lists cl
                 JOIN lists l ON l.id = cl.list_id
                 WHERE l.workspace_id = ?1 AND cl.campaign_id >= ?2 AND cl.campaign_id <= ?3
                 ORDER BY l.name";
    let segments = "SELECT cs.campaign_id, s.id, s.name FROM campaign_segments cs
                    JOIN segments s ON s.id = cs.segment_id
                    WHERE s.workspace_id = ?1 AND cs.campaign_id >= ?2 AND cs.campaign_id <= ?3
                    ORDER BY s.name";
    let messages = "SELECT m.*, t.name AS template FROM messages m
                    JOIN campaigns c ON c.id = m.campaign_id
                    LEFT JOIN templates t ON t.id = m.template_id
                    WHERE c.workspace_id = ?1 AND m.campaign_id >= ?2 AND m.campaign_id <= ?3
                    ORDER BY m.campaign_id, m.position";
    let lists = tx.rows(lists, range.clone()).await?;
    let segments = tx.rows(segments, range.clone()).await?;
    let messages = tx.rows(messages, range).await?;
    let place = |campaigns: &[Campaign], row: &Row| {
        let id: Id = row.get("campaign_id")?;
        DbResult::Ok(campaigns.binary_search_by_key(&id, |campaign| campaign.id).ok())
    };
    for row in &lists {
        if let Some(at) = place(&campaigns, row)? {
            let named = Named { id: row.get("id")?, name: row.get("name")? };
            campaigns[at].target_audience.lists.push(named);
        }
    }
    for row in &segments {
        if let Some(at) = place(&campaigns, row)? {
            let named = Named { id: row.get("id")?, name: row.get("name")? };
            campaigns[at].target_audience.segments.push(named);
        }
    }
    for row in &messages {
        if let Some(at) = place(&campaigns, row)? {
            campaigns[at].messages.push(message(row)?);
        }
    }
    Ok(campaigns)
}

fn campaign(row: &Row) -> DbResult<Campaign> {
    let currency: Currency = row.get("currency")?;
    let channel = row.get::<Option<Id>>("channel_id")?;
    Ok(Campaign {
        id: row.get("id")?,
        name: row.get("name")?,
        kind: row.word("type")?,
        status: row.word("status")?,
        channel: channel.zip(row.get("channel")?).map(|(id, name)| Named { id, name }),
        budget: row.get::<Option<i64>>("budget_minor")?.map(|minor| Money::new(minor, currency)),
        spent: Money::new(row.get("spent_minor")?, currency),
        start_date: row.get("start_date")?,
        end_date: row.get("end_date")?,
        timezone: row.get("timezone")?,
        target_audience: Audience { lists: Vec::new(), segments: Vec::new() },
        settings: row.get("settings")?,
        goals: row.json("goals")?,
        labels: row.json("labels")?,
        messages: Vec::new(),
        next_start: row.get("next_start")?,
        version: row.get("version")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}

fn message(row: &Row) -> DbResult<Message> {
    let content = match row.get::<Option<Id>>("template_id")? {
        Some(id) => MessageContent::Template(Named { id, name: row.get("template")? }),
        None => MessageContent::Inline { format: row.word("format")?, body: row.get("body")? },
    };
    let name = row.get("from_name")?;
    Ok(Message {
        id: row.get("id")?,
        name: row.get("name")?,
        subject: row.get("subject")?,
        preheader: row.get("preheader")?,
        content,
        text: row.get("text")?,
        from: row.get::<Option<String>>("from_email")?.map(|email| Mailbox { name, email }),
        reply_to: row.get("reply_to")?,
    })
}
