//! What a channel's way out has to do, and what passes through it.
//!
//! **The contract.** A verdict is about one mail and is given once the other side has taken the
//! responsibility for it or turned it down, never earlier. When the line breaks before that is
//! known, the mail is [`Verdict::Deferred`]: it may arrive twice, under one Message-ID, but it is
//! not lost.

use std::fmt;

use bytes::Bytes;
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};

use crate::core::kernel::Timestamp;

/// A name and an address, as in `Ana <ana@example.com>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailbox {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub email: String,
}

/// One mail to one person, rendered, not yet encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email {
    /// `left@right`, without the angle brackets; the same whenever this mail is offered again.
    pub message_id: String,
    pub date: Timestamp,
    pub from: Mailbox,
    pub to: Mailbox,
    pub reply_to: Option<Mailbox>,
    pub subject: String,
    pub text: String,
    /// Empty for a mail of text alone.
    pub html: String,
    pub list_unsubscribe: Unsubscribe,
    /// Further headers, in this order; those the mail has anyway cannot be among them.
    pub headers: Vec<(String, String)>,
}

/// The ways out of the list that a mail names in its header; a bulk mail has at least one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unsubscribe {
    /// A page that unsubscribes; over `https` it is also what a mail program POSTs to (RFC 8058).
    pub url: Option<String>,
    /// An address that unsubscribes whoever writes to it, with or without `mailto:` before it.
    pub mailto: Option<String>,
}

/// An encoded mail in its envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// The address that gets the bounces.
    pub from: String,
    pub to: String,
    /// As in [`Email::message_id`].
    pub message_id: String,
    /// What [`encode`](super::encode) made: lines end in CRLF, and in nothing else.
    pub bytes: Bytes,
}

/// What the other side said to one mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is theirs now.
    Accepted { reply: String },
    /// Not now, or it is not known: offer it again later. Without a code, no server said so.
    Deferred { code: Option<u16>, reply: String },
    /// Never: offering it again changes nothing. Without a code, it could not even be offered.
    Refused { code: Option<u16>, reply: String },
}

/// Mails to be offered over one session, and what becomes of each.
///
/// A mail without a verdict when the session hands the offer back was *not offered*: the other side
/// cannot have taken it, and it counts as no attempt.
pub trait Offer: Send {
    /// The next mail and its number, which no other mail of this offer has. `None` when nothing is
    /// ready: the session then ends what it has begun. Asked as late as possible, so that whoever
    /// left meanwhile gets nothing.
    fn next(&mut self) -> Option<(usize, &Parcel)>;

    /// Told once for a mail, as soon as its verdict is known.
    fn settle(&mut self, number: usize, verdict: Verdict);
}

/// A channel's way out: it opens sessions.
pub trait Publisher: Send + Sync + fmt::Debug {
    /// Opens a session, within a time that the publisher's settings bound.
    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Session>, ConnectError>>;

    /// False when nothing that is published here can reach a person.
    fn leaves_machine(&self) -> bool;

    /// Where it leads, in words for a reader; no secrets.
    fn describe(&self) -> String;
}

/// An open line that carries one mail after another.
pub trait Session: Send {
    /// Offers mails until `offer` has none, each for a bounded time. False when the line is gone:
    /// drop the session and connect again.
    ///
    /// When the future is dropped before it is done, the line is closed with it, it is unknown
    /// whether the mails without a verdict were taken, and the session has to be replaced.
    fn carry<'a>(&'a mut self, offer: &'a mut dyn Offer) -> BoxFuture<'a, bool>;

    /// Says goodbye, for a bounded time.
    fn close(self: Box<Self>) -> BoxFuture<'static, ()>;
}

/// An offer of one mail.
pub(crate) struct Single<'a> {
    parcel: Option<&'a Parcel>,
    verdict: Option<Verdict>,
}

impl<'a> Single<'a> {
    pub(crate) const fn new(parcel: &'a Parcel) -> Self {
        Self { parcel: Some(parcel), verdict: None }
    }

    /// What was said to the mail; nothing when it was not offered.
    pub(crate) fn verdict(self) -> Option<Verdict> {
        self.verdict
    }
}

impl Offer for Single<'_> {
    fn next(&mut self) -> Option<(usize, &Parcel)> {
        self.parcel.take().map(|parcel| (0, parcel))
    }

    fn settle(&mut self, _: usize, verdict: Verdict) {
        self.verdict = Some(verdict);
    }
}

/// No session could be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// Nobody answers, or nobody sensible.
    #[error("{at} cannot be reached: {reason}; check its host and port, or wait until it is back")]
    Unreachable { at: String, reason: String },
    /// It answers, but takes nothing at the moment.
    #[error("{at} takes no mail now: {code} {reply}; it will be tried again")]
    Busy { at: String, code: u16, reply: String },
    /// It answers, and does not want us.
    #[error("{at} turns this program away: {code} {reply}; ask its operator to let this host send")]
    TurnedAway { at: String, code: u16, reply: String },
    /// Its certificate does not prove who it is.
    #[error(
        "the certificate of {at} is not to be trusted: {reason}; use the host name that is in the \
         certificate, or give a private authority's certificate as `ca_file`"
    )]
    Untrusted { at: String, reason: String },
    /// It does not know the user name or the password.
    #[error("{at} refuses the sign-in: {code} {reply}; check the user name and the password")]
    SignIn { at: String, code: u16, reply: String },
    /// The settings cannot work, whoever answers.
    #[error("the channel's settings for {at} cannot work: {problem}")]
    Settings { at: String, problem: String },
}

impl ConnectError {
    /// Whether a later attempt can succeed although nobody changes anything here.
    pub const fn is_temporary(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Busy { .. })
    }
}
