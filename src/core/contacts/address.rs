//! E-mail addresses: what could be one, and why something is not.
//!
//! The check is that of RFC 5321: a dot-atom or a quoted text, an `@`, a domain. Letters beyond ASCII
//! are allowed on both sides (RFC 6531). Comments are not, nor are servers named by their number
//! (`[192.0.2.1]`): hardly anyone has one and most are slips.
//!
//! An address is kept as it was written, but for a domain in its ASCII form, which is kept in letters
//! people read; it is compared in its [folded](fold_address) form.

use super::address_kind;
use crate::core::kernel::{fold_address, is_atom_char};

/// Bytes of a whole address, and of what stands before its `@`, at the most (RFC 5321, 4.5.3.1).
const MAX_BYTES: usize = 254;
const MAX_LOCAL_BYTES: usize = 64;
/// Bytes of one label of a domain at the most (RFC 1035).
const MAX_LABEL_BYTES: usize = 63;

/// An address that mail could be sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    text: String,
    folded: String,
}

/// Why a text is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    #[error("the address is empty; write one as name@example.com")]
    Empty,
    #[error("`{0}` has no @; write the address as name@example.com")]
    NoAt(String),
    #[error("`{0}` has more than one @; write one address")]
    ManyAts(String),
    #[error("`{0}` has nothing before its @; write the address as name@example.com")]
    NoLocal(String),
    #[error("`{0}` has more than 64 bytes before its @, which mail servers refuse")]
    LocalTooLong(String),
    #[error("`{0}…` is longer than 254 bytes, which mail servers refuse")]
    TooLong(String),
    #[error("`{0}` has a space in it; take it out")]
    Space(String),
    #[error("`{text}` has an invisible character in it (U+{:04X}); type the address anew", u32::from(*.found))]
    Invisible { text: String, found: char },
    #[error("`{0}` has a name around the address; write only what is between < and >")]
    Named(String),
    #[error("`{0}` has quotes that do not stand around all that is before its @; correct them")]
    Quotes(String),
    #[error("`{text}` has {found:?} between its quotes, where only text can stand")]
    QuotedCharacter { text: String, found: char },
    #[error("`{0}` names a server by its number, which frontier does not send to; write a domain")]
    Literal(String),
    #[error("`{0}` has two dots in a row before its @; take one out")]
    TwoDots(String),
    #[error("`{0}` starts or ends with a dot before its @; take it out")]
    DotAtEdge(String),
    #[error("`{text}` has {found:?} in it, which an address cannot have")]
    Character { text: String, found: char },
    #[error("`{0}` has nothing after its @; write the address as name@example.com")]
    NoDomain(String),
    #[error("`{text}`: the domain `{domain}` has no dot; write the whole domain, as example.com")]
    DomainWithoutDot { text: String, domain: String },
    #[error("`{text}`: `{label}` cannot be a part of a domain; correct it")]
    Label { text: String, label: String },
    #[error("`{text}`: `{domain}` cannot be a domain; correct it")]
    Domain { text: String, domain: String },
}

impl Address {
    /// Reads an address; spaces around it do not count.
    ///
    /// # Errors
    /// The first [`BadAddress`] that holds.
    pub fn parse(text: &str) -> Result<Self, BadAddress> {
        let text = text.trim();
        check_shape(text)?;
        let folded = fold_address(text);
        let parts = |address| str::rsplit_once(address, '@');
        let no_at = || BadAddress::NoAt(shown(text));
        let (written, _) = parts(text).ok_or_else(no_at)?;
        let (local, domain) = parts(&folded).ok_or_else(no_at)?;
        if local.starts_with('"') { check_quoted(text, local) } else { check_local(text, local) }?;
        if written.len() > MAX_LOCAL_BYTES {
            return Err(BadAddress::LocalTooLong(shown(text)));
        }
        check_domain(text, domain)?;
        let kept = readable(text, domain);
        if folded.len() > MAX_BYTES || text.len() > MAX_BYTES || kept.len() > MAX_BYTES {
            return Err(BadAddress::TooLong(shown(text)));
        }
        Ok(Self { text: kept, folded })
    }

    /// The address as it is kept: as it was written, with its domain in letters people read.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The form in which addresses are compared.
    pub fn folded(&self) -> &str {
        &self.folded
    }

