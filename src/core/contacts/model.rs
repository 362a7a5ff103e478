//! Types and pure rules.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::attributes::{self, Attributes};
use super::language::language_tag;
use super::tags::{self, MAX_TAGS};
use super::timezone::timezone_name;
use super::{
    Address, BadTag, Consent, ContactError, MemberCounts, OptIn, Subscription, Tags, address_kind,
};
use crate::core::kernel::{Id, Labels, Timestamp, check_name, fold_address, words};

/// Characters of a contact's name at the most.
const MAX_NAME_CHARS: usize = 200;
/// Characters of the notes about a contact at the most.
pub(super) const MAX_NOTES_CHARS: usize = 4000;
/// Characters of the reason of a suppression at the most.
const MAX_REASON_CHARS: usize = 200;
/// Contacts or addresses that one change may name.
pub(super) const MAX_NAMED: usize = 1000;

/// A person who receives.
#[derive(Clone, Debug, PartialEq)]
pub struct Contact {
    pub id: Id,
    /// As it was first written; compared in its folded form.
    pub email: String,
    /// Empty when it is not known.
    pub name: String,
    /// A BCP 47 tag, as `es-MX`.
    pub language: Option<String>,
    /// A name of the IANA database, as `Europe/Madrid`.
    pub timezone: Option<String>,
    pub attributes: Attributes,
    pub tags: Tags,
    /// What people wrote down about it, on lines; empty when they did not.
    pub notes: String,
    /// Whether several people read its address, as `info@` is.
    pub role_address: bool,
    /// Whether its address is of a service for throw-away ones.
    pub disposable_address: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A contact, and what is known of it beyond its fields.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    pub contact: Contact,
    /// The lists it is on, in the order of their names.
    pub subscriptions: Vec<Subscription>,
    /// What holds of each purpose, in their order.
    pub consents: Vec<Consent>,
}

/// What to change of a contact; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContactChange {
    pub email: Option<String>,
    pub name: Option<String>,
    /// An empty text means that it is not known, as for `timezone`.
    pub language: Option<String>,
    pub timezone: Option<String>,
    /// Attributes to set by key; null removes one.
    pub attributes: BTreeMap<String, Json>,
    /// Tags to put on, and to take off after that.
    pub tags: Tags,
    pub untag: Tags,
    pub notes: Option<String>,
}

/// Which contacts; every condition given must hold.
#[derive(Clone, Debug, Default)]
pub struct ContactFilter {
    /// Subscribed to this list: its name, its id, or the start of one.
    pub list: Option<String>,
    /// The start of the address or of the name, whatever the case.
    pub q: Option<String>,
    /// Each of these is on it.
    pub tags: Tags,
    /// Whether its address is one of a role, or a throw-away one.
    pub role_address: Option<bool>,
    pub disposable_address: Option<bool>,
    /// An expression that is true of it.
    pub expression: Option<String>,
}

words! {
    /// What a contact does with the mails of a campaign.
    Activity {
        /// A server took a mail for it.
        Received = "received",
        Opened = "opened",
        Clicked = "clicked",
        Converted = "converted",
        /// A mail came back.
        Bounced = "bounced",
        /// It was called unwanted.
        Complained = "complained",
    }
}

/// How often a contact did something with the mails of a campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivityCount {
    pub activity: Activity,
    pub campaign: Id,
    /// `None` when the campaign is gone.
    pub campaign_name: Option<String>,
    pub times: u64,
    pub first_at: Timestamp,
    pub last_at: Timestamp,
}

/// Contacts put together by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    pub id: Id,
    pub name: String,
    pub description: String,
    pub labels: Labels,
    /// What it takes to be subscribed.
    pub optin: OptIn,
    /// Contacts on it now.
    pub members: MemberCounts,
    /// Counts its changes, from 1.
    pub version: u64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A list to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewList {
    pub name: String,
    pub description: String,
    pub labels: Labels,
    pub optin: OptIn,
}

/// What to change of a list; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListChange {
    pub description: Option<String>,
    pub labels: Option<Labels>,
    /// Who is on the list stays as they are.
    pub optin: Option<OptIn>,
}

