//! Looking before sending: a message as one contact gets it, and as a test in a mailbox.

use super::model::{Campaign, CampaignError};
use super::service::Campaigns;
use crate::core::contacts::Contact;
use crate::core::content::Rendered;
use crate::core::kernel::Id;
use crate::core::publishing::{Composed, Mailbox, Recipient, RunPlan, Signer, Single, Verdict};

/// A message as one contact gets it.
#[derive(Clone, Debug)]
pub struct Preview {
    pub message: String,
    pub from: Mailbox,
    pub to: String,
    pub rendered: Rendered,
    /// The mail as it would travel.
    pub eml: Vec<u8>,
}

/// What became of a test.
#[derive(Clone, Debug)]
pub struct TestSent {
    pub to: String,
    /// Where it went, in words.
    pub through: String,
    pub leaves_machine: bool,
    pub accepted: bool,
    pub reply: String,
}

impl Campaigns {
    /// Renders a message (the first, unless named) for a contact.
    ///
    /// # Errors
    /// [`CampaignError::Compose`] names the contact and the variable it has no value for.
    pub async fn preview(
        &self,
        reference: &str,
        contact: &str,
        message: Option<&str>,
    ) -> Result<Preview, CampaignError> {
        let (campaign, plan, contact) = self.look_up(reference, contact).await?;
        let at = message_index(&campaign, message)?;
        let from = plan.messages[at].from.clone();
        // Looking asks for no keys: they may be where the campaign is sent from, and only there.
        let signers = self.publishing.signers(&plan.channel).await.unwrap_or_else(|error| {
            tracing::warn!("the preview is not signed: {error}");
            Vec::new()
        });
        let composed = self.compose(&campaign, plan, at, recipient(contact), signers).await?;
        Ok(Preview {
            message: campaign.messages[at].name.clone(),
            from,
            to: composed.parcel.to,
            rendered: composed.rendered,
            eml: composed.parcel.bytes.to_vec(),
        })
    }

    /// Sends a message as `contact` would get it to the address `to`; no ledger knows of it.
    pub async fn send_test(
        &self,
        reference: &str,
        contact: &str,
        message: Option<&str>,
        to: &str,
    ) -> Result<TestSent, CampaignError> {
        let (campaign, plan, contact) = self.look_up(reference, contact).await?;
        let at = message_index(&campaign, message)?;
        let not_ready =
            |problem: String| CampaignError::NotReady { name: campaign.name.clone(), problem };
        let publisher = self.publishing.open(&plan.channel).map_err(not_ready)?;
        let signers = self.publishing.signers(&plan.channel).await.map_err(not_ready)?;
        let mut composed = self.compose(&campaign, plan, at, recipient(contact), signers).await?;
        composed.parcel.to = to.to_owned();

        let mut session =
            publisher.connect().await.map_err(|error| not_ready(error.to_string()))?;
        let mut single = Single::new(&composed.parcel);
        session.carry(&mut single).await;
        session.close().await;
        let (accepted, reply) = match single.verdict() {
            Some(Verdict::Accepted { reply }) => (true, reply),
            Some(Verdict::Deferred { reply, .. } | Verdict::Refused { reply, .. }) => {
                (false, reply)
            }
            None => (false, "the connection was closed at once; try again".to_owned()),
        };
        let (to, through) = (to.to_owned(), publisher.describe());
        let leaves_machine = publisher.leaves_machine();
        Ok(TestSent { to, through, leaves_machine, accepted, reply })
    }

    async fn look_up(
        &self,
        reference: &str,
        contact: &str,
    ) -> Result<(Campaign, RunPlan, Contact), CampaignError> {
        let mut tx = self.db.read().await?;
        let campaign = self.campaign_in(&mut tx, reference).await?;
        let plan = self.plan(&mut tx, &campaign).await?;
        let contact = self.contacts.contact_in(&mut tx, contact).await?;
        Ok((campaign, plan, contact))
    }

    async fn compose(
        &self,
        campaign: &Campaign,
        plan: RunPlan,
        at: usize,
        to: Recipient,
        signers: Vec<Signer>,
    ) -> Result<Composed, CampaignError> {
        let message: Id = plan.messages[at].id;
        let composer = self.composer(campaign.id, plan, self.publishing.signer()).await?;
        let composer = composer.signed_by(signers);
        let (contact, now) = (to.email.clone(), self.clock.now());
        tokio::task::spawn_blocking(move || composer.compose(message, &to, now))
            .await
            .map_err(|error| CampaignError::Invalid(format!("rendering stopped: {error}")))?
            .map_err(|error| CampaignError::Compose { contact, error })
    }
}

fn message_index(campaign: &Campaign, name: Option<&str>) -> Result<usize, CampaignError> {
    let Some(name) = name else { return Ok(0) };
    campaign.messages.iter().position(|message| message.name == name).ok_or_else(|| {
        let names: Vec<&str> = campaign.messages.iter().map(|one| one.name.as_str()).collect();
        let (campaign, names) = (&campaign.name, names.join(", "));
        CampaignError::Invalid(format!("`{campaign}` has no message `{name}`; it has {names}"))
    })
}

pub(super) fn recipient(contact: Contact) -> Recipient {
    Recipient {
        id: contact.id,
        email: contact.email,
        name: contact.name,
        language: contact.language,
        timezone: contact.timezone,
        attributes: serde_json::json!(contact.attributes),
    }
}
