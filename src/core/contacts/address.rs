//! E-mail addresses: what could be one, and why something is not.
//!
//! The check is that of RFC 5321 for what people really have: a dot-atom, an `@`, a domain. Letters
//! beyond ASCII are allowed on both sides (RFC 6531); quoted local parts, comments and address
//! literals are not, because hardly anyone has one and most are slips.

use super::address_kind;
use crate::core::kernel::fold_address;

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
    #[error("`{0}` is quoted before its @, which frontier does not send to")]
    Quoted(String),
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
        let (local, domain) =
            folded.rsplit_once('@').ok_or_else(|| BadAddress::NoAt(shown(text)))?;
        check_local(text, local)?;
        if folded.len() > MAX_BYTES || text.len() > MAX_BYTES {
            return Err(BadAddress::TooLong(shown(text)));
        }
        check_domain(text, domain)?;
        Ok(Self { text: text.to_owned(), folded })
    }

    /// The address as it was written.
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
    if text.starts_with('"') {
        return Err(BadAddress::Quoted(shown(text)));
    }
    if let Some(found) = text.chars().find(|c| is_invisible(*c)) {
        return Err(BadAddress::Invisible { text: shown(text), found });
    }
    if text.chars().any(char::is_whitespace) {
        return Err(BadAddress::Space(shown(text)));
    }
    match text.matches('@').count() {
        0 => Err(BadAddress::NoAt(shown(text))),
        1 => Ok(()),
        _ => Err(BadAddress::ManyAts(shown(text))),
    }
}

fn check_local(text: &str, local: &str) -> Result<(), BadAddress> {
    let allowed = |c: char| {
        c == '.' || "!#$%&'*+-/=?^_`{|}~".contains(c) || c.is_ascii_alphanumeric() || !c.is_ascii()
    };
    if local.is_empty() {
        return Err(BadAddress::NoLocal(shown(text)));
    }
    if local.len() > MAX_LOCAL_BYTES {
        return Err(BadAddress::LocalTooLong(shown(text)));
    }
    if local.contains('@') {
        return Err(BadAddress::ManyAts(shown(text)));
    }
    if let Some(found) = local.chars().find(|c| !allowed(*c) || c.is_whitespace()) {
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
                "\"ana\"@example.com",
                "`\"ana\"@example.com` is quoted before its @, which frontier does not send to",
            ),
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
            ("a@[127.0.0.1]", "`a@[127.0.0.1]`: `[127` cannot be a part of a domain; correct it"),
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
