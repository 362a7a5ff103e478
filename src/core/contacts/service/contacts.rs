//! Contacts.

use super::{Contacts, one};
use crate::core::contacts::attribute_types::settle;
use crate::core::contacts::store::which::Which;
use crate::core::contacts::store::{consents, contacts as store, members, tags as tag_store};
use crate::core::contacts::tags;
use crate::core::contacts::{
    Address, AttributeTypes, Contact, ContactChange, ContactError, ContactFilter, Profile,
};
use crate::core::events::Event;
use crate::core::kernel::{Page, PageRequest};
use crate::storage::sql::{DbError, DbResult, Tx};

/// What became of an upsert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upserted {
    Created,
    Updated,
    Unchanged,
}

impl Contacts {
    /// Creates a contact and puts it on `lists`.
    ///
    /// # Errors
    /// [`ContactError::ContactExists`], the checks of a change, [`ContactError::ListNotFound`].
    pub async fn create(
        &self,
        email: &str,
        change: ContactChange,
        lists: &[String],
    ) -> Result<Contact, ContactError> {
        let (contact, done) = self.save(email, change, lists, false).await?;
        match done {
            Upserted::Created => Ok(contact),
            Upserted::Updated | Upserted::Unchanged => {
                Err(ContactError::ContactExists(contact.email))
            }
        }
    }

    /// Creates the contact with this address, or changes the one there is: fields are replaced,
    /// attributes merged, lists added.
    ///
    /// # Errors
    /// The checks of a change, [`ContactError::ListNotFound`].
    pub async fn upsert(
        &self,
        email: &str,
        change: ContactChange,
        lists: &[String],
    ) -> Result<(Contact, Upserted), ContactError> {
        self.save(email, change, lists, true).await
    }

    /// Saves the contact `email`; one that exists already is changed only when `may_exist`.
    #[tracing::instrument(skip_all)]
    async fn save(
        &self,
        email: &str,
        change: ContactChange,
        lists: &[String],
        may_exist: bool,
    ) -> Result<(Contact, Upserted), ContactError> {
        let address = Address::parse(email)?;
        let mut change = ContactChange { email: None, ..change.checked()? };
        let mut tx = self.db.begin().await?;
        self.settle_types(&mut tx, &mut change).await?;
        let found = store::with_addresses(&mut tx, &[address.folded()]).await?.pop();
        let exists = found.is_some();
        let mut contact = match found {
            Some(contact) if !may_exist => return Ok((contact, Upserted::Unchanged)),
            Some(contact) => contact,
            None => {
                self.refuse_forgotten(&mut tx, &address).await?;
                Contact::new(self.clock.new_id(), &address, self.clock.now())
            }
        };
        let changed = contact.apply(&change)?;
        let done = match (exists, changed) {
            (false, _) => {
                // Somebody else may have created it since it was looked for.
                let insert = store::insert(&mut tx, [&contact]).await;
                insert.map_err(|error| match error {
                    DbError::Conflict { .. } if may_exist => DbError::Busy.into(),
                    other => taken(other, &contact.email),
                })?;
                write_tags(&mut tx, &contact, &change).await?;
                self.say(&mut tx, "contact.created", &contact).await?;
                Upserted::Created
            }
            (true, true) => {
                contact.updated_at = self.clock.now();
                store::update(&mut tx, [&contact]).await?;
                write_tags(&mut tx, &contact, &change).await?;
                self.say(&mut tx, "contact.updated", &contact).await?;
                Upserted::Updated
            }
            (true, false) => Upserted::Unchanged,
        };
        for reference in lists {
            let list = self.list_in(&mut tx, reference).await?;
            self.add_in(&mut tx, &list, &[contact.id]).await?;
        }
        tx.commit().await?;
        Ok((contact, done))
    }

    /// The contact that `reference` (its address, its id, or the start of its id) points at, and
    /// what else is known of it.
    ///
    /// # Errors
    /// [`ContactError::ContactNotFound`], [`ContactError::Ambiguous`].
    pub async fn contact(&self, reference: &str) -> Result<Profile, ContactError> {
        let mut tx = self.db.read().await?;
        let contact = self.contact_in(&mut tx, reference).await?;
        let subscriptions = members::of_contact(&mut tx, contact.id).await?;
        let consents = consents::of_contact(&mut tx, contact.id).await?;
        Ok(Profile { contact, subscriptions, consents })
    }

    /// The contact alone, as [`Contacts::contact`] finds it, within a transaction.
    pub async fn contact_in(&self, tx: &mut Tx, reference: &str) -> Result<Contact, ContactError> {
        let missing = || ContactError::ContactNotFound(reference.to_owned());
        if reference.contains('\0') {
            return Err(missing()); // no text in the store has one
        }
        let id = one(store::find(tx, reference).await?, reference, missing)?;
        store::get(tx, id).await?.ok_or_else(missing)
    }

