//! Headers: folding and encoded words (RFC 5322, 2.2.3; RFC 2047).
//!
//! Every header written here ends in CRLF, and its lines have 76 characters at most where its value
//! has a blank to fold at.

use std::borrow::Cow;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Datelike as _, Timelike as _};

use super::{EncodeError, wire_address};
use crate::core::kernel::Timestamp;

/// Characters of a line, without its CRLF.
const COLUMNS: usize = 76;
/// Characters that an encoded word has around its letters, which are UTF-8 in base64.
const AROUND: usize = "=?utf-8?b??=".len();
/// Characters of the longest word that is not encoded; one that is longer could not be folded.
const LONGEST_WORD: usize = 200;
/// Characters of the longest name that is written as it is, in quotes if need be.
const LONGEST_NAME: usize = 60;
/// The last second that a `Date` can say: the end of the year 9999.
const LAST_SECOND: i64 = 253_402_300_799;

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `value`, if it can stand in one header.
pub(super) fn checked<'a>(header: &str, value: &'a str) -> Result<&'a str, EncodeError> {
    if value.chars().any(|c| c.is_control() && c != '\t') {
        return Err(EncodeError::ControlCharacter { header: header.escape_debug().to_string() });
    }
    Ok(value)
}

/// `Date`, in UTC.
pub(super) fn date(at: Timestamp, out: &mut String) {
    let seconds = at.as_millis().div_euclid(1000).clamp(0, LAST_SECOND);
    let time = DateTime::from_timestamp(seconds, 0).unwrap_or_default();
    let (day, month) = (time.weekday().num_days_from_monday(), time.month0());
    // Writing to a String cannot fail.
    let _ = write!(
        out,
        "Date: {}, {:02} {} {:04} {:02}:{:02}:{:02} +0000\r\n",
        DAYS[day as usize % 7],
        time.day(),
        MONTHS[month as usize % 12],
        time.year(),
        time.hour(),
        time.minute(),
        time.second(),
    );
}

/// A header that holds one mailbox.
pub(super) fn mailbox(
    header: &str,
    name: &str,
    email: &str,
    out: &mut String,
) -> Result<(), EncodeError> {
    let name = checked(header, name.trim())?;
    let address = address(email)?;
    let begin = out.len();
    out.extend([header, ": "]);
    if name.is_empty() {
        out.extend([&address, "\r\n"]);
        return Ok(());
    }
    if !name.is_ascii() || name.len() > LONGEST_NAME || name.contains("=?") {
        encoded(name, header.len() + 2, out);
    } else if name.bytes().all(|byte| is_atom(byte) || byte == b' ') {
        out.push_str(name);
    } else {
        out.push('"');
        for letter in name.chars() {
            out.push_str(if matches!(letter, '"' | '\\') { "\\" } else { "" });
            out.push(letter);
        }
        out.push('"');
    }
    let line = out.len() - out.rfind('\n').map_or(begin, |at| at + 1).max(begin);
    let folded = line + address.len() + 3 > COLUMNS;
    out.extend([if folded { "\r\n <" } else { " <" }, &address, ">\r\n"]);
    Ok(())
}

/// The form in which an address travels, in short for those of plain letters, which nearly all are.
fn address(email: &str) -> Result<Cow<'_, str>, EncodeError> {
    let plain = email.split_once('@').is_some_and(|(local, domain)| {
        let atoms = |text: &str, inner: fn(u8) -> bool| {
            text.split('.').all(|part| !part.is_empty() && part.bytes().all(inner))
        };
        let label = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let edges =
            |label: &str| label.starts_with('-') || label.ends_with('-') || label.len() > 63;
        local.len() <= 64
            && domain.len() <= 253
            && atoms(local, is_atom)
            && atoms(domain, label)
            && domain.contains('.')
            && !domain.split('.').any(edges)
    });
    if plain { Ok(email.into()) } else { Ok(wire_address(email)?.to_string().into()) }
}

const fn is_atom(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'/')
        || matches!(byte, b'=' | b'?' | b'^' | b'_' | b'`' | b'{' | b'|' | b'}' | b'~')
}

/// A header of free text: the words from the first to the last that need it are encoded, the others
/// stay legible.
pub(super) fn unstructured(header: &str, value: &str, out: &mut String) -> Result<(), EncodeError> {
    let value = checked(header, value)?;
    out.extend([header, ": "]);
    let column = header.len() + 2;
    if value.is_ascii() && column + value.len() <= COLUMNS && !value.contains("=?") {
        out.extend([value, "\r\n"]);
        return Ok(());
    }
    let odd = |word: &str| !word.is_ascii() || word.contains("=?") || word.len() > LONGEST_WORD;
    let (first, last) = first_and_last(value, odd).unwrap_or((value.len(), value.len()));
    let column = words(&value[..first], column, out);
    let column = encoded(&value[first..last], column, out);
    words(&value[last..], column, out);
    out.push_str("\r\n");
    Ok(())
}

/// Where the first word that is `odd` begins and the last one ends.
fn first_and_last(value: &str, odd: impl Fn(&str) -> bool) -> Option<(usize, usize)> {
    let (mut at, mut found) = (0, None);
    for word in value.split(' ') {
        if odd(word) {
            let (first, _) = found.unwrap_or((at, at));
            found = Some((first, at + word.len()));
        }
        at += word.len() + 1;
    }
    found
}

/// Writes words as they are, with a fold where a line would be too long; gives the column it ends in.
fn words(value: &str, mut column: usize, out: &mut String) -> usize {
    for (at, word) in value.split(' ').enumerate() {
        if at > 0 {
            // A line of blanks alone would end the head, so a fold comes before letters only.
            let folds = !word.is_empty() && column + 1 + word.len() > COLUMNS;
            out.push_str(if folds { "\r\n " } else { " " });
            column = if folds { 1 } else { column + 1 };
        }
        out.push_str(word);
        column += word.len();
    }
    column
}

/// Writes `text` as encoded words, beginning in `column`; gives the column it ends in.
fn encoded(text: &str, mut column: usize, out: &mut String) -> usize {
    let mut rest = text;
    while !rest.is_empty() {
        let room = COLUMNS.saturating_sub(column + AROUND) / 4 * 3;
        let mut length = room.min(rest.len()).min(45);
        while !rest.is_char_boundary(length) {
            length -= 1;
        }
        if length < 4.min(rest.len()) {
            // A fold within an encoded text is no part of it; the blank before it is.
            if out.ends_with(' ') {
                out.pop();
            }
            out.push_str("\r\n ");
            column = 1;
            continue;
        }
        out.push_str("=?utf-8?b?");
        STANDARD.encode_string(&rest[..length], out);
        out.push_str("?=");
        column += AROUND + length.div_ceil(3) * 4;
        rest = &rest[length..];
    }
    column
}
