//! Workers: jobs, the relay and the consumers, in the process that owns the workspace.
//!
//! The owner's lock makes it one process. Whoever takes it from an owner that crashed takes back
//! the leases that one held, so that its work goes on at once and not when they run out.

mod schedules;

use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::api::Services;
use crate::cli::host::{Happening, News, Workers};
use crate::core::analytics::Analytics;
use crate::core::campaigns::RunCampaign;
use crate::core::events::{Claimed, Job as _, LEASE, Queue, Relay};
use crate::core::kernel::{Complaint, Id};
use crate::core::publishing::{Options, Presence, Transport, Worked};
use crate::storage::bus::{Bus, BusError, BusEvent, BusOptions, Consumer, Delivery};
use crate::storage::kv::Kv;
use crate::storage::owner::{Owner, OwnerError, OwnerLock};

/// Jobs worked at once.
const JOBS: usize = 4;
/// How often to look for jobs and events.
const LOOK: Duration = Duration::from_millis(200);
/// Looks in vain after which no job is due, for those who work once.
const ENOUGH: u32 = 2;
/// Events handled in one go.
const EVENTS: usize = 200;
/// How long to wait for one more event before it is taken that none comes.
const QUIET: Duration = Duration::from_millis(20);
/// How long the last events may take to reach their consumers once the jobs have ended.
const LAST_EVENTS: Duration = Duration::from_secs(3);
/// The folder of working data that the store can rebuild.
const KV: &str = "kv";

/// How workers work.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) in_flight: u16,
    pub(super) batch: u16,
    pub(super) task: Task,
    /// The command that works, as it was typed.
    pub(super) command: String,
}

/// What workers work.
#[derive(Clone, Debug)]
pub(super) enum Task {
    /// The jobs of one campaign.
    Campaign(Id),
    /// All jobs, and what is scheduled: as it comes, or `once` what is due.
    All { once: bool, news: UnboundedSender<News> },
}

impl Task {
    const fn subject(&self) -> Option<Id> {
        match self {
            Self::Campaign(campaign) => Some(*campaign),
            Self::All { .. } => None,
        }
    }

    const fn is_once(&self) -> bool {
        matches!(self, Self::All { once: true, .. })
    }
}

/// Why no workers could be started.
#[derive(Debug, thiserror::Error)]
pub(super) enum WorkersError {
    #[error(transparent)]
    Owner(#[from] OwnerError),
    #[error("the working data cannot be opened: {0}")]
    Data(String),
}

/// The workers of this process.
#[derive(Debug)]
pub(super) struct LocalWorkers {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

struct Node {
    id: Id,
    settings: Settings,
    services: Services,
    queue: Queue,
    relay: Relay,
    bus: Bus,
    kv: Kv,
    presence: Presence,
    /// Jobs being worked.
    in_hand: AtomicUsize,
    stop: CancellationToken,
}

impl LocalWorkers {
    /// Takes the workspace whose data is in `data`, and starts to work.
    pub(super) async fn start(
        data: &Path,
        services: Services,
        settings: Settings,
    ) -> Result<Self, WorkersError> {
        let clock = services.clock.clone();
        let owner = Owner {
            node: clock.new_id(),
            pid: std::process::id(),
            command: settings.command.clone(),
            started_at: clock.now(),
            host: host_name(),
        };
        let (lock, crashed) = OwnerLock::acquire(data, &owner)?;
        let broken = |error: &dyn std::fmt::Display| WorkersError::Data(error.to_string());
        let queue = services.events.queue();
        if let Some(crashed) = crashed {
            let gone = crashed.node.to_string();
            queue.release(&gone).await.map_err(|error| broken(&error))?;
            services.publishing.release_node(&gone).await.map_err(|error| broken(&error))?;
        }
        let kv = Kv::open(&data.join(KV), clock.clone()).await.map_err(|error| broken(&error))?;
        let bus = Bus::local(kv.clone(), clock, BusOptions::default())
            .await
            .map_err(|error| broken(&error))?;
        let relay =
            services.events.relay(bus.clone(), kv.epoch()).await.map_err(|error| broken(&error))?;
        let stop = CancellationToken::new();
        let node = Node {
            id: owner.node,
            presence: Presence::from(owner.started_at),
            in_hand: AtomicUsize::new(0),
            settings,
            services,
            queue,
            relay,
            bus,
            kv,
            stop: stop.clone(),
        };
        let task = tokio::spawn(async move {
            node.work().await;
            drop(lock);
        });
        Ok(Self { stop, task })
    }
}

impl Workers for LocalWorkers {
    fn drain(self: Box<Self>) -> BoxFuture<'static, ()> {
        async move {
            self.stop.cancel();
            if let Err(error) = self.task.await {
                tracing::error!(%error, "the workers ended badly");
            }
        }
        .boxed()
    }
}

impl Node {
    async fn work(self) {
        let node = Arc::new(self);
        let events = CancellationToken::new();
        let mut relay = tokio::spawn(Arc::clone(&node).relay(events.clone()));
        let mut consumer = tokio::spawn(Arc::clone(&node).consume(events.clone()));
        let scheduler = match &node.settings.task {
            Task::All { once: false, .. } => Some(tokio::spawn(Arc::clone(&node).schedules())),
            _ => None,
        };
        if node.settings.task.is_once()
            && let Err(error) = node.look().await
        {
            node.tell(Happening::Blind { error: error.to_string() });
        }
        Arc::clone(&node).jobs().await;
        if let Some(scheduler) = scheduler {
            // What it was deciding never happened, and is decided by the next worker.
            scheduler.abort();
            let _ = scheduler.await;
        }
        let last = async {
            while node.relay.relay().await.is_ok_and(|count| count > 0) {}
            events.cancel();
            let _ = tokio::join!(&mut relay, &mut consumer);
        };
        if tokio::time::timeout(LAST_EVENTS, last).await.is_err() {
            // They hold the working data, which the next owner opens.
            relay.abort();
            consumer.abort();
            let _ = tokio::join!(relay, consumer);
            tracing::warn!("some events wait for the next worker");
        }
        if let Err(error) = node.kv.flush().await {
            tracing::warn!(%error, "the working data could not be written");
        }
    }

