//! From a campaign to the plan of a run: everything it refers to, looked up and written down.

use super::model::{Campaign, CampaignError, CampaignType, Message, MessageContent};
use super::service::Campaigns;
use crate::core::content::{MessageSource, Template, TemplateSource, reachable};
use crate::core::kernel::Id;
use crate::core::publishing::{
    ChannelSettings, Composer, PlannedMessage, RunChannel, RunPlan, TokenSigner, UnsubscribeWays,
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
        let mut messages = Vec::new();
        for message in &campaign.messages {
            let Some(from) = message.from.clone().or_else(|| channel.settings.from.clone()) else {
                return Err(not_ready(
                    "nobody is named as its sender; give its channel a `from`, or set \
                     sender.email in frontier.yaml",
                ));
            };
            let reply_to = message.reply_to.clone().or_else(|| channel.settings.reply_to.clone());
            let source = MessageSource {
                name: message.name.clone(),
                subject: message.subject.clone(),
                preheader: message.preheader.clone(),
                body: body(message, &templates),
                text: message.text.clone(),
            };
            messages.push(PlannedMessage { id: message.id, source, from, reply_to });
        }
        let bodies = messages.iter().map(|message| &message.source.body);
        let templates = reachable(&templates, bodies);
        Ok(RunPlan { campaign: campaign.name.clone(), channel, messages, templates })
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
        let mut channel = match &campaign.channel {
            Some(channel) => {
                let channel = self.publishing.channel_in(tx, &channel.name).await?;
                RunChannel { name: channel.name, settings: channel.settings }
            }
            None => RunChannel { name: OUTBOX.to_owned(), settings: ChannelSettings::outbox() },
        };
        let settings = &mut channel.settings;
        settings.from = settings.from.take().or_else(|| self.defaults.from.clone());
        settings.reply_to = settings.reply_to.take().or_else(|| self.defaults.reply_to.clone());
        let defaults = Some(&self.defaults.unsubscribe).filter(|ways| !ways.is_empty());
        settings.unsubscribe = settings.unsubscribe.take().or_else(|| defaults.cloned());
        Ok(channel)
    }
}

fn body(message: &Message, templates: &[Template]) -> TemplateSource {
    match &message.content {
        MessageContent::Template(named) => {
            let found = templates.iter().find(|template| template.id == named.id);
            found.map_or_else(
                || TemplateSource {
                    name: named.name.clone(),
                    format: crate::core::content::Format::Markdown,
                    layout: None,
                    body: String::new(),
                },
                |template| template.source.clone(),
            )
        }
        MessageContent::Inline { format, body } => TemplateSource {
            name: message.name.clone(),
            format: *format,
            layout: None,
            body: body.clone(),
        },
    }
}
