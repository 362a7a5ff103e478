//! Who was forgotten: nothing is kept of them but a mark of their address among the suppressions.
//!
//! The mark is a keyed hash. From it alone nobody can tell the address; whoever has the address and
//! the workspace's key, as this program has, can tell that it is the one. So a later import neither
//! brings the person back nor sends to them.

use std::collections::HashSet;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::store::suppressions;
use crate::storage::sql::{DbResult, Tx};

/// What a mark begins with. It has no `@`, so no address looks like one.
pub(super) const MARK: &str = "hmac-sha256:";

/// What stands where the address of somebody was, who was forgotten.
pub const FORGOTTEN: &str = "(forgotten)";

/// The key that addresses are hashed with; one of each workspace.
#[derive(Clone)]
pub struct AddressKey(Vec<u8>);

impl std::fmt::Debug for AddressKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AddressKey([redacted])")
    }
}

impl AddressKey {
    pub const fn new(key: Vec<u8>) -> Self {
        Self(key)
    }

    /// The mark of a folded address: HMAC-SHA-256 (RFC 2104), in base64url.
    pub fn mark(&self, folded: &str) -> String {
        let mut text = MARK.to_owned();
        // HMAC takes a key of any length, so this cannot fail; an empty mark would match nobody.
        if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) {
            mac.update(b"address");
            mac.update(folded.as_bytes());
            URL_SAFE_NO_PAD.encode_string(mac.finalize().into_bytes(), &mut text);
        }
        text
    }

    /// A short digest of a text, of which only this key's holder can tell whether it is another's:
    /// 12 hexadecimal digits of HMAC-SHA-256.
    pub fn digest(&self, text: &str) -> String {
        let mut digits = String::with_capacity(12);
        if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) {
            mac.update(b"text");
            mac.update(text.as_bytes());
            for byte in mac.finalize().into_bytes().iter().take(6) {
                let _ = write!(digits, "{byte:02x}"); // a `String` takes everything
            }
        }
        digits
    }

    /// Whether what a suppression holds is a mark, and no address.
    pub fn is_mark(suppressed: &str) -> bool {
        suppressed.starts_with(MARK)
    }

    /// Those of the `folded` addresses that were forgotten.
    pub async fn forgotten_in<'a>(
        &self,
        tx: &mut Tx,
        folded: &[&'a str],
    ) -> DbResult<HashSet<&'a str>> {
        // The rule: nobody was, and nothing is hashed.
        if folded.is_empty() || !suppressions::has_marks(tx).await? {
            return Ok(HashSet::new());
        }
        let marks: Vec<String> = folded.iter().map(|address| self.mark(address)).collect();
        let wanted: Vec<&str> = marks.iter().map(String::as_str).collect();
        let found = suppressions::of_addresses(tx, &wanted).await?;
        let found: HashSet<&str> = found.iter().map(|one| one.email.as_str()).collect();
        let is_marked = |(mark, _): &(&String, &&str)| found.contains(mark.as_str());
        Ok(marks.iter().zip(folded).filter(is_marked).map(|(_, address)| *address).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_of_one_address_and_one_key_and_tells_neither() {
        let key = AddressKey::new(vec![7; 32]);
        let mark = key.mark("ana@example.com");
        assert_eq!(mark, key.mark("ana@example.com"));
        assert_ne!(mark, key.mark("bo@example.com"));
        assert_ne!(mark, AddressKey::new(vec![8; 32]).mark("ana@example.com"));
        assert!(AddressKey::is_mark(&mark) && !AddressKey::is_mark("ana@example.com"));
        assert!(!mark.contains("ana") && mark.len() == MARK.len() + 43);
        assert!(!format!("{key:?}").contains('7'));
    }
}
