//! An [`Email`] as the bytes that travel (RFC 5322, MIME).
//!
//! What all mails of one message share is encoded once, as their [`Letterhead`]; each mail is then
//! written into one buffer. `head` writes headers, `body` the parts.
//!
//! **Invariants:** the same mail is the same bytes, since nothing in them is drawn by lot: the
//! boundary comes from the Message-ID. Lines end in CRLF and have 998 characters at most. No value
//! can begin a header of its own: a control character in one is refused, not repaired, because it
//! came from a form or a file that somebody should look at.

mod body;
mod head;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use lettre::Address;
use url::Url;

use super::dkim::{Signer, sign};
use super::{Email, Mailbox, Unsubscribe};
use crate::core::kernel::Timestamp;

/// The longest line that mail servers carry, without its CRLF (RFC 5322, 2.1.1).
const LONGEST_LINE: usize = 998;

/// Headers that a mail has of its own, or that would make promises the envelope does not keep.
const RESERVED: [&str; 14] = [
    "bcc",
    "cc",
    "date",
    "dkim-signature",
    "from",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "message-id",
    "mime-version",
    "reply-to",
    "return-path",
    "sender",
    "subject",
    "to",
];

/// The mail cannot be written down.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    #[error("`{0}` is no address that mail can go to; correct it")]
    Address(String),
    #[error("`{0}` is no message id; one looks like `a1b2c3@example.com`")]
    MessageId(String),
    #[error("there is a line break or another control character in {header}; remove it")]
    ControlCharacter { header: String },
    #[error("`{0}` is no name for a header; use letters, digits and hyphens, 76 at most")]
    HeaderName(String),
    #[error("the header {0} is written by the program; take it out of the mail's own headers")]
    Reserved(String),
    #[error("`{0}` is no way to unsubscribe; give an http or https URL, or an e-mail address")]
    Unsubscribe(String),
    #[error("{header} is too long for one line of {LONGEST_LINE} characters; shorten it")]
    LineTooLong { header: String },
    #[error("it could not be signed: the system has no randomness to give; try again")]
    Signature,
}

/// What is the same in every mail of a message, encoded.
#[derive(Clone, Debug)]
pub(super) struct Letterhead {
    /// `From`, with its line end.
    from: String,
    /// `Reply-To` and further headers, with their line ends.
    reply_to: String,
    further: String,
    /// The sender's domain, in ASCII.
    domain: String,
}

/// What is one reader's.
#[derive(Debug)]
pub(super) struct Personal<'a> {
    /// As in [`Email::message_id`].
    pub(super) message_id: &'a str,
    pub(super) date: Timestamp,
    /// The reader's name; empty when there is none.
    pub(super) name: &'a str,
    pub(super) email: &'a str,
    pub(super) subject: &'a str,
    pub(super) text: &'a str,
    pub(super) html: &'a str,
    pub(super) list_unsubscribe: &'a Unsubscribe,
}

impl Letterhead {
    /// Encodes who writes, who is answered, and the message's own `headers`, in this order.
    pub(super) fn new(
        from: &Mailbox,
        reply_to: Option<&Mailbox>,
        headers: &[(String, String)],
    ) -> Result<Self, EncodeError> {
        let mut encoded = Self {
            from: String::new(),
            reply_to: String::new(),
            further: String::new(),
            domain: wire_address(&from.email)?.domain().to_ascii_lowercase(),
        };
        let name = |mailbox: &Mailbox| mailbox.name.clone().unwrap_or_default();
        head::mailbox("From", &name(from), &from.email, &mut encoded.from)?;
        if let Some(reply_to) = reply_to {
            let email = &reply_to.email;
            head::mailbox("Reply-To", &name(reply_to), email, &mut encoded.reply_to)?;
        }
        for (name, value) in headers {
            check_own(name)?;
            head::unstructured(name, value, &mut encoded.further)?;
        }
        Ok(encoded)
    }

    /// One reader's mail, with a signature by each of `signers` at its head.
    ///
    /// It has a text part, then the HTML one, unless that is empty, each in the transfer encoding
    /// that suits it.
    pub(super) fn mail(
        &self,
        mail: &Personal<'_>,
        signers: &[Signer],
    ) -> Result<Bytes, EncodeError> {
        let room = 2048 + 640 * signers.len() + (mail.text.len() + mail.html.len()) * 9 / 8;
        let mut out = String::with_capacity(room);
        head::date(mail.date, &mut out);
        out.push_str(&self.from);
        head::mailbox("To", mail.name, mail.email, &mut out)?;
        out.push_str(&self.reply_to);
        head::unstructured("Subject", mail.subject, &mut out)?;
        out.extend(["Message-ID: <", message_id(mail.message_id)?, ">\r\n"]);
        unsubscribe(mail.list_unsubscribe, &mut out)?;
        out.push_str(&self.further);
        out.push_str("MIME-Version: 1.0\r\n");
        let head = out.len();
        body::write(mail.message_id, mail.text, mail.html, &mut out);
        let body = out[head..].find("\r\n\r\n").map_or(out.len(), |at| head + at + 4);
        check_lines(&out[..body])?;
        if !signers.is_empty() {
            let (head, body) = (&out.as_bytes()[..body - 2], &out.as_bytes()[body..]);
            let signatures = sign(head, body, signers, &self.domain, mail.date);
            out.insert_str(0, &signatures.map_err(|_| EncodeError::Signature)?);
        }
        Ok(out.into_bytes().into())
    }
}

