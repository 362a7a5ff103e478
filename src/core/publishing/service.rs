//! The use-cases: the life of a run.

use std::sync::Arc;
use std::time::Duration;

use super::channel::ChannelSettings;
use super::dkim::{DkimSettings, Signer};
use super::limits::{Lanes, Rates};
use super::local_time::Waiting;
use super::model::{Counts, Failure, PublishingError, Run, RunPlan, RunStatus};
use super::publisher::Publisher;
use super::store::{channels, ledger, runs};
use crate::core::contacts::AddressKey;
use crate::core::events::Outbox;
use crate::core::kernel::{Clock, Id, Timestamp};
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
    /// Where mails wait for what limits allow.
    pub(super) lanes: Arc<Lanes>,
}

impl Publishing {
    /// `limits` are those of the workspace: of all its channels together.
    pub fn new(
        db: Db,
        clock: Clock,
        publishers: Arc<dyn Publishers>,
        signer: super::TokenSigner,
        address_key: AddressKey,
        limits: Rates,
    ) -> Self {
        let outbox = Outbox::new(clock.clone());
        let lanes = Arc::new(Lanes::new(db.clone(), clock.clone(), limits));
        Self { db, clock, outbox, publishers, signer, address_key, lanes }
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
            held: None,
            pace: None,
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

    /// When a run that has `left` deliveries to go is done, by the slower of its pace and the limits
    /// as they are now; `None` when nothing says it.
    pub async fn eta_in(
        &self,
        tx: &mut Tx,
        run: &Run,
        left: u64,
    ) -> Result<Option<Timestamp>, PublishingError> {
        let now = self.clock.now();
        let pace = run.pace.filter(|pace| pace.is_fresh(now) && pace.rate > 0.0);
        let pace = pace.map(|pace| Duration::from_secs_f64(left as f64 / pace.rate));
        let held = run.held.as_ref().map(|held| held.until.max(now));
        if run.status != RunStatus::Active || left == 0 || (pace.is_none() && held.is_none()) {
            return Ok(None);
        }
        let channel = channels::changed_since(tx, &run.channel.name, 0).await?;
        let limits = channel.map(|(_, settings)| settings.limits).unwrap_or_default();
        let from = held.unwrap_or(now);
        let by_limits = limits.time_for(left, from).max(self.lanes.workspace().time_for(left));
        Ok(Some(from.plus(by_limits.max(pace.unwrap_or_default()))))
    }

    /// What failed in a run, or waits for another attempt, most first.
    pub async fn failures_in(&self, tx: &mut Tx, run: Id) -> Result<Vec<Failure>, PublishingError> {
        Ok(ledger::failures(tx, run).await?)
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
    ) -> Result<Option<Timestamp>, PublishingError> {
        Ok(ledger::next_due(tx, run).await?)
    }
}
