//! The kind `Campaign`.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::str::FromStr as _;

use chrono::NaiveDate;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::{Body, Kept, KindSpec, body, format};
use crate::core::campaigns::{
    Audience, Campaign, CampaignType, Draft, DraftMessage, Goal, MessageContent,
};
use crate::core::content::Format;
use crate::core::kernel::{BadMoney, Currency, Labels, Money};
use crate::core::manifests::check::Checked;
use crate::core::manifests::model::Kind;
use crate::core::manifests::positions::{Node, Span, Value};
use crate::core::manifests::problem::Fault;
use crate::core::manifests::rules;
use crate::core::manifests::service::{ManifestError, Manifests};
use crate::core::manifests::shape::{
    DATE, EMAIL, FILLED, FORMAT, Field, Form, NAME, SENDER, Shape, TEXT, may, must,
};
use crate::core::manifests::world::Existing;
use crate::core::manifests::written::{Files, Incomplete, word};
use crate::core::publishing::Mailbox;
use crate::storage::sql::Tx;

#[derive(Clone, Debug, PartialEq)]
pub struct CampaignSpec {
    pub campaign_type: CampaignType,
    pub channel: Option<String>,
    /// Whose contacts it is for.
    pub lists: BTreeSet<String>,
    /// So is everybody in one of these.
    pub segments: BTreeSet<String>,
    /// What to spend at most; never negative.
    pub budget: Option<Money>,
    pub start_date: Option<NaiveDate>,
    /// Not before `start_date`.
    pub end_date: Option<NaiveDate>,
    pub timezone: Option<Tz>,
    pub goals: Vec<Goal>,
    pub settings: serde_json::Map<String, serde_json::Value>,
    /// No two share a name.
    pub messages: Vec<DraftMessage>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::core::manifests) struct WrittenCampaign {
    #[serde(rename = "type")]
    campaign_type: Option<WrittenType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_audience: Option<WrittenAudience>,
    #[serde(skip_serializing_if = "Option::is_none")]
    budget: Option<WrittenBudget>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_date: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_date: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timezone: Option<Tz>,
    #[serde(skip_serializing_if = "Option::is_none")]
    goals: Option<Vec<Goal>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    settings: Option<serde_json::Map<String, serde_json::Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    messages: Option<Vec<WrittenMessage>>,
}

/// The type of a campaign, by its word.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct WrittenType(#[serde(with = "word")] CampaignType);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::core::manifests) struct WrittenMessage {
    name: String,
    subject: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    preheader: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<Format>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Mailbox>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::core::manifests) struct WrittenAudience {
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    lists: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    segments: BTreeSet<String>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "WrittenMoney", into = "WrittenMoney")]
struct WrittenBudget(Money);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::core::manifests) struct WrittenMoney {
    amount: String,
    currency: Currency,
}

impl KindSpec for CampaignSpec {
    type Written = WrittenCampaign;

