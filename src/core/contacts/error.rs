//! What can go wrong, and what to do about it.

use super::attributes::BadAttribute;
use super::segments::{BadExpression, Unresolved};
use super::{AttributeType, BadAddress, BadConsent, BadTag, ImportError, SetError};
use crate::core::kernel::BadName;
use crate::core::kernel::wall::BadZone;
use crate::storage::sql::DbError;

/// What can go wrong with contacts, lists and suppressions.
#[derive(Debug, thiserror::Error)]
pub enum ContactError {
    #[error("no contact `{0}`; `frontier contact list` shows those there are")]
    ContactNotFound(String),
    #[error("`{0}` is a contact already; change it with `frontier contact edit {0}`")]
    ContactExists(String),
    #[error(
        "`{0}` was forgotten at their wish and is not taken up again; if they came back of their \
         own, `frontier suppression remove {0}` first"
    )]
    Forgotten(String),
    #[error("`{address}` was merged into `{contact}`, which is the same person; name that one")]
    MergedInto { address: String, contact: String },
    #[error("`{0}` cannot be merged with itself; name another contact")]
    MergedWithItself(String),
    #[error(
        "a mail to them is on its way in this moment; try again when it is sent, or pause its \
         campaign first"
    )]
    InHand,
    #[error("`{contact}` is not on the list `{list}`")]
    NotOnList { contact: String, list: String },
    #[error(
        "`{contact}` has unsubscribed from the list `{list}`, so it cannot be confirmed; if they \
         asked to come back, use `frontier list resubscribe`"
    )]
    HasLeft { contact: String, list: String },
    #[error(
        "the expression is true of {found} contacts now, not of {expected}; nothing was changed. \
         `frontier contact list --where` shows them"
    )]
    NotThatMany { expected: u64, found: u64 },
    #[error("{0} at once are too many; name 1 to 1000, or import a file")]
    HowMany(usize),
    #[error(transparent)]
    Address(#[from] BadAddress),
    #[error("the name `{0}…` is longer than 200 characters; shorten it")]
    NameTooLong(String),
    #[error("the notes are {0} characters, more than 4000; shorten them")]
    NotesTooLong(usize),
    #[error(transparent)]
    Tag(#[from] BadTag),
    #[error(transparent)]
    Consent(#[from] BadConsent),
    #[error("{0} has a character in it that does not print; take it out")]
    Control(&'static str),
    #[error("`{0}` is not a language; write its BCP 47 tag, as in es or pt-BR")]
    Language(String),
    #[error(transparent)]
    Timezone(#[from] BadZone),
    #[error(transparent)]
    Attribute(#[from] BadAttribute),
    #[error("no attribute `{key}`; {}", match .nearest {
        Some(nearest) => format!("is it `{nearest}`?"),
        None => "`frontier attribute list` shows those there are".to_owned(),
    })]
    AttributeNotFound { key: String, nearest: Option<String> },
    #[error("the attribute `{0}` exists already; change it with `frontier attribute edit {0}`")]
    AttributeExists(String),
    #[error(
        "`{key}` cannot be {}: {misfits} of its values are none, `{example}` for one; correct them \
         and try again", .kind.with_article()
    )]
    Misfits { key: String, kind: AttributeType, misfits: u64, example: String },
    #[error(
        "the address `{0}` is not suppressed; `frontier suppression list` shows those that are"
    )]
    SuppressionNotFound(String),
    #[error(transparent)]
    Set(#[from] SetError),
    #[error("the reason `{0}…` is longer than 200 characters; shorten it")]
    ReasonTooLong(String),
    #[error(transparent)]
    Import(#[from] ImportError),
    #[error(
        "{count} of the addresses {}, {}; nothing was imported. --on-conflict update changes such \
         contacts, skip leaves them as they are",
        if *.count == 1 { "is a contact already" } else { "are contacts already" }, .first.join(", ")
    )]
    ImportConflicts {
        /// In the rows up to the first batch that has one.
        count: usize,
        /// The first of them, with the lines they are on.
        first: Vec<String>,
    },
    #[error("no list `{0}`; `frontier list list` shows those there are")]
    ListNotFound(String),
    #[error("`{text}` could be {}; write more of it", .names.join(", "))]
    Ambiguous { text: String, names: Vec<String> },
    #[error("the list `{0}` was changed meanwhile; look at it again")]
    ListOutdated(String),
    #[error("no segment `{0}`; `frontier segment list` shows those there are")]
    SegmentNotFound(String),
    #[error("a segment named `{0}` already exists; choose another name")]
    SegmentNameTaken(String),
    #[error("the segment `{segment}` is named by {by}; change that first")]
    SegmentInUse { segment: String, by: String },
    #[error("the segment `{0}` was changed in this moment; look at it and try again")]
    SegmentChanged(String),
    #[error(transparent)]
    Expression(#[from] Box<BadExpression>),
    #[error(transparent)]
    Unresolved(#[from] Unresolved),
    #[error("a list named `{0}` already exists; choose another name")]
    ListNameTaken(String),
    #[error("the list `{0}` is the audience of a campaign; take it out of the campaign first")]
    ListInUse(String),
    #[error(transparent)]
    Name(#[from] BadName),
    #[error("the contacts could not be read or saved")]
    Store(#[from] DbError),
}