/// Encodes `email`: a text part, then the HTML one, each in the transfer encoding that suits it.
///
/// The bytes are ASCII unless a mailbox has a non-ASCII local part; such a mail needs a server
/// that offers SMTPUTF8. Line ends of the bodies become CRLF, and NULs vanish, as no mail may
/// carry them.
pub fn encode(email: &Email) -> Result<Bytes, EncodeError> {
    encode_signed(email, &[])
}

/// As [`encode`], with a signature by each of `signers` at its head.
pub(super) fn encode_signed(email: &Email, signers: &[Signer]) -> Result<Bytes, EncodeError> {
    let letterhead = Letterhead::new(&email.from, email.reply_to.as_ref(), &email.headers)?;
    let personal = Personal {
        message_id: &email.message_id,
        date: email.date,
        name: email.to.name.as_deref().unwrap_or_default(),
        email: &email.to.email,
        subject: &email.subject,
        text: &email.text,
        html: &email.html,
        list_unsubscribe: &email.list_unsubscribe,
    };
    letterhead.mail(&personal, signers)
}

/// The form in which an address travels: its domain in ASCII, the local part as it is.
pub fn wire_address(text: &str) -> Result<Address, EncodeError> {
    let wrong = || EncodeError::Address(text.chars().take(254).collect());
    let (local, domain) = text.rsplit_once('@').ok_or_else(wrong)?;
    if text.chars().any(char::is_control) {
        return Err(wrong());
    }
    if domain.is_ascii() {
        Address::new(local, domain).map_err(|_| wrong())
    } else {
        let domain = idna::domain_to_ascii(domain).map_err(|_| wrong())?;
        Address::new(local, domain).map_err(|_| wrong())
    }
}

fn message_id(id: &str) -> Result<&str, EncodeError> {
    let sides = id.split_once('@').filter(|(left, right)| {
        !left.is_empty()
            && !right.is_empty()
            && id.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'<' && byte != b'>')
    });
    sides.map(|_| id).ok_or_else(|| EncodeError::MessageId(id.escape_debug().to_string()))
}

/// Whether a message may have the header `name`.
fn check_own(name: &str) -> Result<(), EncodeError> {
    let folded = name.to_ascii_lowercase();
    if RESERVED.contains(&folded.as_str()) || folded.starts_with("content-") {
        return Err(EncodeError::Reserved(name.to_owned()));
    }
    let letters = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !letters || !(1..=76).contains(&name.len()) {
        return Err(EncodeError::HeaderName(name.escape_debug().to_string()));
    }
    Ok(())
}

/// `List-Unsubscribe` with the URL before the address (RFC 2369), and the one-click promise only
/// when the URL is `https`: RFC 8058 demands one, and that a signature covers both headers.
fn unsubscribe(ways: &Unsubscribe, out: &mut String) -> Result<(), EncodeError> {
    let url = ways.url.as_deref().map(|url| way_out(url, &["https", "http"])).transpose()?;
    let mailto = ways.mailto.as_deref().map(|mailto| {
        let full = if mailto.starts_with("mailto:") { "" } else { "mailto:" };
        way_out(&format!("{full}{mailto}"), &["mailto"])
    });
    let mailto = mailto.transpose()?;

    let one_click = url.as_ref().is_some_and(|url| url.scheme() == "https");
    for (at, way) in [&url, &mailto].into_iter().flatten().enumerate() {
        out.push_str(if at == 0 { "List-Unsubscribe: <" } else { ",\r\n <" });
        out.push_str(way.as_str());
        out.push('>');
    }
    if url.is_some() || mailto.is_some() {
        out.push_str("\r\n");
    }
    if one_click {
        out.push_str("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n");
    }
    Ok(())
}

fn way_out(text: &str, schemes: &[&str]) -> Result<Url, EncodeError> {
    let text = head::checked("List-Unsubscribe", text)?;
    Url::parse(text)
        .ok()
        .filter(|url| schemes.contains(&url.scheme()))
        .filter(|url| url.scheme() != "mailto" || url.path().contains('@'))
        .filter(|url| url.as_str().bytes().all(|b| b.is_ascii_graphic() && b != b'<' && b != b'>'))
        .ok_or_else(|| EncodeError::Unsubscribe(text.to_owned()))
}

fn check_lines(head: &str) -> Result<(), EncodeError> {
    let mut header = "";
    for line in head.split("\r\n") {
        if let Some((name, _)) = line.split_once(": ").filter(|_| !line.starts_with(' ')) {
            header = name;
        }
        if line.len() > LONGEST_LINE {
            return Err(EncodeError::LineTooLong { header: header.to_owned() });
        }
    }
    Ok(())
}