    const FIELDS: &'static [Field] = &[
        may(
            "type",
            Shape::OneOf(&["email", "social_media", "display", "search", "multichannel"]),
            "By which means it reaches people.",
        )
        .default("email"),
        may("channel", Shape::Reference(Kind::Channel), "The way out of its messages.")
            .example("mail"),
        may(
            "target_audience",
            Shape::Fields(&[
                may(
                    "lists",
                    Shape::ListOf(&Shape::Reference(Kind::List)),
                    "The lists whose subscribers receive it; who is on several receives it once.",
                )
                .example("[customers]"),
                may(
                    "segments",
                    Shape::ListOf(&Shape::Reference(Kind::Segment)),
                    "Whoever is in one of these when it starts receives it too.",
                )
                .example("[readers]"),
            ]),
            "Whom it is for.",
        ),
        may(
            "budget",
            Shape::Fields(&[
                must("amount", TEXT, "An exact decimal number, not negative.").example("1200.00"),
                must(
                    "currency",
                    Shape::Text(rules::currency, Form::Pattern("^[A-Z]{3}$")),
                    "Its ISO 4217 code.",
                )
                .example("EUR"),
            ]),
            "What to spend at most.",
        ),
        may("start_date", DATE, "Its first day.").example("2026-03-01"),
        may("end_date", DATE, "Its last day; not before the first.").example("2026-03-31"),
        may(
            "timezone",
            Shape::Text(rules::timezone, Form::Zone),
            "Where its days begin and end, as the tz database calls it.",
        )
        .example("Europe/Madrid"),
        may("goals", Shape::ListOf(&GOAL), "What it shall reach."),
        may("settings", Shape::Free, "Anything of your own; kept as it is.")
            .example("{ utm: { source: mail } }"),
        may("messages", Shape::ListOf(&MESSAGE), "What is sent, in this order."),
    ];
    const ABOUT: &'static str =
        "What is sent, to whom, and when. It starts as a draft: an apply sends nothing.";
    const EXAMPLE: &'static str = include_str!("../examples/campaign.yaml");

    fn check_rules(checked: &mut Checked, spec: &Node, _: Span) {
        let text = |key: &str| spec.get(key).and_then(|node| Some((node.text()?, node.at)));
        if let (Some((start, _)), Some((end, at))) = (text("start_date"), text("end_date"))
            && rules::date(start).is_ok()
            && rules::date(end).is_ok()
            && end < start
        {
            checked.fault(
                at,
                format!("the campaign ends before it starts, on {start}"),
                "write a later date",
            );
        }
        if let Some(budget) = spec.get("budget")
            && let (Some(amount), Some(currency)) = (budget.get("amount"), budget.get("currency"))
            && let (Some(text), Some(currency)) = (amount.text(), currency.text())
            && let Ok(currency) = Currency::from_str(currency)
        {
            match Money::parse(text, currency) {
                Ok(money) if money.minor < 0 => {
                    checked.fault(amount.at, "a budget cannot be negative", "write 0 or more");
                }
                Ok(_) => {}
                Err(error) => checked.faults.push(Fault::new(amount.at, error.to_string())),
            }
        }
        let lists = spec.get("target_audience").and_then(|audience| audience.get("lists"));
        checked.no_two(lists.map_or(&[][..], Node::items).iter().map(Rc::as_ref), "list");
        let segments = spec.get("target_audience").and_then(|audience| audience.get("segments"));
        checked.no_two(segments.map_or(&[][..], Node::items).iter().map(Rc::as_ref), "segment");
        let messages = spec.get("messages").map_or(&[][..], Node::items);
        checked.no_two(messages.iter().filter_map(|message| message.get("name")), "message");
        for (index, message) in messages.iter().enumerate() {
            if matches!(message.value, Value::Map(_)) {
                let path = format!("Campaign.spec.messages[{index}]");
                checked.body(message, message.at, true, &path);
            }
        }
    }

    fn read(written: WrittenCampaign, files: &Files) -> Result<Self, Incomplete> {
        let messages = written.messages.unwrap_or_default();
        let (lists, segments) = written
            .target_audience
            .map(|audience| (audience.lists, audience.segments))
            .unwrap_or_default();
        Ok(Self {
            campaign_type: written.campaign_type.map_or(CampaignType::Email, |WrittenType(of)| of),
            channel: written.channel,
            lists,
            segments,
            budget: written.budget.map(|WrittenBudget(money)| money),
            start_date: written.start_date,
            end_date: written.end_date,
            timezone: written.timezone,
            goals: written.goals.unwrap_or_default(),
            settings: written.settings.unwrap_or_default(),
            messages: messages
                .into_iter()
                .map(|message| message.resolve(files))
                .collect::<Result<_, _>>()?,
        })
    }

    fn written(&self) -> WrittenCampaign {
        let mut settings = self.settings.clone();
        settings.sort_keys();
        settings.values_mut().for_each(serde_json::Value::sort_all_objects);
        WrittenCampaign {
            campaign_type: Some(WrittenType(self.campaign_type)),
            channel: self.channel.clone(),
            target_audience: Some(WrittenAudience {
                lists: self.lists.clone(),
                segments: self.segments.clone(),
            })
            .filter(|audience| !(audience.lists.is_empty() && audience.segments.is_empty())),
            budget: self.budget.map(WrittenBudget),
            start_date: self.start_date,
            end_date: self.end_date,
            timezone: self.timezone,
            goals: Some(self.goals.clone()).filter(|goals| !goals.is_empty()),
            settings: Some(settings).filter(|settings| !settings.is_empty()),
            messages: Some(self.messages.iter().map(WrittenMessage::from).collect())
                .filter(|messages: &Vec<_>| !messages.is_empty()),
        }
    }

    fn bodies<'a>(written: &'a mut WrittenCampaign, name: &str) -> Vec<Body<'a>> {
        let body = |message: &'a mut WrittenMessage| {
            let stem = format!("messages/{name}/{}", message.name);
            let (inline, file) = (&mut message.body, &mut message.body_file);
            Some(Body { inline, file, format: message.format?, stem })
        };
        written.messages.iter_mut().flatten().filter_map(body).collect()
    }
}

/// Targets go as far as the stores count.
const GOAL: Shape = Shape::Fields(&[
    must("metric", Shape::Text(rules::metric, Form::Pattern("^[a-z_]{1,63}$")), "What is counted.")
        .example("clicks"),
    must(
        "target",
        Shape::Number { least: 1, most: i64::MAX as u64 },
        "How many of them are the goal.",
    )
    .example("300"),
]);

const MESSAGE: Shape = Shape::Fields(&[
    must("name", NAME, "What it is called; no two messages of a campaign share a name.")
        .example("launch"),
    must("subject", FILLED, "The subject, with variables such as `{{ contact.name }}`.")
        .example("Spring is here"),
    may("preheader", TEXT, "What inboxes show after the subject."),
    may(
        "template",
        Shape::Reference(Kind::Template),
        "The template with the body; it brings its own format.",
    )
    .example("offer")
    .choice(),
    may(
        "format",
        FORMAT,
        "What `body` or `body_file` is written in; not beside `template`. That of the ending of \
         `body_file` (.md, .html, .mjml) when it is left out.",
    ),
    may("body", TEXT, "The body itself.").example("\"Hello {{ contact.name }}\"").choice(),
    may("body_file", Shape::BodyFile, "The file with the body, relative to this one.")
        .example("messages/launch.md")
        .choice(),
    may("text", TEXT, "The text part; made out of the body when it is left out."),
    may("from", SENDER, "Whom it comes from, instead of the channel's."),
    may("reply_to", EMAIL, "Where answers go, instead of the channel's.").environment(),
]);

