//! The use-cases: channels, and the life of a run.

use std::sync::Arc;

use super::local_time::Waiting;
use super::model::{
    Channel, ChannelSettings, Counts, Delivery, DeliveryState, PublishingError, Run, RunPlan,
    RunStatus, Transport,
};
use super::publisher::Publisher;
use super::store::{channels, ledger, runs};
use crate::core::contacts::AddressKey;
use crate::core::events::{Event, Outbox};
use crate::core::kernel::{Clock, Cursor, Id, Labels, Page, PageRequest, check_name};
use crate::storage::sql::{self, Db, DbError, Found, Tx};

/// Opens the way out of a channel; adapters implement it.
pub trait Publishers: Send + Sync + std::fmt::Debug {
    /// The publisher for these settings.
    ///
    /// # Errors
    /// What is wrong with the settings, in words: a password's variable that is not set, say.
    fn open(&self, channel: &super::RunChannel) -> Result<Arc<dyn Publisher>, String>;
}

/// A channel to be, or as it shall be.
#[derive(Clone, Debug)]
pub struct NewChannel {
    pub name: String,
    pub labels: Labels,
    pub settings: ChannelSettings,
}

/// Channels, runs and deliveries of one workspace.
#[derive(Clone, Debug)]
pub struct Publishing {
    pub(super) db: Db,
    pub(super) clock: Clock,
    pub(super) outbox: Outbox,
    pub(super) publishers: Arc<dyn Publishers>,
    pub(super) signer: super::TokenSigner,
    /// What the addresses of those are hashed with who were forgotten.
    pub(super) address_key: AddressKey,
}

impl Publishing {
    pub fn new(
        db: Db,
        clock: Clock,
        publishers: Arc<dyn Publishers>,
        signer: super::TokenSigner,
        address_key: AddressKey,
    ) -> Self {
        Self { db, outbox: Outbox::new(clock.clone()), clock, publishers, signer, address_key }
    }

    /// Creates a channel.
    ///
    /// # Errors
    /// [`PublishingError::ChannelNameTaken`], [`PublishingError::Settings`].
    pub async fn create_channel(&self, new: NewChannel) -> Result<Channel, PublishingError> {
        let mut tx = self.db.begin().await?;
        let channel = self.create_channel_in(&mut tx, new).await?;
        tx.commit().await?;
        Ok(channel)
    }

