//! Merging: contacts that turned out to be one person, and those that may be.
//!
//! The one that is kept wins: its fields stay, and those that are empty are filled from the other.
//! Tags, lists, consents and activity are united; **who has unsubscribed or is suppressed as one of
//! the two is so afterwards.** The other is deleted, and what it was is kept with the merge.

use serde_json::{Value as Json, json};

use super::model::MAX_NOTES_CHARS;
use super::{Consent, Contact, ContactChange, ContactError, Subscription, Tags};
use crate::core::kernel::{Id, Timestamp, words};

/// A contact that was merged into another.
#[derive(Clone, Debug, PartialEq)]
pub struct Merge {
    pub id: Id,
    /// The one that is left.
    pub contact: Id,
    /// The id of the other.
    pub merged: Id,
    /// The other as it was: its fields, tags, subscriptions and the consents that held.
    pub was: Json,
    pub merged_at: Timestamp,
}

words! {
    /// Why contacts may be one person.
    DuplicateRule {
        /// Their provider delivers to one mailbox: it passes over what follows a `+`, or dots.
        SameMailbox = "same_mailbox",
        /// The same first and last name, at one organisation.
        SameName = "same_name",
    }
}

/// Contacts that may be one person, the oldest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Duplicates {
    pub rule: DuplicateRule,
    pub contacts: Vec<Contact>,
}

/// Who deliver `name+anything@` to `name@`.
const PLUS: &[&str] = &[
    "fastmail.com",
    "gmail.com",
    "hotmail.com",
    "icloud.com",
    "live.com",
    "me.com",
    "outlook.com",
    "outlook.es",
    "pm.me",
    "proton.me",
    "protonmail.com",
    "yandex.com",
    "yandex.ru",
];
/// What the domains of those begin with who give an address to anybody, in any country. Two people
/// of one name there are two people.
const ANYBODY: &[&str] = &[
    "126",
    "163",
    "aol",
    "comcast",
    "fastmail",
    "free",
    "gmail",
    "gmx",
    "googlemail",
    "hotmail",
    "icloud",
    "laposte",
    "libero",
    "live",
    "mac",
    "mail",
    "me",
    "msn",
    "orange",
    "outlook",
    "pm",
    "posteo",
    "proton",
    "protonmail",
    "qq",
    "sfr",
    "t-online",
    "telefonica",
    "terra",
    "wanadoo",
    "web",
    "yahoo",
    "yandex",
    "ymail",
    "zoho",
];

impl Merge {
    /// The address the other had.
    pub fn email(&self) -> Option<&str> {
        self.was.get("email").and_then(Json::as_str)
    }
}

/// A contact as it is kept with its merge.
pub(super) fn as_it_was(
    contact: &Contact,
    subscriptions: &[Subscription],
    consents: &[Consent],
) -> Json {
    let lists = subscriptions
        .iter()
        .map(|one| json!({ "list": one.list, "state": one.state.as_str(), "since": one.since }));
    let consents = consents.iter().map(|one| {
        json!({
            "purpose": one.purpose, "state": one.state.as_str(), "source": one.source,
            "proof": one.proof, "recorded_at": one.recorded_at,
        })
    });
    json!({
        "id": contact.id,
        "email": contact.email,
        "name": contact.name,
        "language": contact.language,
        "timezone": contact.timezone,
        "attributes": contact.attributes,
        "tags": contact.tags,
        "notes": contact.notes,
        "created_at": contact.created_at,
        "subscriptions": lists.collect::<Vec<_>>(),
        "consents": consents.collect::<Vec<_>>(),
    })
}

/// Fills what is empty of `keep` from `other`, and puts the other's tags on it; gives the tags that
/// are new to it.
///
/// # Errors
/// [`ContactError::Tag`] or [`ContactError::Attribute`] when the two have too many together.
pub(super) fn fill(keep: &mut Contact, other: &Contact) -> Result<Tags, ContactError> {
    let only = |text: &str, there: bool| (!there && !text.is_empty()).then(|| text.to_owned());
    let missing = |(key, value): (&str, &Json)| {
        keep.attributes.get(key).is_none().then(|| (key.to_owned(), value.clone()))
    };
    let notes = match (keep.notes.as_str(), other.notes.as_str()) {
        (_, "") => None,
        ("", theirs) => Some(theirs.to_owned()),
        (ours, theirs) if ours.contains(theirs) => None,
        (ours, theirs) => Some(format!("{ours}\n{theirs}")),
    };
    let change = ContactChange {
        name: only(&other.name, !keep.name.is_empty()),
        language: other.language.clone().filter(|_| keep.language.is_none()),
        timezone: other.timezone.clone().filter(|_| keep.timezone.is_none()),
        attributes: other.attributes.iter().filter_map(missing).collect(),
        tags: other.tags.clone(),
        // What does not fit is in what is kept with the merge.
        notes: notes.filter(|notes| notes.chars().count() <= MAX_NOTES_CHARS),
        ..ContactChange::default()
    };
    let new = other.tags.difference(&keep.tags).cloned().collect();
    keep.apply(&change)?;
    Ok(new)
}

