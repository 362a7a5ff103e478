//! The relaxed form of headers and bodies (RFC 6376, 3.4.2 and 3.4.4): what is signed.

use sha2::{Digest, Sha256};

const fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// Appends `text` with every run of blanks as one space.
fn squeeze(text: &[u8], out: &mut Vec<u8>) {
    let mut blank = false;
    for &byte in text {
        match byte {
            b' ' | b'\t' if blank => {}
            b' ' | b'\t' => out.push(b' '),
            _ => out.push(byte),
        }
        blank = is_blank(byte);
    }
}

/// Appends a header, without its CRLF: its name in lower case, its value unfolded, without the
/// blanks around it, and with one space for each run of those within.
pub(super) fn header(name: &str, value: &[u8], out: &mut Vec<u8>) {
    out.extend(name.bytes().map(|byte| byte.to_ascii_lowercase()));
    out.push(b':');
    let begin = out.len();
    let mut blank = true;
    for &byte in value.iter().filter(|byte| !matches!(byte, b'\r' | b'\n')) {
        match byte {
            b' ' | b'\t' if blank => {}
            b' ' | b'\t' => out.push(b' '),
            _ => out.push(byte),
        }
        blank = is_blank(byte);
    }
    if out.len() > begin && out.last() == Some(&b' ') {
        out.pop();
    }
}

/// The hash of a body: no blanks at the ends of lines, one space for each run of them, no empty
/// lines at the end. Its lines end in CRLF.
pub(super) fn body_hash(body: &[u8]) -> [u8; 32] {
    let mut relaxed = Vec::with_capacity(body.len());
    let mut end = 0;
    for line in body.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let text = line.len() - line.iter().rev().take_while(|byte| is_blank(**byte)).count();
        let line = &line[..text];
        let blanks = line.iter().zip(line.iter().skip(1));
        if line.contains(&b'\t') || blanks.into_iter().any(|two| two == (&b' ', &b' ')) {
            squeeze(line, &mut relaxed);
        } else {
            relaxed.extend_from_slice(line);
        }
        relaxed.extend_from_slice(b"\r\n");
        if !line.is_empty() {
            end = relaxed.len();
        }
    }
    Sha256::digest(&relaxed[..end]).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_standard_hold() {
        // RFC 6376, 3.4.5
        let mut out = Vec::new();
        header("A", b" X\r\n", &mut out);
        out.push(b'|');
        header("B ".trim_end(), b" Y\t\r\n\tZ  \r\n", &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), "a:X|b:Y Z");
        assert_eq!(body_hash(b" C \r\nD \t E\r\n\r\n\r\n"), *Sha256::digest(b" C\r\nD E\r\n"));
    }

    #[test]
    fn what_is_empty_has_the_hash_of_nothing_and_a_last_line_gets_its_end() {
        for empty in ["", "\r\n", "\r\n \t\r\n\r\n"] {
            assert_eq!(body_hash(empty.as_bytes()), *Sha256::digest(b""), "{empty:?}");
        }
        assert_eq!(body_hash(b"a\r\n\r\nb"), *Sha256::digest(b"a\r\n\r\nb\r\n"));
        let mut out = Vec::new();
        header("Subject", b"  \r\n", &mut out);
        assert_eq!(out, b"subject:");
    }
}
