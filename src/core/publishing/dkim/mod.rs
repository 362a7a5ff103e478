//! DKIM: mails signed by the domains that answer for them (RFC 6376, RFC 8463).
//!
//! A channel may have several signatures, one a *selector*: one of each algorithm, say, or the old
//! key and the new one while a key is changed. `key` turns a private key into what signs and into the
//! record to publish, `canonical` is the form in which a mail is signed, `sign` writes the headers.
//!
//! **Invariants:** keys are known by reference only, and are never stored or shown. Every signature
//! is relaxed/relaxed and covers the whole body (there is no `l=`); `From` is signed twice over, so
//! that none can be added on the way. The same mail has the same signatures.

mod canonical;
mod key;
mod sign;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use key::{Algorithm, KeyError, SigningKey};
pub use sign::Signer;
pub(super) use sign::sign;

use super::channel::PasswordRef;

/// One signature on each mail of a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DkimSettings {
    /// Whose signature it is; the domain of each mail's sender, unless it is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Under which name the domain publishes the key: `SELECTOR._domainkey.DOMAIN`.
    pub selector: String,
    /// Where the private key is found, in PEM, by the process that sends.
    pub key: PasswordRef,
}

impl DkimSettings {
    /// Signatures on one mail, at most.
    pub const MOST: usize = 8;

    /// What is wrong with the signatures of a channel, in words.
    pub(super) fn problem(all: &[Self]) -> Option<String> {
        if all.len() > Self::MOST {
            return Some(format!("there are {} signatures; {} at most", all.len(), Self::MOST));
        }
        for (at, one) in all.iter().enumerate() {
            let Self { domain, selector, .. } = one;
            if !is_selector(selector) {
                return Some(format!(
                    "dkim.selector `{selector}` is none; use letters, digits, hyphens and dots"
                ));
            }
            if let Some(domain) = domain
                && ascii_domain(domain).is_none()
            {
                return Some(format!("dkim.domain `{domain}` is none; write it as shop.example"));
            }
            let same = |other: &Self| other.domain == *domain && other.selector == *selector;
            if all[..at].iter().any(same) {
                return Some(format!("two signatures have the selector `{selector}`; keep one"));
            }
        }
        None
    }
}

/// Whether `text` can name a key: labels of DNS, with dots between them.
pub fn is_selector(text: &str) -> bool {
    let label = |label: &str| {
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (1..=63).contains(&label.len())
            && label.bytes().all(inner)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 190 && text.split('.').all(label)
}

/// A domain as DNS knows it, in lower case and ASCII; `None` when it can be none.
pub fn ascii_domain(domain: &str) -> Option<String> {
    idna::domain_to_ascii(domain.trim())
        .ok()
        .filter(|domain| domain.len() <= 253 && is_host(domain))
}

fn is_host(domain: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    domain.split('.').all(|label| (1..=63).contains(&label.len()) && label.bytes().all(inner))
}

/// Whether receivers take the signature of `signing` for one of the sender's domain `from`: it is
/// the same, or one is below the other (RFC 7489, 3.1.1, but for registries' suffixes).
pub fn is_aligned(signing: &str, from: &str) -> bool {
    let below = |low: &str, high: &str| {
        low.strip_suffix(high).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    below(signing, from) || below(from, signing)
}