    /// What follows the `@`, in lower case and ASCII.
    pub fn domain(&self) -> &str {
        self.folded.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// Whether several people read it, as `info@`.
    pub fn is_role(&self) -> bool {
        address_kind::is_role(&self.folded)
    }

    /// Whether it is of a service for throw-away addresses.
    pub fn is_disposable(&self) -> bool {
        address_kind::is_disposable(&self.folded)
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

/// What is wrong with the text before it is taken apart.
fn check_shape(text: &str) -> Result<(), BadAddress> {
    if text.is_empty() {
        return Err(BadAddress::Empty);
    }
    if text.len() > 4 * MAX_BYTES {
        return Err(BadAddress::TooLong(shown(text)));
    }
    if text.ends_with('>') && text.contains('<') {
        return Err(BadAddress::Named(shown(text)));
    }
    if let Some(found) = text.chars().find(|c| is_invisible(*c)) {
        return Err(BadAddress::Invisible { text: shown(text), found });
    }
    let parts = text.rsplit_once('@');
    let (local, domain) = parts.unwrap_or(("", text));
    // What is between quotes may be anything; `check_quoted` looks at it.
    let is_quoted = local.starts_with('"');
    if (if is_quoted { domain } else { text }).chars().any(char::is_whitespace) {
        return Err(BadAddress::Space(shown(text)));
    }
    match parts {
        None => Err(BadAddress::NoAt(shown(text))),
        Some(_) if !is_quoted && local.contains('@') => Err(BadAddress::ManyAts(shown(text))),
        Some(_) => Ok(()),
    }
}

/// Checks a folded local part that begins with a quote (RFC 5321, 4.1.2; RFC 6531, 3.3).
fn check_quoted(text: &str, local: &str) -> Result<(), BadAddress> {
    let quotes = || BadAddress::Quotes(shown(text));
    let inner = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let inner = inner.ok_or_else(quotes)?;
    if inner.is_empty() {
        return Err(BadAddress::NoLocal(shown(text)));
    }
    if local.len() > MAX_LOCAL_BYTES {
        return Err(BadAddress::LocalTooLong(shown(text)));
    }
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return Err(quotes()),
            '\\' => match chars.next() {
                Some(marked) if marked == ' ' || marked.is_ascii_graphic() => {}
                _ => return Err(quotes()),
            },
            ' ' => {}
            c if c.is_whitespace() || c.is_control() => {
                return Err(BadAddress::QuotedCharacter { text: shown(text), found: c });
            }
            _ => {}
        }
    }
    Ok(())
}

/// The text with its domain as people read it; `domain` is its folded form.
fn readable(text: &str, domain: &str) -> String {
    let Some((local, written)) = text.rsplit_once('@') else { return text.to_owned() };
    if !written.to_ascii_lowercase().split('.').any(|label| label.starts_with("xn--")) {
        return text.to_owned();
    }
    match idna::domain_to_unicode(domain) {
        (unicode, Ok(())) => format!("{local}@{unicode}"),
        (_, Err(_)) => text.to_owned(),
    }
}

fn check_local(text: &str, local: &str) -> Result<(), BadAddress> {
    let allowed = |c: char| c == '.' || is_atom_char(c);
    if local.is_empty() {
        return Err(BadAddress::NoLocal(shown(text)));
    }
    if local.len() > MAX_LOCAL_BYTES {
        return Err(BadAddress::LocalTooLong(shown(text)));
    }
    if local.contains('@') {
        return Err(BadAddress::ManyAts(shown(text)));
    }
    if let Some(found) = local.chars().find(|c| !allowed(*c)) {
        return Err(BadAddress::Character { text: shown(text), found });
    }
    if local.starts_with('.') || local.ends_with('.') {
        return Err(BadAddress::DotAtEdge(shown(text)));
    }
    if local.contains("..") {
        return Err(BadAddress::TwoDots(shown(text)));
    }
    Ok(())
}

/// Checks a folded domain, which is ASCII unless it could not be converted.
fn check_domain(text: &str, domain: &str) -> Result<(), BadAddress> {
    let shown_domain = || domain.chars().take(80).collect::<String>();
    if domain.is_empty() {
        return Err(BadAddress::NoDomain(shown(text)));
    }
    if domain.starts_with('[') {
        return Err(BadAddress::Literal(shown(text)));
    }
    if !domain.is_ascii() {
        return Err(BadAddress::Domain { text: shown(text), domain: shown_domain() });
    }
    if !domain.contains('.') {
        let domain = shown_domain();
        return Err(BadAddress::DomainWithoutDot { text: shown(text), domain });
    }
    for label in domain.split('.') {
        let plain = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let edge = label.starts_with('-') || label.ends_with('-');
        if label.is_empty() || label.len() > MAX_LABEL_BYTES || !plain || edge {
            let label = if label.is_empty() { ".." } else { label };
            let label = label.chars().take(80).collect();
            return Err(BadAddress::Label { text: shown(text), label });
        }
    }
    let last = domain.rsplit('.').next().unwrap_or_default();
    if last.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(BadAddress::Domain { text: shown(text), domain: shown_domain() });
    }
    Ok(())
}

