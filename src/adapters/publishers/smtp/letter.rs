//! A mail as one server takes it: its commands, and its content as DATA or BDAT carries it.

use std::fmt::Write as _;

use bytes::Bytes;

use super::hello::Extensions;
use crate::core::publishing::{Parcel, Verdict, wire_address};

const NO_SMTPUTF8: &str = "an address of this mail has letters beyond ASCII before its @, and the \
                           server does not offer SMTPUTF8; use another address or another server";
const NO_8BITMIME: &str = "the content of this mail has bytes beyond ASCII, and the server does not \
                           offer 8BITMIME; use another server";

/// A parcel, checked against what a server offers and ready to be spoken.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) mail: Bytes,
    pub(super) rcpt: Bytes,
    pub(super) content: Bytes,
}

impl Letter {
    /// # Errors
    /// The verdict of a mail that this server cannot take, and need not be asked.
    pub(super) fn of(parcel: &Parcel, offered: &Extensions) -> Result<Self, Verdict> {
        let refused = |reply: String| Verdict::Refused { code: None, reply };
        let address = |text| wire_address(text).map_err(|error| refused(error.to_string()));
        let (from, to) = (address(&parcel.from)?, address(&parcel.to)?);
        let (from, to): (&str, &str) = (from.as_ref(), to.as_ref());

        let content = parcel.bytes.clone();
        let eight_bit = !content.is_ascii();
        let international =
            !from.is_ascii() || !to.is_ascii() || (eight_bit && !head(&content).is_ascii());
        if international && !(offered.smtputf8 && offered.eight_bit) {
            return Err(refused(NO_SMTPUTF8.to_owned()));
        }
        if eight_bit && !offered.eight_bit {
            return Err(refused(NO_8BITMIME.to_owned()));
        }
        let size = content.len() as u64;
        if let Some(most) = offered.size.filter(|most| size > *most) {
            return Err(refused(format!(
                "the mail has {size} bytes, and the server takes {most} at most; make it smaller \
                 or use another server"
            )));
        }

        let mut mail = format!("MAIL FROM:<{from}>");
        if offered.size.is_some() {
            let _ = write!(mail, " SIZE={size}"); // a `String` takes everything
        }
        if eight_bit || international {
            mail.push_str(" BODY=8BITMIME");
        }
        if international {
            mail.push_str(" SMTPUTF8");
        }
        mail.push_str("\r\n");
        Ok(Self { mail: mail.into(), rcpt: format!("RCPT TO:<{to}>\r\n").into(), content })
    }
}

/// The headers.
fn head(content: &[u8]) -> &[u8] {
    let end = content.windows(4).position(|four| four == b"\r\n\r\n");
    &content[..end.unwrap_or(content.len())]
}

/// Gives `out` the parts of `content` as DATA has it: dots at the start of a line doubled, and the
/// final dot. The parts are slices of `content`; nothing is copied.
///
/// A dot is doubled after any line feed, also one that no carriage return precedes: to some servers
/// that ends a line too, and a mail must not be able to end itself.
pub(super) fn stuffed(content: &Bytes, mut out: impl FnMut(Bytes)) {
    let mut from = 0;
    if content.first() == Some(&b'.') {
        out(Bytes::from_static(b"."));
    }
    while let Some(at) = dot_line(&content[from..]).map(|at| from + at) {
        out(content.slice(from..at));
        out(Bytes::from_static(b"."));
        from = at;
    }
    out(content.slice(from..));
    let ended = content.is_empty() || content.ends_with(b"\r\n");
    out(Bytes::from_static(if ended { b".\r\n" } else { b"\r\n.\r\n" }));
}

