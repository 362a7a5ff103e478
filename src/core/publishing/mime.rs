//! An [`Email`] as the bytes that travel (RFC 5322, MIME).
//!
//! **Invariants:** the same mail is the same bytes, since nothing in them is drawn by lot: the
//! boundary comes from the Message-ID. Lines end in CRLF and have 998 characters at most. No value
//! can begin a header of its own: a control character in one is refused, not repaired, because it
//! came from a form or a file that somebody should look at.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use lettre::Address;
use lettre::message::header::{
    self, ContentTransferEncoding, ContentType, HeaderName, HeaderValue, Headers,
};
use lettre::message::{self, Body, Mailboxes, MultiPart, SinglePart};
use sha2::{Digest, Sha256};
use url::Url;

use super::dkim::{Signer, sign};
use super::{Email, Mailbox, Unsubscribe};

/// The longest line that mail servers carry, without its CRLF (RFC 5322, 2.1.1).
const LONGEST_LINE: usize = 998;

/// The last second that a `Date` can say: the end of the year 9999.
const LAST_SECOND: u64 = 253_402_300_799;

/// Headers that [`encode`] writes, or that would make promises the envelope does not keep.
const RESERVED: [&str; 13] = [
    "bcc",
    "cc",
    "date",
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
    let mut head = Headers::new();
    head.set(header::Date::new(instant(email)));
    head.set(header::From::from(Mailboxes::from(mailbox("From", &email.from)?)));
    head.set(header::To::from(Mailboxes::from(mailbox("To", &email.to)?)));
    if let Some(reply_to) = &email.reply_to {
        head.set(header::ReplyTo::from(Mailboxes::from(mailbox("Reply-To", reply_to)?)));
    }
    head.set(header::Subject::from(checked("Subject", &email.subject)?.to_owned()));
    set_verbatim(&mut head, "Message-ID", format!("<{}>", message_id(&email.message_id)?));
    set_unsubscribe(&mut head, &email.list_unsubscribe)?;
    for (name, value) in &email.headers {
        let value = checked(name, value)?.to_owned();
        head.insert_raw(HeaderValue::new(own_header(name)?, value));
    }
    head.set(header::MIME_VERSION_1_0);

    let head = head.to_string();
    check_lines(&head)?;
    let mut bytes = head.into_bytes();
    bytes.extend(body(email));
    if !signers.is_empty() {
        let from = wire_address(&email.from.email)?;
        let end = bytes.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap_or_default();
        let (head, body) = (&bytes[..end + 2], &bytes[end + 4..]);
        let signatures = sign(head, body, signers, from.domain(), email.date);
        let signatures = signatures.map_err(|_| EncodeError::Signature)?;
        bytes.splice(..0, signatures.into_bytes());
    }
    Ok(bytes.into())
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

fn instant(email: &Email) -> SystemTime {
    let millis = u64::try_from(email.date.as_millis()).unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::from_secs((millis / 1000).min(LAST_SECOND))
}

fn mailbox(header: &str, mailbox: &Mailbox) -> Result<message::Mailbox, EncodeError> {
    let name = mailbox.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
    let name = name.map(|name| checked(header, name)).transpose()?;
    Ok(message::Mailbox::new(name.map(str::to_owned), wire_address(&mailbox.email)?))
}

/// `value`, if it can stand in one header.
fn checked<'a>(header: &str, value: &'a str) -> Result<&'a str, EncodeError> {
    if value.chars().any(|c| c.is_control() && c != '\t') {
        return Err(EncodeError::ControlCharacter { header: header.escape_debug().to_string() });
    }
    Ok(value)
}

fn message_id(id: &str) -> Result<&str, EncodeError> {
    let sides = id.split_once('@').filter(|(left, right)| {
        !left.is_empty()
            && !right.is_empty()
            && id.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'<' && byte != b'>')
    });
    sides.map(|_| id).ok_or_else(|| EncodeError::MessageId(id.escape_debug().to_string()))
}

