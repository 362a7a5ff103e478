//! Types and pure rules.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::schedule::{BadSchedule, Schedule, ScheduleState};
use crate::core::contacts::ContactError;
use crate::core::content::{ContentError, Format, TemplateError};
use crate::core::kernel::{BadName, Currency, Id, Labels, Money, Timestamp, check_name, words};
use crate::core::publishing::{
    ComposeError, Counts, Failure, Mailbox, PublishingError, Run, Waiting,
};
use crate::storage::sql::DbError;

words! {
    /// What kind of campaign it is.
    CampaignType {
        Email = "email",
        SocialMedia = "social_media",
        Display = "display",
        Search = "search",
        Multichannel = "multichannel",
    }
}

words! {
    /// Where a campaign stands.
    Status {
        Draft = "draft",
        Scheduled = "scheduled",
        Active = "active",
        Paused = "paused",
        Completed = "completed",
        Cancelled = "cancelled",
        Failed = "failed",
        Archived = "archived",
    }
}

impl Status {
    /// The statuses that may follow.
    pub const fn next(self) -> &'static [Self] {
        match self {
            Self::Draft => &[Self::Scheduled, Self::Active, Self::Archived],
            Self::Scheduled => &[Self::Draft, Self::Active, Self::Cancelled],
            Self::Active => &[Self::Paused, Self::Completed, Self::Cancelled, Self::Failed],
            Self::Paused => &[Self::Active, Self::Cancelled],
            Self::Failed => &[Self::Active, Self::Cancelled, Self::Archived],
            Self::Completed | Self::Cancelled => &[Self::Archived],
            Self::Archived => &[],
        }
    }

    /// Whether what is sent may still be changed.
    pub const fn is_editable(self) -> bool {
        matches!(self, Self::Draft | Self::Scheduled)
    }

    /// Whether mails of its last run may be sent again: no worker has that in hand, and nobody ended
    /// the campaign for good. It is active again then, which is none of the transitions of
    /// [`next`](Self::next): a completed campaign is not started again, a few of its mails are.
    pub const fn may_resend(self) -> bool {
        matches!(self, Self::Scheduled | Self::Paused | Self::Completed | Self::Failed)
    }

    /// Whether a run of it may be going on.
    pub const fn is_running(self) -> bool {
        matches!(self, Self::Active | Self::Paused)
    }
}

/// Something referred to, by the name people know it by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub id: Id,
    pub name: String,
}

/// A campaign.
#[derive(Clone, Debug, PartialEq)]
pub struct Campaign {
    pub id: Id,
    pub name: String,
    pub kind: CampaignType,
    pub status: Status,
    /// `None`: the built-in outbox, which writes files.
    pub channel: Option<Named>,
    pub budget: Option<Money>,
    pub spent: Money,
    pub start_date: Option<NaiveDate>,
    pub end_date: Option<NaiveDate>,
    pub timezone: Option<String>,
    pub target_audience: Audience<Named>,
    pub settings: serde_json::Value,
    pub goals: Vec<Goal>,
    pub labels: Labels,
    pub messages: Vec<Message>,
    /// When its schedule lets it start next.
    pub next_start: Option<Timestamp>,
    /// Counts the edits; the entity tag of the campaign.
    pub version: u64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Who a campaign is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audience<L> {
    /// Their subscribers receive.
    pub lists: Vec<L>,
    /// So does everybody in one of these, as it is when a run begins.
    pub segments: Vec<L>,
}

impl Audience<Named> {
    fn names(&self) -> Audience<String> {
        let names = |all: &[Named]| all.iter().map(|one| one.name.clone()).collect();
        Audience { lists: names(&self.lists), segments: names(&self.segments) }
    }
}

/// A figure to reach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goal {
    pub metric: String,
    pub target: u64,
}

/// One message of a campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub id: Id,
    pub name: String,
    pub subject: String,
    pub preheader: Option<String>,
    pub content: MessageContent<Named>,
    pub text: Option<String>,
    pub from: Option<Mailbox>,
    pub reply_to: Option<String>,
}

/// Where a message's body comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MessageContent<T> {
    Template(T),
    Inline { format: Format, body: String },
}

/// A campaign to be, or as it shall be. Lists, channel and templates are named by references.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    pub name: String,
    pub kind: CampaignType,
    pub channel: Option<String>,
    pub budget: Option<Money>,
    pub start_date: Option<NaiveDate>,
    pub end_date: Option<NaiveDate>,
    pub timezone: Option<String>,
    pub target_audience: Audience<String>,
    pub settings: serde_json::Value,
    pub goals: Vec<Goal>,
    pub labels: Labels,
    pub messages: Vec<DraftMessage>,
}

/// A message of a draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftMessage {
    pub name: String,
    pub subject: String,
    pub preheader: Option<String>,
    pub content: MessageContent<String>,
    pub text: Option<String>,
    pub from: Option<Mailbox>,
    pub reply_to: Option<String>,
}

