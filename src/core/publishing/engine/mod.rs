//! The engine: works a run until nothing of it waits.
//!
//! Four stages with bounded channels between them, so that the slowest sets the pace and memory
//! stays flat: **lease** claims due rows in batches, **render** makes mails on all cores, **send**
//! offers them over kept sessions, **settle** writes what the servers said, batch by batch. Before
//! render stands the **gate**, which lets mails pass as the channel's limits allow.
//!
//! **What a crash leaves.** A row is settled only after the server's verdict, and a mail is offered
//! only while its row is leased. So a crash loses nothing: rows that were leased are queued again.
//! Mails accepted but not yet settled are offered twice, under one Message-ID; there are never more
//! of them than [`Options::in_flight`]. The same holds of a worker that stood still while its leases
//! ran out (`tenure`).

mod gate;
mod lease;
mod render;
mod send;
mod settle;
mod tenure;
mod watch;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::channel::Transport;
use super::compose::Composer;
use super::limits::{Heard, Hold, Lane};
use super::local_time::{LocalTime, Presence};
use super::model::{PublishingError, RunPlan, RunStatus};
use super::publisher::Parcel;
use super::service::Publishing;
use super::store::ledger::{self, Settlement};
use super::store::{limits, runs};
use crate::core::events::LEASE;
use crate::core::kernel::{Id, Timestamp};
use crate::storage::sql::DbError;

/// How long mails in hand may take to end once the engine is told to stop.
const DRAIN: Duration = Duration::from_secs(6);
/// Sessions of a channel that writes files.
const OUTBOX_SESSIONS: usize = 2;

/// How an engine works.
#[derive(Clone, Debug)]
pub struct Options {
    /// Who works: the name its leases bear.
    pub node: String,
    /// Rows leased at once.
    pub batch: u32,
    /// Mails offered and not yet settled, at the most: the bound on duplicates after a crash.
    pub in_flight: usize,
    /// Since when the worker is there.
    pub presence: Presence,
}

/// How working a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Worked {
    /// Nothing of it waits any more.
    Finished,
    /// Somebody paused, cancelled or deleted it.
    Halted,
    /// The engine was told to stop; the run goes on elsewhere or later.
    Stopped,
    /// Nothing of it is due before then; whoever works it need not wait for that.
    Waits(Timestamp),
    /// It cannot go on until somebody mends this.
    Blocked(String),
}

/// A mail on its way from one stage to the next.
struct Ready {
    contact_id: Id,
    message_id: Id,
    attempts: u32,
    /// Of its recipient, folded.
    domain: String,
    parcel: Parcel,
}

/// A settlement, and the place in flight it gives up when it is written.
struct Settling {
    settlement: Settlement,
    /// What the server said, unless none was asked.
    heard: Option<Heard>,
    _flight: Option<OwnedSemaphorePermit>,
}

impl Settling {
    /// One that ended before a server was asked.
    fn unasked(settlement: Settlement) -> Self {
        Self { settlement, heard: None, _flight: None }
    }
}

/// What the stages of one run share.
struct Shared {
    run: Id,
    campaign: Id,
    publishing: Publishing,
    options: Options,
    composer: Composer,
    /// Told when this run must not go on: by a pause, a stop or trouble.
    halt: CancellationToken,
    /// Told when no row of it waits any more.
    over: CancellationToken,
    /// Rows leased and not yet settled.
    in_hand: AtomicUsize,
    settled: Notify,
    flight: Arc<Semaphore>,
    trouble: std::sync::Mutex<send::Trouble>,
    local_time: Option<LocalTime>,
    /// When the next row is due, once it was found that this is a long way off.
    waits: OnceLock<Timestamp>,
    left: std::sync::Mutex<watch::Left>,
    /// Where it waits for its turn to send by its channel.
    lane: Arc<Lane>,
    hold: std::sync::Mutex<Option<Hold>>,
    tenure: tenure::Tenure,
}

