//! Forgetting a person, and giving them what is held of them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::Contacts;
use crate::core::contacts::store::{
    activity, consents, contacts as store, members, merges, suppression_sets, suppressions,
};
use crate::core::contacts::{
    ActivityCount, Address, Consent, Contact, ContactError, Merge, Person, Profile, Suppression,
};
use crate::core::events::Event;
use crate::core::kernel::{Id, PageRequest, Timestamp, fold_address};
use crate::storage::sql::Tx;

/// The reason of a suppression that only a mark is left of.
const REASON: &str = "forgotten";

/// What came of forgetting somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forgotten {
    /// Whether there was a contact, and not only an address.
    pub contact: bool,
    /// Records that are kept for what they count, and tell no longer whom they were of.
    pub records: u64,
    /// Whether nothing was left to forget.
    pub already: bool,
}

/// Everything that is held of a person.
#[derive(Clone, Debug)]
pub struct Takeout {
    pub taken_at: Timestamp,
    pub profile: Profile,
    /// Every record, oldest first.
    pub consents: Vec<Consent>,
    pub activity: Vec<ActivityCount>,
    pub merges: Vec<Merge>,
    pub suppressions: Vec<Suppression>,
    /// The names of the suppression sets that one of their addresses is in.
    pub suppression_sets: Vec<String>,
    /// What other areas hold, by what they call it.
    pub records: BTreeMap<&'static str, Vec<Json>>,
}

impl Contacts {
    /// Erases a person: the contact with all that is known of it, the addresses it had, and who it
    /// was in the records of other areas. A mark of each address stays suppressed, so that nothing
    /// is sent to it when it is imported again. An address that no contact has is erased from what
    /// is left of it. Doing it again changes nothing.
    ///
    /// # Errors
    /// [`ContactError::ContactNotFound`] for an id that no contact has, [`ContactError::Ambiguous`],
    /// [`ContactError::MergedInto`], [`ContactError::InHand`] while a mail to them is on its way.
    #[tracing::instrument(skip_all)]
    pub async fn forget(&self, reference: &str) -> Result<Forgotten, ContactError> {
        // What takes long is looked for before anything is written.
        let mut tx = self.db.read().await?;
        let (_, looked_for) = self.somebody(&mut tx, reference).await?;
        let once = self.once(&mut tx, &looked_for.addresses).await?;
        drop(tx);
        let mut tx = self.db.begin().await?;
        let now = self.clock.now();
        let (contact, person) = self.somebody(&mut tx, reference).await?;
        let person = Person { once, ..person };
        let mut records = 0;
        for kept in self.records.iter() {
            records += kept.forget(&mut tx, &person, now).await?;
        }
        if let Some(contact) = &contact {
            store::delete(&mut tx, contact.id).await?;
        }
        let mut marked = 0;
        for address in &person.addresses {
            for plain in suppressions::of_addresses(&mut tx, &[address]).await? {
                suppressions::delete(&mut tx, plain.id).await?;
            }
            suppression_sets::take_out(&mut tx, address, now).await?;
            let mark = Suppression {
                id: self.clock.new_id(),
                email: self.key.mark(address),
                reason: REASON.to_owned(),
                set: None,
                created_at: now,
            };
            marked += suppressions::insert(&mut tx, &[mark]).await?;
        }
        let already = contact.is_none() && records == 0 && marked == 0;
        if !already {
            let payload = json!({ "id": contact.as_ref().map(|contact| contact.id) });
            self.outbox.push(&mut tx, Event { name: "contact.forgotten", payload }).await?;
        }
        tx.commit().await?;
        Ok(Forgotten { contact: contact.is_some(), records, already })
    }

