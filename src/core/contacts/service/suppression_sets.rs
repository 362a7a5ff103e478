//! Suppression sets, which manifests make, change and delete.

use super::{Contacts, one};
use crate::core::contacts::store::suppression_sets as store;
use crate::core::contacts::{
    ContactError, NewSuppressionSet, SetContent, SetError, Suppression, SuppressionSet,
};
use crate::core::events::Event;
use crate::core::kernel::{Id, Labels, Page, PageRequest, check_name};
use crate::storage::sql::{self, DbError, Tx};

const TABLE: &str = "suppression_sets";

impl Contacts {
    /// A page of suppression sets, oldest first.
    pub async fn suppression_sets(
        &self,
        page: PageRequest,
    ) -> Result<Page<SuppressionSet>, ContactError> {
        let sets = store::page(&mut self.db.read().await?, &page).await?;
        Ok(page.page(sets, |set| set.id))
    }

    /// The suppression set that `reference` (a name, an id, or the start of one) points at, and what
    /// it says.
    ///
    /// # Errors
    /// [`SetError::NotFound`], [`ContactError::Ambiguous`].
    pub async fn suppression_set(
        &self,
        reference: &str,
    ) -> Result<(SuppressionSet, SetContent), ContactError> {
        let mut tx = self.db.read().await?;
        let missing = || SetError::NotFound(reference.to_owned()).into();
        let id = one(sql::find(&mut tx, TABLE, reference).await?, reference, missing)?;
        self.set_in(&mut tx, id).await
    }

    /// The suppression set that is called exactly `name`, and what it says.
    pub async fn suppression_set_named_in(
        &self,
        tx: &mut Tx,
        name: &str,
    ) -> Result<Option<(SuppressionSet, SetContent)>, ContactError> {
        match sql::named(tx, TABLE, name).await? {
            Some(id) => Ok(Some(self.set_in(tx, id).await?)),
            None => Ok(None),
        }
    }

    /// The names of all suppression sets, in their order.
    pub async fn suppression_set_names_in(&self, tx: &mut Tx) -> Result<Vec<String>, ContactError> {
        Ok(sql::names(tx, TABLE).await?)
    }

    /// Leaves out of `content` whoever was forgotten.
    pub async fn leave_out_forgotten_in(
        &self,
        tx: &mut Tx,
        content: &mut SetContent,
    ) -> Result<(), ContactError> {
        let all = content.clone();
        let folded: Vec<&str> = all.addresses().iter().map(String::as_str).collect();
        let forgotten = self.key.forgotten_in(tx, &folded).await?;
        content.retain(|address| !forgotten.contains(address));
        Ok(())
    }

    /// Makes a suppression set: what it names is suppressed from now on.
    ///
    /// # Errors
    /// [`SetError::NameTaken`], [`ContactError::Name`].
    pub async fn create_suppression_set_in(
        &self,
        tx: &mut Tx,
        new: NewSuppressionSet,
    ) -> Result<(), ContactError> {
        let NewSuppressionSet { name, labels, mut content } = new;
        check_name(&name)?;
        self.leave_out_forgotten_in(tx, &mut content).await?;
        let (id, now) = (self.clock.new_id(), self.clock.now());
        let (size, version, reason) = (0, 1, content.reason().to_owned());
        let (created_at, updated_at) = (now, now);
        let set =
            SuppressionSet { id, name, labels, reason, size, version, created_at, updated_at };
        store::insert(tx, &set).await.map_err(|error| match error {
            DbError::Conflict { .. } => SetError::NameTaken(set.name.clone()).into(),
            other => ContactError::from(other),
        })?;
        let all = content.addresses().iter().map(|one| self.held(one.clone(), set.reason.clone()));
        store::add(tx, id, all.collect()).await?;
        self.outbox.push(tx, Event::about("suppression_set.created", id, &set.name)).await?;
        Ok(())
    }

    /// Makes a suppression set say something else, if it is still at `version`. What it no longer
    /// names may be sent to again, unless it is suppressed for another reason.
    ///
    /// # Errors
    /// [`SetError::NotFound`], [`SetError::Outdated`].
    pub async fn update_suppression_set_in(
        &self,
        tx: &mut Tx,
        id: Id,
        mut content: SetContent,
        labels: Labels,
        version: u64,
    ) -> Result<(), ContactError> {
        let (old, before) = self.set_in(tx, id).await?;
        self.leave_out_forgotten_in(tx, &mut content).await?;
        let (reason, updated_at) = (content.reason().to_owned(), self.clock.now());
        let set = SuppressionSet { labels, reason, version, updated_at, ..old };
        if !store::update(tx, &set).await? {
            return Err(SetError::Outdated(set.name).into());
        }
        let (before, after) = (before.addresses(), content.addresses());
        let gone: Vec<&str> = before.difference(after).map(String::as_str).collect();
        store::remove(tx, id, &gone, |email, reason| self.held(email, reason)).await?;
        store::give_reason(tx, &set).await?;
        let new = after.difference(before);
        let new = new.map(|one| self.held(one.clone(), set.reason.clone()));
        store::add(tx, id, new.collect()).await?;
        self.outbox.push(tx, Event::about("suppression_set.updated", id, &set.name)).await?;
        Ok(())
    }

    /// Deletes a suppression set if it is still at `version`. What it named may be sent to again,
    /// unless it is suppressed for another reason.
    ///
    /// # Errors
    /// [`SetError::NotFound`], [`SetError::Outdated`].
    pub async fn delete_suppression_set_in(
        &self,
        tx: &mut Tx,
        id: Id,
        version: u64,
    ) -> Result<(), ContactError> {
        let (set, content) = self.set_in(tx, id).await?;
        let gone: Vec<&str> = content.addresses().iter().map(String::as_str).collect();
        store::remove(tx, id, &gone, |email, reason| self.held(email, reason)).await?;
        let set = SuppressionSet { version, ..set };
        if !store::delete(tx, &set).await? {
            return Err(SetError::Outdated(set.name).into());
        }
        self.outbox.push(tx, Event::about("suppression_set.deleted", id, &set.name)).await?;
        Ok(())
    }

    async fn set_in(
        &self,
        tx: &mut Tx,
        id: Id,
    ) -> Result<(SuppressionSet, SetContent), ContactError> {
        let set = store::get(tx, id).await?.ok_or_else(|| SetError::NotFound(id.to_string()))?;
        let content = store::content(tx, &set).await?;
        Ok((set, content))
    }

    /// A suppression that goes with a set.
    fn held(&self, email: String, reason: String) -> Suppression {
        let (id, created_at) = (self.clock.new_id(), self.clock.now());
        Suppression { id, email, reason, set: None, created_at }
    }
}
