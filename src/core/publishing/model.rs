//! Runs and deliveries: types and pure rules.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::channel::RunChannel;
use super::local_time::LocalTime;
use super::publisher::{Mailbox, Verdict};
use crate::core::contacts::Condition;
use crate::core::content::{MessageSource, TemplateSource};
use crate::core::kernel::{BadName, Id, Timestamp, words};
use crate::storage::sql::DbError;

/// One execution of a campaign.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    pub id: Id,
    pub campaign_id: Id,
    pub channel: RunChannel,
    pub status: RunStatus,
    /// Contacts in the audience when the run began.
    pub recipients: u64,
    /// What holds the run up, in words.
    pub error: Option<String>,
    /// The limit it waits for.
    pub held: Option<Held>,
    /// How fast it was when that was last looked at.
    pub pace: Option<Pace>,
    pub started_at: Timestamp,
    pub finished_at: Option<Timestamp>,
}

/// What limit a run waits for, in words, and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub by: String,
    pub until: Timestamp,
}

/// Mails a second, over the seconds before `at`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    pub rate: f64,
    pub at: Timestamp,
}

impl Pace {
    /// Whether it says something about `now`.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        now.since(self.at) < Duration::from_secs(15)
    }
}

/// Deliveries of a run that failed or wait for another attempt with the same code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// `failed` or `deferred`.
    pub state: DeliveryState,
    /// The server's code; `None` when no server was asked, or none answered.
    pub code: Option<u16>,
    /// The enhanced code (RFC 3463).
    pub enhanced: Option<String>,
    pub count: u64,
    /// One of the replies.
    pub reply: Option<String>,
}

/// All that a run sends, fixed when it begins: a later edit changes no mail of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunPlan {
    pub campaign: String,
    pub channel: RunChannel,
    pub messages: Vec<PlannedMessage>,
    /// The templates that layouts and includes of the messages name.
    pub templates: Vec<TemplateSource>,
    /// What the segments of its audience ask.
    #[serde(default)]
    pub segments: Vec<Condition>,
    /// When its mails are due; at once when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_time: Option<LocalTime>,
}

/// One message of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedMessage {
    pub id: Id,
    pub source: MessageSource,
    pub from: Mailbox,
    pub reply_to: Option<String>,
}

words! {
    /// Where a run stands.
    RunStatus {
        Active = "active",
        Paused = "paused",
        Completed = "completed",
        Cancelled = "cancelled",
        Failed = "failed",
    }
}

words! {
    /// Where a delivery stands.
    DeliveryState {
        Queued = "queued",
        /// A worker has it in hand.
        Leased = "leased",
        /// The other side took the responsibility for it.
        Accepted = "accepted",
        /// Turned away for now; it is due again later.
        Deferred = "deferred",
        Failed = "failed",
        /// The address must not be sent to.
        Suppressed = "suppressed",
        Bounced = "bounced",
        Complained = "complained",
    }
}

impl DeliveryState {
    /// Whether nothing more happens to it by the run's own doing.
    pub const fn is_settled(self) -> bool {
        !matches!(self, Self::Queued | Self::Leased | Self::Deferred)
    }
}

/// One row of the ledger: one message of one run to one contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub run_id: Id,
    pub message_id: Id,
    pub contact_id: Id,
    pub email: String,
    pub state: DeliveryState,
    pub attempts: u32,
    pub due_at: Timestamp,
    /// The server's code, when a server answered.
    pub code: Option<u16>,
    /// The enhanced code (RFC 3463) of its reply, as in `5.1.1`.
    pub enhanced: Option<String>,
    pub reply: Option<String>,
    pub settled_at: Option<Timestamp>,
    /// How often it was put back to be sent again.
    pub resent: u32,
}

/// How many deliveries of a run are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub queued: u64,
    pub leased: u64,
    pub accepted: u64,
    pub deferred: u64,
    pub failed: u64,
    pub suppressed: u64,
    pub bounced: u64,
    pub complained: u64,
}

impl Counts {
    pub fn of(&mut self, state: DeliveryState) -> &mut u64 {
        match state {
            DeliveryState::Queued => &mut self.queued,
            DeliveryState::Leased => &mut self.leased,
            DeliveryState::Accepted => &mut self.accepted,
            DeliveryState::Deferred => &mut self.deferred,
            DeliveryState::Failed => &mut self.failed,
            DeliveryState::Suppressed => &mut self.suppressed,
            DeliveryState::Bounced => &mut self.bounced,
            DeliveryState::Complained => &mut self.complained,
        }
    }

    pub const fn total(&self) -> u64 {
        self.settled() + self.queued + self.leased + self.deferred
    }

