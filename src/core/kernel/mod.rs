//! The kernel: the small values every floor shares.
//!
//! Ids, time, money, pages, secrets, text folding and complaints. It knows nothing of campaigns, storage or
//! HTTP. **Invariant:** time, randomness and ids enter the program through [`Clock`] alone, so a
//! test can fix all three.

mod clock;
mod complaint;
mod id;
mod labels;
mod money;
mod page;
mod secret;
mod text;
mod time;
pub mod wall;
mod words;

pub use clock::Clock;
pub use complaint::Complaint;
pub use id::{BadId, Id};
pub use labels::{BadName, Labels, check_name};
pub use money::{BadMoney, Currency, Money};
pub use page::{Cursor, DEFAULT_LIMIT, KeyCursor, MAX_LIMIT, Page, PageRequest};
pub use secret::Secret;
pub use text::{fold, fold_address, is_atom_char, nearest};
pub use time::{BadTime, Timestamp};
pub use words::UnknownWord;
pub(crate) use words::words;