/// What two addresses of one mailbox have in common; none where every address is its own.
pub(super) fn mailbox(folded: &str) -> Option<String> {
    let (local, domain) = folded.rsplit_once('@')?;
    let domain = if domain == "googlemail.com" { "gmail.com" } else { domain };
    if !PLUS.contains(&domain) || local.starts_with('"') {
        return None;
    }
    let local = local.split_once('+').map_or(local, |(local, _)| local);
    let local = if domain == "gmail.com" { local.replace('.', "") } else { local.to_owned() };
    (!local.is_empty()).then(|| format!("{local}@{domain}"))
}

/// What two addresses of one person at one organisation have in common; none where nothing can be
/// told from it. The name is folded.
pub(super) fn name_at_domain(name: &str, folded: &str, is_role: bool) -> Option<String> {
    let (_, domain) = folded.rsplit_once('@')?;
    let for_anybody = domain.split('.').next().is_some_and(|first| ANYBODY.contains(&first));
    let whole_name = name.split_whitespace().count() >= 2;
    (whole_name && !for_anybody && !is_role).then(|| format!("{name}\n{domain}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::contacts::Address;

    #[test]
    fn a_mailbox_is_one_where_its_provider_says_so() {
        for same in ["ana.ruiz@gmail.com", "anaruiz+shop@googlemail.com", "a.n.a.ruiz@gmail.com"] {
            assert_eq!(mailbox(same).as_deref(), Some("anaruiz@gmail.com"));
        }
        assert_eq!(mailbox("ana.ruiz+x@outlook.com").as_deref(), Some("ana.ruiz@outlook.com"));
        for own in
            ["ana+shop@example.com", "ana.ruiz@yahoo.com", "\"a b\"@gmail.com", "+@gmail.com"]
        {
            assert_eq!(mailbox(own), None, "{own}");
        }
    }

    #[test]
    fn a_name_tells_something_within_an_organisation() {
        let at = |name: &str, email: &str| name_at_domain(name, email, false);
        assert_eq!(at("ana ruiz", "ana@casaverde.example"), at("ana ruiz", "ar@casaverde.example"));
        assert!(at("ana ruiz", "ana@casaverde.example").is_some());
        for (name, email) in
            [("ana", "ana@casaverde.example"), ("", "a@x.example"), ("ana ruiz", "ana@yahoo.es")]
        {
            assert_eq!(at(name, email), None, "{name} {email}");
        }
        assert_eq!(name_at_domain("casa verde", "info@casaverde.example", true), None);
    }

    #[test]
    fn what_is_empty_is_filled_and_nothing_is_lost() {
        let contact = |email: &str, notes: &str, tags: &[&str]| {
            let address = Address::parse(email).unwrap();
            let mut contact = Contact::new(Id::NIL, &address, Timestamp::from_millis(0));
            contact.notes = notes.into();
            contact.tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
            contact
        };
        let mut keep = contact("ana@example.com", "Likes tea.", &["vip"]);
        let mut other = contact("ana@old.example", "Met in Soria.", &["b2b", "vip"]);
        other.name = "Ana Ruiz".into();
        other.language = Some("es".into());
        keep.language = Some("en".into());
        assert_eq!(fill(&mut keep, &other).unwrap(), Tags::from(["b2b".to_owned()]));
        assert_eq!((keep.name.as_str(), keep.language.as_deref()), ("Ana Ruiz", Some("en")));
        assert_eq!((keep.notes.as_str(), keep.tags.len()), ("Likes tea.\nMet in Soria.", 2));
        other.notes = "x".repeat(MAX_NOTES_CHARS);
        fill(&mut keep, &other).unwrap();
        assert_eq!(keep.notes, "Likes tea.\nMet in Soria.");
    }
}
