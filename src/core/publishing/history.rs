//! What was sent to a person, and what is still to be, over all campaigns.

use super::model::{Delivery, PublishingError};
use super::service::Publishing;
use super::store::deliveries as store;
use crate::core::kernel::{Id, KeyCursor, Page, PageRequest, Timestamp};

/// A delivery, with what it was of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastDelivery {
    /// The campaign's name.
    pub campaign: String,
    pub campaign_id: Id,
    /// The message's name and subject; `None` when it was taken out of the campaign since.
    pub message: Option<String>,
    pub subject: Option<String>,
    /// When its run began.
    pub started_at: Timestamp,
    pub delivery: Delivery,
}

impl Publishing {
    /// A page of the deliveries to a person whose contacts have, or had, the ids `contacts`; those of
    /// the newest run first.
    pub async fn history(
        &self,
        contacts: &[Id],
        request: PageRequest<Option<KeyCursor<3>>>,
    ) -> Result<Page<PastDelivery, KeyCursor<3>>, PublishingError> {
        let mut tx = self.db.read().await?;
        let items = store::history(&mut tx, contacts, request.after, request.fetch()).await?;
        Ok(request.page_by(items, |PastDelivery { delivery, .. }| {
            KeyCursor([delivery.run_id, delivery.message_id, delivery.contact_id])
        }))
    }
}
