//! Merging contacts, and finding those that may be one person.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde_json::json;

use super::Contacts;
use crate::core::contacts::merging::{as_it_was, fill, mailbox, name_at_domain};
use crate::core::contacts::model::how_many;
use crate::core::contacts::store::{
    consents, contacts as store, members, merges, suppressions, tags,
};
use crate::core::contacts::{
    Contact, ContactError, DuplicateRule, Duplicates, Merge, Profile, Suppression,
};
use crate::core::events::Event;
use crate::core::kernel::{Id, fold_address};
use crate::storage::sql::Tx;

/// Contacts of a group that are shown at the most.
const MOST_IN_A_GROUP: usize = 50;

impl Contacts {
    /// Merges `others` into the contact `keep`, all or none: see [`merging`](super::super::merging).
    /// Mails that wait for one of them are sent to the one that is kept, once.
    ///
    /// # Errors
    /// [`ContactError::ContactNotFound`], [`ContactError::HowMany`], [`ContactError::MergedWithItself`],
    /// [`ContactError::InHand`], and [`ContactError::Tag`] or [`ContactError::Attribute`] when there
    /// are too many together.
    #[tracing::instrument(skip_all)]
    pub async fn merge(&self, keep: &str, others: &[String]) -> Result<Profile, ContactError> {
        how_many(others.len())?;
        let mut tx = self.db.begin().await?;
        let mut kept = self.contact_in(&mut tx, keep).await?;
        for reference in others {
            let other = self.contact_in(&mut tx, reference).await?;
            if other.id == kept.id {
                return Err(ContactError::MergedWithItself(kept.email));
            }
            self.merge_one(&mut tx, &mut kept, &other).await?;
        }
        let profile = Profile {
            subscriptions: members::of_contact(&mut tx, kept.id).await?,
            consents: consents::of_contact(&mut tx, kept.id).await?,
            contact: kept,
        };
        tx.commit().await?;
        Ok(profile)
    }

    async fn merge_one(
        &self,
        tx: &mut Tx,
        keep: &mut Contact,
        other: &Contact,
    ) -> Result<(), ContactError> {
        let now = self.clock.now();
        let subscriptions = members::of_contact(tx, other.id).await?;
        let held = consents::of_contact(tx, other.id).await?;
        let merge = Merge {
            id: self.clock.new_id(),
            contact: keep.id,
            merged: other.id,
            was: as_it_was(other, &subscriptions, &held),
            merged_at: now,
        };
        let new_tags = fill(keep, other)?;
        keep.updated_at = now;
        store::update(tx, [&*keep]).await?;
        tags::add(tx, new_tags.iter().map(|tag| (keep.id, tag.as_str()))).await?;
        for kept in self.records.iter() {
            kept.hand_over(tx, other.id, keep, now).await?;
        }
        merges::unite(tx, other.id, keep.id, now).await?;
        self.suppress_as(tx, &other.email, &keep.email).await?;
        store::delete(tx, other.id).await?;
        merges::insert(tx, &merge).await?;
        let payload = json!({ "id": keep.id, "merged_id": other.id });
        self.outbox.push(tx, Event { name: "contact.merged", payload }).await?;
        Ok(())
    }

    /// Suppresses the address `to` when `from` is.
    async fn suppress_as(&self, tx: &mut Tx, from: &str, to: &str) -> Result<(), ContactError> {
        let found = suppressions::of_addresses(tx, &[&fold_address(from)]).await?;
        for Suppression { reason, .. } in found {
            let (id, now) = (self.clock.new_id(), self.clock.now());
            let email = fold_address(to);
            let same = Suppression { id, email, reason, set: None, created_at: now };
            suppressions::insert(tx, &[same]).await?;
        }
        Ok(())
    }

    /// Contacts that may be one person, `limit` groups at the most, those with the oldest contacts
    /// first. Every contact is read, twice; memory holds eight bytes of each and the groups.
    pub async fn duplicates(&self, limit: usize) -> Result<Vec<Duplicates>, ContactError> {
        let mut tx = self.db.read().await?;
        let mut seen: HashMap<u64, bool> = HashMap::new();
        let mut after = Id::NIL;
        while let Some(last) = self
            .keys_after(&mut tx, after, |_, _, key| {
                seen.entry(hash(key)).and_modify(|again| *again = true).or_insert(false);
            })
            .await?
        {
            after = last;
        }
        seen.retain(|_, again| *again);
        let mut groups: BTreeMap<(Id, DuplicateRule), Vec<Id>> = BTreeMap::new();
        let mut first: HashMap<String, Id> = HashMap::new();
        let mut after = Id::NIL;
        while let Some(last) = self
            .keys_after(&mut tx, after, |id, rule, key| {
                if seen.contains_key(&hash(key))
                    && (first.contains_key(key) || first.len() < 4 * limit)
                {
                    let oldest = *first.entry(key.to_owned()).or_insert(id);
                    groups.entry((oldest, rule)).or_default().push(id);
                }
            })
            .await?
        {
            after = last;
        }
        let mut found = Vec::new();
        for ((_, rule), ids) in groups.into_iter().filter(|(_, ids)| ids.len() > 1).take(limit) {
            let mut contacts = Vec::new();
            for id in ids.into_iter().take(MOST_IN_A_GROUP) {
                contacts.extend(store::get(&mut tx, id).await?);
            }
            found.push(Duplicates { rule, contacts });
        }
        Ok(found)
    }

    /// Tells `see` what each contact after `after` has in common with its duplicates; gives the last
    /// of them, for going on.
    async fn keys_after(
        &self,
        tx: &mut Tx,
        after: Id,
        mut see: impl FnMut(Id, DuplicateRule, &str),
    ) -> Result<Option<Id>, ContactError> {
        let mut last = None;
        for (id, email, name, is_role) in store::names_page(tx, after).await? {
            last = Some(id);
            if let Some(key) = mailbox(&email) {
                see(id, DuplicateRule::SameMailbox, &key);
            }
            if let Some(key) = name_at_domain(&name, &email, is_role) {
                see(id, DuplicateRule::SameName, &key);
            }
        }
        Ok(last)
    }
}

fn hash(key: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}