/// How far a campaign's last run is.
#[derive(Clone, Debug)]
pub struct Progress {
    pub campaign: Campaign,
    pub run: Option<Run>,
    pub counts: Counts,
    /// When the next waiting delivery is due.
    pub next_due: Option<Timestamp>,
    /// The deliveries that wait for their time: by their contacts' clocks, or by a limit.
    pub waiting: Option<Waiting>,
    /// When it starts by itself.
    pub schedule: Option<Schedule>,
    /// When its run is probably done.
    pub eta: Option<Timestamp>,
    /// What failed in its run or waits for another attempt, most first.
    pub failures: Vec<Failure>,
}

/// What can go wrong with campaigns.
#[derive(Debug, thiserror::Error)]
pub enum CampaignError {
    #[error("no campaign `{0}`; `frontier campaign list` shows those there are")]
    NotFound(String),
    #[error("`{text}` could be {}; write more of it", .names.join(", "))]
    Ambiguous { text: String, names: Vec<String> },
    #[error("a campaign named `{0}` already exists; choose another name")]
    NameTaken(String),
    #[error("`{name}` is {from}, so it cannot become {to}; {}", allowed(*from))]
    Transition { name: String, from: Status, to: Status },
    #[error("`{name}` is {status} and can no longer be edited; duplicate it and edit the copy")]
    NotEditable { name: String, status: Status },
    #[error("`{name}` is {status}; cancel it before it is deleted")]
    Running { name: String, status: Status },
    #[error("`{name}` was changed by somebody else (it is at version {found}); look at it again")]
    Outdated { name: String, found: u64 },
    #[error("the campaign is not valid: {0}")]
    Invalid(String),
    #[error("`{name}` cannot be sent: {problem}")]
    NotReady { name: String, problem: String },
    #[error(
        "`{name}` would go to {recipients} contacts, and {confirmed} were confirmed; look at its lists \
         and segments, or confirm {recipients}"
    )]
    Audience { name: String, recipients: u64, confirmed: u64 },
    #[error("`{0}` has not been started; `frontier campaign start` begins a run")]
    NoRun(String),
    #[error("`{name}` is {status}, so no mail of it is sent again; {}", before_resend(*status))]
    Resend { name: String, status: Status },
    #[error(
        "{found} of the mails of `{name}` would be sent again, and {confirmed} were confirmed; look at \
         them with `frontier campaign deliveries`, or confirm {found}"
    )]
    ResendCount { name: String, found: u64, confirmed: u64 },
    #[error("no mail of `{name}` can be sent again: {}", nothing_to_resend(*held_back))]
    NothingToResend { name: String, held_back: u64 },
    #[error("`{name}` has no run `{text}`; its last one is {last}")]
    RunNotFound { name: String, text: String, last: Id },
    #[error("no schedule `{0}`; `frontier schedule list` shows those there are")]
    ScheduleNotFound(String),
    #[error("`{0}` has no schedule; `frontier campaign schedule` makes one")]
    NoSchedule(String),
    #[error(
        "`{name}` has the schedule `{schedule}` already; a campaign has one, so give it that name"
    )]
    HasSchedule { name: String, schedule: String },
    #[error("a schedule named `{0}` already exists; choose another name")]
    ScheduleNameTaken(String),
    #[error("the schedule `{name}` is {state}, so it cannot become {to}")]
    ScheduleState { name: String, state: ScheduleState, to: ScheduleState },
    #[error(transparent)]
    Schedule(#[from] BadSchedule),
    #[error(transparent)]
    Name(#[from] BadName),
    #[error(transparent)]
    Contact(#[from] ContactError),
    #[error(transparent)]
    Template(#[from] TemplateError),
    #[error(transparent)]
    Content(#[from] ContentError),
    #[error("for {contact}: {error}")]
    Compose { contact: String, error: ComposeError },
    #[error(transparent)]
    Publishing(#[from] PublishingError),
    #[error("the campaigns could not be read or saved")]
    Store(#[from] DbError),
}

fn before_resend(status: Status) -> &'static str {
    match status {
        Status::Active => "wait until it has ended, or pause it first",
        Status::Draft => "it has not been started",
        _ => "duplicate it, and send the copy",
    }
}

fn nothing_to_resend(held_back: u64) -> String {
    match held_back {
        0 => "none that failed matches; `frontier campaign deliveries` shows all there are"
            .to_owned(),
        some => {
            format!("{some} match, and their contacts are suppressed, were deleted or have left")
        }
    }
}

fn allowed(from: Status) -> String {
    match from.next() {
        [] => "nothing follows it".to_owned(),
        _ if from == Status::Paused => {
            "`frontier campaign resume` goes on and `frontier campaign cancel` ends it".to_owned()
        }
        next => {
            let names: Vec<&str> = next.iter().map(|status| status.as_str()).collect();
            format!("from {from} it can become {}", names.join(", "))
        }
    }
}

impl Campaign {
    /// Checks that the campaign may become `to`.
    pub(super) fn may_become(&self, to: Status) -> Result<(), CampaignError> {
        if self.status.next().contains(&to) {
            return Ok(());
        }
        Err(CampaignError::Transition { name: self.name.clone(), from: self.status, to })
    }

    /// The campaign as a draft that would make the same again.
    pub fn draft(&self) -> Draft {
        Draft {
            name: self.name.clone(),
            kind: self.kind,
            channel: self.channel.as_ref().map(|channel| channel.name.clone()),
            budget: self.budget,
            start_date: self.start_date,
            end_date: self.end_date,
            timezone: self.timezone.clone(),
            target_audience: self.target_audience.names(),
            settings: self.settings.clone(),
            goals: self.goals.clone(),
            labels: self.labels.clone(),
            messages: self.messages.iter().map(Message::draft).collect(),
        }
    }
}

impl Message {
    fn draft(&self) -> DraftMessage {
        DraftMessage {
            name: self.name.clone(),
            subject: self.subject.clone(),
            preheader: self.preheader.clone(),
            content: match &self.content {
                MessageContent::Template(template) => {
                    MessageContent::Template(template.name.clone())
                }
                MessageContent::Inline { format, body } => {
                    MessageContent::Inline { format: *format, body: body.clone() }
                }
            },
            text: self.text.clone(),
            from: self.from.clone(),
            reply_to: self.reply_to.clone(),
        }
    }
}

impl Draft {
    /// A draft with nothing but a name.
    pub fn named(name: String) -> Self {
        Self {
            name,
            kind: CampaignType::Email,
            channel: None,
            budget: None,
            start_date: None,
            end_date: None,
            timezone: None,
            target_audience: Audience { lists: Vec::new(), segments: Vec::new() },
            settings: serde_json::json!({}),
            goals: Vec::new(),
            labels: Labels::new(),
            messages: Vec::new(),
        }
    }

    /// The currency its money is in.
    pub fn currency(&self) -> Currency {
        self.budget.map_or(Currency::EUR, |budget| budget.currency)
    }

    /// Checks what needs nothing but the draft.
    pub(super) fn check(&self) -> Result<(), CampaignError> {
        let wrong = |what: String| Err(CampaignError::Invalid(what));
        check_name(&self.name)?;
        if self.budget.is_some_and(|budget| budget.minor < 0) {
            return wrong("a budget cannot be negative".into());
        }
        if let Some((start, end)) = self.start_date.zip(self.end_date)
            && end < start
        {
            return wrong(format!("it ends on {end}, before it starts on {start}"));
        }
        if let Some(zone) = &self.timezone
            && zone.parse::<chrono_tz::Tz>().is_err()
        {
            return wrong(format!("`{zone}` is no time zone; write one as Europe/Madrid"));
        }
        if !self.settings.is_object() {
            return wrong("settings must be an object".into());
        }
        for Goal { metric, target } in &self.goals {
            let word = metric.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
            if !word || !(1..=63).contains(&metric.len()) {
                return wrong(format!("`{metric}` is no metric; use a-z and _, as in clicks"));
            }
            if !i64::try_from(*target).is_ok_and(|target| target > 0) {
                return wrong(format!("the target of {metric} is {target}; give 1 or more"));
            }
        }
        for (at, message) in self.messages.iter().enumerate() {
            check_name(&message.name)?;
            if message.subject.trim().is_empty() {
                return wrong(format!("the message `{}` has no subject", message.name));
            }
            if self.messages[..at].iter().any(|other| other.name == message.name) {
                return wrong(format!("two messages are named `{}`", message.name));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_is_reached_and_archived_is_the_end() {
        for status in Status::ALL {
            let reached = Status::ALL.iter().any(|from| from.next().contains(status));
            assert!(reached || *status == Status::Draft, "{status}");
        }
        assert!(Status::Archived.next().is_empty());
    }

    #[test]
    fn a_refused_transition_says_what_is_allowed() {
        let name = "spring".to_owned();
        let refusal =
            CampaignError::Transition { name, from: Status::Completed, to: Status::Active };
        insta::assert_snapshot!(refusal, @"`spring` is completed, so it cannot become active; from completed it can become archived");
        let name = "spring".to_owned();
        let refusal = CampaignError::Transition { name, from: Status::Paused, to: Status::Active };
        assert!(refusal.to_string().contains("`frontier campaign resume` goes on"), "{refusal}");
    }

    #[test]
    fn a_draft_is_checked_before_it_is_saved() {
        let mut draft = Draft::named("spring".into());
        assert!(draft.check().is_ok());
        draft.start_date = "2026-03-31".parse().ok();
        draft.end_date = "2026-03-01".parse().ok();
        insta::assert_snapshot!(
            draft.check().unwrap_err(),
            @"the campaign is not valid: it ends on 2026-03-01, before it starts on 2026-03-31"
        );
    }
}
