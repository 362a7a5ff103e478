//! The use-cases of campaigns as things that are written and read; `lifecycle` has those that send.

use super::model::{
    Audience, Campaign, CampaignError, Draft, DraftMessage, Message, MessageContent, Named,
    Progress, Status,
};
use super::schedule::store as schedule;
use super::store;
use crate::core::contacts::{Condition, Contacts};
use crate::core::content::Templates;
use crate::core::events::{Event, Outbox, Queue};
use crate::core::kernel::{Clock, Id, Money, Page, PageRequest};
use crate::core::publishing::{Counts, Mailbox, Publishing, Run, UnsubscribeWays};
use crate::storage::sql::{self, Db, DbError, Found, Tx};

/// What the workspace says for channels and messages that do not.
#[derive(Clone, Debug, Default)]
pub struct Defaults {
    pub from: Option<Mailbox>,
    pub reply_to: Option<String>,
    pub unsubscribe: UnsubscribeWays,
}

/// The campaigns of one workspace.
#[derive(Clone, Debug)]
pub struct Campaigns {
    pub(super) db: Db,
    pub(super) clock: Clock,
    pub(super) outbox: Outbox,
    pub(super) queue: Queue,
    pub(super) contacts: Contacts,
    pub(super) templates: Templates,
    pub(super) publishing: Publishing,
    pub(super) defaults: Defaults,
}

impl Campaigns {
    pub fn new(
        db: Db,
        clock: Clock,
        contacts: Contacts,
        templates: Templates,
        publishing: Publishing,
        defaults: Defaults,
    ) -> Self {
        let queue = Queue::new(db.clone(), clock.clone());
        let outbox = Outbox::new(clock.clone());
        Self { db, clock, outbox, queue, contacts, templates, publishing, defaults }
    }

    /// Saves a new campaign, as a draft.
    ///
    /// # Errors
    /// [`CampaignError::NameTaken`], [`CampaignError::Invalid`], or what it refers to is missing.
    #[tracing::instrument(skip_all, fields(campaign.name = %draft.name))]
    pub async fn create(&self, draft: Draft) -> Result<Campaign, CampaignError> {
        let mut tx = self.db.begin().await?;
        let campaign = self.create_in(&mut tx, draft).await?;
        tx.commit().await?;
        Ok(campaign)
    }

    /// As [`Campaigns::create`], as part of a larger change.
    pub async fn create_in(&self, tx: &mut Tx, draft: Draft) -> Result<Campaign, CampaignError> {
        let campaign = self.resolve(tx, draft, None).await?;
        store::insert(tx, &campaign).await.map_err(|error| name_taken(error, &campaign))?;
        self.outbox.push(tx, Event::about("campaign.created", campaign.id, &campaign.name)).await?;
        Ok(campaign)
    }

    /// Makes the campaign `reference` what `draft` says, if it is still at `version`.
    ///
    /// # Errors
    /// [`CampaignError::Outdated`], [`CampaignError::NotEditable`], and those of a creation.
    pub async fn update(
        &self,
        reference: &str,
        draft: Draft,
        version: Option<u64>,
    ) -> Result<Campaign, CampaignError> {
        let mut tx = self.db.begin().await?;
        let campaign = self.update_in(&mut tx, reference, draft, version).await?;
        tx.commit().await?;
        Ok(campaign)
    }

    /// As [`Campaigns::update`], as part of a larger change.
    pub async fn update_in(
        &self,
        tx: &mut Tx,
        reference: &str,
        draft: Draft,
        version: Option<u64>,
    ) -> Result<Campaign, CampaignError> {
        let old = self.campaign_in(tx, reference).await?;
        if version.is_some_and(|version| version != old.version) {
            return Err(CampaignError::Outdated { name: old.name, found: old.version });
        }
        if !old.status.is_editable() {
            return Err(CampaignError::NotEditable { name: old.name, status: old.status });
        }
        let (name, found) = (old.name.clone(), old.version);
        let mut campaign = self.resolve(tx, draft, Some(old)).await?;
        let same = store::update(tx, &campaign).await;
        if !same.map_err(|error| name_taken(error, &campaign))? {
            return Err(CampaignError::Outdated { name, found });
        }
        campaign.version += 1;
        self.outbox.push(tx, Event::about("campaign.updated", campaign.id, &campaign.name)).await?;
        Ok(campaign)
    }

    /// The campaign that `reference` (a name, an id, or the start of one) points at.
    pub async fn campaign(&self, reference: &str) -> Result<Campaign, CampaignError> {
        self.campaign_in(&mut self.db.read().await?, reference).await
    }

    /// As [`Campaigns::campaign`], within a transaction.
    pub async fn campaign_in(
        &self,
        tx: &mut Tx,
        reference: &str,
    ) -> Result<Campaign, CampaignError> {
        let missing = || CampaignError::NotFound(reference.to_owned());
        let id = match sql::find(tx, "campaigns", reference).await? {
            Found::One(id) => id,
            Found::Nothing => return Err(missing()),
            Found::Several(names) => {
                return Err(CampaignError::Ambiguous { text: reference.to_owned(), names });
            }
        };
        store::get(tx, id).await?.ok_or_else(missing)
    }