/// Contacts of whom an expression is true, whenever it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    pub id: Id,
    pub name: String,
    pub description: String,
    /// As `docs/segments.md` has it.
    pub expression: String,
    pub labels: Labels,
    /// Counts its changes, from 1.
    pub version: u32,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A segment to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewSegment {
    pub name: String,
    pub description: String,
    pub expression: String,
    pub labels: Labels,
}

/// What to change of a segment; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SegmentChange {
    pub description: Option<String>,
    pub expression: Option<String>,
    pub labels: Option<Labels>,
}

/// How the contacts of an expression are found.
#[derive(Clone, Debug, PartialEq)]
pub struct SegmentPlan {
    pub sql: String,
    /// The values of `?1`, `?2`… in their order, for people.
    pub values: Vec<String>,
    /// What the engine says of it, line by line.
    pub plan: Vec<String>,
}

/// An address that must never be sent to, whether or not it is a contact's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    pub id: Id,
    /// In its folded form; the [mark](super::AddressKey::mark) of one who was forgotten.
    pub email: String,
    pub reason: String,
    /// The name of the set that it goes with; one that stands for itself has none.
    pub set: Option<String>,
    pub created_at: Timestamp,
}

impl Contact {
    /// A contact of whom nothing is known yet but the address.
    pub(super) fn new(id: Id, address: &Address, now: Timestamp) -> Self {
        Self {
            id,
            email: address.as_str().to_owned(),
            name: String::new(),
            language: None,
            timezone: None,
            attributes: Attributes::default(),
            tags: Tags::new(),
            notes: String::new(),
            role_address: address.is_role(),
            disposable_address: address.is_disposable(),
            created_at: now,
            updated_at: now,
        }
    }

    /// Applies a [checked](ContactChange::checked) change; says whether it changed anything.
    ///
    /// # Errors
    /// [`ContactError::Attribute`] or [`ContactError::Tag`] when there are too many of them.
    pub(super) fn apply(&mut self, change: &ContactChange) -> Result<bool, ContactError> {
        let tags = self.tags_after(change)?;
        let known = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        let changed = self.attributes.merge(&change.attributes)?
            | set(&mut self.email, change.email.clone())
            | set(&mut self.name, change.name.clone())
            | set(&mut self.language, change.language.as_ref().map(known))
            | set(&mut self.timezone, change.timezone.as_ref().map(known))
            | set(&mut self.notes, change.notes.clone())
            | set(&mut self.tags, tags);
        if changed {
            let folded = fold_address(&self.email);
            self.role_address = address_kind::is_role(&folded);
            self.disposable_address = address_kind::is_disposable(&folded);
        }
        Ok(changed)
    }
}

impl Contact {
    /// The tags it has after a change that is about tags.
    fn tags_after(&self, change: &ContactChange) -> Result<Option<Tags>, BadTag> {
        if change.tags.is_empty() && change.untag.is_empty() {
            return Ok(None);
        }
        let mut tags = self.tags.clone();
        tags.extend(change.tags.iter().cloned());
        tags.retain(|tag| !change.untag.contains(tag));
        if tags.len() > MAX_TAGS { Err(BadTag::TooMany) } else { Ok(Some(tags)) }
    }
}

/// Sets a field when there is a value for it; says whether that changed it.
fn set<T: PartialEq>(field: &mut T, value: Option<T>) -> bool {
    match value {
        Some(value) if value != *field => {
            *field = value;
            true
        }
        _ => false,
    }
}

impl ContactChange {
    /// Puts every value in the form it is kept in.
    ///
    /// # Errors
    /// The first that cannot be kept.
    pub(super) fn checked(mut self) -> Result<Self, ContactError> {
        if let Some(email) = &mut self.email {
            Address::parse(email)?.as_str().clone_into(email);
        }
        if let Some(name) = &mut self.name {
            *name = one_line(name, "the name")?;
            if name.chars().count() > MAX_NAME_CHARS {
                return Err(ContactError::NameTooLong(name.chars().take(40).collect()));
            }
        }
        if let Some(language) = &mut self.language {
            *language = language_tag(language.trim())?;
        }
        if let Some(timezone) = &mut self.timezone {
            *timezone = timezone_name(timezone.trim())?;
        }
        if let Some(notes) = &mut self.notes {
            *notes = text_of_lines(notes)?;
        }
        attributes::check(&self.attributes)?;
        self.tags = tags::checked(&self.tags)?;
        self.untag = tags::checked(&self.untag)?;
        Ok(self)
    }

