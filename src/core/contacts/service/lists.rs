//! Lists.

use super::{Contacts, one};
use crate::core::contacts::segments::Condition;
use crate::core::contacts::store::{contacts as contact_store, lists as store};
use crate::core::contacts::{Contact, ContactError, List, ListChange, MemberCounts, NewList};
use crate::core::events::Event;
use crate::core::kernel::{Id, Page, PageRequest};
use crate::storage::sql::{self, DbError, Tx};

impl Contacts {
    /// Creates a list.
    ///
    /// # Errors
    /// [`ContactError::Name`], [`ContactError::ListNameTaken`].
    #[tracing::instrument(skip_all, fields(list.name = %new.name))]
    pub async fn create_list(&self, new: NewList) -> Result<List, ContactError> {
        new.check()?;
        let mut tx = self.db.begin().await?;
        let list = self.create_list_in(&mut tx, new).await?;
        tx.commit().await?;
        Ok(list)
    }

    /// Creates a list as part of a larger change.
    pub async fn create_list_in(&self, tx: &mut Tx, new: NewList) -> Result<List, ContactError> {
        let now = self.clock.now();
        let list = List {
            id: self.clock.new_id(),
            name: new.name,
            description: new.description,
            labels: new.labels,
            optin: new.optin,
            members: MemberCounts::default(),
            version: 1,
            created_at: now,
            updated_at: now,
        };
        store::insert(tx, &list).await.map_err(|error| match error {
            DbError::Conflict { .. } => ContactError::ListNameTaken(list.name.clone()),
            other => other.into(),
        })?;
        self.outbox.push(tx, Event::about("list.created", list.id, &list.name)).await?;
        Ok(list)
    }

    /// The list that `reference` (a name, an id, or the start of one) points at.
    ///
    /// # Errors
    /// [`ContactError::ListNotFound`], [`ContactError::Ambiguous`].
    pub async fn list(&self, reference: &str) -> Result<List, ContactError> {
        let mut tx = self.db.read().await?;
        self.list_in(&mut tx, reference).await
    }

    /// As [`Contacts::list`], within a transaction.
    pub async fn list_in(&self, tx: &mut Tx, reference: &str) -> Result<List, ContactError> {
        let missing = || ContactError::ListNotFound(reference.to_owned());
        let id = one(sql::find(tx, "lists", reference).await?, reference, missing)?;
        store::get(tx, id).await?.ok_or_else(missing)
    }

    /// The list that is called exactly `name`.
    pub async fn list_named_in(
        &self,
        tx: &mut Tx,
        name: &str,
    ) -> Result<Option<List>, ContactError> {
        match store::named(tx, name).await? {
            Some(id) => Ok(store::get(tx, id).await?),
            None => Ok(None),
        }
    }

    /// The names of all lists, in their order.
    pub async fn list_names_in(&self, tx: &mut Tx) -> Result<Vec<String>, ContactError> {
        Ok(sql::names(tx, "lists").await?)
    }

    /// Changes a list; its name stays.
    ///
    /// # Errors
    /// [`ContactError::ListNotFound`], [`ContactError::Ambiguous`], [`ContactError::ListOutdated`].
    #[tracing::instrument(skip_all)]
    pub async fn update_list(
        &self,
        reference: &str,
        change: ListChange,
    ) -> Result<List, ContactError> {
        let mut tx = self.db.begin().await?;
        let id = self.list_in(&mut tx, reference).await?.id;
        let list = self.update_list_in(&mut tx, id, change, None).await?;
        tx.commit().await?;
        Ok(list)
    }

    /// As [`Contacts::update_list`], if the list is still at `version`, as part of a larger change.
    pub async fn update_list_in(
        &self,
        tx: &mut Tx,
        id: Id,
        change: ListChange,
        version: Option<u64>,
    ) -> Result<List, ContactError> {
        let missing = || ContactError::ListNotFound(id.to_string());
        let old = store::get(tx, id).await?.ok_or_else(missing)?;
        if version.is_some_and(|version| version != old.version) {
            return Err(ContactError::ListOutdated(old.name));
        }
        let mut list = old.clone();
        list.description = change.description.unwrap_or(list.description);
        list.labels = change.labels.unwrap_or(list.labels);
        list.optin = change.optin.unwrap_or(list.optin);
        if list != old {
            list.updated_at = self.clock.now();
            if !store::update(tx, &list).await? {
                return Err(ContactError::ListOutdated(list.name));
            }
            list.version += 1;
            self.outbox.push(tx, Event::about("list.updated", list.id, &list.name)).await?;
        }
        Ok(list)
    }

    /// How many contacts are subscribed to the lists of these names or meant by `segments`, each
    /// counted once, and the first of them.
    pub async fn audience_in(
        &self,
        tx: &mut Tx,
        lists: &[&str],
        segments: &[Condition],
    ) -> Result<(u64, Option<Contact>), ContactError> {
        let now = self.clock.now();
        let (count, first) = store::audience(tx, lists, segments, now).await?;
        match first {
            Some(id) => Ok((count, contact_store::get(tx, id).await?)),
            None => Ok((count, None)),
        }
    }

    /// A page of lists, oldest first.
    pub async fn lists(&self, page: PageRequest) -> Result<Page<List>, ContactError> {
        let mut tx = self.db.read().await?;
        let lists = store::page(&mut tx, &page).await?;
        Ok(page.page(lists, |list| list.id))
    }

    /// Deletes a list; its contacts stay.
    ///
    /// # Errors
    /// [`ContactError::ListNotFound`], [`ContactError::ListInUse`].
    pub async fn delete_list(&self, reference: &str) -> Result<List, ContactError> {
        let mut tx = self.db.begin().await?;
        let list = self.delete_list_in(&mut tx, reference, None).await?;
        tx.commit().await?;
        Ok(list)
    }

    /// As [`Contacts::delete_list`], if it is still at `version`, as part of a larger change.
    ///
    /// # Errors
    /// Also [`ContactError::ListOutdated`].
    pub async fn delete_list_in(
        &self,
        tx: &mut Tx,
        reference: &str,
        version: Option<u64>,
    ) -> Result<List, ContactError> {
        let list = self.list_in(tx, reference).await?;
        let seen = version.is_none_or(|version| version == list.version);
        let deleted = seen
            && store::delete(tx, &list).await.map_err(|error| match error {
                DbError::Conflict { .. } => ContactError::ListInUse(list.name.clone()),
                other => other.into(),
            })?;
        if !deleted {
            return Err(ContactError::ListOutdated(list.name));
        }
        self.outbox.push(tx, Event::about("list.deleted", list.id, &list.name)).await?;
        Ok(list)
    }
}
