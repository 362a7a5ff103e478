//! Contacts: the people who receive, the lists they are put together in, and the addresses that
//! must never be sent to.
//!
//! A contact is one folded address in a workspace. Lists are made by hand or by an import;
//! suppressions outlive the contacts they are about. The area refuses to know campaigns: it answers
//! who somebody is, never what they were sent.
//!
//! **Invariants:** no two contacts of a workspace share a folded address; whoever adds a contact
//! twice has one contact.

mod model;
mod service;
mod store;

pub use model::{ContactError, List, NewList};
pub use service::Contacts;