    /// Claims jobs and works them, until told to stop or, when it is for once, until none is due;
    /// then waits for those in hand.
    async fn jobs(self: Arc<Self>) {
        let mut working = JoinSet::new();
        let mut unclaimed = Complaint::new("no job could be claimed");
        let name = self.id.to_string();
        let mut looks = 0;
        while !self.stop.is_cancelled() && looks < ENOUGH {
            while working.try_join_next().is_some() {}
            self.presence.since(self.services.clock.now());
            if working.len() < JOBS {
                match self.queue.claim(&name, self.settings.task.subject()).await {
                    Ok(Some(job)) => {
                        looks = 0;
                        working.spawn(Arc::clone(&self).job(job));
                        continue;
                    }
                    Ok(None) => unclaimed.over(),
                    Err(error) => unclaimed.tell(&error),
                }
            }
            if self.settings.task.is_once() && working.is_empty() {
                looks += 1;
            }
            tokio::select! {
                () = self.stop.cancelled() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
        while working.join_next().await.is_some() {}
        self.tell(Happening::Done);
    }

    /// Works one job under its lease; whoever loses the lease stops.
    async fn job(self: Arc<Self>, job: Claimed) {
        let name = self.id.to_string();
        let lost = self.stop.child_token();
        let renewing = async {
            loop {
                tokio::time::sleep(LEASE / 3).await;
                match self.queue.renew(job.id, &name).await {
                    Ok(true) => {}
                    Ok(false) => lost.cancel(),
                    Err(error) => tracing::warn!(%error, "a job's lease could not be renewed"),
                }
            }
        };
        self.in_hand.fetch_add(1, Ordering::SeqCst);
        let working = AssertUnwindSafe(self.run_campaign(&job, &lost)).catch_unwind();
        let done = tokio::select! {
            done = working => done.unwrap_or_else(|_| Err("its worker panicked".to_owned())),
            never = renewing => never,
        };
        self.in_hand.fetch_sub(1, Ordering::SeqCst);
        if let Err(error) = &done {
            tracing::warn!(job = %job.id, %error, "a job failed");
        }
        let mut unwritten = Complaint::new("a job's end could not be written");
        loop {
            let last_try = self.stop.is_cancelled();
            let noted = match &done {
                Ok(Worked::Stopped) => self.queue.give_back(job.id, &name).await,
                Ok(Worked::Waits(due)) => self.queue.put_off(job.id, &name, *due).await,
                Ok(_) => self.queue.finish(job.id, &name).await,
                Err(error) => self.queue.fail(&job, &name, error).await,
            };
            let Err(error) = noted else { return };
            unwritten.tell(&error);
            if last_try {
                return; // its lease runs out
            }
            tokio::select! {
                () = self.stop.cancelled() => {}
                () = tokio::time::sleep(LEASE / 60) => {}
            }
        }
    }

    async fn run_campaign(
        &self,
        job: &Claimed,
        stop: &CancellationToken,
    ) -> Result<Worked, String> {
        if job.name != RunCampaign::NAME {
            return Err(format!("this version has no job named {}", job.name));
        }
        let args: RunCampaign = job.args().map_err(|error| error.to_string())?;
        let options = Options {
            node: format!("{}/{}", self.id, job.id),
            batch: self.settings.batch.into(),
            in_flight: self.settings.in_flight.into(),
            presence: self.presence.clone(),
        };
        let campaign = self.name_of(&args).await;
        self.tell(Happening::Sending { campaign: campaign.clone() });
        let worked = self.services.campaigns.work(&args, &options, stop).await;
        match worked {
            Err(error) if job.last_attempt => {
                let words = error.to_string();
                let given_up = self.services.campaigns.give_up(&args, &words).await;
                given_up.map_err(|error| error.to_string())?;
                self.tell_of(&args, campaign).await;
                Err(words)
            }
            Err(error) => {
                let error = error.to_string();
                self.tell(Happening::Trouble { campaign, error: error.clone() });
                Err(error)
            }
            Ok(worked) => {
                match &worked {
                    Worked::Waits(due) => {
                        let until = due.to_string();
                        self.tell(Happening::Waits { campaign, until });
                    }
                    _ => self.tell_of(&args, campaign).await,
                }
                Ok(worked)
            }
        }
    }

    fn tell(&self, what: Happening) {
        if let Task::All { news, .. } = &self.settings.task {
            let at = self.services.clock.now().to_string();
            let _ = news.send(News { at, what }); // nobody listens any more
        }
    }

    /// Tells where a campaign stands after its run was worked.
    async fn tell_of(&self, job: &RunCampaign, campaign: String) {
        match self.services.campaigns.progress(&job.campaign.to_string()).await {
            Ok((progress, _)) => {
                let run = progress.run.as_ref();
                let transport = run.map(|run| &run.channel.settings.transport);
                self.tell(Happening::Sent {
                    campaign,
                    status: progress.campaign.status.to_string(),
                    accepted: progress.counts.accepted,
                    failed: progress.counts.failed,
                    is_outbox: matches!(transport, Some(Transport::Outbox)),
                    trouble: run.and_then(|run| run.error.clone()),
                });
            }
            Err(error) => tracing::debug!(%error, "what became of a run could not be read"),
        }
    }

    async fn name_of(&self, job: &RunCampaign) -> String {
        let campaign = self.services.campaigns.campaign(&job.campaign.to_string()).await;
        campaign.map_or_else(|_| job.campaign.to_string(), |campaign| campaign.name)
    }

    /// Brings events to the bus as they come.
    async fn relay(self: Arc<Self>, stop: CancellationToken) {
        let mut unrelayed = Complaint::new("events could not be brought to the bus");
        while !stop.is_cancelled() {
            match self.relay.relay().await {
                Ok(count) if count > 0 => continue,
                Ok(_) => unrelayed.over(),
                Err(error) => unrelayed.tell(&error),
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }
}

impl Node {
    /// Gives events their effect on the metrics; when told to stop, on those that have come.
    async fn consume(self: Arc<Self>, stop: CancellationToken) {
        let mut consumer = match self.bus.consumer(Analytics::CONSUMER).await {
            Ok(consumer) => consumer,
            Err(error) => return tracing::error!(%error, "no metrics are counted"),
        };
        let mut unread = Complaint::new("events could not be read from the bus");
        loop {
            let batch = tokio::select! {
                biased;
                batch = consumer.next_batch(EVENTS) => batch,
                () = async { stop.cancelled().await; tokio::time::sleep(QUIET).await } => return,
            };
            let handled = match batch {
                Ok(batch) => self.count(&mut consumer, batch).await,
                Err(error) => Err(error),
            };
            match handled {
                Ok(()) => unread.over(),
                Err(error) => {
                    unread.tell(&error);
                    tokio::time::sleep(LOOK).await;
                }
            }
        }
    }

    /// Counts a batch at once or, when one of it cannot be, one after the other up to that one.
    async fn count(&self, consumer: &mut Consumer, batch: Vec<Delivery>) -> Result<(), BusError> {
        let analytics = &self.services.analytics;
        let events: Vec<BusEvent> = batch.iter().map(|one| one.event.clone()).collect();
        if analytics.consume(&events).await.is_ok() {
            for delivery in batch {
                consumer.ack(delivery.seq).await?;
            }
            return Ok(());
        }
        for delivery in batch {
            match analytics.consume(std::slice::from_ref(&delivery.event)).await {
                Ok(()) => consumer.ack(delivery.seq).await?,
                Err(error) => {
                    consumer.fail(delivery.seq, &error.to_string()).await?;
                    break;
                }
            }
        }
        Ok(())
    }
}

fn host_name() -> String {
    let named = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let named = named.or_else(|| std::env::var("HOSTNAME").ok());
    named.map_or_else(|| "this host".to_owned(), |name| name.trim().to_owned())
}
