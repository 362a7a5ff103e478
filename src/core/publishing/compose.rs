//! From a plan and a recipient to the mail that recipient gets.
//!
//! Everything a run can prepare once is prepared once ([`Composer::new`]); composing one mail does
//! no I/O and can run on any thread.

use std::collections::{BTreeSet, HashMap};

use serde_json::Map;

use super::channel::UnsubscribeWays;
use super::dkim::{Signer, ascii_domain, is_aligned};
use super::mime::{EncodeError, Letterhead, Personal};
use super::model::{PlannedMessage, RunPlan, message_id};
use super::publisher::{Mailbox, Parcel};
use super::unsubscribe::TokenSigner;
use super::verp::ReturnPath;
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
    return_path: Option<ReturnPath>,
    messages: HashMap<Id, Prepared>,
}

/// A message with what can be made of it before its readers are known.
#[derive(Debug)]
struct Prepared {
    planned: PlannedMessage,
    compiled: Compiled,
    letterhead: Result<Letterhead, EncodeError>,
    /// What stands after the `@` of its Message-IDs.
    domain: String,
}

impl Composer {
    /// Compiles every message of `plan`.
    ///
    /// # Errors
    /// [`ContentError`] when a template is wrong for everybody.
    pub fn new(run: Id, plan: &RunPlan, signer: TokenSigner) -> Result<Self, ContentError> {
        let settings = &plan.channel.settings;
        let library: Library = plan.templates.iter().cloned().collect();
        let messages = plan.messages.iter().map(|message| {
            let compiled = Compiled::compile(&message.source, &library)?;
            Ok((message.id, Prepared::new(run, &plan.campaign, message.clone(), compiled)))
        });
        Ok(Self {
            run,
            campaign: plan.campaign.clone(),
            unsubscribe: settings.unsubscribe.clone().unwrap_or_default(),
            signer,
            dkim: Vec::new(),
            // It was checked when the channel was saved.
            return_path: settings
                .return_path
                .as_deref()
                .and_then(|path| ReturnPath::parse(path).ok()),
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
        let senders = self.messages.values().map(|message| message.planned.from.email.as_str());
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
        let prepared = self.messages.get(&message).ok_or(ComposeError::NoMessage(message))?;
        let Prepared { planned, compiled, .. } = prepared;
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
        let letterhead = prepared.letterhead.as_ref().map_err(Clone::clone)?;
        let message_id = message_id(self.run, message, to.id, &prepared.domain);
        let mail = Personal {
            message_id: &message_id,
            date: now,
            name: &to.name,
            email: &to.email,
            subject: &rendered.subject,
            text: &rendered.text,
            html: &rendered.html,
            list_unsubscribe: &list_unsubscribe,
        };
        let bytes = letterhead.mail(&mail, &self.dkim)?;
        let from = match &self.return_path {
            Some(path) => path.of(&self.signer, to.id, self.run),
            None => planned.from.email.clone(),
        };
        let parcel = Parcel { bytes, from, to: to.email.clone(), message_id };
        Ok(Composed { rendered, parcel })
    }
}

impl Prepared {
    fn new(run: Id, campaign: &str, planned: PlannedMessage, compiled: Compiled) -> Self {
        let reply_to = planned.reply_to.clone().map(|email| Mailbox { name: None, email });
        let domain = sender_domain(&planned.from.email).unwrap_or_else(|| "localhost".to_owned());
        let headers = [
            ("Feedback-ID".to_owned(), feedback_id(campaign, run, &domain)),
            ("Precedence".to_owned(), "bulk".to_owned()),
        ];
        let letterhead = Letterhead::new(&planned.from, reply_to.as_ref(), &headers);
        Self { planned, compiled, letterhead, domain }
    }
}

/// `campaign:run:bulk:sender`, by which Gmail groups what its users complain about. The sender is the
/// beginning of the domain, for it must be the same in all mails and have 5 to 15 characters.
fn feedback_id(campaign: &str, run: Id, domain: &str) -> String {
    let word = |text: &str, most: usize| {
        let letters = text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' });
        letters.take(most).collect::<String>().to_ascii_lowercase()
    };
    let (campaign, sender) = (word(campaign, 40), word(domain, 15));
    format!("{campaign}:{}:bulk:{sender:-<5}", run.simple())
}

/// The domain of an address, in ASCII.
fn sender_domain(address: &str) -> Option<String> {
    address.rsplit_once('@').and_then(|(_, domain)| ascii_domain(domain))
}
