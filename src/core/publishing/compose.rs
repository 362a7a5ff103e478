//! From a plan and a recipient to the mail that recipient gets.
//!
//! Everything a run can prepare once is prepared once ([`Composer::new`]); composing one mail does
//! no I/O and can run on any thread.

use std::collections::{BTreeSet, HashMap};

use serde_json::Map;

use super::channel::UnsubscribeWays;
use super::dkim::{Signer, ascii_domain, is_aligned};
use super::mime::{EncodeError, encode_signed};
use super::model::{PlannedMessage, RunPlan, message_id};
use super::publisher::{Email, Mailbox, Parcel};
use super::unsubscribe::TokenSigner;
use crate::core::content::{
    CampaignVariables, Compiled, ContactVariables, ContentError, Library, RenderError, Rendered,
    SenderVariables, Variables,
};
use crate::core::kernel::{Id, Timestamp};

/// Who a mail is for.
#[derive(Clone, Debug)]
pub struct Recipient {
    pub id: Id,
    pub email: String,
    pub name: String,
    pub language: Option<String>,
    pub timezone: Option<String>,
    pub attributes: serde_json::Value,
}

/// A mail as one recipient gets it.
#[derive(Clone, Debug)]
pub struct Composed {
    pub rendered: Rendered,
    pub parcel: Parcel,
}

/// Why one recipient's mail cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    #[error(transparent)]
    Render(#[from] RenderError),
    #[error(transparent)]
    Encode(#[from] EncodeError),
    #[error("the run has no message {0}")]
    NoMessage(Id),
}

/// Makes the mails of one run.
#[derive(Debug)]
pub struct Composer {
    run: Id,
    campaign: String,
    unsubscribe: UnsubscribeWays,
    signer: TokenSigner,
    dkim: Vec<Signer>,
    messages: HashMap<Id, (PlannedMessage, Compiled)>,
}

impl Composer {
    /// Compiles every message of `plan`.
    ///
    /// # Errors
    /// [`ContentError`] when a template is wrong for everybody.
    pub fn new(run: Id, plan: &RunPlan, signer: TokenSigner) -> Result<Self, ContentError> {
        let library: Library = plan.templates.iter().cloned().collect();
        let messages = plan.messages.iter().map(|message| {
            let compiled = Compiled::compile(&message.source, &library)?;
            Ok((message.id, (message.clone(), compiled)))
        });
        Ok(Self {
            run,
            campaign: plan.campaign.clone(),
            unsubscribe: plan.channel.settings.unsubscribe.clone().unwrap_or_default(),
            signer,
            dkim: Vec::new(),
            messages: messages.collect::<Result<_, ContentError>>()?,
        })
    }

    /// Signs every mail with these keys.
    #[must_use]
    pub fn signed_by(self, dkim: Vec<Signer>) -> Self {
        Self { dkim, ..self }
    }

    /// Domains that sign for a sender of another domain, each with that domain.
    pub(super) fn unaligned(&self) -> BTreeSet<(String, String)> {
        let senders = self.messages.values().map(|(message, _)| message.from.email.as_str());
        let domains: BTreeSet<_> = senders.filter_map(sender_domain).collect();
        let pairs = domains.iter().flat_map(|from| {
            let signing = self.dkim.iter().filter_map(|signer| signer.domain.as_deref());
            signing.map(move |signing| (signing.to_owned(), from.clone()))
        });
        pairs.filter(|(signing, from)| !is_aligned(signing, from)).collect()
    }

    /// The mail of `message` for `to`, dated `now`.
    pub fn compose(
        &self,
        message: Id,
        to: &Recipient,
        now: Timestamp,
    ) -> Result<Composed, ComposeError> {
        let (planned, compiled) =
            self.messages.get(&message).ok_or(ComposeError::NoMessage(message))?;
        let (list_unsubscribe, shown) =
            self.unsubscribe.personal(&self.signer.token(to.id, self.run));
        let none = Map::new();
        let rendered = compiled.render(&Variables {
            contact: ContactVariables {
                email: &to.email,
                name: Some(to.name.as_str()).filter(|name| !name.is_empty()),
                language: to.language.as_deref(),
                timezone: to.timezone.as_deref(),
                attributes: to.attributes.as_object().unwrap_or(&none),
            },
            campaign: CampaignVariables { name: &self.campaign },
            sender: SenderVariables {
                name: planned.from.name.as_deref().unwrap_or(&planned.from.email),
                email: &planned.from.email,
            },
            unsubscribe_url: shown.as_deref(),
        })?;
        let domain = planned.from.email.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
        let email = Email {
            message_id: message_id(self.run, message, to.id, domain),
            date: now,
            from: planned.from.clone(),
            to: Mailbox {
                name: Some(to.name.clone()).filter(|name| !name.is_empty()),
                email: to.email.clone(),
            },
            reply_to: planned
                .reply_to
                .as_ref()
                .map(|email| Mailbox { name: None, email: email.clone() }),
            subject: rendered.subject.clone(),
            text: rendered.text.clone(),
            html: rendered.html.clone(),
            list_unsubscribe,
            headers: Vec::new(),
        };
        let parcel = Parcel {
            bytes: encode_signed(&email, &self.dkim)?,
            from: email.from.email,
            to: email.to.email,
            message_id: email.message_id,
        };
        Ok(Composed { rendered, parcel })
    }
}

/// The domain of an address, in ASCII.
fn sender_domain(address: &str) -> Option<String> {
    address.rsplit_once('@').and_then(|(_, domain)| ascii_domain(domain))
}