    /// Everything that is held of a contact.
    ///
    /// # Errors
    /// [`ContactError::ContactNotFound`], [`ContactError::Ambiguous`].
    pub async fn takeout(&self, reference: &str) -> Result<Takeout, ContactError> {
        let mut tx = self.db.read().await?;
        let contact = self.contact_in(&mut tx, reference).await?;
        let (mut person, merges) = self.person_in(&mut tx, &contact).await?;
        person.once = self.once(&mut tx, &person.addresses).await?;
        let mut records = BTreeMap::new();
        for kept in self.records.iter() {
            records.insert(kept.name(), kept.held(&mut tx, &person).await?);
        }
        let addresses: Vec<&str> = person.addresses.iter().map(String::as_str).collect();
        let suppressions = suppressions::of_addresses(&mut tx, &addresses).await?;
        let suppression_sets = suppression_sets::names_of(&mut tx, &addresses).await?;
        let mut all = Vec::new();
        let mut next = Some(PageRequest::new(None, Some(1000)));
        while let Some(request) = next {
            let page = request
                .page(consents::page(&mut tx, contact.id, &request).await?, |consent| consent.id);
            all.extend(page.items);
            next = page.next.map(|cursor| PageRequest::new(Some(cursor), Some(1000)));
        }
        Ok(Takeout {
            taken_at: self.clock.now(),
            consents: all,
            activity: activity::of_contact(&mut tx, contact.id).await?,
            merges,
            suppressions,
            suppression_sets,
            records,
            profile: Profile {
                subscriptions: members::of_contact(&mut tx, contact.id).await?,
                consents: consents::of_contact(&mut tx, contact.id).await?,
                contact,
            },
        })
    }

    /// The ids that records know the contact by that `reference` points at: its own, and those of
    /// contacts that were merged into it.
    ///
    /// # Errors
    /// [`ContactError::ContactNotFound`], [`ContactError::Ambiguous`].
    pub async fn ids_of(&self, reference: &str) -> Result<Vec<Id>, ContactError> {
        let mut tx = self.db.read().await?;
        let contact = self.contact_in(&mut tx, reference).await?;
        Ok(self.person_in(&mut tx, &contact).await?.0.ids)
    }

    /// The person that `reference` points at, with their contact unless it is an address that no
    /// contact has.
    async fn somebody(
        &self,
        tx: &mut Tx,
        reference: &str,
    ) -> Result<(Option<Contact>, Person), ContactError> {
        match self.contact_in(tx, reference).await {
            Ok(contact) => {
                let (person, _) = self.person_in(tx, &contact).await?;
                Ok((Some(contact), person))
            }
            Err(ContactError::ContactNotFound(_)) if Address::parse(reference).is_ok() => {
                Ok((None, Self::address_alone(tx, reference).await?))
            }
            Err(error) => Err(error),
        }
    }

    /// Ids that other areas know one of the `addresses` by.
    async fn once(&self, tx: &mut Tx, addresses: &[String]) -> Result<Vec<Id>, ContactError> {
        let mut ids = BTreeSet::new();
        for kept in self.records.iter() {
            ids.extend(kept.once(tx, addresses).await?);
        }
        Ok(ids.into_iter().collect())
    }

    /// The person a contact is, and what was merged into it.
    async fn person_in(
        &self,
        tx: &mut Tx,
        contact: &Contact,
    ) -> Result<(Person, Vec<Merge>), ContactError> {
        let merges = merges::of_contact(tx, contact.id).await?;
        let ids: BTreeSet<Id> =
            merges.iter().map(|merge| merge.merged).chain([contact.id]).collect();
        let emails = merges.iter().filter_map(Merge::email).chain([contact.email.as_str()]);
        let addresses: BTreeSet<String> = emails.map(fold_address).collect();
        let person = Person {
            ids: ids.into_iter().collect(),
            addresses: addresses.into_iter().collect(),
            once: Vec::new(),
        };
        Ok((person, merges))
    }

    /// What is left of an address that no contact has.
    async fn address_alone(tx: &mut Tx, reference: &str) -> Result<Person, ContactError> {
        let address = Address::parse(reference)?;
        if let Some(id) = merges::into_whom(tx, address.folded()).await? {
            let contact = store::get(tx, id).await?.map_or_else(|| id.to_string(), |one| one.email);
            return Err(ContactError::MergedInto { address: address.to_string(), contact });
        }
        Ok(Person { addresses: vec![address.folded().to_owned()], ..Person::default() })
    }
}
