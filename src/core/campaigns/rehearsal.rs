//! Rehearsing: whether a campaign that is not saved yet could be sent.
//!
//! Its messages are compiled, and rendered for one contact, as they would be in a run.

use super::model::{CampaignError, Draft};
use super::plan::source;
use super::preview::recipient;
use super::service::Campaigns;
use crate::core::contacts::Contact;
use crate::core::content::{TemplateSource, reachable};
use crate::core::kernel::Id;
use crate::core::publishing::{
    ChannelSettings, Composer, Mailbox, PlannedMessage, Recipient, RunPlan,
};

/// A message that could not be sent.
#[derive(Debug)]
pub struct Unfit {
    pub message: String,
    /// What is wrong, and for whom when it is not for everybody.
    pub error: CampaignError,
}

impl Campaigns {
    /// Tries every message of `draft` with `templates`, for `contact` when there is one; says what
    /// is wrong with those that are.
    ///
    /// `channel` is the one that the draft names, when it names one.
    ///
    /// # Errors
    /// Only when the rehearsal itself stopped.
    pub async fn rehearse(
        &self,
        draft: Draft,
        channel: Option<ChannelSettings>,
        templates: &[TemplateSource],
        contact: Option<&Contact>,
    ) -> Result<Vec<Unfit>, CampaignError> {
        let channel = self.way_out(draft.channel.zip(channel));
        let mut plans = Vec::new();
        for message in draft.messages {
            // Whoever sends it may still be named before it is started.
            let nobody = || Mailbox { name: None, email: "sender@localhost".to_owned() };
            let from = message.from.clone().or_else(|| channel.settings.from.clone());
            let reply_to = message.reply_to.clone();
            let source = source(message, templates);
            plans.push(RunPlan {
                campaign: draft.name.clone(),
                channel: channel.clone(),
                templates: reachable(templates, [&source.body]),
                segments: Vec::new(),
                messages: vec![PlannedMessage {
                    id: self.clock.new_id(),
                    source,
                    from: from.unwrap_or_else(nobody),
                    reply_to,
                }],
                local_time: None,
            });
        }
        let contact = contact.cloned().map(recipient);
        let (this, run) = (self.clone(), self.clock.new_id());
        let unfit = move || {
            plans.iter().filter_map(|plan| this.unfit(run, plan, contact.as_ref())).collect()
        };
        tokio::task::spawn_blocking(unfit)
            .await
            .map_err(|error| CampaignError::Invalid(format!("the rehearsal stopped: {error}")))
    }

    fn unfit(&self, run: Id, plan: &RunPlan, contact: Option<&Recipient>) -> Option<Unfit> {
        let message = plan.messages.first()?;
        let failed = |error| Some(Unfit { message: message.source.name.clone(), error });
        let composer = match Composer::new(run, plan, self.publishing.signer()) {
            Ok(composer) => composer,
            Err(error) => return failed(error.into()),
        };
        let contact = contact?;
        match composer.compose(message.id, contact, self.clock.now()) {
            Ok(_) => None,
            Err(error) => failed(CampaignError::Compose { contact: contact.email.clone(), error }),
        }
    }
}