impl Kept for CampaignSpec {
    async fn names(manifests: &Manifests, tx: &mut Tx) -> Result<Vec<String>, ManifestError> {
        Ok(manifests.campaigns.campaign_names_in(tx).await?)
    }

    async fn named(
        manifests: &Manifests,
        tx: &mut Tx,
        name: &str,
    ) -> Result<Option<Existing>, ManifestError> {
        Ok(manifests.campaigns.campaign_named_in(tx, name).await?.map(Existing::from))
    }

    async fn create(
        self,
        manifests: &Manifests,
        tx: &mut Tx,
        name: String,
        labels: Labels,
    ) -> Result<(), ManifestError> {
        manifests.campaigns.create_in(tx, self.draft(name, labels)).await?;
        Ok(())
    }

    async fn update(
        self,
        manifests: &Manifests,
        tx: &mut Tx,
        existing: &Existing,
        labels: Labels,
    ) -> Result<(), ManifestError> {
        let (reference, version) = (existing.id.to_string(), Some(existing.version));
        let draft = self.draft(existing.document.name.clone(), labels);
        manifests.campaigns.update_in(tx, &reference, draft, version).await?;
        Ok(())
    }

    async fn delete(
        manifests: &Manifests,
        tx: &mut Tx,
        existing: &Existing,
    ) -> Result<(), ManifestError> {
        let (reference, version) = (existing.id.to_string(), Some(existing.version));
        manifests.campaigns.delete_in(tx, &reference, version).await?;
        Ok(())
    }
}

impl WrittenMessage {
    fn resolve(self, files: &Files) -> Result<DraftMessage, Incomplete> {
        let format = format(self.format, self.body_file.as_deref());
        let body = body(self.body, self.body_file, files)?;
        let content = match (self.template, body, format) {
            (Some(template), None, None) => MessageContent::Template(template),
            (None, Some(body), Some(format)) => MessageContent::Inline { format, body },
            _ => return Err(Incomplete("a message has a `template`, or a body with its `format`")),
        };
        let Self { name, subject, preheader, text, from, reply_to, .. } = self;
        Ok(DraftMessage { name, subject, preheader, content, text, from, reply_to })
    }
}

impl From<&DraftMessage> for WrittenMessage {
    fn from(message: &DraftMessage) -> Self {
        let DraftMessage { name, subject, preheader, content, text, from, reply_to } =
            message.clone();
        let (template, format, body) = match content {
            MessageContent::Template(template) => (Some(template), None, None),
            MessageContent::Inline { format, body } => (None, Some(format), Some(body)),
        };
        Self {
            name,
            subject,
            preheader,
            template,
            format,
            body,
            body_file: None,
            text,
            from,
            reply_to,
        }
    }
}

impl TryFrom<WrittenMoney> for WrittenBudget {
    type Error = BadMoney;

    fn try_from(written: WrittenMoney) -> Result<Self, BadMoney> {
        Money::parse(&written.amount, written.currency).map(Self)
    }
}

impl From<WrittenBudget> for WrittenMoney {
    fn from(WrittenBudget(money): WrittenBudget) -> Self {
        Self { amount: money.amount(), currency: money.currency }
    }
}

impl CampaignSpec {
    pub(in crate::core::manifests) fn draft(self, name: String, labels: Labels) -> Draft {
        Draft {
            name,
            kind: self.campaign_type,
            channel: self.channel,
            budget: self.budget,
            start_date: self.start_date,
            end_date: self.end_date,
            timezone: self.timezone.map(|zone| zone.name().to_owned()),
            target_audience: Audience {
                lists: self.lists.into_iter().collect(),
                segments: self.segments.into_iter().collect(),
            },
            settings: self.settings.into(),
            goals: self.goals,
            labels,
            messages: self.messages,
        }
    }
}

impl From<Campaign> for Existing {
    fn from(campaign: Campaign) -> Self {
        let (id, version, status) = (campaign.id, campaign.version, campaign.status);
        let draft = campaign.draft();
        let settings = match draft.settings {
            serde_json::Value::Object(settings) => settings,
            _ => serde_json::Map::new(),
        };
        let spec = CampaignSpec {
            campaign_type: draft.kind,
            channel: draft.channel,
            lists: draft.target_audience.lists.into_iter().collect(),
            segments: draft.target_audience.segments.into_iter().collect(),
            budget: draft.budget,
            start_date: draft.start_date,
            end_date: draft.end_date,
            timezone: draft.timezone.and_then(|zone| zone.parse().ok()),
            goals: draft.goals,
            settings,
            messages: draft.messages,
        };
        let existing = Self::new(id, version, draft.name, draft.labels, spec);
        Self { status: Some(status), ..existing }
    }
}
