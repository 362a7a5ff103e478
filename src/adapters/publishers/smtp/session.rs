//! The conversation about mails: MAIL, RCPT, DATA or BDAT, the mail itself.
//!
//! How many mails are under way at once depends on what the server offers:
//!
//! - **BDAT and PIPELINING**: whole mails one behind the other, up to [`WINDOW`] and [`WINDOW_BYTES`]
//!   that are not answered yet. Each but a line's first begins with RSET, so that it begins afresh
//!   whatever the server made of the one before.
//! - **PIPELINING alone**: the end of one mail and the MAIL, RCPT and DATA of the next in one write;
//!   then the server has to say that it waits for the content (RFC 2920, 3.1).
//! - **neither**: a command, its reply, the next command.
//!
//! Replies come in the order of the commands, so each belongs to the oldest command without one.
//!
//! **When the line is lost**, the oldest mail without an answer is deferred, and so is every mail
//! of which the last byte has left: the server may have taken it. The others were not offered. Nor
//! was the oldest, when it came upon a line that had carried mails before and was closed since, as
//! servers do with idle ones. After 421 nothing is begun, and what was under way is heard to its end:
//! a server that goes on answering may take mails still.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::time::Instant;

use super::dial::{Line, Server};
use super::fault::Fault;
use super::letter::{Letter, stuffed};
use super::reply::Reply;
use crate::core::publishing::{Offer, Session, Verdict};

/// The reply that says the server is about to hang up.
const CLOSING: u16 = 421;
/// Mails under way at once, at the most.
const WINDOW: usize = 16;
/// Bytes of mails under way, above which none is added.
const WINDOW_BYTES: usize = 1024 * 1024;
/// A server that takes fewer bytes a second is given up.
const SLOWEST: usize = 32 * 1024;

/// A session that is kept over many mails.
pub(super) struct SmtpSession {
    server: Arc<Server>,
    /// Absent while mails are under way, so that an offer dropped half-way takes its line with it.
    line: Option<Line>,
    /// Whether the line has carried a mail.
    used: bool,
    /// Whether the server may have kept something of the mail before.
    unclear: bool,
}

impl SmtpSession {
    pub(super) const fn new(server: Arc<Server>, line: Line) -> Self {
        Self { server, line: Some(line), used: false, unclear: false }
    }
}

impl Session for SmtpSession {
    fn carry<'a>(&'a mut self, offer: &'a mut dyn Offer) -> BoxFuture<'a, bool> {
        async move {
            let Some(mut line) = self.line.take() else { return false };
            if self.used && !line.wire.is_quiet().await {
                return false;
            }
            let mut talk = Talk {
                timeout: self.server.settings.timeout,
                line: &mut line,
                offer,
                used: &mut self.used,
                unclear: &mut self.unclear,
                mails: VecDeque::new(),
                asked: VecDeque::new(),
                closing: false,
            };
            if let Err(fault) = talk.hold().await {
                talk.lose(&fault);
                return false;
            }
            let usable = !talk.closing;
            if usable {
                self.line = Some(line);
            }
            usable
        }
        .boxed()
    }

    fn close(mut self: Box<Self>) -> BoxFuture<'static, ()> {
        async move {
            if let Some(mut line) = self.line.take() {
                line.wire.queue(Bytes::from_static(b"QUIT\r\n"));
                // a goodbye that fails leaves a line that is closed all the same
                let _ = line.wire.reply(Instant::now() + self.server.settings.timeout).await;
            }
        }
        .boxed()
    }
}

/// What is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Reset,
    Sender,
    Recipient,
    Data,
    /// The mail itself: from here on, the server may have taken it.
    Content,
}

/// A mail that has no verdict yet.
struct UnderWay {
    number: usize,
    content: Bytes,
    /// What is still to be said, when each command waits for the reply to the one before.
    to_say: VecDeque<(Step, Bytes)>,
    /// Where its last byte stands among all that leave, once it is queued.
    end: Option<u64>,
    /// Whether the server has answered to its MAIL.
    begun: bool,
    /// Whether the server closed the line before it began, as servers do with idle ones.
    too_late: bool,
    /// The first no. The verdict waits for the last reply, which the line cannot go on without.
    no: Option<Verdict>,
}

/// One offer over one line.
struct Talk<'a> {
    timeout: Duration,
    line: &'a mut Line,
    offer: &'a mut dyn Offer,
    used: &'a mut bool,
    unclear: &'a mut bool,
    /// Oldest first.
    mails: VecDeque<UnderWay>,
    /// What has no reply yet, oldest first.
    asked: VecDeque<Step>,
    /// Whether the server said that it will hang up.
    closing: bool,
}

