//! Leaving by the link of a mail: the link tells the run, and the run whom its mails were for.

use super::model::CampaignError;
use super::service::Campaigns;
use super::store;
use crate::core::contacts::{Leaving, Left};

impl Campaigns {
    /// Lets whoever the link of a mail was made for leave the lists the mail was for. Who may have got
    /// it by a segment too, or is on none of its lists any more, is suppressed. A mail that was a test
    /// changes nothing: `None`.
    ///
    /// `link` is the whole link, or its token.
    ///
    /// # Errors
    /// [`PublishingError::Link`](crate::core::publishing::PublishingError::Link) when no mail of this
    /// workspace had it.
    #[tracing::instrument(skip_all)]
    pub async fn leave(&self, link: &str) -> Result<Option<Left>, CampaignError> {
        let (contact, run) = self.publishing.signer().read(link)?;
        let mut tx = self.db.begin().await?;
        if store::get(&mut tx, run).await?.is_some() {
            return Ok(None); // previews and tests are signed with their campaign's id
        }
        let plan = self.publishing.plan_in(&mut tx, run).await?;
        let leaving = Leaving {
            contact,
            run,
            address: self.publishing.address_in(&mut tx, run, contact).await?,
            lists: self.publishing.lists_in(&mut tx, run).await?,
            // Nothing is known of a run that was deleted with its campaign.
            entirely: plan.is_none_or(|plan| !plan.segments.is_empty()),
        };
        let left = self.contacts.leave_in(&mut tx, &leaving).await?;
        tx.commit().await?;
        Ok(Some(left))
    }
}