    /// Takes what `later` says over what this says.
    pub(super) fn absorb(&mut self, later: Self) {
        self.name = later.name.or_else(|| self.name.take());
        self.language = later.language.or_else(|| self.language.take());
        self.timezone = later.timezone.or_else(|| self.timezone.take());
        self.attributes.extend(later.attributes);
        self.tags.retain(|tag| !later.untag.contains(tag));
        self.tags.extend(later.tags);
        self.untag.extend(later.untag);
        self.notes = later.notes.or_else(|| self.notes.take());
    }

    /// Removes the attributes of `contact` that are not among those that were `named`.
    pub(super) fn remove_others(&mut self, contact: &Contact, named: &BTreeMap<String, Json>) {
        for (key, _) in contact.attributes.iter().filter(|(key, _)| !named.contains_key(*key)) {
            self.attributes.insert(key.to_owned(), Json::Null);
        }
    }

    /// Checks how many tags a contact gets by this that had none.
    ///
    /// # Errors
    /// [`BadTag::TooMany`].
    pub(super) fn check_tags_of_new(&self) -> Result<(), BadTag> {
        if self.tags.difference(&self.untag).count() > MAX_TAGS {
            return Err(BadTag::TooMany);
        }
        Ok(())
    }

    /// Leaves out the attributes whose cell would say again what the contact has already, so that
    /// an export taken back keeps numbers numbers.
    pub(super) fn without_repeated_cells(&self, contact: &Contact) -> Self {
        let repeats = |key: &str, value: &Json| {
            let kept = contact.attributes.get(key).map(attributes::cell);
            kept.is_some_and(|kept| value.as_str() == Some(kept.trim()))
        };
        let mut change = self.clone();
        change.attributes.retain(|key, value| !repeats(key, value));
        change
    }
}

impl NewSegment {
    pub(super) fn check(&self) -> Result<(), ContactError> {
        Ok(check_name(&self.name)?)
    }
}

impl NewList {
    pub(super) fn check(&self) -> Result<(), ContactError> {
        Ok(check_name(&self.name)?)
    }
}

/// The reason of a suppression in the form it is kept in; `manual` when there is none.
pub(super) fn reason(text: &str) -> Result<String, ContactError> {
    let reason = one_line(text, "the reason")?;
    if reason.chars().count() > MAX_REASON_CHARS {
        return Err(ContactError::ReasonTooLong(reason.chars().take(40).collect()));
    }
    Ok(if reason.is_empty() { "manual".to_owned() } else { reason })
}

/// Checks how many things one change names.
pub(super) fn how_many(count: usize) -> Result<(), ContactError> {
    if (1..=MAX_NAMED).contains(&count) { Ok(()) } else { Err(ContactError::HowMany(count)) }
}

/// The text with each run of white space, also of line breaks, as one space.
fn one_line(text: &str, what: &'static str) -> Result<String, ContactError> {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().any(char::is_control) { Err(ContactError::Control(what)) } else { Ok(line) }
}

/// Notes in the form they are kept in: lines, without blanks around them.
fn text_of_lines(text: &str) -> Result<String, ContactError> {
    let text = text.trim().replace("\r\n", "\n");
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
        return Err(ContactError::Control("the text of the notes"));
    }
    match text.chars().count() {
        count if count > MAX_NOTES_CHARS => Err(ContactError::NotesTooLong(count)),
        _ => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_says_whether_it_changed_anything() {
        let address = Address::parse("ana@example.com").unwrap();
        let mut ana = Contact::new(Id::NIL, &address, Timestamp::from_millis(0));
        let named = |name: &str| ContactChange { name: Some(name.into()), ..Default::default() };
        assert!(ana.apply(&named(" Ana \n Ruiz ").checked().unwrap()).unwrap());
        assert_eq!(ana.name, "Ana Ruiz");
        assert!(!ana.apply(&named("Ana Ruiz").checked().unwrap()).unwrap());
        assert!(!ana.apply(&ContactChange::default()).unwrap());
        assert!(ana.apply(&named("").checked().unwrap()).unwrap());
        let control = named("A\u{7}na").checked().unwrap_err();
        assert_eq!(
            control.to_string(),
            "the name has a character in it that does not print; take it out"
        );
    }
}
