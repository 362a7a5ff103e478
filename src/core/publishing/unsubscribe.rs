//! Links that let a reader leave, signed so that nobody can unsubscribe somebody else.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::channel::UnsubscribeWays;
use super::model::PublishingError;
use super::publisher::Unsubscribe;
use crate::core::kernel::Id;

/// Bytes of the signature that travel: 128 bits.
const SIGNATURE: usize = 16;

/// Signs tokens with the workspace's key.
#[derive(Clone)]
pub struct TokenSigner(Vec<u8>);

impl std::fmt::Debug for TokenSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenSigner([redacted])")
    }
}

impl TokenSigner {
    pub const fn new(key: Vec<u8>) -> Self {
        Self(key)
    }

    /// What a token says, or the link whose `t` it is: the contact, and the run.
    ///
    /// # Errors
    /// [`PublishingError::Link`] when it is not one that [`token`](Self::token) gave.
    pub fn read(&self, link: &str) -> Result<(Id, Id), PublishingError> {
        let token = link.trim();
        let token = token.rsplit_once("t=").map_or(token, |(_, token)| token);
        let token = token.split(['&', '#']).next().unwrap_or_default();
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| PublishingError::Link)?;
        let (contact, rest) = bytes.split_first_chunk::<16>().ok_or(PublishingError::Link)?;
        let (run, signature) = rest.split_first_chunk::<16>().ok_or(PublishingError::Link)?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).map_err(|_| PublishingError::Link)?;
        mac.update(b"unsubscribe");
        mac.update(contact);
        mac.update(run);
        if signature.len() != SIGNATURE || mac.verify_truncated_left(signature).is_err() {
            return Err(PublishingError::Link);
        }
        Ok((Id::from_bytes(*contact), Id::from_bytes(*run)))
    }

    /// The token that says "this contact, of this run": both ids and their signature, in base64url.
    pub fn token(&self, contact: Id, run: Id) -> String {
        let mut bytes = [contact.as_bytes().as_slice(), run.as_bytes()].concat();
        // HMAC takes a key of any length, so this cannot fail; an empty signature would be refused.
        if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) {
            mac.update(b"unsubscribe");
            mac.update(&bytes);
            bytes.extend_from_slice(&mac.finalize().into_bytes()[..SIGNATURE]);
        }
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The MAC of `bytes` for a purpose, in base64url.
    pub fn seal(&self, purpose: &[u8], bytes: &[u8]) -> String {
        let mac = self.mac(purpose, bytes).map(|mac| mac.finalize().into_bytes());
        URL_SAFE_NO_PAD.encode(mac.unwrap_or_default())
    }

    /// Whether `seal` is that of `bytes` for a purpose; takes as long whatever it is.
    pub fn has_sealed(&self, seal: &str, purpose: &[u8], bytes: &[u8]) -> bool {
        let seal = URL_SAFE_NO_PAD.decode(seal).unwrap_or_default();
        self.mac(purpose, bytes).is_some_and(|mac| mac.verify_slice(&seal).is_ok())
    }

    /// The first bytes of the MAC of `bytes` for a purpose.
    pub(super) fn short_seal<const N: usize>(&self, purpose: &[u8], bytes: &[u8]) -> [u8; N] {
        let mac = self.mac(purpose, bytes).map(|mac| mac.finalize().into_bytes());
        let mac = mac.unwrap_or_default();
        std::array::from_fn(|at| mac.get(at).copied().unwrap_or_default())
    }

    /// Whether `seal` begins the MAC of `bytes` for a purpose.
    pub(super) fn has_short_seal(&self, seal: &[u8], purpose: &[u8], bytes: &[u8]) -> bool {
        self.mac(purpose, bytes).is_some_and(|mac| mac.verify_truncated_left(seal).is_ok())
    }

    fn mac(&self, purpose: &[u8], bytes: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        mac.update(purpose);
        mac.update(bytes);
        Some(mac)
    }
}

impl UnsubscribeWays {
    /// Whether there is any way at all; a bulk mail without one is refused.
    pub const fn is_empty(&self) -> bool {
        self.url.is_none() && self.email.is_none()
    }

    /// The ways for one contact, and the one a body shows as `{{ unsubscribe_url }}`.
    pub(super) fn personal(&self, token: &str) -> (Unsubscribe, Option<String>) {
        let url = self.url.as_ref().map(|base| {
            let joint = if base.contains('?') { '&' } else { '?' };
            format!("{base}{joint}t={token}")
        });
        let mailto = self.email.as_ref().map(|to| format!("mailto:{to}?subject=unsubscribe"));
        let shown = url.clone().or_else(|| mailto.clone());
        (Unsubscribe { url, mailto }, shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_of_one_contact_one_run_and_one_key() {
        let id = |byte| Id::from_bytes([byte; 16]);
        let signer = TokenSigner::new(vec![7; 32]);
        let token = signer.token(id(1), id(2));
        assert_eq!(token, signer.token(id(1), id(2)));
        assert_eq!(URL_SAFE_NO_PAD.decode(&token).unwrap().len(), 48);
        let link = format!("https://shop.example/leave?l=es&t={token}&x=1#top");
        for text in [&token, &link, &format!(" {token}\n")] {
            assert_eq!(signer.read(text).unwrap(), (id(1), id(2)), "{text}");
        }
        let cut = &token[..token.len() - 4];
        let other = TokenSigner::new(vec![8; 32]).token(id(1), id(2));
        for text in ["", "t=", cut, &other, &format!("B{}", &token[1..])] {
            assert!(matches!(signer.read(text), Err(PublishingError::Link)), "{text}");
        }
        for other in [
            signer.token(id(3), id(2)),
            signer.token(id(1), id(3)),
            TokenSigner::new(vec![8; 32]).token(id(1), id(2)),
        ] {
            assert_ne!(other[43..], token[43..]);
        }
    }

    #[test]
    fn a_seal_is_of_one_purpose_one_text_and_one_key() {
        let signer = TokenSigner::new(vec![7; 32]);
        let seal = signer.seal(b"plan", b"text");
        assert!(signer.has_sealed(&seal, b"plan", b"text"));
        assert!(!signer.has_sealed(&seal, b"plan", b"test"));
        assert!(!signer.has_sealed(&seal, b"other", b"text"));
        assert!(!TokenSigner::new(vec![8; 32]).has_sealed(&seal, b"plan", b"text"));
        assert!(!signer.has_sealed("", b"plan", b"text") && !signer.has_sealed("?", b"", b""));
    }

    #[test]
    fn the_page_is_shown_before_the_address() {
        let both = UnsubscribeWays {
            url: Some("https://shop.example/u?l=en".into()),
            email: Some("out@shop.example".into()),
        };
        let (ways, shown) = both.personal("abc");
        assert_eq!(ways.url.as_deref(), Some("https://shop.example/u?l=en&t=abc"));
        assert_eq!(shown, ways.url);
        let (_, shown) = UnsubscribeWays { url: None, ..both }.personal("abc");
        assert_eq!(shown.as_deref(), Some("mailto:out@shop.example?subject=unsubscribe"));
    }
}
