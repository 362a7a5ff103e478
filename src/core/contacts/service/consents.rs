//! Consent: recorded one by one, or in batches by imports.

use serde_json::json;

use super::Contacts;
use crate::core::contacts::consent::{BadConsent, to_add};
use crate::core::contacts::store::consents as store;
use crate::core::contacts::{
    Consent, ConsentState, Contact, ContactError, NewConsent, RecordedConsents,
};
use crate::core::events::Event;
use crate::core::kernel::{Id, Page, PageRequest};
use crate::storage::sql::Tx;

impl Contacts {
    /// Records what a contact agreed to, or no longer agrees to, now or since the time it says.
    /// What is recorded already is not recorded again: the record that holds is given.
    ///
    /// # Errors
    /// [`ContactError::ContactNotFound`], [`ContactError::Consent`].
    #[tracing::instrument(skip_all)]
    pub async fn record_consent(
        &self,
        reference: &str,
        new: NewConsent,
    ) -> Result<(Contact, Consent), ContactError> {
        let new = new.checked(self.clock.now())?;
        let new = NewConsent { at: new.at.or_else(|| Some(self.clock.now())), ..new };
        let mut tx = self.db.begin().await?;
        let contact = self.contact_in(&mut tx, reference).await?;
        let mut holding = store::holding(&mut tx, &[contact.id]).await?;
        let key = (contact.id, new.purpose.clone());
        let new_id = || self.clock.new_id();
        let (records, done) = to_add([(contact.id, new)], &mut holding, self.clock.now(), new_id);
        if done.outdated > 0 {
            return Err(BadConsent::Outdated(key.1).into());
        }
        store::insert(&mut tx, &records).await?;
        for (_, record) in &records {
            let name = match record.state {
                ConsentState::Granted => "contact.consent_granted",
                ConsentState::Withdrawn => "contact.consent_withdrawn",
            };
            let payload = json!({
                "id": contact.id, "purpose": record.purpose, "consent_id": record.id,
            });
            self.outbox.push(&mut tx, Event { name, payload }).await?;
        }
        tx.commit().await?;
        let purpose = &key.1;
        let held = holding.remove(&key).ok_or_else(|| BadConsent::Outdated(purpose.clone()))?;
        Ok((contact, held))
    }

    /// Records what many contacts agreed to, as part of a larger change, which also tells of it:
    /// no event is written here. A contact of them that is no longer there fails the change.
    ///
    /// # Errors
    /// [`ContactError::Consent`] for the first that cannot be kept, with nothing recorded.
    pub async fn record_consents_in(
        &self,
        tx: &mut Tx,
        consents: Vec<(Id, NewConsent)>,
    ) -> Result<RecordedConsents, ContactError> {
        let now = self.clock.now();
        let checked = consents.into_iter().map(|(id, new)| Ok((id, new.checked(now)?)));
        let checked = checked.collect::<Result<Vec<_>, ContactError>>()?;
        let mut ids: Vec<Id> = checked.iter().map(|(id, _)| *id).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut holding = store::holding(tx, &ids).await?;
        let (records, done) = to_add(checked, &mut holding, now, || self.clock.new_id());
        store::insert(tx, &records).await?;
        Ok(done)
    }

    /// A page of the records of a contact, oldest first.
    ///
    /// # Errors
    /// [`ContactError::ContactNotFound`], [`ContactError::Ambiguous`].
    pub async fn consents(
        &self,
        reference: &str,
        page: PageRequest,
    ) -> Result<Page<Consent>, ContactError> {
        let mut tx = self.db.read().await?;
        let contact = self.contact_in(&mut tx, reference).await?;
        let consents = store::page(&mut tx, contact.id, &page).await?;
        Ok(page.page(consents, |consent| consent.id))
    }
}
