//! Publishing: how a rendered piece leaves the program.
//!
//! The area owns the traits, adapters implement them: a [`Publisher`] is one channel's way out, a
//! [`Session`] one open line of it, and a [`Verdict`] what the other side said to one mail. What a
//! mail looks like on the wire is decided here too ([`encode`]), so that a preview, an `.eml` file
//! and a mail sent are the same bytes. It does not know who is written to, or why.
//!
//! **Invariant:** one [`Email`] is one sequence of bytes, whenever and wherever it is encoded: a
//! mail offered twice is recognisably the same mail.

mod mime;
mod publisher;

pub use mime::{EncodeError, encode, wire_address};
pub use publisher::{
    ConnectError, Email, Mailbox, Parcel, Publisher, Sent, Session, Unsubscribe, Verdict,
};