    /// The campaign that is called exactly `name`.
    pub async fn campaign_named_in(
        &self,
        tx: &mut Tx,
        name: &str,
    ) -> Result<Option<Campaign>, CampaignError> {
        match sql::named(tx, "campaigns", name).await? {
            Some(id) => Ok(store::get(tx, id).await?),
            None => Ok(None),
        }
    }

    /// The names of all campaigns, in their order.
    pub async fn campaign_names_in(&self, tx: &mut Tx) -> Result<Vec<String>, CampaignError> {
        Ok(sql::names(tx, "campaigns").await?)
    }

    /// A page of campaigns, oldest first, of one status or of all.
    pub async fn campaigns(
        &self,
        status: Option<Status>,
        page: PageRequest,
    ) -> Result<Page<Campaign>, CampaignError> {
        let campaigns = store::page(&mut self.db.read().await?, status, &page).await?;
        Ok(page.page(campaigns, |campaign| campaign.id))
    }

    /// Saves a copy of a campaign, as a draft under another name.
    pub async fn duplicate(
        &self,
        reference: &str,
        name: Option<String>,
    ) -> Result<Campaign, CampaignError> {
        let mut tx = self.db.begin().await?;
        let original = self.campaign_in(&mut tx, reference).await?;
        let name = name.unwrap_or_else(|| format!("{} copy", original.name));
        let copy = self.create_in(&mut tx, Draft { name, ..original.draft() }).await?;
        tx.commit().await?;
        Ok(copy)
    }

    /// Deletes a campaign, its runs and their ledger.
    ///
    /// # Errors
    /// [`CampaignError::Running`] while a run of it may go on.
    pub async fn delete(&self, reference: &str) -> Result<Campaign, CampaignError> {
        let mut tx = self.db.begin().await?;
        let campaign = self.delete_in(&mut tx, reference, None).await?;
        tx.commit().await?;
        Ok(campaign)
    }

    /// As [`Campaigns::delete`], if it is still at `version`, as part of a larger change.
    ///
    /// # Errors
    /// Also [`CampaignError::Outdated`].
    pub async fn delete_in(
        &self,
        tx: &mut Tx,
        reference: &str,
        version: Option<u64>,
    ) -> Result<Campaign, CampaignError> {
        let campaign = self.campaign_in(tx, reference).await?;
        if version.is_some_and(|version| version != campaign.version) {
            return Err(CampaignError::Outdated { name: campaign.name, found: campaign.version });
        }
        if campaign.status.is_running() {
            return Err(CampaignError::Running { name: campaign.name, status: campaign.status });
        }
        if !store::delete(tx, &campaign).await? {
            return Err(CampaignError::Outdated { name: campaign.name, found: campaign.version });
        }
        let event = Event::about("campaign.deleted", campaign.id, &campaign.name);
        self.outbox.push(tx, event).await?;
        Ok(campaign)
    }

    /// How far the last run of a campaign is, and how many contacts are in its audience: now or, once
    /// there is a run, when that began.
    pub async fn progress(&self, reference: &str) -> Result<(Progress, u64), CampaignError> {
        let mut tx = self.db.read().await?;
        let campaign = self.campaign_in(&mut tx, reference).await?;
        let run = self.publishing.last_run_in(&mut tx, campaign.id).await?;
        let schedule = schedule::of_campaign(&mut tx, campaign.id).await?;
        let (counts, next_due, waiting) = match &run {
            Some(run) => (
                self.publishing.counts_in(&mut tx, run.id).await?,
                self.publishing.next_due_in(&mut tx, run.id).await?,
                self.publishing.waiting_in(&mut tx, run.id).await?,
            ),
            None => (Counts::default(), None, None),
        };
        let (eta, failures) = match &run {
            Some(run) => {
                let left = counts.total() - counts.settled();
                let eta = self.publishing.eta_in(&mut tx, run, left).await?;
                (eta, self.publishing.failures_in(&mut tx, run.id).await?)
            }
            None => (None, Vec::new()),
        };
        let audience = match &run {
            Some(run) => run.recipients,
            None => self.audience_in(&mut tx, &campaign).await?.0,
        };
        let progress =
            Progress { campaign, run, counts, next_due, waiting, schedule, eta, failures };
        Ok((progress, audience))
    }

