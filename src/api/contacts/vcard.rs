//! vCard 4.0 (RFC 6350): a contact as address books read it.
//!
//! What they know of: address, name, language, timezone, tags as categories, and notes. Attributes
//! are no property of a vCard; a CSV or NDJSON has them.

use crate::core::contacts::Contact;

/// Bytes of a line at the most, without its break (RFC 6350, 3.2).
const LINE: usize = 75;

/// Adds `contact` to `out`.
pub(super) fn write(contact: &Contact, out: &mut Vec<u8>) {
    let name = if contact.name.is_empty() { &contact.email } else { &contact.name };
    let updated = contact.updated_at.to_string();
    // As 2026-03-01T09:00:00.123Z is written there: 20260301T090000Z.
    let revised = updated.split(['.', 'Z']).next().unwrap_or_default().replace(['-', ':'], "");
    let categories: Vec<String> = contact.tags.iter().map(|tag| escaped(tag)).collect();
    for (property, value) in [
        ("BEGIN", "VCARD".to_owned()),
        ("VERSION", "4.0".to_owned()),
        ("UID", format!("urn:uuid:{}", contact.id.as_uuid())),
        ("FN", escaped(name)),
        ("EMAIL", escaped(&contact.email)),
        ("LANG", contact.language.clone().unwrap_or_default()),
        ("TZ", contact.timezone.clone().unwrap_or_default()),
        ("CATEGORIES", categories.join(",")),
        ("NOTE", escaped(&contact.notes)),
        ("REV", format!("{revised}Z")),
        ("END", "VCARD".to_owned()),
    ] {
        if !value.is_empty() {
            line(&format!("{property}:{value}"), out);
        }
    }
}

/// A text as a value: what would end it is escaped.
fn escaped(text: &str) -> String {
    let mut value = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | ',' | ';' => value.extend(['\\', c]),
            '\n' => value.push_str("\\n"),
            '\r' => {}
            c => value.push(c),
        }
    }
    value
}

/// Writes a line, folded between characters where it is too long.
fn line(text: &str, out: &mut Vec<u8>) {
    let mut room = LINE;
    for c in text.chars() {
        if c.len_utf8() > room {
            out.extend_from_slice(b"\r\n ");
            room = LINE - 1;
        }
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        room -= c.len_utf8();
    }
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped_and_long_lines_folded() {
        assert_eq!(escaped("a,b; c\\d\ne"), "a\\,b\\; c\\\\d\\ne");
        let mut out = Vec::new();
        line(&format!("NOTE:{}", "ñ".repeat(80)), &mut out);
        let text = String::from_utf8(out).unwrap();
        assert!(text.ends_with("\r\n"));
        let lines: Vec<&str> = text.trim_end().split("\r\n").collect();
        assert_eq!(lines.len(), 3);
        assert!(lines.iter().all(|line| line.len() <= LINE), "{lines:?}");
        assert_eq!(lines.join("\n").replace("\n ", ""), format!("NOTE:{}", "ñ".repeat(80)));
    }
}
