//! Publishing: how a rendered piece leaves the program, and the record of what became of it.
//!
//! A [`Channel`] is a way out; adapters implement its [`Publisher`]. A run is one execution of a
//! plan; its ledger has one row per message and contact, and the engine works that ledger until
//! nothing waits. What a mail looks like on the wire is decided here too ([`encode`]), so that a
//! preview, an `.eml` file and a mail sent are the same bytes. The area does not know campaigns:
//! it is given a [`RunPlan`] and a set of lists.
//!
//! **Invariants**
//! - One [`Email`] is one sequence of bytes: a mail offered twice is recognisably the same mail.
//! - A row of the ledger is settled only after the other side's verdict, by whoever holds it.
//! - A run's plan is fixed when it begins.

mod channel;
mod channels;
mod compose;
mod deliveries;
mod dkim;
mod dns;
mod engine;
mod history;
#[cfg(test)]
mod ledger_model;
mod limits;
mod local_time;
mod mime;
mod model;
mod moves;
mod people;
mod publisher;
mod resend;
mod service;
mod store;
mod unsubscribe;
mod verp;

pub use channel::{
    Channel, ChannelSettings, PasswordRef, RunChannel, Smtp, Tls, Transport, UnsubscribeWays,
};
pub use channels::NewChannel;
pub use compose::{ComposeError, Composed, Composer, Recipient};
pub use deliveries::{BadCode, Codes, DeliveryExport, DeliveryFilter, Enhanced};
pub use dkim::{
    Algorithm, DkimSettings, KeyError, Signer, SigningKey, ascii_domain, is_aligned, is_selector,
};
pub use dns::{DnsPlan, DnsPurpose, DnsRecord};
pub use engine::{Options, Worked};
pub use history::PastDelivery;
pub use limits::{Adaptive, DomainLimit, Limits, QuietHours, QuietZone, Rates, WarmUp};
pub use local_time::{LocalTime, Presence, Waiting};
pub use mime::{EncodeError, encode, wire_address};
pub use model::{
    Counts, Delivery, DeliveryState, Failure, Held, Pace, PlannedMessage, PublishingError, Run,
    RunPlan, RunStatus,
};
pub use people::LedgerRecords;
pub(crate) use publisher::Single;
pub use publisher::{
    ConnectError, Email, Mailbox, Offer, Parcel, Publisher, Session, Unsubscribe, Verdict,
};
pub use resend::Resendable;
pub use service::{Publishers, Publishing};
pub use unsubscribe::TokenSigner;
pub use verp::{Returned, check_return_path};
