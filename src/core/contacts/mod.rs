//! Contacts: the people who receive, the lists they are put together in, and the addresses that
//! must never be sent to.
//!
//! A contact is one folded address in a workspace. Lists are made by hand or by an import;
//! suppressions outlive the contacts they are about. The area refuses to know campaigns: it answers
//! who somebody is, never what they were sent.
//!
//! **Invariants:** no two contacts of a workspace share a folded address; whoever adds a contact
//! twice has one contact; an import that is run again changes nothing.

mod address;
mod address_kind;
mod attribute_types;
mod attributes;
mod consent;
mod error;
mod forgotten;
mod import;
mod language;
mod merging;
mod model;
mod reading;
mod records;
pub mod segments;
mod service;
mod store;
mod subscriptions;
mod suppression_sets;
mod tags;
mod timezone;

pub use address::{Address, BadAddress};
pub use attribute_types::{Attribute, AttributeType, AttributeTypes};
pub use attributes::{Attributes, BadAttribute, cell};
pub use consent::{BadConsent, Consent, ConsentState, NewConsent, RecordedConsents};
pub use error::ContactError;
pub use forgotten::{AddressKey, FORGOTTEN};
pub use import::{AttributeUpdate, Columns, ImportError, OnConflict, Reject};
pub use merging::{DuplicateRule, Duplicates, Merge};
pub use model::{
    Activity, ActivityCount, Contact, ContactChange, ContactFilter, List, ListChange, NewList,
    NewSegment, Profile, Segment, SegmentChange, SegmentPlan, Suppression,
};
pub use reading::{FileFormat, FileOptions, Place, Upload};
pub use records::{Person, PersonalRecords};
pub use segments::{
    BadExpression, Condition, Place as ExpressionPlace, ReferenceKind, Unresolved, audience,
    parse as parse_expression,
};
pub use service::{
    BulkChange, BulkSummary, ContactExport, ContactImport, Contacts, ExportColumns, Forgotten,
    Future, ImportOptions, ImportStep, ImportSummary, ImportedList, Leaving, Left,
    SuppressionImport, SuppressionSummary, Takeout, Upserted,
};
pub use subscriptions::{
    Joined, Member, MemberChange, MemberCounts, OptIn, Subscription, SubscriptionState,
};
pub use suppression_sets::{MAX_IN_SET, NewSuppressionSet, SetContent, SetError, SuppressionSet};
pub use tags::{BadTag, Tags};
