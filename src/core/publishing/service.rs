//! The use-cases: the life of a run.

use std::sync::Arc;

use super::channel::ChannelSettings;
use super::dkim::{DkimSettings, Signer};
use super::local_time::Waiting;
use super::model::{Counts, PublishingError, Run, RunPlan, RunStatus};
use super::publisher::Publisher;
use super::store::{ledger, runs};
use crate::core::contacts::AddressKey;
use crate::core::events::Outbox;
use crate::core::kernel::{Clock, Id};
use crate::storage::sql::{Db, Tx};

/// Opens the way out of a channel; adapters implement it.
pub trait Publishers: Send + Sync + std::fmt::Debug {
    /// The publisher for these settings.
    ///
    /// # Errors
    /// What is wrong with the settings, in words: a password's variable that is not set, say.
    fn open(&self, channel: &super::RunChannel) -> Result<Arc<dyn Publisher>, String>;

    /// Reads the keys that sign a channel's mails; it waits for the disk.
    ///
    /// # Errors
    /// Which key cannot be used and why, in words.
    fn signers(&self, signatures: &[DkimSettings]) -> Result<Vec<Signer>, String>;
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

    /// The way out of a channel.
    ///
    /// # Errors
    /// What is wrong with its settings, in words.
    pub fn open(&self, channel: &super::RunChannel) -> Result<Arc<dyn Publisher>, String> {
        self.publishers.open(channel)
    }

    /// The keys that sign a channel's mails, read off the runtime.
    ///
    /// # Errors
    /// Which key cannot be used and why, in words.
    pub async fn signers(&self, channel: &super::RunChannel) -> Result<Vec<Signer>, String> {
        let signatures = channel.settings.dkim.clone();
        if signatures.is_empty() {
            return Ok(Vec::new());
        }
        let publishers = Arc::clone(&self.publishers);
        let read = tokio::task::spawn_blocking(move || publishers.signers(&signatures));
        read.await.unwrap_or_else(|error| Err(format!("reading its keys stopped: {error}")))
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

    /// Lets a run that was held up leave by the server and with the signatures of `settings`, which
    /// may have been mended meanwhile. What its mails say and whom they are from stays as planned.
    pub async fn reroute_in(
        &self,
        tx: &mut Tx,
        run: Id,
        settings: ChannelSettings,
    ) -> Result<(), PublishingError> {
        let plan = runs::plan(tx, run).await?;
        let mut plan = plan.ok_or(PublishingError::RunNotFound(run))?;
        plan.channel.settings.transport = settings.transport;
        plan.channel.settings.dkim = settings.dkim;
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
}