    /// As [`Publishing::create_channel`], as part of a larger change.
    pub async fn create_channel_in(
        &self,
        tx: &mut Tx,
        new: NewChannel,
    ) -> Result<Channel, PublishingError> {
        check_name(&new.name)?;
        new.settings.check()?;
        let now = self.clock.now();
        let channel = Channel {
            id: self.clock.new_id(),
            name: new.name,
            labels: new.labels,
            settings: new.settings,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        channels::insert(tx, &channel).await.map_err(|error| match error {
            DbError::Conflict { .. } => PublishingError::ChannelNameTaken(channel.name.clone()),
            other => other.into(),
        })?;
        self.outbox.push(tx, Event::about("channel.created", channel.id, &channel.name)).await?;
        Ok(channel)
    }

    /// Gives the channel `reference` new settings and labels, if it is still at `version`; its name
    /// stays.
    ///
    /// # Errors
    /// [`PublishingError::ChannelOutdated`], [`PublishingError::Settings`].
    pub async fn update_channel_in(
        &self,
        tx: &mut Tx,
        reference: &str,
        settings: ChannelSettings,
        labels: Labels,
        version: Option<u64>,
    ) -> Result<Channel, PublishingError> {
        settings.check()?;
        let old = self.channel_in(tx, reference).await?;
        let mut channel = Channel { settings, labels, updated_at: self.clock.now(), ..old };
        let seen = version.is_none_or(|version| version == channel.version);
        if !seen || !channels::update(tx, &channel).await? {
            return Err(PublishingError::ChannelOutdated(channel.name));
        }
        channel.version += 1;
        self.outbox.push(tx, Event::about("channel.updated", channel.id, &channel.name)).await?;
        Ok(channel)
    }

    /// As [`Publishing::update_channel_in`], in a transaction of its own.
    pub async fn update_channel(
        &self,
        reference: &str,
        settings: ChannelSettings,
        labels: Labels,
        version: Option<u64>,
    ) -> Result<Channel, PublishingError> {
        let mut tx = self.db.begin().await?;
        let channel = self.update_channel_in(&mut tx, reference, settings, labels, version).await?;
        tx.commit().await?;
        Ok(channel)
    }

    /// The channel that `reference` (a name, an id, or the start of one) points at.
    pub async fn channel(&self, reference: &str) -> Result<Channel, PublishingError> {
        self.channel_in(&mut self.db.read().await?, reference).await
    }

    /// As [`Publishing::channel`], within a transaction.
    pub async fn channel_in(
        &self,
        tx: &mut Tx,
        reference: &str,
    ) -> Result<Channel, PublishingError> {
        let missing = || PublishingError::ChannelNotFound(reference.to_owned());
        let id = match sql::find(tx, "channels", reference).await? {
            Found::One(id) => id,
            Found::Nothing => return Err(missing()),
            Found::Several(names) => {
                return Err(PublishingError::Ambiguous { text: reference.to_owned(), names });
            }
        };
        channels::get(tx, id).await?.ok_or_else(missing)
    }

    /// The channel that is called exactly `name`.
    pub async fn channel_named_in(
        &self,
        tx: &mut Tx,
        name: &str,
    ) -> Result<Option<Channel>, PublishingError> {
        match sql::named(tx, "channels", name).await? {
            Some(id) => Ok(channels::get(tx, id).await?),
            None => Ok(None),
        }
    }

    /// The names of all channels, in their order.
    pub async fn channel_names_in(&self, tx: &mut Tx) -> Result<Vec<String>, PublishingError> {
        Ok(sql::names(tx, "channels").await?)
    }

    /// A page of channels, oldest first.
    pub async fn channels(&self, page: PageRequest) -> Result<Page<Channel>, PublishingError> {
        let channels = channels::page(&mut self.db.read().await?, &page).await?;
        Ok(page.page(channels, |channel| channel.id))
    }

    /// Deletes a channel.
    ///
    /// # Errors
    /// [`PublishingError::ChannelInUse`].
    pub async fn delete_channel(&self, reference: &str) -> Result<Channel, PublishingError> {
        let mut tx = self.db.begin().await?;
        let channel = self.delete_channel_in(&mut tx, reference, None).await?;
        tx.commit().await?;
        Ok(channel)
    }

    /// As [`Publishing::delete_channel`], if it is still at `version`, as part of a larger change.
    ///
    /// # Errors
    /// Also [`PublishingError::ChannelOutdated`].
    pub async fn delete_channel_in(
        &self,
        tx: &mut Tx,
        reference: &str,
        version: Option<u64>,
    ) -> Result<Channel, PublishingError> {
        let channel = self.channel_in(tx, reference).await?;
        let seen = version.is_none_or(|version| version == channel.version);
        let deleted = seen
            && channels::delete(tx, &channel).await.map_err(|error| match error {
                DbError::Conflict { .. } => PublishingError::ChannelInUse(channel.name.clone()),
                other => other.into(),
            })?;
        if !deleted {
            return Err(PublishingError::ChannelOutdated(channel.name));
        }
        self.outbox.push(tx, Event::about("channel.deleted", channel.id, &channel.name)).await?;
        Ok(channel)
    }

    /// The way out of a channel.
    ///
    /// # Errors
    /// What is wrong with its settings, in words.
    pub fn open(&self, channel: &super::RunChannel) -> Result<Arc<dyn Publisher>, String> {
        self.publishers.open(channel)
    }

    /// What signs the links of this workspace's mails.
    pub fn signer(&self) -> super::TokenSigner {
        self.signer.clone()
    }

    /// Takes back what a node that is known to be gone had in hand.
    ///
    /// Its leases bear its name and, after a slash, the job they were for.
    pub async fn release_node(&self, node: &str) -> Result<u64, PublishingError> {
        let mut tx = self.db.begin().await?;
        let released = ledger::release_node(&mut tx, &format!("{node}/")).await?;
        tx.commit().await?;
        Ok(released)
    }

    /// Begins a run of `campaign` as part of `tx`: the plan and the audience are fixed by it.
    pub async fn begin_run(
        &self,
        tx: &mut Tx,
        campaign: Id,
        plan: &RunPlan,
        lists: &[Id],
    ) -> Result<Run, PublishingError> {
        let run = Run {
            id: self.clock.new_id(),
            campaign_id: campaign,
            channel: plan.channel.clone(),
            status: RunStatus::Active,
            recipients: 0,
            error: None,
            started_at: self.clock.now(),
            finished_at: None,
        };
        runs::insert(tx, &run, plan, lists).await?;
        Ok(run)
    }

    /// Moves a run from one status to another; says whether it was in the first.
    pub async fn move_run(
        &self,
        tx: &mut Tx,
        run: Id,
        from: RunStatus,
        to: RunStatus,
    ) -> Result<bool, PublishingError> {
        let ended = !matches!(to, RunStatus::Active | RunStatus::Paused);
        let finished_at = ended.then(|| self.clock.now());
        Ok(runs::set_status(tx, run, from, to, finished_at).await?)
    }

    /// Lets a run that was held up leave by `transport`, which may have been mended meanwhile. What
    /// its mails say and whom they are from stays as it was planned.
    pub async fn reroute_in(
        &self,
        tx: &mut Tx,
        run: Id,
        transport: Transport,
    ) -> Result<(), PublishingError> {
        let plan = runs::plan(tx, run).await?;
        let mut plan = plan.ok_or(PublishingError::RunNotFound(run))?;
        plan.channel.settings.transport = transport;
        Ok(runs::set_plan(tx, run, &plan).await?)
    }

    /// Says what holds a run up, or that nothing does.
    pub async fn note_trouble(
        &self,
        tx: &mut Tx,
        run: Id,
        trouble: Option<&str>,
    ) -> Result<(), PublishingError> {
        Ok(runs::set_error(tx, run, trouble).await?)
    }

    pub async fn run_in(&self, tx: &mut Tx, run: Id) -> Result<Run, PublishingError> {
        runs::get(tx, run).await?.ok_or(PublishingError::RunNotFound(run))
    }

    /// What a run sends; `None` when there is no such run.
    pub async fn plan_in(&self, tx: &mut Tx, run: Id) -> Result<Option<RunPlan>, PublishingError> {
        Ok(runs::plan(tx, run).await?)
    }

    /// The lists a run is for.
    pub async fn lists_in(&self, tx: &mut Tx, run: Id) -> Result<Vec<Id>, PublishingError> {
        Ok(runs::lists(tx, run).await?)
    }

    /// The address that a run's mails to a contact went to.
    pub async fn address_in(
        &self,
        tx: &mut Tx,
        run: Id,
        contact: Id,
    ) -> Result<Option<String>, PublishingError> {
        Ok(ledger::address(tx, run, contact).await?)
    }

    /// The runs of a campaign, oldest first.
    pub async fn runs_in(&self, tx: &mut Tx, campaign: Id) -> Result<Vec<Run>, PublishingError> {
        Ok(runs::of_campaign(tx, campaign).await?)
    }

    /// The run of a campaign that began last.
    pub async fn last_run_in(
        &self,
        tx: &mut Tx,
        campaign: Id,
    ) -> Result<Option<Run>, PublishingError> {
        Ok(runs::last_of(tx, campaign).await?)
    }

    /// How many deliveries of a run wait for their time, and until when.
    pub async fn waiting_in(
        &self,
        tx: &mut Tx,
        run: Id,
    ) -> Result<Option<Waiting>, PublishingError> {
        Ok(ledger::waiting(tx, run, self.clock.now()).await?)
    }

    /// How many deliveries of a run are in each state.
    pub async fn counts_in(&self, tx: &mut Tx, run: Id) -> Result<Counts, PublishingError> {
        Ok(ledger::counts(tx, run).await?)
    }

    /// When the next waiting delivery of a run is due.
    pub async fn next_due_in(
        &self,
        tx: &mut Tx,
        run: Id,
    ) -> Result<Option<crate::core::kernel::Timestamp>, PublishingError> {
        Ok(ledger::next_due(tx, run).await?)
    }

    /// A page of a run's ledger, in the order of contacts; all states when `states` is empty.
    pub async fn deliveries(
        &self,
        run: Id,
        states: &[DeliveryState],
        page: PageRequest,
    ) -> Result<Page<Delivery>, PublishingError> {
        let states = if states.is_empty() { DeliveryState::ALL } else { states };
        let mut tx = self.db.read().await?;
        let mut items = ledger::page(&mut tx, run, states, page.after, page.fetch()).await?;
        // A page ends with a contact's last message, for the next starts after that contact.
        let more = items.len() > page.limit as usize;
        if more && let Some(last) = items.last().map(|delivery| delivery.contact_id) {
            items.retain(|delivery| delivery.contact_id != last);
        }
        let next = items.last().filter(|_| more).map(|delivery| Cursor(delivery.contact_id));
        Ok(Page { items, next })
    }
}
