//! The conversation about a mail: MAIL, RCPT, DATA, the mail itself.
//!
//! A line carries many mails. After a refusal it is cleared with RSET; when it is lost, a mail
//! that has not begun moves to a fresh line, once, and any other is deferred.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use lettre::Address;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::{Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::Response;
use tokio::time::{Instant, timeout_at};

use super::Server;
use super::fault::{Fault, in_time, reply_text, until};
use crate::core::publishing::{Parcel, Sent, Session, Verdict, wire_address};

/// The reply that says the server is about to hang up.
const CLOSING: u16 = 421;

/// How many time-outs a mail may take altogether.
const WAITS_PER_MAIL: u32 = 3;

pub(super) struct SmtpSession {
    server: Arc<Server>,
    /// Absent while a mail is under way, so that a send dropped half-way takes its line with it.
    line: Option<Line>,
}

impl SmtpSession {
    pub(super) const fn new(server: Arc<Server>, line: Line) -> Self {
        Self { server, line: Some(line) }
    }

    async fn deliver(&mut self, letter: &Letter<'_>) -> Sent {
        let end = Instant::now() + self.server.timeout() * WAITS_PER_MAIL;
        let Some(mut line) = self.line.take() else {
            return Sent { verdict: deferred(None, "the session is closed"), usable: false };
        };
        let mut outcome = line.carry(letter, end).await;
        if matches!(&outcome, Err((Stage::Sender, fault)) if line.was_hung_up(fault)) {
            match timeout_at(end, self.server.dial()).await {
                Ok(Ok(fresh)) => line = fresh,
                Ok(Err(error)) => {
                    return Sent { verdict: deferred(None, error), usable: false };
                }
                Err(_) => {
                    let verdict = deferred(None, "no new connection in time");
                    return Sent { verdict, usable: false };
                }
            }
            outcome = line.carry(letter, end).await;
        }
        let sent = match outcome {
            Ok(reply) => Sent { verdict: Verdict::Accepted { reply }, usable: true },
            Err((stage, fault)) => line.settle(stage, fault, end).await,
        };
        if sent.usable {
            line.used = true;
            self.line = Some(line);
        }
        sent
    }
}

impl Session for SmtpSession {
    fn send<'a>(&'a mut self, parcel: &'a Parcel) -> BoxFuture<'a, Sent> {
        async move {
            match Letter::of(parcel) {
                Ok(letter) => self.deliver(&letter).await,
                Err(verdict) => Sent { verdict, usable: self.line.is_some() },
            }
        }
        .boxed()
    }

    fn close(mut self: Box<Self>) -> BoxFuture<'static, ()> {
        async move {
            if let Some(mut line) = self.line.take() {
                // a goodbye that fails leaves a line that is closed all the same
                let _ = in_time(line.timeout, line.connection.quit()).await;
            }
        }
        .boxed()
    }
}

/// How far a mail had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Sender,
    Recipient,
    Data,
    /// The mail itself is on its way: from here on, the server may have taken it.
    Content,
}

/// A parcel, checked and ready to be spoken.
struct Letter<'a> {
    from: Address,
    to: Address,
    parcel: &'a Parcel,
    /// Whether only a server with SMTPUTF8 can take it.
    beyond_ascii: bool,
}

impl<'a> Letter<'a> {
    fn of(parcel: &'a Parcel) -> Result<Self, Verdict> {
        let address = |text| {
            wire_address(text)
                .map_err(|error| Verdict::Refused { code: None, reply: error.to_string() })
        };
        let (from, to) = (address(&parcel.from)?, address(&parcel.to)?);
        let addresses: [&str; 2] = [from.as_ref(), to.as_ref()];
        let ascii = parcel.bytes.is_ascii() && addresses.iter().all(|text| text.is_ascii());
        Ok(Self { from, to, parcel, beyond_ascii: !ascii })
    }
}

/// The mail as DATA has it: dots at the start of a line doubled, and the final dot.
///
/// It leaves in one write. In two, the dot would wait until the server has acknowledged the rest,
/// which it puts off: Nagle's algorithm and delayed ACK cost 44 ms a mail where one write takes
/// less than one.
impl fmt::Display for Letter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let content = String::from_utf8_lossy(&self.parcel.bytes);
        for line in content.strip_suffix("\r\n").unwrap_or(&content).split("\r\n") {
            if line.starts_with('.') {
                f.write_str(".")?;
            }
            f.write_str(line)?;
            f.write_str("\r\n")?;
        }
        f.write_str(".\r\n")
    }
}

