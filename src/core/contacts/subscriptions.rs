//! Subscriptions: how a contact stands with a list it is on.
//!
//! Who is *subscribed* is sent to. Whoever joins a list of double opt-in is *unconfirmed* until they
//! confirm. Who has *unsubscribed* stays on the list as such, so that nothing that puts many people
//! on it at once (an import, a segment, `list add`) brings them back: only being asked for by name
//! does.

use serde::{Deserialize, Serialize};

use super::List;
use crate::core::kernel::{Id, Timestamp, words};

words! {
    /// How a contact stands with a list.
    SubscriptionState {
        Subscribed = "subscribed",
        /// Was put on a list of double opt-in and has not confirmed yet.
        Unconfirmed = "unconfirmed",
        Unsubscribed = "unsubscribed",
    }
}

words! {
    /// What it takes to be subscribed to a list.
    #[derive(Default, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    OptIn {
        /// To be put on it.
        #[default]
        Single = "single",
        /// To be put on it, and to confirm.
        Double = "double",
    }
}

impl OptIn {
    /// How a new member stands.
    pub const fn begins(self) -> SubscriptionState {
        match self {
            Self::Single => SubscriptionState::Subscribed,
            Self::Double => SubscriptionState::Unconfirmed,
        }
    }
}

/// How many contacts on a list stand how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemberCounts {
    pub subscribed: u64,
    pub unconfirmed: u64,
    pub unsubscribed: u64,
}

impl MemberCounts {
    /// Everybody on the list.
    pub const fn total(&self) -> u64 {
        self.subscribed + self.unconfirmed + self.unsubscribed
    }
}

/// A contact on a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub contact: Id,
    pub email: String,
    pub name: String,
    pub state: SubscriptionState,
    /// Since when it is so.
    pub since: Timestamp,
    pub added_at: Timestamp,
}

/// A list that a contact is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// The list's name.
    pub list: String,
    pub state: SubscriptionState,
    /// Since when it is so.
    pub since: Timestamp,
}

/// What came of putting contacts on a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined {
    pub list: List,
    /// Those who were not on it before.
    pub added: u64,
    /// Those of them all who have not confirmed yet.
    pub unconfirmed: u64,
    /// Those of them all who have unsubscribed, and stay so.
    pub unsubscribed: u64,
}

/// A change of how contacts stand with a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberChange {
    /// Who was unconfirmed is subscribed. Who has unsubscribed has not confirmed: it is refused.
    Confirm,
    Unsubscribe,
    /// Who has unsubscribed stands as a new member would.
    Resubscribe,
}

impl MemberChange {
    /// What becomes of whom.
    pub(super) const fn moves(
        self,
        optin: OptIn,
    ) -> (&'static [SubscriptionState], SubscriptionState) {
        use SubscriptionState::{Subscribed, Unconfirmed, Unsubscribed};
        match self {
            Self::Confirm => (&[Unconfirmed], Subscribed),
            Self::Unsubscribe => (&[Subscribed, Unconfirmed], Unsubscribed),
            Self::Resubscribe => (&[Unsubscribed], optin.begins()),
        }
    }

    pub(super) const fn event(self) -> &'static str {
        match self {
            Self::Confirm => "list.members_confirmed",
            Self::Unsubscribe => "list.members_unsubscribed",
            Self::Resubscribe => "list.members_resubscribed",
        }
    }
}
