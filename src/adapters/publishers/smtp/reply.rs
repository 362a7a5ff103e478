//! What a server says, read without trusting it.
//!
//! **Invariant:** whatever comes, no more than a line of [`LONGEST_LINE`] bytes and the
//! [`MOST_LINES`] lines of one reply are kept; what is longer, or no reply, ends the conversation.

use bytes::BytesMut;

/// The longest line that is read, in bytes; RFC 5321 allows 512.
const LONGEST_LINE: usize = 4096;
/// The most lines of one reply.
const MOST_LINES: usize = 100;
/// The most of a reply that is kept in the ledger, in characters.
const LONGEST_TEXT: usize = 500;

/// A whole reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    /// 200 to 599.
    pub(super) code: u16,
    /// Its lines without the code; at least one.
    pub(super) lines: Vec<String>,
}

impl Reply {
    /// The kind of the reply: 2 is yes, 3 is go on, 4 is not now, 5 is no.
    pub(super) const fn class(&self) -> u16 {
        self.code / 100
    }

    /// Its words, fit for a table: an enhanced code that each line repeats is there once.
    pub(super) fn text(&self) -> String {
        let Some((first, others)) = self.lines.split_first() else { return String::new() };
        let enhanced = first.split_once(' ').map(|(word, _)| word).filter(|word| is_enhanced(word));
        let mut text = first.clone();
        for line in others {
            let repeated = enhanced.and_then(|enhanced| line.strip_prefix(enhanced));
            text.push(' ');
            text.push_str(repeated.unwrap_or(line).trim());
        }
        shown(&text)
    }
}

/// Why what came is no reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Garbage {
    #[error("a line is longer than {LONGEST_LINE} bytes")]
    Line,
    #[error("a reply has more than {MOST_LINES} lines")]
    Lines,
    #[error("`{0}` is no reply")]
    NoReply(String),
}

/// Replies, as their bytes come in.
#[derive(Debug, Default)]
pub(super) struct Replies {
    bytes: BytesMut,
    /// How many of `bytes` are known to hold no end of a line.
    searched: usize,
    begun: Option<Reply>,
}

impl Replies {
    /// Where bytes that were read go.
    pub(super) const fn buffer(&mut self) -> &mut BytesMut {
        &mut self.bytes
    }

    /// Whether everything that came was a whole reply, and was taken.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.begun.is_none()
    }

    /// The next whole reply among the bytes that have come.
    pub(super) fn take(&mut self) -> Result<Option<Reply>, Garbage> {
        loop {
            let end = self.bytes[self.searched..].iter().position(|byte| *byte == b'\n');
            let Some(end) = end.map(|at| self.searched + at) else {
                self.searched = self.bytes.len();
                let within = self.searched <= LONGEST_LINE;
                return if within { Ok(None) } else { Err(Garbage::Line) };
            };
            if end > LONGEST_LINE {
                return Err(Garbage::Line);
            }
            let line = self.bytes.split_to(end + 1);
            self.searched = 0;
            if let Some(reply) = self.line(&line)? {
                return Ok(Some(reply));
            }
        }
    }

    /// Takes one line; gives the reply that it ends.
    fn line(&mut self, line: &[u8]) -> Result<Option<Reply>, Garbage> {
        let line = line.trim_ascii_end();
        let garbage = || Garbage::NoReply(shown(&String::from_utf8_lossy(line)));
        let (code, rest) = match line {
            [a @ b'2'..=b'5', b @ b'0'..=b'9', c @ b'0'..=b'9', rest @ ..] => {
                let digit = |byte: &u8| u16::from(byte - b'0');
                (digit(a) * 100 + digit(b) * 10 + digit(c), rest)
            }
            _ => return Err(garbage()),
        };
        let (last, text) = match rest {
            [] => (true, rest),
            [b' ', text @ ..] => (true, text),
            [b'-', text @ ..] => (false, text),
            _ => return Err(garbage()),
        };
        let mut reply = self.begun.take().unwrap_or(Reply { code, lines: Vec::new() });
        if reply.code != code {
            return Err(garbage());
        }
        if reply.lines.len() == MOST_LINES {
            return Err(Garbage::Lines);
        }
        reply.lines.push(String::from_utf8_lossy(text).into_owned());
        if last {
            return Ok(Some(reply));
        }
        self.begun = Some(reply);
        Ok(None)
    }
}

/// What a server said, fit for a table: one line, no control characters, 500 characters.
pub(super) fn shown(text: &str) -> String {
    let visible = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let visible: String = visible.collect();
    visible.trim().chars().take(LONGEST_TEXT).collect()
}

/// Whether a word looks like `5.1.1` (RFC 3463).
fn is_enhanced(word: &str) -> bool {
    let mut parts = 0;
    let digits = word.split('.').all(|part| {
        parts += 1;
        (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    });
    digits && parts == 3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8], at_once: usize) -> Result<Vec<(u16, String)>, Garbage> {
        let (mut replies, mut found) = (Replies::default(), Vec::new());
        for piece in bytes.chunks(at_once) {
            replies.buffer().extend_from_slice(piece);
            while let Some(reply) = replies.take()? {
                found.push((reply.code, reply.text()));
            }
        }
        Ok(found)
    }

    #[test]
    fn replies_are_found_however_they_are_cut() {
        let bytes = b"250-mx\r\n250-SIZE 100\r\n250 HELP\r\n354\r\n\
                      550-5.1.1 No such\r\n550 5.1.1 user\x07\n451 4.7.1 caf\xe9\r\n";
        let expected = [
            (250, "mx SIZE 100 HELP".to_owned()),
            (354, String::new()),
            (550, "5.1.1 No such user".to_owned()),
            (451, "4.7.1 caf\u{fffd}".to_owned()),
        ];
        for at_once in [1, 2, 7, 1000] {
            assert_eq!(all(bytes, at_once).unwrap(), expected);
        }
    }

    #[test]
    fn what_is_no_reply_is_refused() {
        let garbage = [
            "banana\r\n",
            "\r\n",
            "25\r\n",
            "2500 x\r\n",
            "199 x\r\n",
            "600 x\r\n",
            "250_x\r\n",
            "250-a\r\n251 b\r\n",
            "HTTP/1.1 400 Bad Request\r\n",
        ];
        for text in garbage {
            let error = all(text.as_bytes(), 3).unwrap_err();
            assert!(matches!(error, Garbage::NoReply(_)), "{text:?}: {error:?}");
        }
    }

    #[test]
    fn nothing_that_comes_is_kept_without_end() {
        let mut replies = Replies::default();
        let mut come = 0;
        let error = loop {
            replies.buffer().extend_from_slice(&[b'2'; 1000]);
            come += 1000;
            match replies.take() {
                Ok(found) => assert_eq!(found, None),
                Err(error) => break error,
            }
        };
        assert_eq!((error, come), (Garbage::Line, 5000));
        let endless = b"250-and more\r\n".repeat(MOST_LINES + 1);
        assert_eq!(all(&endless, 1000).unwrap_err(), Garbage::Lines);
        assert_eq!(all(&[b'2'; 5001], 5001).unwrap_err(), Garbage::Line);
    }

    #[test]
    fn replies_are_cut_to_what_a_table_can_show() {
        assert_eq!(shown(&"ñ".repeat(900)).chars().count(), 500);
        assert_eq!(shown("4.7.1 a\r\n\u{1b}[31mb\n"), "4.7.1 a   [31mb");
    }
}