    /// A page of the contacts that `filter` lets through, oldest first.
    ///
    /// # Errors
    /// [`ContactError::ListNotFound`], [`ContactError::Tag`], and those of
    /// [`Contacts::count_where`].
    pub async fn contacts(
        &self,
        filter: &ContactFilter,
        page: PageRequest,
    ) -> Result<Page<Contact>, ContactError> {
        let mut tx = self.db.read().await?;
        let list = match &filter.list {
            Some(reference) => Some(self.list_in(&mut tx, reference).await?.id),
            None => None,
        };
        let tags = tags::checked(&filter.tags)?;
        let condition = match &filter.expression {
            Some(expression) => Some(self.condition_in(&mut tx, expression, None).await?),
            None => None,
        };
        let which = Which {
            list,
            tags: tags.iter().map(String::as_str).collect(),
            q: filter.q.as_deref().filter(|q| !q.trim().is_empty()),
            role_address: filter.role_address,
            disposable_address: filter.disposable_address,
            condition: condition.as_ref().map(|condition| (condition, self.clock.now())),
        };
        let contacts = match which.q {
            Some(q) if q.contains('\0') => Vec::new(), // no text in the store has one
            _ => store::page(&mut tx, &page, &which).await?,
        };
        Ok(page.page(contacts, |contact| contact.id))
    }

    /// Changes a contact.
    ///
    /// # Errors
    /// [`ContactError::ContactNotFound`], [`ContactError::ContactExists`] when another contact has
    /// the new address, the checks of a change.
    #[tracing::instrument(skip_all)]
    pub async fn update(
        &self,
        reference: &str,
        change: ContactChange,
    ) -> Result<Contact, ContactError> {
        let mut change = change.checked()?;
        let mut tx = self.db.begin().await?;
        self.settle_types(&mut tx, &mut change).await?;
        let mut contact = self.contact_in(&mut tx, reference).await?;
        if let Some(email) = &change.email {
            self.refuse_forgotten(&mut tx, &Address::parse(email)?).await?;
        }
        if contact.apply(&change)? {
            contact.updated_at = self.clock.now();
            let update = store::update(&mut tx, [&contact]).await;
            update.map_err(|error| taken(error, &contact.email))?;
            write_tags(&mut tx, &contact, &change).await?;
            self.say(&mut tx, "contact.updated", &contact).await?;
            tx.commit().await?;
        }
        Ok(contact)
    }

    /// Deletes a contact and its memberships. What was sent to it stays recorded with its address,
    /// and a suppression of the address stays in force.
    ///
    /// # Errors
    /// [`ContactError::ContactNotFound`], [`ContactError::Ambiguous`].
    #[tracing::instrument(skip_all)]
    pub async fn delete(&self, reference: &str) -> Result<Contact, ContactError> {
        let mut tx = self.db.begin().await?;
        let contact = self.contact_in(&mut tx, reference).await?;
        store::delete(&mut tx, contact.id).await?;
        self.say(&mut tx, "contact.deleted", &contact).await?;
        tx.commit().await?;
        Ok(contact)
    }

    /// Refuses the address of somebody who was forgotten.
    async fn refuse_forgotten(&self, tx: &mut Tx, address: &Address) -> Result<(), ContactError> {
        if self.key.forgotten_in(tx, &[address.folded()]).await?.is_empty() {
            return Ok(());
        }
        Err(ContactError::Forgotten(address.to_string()))
    }

    /// Brings the attributes of `change` to their types, which new keys get by it.
    pub(super) async fn settle_types(
        &self,
        tx: &mut Tx,
        change: &mut ContactChange,
    ) -> Result<(), ContactError> {
        let mut types = AttributeTypes::new();
        self.learn_types_in(tx, [&change.attributes], &mut types, true).await?;
        Ok(settle(&types, &mut change.attributes)?)
    }

    async fn say(
        &self,
        tx: &mut Tx,
        event: &'static str,
        contact: &Contact,
    ) -> Result<(), ContactError> {
        let payload = serde_json::json!({ "id": contact.id });
        self.outbox.push(tx, Event { name: event, payload }).await?;
        Ok(())
    }
}

/// Writes what a change that was applied to `contact` says of its tags.
async fn write_tags(tx: &mut Tx, contact: &Contact, change: &ContactChange) -> DbResult<()> {
    let added = change.tags.intersection(&contact.tags);
    tag_store::add(tx, added.map(|tag| (contact.id, tag.as_str()))).await?;
    tag_store::remove(tx, change.untag.iter().map(|tag| (contact.id, tag.as_str()))).await
}

fn taken(error: DbError, email: &str) -> ContactError {
    match error {
        DbError::Conflict { .. } => ContactError::ContactExists(email.to_owned()),
        other => other.into(),
    }
}
