//! The use-cases of channels.

use super::channel::{Channel, ChannelSettings};
use super::model::PublishingError;
use super::service::Publishing;
use super::store::{channels, ledger, runs};
use crate::core::events::{Event, Queue};
use crate::core::kernel::{Labels, Page, PageRequest, check_name};
use crate::storage::sql::{self, DbError, Found, Tx};

/// A channel to be, or as it shall be.
#[derive(Clone, Debug)]
pub struct NewChannel {
    pub name: String,
    pub labels: Labels,
    pub settings: ChannelSettings,
}

impl Publishing {
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
        let is_limited_otherwise = old.settings.limits != settings.limits;
        let mut channel = Channel { settings, labels, updated_at: self.clock.now(), ..old };
        let seen = version.is_none_or(|version| version == channel.version);
        if !seen || !channels::update(tx, &channel).await? {
            return Err(PublishingError::ChannelOutdated(channel.name));
        }
        channel.version += 1;
        if is_limited_otherwise {
            self.reconsider(tx, &channel.name).await?;
        }
        self.outbox.push(tx, Event::about("channel.updated", channel.id, &channel.name)).await?;
        Ok(channel)
    }

    /// Lets what waits because of the limits of a channel look at them again: mails that were put back
    /// for later, and jobs.
    async fn reconsider(&self, tx: &mut Tx, channel: &str) -> Result<(), PublishingError> {
        let (mut campaigns, now) = (Vec::new(), self.clock.now());
        for (run, plan) in runs::sending_by(tx, channel).await? {
            if plan.local_time.is_none() {
                ledger::bring_forward(tx, run.id, now).await?;
            }
            campaigns.push(run.campaign_id);
        }
        let queue = Queue::new(self.db.clone(), self.clock.clone());
        Ok(queue.hurry(tx, &campaigns).await?)
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
}
