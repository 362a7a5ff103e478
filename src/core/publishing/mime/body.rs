//! Bodies: parts, boundaries and transfer encodings (RFC 2045, RFC 2046).

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use super::LONGEST_LINE;

/// Characters of an encoded line, without its CRLF.
const COLUMNS: usize = 76;
/// Bytes that a line of base64 holds.
const BASE64_LINE: usize = COLUMNS / 4 * 3;

/// Writes what tells the parts apart, the empty line, and the parts: the text, then the HTML unless
/// that is empty.
pub(super) fn write(message_id: &str, text: &str, html: &str, out: &mut String) {
    if html.is_empty() {
        part("plain", text, out);
        if !out.ends_with("\r\n") {
            out.push_str("\r\n");
        }
        return;
    }
    let boundary = boundary(message_id);
    out.extend(["Content-Type: multipart/alternative;\r\n boundary=\"", &boundary, "\"\r\n"]);
    for (kind, text) in [("plain", text), ("html", html)] {
        out.extend(["\r\n--", &boundary, "\r\n"]);
        part(kind, text, out);
    }
    out.extend(["\r\n--", &boundary, "--\r\n"]);
}

/// A line that no text has by chance.
pub(super) fn boundary(message_id: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(message_id))
}

/// One part in the encoding that suits it: as it is when it is ASCII in lines that travel, else in
/// base64 when much of it is not ASCII, and in quoted-printable when little is.
fn part(kind: &str, text: &str, out: &mut String) {
    let text = with_line_feeds(text);
    let beyond_ascii = text.len() - text.bytes().filter(u8::is_ascii).count();
    let encoding: (&str, fn(&str, &mut String)) = if beyond_ascii * 6 > text.len() {
        ("base64", base64)
    } else if beyond_ascii == 0 && text.split('\n').all(|line| line.len() <= LONGEST_LINE) {
        ("7bit", plain)
    } else {
        ("quoted-printable", quoted_printable)
    };
    out.extend(["Content-Type: text/", kind, "; charset=utf-8\r\nContent-Transfer-Encoding: "]);
    out.extend([encoding.0, "\r\n\r\n"]);
    encoding.1(&text, out);
}

/// `text` with every line end as one line feed, and without NULs.
fn with_line_feeds(text: &str) -> Cow<'_, str> {
    if !text.contains(['\r', '\0']) {
        return text.into();
    }
    text.replace("\r\n", "\n").replace('\r', "\n").replace('\0', "").into()
}

fn plain(text: &str, out: &mut String) {
    for (at, line) in text.split('\n').enumerate() {
        out.push_str(if at == 0 { "" } else { "\r\n" });
        out.push_str(line);
    }
}

fn base64(text: &str, out: &mut String) {
    let text = text.replace('\n', "\r\n");
    for (at, line) in text.as_bytes().chunks(BASE64_LINE).enumerate() {
        out.push_str(if at == 0 { "" } else { "\r\n" });
        STANDARD.encode_string(line, out);
    }
}

fn quoted_printable(text: &str, out: &mut String) {
    for (at, line) in text.split('\n').enumerate() {
        out.push_str(if at == 0 { "" } else { "\r\n" });
        quoted_line(line, out);
    }
}

/// Whether a byte of a line stands for itself; a blank does not where a line ends.
const fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\t') && byte != b'='
}

fn quoted_line(line: &str, out: &mut String) {
    // One column is kept for the mark of a line that goes on.
    let mut room = COLUMNS - 1;
    let inner = line.trim_end_matches([' ', '\t']);
    let (inner, last) =
        if inner.len() == line.len() { (line, "") } else { line.split_at(line.len() - 1) };
    let mut rest = inner;
    loop {
        let run = rest.bytes().position(|byte| !is_plain(byte)).unwrap_or(rest.len());
        let (mut letters, odd) = rest.split_at(run);
        while letters.len() > room {
            let (now, later) = letters.split_at(room);
            out.extend([now, "=\r\n"]);
            letters = later;
            room = COLUMNS - 1;
        }
        out.push_str(letters);
        room -= letters.len();
        let Some(letter) = odd.chars().next() else { break };
        for byte in odd[..letter.len_utf8()].bytes() {
            quoted_byte(byte, &mut room, out);
        }
        rest = &odd[letter.len_utf8()..];
    }
    last.bytes().for_each(|byte| quoted_byte(byte, &mut room, out));
}

fn quoted_byte(byte: u8, room: &mut usize, out: &mut String) {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    if *room < 3 {
        out.push_str("=\r\n");
        *room = COLUMNS - 1;
    }
    out.push('=');
    out.push(DIGITS[usize::from(byte >> 4)]);
    out.push(DIGITS[usize::from(byte & 15)]);
    *room -= 3;
}