impl Talk<'_> {
    /// Offers mails until there are none.
    async fn hold(&mut self) -> Result<(), Fault> {
        loop {
            self.fill();
            let Some(step) = self.asked.front().copied() else { return Ok(()) };
            let reply = self.line.wire.reply(Instant::now() + self.patience()).await?;
            self.asked.pop_front();
            self.hear(step, &reply)?;
        }
    }

    /// How long a reply may take: longer when there is much to be read first.
    fn patience(&self) -> Duration {
        let bytes: usize = self.mails.iter().map(|mail| mail.content.len()).sum();
        self.timeout + Duration::from_secs_f64(bytes as f64 / SLOWEST as f64)
    }

    /// Begins as many mails as the line can carry now.
    fn fill(&mut self) {
        while !self.closing && self.has_room() {
            let Some((number, parcel)) = self.offer.next() else { return };
            match Letter::of(parcel, &self.line.offered) {
                Ok(letter) => self.begin(number, letter),
                Err(verdict) => self.offer.settle(number, verdict),
            }
        }
    }

    fn is_chunked(&self) -> bool {
        self.line.offered.chunking && self.line.offered.pipelining
    }

    fn has_room(&self) -> bool {
        if self.is_chunked() {
            let bytes: usize = self.mails.iter().map(|mail| mail.content.len()).sum();
            self.mails.len() < WINDOW && bytes < WINDOW_BYTES
        } else if self.line.offered.pipelining {
            !self.asked.contains(&Step::Data)
        } else {
            self.mails.is_empty()
        }
    }

    fn begin(&mut self, number: usize, letter: Letter) {
        let Letter { mail, rcpt, content } = letter;
        let mut to_say = VecDeque::with_capacity(4);
        if *self.unclear {
            to_say.push_back((Step::Reset, Bytes::from_static(b"RSET\r\n")));
        }
        to_say.extend([(Step::Sender, mail), (Step::Recipient, rcpt)]);
        let chunked = self.is_chunked();
        *self.unclear = chunked;
        if chunked {
            to_say.push_back((Step::Content, format!("BDAT {} LAST\r\n", content.len()).into()));
        } else {
            to_say.push_back((Step::Data, Bytes::from_static(b"DATA\r\n")));
        }
        let at_once = if self.line.offered.pipelining { to_say.len() } else { 1 };
        for (step, command) in to_say.drain(..at_once) {
            self.asked.push_back(step);
            self.line.wire.queue(command);
        }
        let mut end = None;
        if chunked {
            self.line.wire.queue(content.clone());
            end = Some(self.line.wire.end());
        }
        let (begun, too_late, no) = (false, false, None);
        self.mails.push_back(UnderWay { number, content, to_say, end, begun, too_late, no });
    }

    /// Takes the reply to `step` of the oldest mail.
    ///
    /// # Errors
    /// The line is of no use any more.
    fn hear(&mut self, step: Step, reply: &Reply) -> Result<(), Fault> {
        let (Some(mail), class) = (self.mails.front_mut(), reply.class()) else {
            return Ok(());
        };
        if reply.code == CLOSING {
            // it may still answer what is on its way to it
            self.closing = true;
            let first = matches!(step, Step::Reset | Step::Sender);
            mail.too_late = *self.used && first && !mail.begun;
        }
        mail.begun |= step != Step::Reset;
        match (step, class) {
            (Step::Reset | Step::Sender | Step::Recipient, 2) => self.say_next(),
            (Step::Data, 3) => self.give_content(),
            (Step::Content, 2) => {
                self.end(Verdict::Accepted { reply: reply.text() });
            }
            (Step::Reset, 4 | 5) if !self.closing => return Err(Fault::no_answer(reply)),
            (_, 4 | 5) => {
                let (code, text) = (Some(reply.code), reply.text());
                let no = match class {
                    4 => Verdict::Deferred { code, reply: text },
                    _ => Verdict::Refused { code, reply: text },
                };
                let alone = !self.line.offered.pipelining;
                if alone || matches!(step, Step::Data | Step::Content) {
                    *self.unclear |= step != Step::Content;
                    self.end(no);
                } else if !mail.too_late {
                    mail.no.get_or_insert(no);
                }
            }
            _ => return Err(Fault::no_answer(reply)),
        }
        Ok(())
    }

    fn say_next(&mut self) {
        let next = self.mails.front_mut().and_then(|mail| mail.to_say.pop_front());
        if let Some((step, command)) = next {
            self.asked.push_back(step);
            self.line.wire.queue(command);
        }
    }

    /// The server waits for the content. A mail that was turned away has none: a lone dot ends it.
    fn give_content(&mut self) {
        let Some(mail) = self.mails.front_mut() else { return };
        let wire = &mut self.line.wire;
        if mail.no.is_some() {
            wire.queue(Bytes::from_static(b".\r\n"));
        } else {
            stuffed(&mail.content, |part| wire.queue(part));
            mail.end = Some(wire.end());
        }
        self.asked.push_back(Step::Content);
    }

    /// Ends the oldest mail; a no that came before counts, whatever came after it.
    fn end(&mut self, verdict: Verdict) {
        let Some(mail) = self.mails.pop_front() else { return };
        *self.used = true;
        match (mail.no, verdict) {
            (Some(no), _) => self.offer.settle(mail.number, no),
            (None, Verdict::Deferred { .. } | Verdict::Refused { .. }) if mail.too_late => {}
            (None, verdict) => self.offer.settle(mail.number, verdict),
        }
    }

    /// Tells what the loss of the line means for the mails under way.
    fn lose(&mut self, fault: &Fault) {
        let gone = matches!(fault, Fault::Broken(_));
        for (at, mail) in self.mails.drain(..).enumerate() {
            let has_left = mail.end.is_some_and(|end| self.line.wire.has_left(end));
            let too_late = mail.too_late || (*self.used && gone && !mail.begun);
            let reply = match mail.no {
                Some(no) => {
                    self.offer.settle(mail.number, no);
                    continue;
                }
                // it said that it would read no more, and did not
                None if self.closing && gone => continue,
                None if has_left => format!(
                    "{fault}; the server may have taken the mail, the next attempt has the same \
                     Message-ID"
                ),
                None if at == 0 && !too_late => fault.to_string(),
                None => continue,
            };
            self.offer.settle(mail.number, Verdict::Deferred { code: None, reply });
        }
    }
}