    /// The run of a campaign that `run` (its id, or the start of it) points at; without one the last.
    ///
    /// # Errors
    /// [`CampaignError::NoRun`], [`CampaignError::RunNotFound`].
    pub async fn run_of(&self, reference: &str, run: Option<&str>) -> Result<Run, CampaignError> {
        let mut tx = self.db.read().await?;
        let campaign = self.campaign_in(&mut tx, reference).await?;
        let last = self.publishing.last_run_in(&mut tx, campaign.id).await?;
        let last = last.ok_or_else(|| CampaignError::NoRun(campaign.name.clone()))?;
        let Some(text) = run.filter(|run| *run != "last") else { return Ok(last) };
        let start = text.replace('-', "").to_ascii_lowercase();
        let mut runs = self.publishing.runs_in(&mut tx, campaign.id).await?;
        if start.is_empty() || !runs.iter().any(|run| run.id.simple().starts_with(&start)) {
            let (name, text) = (campaign.name, text.chars().take(40).collect());
            return Err(CampaignError::RunNotFound { name, text, last: last.id });
        }
        runs.retain(|run| run.id.simple().starts_with(&start));
        match <[Run; 1]>::try_from(runs) {
            Ok([run]) => Ok(run),
            Err(runs) => {
                let names = runs.iter().take(5).map(|run| run.id.to_string()).collect();
                Err(CampaignError::Ambiguous { text: text.chars().take(40).collect(), names })
            }
        }
    }

    /// How many contacts a campaign is for now, and what its segments ask.
    pub(super) async fn audience_in(
        &self,
        tx: &mut Tx,
        campaign: &Campaign,
    ) -> Result<(u64, Vec<Condition>), CampaignError> {
        let Audience { lists, segments } = &campaign.target_audience;
        let lists: Vec<&str> = lists.iter().map(|list| list.name.as_str()).collect();
        let names: Vec<String> = segments.iter().map(|segment| segment.name.clone()).collect();
        let conditions = self.contacts.segment_conditions_in(tx, &names).await?;
        let (count, _) = self.contacts.audience_in(tx, &lists, &conditions).await?;
        Ok((count, conditions))
    }

    /// A draft with its references looked up: as a new campaign, or as `old` shall be.
    async fn resolve(
        &self,
        tx: &mut Tx,
        draft: Draft,
        old: Option<Campaign>,
    ) -> Result<Campaign, CampaignError> {
        draft.check()?;
        let channel = match &draft.channel {
            Some(channel) => {
                let channel = self.publishing.channel_in(tx, channel).await?;
                Some(Named { id: channel.id, name: channel.name })
            }
            None => None,
        };
        let mut lists = Vec::new();
        for list in &draft.target_audience.lists {
            let list = self.contacts.list_in(tx, list).await?;
            let list = Named { id: list.id, name: list.name };
            if !lists.contains(&list) {
                lists.push(list);
            }
        }
        lists.sort_by(|a, b| a.name.cmp(&b.name));
        let mut segments = Vec::new();
        for segment in &draft.target_audience.segments {
            let segment = self.contacts.segment_in(tx, segment).await?;
            let segment = Named { id: segment.id, name: segment.name };
            if !segments.contains(&segment) {
                segments.push(segment);
            }
        }
        segments.sort_by(|a, b| a.name.cmp(&b.name));
        let currency = draft.currency();
        let mut messages = Vec::new();
        for message in draft.messages {
            let kept = old.as_ref().and_then(|old| {
                old.messages.iter().find(|one| one.name == message.name).map(|one| one.id)
            });
            let id = kept.unwrap_or_else(|| self.clock.new_id());
            messages.push(self.message(tx, id, message).await?);
        }
        let now = self.clock.now();
        Ok(Campaign {
            id: old.as_ref().map_or_else(|| self.clock.new_id(), |old| old.id),
            name: draft.name,
            kind: draft.kind,
            status: old.as_ref().map_or(Status::Draft, |old| old.status),
            channel,
            budget: draft.budget,
            // Nothing is spent while it can be edited, so its money may change its currency.
            spent: Money::new(old.as_ref().map_or(0, |old| old.spent.minor), currency),
            start_date: draft.start_date,
            end_date: draft.end_date,
            timezone: draft.timezone,
            target_audience: Audience { lists, segments },
            settings: draft.settings,
            goals: draft.goals,
            labels: draft.labels,
            messages,
            next_start: old.as_ref().and_then(|old| old.next_start),
            version: old.as_ref().map_or(1, |old| old.version),
            created_at: old.as_ref().map_or(now, |old| old.created_at),
            updated_at: now,
        })
    }

    async fn message(
        &self,
        tx: &mut Tx,
        id: Id,
        message: DraftMessage,
    ) -> Result<Message, CampaignError> {
        let content = match message.content {
            MessageContent::Template(template) => {
                let template = self.templates.template_in(tx, &template).await?;
                MessageContent::Template(Named { id: template.id, name: template.source.name })
            }
            MessageContent::Inline { format, body } => MessageContent::Inline { format, body },
        };
        Ok(Message {
            id,
            name: message.name,
            subject: message.subject,
            preheader: message.preheader,
            content,
            text: message.text,
            from: message.from,
            reply_to: message.reply_to,
        })
    }
}

fn name_taken(error: DbError, campaign: &Campaign) -> CampaignError {
    match error {
        DbError::Conflict { .. } => CampaignError::NameTaken(campaign.name.clone()),
        other => other.into(),
    }
}
