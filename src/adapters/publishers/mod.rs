//! Ways out: one file a kind of channel.
//!
//! Each implements [`Publisher`](crate::core::publishing::Publisher) and decides nothing beyond
//! it: whom to write to, how often to try and what a refusal means for a contact is core's.

mod open;
mod outbox;
mod smtp;

pub use open::ChannelPublishers;
pub use outbox::OutboxPublisher;
pub use smtp::{SmtpPublisher, SmtpSettings};