    /// Those to which nothing more happens by the run's own doing.
    pub const fn settled(&self) -> u64 {
        self.accepted + self.failed + self.suppressed + self.bounced + self.complained
    }
}

/// How long a deferred mail waits before it is offered for the `attempts`-th time again, and when
/// it is given up: after the last of these.
const BACKOFF: [Duration; 6] = [
    Duration::from_mins(1),
    Duration::from_mins(5),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(8),
    Duration::from_hours(24),
];

/// When a mail that was offered `attempts` times is due again; `None` when it is given up.
pub(super) fn next_attempt(attempts: u32, now: Timestamp) -> Option<Timestamp> {
    let index = usize::try_from(attempts.max(1) - 1).ok()?;
    BACKOFF.get(index).map(|wait| now.plus(*wait))
}

/// The enhanced code (RFC 3463) that the reply of an unfavourable verdict begins with, as in `5.1.1`.
pub(super) fn enhanced_code(verdict: &Verdict) -> Option<String> {
    let (Verdict::Refused { code: Some(_), reply } | Verdict::Deferred { code: Some(_), reply }) =
        verdict
    else {
        return None;
    };
    let code = reply.split_ascii_whitespace().next()?;
    let parts: Vec<&str> = code.split('.').collect();
    let number = |part: &str, most: usize| {
        (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    matches!(parts.as_slice(), [class, subject, detail]
        if matches!(*class, "2" | "4" | "5") && number(subject, 3) && number(detail, 3))
    .then(|| code.to_owned())
}

/// The stable Message-ID of a delivery, without angle brackets: the same at every attempt.
pub(super) fn message_id(run: Id, message: Id, contact: Id, domain: &str) -> String {
    format!("{}.{}.{}@{domain}", run.simple(), message.simple(), contact.simple())
}

/// What can go wrong with channels, runs and deliveries.
#[derive(Debug, thiserror::Error)]
pub enum PublishingError {
    #[error("no channel `{0}`; `frontier channel list` shows those there are")]
    ChannelNotFound(String),
    #[error("`{text}` could be {}; write more of it", .names.join(", "))]
    Ambiguous { text: String, names: Vec<String> },
    #[error("a channel named `{0}` already exists; choose another name")]
    ChannelNameTaken(String),
    #[error("the channel `{0}` was changed meanwhile; look at it again")]
    ChannelOutdated(String),
    #[error("the channel `{0}` is used by a campaign; give that campaign another channel first")]
    ChannelInUse(String),
    #[error(transparent)]
    Name(#[from] BadName),
    #[error("the channel cannot work: {0}")]
    Settings(String),
    #[error("this is no link of a mail of this workspace; give the whole link, or its token")]
    Link,
    #[error("no run `{0}`")]
    RunNotFound(Id),
    #[error("no message `{text}` in this run; it has {}", .names.join(", "))]
    MessageNotFound { text: String, names: Vec<String> },
    #[error("what is {0} is not sent again; only mails that have failed are, or were missed")]
    NotResendable(DeliveryState),
    #[error("the ledger could not be read or saved")]
    Store(#[from] DbError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_offered_seven_times_and_then_given_up() {
        let now = Timestamp::from_millis(0);
        let waits: Vec<_> = (1..).map_while(|attempts| next_attempt(attempts, now)).collect();
        assert_eq!(waits.len(), 6);
        assert!(waits.is_sorted());
        assert_eq!(waits[0], Timestamp::from_millis(60_000));
    }

    #[test]
    fn an_enhanced_code_is_what_a_servers_reply_begins_with() {
        let refused = |code, reply: &str| Verdict::Refused { code, reply: reply.to_owned() };
        let found = |code, reply| enhanced_code(&refused(code, reply));
        assert_eq!(found(Some(550), "5.1.1 no <ana@x.example> here").as_deref(), Some("5.1.1"));
        assert_eq!(found(Some(552), "5.2.2").as_deref(), Some("5.2.2"));
        for reply in
            ["", "no such user", "550 5.1.1 no", "5.1 no", "9.1.1 no", "5.1.1x", "5.1.1234"]
        {
            assert_eq!(found(Some(550), reply), None, "{reply}");
        }
        assert_eq!(found(None, "5.1.1 said nobody"), None);
    }

    #[test]
    fn words_read_back_and_unknown_ones_are_refused() {
        for state in DeliveryState::ALL {
            assert_eq!(state.as_str().parse(), Ok(*state));
        }
        let refusal = "sent".parse::<RunStatus>().unwrap_err();
        insta::assert_snapshot!(refusal, @"`sent` is none of active, paused, completed, cancelled, failed");
    }
}
