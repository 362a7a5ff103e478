//! Who is on a list, and how they stand with it.

use serde_json::json;

use super::Contacts;
use crate::core::contacts::model::how_many;
use crate::core::contacts::store::members::{self as store, Silent};
use crate::core::contacts::{ContactError, Joined, List, Member, MemberChange, SubscriptionState};
use crate::core::events::Event;
use crate::core::kernel::{Id, Page, PageRequest};
use crate::storage::sql::Tx;

impl Contacts {
    /// Puts contacts on a list, all or none. Who is on it already stays as they are: nobody who
    /// has unsubscribed comes back by this.
    ///
    /// # Errors
    /// [`ContactError::ListNotFound`], [`ContactError::ContactNotFound`], [`ContactError::HowMany`].
    #[tracing::instrument(skip_all)]
    pub async fn add_to_list(
        &self,
        list: &str,
        references: &[String],
    ) -> Result<Joined, ContactError> {
        let mut tx = self.db.begin().await?;
        let list = self.list_in(&mut tx, list).await?;
        let ids: Vec<Id> =
            self.named_in(&mut tx, references).await?.into_iter().map(|(id, _)| id).collect();
        let (added, silent) = self.add_in(&mut tx, &list, &ids).await?;
        let list = self.list_in(&mut tx, &list.id.to_string()).await?;
        tx.commit().await?;
        let Silent { unconfirmed, unsubscribed } = silent;
        Ok(Joined { list, added, unconfirmed, unsubscribed })
    }

    /// Changes how contacts stand with a list they are on, all or none; says how many it changed.
    ///
    /// # Errors
    /// [`ContactError::ListNotFound`], [`ContactError::ContactNotFound`], [`ContactError::HowMany`],
    /// [`ContactError::NotOnList`], [`ContactError::HasLeft`].
    #[tracing::instrument(skip_all)]
    pub async fn change_members(
        &self,
        list: &str,
        references: &[String],
        change: MemberChange,
    ) -> Result<(List, u64), ContactError> {
        let mut tx = self.db.begin().await?;
        let list = self.list_in(&mut tx, list).await?;
        let contacts = self.named_in(&mut tx, references).await?;
        let ids: Vec<Id> = contacts.iter().map(|(id, _)| *id).collect();
        let states = store::states(&mut tx, list.id, &ids).await?;
        for (id, email) in contacts {
            match states.get(&id) {
                None => return Err(ContactError::NotOnList { contact: email, list: list.name }),
                Some(SubscriptionState::Unsubscribed) if change == MemberChange::Confirm => {
                    return Err(ContactError::HasLeft { contact: email, list: list.name });
                }
                Some(_) => {}
            }
        }
        let moves = change.moves(list.optin);
        let changed = store::change(&mut tx, list.id, &ids, moves, self.clock.now()).await?;
        if changed > 0 {
            let payload = json!({
                "id": list.id, "name": list.name, "contact_ids": ids, "changed": changed,
            });
            self.outbox.push(&mut tx, Event { name: change.event(), payload }).await?;
        }
        let list = self.list_in(&mut tx, &list.id.to_string()).await?;
        tx.commit().await?;
        Ok((list, changed))
    }

    /// A page of those on a list: all, or those who stand so.
    ///
    /// # Errors
    /// [`ContactError::ListNotFound`], [`ContactError::Ambiguous`].
    pub async fn members(
        &self,
        list: &str,
        state: Option<SubscriptionState>,
        page: PageRequest,
    ) -> Result<Page<Member>, ContactError> {
        let mut tx = self.db.read().await?;
        let list = self.list_in(&mut tx, list).await?;
        let members = store::page(&mut tx, list.id, state, &page).await?;
        Ok(page.page(members, |member| member.contact))
    }

    /// Takes a contact off a list; the contact stays. That it had unsubscribed is forgotten with it.
    ///
    /// # Errors
    /// [`ContactError::ListNotFound`], [`ContactError::ContactNotFound`],
    /// [`ContactError::NotOnList`].
    #[tracing::instrument(skip_all)]
    pub async fn remove_from_list(
        &self,
        list: &str,
        reference: &str,
    ) -> Result<List, ContactError> {
        let mut tx = self.db.begin().await?;
        let list = self.list_in(&mut tx, list).await?;
        let contact = self.contact_in(&mut tx, reference).await?;
        if !store::remove(&mut tx, list.id, contact.id).await? {
            return Err(ContactError::NotOnList { contact: contact.email, list: list.name });
        }
        let payload = json!({ "id": list.id, "name": list.name, "contact_id": contact.id });
        self.outbox.push(&mut tx, Event { name: "list.member_removed", payload }).await?;
        let list = self.list_in(&mut tx, &list.id.to_string()).await?;
        tx.commit().await?;
        Ok(list)
    }

    /// As [`Contacts::add_to_list`], within a transaction.
    pub(super) async fn add_in(
        &self,
        tx: &mut Tx,
        list: &List,
        contacts: &[Id],
    ) -> Result<(u64, Silent), ContactError> {
        let (added, silent) = store::add(tx, list.id, contacts, self.clock.now()).await?;
        if added > 0 {
            let payload = json!({
                "id": list.id, "name": list.name, "contact_ids": contacts, "added": added,
            });
            self.outbox.push(tx, Event { name: "list.members_added", payload }).await?;
        }
        Ok((added, silent))
    }

    /// The ids and addresses of the contacts that are named, each once, in the order of their ids.
    async fn named_in(
        &self,
        tx: &mut Tx,
        references: &[String],
    ) -> Result<Vec<(Id, String)>, ContactError> {
        how_many(references.len())?;
        let mut named = Vec::with_capacity(references.len());
        for reference in references {
            let contact = self.contact_in(tx, reference).await?;
            named.push((contact.id, contact.email));
        }
        named.sort_unstable();
        named.dedup();
        Ok(named)
    }
}