impl Publishing {
    /// Works `run` until it is finished, halted or blocked, or until `stop` is told.
    pub async fn work(
        &self,
        run: Id,
        options: &Options,
        stop: &CancellationToken,
    ) -> Result<Worked, PublishingError> {
        let (status, campaign, plan, last_suppression) = {
            let mut tx = self.db.read().await?;
            let found = runs::get(&mut tx, run).await?.zip(runs::plan(&mut tx, run).await?);
            let Some((run, plan)) = found else { return Ok(Worked::Halted) };
            (run.status, run.campaign_id, plan, ledger::last_suppression(&mut tx).await?)
        };
        if status != RunStatus::Active {
            return Ok(Worked::Halted);
        }
        let (signer, compiled) = (self.signer.clone(), plan.clone());
        let composer =
            tokio::task::spawn_blocking(move || Composer::new(run, &compiled, signer)).await;
        let composer = match composer {
            Ok(Ok(composer)) => composer,
            Ok(Err(error)) => return Ok(Worked::Blocked(error.to_string())),
            Err(error) => return Ok(Worked::Blocked(format!("compiling stopped: {error}"))),
        };
        let composer = match self.signers(&plan.channel).await {
            Ok(signers) => composer.signed_by(signers),
            Err(error) => return Ok(Worked::Blocked(error)),
        };
        for (signing, from) in composer.unaligned() {
            tracing::warn!(
                "mails from {from} are signed by {signing}, which receivers count for nothing;                  sign them as {from}"
            );
        }
        let publisher = match self.publishers.open(&plan.channel) {
            Ok(publisher) => publisher,
            Err(error) => return Ok(Worked::Blocked(error)),
        };
        let lane = self.lanes.lane(&plan.channel.name);
        self.prepare(run, &plan, &options.node, &lane).await?;

        let shared = Arc::new(Shared {
            run,
            campaign,
            publishing: self.clone(),
            options: options.clone(),
            composer,
            halt: stop.child_token(),
            over: CancellationToken::new(),
            in_hand: AtomicUsize::new(0),
            settled: Notify::new(),
            flight: Arc::new(Semaphore::new(options.in_flight)),
            trouble: std::sync::Mutex::default(),
            local_time: plan.local_time,
            waits: OnceLock::new(),
            left: std::sync::Mutex::new(watch::Left::after(last_suppression)),
            lane: Arc::clone(&lane),
            hold: std::sync::Mutex::default(),
            tenure: tenure::Tenure::until(self.clock.now().plus(LEASE)),
        });
        let sessions = match &plan.channel.settings.transport {
            Transport::Outbox => OUTBOX_SESSIONS,
            Transport::Smtp(smtp) => usize::from(smtp.connections),
        };
        let worked = shared.pipeline(publisher, sessions).await;
        // What it had reserved is for others; if that fails, it is lost to them.
        if let Err(error) = lane.leave().await {
            tracing::warn!(%error, "unused tokens could not be given back");
        }
        worked?;

        let mut tx = self.db.begin().await?;
        ledger::release(&mut tx, run, &options.node).await?;
        let hold = shared.held().filter(|_| shared.waits.get().is_some());
        let hold = hold.as_ref().map(|hold| (hold.until, hold.why.as_str()));
        runs::set_hold(&mut tx, run, hold).await?;
        let over = ledger::is_over(&mut tx, run).await?;
        let status = runs::get(&mut tx, run).await?.map(|run| run.status);
        let trouble = shared.trouble().blocked.clone();
        tx.commit().await?;
        Ok(match trouble {
            Some(trouble) => Worked::Blocked(trouble),
            None if status != Some(RunStatus::Active) => Worked::Halted,
            None if over => Worked::Finished,
            None => shared.waits.get().map_or(Worked::Stopped, |due| Worked::Waits(*due)),
        })
    }

