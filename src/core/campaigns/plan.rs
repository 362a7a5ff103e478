//! From a campaign to the plan of a run: everything it refers to, looked up and written down.

use super::model::{Campaign, CampaignError, CampaignType, DraftMessage, MessageContent};
use super::service::Campaigns;
use crate::core::content::{Format, MessageSource, TemplateSource, reachable};
use crate::core::kernel::Id;
use crate::core::publishing::{
    ChannelSettings, Composer, DnsPlan, PlannedMessage, RunChannel, RunPlan, TokenSigner,
    UnsubscribeWays,
};
use crate::storage::sql::Tx;

/// The channel every workspace has without configuring one.
const OUTBOX: &str = "outbox";

impl Campaigns {
    /// What a run of `campaign` would send now.
    ///
    /// # Errors
    /// [`CampaignError::NotReady`] says what is missing.
    pub(super) async fn plan(
        &self,
        tx: &mut Tx,
        campaign: &Campaign,
    ) -> Result<RunPlan, CampaignError> {
        let not_ready = |problem: &str| CampaignError::NotReady {
            name: campaign.name.clone(),
            problem: problem.to_owned(),
        };
        if campaign.kind != CampaignType::Email {
            return Err(not_ready("only campaigns of the type email can be sent by this version"));
        }
        if campaign.messages.is_empty() {
            return Err(not_ready("it has no message; add one with `frontier campaign edit`"));
        }
        let channel = self.channel(tx, campaign).await?;
        if channel.settings.unsubscribe.as_ref().is_none_or(UnsubscribeWays::is_empty) {
            return Err(not_ready(
                "its readers could not unsubscribe; give its channel an unsubscribe URL or \
                 address, or set unsubscribe.url in frontier.yaml",
            ));
        }
        let templates = self.templates.all_in(tx).await?;
        let templates: Vec<_> = templates.into_iter().map(|template| template.source).collect();
        let mut messages = Vec::new();
        for (message, draft) in campaign.messages.iter().zip(campaign.draft().messages) {
            let Some(from) = draft.from.clone().or_else(|| channel.settings.from.clone()) else {
                return Err(not_ready(
                    "nobody is named as its sender; give its channel a `from`, or set \
                     sender.email in frontier.yaml",
                ));
            };
            let reply_to = draft.reply_to.clone().or_else(|| channel.settings.reply_to.clone());
            let source = source(draft, &templates);
            messages.push(PlannedMessage { id: message.id, source, from, reply_to });
        }
        let bodies = messages.iter().map(|message| &message.source.body);
        let templates = reachable(&templates, bodies);
        let (campaign, segments) = (campaign.name.clone(), Vec::new());
        Ok(RunPlan { campaign, channel, messages, templates, segments, local_time: None })
    }

    /// Compiles what `plan` sends, off the runtime.
    pub(super) async fn composer(
        &self,
        run: Id,
        plan: RunPlan,
        signer: TokenSigner,
    ) -> Result<Composer, CampaignError> {
        tokio::task::spawn_blocking(move || Composer::new(run, &plan, signer))
            .await
            .map_err(|error| CampaignError::Invalid(format!("compiling stopped: {error}")))?
            .map_err(Into::into)
    }

    async fn channel(&self, tx: &mut Tx, campaign: &Campaign) -> Result<RunChannel, CampaignError> {
        let channel = match &campaign.channel {
            Some(channel) => Some(self.publishing.channel_in(tx, &channel.name).await?),
            None => None,
        };
        Ok(self.way_out(channel.map(|channel| (channel.name, channel.settings))))
    }

    /// What the domains of a channel should publish.
    ///
    /// # Errors
    /// When there is no such channel.
    pub async fn channel_dns(&self, channel: &str) -> Result<DnsPlan, CampaignError> {
        let channel = self.publishing.channel(channel).await?;
        let channel = self.way_out(Some((channel.name, channel.settings)));
        let signers = self.publishing.signers(&channel).await;
        Ok(DnsPlan::of(&channel, &signers))
    }

    /// A channel, or the one every workspace has, with what the workspace says for it.
    pub(super) fn way_out(&self, channel: Option<(String, ChannelSettings)>) -> RunChannel {
        let (name, mut settings) =
            channel.unwrap_or_else(|| (OUTBOX.to_owned(), ChannelSettings::outbox()));
        settings.from = settings.from.take().or_else(|| self.defaults.from.clone());
        settings.reply_to = settings.reply_to.take().or_else(|| self.defaults.reply_to.clone());
        let defaults = Some(&self.defaults.unsubscribe).filter(|ways| !ways.is_empty());
        settings.unsubscribe = settings.unsubscribe.take().or_else(|| defaults.cloned());
        RunChannel { name, settings }
    }
}

/// A message with its body, which may be one of `templates`.
pub fn source(message: DraftMessage, templates: &[TemplateSource]) -> MessageSource {
    let inline =
        |format, body| TemplateSource { name: message.name.clone(), format, layout: None, body };
    let body = match message.content {
        MessageContent::Template(name) => templates
            .iter()
            .find(|template| template.name == name)
            .cloned()
            .unwrap_or_else(|| inline(Format::Markdown, String::new())),
        MessageContent::Inline { format, body } => inline(format, body),
    };
    let DraftMessage { name, subject, preheader, text, .. } = message;
    MessageSource { name, subject, preheader, body, text }
}