/// A connection that is ready for the next mail.
pub(super) struct Line {
    connection: AsyncSmtpConnection,
    timeout: Duration,
    /// Whether it has carried a mail.
    used: bool,
}

impl Line {
    pub(super) const fn new(connection: AsyncSmtpConnection, timeout: Duration) -> Self {
        Self { connection, timeout, used: false }
    }

    /// Takes a letter to its end; the reply that accepts it, or where it failed.
    async fn carry(&mut self, letter: &Letter<'_>, end: Instant) -> Result<String, (Stage, Fault)> {
        let parameters = self.parameters(letter).map_err(|fault| (Stage::Sender, fault))?;
        let mail = Mail::new(Some(letter.from.clone()), parameters);
        self.ask(Stage::Sender, mail, end).await?;
        self.ask(Stage::Recipient, Rcpt::new(letter.to.clone(), Vec::new()), end).await?;
        self.ask(Stage::Data, Data, end).await?;
        let accepted = self.ask(Stage::Content, letter, end).await?;
        Ok(reply_text(&accepted.message().collect::<Vec<_>>().join(" ")))
    }

    fn parameters(&self, letter: &Letter<'_>) -> Result<Vec<MailParameter>, Fault> {
        if !letter.beyond_ascii {
            return Ok(Vec::new());
        }
        let offers = |extension| self.connection.server_info().supports_feature(extension);
        if offers(Extension::SmtpUtfEight) && offers(Extension::EightBitMime) {
            let eight_bit = MailParameter::Body(MailBodyParameter::EightBitMime);
            return Ok(vec![eight_bit, MailParameter::SmtpUtfEight]);
        }
        Err(Fault::Unfit(
            "an address of this mail has letters beyond ASCII before its @, and the server does \
             not offer SMTPUTF8; use another address or another server"
                .to_owned(),
        ))
    }

    async fn ask(
        &mut self,
        stage: Stage,
        command: impl fmt::Display,
        end: Instant,
    ) -> Result<Response, (Stage, Fault)> {
        let wait = end.min(Instant::now() + self.timeout);
        let reply = until(wait, self.connection.command(command)).await;
        let reply = reply.map_err(|fault| (stage, fault))?;
        // after DATA it is the server that waits, and it says so; elsewhere it does not
        if reply.has_code(354) == (stage == Stage::Data) {
            Ok(reply)
        } else {
            let code = reply.code();
            Err((stage, Fault::Broken(format!("{code} is no answer to what was said"))))
        }
    }

    /// Whether the server closed the line before this mail, as servers do with idle ones.
    fn was_hung_up(&self, fault: &Fault) -> bool {
        let gone = match fault {
            Fault::Broken(_) => true,
            Fault::Reply { code, .. } => *code == CLOSING,
            _ => false,
        };
        self.used && gone
    }

    /// What a failure means for the mail, and whether the line can go on.
    async fn settle(&mut self, stage: Stage, fault: Fault, end: Instant) -> Sent {
        match fault {
            Fault::Reply { code: CLOSING, text } => {
                Sent { verdict: deferred(Some(CLOSING), text), usable: false }
            }
            Fault::Reply { code, text } => {
                let verdict = if code < 500 {
                    deferred(Some(code), text)
                } else {
                    Verdict::Refused { code: Some(code), reply: text }
                };
                // a reply to the content has ended the mail; before, it has to be taken back
                let usable = stage == Stage::Content || self.reset(end).await;
                Sent { verdict, usable }
            }
            Fault::Unfit(reply) => {
                Sent { verdict: Verdict::Refused { code: None, reply }, usable: true }
            }
            lost if stage == Stage::Content => {
                let reply = format!(
                    "{lost}; the server may have taken the mail, the next attempt has the same \
                     Message-ID"
                );
                Sent { verdict: deferred(None, reply), usable: false }
            }
            lost => Sent { verdict: deferred(None, lost), usable: false },
        }
    }

    async fn reset(&mut self, end: Instant) -> bool {
        let wait = end.min(Instant::now() + self.timeout);
        until(wait, self.connection.command(Rset)).await.is_ok()
    }
}

fn deferred(code: Option<u16>, reply: impl fmt::Display) -> Verdict {
    Verdict::Deferred { code, reply: reply.to_string() }
}
