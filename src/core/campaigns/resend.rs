//! Sending mails of a campaign's last run again that have failed.

use super::model::{Campaign, CampaignError};
use super::service::Campaigns;
use crate::core::kernel::Id;
use crate::core::publishing::{DeliveryFilter, RunStatus};

/// Which mails are to be sent again.
#[derive(Clone, Debug, Default)]
pub struct Resend {
    /// Those of them that have failed.
    pub which: DeliveryFilter,
    /// How many were agreed to.
    pub confirmed: Option<u64>,
    /// Whether only their number is asked.
    pub dry_run: bool,
}

/// What is sent again, or would be.
#[derive(Clone, Debug)]
pub struct Resent {
    pub campaign: Campaign,
    pub run: Id,
    pub dry_run: bool,
    pub resent: u64,
    /// Mails that match and are not, because of whom they are for.
    pub held_back: u64,
    /// Mails of the run that wait already, and leave as well.
    pub waiting: u64,
}

impl Campaigns {
    /// Puts mails of the last run back that have failed, and lets the campaign go on; or says how many
    /// that would be.
    ///
    /// # Errors
    /// [`CampaignError::Resend`] while it is being sent, or when it was ended for good;
    /// [`CampaignError::NothingToResend`], [`CampaignError::ResendCount`], [`CampaignError::NoRun`].
    #[tracing::instrument(skip(self, asked))]
    pub async fn resend(&self, reference: &str, asked: &Resend) -> Result<Resent, CampaignError> {
        let mut tx = self.db.begin().await?;
        let campaign = self.campaign_in(&mut tx, reference).await?;
        let run = self.last_run(&mut tx, &campaign).await?;
        let ends = matches!(run.status, RunStatus::Active | RunStatus::Cancelled);
        if !campaign.status.may_resend() || ends {
            return Err(CampaignError::Resend { name: campaign.name, status: campaign.status });
        }
        let which = &asked.which;
        let found = self.publishing.resendable_in(&mut tx, &run, which).await?;
        let counts = self.publishing.counts_in(&mut tx, run.id).await?;
        let waiting = counts.queued + counts.leased + counts.deferred;
        let resent = Resent {
            run: run.id,
            dry_run: asked.dry_run,
            resent: found.mails,
            held_back: found.held_back,
            waiting,
            campaign,
        };
        if asked.dry_run {
            return Ok(resent);
        }
        let campaign = resent.campaign;
        if found.mails == 0 {
            let (name, held_back) = (campaign.name, found.held_back);
            return Err(CampaignError::NothingToResend { name, held_back });
        }
        if !self.publishing.move_run(&mut tx, run.id, run.status, RunStatus::Active).await? {
            return Err(CampaignError::Outdated { name: campaign.name, found: campaign.version });
        }
        // What is written counts: on a store with several writers, it may be others by now.
        let mails = self.publishing.resend_in(&mut tx, &run, which).await?;
        if let Some(confirmed) = asked.confirmed.filter(|confirmed| *confirmed != mails) {
            return Err(CampaignError::ResendCount {
                name: campaign.name,
                found: mails,
                confirmed,
            });
        }
        let campaign = self.go_on_in(&mut tx, campaign, run.id, "campaign.resent").await?;
        tx.commit().await?;
        Ok(Resent { campaign, resent: mails, ..resent })
    }
}