fn own_header(name: &str) -> Result<HeaderName, EncodeError> {
    let folded = name.to_ascii_lowercase();
    if RESERVED.contains(&folded.as_str()) || folded.starts_with("content-") {
        return Err(EncodeError::Reserved(name.to_owned()));
    }
    let wrong = || EncodeError::HeaderName(name.escape_debug().to_string());
    if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return Err(wrong());
    }
    HeaderName::new_from_ascii(name.to_owned()).map_err(|_| wrong())
}

/// Sets a header whose value must be neither encoded nor folded where it has spaces; the callers
/// have made sure that it is printable ASCII.
fn set_verbatim(head: &mut Headers, name: &'static str, value: String) {
    let name = HeaderName::new_from_ascii_str(name);
    head.insert_raw(HeaderValue::dangerous_new_pre_encoded(name, value.clone(), value));
}

/// `List-Unsubscribe` with the URL before the address (RFC 2369), and the one-click promise only
/// when the URL is `https`: RFC 8058 demands one. A signature has to cover both headers.
fn set_unsubscribe(head: &mut Headers, ways: &Unsubscribe) -> Result<(), EncodeError> {
    let url = ways.url.as_deref().map(|url| way_out(url, &["https", "http"])).transpose()?;
    let mailto = ways.mailto.as_deref().map(|mailto| {
        let full = if mailto.starts_with("mailto:") { "" } else { "mailto:" };
        way_out(&format!("{full}{mailto}"), &["mailto"])
    });
    let mailto = mailto.transpose()?;

    let one_click = url.as_ref().is_some_and(|url| url.scheme() == "https");
    let named: Vec<String> = [url, mailto].iter().flatten().map(|way| format!("<{way}>")).collect();
    if !named.is_empty() {
        set_verbatim(head, "List-Unsubscribe", named.join(",\r\n "));
    }
    if one_click {
        set_verbatim(head, "List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned());
    }
    Ok(())
}

fn way_out(text: &str, schemes: &[&str]) -> Result<Url, EncodeError> {
    let text = checked("List-Unsubscribe", text)?;
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

fn body(email: &Email) -> Vec<u8> {
    let part = |kind, text| SinglePart::builder().header(kind).body(transfer_encoded(text));
    let text = part(ContentType::TEXT_PLAIN, &email.text);
    if email.html.is_empty() {
        return text.formatted();
    }
    MultiPart::alternative()
        .boundary(boundary(&email.message_id))
        .singlepart(text)
        .singlepart(part(ContentType::TEXT_HTML, &email.html))
        .formatted()
}

/// As it is where that is safe; else quoted-printable, which filters and people can read; else
/// base64, which is shorter once more than a sixth of the bytes are beyond ASCII.
fn transfer_encoded(text: &str) -> Body {
    let beyond_ascii = text.bytes().filter(|byte| !byte.is_ascii()).count();
    let encoding = if beyond_ascii * 6 > text.len() {
        ContentTransferEncoding::Base64
    } else {
        ContentTransferEncoding::QuotedPrintable
    };
    Body::new_with_encoding(with_crlf(text), ContentTransferEncoding::SevenBit)
        .or_else(|text| Body::new_with_encoding(text, encoding))
        .unwrap_or_else(Body::new)
}

/// A line that no text has by chance.
fn boundary(message_id: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(message_id))
}

/// `text` with every line end as CRLF and without NULs.
fn with_crlf(text: &str) -> String {
    let mut lines = String::with_capacity(text.len() + text.len() / 32);
    let mut previous = '\0';
    for c in text.chars() {
        match (previous, c) {
            ('\r', '\n') | (_, '\0') => {}
            (_, '\r' | '\n') => lines.push_str("\r\n"),
            _ => lines.push(c),
        }
        previous = c;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::kernel::Timestamp;

    fn email() -> Email {
        let mailbox =
            |name: &str, email: &str| Mailbox { name: Some(name.into()), email: email.into() };
        Email {
            message_id: "0190@news.example".into(),
            date: "2026-03-01T09:00:00.250Z".parse().unwrap(),
            from: mailbox("Café \"Sol\"", "news@example.com"),
            to: mailbox("Ana Núñez", "ana@example.org"),
            reply_to: None,
            subject: "Primavera en 3, 2, 1… 🌷".into(),
            text: "Hola Ana:\n.\nLa primavera llega mañana, y con ella los tulipanes = 3 €.\n"
                .into(),
            html: "<p>Hola</p>\n".into(),
            list_unsubscribe: Unsubscribe {
                url: Some("https://example.com/u/1?a=b&c=d".into()),
                mailto: Some("leave@example.com?subject=1".into()),
            },
            headers: vec![("X-Campaign".into(), "Spring".into())],
        }
    }

    fn encoded(email: &Email) -> String {
        String::from_utf8(encode(email).unwrap().to_vec()).unwrap()
    }

    /// The headers before the body, unfolded.
    fn headers(email: &Email) -> Vec<String> {
        let text = encoded(email);
        let (head, _) = text.split_once("\r\n\r\n").unwrap();
        head.replace("\r\n ", " ").split("\r\n").map(str::to_owned).collect()
    }

    #[test]
    fn a_mail_is_these_bytes() {
        insta::assert_snapshot!(encoded(&email()).replace("\r\n", "\n"), @r#"
        Date: Sun, 01 Mar 2026 09:00:00 +0000
        From: =?utf-8?b?Q2Fmw6kgIlNvbCI=?= <news@example.com>
        To: =?utf-8?b?QW5hIE7DusOxZXo=?= <ana@example.org>
        Subject: Primavera en 3, 2, =?utf-8?b?MeKApiDwn4y3?=
        Message-ID: <0190@news.example>
        List-Unsubscribe: <https://example.com/u/1?a=b&c=d>,
         <mailto:leave@example.com?subject=1>
        List-Unsubscribe-Post: List-Unsubscribe=One-Click
        X-Campaign: Spring
        MIME-Version: 1.0
        Content-Type: multipart/alternative;
         boundary="0XYcBmOgc5nxcx8TuRxSDvBe0tVJQSbhTXY8-t58wNU"

        --0XYcBmOgc5nxcx8TuRxSDvBe0tVJQSbhTXY8-t58wNU
        Content-Type: text/plain; charset=utf-8
        Content-Transfer-Encoding: quoted-printable

        Hola Ana:
        .
        La primavera llega ma=C3=B1ana, y con ella los tulipanes =3D 3 =E2=82=AC.

        --0XYcBmOgc5nxcx8TuRxSDvBe0tVJQSbhTXY8-t58wNU
        Content-Type: text/html; charset=utf-8
        Content-Transfer-Encoding: 7bit

        <p>Hola</p>

        --0XYcBmOgc5nxcx8TuRxSDvBe0tVJQSbhTXY8-t58wNU--
        "#);
    }

    #[test]
    fn the_same_mail_is_the_same_bytes() {
        assert_eq!(encode(&email()), encode(&email()));
        let other = Email { message_id: "0191@news.example".into(), ..email() };
        assert_ne!(boundary(&email().message_id), boundary(&other.message_id));
    }

    #[test]
    fn lines_are_short_and_end_in_crlf() {
        let long = "word ".repeat(2000) + &"x".repeat(5000);
        let mail = Email {
            subject: "spring ".repeat(300),
            text: format!("a\rb\r\nc\n\n\0{long}"),
            html: format!("<p>ñ{long}</p>\r"),
            ..email()
        };
        let text = encoded(&mail);
        assert!(text.is_ascii());
        assert!(text.split("\r\n").all(|line| line.len() <= 998 && !line.contains(['\r', '\n'])));
        assert!(text.contains("a\r\nb\r\nc\r\n\r\nword word"));
    }

    #[test]
    fn each_text_has_the_encoding_that_suits_it() {
        let cases = [
            ("short lines\n", "7bit"),
            ("a\nb\nc\nd\ne\nf\ng\nñ\n", "quoted-printable"),
            ("<p>a long line</p>, again and again, until there are more than 76 of them", "7bit"),
            ("日本語のメール", "base64"),
        ];
        for (text, encoding) in cases {
            let mail = encoded(&Email { text: text.into(), html: String::new(), ..email() });
            assert!(mail.contains(&format!("Encoding: {encoding}\r\n")), "{text}: {mail}");
        }
    }

    #[test]
    fn one_click_is_promised_over_https_only() {
        let with = |url: Option<&str>, mailto: Option<&str>| {
            let list_unsubscribe =
                Unsubscribe { url: url.map(str::to_owned), mailto: mailto.map(str::to_owned) };
            let all = headers(&Email { list_unsubscribe, ..email() });
            all.into_iter().filter(|line| line.starts_with("List-")).collect::<Vec<_>>()
        };
        assert_eq!(
            with(Some("https://a.example/ñ"), Some("mailto:b@a.example")),
            [
                "List-Unsubscribe: <https://a.example/%C3%B1>, <mailto:b@a.example>",
                "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
            ]
        );
        assert_eq!(
            with(Some("http://localhost:8080/u"), None),
            ["List-Unsubscribe: <http://localhost:8080/u>"]
        );
        assert_eq!(with(None, Some("b@a.example")), ["List-Unsubscribe: <mailto:b@a.example>"]);
        assert!(with(None, None).is_empty());
    }

    #[test]
    fn no_value_begins_a_header_of_its_own() {
        let evil = "x\r\nBcc: all@example.com";
        let control = |header: &str| EncodeError::ControlCharacter { header: header.to_owned() };
        let named = |email: &str| Mailbox { name: Some(evil.into()), email: email.into() };
        let cases = [
            (Email { subject: evil.into(), ..email() }, control("Subject")),
            (Email { from: named("a@b.example"), ..email() }, control("From")),
            (Email { reply_to: Some(named("a@b.example")), ..email() }, control("Reply-To")),
            (Email { headers: vec![("X-A".into(), "x\ny".into())], ..email() }, control("X-A")),
            (
                Email { headers: vec![("X-A: 1\r\nX".into(), "y".into())], ..email() },
                EncodeError::HeaderName("X-A: 1\\r\\nX".into()),
            ),
            (
                Email { headers: vec![("subject".into(), "y".into())], ..email() },
                EncodeError::Reserved("subject".into()),
            ),
            (
                Email { message_id: "a@b>\r\nX: y".into(), ..email() },
                EncodeError::MessageId("a@b>\\r\\nX: y".into()),
            ),
            (
                Email {
                    to: Mailbox { name: None, email: "\"a\r\nb\"@c.example".into() },
                    ..email()
                },
                EncodeError::Address("\"a\r\nb\"@c.example".into()),
            ),
        ];
        for (mail, error) in cases {
            assert_eq!(encode(&mail), Err(error));
        }
        for url in ["https://a.example/\r\nX: y", "ftp://a.example", "/u", "javascript:alert(1)"] {
            let list_unsubscribe = Unsubscribe { url: Some(url.into()), mailto: None };
            assert!(encode(&Email { list_unsubscribe, ..email() }).is_err(), "{url}");
        }
    }

    #[test]
    fn a_line_that_cannot_be_folded_is_refused() {
        let list_unsubscribe = Unsubscribe {
            url: Some(format!("https://a.example/{}", "x".repeat(1000))),
            mailto: None,
        };
        let error = EncodeError::LineTooLong { header: "List-Unsubscribe".into() };
        assert_eq!(encode(&Email { list_unsubscribe, ..email() }), Err(error));
    }

    #[test]
    fn a_domain_travels_in_ascii_and_odd_dates_do_not_stop_a_mail() {
        let mail = Email {
            to: Mailbox { name: None, email: "ana@café.example".into() },
            date: Timestamp::from_millis(i64::MAX),
            html: String::new(),
            text: "plain".into(),
            ..email()
        };
        let all = headers(&mail);
        assert!(all.contains(&"To: ana@xn--caf-dma.example".to_owned()), "{all:?}");
        let quoted = Mailbox { name: None, email: "\"ana ruiz\"@shop.example".into() };
        let mail = Email { to: quoted, ..mail };
        let to = "To: \"ana ruiz\"@shop.example".to_owned();
        assert!(headers(&mail).contains(&to), "{:?}", headers(&mail));
        assert!(all.contains(&"Date: Fri, 31 Dec 9999 23:59:59 +0000".to_owned()), "{all:?}");
        assert!(all.contains(&"Content-Type: text/plain; charset=utf-8".to_owned()), "{all:?}");
    }
}