/// Where the first dot is that follows a line feed.
fn dot_line(content: &[u8]) -> Option<usize> {
    /// Looked through without a branch, which the compiler makes wide instructions of.
    const BLOCK: usize = 64;
    let follows = |(this, next): (&u8, &u8)| u8::from(*this == b'\n') & u8::from(*next == b'.');
    let next = content.get(1..)?;
    let mut blocks = content.chunks(BLOCK).zip(next.chunks(BLOCK)).enumerate();
    blocks.find_map(|(block, (these, nexts))| {
        let any = these.iter().zip(nexts).fold(0, |any, pair| any | follows(pair));
        if any == 0 {
            return None;
        }
        let within = these.iter().zip(nexts).position(|pair| follows(pair) == 1)?;
        Some(block * BLOCK + within + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spoken(content: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        stuffed(&Bytes::copy_from_slice(content), |part| bytes.extend_from_slice(&part));
        bytes
    }

    #[test]
    fn dots_at_the_start_of_a_line_are_doubled() {
        let cases: [(&[u8], &[u8]); 8] = [
            (b"", b".\r\n"),
            (b".", b"..\r\n.\r\n"),
            (b"a\r\n", b"a\r\n.\r\n"),
            (b"a", b"a\r\n.\r\n"),
            (b".a.b\r\n", b"..a.b\r\n.\r\n"),
            (b"a\r\n.\r\nb\r\n", b"a\r\n..\r\nb\r\n.\r\n"),
            (b"a\r\n..\r\n.\r\n", b"a\r\n...\r\n..\r\n.\r\n"),
            (b"a\n.\r\nQUIT\r\n", b"a\n..\r\nQUIT\r\n.\r\n"),
        ];
        for (content, expected) in cases {
            assert_eq!(
                spoken(content).escape_ascii().to_string(),
                expected.escape_ascii().to_string()
            );
        }
    }

    #[test]
    fn a_dot_is_found_wherever_it_stands() {
        for at in 0..300 {
            let mut content = vec![b'x'; 300];
            content[at] = b'.';
            let expected = if at == 0 { 304 + 2 } else { 300 + 5 };
            assert_eq!(spoken(&content).len(), expected, "{at}");
            if at > 0 {
                content[at - 1] = b'\n';
                assert_eq!(dot_line(&content), Some(at));
            }
        }
    }

    fn parcel(to: &str, bytes: &'static str) -> Parcel {
        Parcel {
            from: "news@example.com".to_owned(),
            to: to.to_owned(),
            message_id: "1@example.com".to_owned(),
            bytes: Bytes::from_static(bytes.as_bytes()),
        }
    }

    fn mail(parcel: &Parcel, offered: &Extensions) -> Result<String, String> {
        match Letter::of(parcel, offered) {
            Ok(letter) => Ok(String::from_utf8(letter.mail.to_vec()).unwrap().trim().to_owned()),
            Err(Verdict::Refused { code: None, reply }) => Err(reply),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_mail_says_what_it_needs() {
        let plain = parcel("ana@example.com", "Subject: Hi\r\n\r\nHi\r\n");
        let letters = parcel("ana@example.com", "Subject: Hi\r\n\r\n¡Hola!\r\n");
        let abroad = parcel("josé@example.com", "Subject: Hi\r\n\r\nHi\r\n");
        let (none, size) = (Extensions::default(), Some(20));
        let eight_bit = Extensions { eight_bit: true, ..none.clone() };
        let all = Extensions { eight_bit: true, smtputf8: true, size, ..none.clone() };

        let from = "MAIL FROM:<news@example.com>";
        assert_eq!(mail(&plain, &none).unwrap(), from);
        assert_eq!(mail(&letters, &eight_bit).unwrap(), format!("{from} BODY=8BITMIME"));
        let expected = format!("{from} SIZE=19 BODY=8BITMIME SMTPUTF8");
        assert_eq!(mail(&abroad, &all).unwrap(), expected);
        assert_eq!(mail(&letters, &none).unwrap_err(), NO_8BITMIME);
        assert_eq!(mail(&abroad, &eight_bit).unwrap_err(), NO_SMTPUTF8);
        assert_eq!(
            mail(&letters, &all).unwrap_err(),
            "the mail has 24 bytes, and the server takes 20 at most; make it smaller or use \
             another server"
        );
    }
}