    /// Writes the run's ledger, unless it is written, and takes back what `node` held before.
    async fn prepare(
        &self,
        run: Id,
        plan: &RunPlan,
        node: &str,
        lane: &Lane,
    ) -> Result<(), PublishingError> {
        let mut tx = self.db.begin().await?;
        let now = self.clock.now();
        if !runs::is_prepared(&mut tx, run).await? {
            if let Some(local_time) = plan.local_time {
                ledger::set_zones(&mut tx, run, &plan.segments, local_time, now).await?;
            }
            let mut recipients = 0;
            for message in &plan.messages {
                recipients = ledger::fill(&mut tx, run, message.id, plan, now).await?;
            }
            let recipients = i64::try_from(recipients).unwrap_or(i64::MAX);
            runs::set_prepared(&mut tx, run, recipients).await?;
        }
        ledger::release(&mut tx, run, node).await?;
        limits::forget(&mut tx, now).await?;
        lane.enter(&mut tx).await?;
        Ok(tx.commit().await?)
    }
}

impl Shared {
    /// Runs the stages until no row waits or the run must halt.
    async fn pipeline(
        self: &Arc<Self>,
        publisher: Arc<dyn super::Publisher>,
        sessions: usize,
    ) -> Result<(), PublishingError> {
        let (batches, leased) = mpsc::channel(1);
        let (ready, parcels) = mpsc::channel(sessions * 4);
        let (settle, settling) = mpsc::channel(self.options.in_flight * 2);

        let watcher = tokio::spawn(watch::watch(Arc::clone(self)));
        let settler = tokio::spawn(settle::settle(Arc::clone(self), settling));
        let renderer =
            tokio::spawn(render::render(Arc::clone(self), leased, ready, settle.clone()));
        let parcels = Arc::new(send::Parcels::new(parcels));
        let mut senders = JoinSet::new();
        for _ in 0..sessions {
            let (shared, publisher) = (Arc::clone(self), Arc::clone(&publisher));
            senders.spawn(send::send(shared, publisher, Arc::clone(&parcels), settle.clone()));
        }
        drop((settle, parcels));

        let leasing = async {
            let leasing = lease::lease(self, batches).await;
            if leasing.is_err() {
                self.halt.cancel();
            }
            self.over.cancel();
            leasing
        };
        let (leasing, ()) = tokio::join!(leasing, self.sending(senders));
        renderer.abort();
        let settled = settler.await.unwrap_or_else(|error| {
            Err(DbError::Engine(format!("settling stopped: {error}")).into())
        });
        watcher.abort();
        leasing.and(settled)
    }

    /// Waits for the senders; once the run must halt, for [`DRAIN`] at the most.
    async fn sending(&self, mut senders: JoinSet<()>) {
        let ending = async {
            while let Some(ended) = senders.join_next().await {
                if let Err(error) = ended {
                    // Its mail is in nobody's hands any more, so the run would never be over.
                    self.block(format!("sending stopped: {error}"));
                }
            }
        };
        let halted = async {
            self.halt.cancelled().await;
            tokio::time::sleep(DRAIN).await;
        };
        tokio::select! {
            () = ending => return,
            () = halted => {}
        }
        // Their rows stay leased and are released at the end: offered again, under the same id.
        senders.shutdown().await;
    }

    fn trouble(&self) -> std::sync::MutexGuard<'_, send::Trouble> {
        self.trouble.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Ends the run's work until somebody mends `trouble`.
    fn block(&self, trouble: String) {
        self.trouble().blocked.get_or_insert(trouble);
        self.halt.cancel();
    }

    /// Notes why nothing leaves, or that something does.
    fn note_hold(&self, hold: Option<Hold>) {
        *self.hold.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = hold;
    }

    fn held(&self) -> Option<Hold> {
        self.hold.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    fn took(&self, rows: usize) {
        self.in_hand.fetch_add(rows, Ordering::SeqCst);
    }

    fn gave_back(&self, rows: usize) {
        self.in_hand.fetch_sub(rows, Ordering::SeqCst);
        self.settled.notify_waiters();
        self.settled.notify_one();
    }
}
