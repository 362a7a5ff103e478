//! Bulk changes: the same change of everybody an expression is true of, or their deletion.
//!
//! Each is one transaction, whatever the number of contacts: all of it happened, or none. Whoever
//! counted before says how many contacts they mean; when it is another number by now, nothing is
//! changed.

use serde_json::json;

use super::Contacts;
use crate::core::contacts::segments::Condition;
use crate::core::contacts::store::which::Which;
use crate::core::contacts::store::{
    bulk as store, contacts as contact_store, members, segments, tags as tag_store,
};
use crate::core::contacts::{Contact, ContactChange, ContactError, List};
use crate::core::events::Event;
use crate::core::kernel::{Id, PageRequest, Timestamp};
use crate::storage::sql::Tx;

/// Contacts that are read and written at a time.
const PAGE: u32 = 5000;

/// What to change of many contacts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BulkChange {
    /// The address and the name are of one person each, and stay.
    pub change: ContactChange,
    /// Lists to put them on, and to take them off: their names, their ids, or the start of one.
    pub lists: Vec<String>,
    pub unlist: Vec<String>,
}

/// What a bulk change did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BulkSummary {
    /// Whom the expression was true of.
    pub contacts: u64,
    /// Those of them whose fields, attributes or tags are others now.
    pub changed: u64,
    /// Places on lists that came and went.
    pub added: u64,
    pub removed: u64,
}

impl Contacts {
    /// Changes everybody `expression` is true of, all or none. `expected` is how many they are, when
    /// that was looked at.
    ///
    /// # Errors
    /// [`ContactError::NotThatMany`], [`ContactError::ListNotFound`], the checks of a change, and
    /// those of [`Contacts::count_where`].
    #[tracing::instrument(skip_all)]
    pub async fn edit_where(
        &self,
        expression: &str,
        what: BulkChange,
        expected: Option<u64>,
    ) -> Result<BulkSummary, ContactError> {
        let mut change = ContactChange { email: None, name: None, ..what.change.checked()? };
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let condition = self.expected_in(&mut tx, expression, expected, now).await?;
        self.settle_types(&mut tx, &mut change).await?;
        let lists = self.lists_in(&mut tx, &what.lists).await?;
        let unlist = self.lists_in(&mut tx, &what.unlist).await?;
        let mut summary = BulkSummary::default();
        let mut after = Id::NIL;
        loop {
            let page = PageRequest { after, limit: PAGE };
            let which = Which { condition: Some((&condition, now)), ..Which::default() };
            let contacts = contact_store::page(&mut tx, &page, &which).await?;
            let Some(last) = contacts.last() else { break };
            after = last.id;
            let ids: Vec<Id> = contacts.iter().map(|contact| contact.id).collect();
            summary.contacts += ids.len() as u64;
            summary.changed += change_all(&mut tx, contacts, &change, now).await?;
            for list in &lists {
                summary.added += members::add(&mut tx, list.id, &ids, now).await?.0;
            }
            for list in &unlist {
                summary.removed += store::remove_members(&mut tx, list.id, &ids).await?;
            }
        }
        let BulkSummary { contacts, changed, added, removed } = summary;
        if changed + added + removed == 0 {
            return Ok(summary);
        }
        let payload = json!({
            "where": expression, "contacts": contacts, "changed": changed, "added": added,
            "removed": removed,
        });
        self.outbox.push(&mut tx, Event { name: "contacts.updated", payload }).await?;
        tx.commit().await?;
        Ok(summary)
    }

    /// Deletes everybody `expression` is true of, all or none, as [`Contacts::delete`] does one; says
    /// how many that were.
    ///
    /// # Errors
    /// [`ContactError::NotThatMany`], and those of [`Contacts::count_where`].
    #[tracing::instrument(skip_all)]
    pub async fn delete_where(
        &self,
        expression: &str,
        expected: Option<u64>,
    ) -> Result<u64, ContactError> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let condition = self.expected_in(&mut tx, expression, expected, now).await?;
        let deleted = store::delete(&mut tx, &condition, now).await?;
        if deleted > 0 {
            let payload = json!({ "where": expression, "contacts": deleted });
            self.outbox.push(&mut tx, Event { name: "contacts.deleted", payload }).await?;
            tx.commit().await?;
        }
        Ok(deleted)
    }

    /// What `expression` asks, when it is true of as many as are `expected`.
    async fn expected_in(
        &self,
        tx: &mut Tx,
        expression: &str,
        expected: Option<u64>,
        now: Timestamp,
    ) -> Result<Condition, ContactError> {
        let condition = self.condition_in(tx, expression, None).await?;
        if let Some(expected) = expected {
            let found = segments::count(tx, &condition, now).await?;
            if found != expected {
                return Err(ContactError::NotThatMany { expected, found });
            }
        }
        Ok(condition)
    }

    async fn lists_in(&self, tx: &mut Tx, names: &[String]) -> Result<Vec<List>, ContactError> {
        let mut lists = Vec::with_capacity(names.len());
        for name in names {
            lists.push(self.list_in(tx, name).await?);
        }
        Ok(lists)
    }
}

/// Applies `change` to each of `contacts`; says how many are others by it.
async fn change_all(
    tx: &mut Tx,
    contacts: Vec<Contact>,
    change: &ContactChange,
    now: Timestamp,
) -> Result<u64, ContactError> {
    let mut changed = Vec::new();
    for mut contact in contacts {
        if contact.apply(change)? {
            changed.push(Contact { updated_at: now, ..contact });
        }
    }
    contact_store::update(tx, &changed).await?;
    let (mut tags, mut untag) = (Vec::new(), Vec::new());
    for contact in &changed {
        let kept = change.tags.intersection(&contact.tags);
        tags.extend(kept.map(|tag| (contact.id, tag.as_str())));
        untag.extend(change.untag.iter().map(|tag| (contact.id, tag.as_str())));
    }
    tag_store::add(tx, tags).await?;
    tag_store::remove(tx, untag).await?;
    Ok(changed.len() as u64)
}