/// Control characters, and those that print as nothing: what copying from a page brings along.
fn is_invisible(c: char) -> bool {
    (c.is_control() && !c.is_whitespace())
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

/// The text as errors show it: its beginning, when it is long.
fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_have_is_taken_and_compared_folded() {
        for (text, folded) in [
            (" Ana.Ruiz+news@Example.COM ", "ana.ruiz+news@example.com"),
            ("o'brien@example.ie", "o'brien@example.ie"),
            ("josé@exämple.com", "josé@xn--exmple-cua.com"),
            ("用户@例子.广告", "用户@xn--fsqu00a.xn--4rr70v"),
            ("a@b-c.d1.museum", "a@b-c.d1.museum"),
        ] {
            let address = Address::parse(text).unwrap();
            assert_eq!(address.folded(), folded);
            assert_eq!(address.as_str(), text.trim());
        }
        assert_eq!(Address::parse("a@Café.example").unwrap().domain(), "xn--caf-dma.example");
        for (text, kept, folded) in [
            ("Ana@XN--caf-dma.example", "Ana@café.example", "ana@xn--caf-dma.example"),
            ("\"Ana Ruiz\"@Example.com", "\"Ana Ruiz\"@Example.com", "\"ana ruiz\"@example.com"),
            ("\"ana\"@example.com", "\"ana\"@example.com", "ana@example.com"),
            (r#""a\"b@c"@example.com"#, r#""a\"b@c"@example.com"#, r#""a\"b@c"@example.com"#),
            ("\"josé m\"@example.com", "\"josé m\"@example.com", "\"josé m\"@example.com"),
        ] {
            let address = Address::parse(text).unwrap();
            assert_eq!((address.as_str(), address.folded()), (kept, folded));
        }
        let local = "x".repeat(64);
        assert!(Address::parse(&format!("{local}@example.com")).is_ok());
        let domain = "x123456789.".repeat(17);
        let longest = format!("{local}@{domain}ab");
        assert_eq!((longest.len(), Address::parse(&longest).is_ok()), (254, true));
        assert!(matches!(Address::parse(&format!("{longest}c")), Err(BadAddress::TooLong(_))));
    }

    #[test]
    fn a_text_that_is_no_address_is_told_why() {
        let long = format!("{}@example.com", "x".repeat(65));
        let label = format!("a@{}.com", "x".repeat(64));
        for (text, reason) in [
            ("", "the address is empty; write one as name@example.com"),
            (
                "ana.example.com",
                "`ana.example.com` has no @; write the address as name@example.com",
            ),
            ("a@b@example.com", "`a@b@example.com` has more than one @; write one address"),
            (
                "@example.com",
                "`@example.com` has nothing before its @; write the address as name@example.com",
            ),
            (
                &long,
                &format!(
                    "`{}` has more than 64 bytes before its @, which mail servers refuse",
                    &long[..77]
                ),
            ),
            ("a b@example.com", "`a b@example.com` has a space in it; take it out"),
            (
                "ana\u{200b}@example.com",
                "`ana\u{200b}@example.com` has an invisible character in it (U+200B); type the address anew",
            ),
            (
                "Ana <ana@example.com>",
                "`Ana <ana@example.com>` has a name around the address; write only what is between < and >",
            ),
            (
                "\"ana@example.com",
                "`\"ana@example.com` has quotes that do not stand around all that is before its @; correct them",
            ),
            (
                "\"a\"b@example.com",
                "`\"a\"b@example.com` has quotes that do not stand around all that is before its @; correct them",
            ),
            (
                "\"a\tb\"@example.com",
                "`\"a\tb\"@example.com` has '\\t' between its quotes, where only text can stand",
            ),
            (
                "\"\"@example.com",
                "`\"\"@example.com` has nothing before its @; write the address as name@example.com",
            ),
            ("\"a b\"@ex ample.com", "`\"a b\"@ex ample.com` has a space in it; take it out"),
            (
                "a..b@example.com",
                "`a..b@example.com` has two dots in a row before its @; take one out",
            ),
            (
                "a.@example.com",
                "`a.@example.com` starts or ends with a dot before its @; take it out",
            ),
            ("a,b@example.com", "`a,b@example.com` has ',' in it, which an address cannot have"),
            ("a@", "`a@` has nothing after its @; write the address as name@example.com"),
            (
                "a@localhost",
                "`a@localhost`: the domain `localhost` has no dot; write the whole domain, as example.com",
            ),
            ("a@example..com", "`a@example..com`: `..` cannot be a part of a domain; correct it"),
            ("a@-x.com", "`a@-x.com`: `-x` cannot be a part of a domain; correct it"),
            (
                "a@ex_ample.com",
                "`a@ex_ample.com`: `ex_ample` cannot be a part of a domain; correct it",
            ),
            (
                "a@[127.0.0.1]",
                "`a@[127.0.0.1]` names a server by its number, which frontier does not send to; write a domain",
            ),
            (
                "a@[IPv6:2001:db8::1]",
                "`a@[IPv6:2001:db8::1]` names a server by its number, which frontier does not send to; write a domain",
            ),
            ("a@127.0.0.1", "`a@127.0.0.1`: `127.0.0.1` cannot be a domain; correct it"),
        ] {
            assert_eq!(Address::parse(text).unwrap_err().to_string(), reason);
        }
        let labels = Address::parse(&label).unwrap_err();
        assert!(matches!(labels, BadAddress::Label { .. }), "{labels:?}");
        let whole = format!("a@{}com", "x123456789.".repeat(23));
        assert!(matches!(Address::parse(&whole).unwrap_err(), BadAddress::TooLong(_)));
    }
}
