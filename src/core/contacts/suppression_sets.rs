//! Suppression sets: addresses that must never be sent to, as a named group.
//!
//! A set is kept as a manifest and changed by manifests only. The addresses it names are suppressed
//! while it names them. **Invariants:** an address that is suppressed for a reason of its own stays
//! so when a set that names it goes, and one that several sets name is suppressed as long as one of
//! them does. A set names nobody who was forgotten: the mark that is kept of them is enough.

use std::collections::BTreeSet;

use super::model::reason;
use super::{Address, ContactError};
use crate::core::kernel::{Id, Labels, Timestamp};

/// Addresses of one set at the most.
pub const MAX_IN_SET: usize = 10_000;

/// A set as it is kept; whom it names is asked for by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuppressionSet {
    pub id: Id,
    pub name: String,
    pub labels: Labels,
    pub reason: String,
    /// How many addresses it names.
    pub size: u64,
    /// Counts its changes, from 1.
    pub version: u64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

#[derive(Clone, Debug)]
pub struct NewSuppressionSet {
    pub name: String,
    pub labels: Labels,
    pub content: SetContent,
}

/// What a set says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetContent {
    reason: String,
    /// Folded.
    addresses: BTreeSet<String>,
}

/// What can go wrong with suppression sets.
#[derive(Debug, thiserror::Error)]
pub enum SetError {
    #[error("no suppression set `{0}`; `frontier suppression sets` shows those there are")]
    NotFound(String),
    #[error("there is a suppression set `{0}` already; choose another name")]
    NameTaken(String),
    #[error("the suppression set `{0}` was changed meanwhile; look at it again")]
    Outdated(String),
    #[error("{0} addresses are too many for one suppression set; write at most 10,000 in each")]
    TooLarge(usize),
}

impl SetContent {
    /// A set of addresses as people write them; one that comes again counts once.
    ///
    /// # Errors
    /// [`ContactError::Address`], [`ContactError::ReasonTooLong`], [`SetError::TooLarge`].
    pub fn new<T: AsRef<str>>(why: &str, addresses: &[T]) -> Result<Self, ContactError> {
        if addresses.len() > MAX_IN_SET {
            return Err(SetError::TooLarge(addresses.len()).into());
        }
        let folded = |text: &T| Ok(Address::parse(text.as_ref())?.folded().to_owned());
        let addresses = addresses.iter().map(folded).collect::<Result<_, ContactError>>()?;
        Ok(Self { reason: reason(why)?, addresses })
    }

    /// As it is kept.
    pub(super) const fn kept(reason: String, addresses: BTreeSet<String>) -> Self {
        Self { reason, addresses }
    }

    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// In their folded form and its order.
    pub const fn addresses(&self) -> &BTreeSet<String> {
        &self.addresses
    }

    /// Leaves out those addresses for which `keep` does not hold.
    pub(super) fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.addresses.retain(|address| keep(address));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_names_an_address_once_and_in_one_form() {
        let set = SetContent::new("  Rivals ", &["Bo@B.example", "ana@a.example", "bo@b.example"]);
        let set = set.unwrap();
        assert_eq!(set.reason(), "Rivals");
        let addresses: Vec<&String> = set.addresses().iter().collect();
        assert_eq!(addresses, ["ana@a.example", "bo@b.example"]);
        assert!(SetContent::new("x", &["ana"]).is_err());
        let many = vec!["ana@a.example"; MAX_IN_SET + 1];
        let told = SetContent::new("x", &many).unwrap_err().to_string();
        assert!(told.starts_with("10001 addresses are too many"), "{told}");
    }
}
