//! A lane: where the mails of all runs that send by one channel wait for their turn.
//!
//! Who holds the lane's turn takes one group of mails and goes to the end of the line, so runs that
//! have something to send get equal shares, and one that is alone has all of it. The workspace's
//! limits are a turn within that turn.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use super::adapt::{Adaptation, Heard};
use super::bucket::{Allowed, Bound, Closed, Purse, SECOND, micros, whole};
use super::lanes::{Got, Ground, Wanted, wait};
use super::model::{Adaptive, Limits, Rates};
use crate::core::kernel::Timestamp;
use crate::core::publishing::store::limits::Scope;
use crate::core::publishing::store::{channels, limits};
use crate::storage::sql::{DbResult, Tx};

/// The length of a pace that leaves as one group.
const GROUP: f64 = 0.05;
/// Mails in a group at the most.
const LARGEST: u32 = 1000;
/// A mail that has its turn within this time waits in hand.
pub(in crate::core::publishing) const SOON: i64 = 2 * SECOND;
/// How long a domain is left out of claims that has enough in hand.
const FILLED: i64 = SECOND * 3 / 2;
/// Tokens for so long ahead are enough for now.
const AHEAD: f64 = 0.1;

/// The lane of one channel.
#[derive(Debug)]
pub(in crate::core::publishing) struct Lane {
    ground: Arc<Ground>,
    channel: String,
    said: RwLock<Arc<Said>>,
    /// Whether there is a limit besides those that domains come to have.
    limited: AtomicBool,
    /// Whether a domain is slowed.
    slowed: AtomicBool,
    turn: tokio::sync::Mutex<Purses>,
    heard: Mutex<Adaptation>,
    held: Mutex<Held>,
    runs: AtomicUsize,
}

/// The limits as they were read last.
#[derive(Debug, Default)]
struct Said {
    /// Of the channel; 0 when none was read.
    version: u64,
    limits: Limits,
}

#[derive(Debug, Default)]
struct Purses {
    channel: Purse,
    domains: HashMap<String, Purse>,
}

/// What has to wait until when.
#[derive(Debug, Default)]
struct Held {
    /// All that leaves by the channel; true when it is the workspace's limit.
    all: Option<(Closed, bool)>,
    /// Domains that have used up what they may.
    closed: HashMap<String, i64>,
    /// Domains that have enough mails in hand.
    full: HashMap<String, i64>,
}

/// Why nothing leaves by a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::core::publishing) struct Hold {
    pub(in crate::core::publishing) until: Timestamp,
    pub(in crate::core::publishing) wait: Duration,
    pub(in crate::core::publishing) why: String,
}

impl Hold {
    /// One of all the domains that mails are left for.
    pub(in crate::core::publishing) fn of_domains(until: Timestamp, wait: Duration) -> Self {
        Self { until, wait, why: "the limits of the domains that are left".to_owned() }
    }
}

/// What becomes of a mail that asked to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::core::publishing) enum Fate {
    Leaves,
    /// It has its turn soon.
    Stays,
    /// It has its turn in this time.
    Waits(Duration),
}

/// What becomes of mails that asked to leave.
#[derive(Debug, Default)]
pub(in crate::core::publishing) struct Admitted {
    /// In their order.
    pub(in crate::core::publishing) fates: Vec<Fate>,
    /// When to ask again for those that stay.
    pub(in crate::core::publishing) again: Duration,
    /// Why none leaves.
    pub(in crate::core::publishing) hold: Option<Hold>,
}

/// The mails to one domain that has a limit.
struct Line {
    allowed: Allowed,
    count: u32,
    /// How many of them were looked at.
    seen: u32,
    left: u32,
    closed: Option<i64>,
}

impl Lane {
    pub(super) fn new(ground: Arc<Ground>, channel: &str) -> Self {
        let limited = AtomicBool::new(!ground.workspace.is_empty());
        Self {
            ground,
            channel: channel.to_owned(),
            said: RwLock::default(),
            limited,
            slowed: AtomicBool::new(false),
            turn: tokio::sync::Mutex::default(),
            heard: Mutex::default(),
            held: Mutex::default(),
            runs: AtomicUsize::new(0),
        }
    }

    /// Whether nothing limits it: then nobody needs to ask.
    pub(in crate::core::publishing) fn is_open(&self) -> bool {
        !self.limited.load(Ordering::Relaxed) && !self.slowed.load(Ordering::Relaxed)
    }

    /// A run begins to send by it.
    pub(in crate::core::publishing) async fn enter(&self, tx: &mut Tx) -> DbResult<()> {
        self.runs.fetch_add(1, Ordering::SeqCst);
        let now = self.ground.now();
        for (domain, meter) in limits::of_channel(tx, &self.channel).await? {
            if let Some(adapted) = meter.adapted {
                self.heard().learn(&domain, adapted, now);
            }
        }
        // By its name there may be another channel than there was.
        self.reread(tx, 0).await?;
        self.slowed.store(self.heard().is_slowed(), Ordering::Relaxed);
        Ok(())
    }

    /// A run ends; the last gives back the tokens that nobody used.
    pub(in crate::core::publishing) async fn leave(&self) -> DbResult<()> {
        if self.runs.fetch_sub(1, Ordering::SeqCst) > 1 || self.is_open() {
            return Ok(());
        }
        let said = self.said();
        let mut purses = self.turn.lock().await;
        let mut shared = self.ground.purse.lock().await;
        let scopes = [(Scope::workspace(), &mut *shared)].into_iter();
        let Purses { channel, domains } = &mut *purses;
        let scopes = scopes.chain([(Scope::channel(&self.channel), channel)]).chain(
            domains.iter_mut().map(|(domain, purse)| (Scope::domain(&self.channel, domain), purse)),
        );
        let mut wanted = Vec::new();
        for (scope, purse) in scopes {
            purse.empty();
            if purse.holds_unused() {
                let (allowed, count, unused) = (Allowed::default(), 0, purse.unused());
                let adapted = self.adapted(&said, &scope.domain);
                wanted.push(Wanted { scope, allowed, count, unused, adapted });
            }
        }
        if !wanted.is_empty() {
            self.ground.reserve(&wanted).await?;
        }
        Ok(())
    }

    /// Takes over the channel's limits as they are now; says whether they were changed.
    pub(in crate::core::publishing) async fn refresh(&self, tx: &mut Tx) -> DbResult<bool> {
        let version = self.said().version;
        self.reread(tx, version).await
    }

    async fn reread(&self, tx: &mut Tx, version: u64) -> DbResult<bool> {
        let changed = channels::changed_since(tx, &self.channel, version).await?;
        let Some((version, settings)) = changed else { return Ok(false) };
        let limits = settings.limits;
        let limited = !self.ground.workspace.is_empty()
            || limits.quiet_hours.is_some()
            || limits.warm_up.is_some()
            || !limits.rates.is_empty()
            || limits.has_domains();
        if limits.adaptive == Adaptive::Off {
            self.heard().clear();
            self.slowed.store(false, Ordering::Relaxed);
        }
        *self.held() = Held::default();
        *self.said.write().unwrap_or_else(PoisonError::into_inner) =
            Arc::new(Said { version, limits });
        self.limited.store(limited, Ordering::Relaxed);
        Ok(true)
    }

    /// Hears what servers said.
    pub(in crate::core::publishing) fn hear(&self, heard: &[Heard]) {
        if self.said().limits.adaptive == Adaptive::On {
            let slowed = self.heard().hear(heard, self.ground.now());
            self.slowed.store(slowed, Ordering::Relaxed);
        }
    }

    /// Writes down the rates of domains that were changed.
    pub(in crate::core::publishing) async fn note(&self) -> DbResult<()> {
        let domains = self.heard().unwritten();
        if domains.is_empty() {
            return Ok(());
        }
        let said = self.said();
        let mut wanted: Vec<Wanted> = domains
            .iter()
            .map(|domain| Wanted {
                scope: Scope::domain(&self.channel, domain),
                allowed: Allowed::default(),
                count: 0,
                unused: Vec::new(),
                adapted: self.adapted(&said, domain),
            })
            .collect();
        wanted.sort_by(|a, b| a.scope.cmp(&b.scope));
        self.ground.reserve(&wanted).await.map(drop)
    }

    /// Why nothing leaves now, and until when.
    pub(in crate::core::publishing) fn hold(&self) -> Option<Hold> {
        let (said, clock) = (self.said(), self.ground.clock.now());
        let quiet = said.limits.quiet_hours.filter(super::QuietHours::is_for_all);
        if let Some(until) = quiet.and_then(|quiet| quiet.until(clock, None)) {
            let why = format!("quiet hours of the channel `{}`", self.channel);
            return Some(Hold { until, wait: until.since(clock), why });
        }
        let now = self.ground.now();
        let (closed, of_workspace) = self.held().all.filter(|(closed, _)| closed.until > now)?;
        let of = if of_workspace {
            "this workspace".to_owned()
        } else {
            format!("the channel `{}`", self.channel)
        };
        let why = match closed.by {
            Bound::Pace => format!("the pace of {of}"),
            Bound::Span { limit, span } => format!("the limit of {limit} mails {span} of {of}"),
            Bound::WarmUp { cap } => format!("the {cap} mails of this day of the warm-up of {of}"),
        };
        let wait = wait(now, closed.until);
        // As it was told, not as it is from now: it is the same whenever it is asked for.
        let until = Timestamp::from_millis(closed.until.saturating_add(999) / 1000);
        Some(Hold { until, wait, why })
    }

    /// Until when nothing may be sent to a contact of this zone, where each has quiet hours of their
    /// own.
    pub(in crate::core::publishing) fn quiet_until(&self, zone: Option<&str>) -> Option<Timestamp> {
        let quiet = self.said().limits.quiet_hours.filter(|quiet| !quiet.is_for_all())?;
        quiet.until(self.ground.clock.now(), zone)
    }

    /// How many mails can leave soon; `None` without a limit.
    pub(in crate::core::publishing) fn room(&self) -> Option<u32> {
        let said = self.said();
        let of = |rates: &Rates| {
            let second = rates.per_second.map(|limit| limit.saturating_mul(2));
            [second, rates.per_minute, rates.per_hour, rates.per_day].into_iter().flatten().min()
        };
        let warm_up = said.limits.warm_up.map(|plan| plan.today(self.ground.clock.now()).cap);
        [of(&said.limits.rates), of(&self.ground.workspace), warm_up].into_iter().flatten().min()
    }

    /// The domains that nothing needs to be claimed of, and when the first of them can go on.
    pub(in crate::core::publishing) fn held_domains(&self) -> (Vec<String>, Option<Duration>) {
        if self.is_open() {
            return (Vec::new(), None);
        }
        let now = self.ground.now();
        let mut held = self.held();
        held.closed.retain(|_, until| *until > now);
        held.full.retain(|_, until| *until > now);
        let mut until = held.closed.clone();
        for (domain, full) in &held.full {
            until
                .entry(domain.clone())
                .and_modify(|until| *until = (*until).max(*full))
                .or_insert(*full);
        }
        let first = until.values().min().map(|until| wait(now, *until));
        (until.into_keys().collect(), first)
    }

    /// Asks whether mails to these domains, folded, may leave; waits for its turn, and then for at
    /// most about a second.
    pub(in crate::core::publishing) async fn admit(&self, mails: &[&str]) -> DbResult<Admitted> {
        let said = self.said();
        let mut purses = self.turn.lock().await;
        let workspace = !self.ground.workspace.is_empty();
        let mut shared = if workspace { Some(self.ground.purse.lock().await) } else { None };
        if let Some(hold) = self.hold() {
            let fates = vec![Fate::Stays; mails.len()];
            return Ok(Admitted { fates, again: hold.wait, hold: Some(hold) });
        }
        let mut lines = self.lines(&said, mails);
        let Purses { channel, domains } = &mut *purses;
        self.fill(&said, mails.len(), &mut lines, channel, domains, shared.as_deref_mut()).await?;
        if let Some(hold) = self.hold() {
            let fates = vec![Fate::Stays; mails.len()];
            return Ok(Admitted { fates, again: hold.wait, hold: Some(hold) });
        }

        let limited = said.limits.is_limited();
        let mut purse = limited.then_some(channel);
        let mut now = self.ground.now();
        let eligible = eligible(mails, &lines, domains, now);
        let group = self.group(&said.limits, eligible);
        let mut most = group;
        let both = purse.iter_mut().map(|purse| &mut **purse);
        for purse in both.chain(shared.as_deref_mut()) {
            let count = group.min(purse.total(now));
            if let Some(then) = purse.when(count).filter(|_| count > 0) {
                tokio::time::sleep(wait(now, then)).await;
            }
            now = self.ground.now();
            most = most.min(purse.ready(now));
        }
        let mut admitted = self.decide(mails, &mut lines, domains, most, now);
        let leaving = admitted.fates.iter().filter(|fate| **fate == Fate::Leaves).count();
        let leaving = u32::try_from(leaving).unwrap_or(u32::MAX);
        for purse in purse.into_iter().chain(shared.as_deref_mut()) {
            purse.take(leaving);
        }
        if leaving < group && group > 0 && leaving > 0 {
            admitted.again = Duration::ZERO;
        }
        Ok(admitted)
    }

    /// The limited domains among `mails`.
    fn lines<'a>(&self, said: &Said, mails: &[&'a str]) -> HashMap<&'a str, Line> {
        let mut lines: HashMap<&str, Line> = HashMap::new();
        if !said.limits.has_domains() && !self.slowed.load(Ordering::Relaxed) {
            return lines;
        }
        let (held, now) = (self.held(), self.ground.now());
        for domain in mails {
            if let Some(line) = lines.get_mut(domain) {
                line.count += 1;
                continue;
            }
            let rates = said.limits.of_domain(domain);
            let slowed = self.adapted(said, domain).map(|adapted| adapted.rate);
            let per_second = [rates.per_second.map(f64::from), slowed].into_iter().flatten();
            let per_second = per_second.min_by(f64::total_cmp);
            let allowed = Allowed { per_second, rates, today: None };
            if per_second.is_some() || !rates.is_empty() {
                let closed = held.closed.get(*domain).copied().filter(|until| *until > now);
                lines.insert(domain, Line { allowed, count: 1, seen: 0, left: 0, closed });
            }
        }
        lines
    }

    /// Reserves what is needed to go on.
    async fn fill(
        &self,
        said: &Said,
        mails: usize,
        lines: &mut HashMap<&str, Line>,
        channel: &mut Purse,
        domains: &mut HashMap<String, Purse>,
        shared: Option<&mut Purse>,
    ) -> DbResult<()> {
        let now = self.ground.now();
        let mails = u32::try_from(mails).unwrap_or(u32::MAX).min(LARGEST);
        let want = |purse: &mut Purse, allowed: &Allowed, count: u32| {
            let ahead = allowed.per_second.map_or(1, |rate| whole(rate * AHEAD).max(1));
            let total = purse.total(now);
            (total < ahead.min(count)).then(|| count - total)
        };
        let limits = &said.limits;
        let today = limits.warm_up.map(|plan| plan.today(self.ground.clock.now()));
        let of = |rates: Rates, today| Allowed {
            per_second: rates.per_second.map(f64::from),
            rates,
            today,
        };
        let mut purses = Vec::new();
        if let Some(shared) = shared {
            purses.push((Scope::workspace(), shared, of(self.ground.workspace, None), mails));
        }
        if limits.is_limited() {
            let scope = Scope::channel(&self.channel);
            purses.push((scope, channel, of(limits.rates, today), mails));
        }
        domains.retain(|domain, purse| lines.contains_key(domain.as_str()) || purse.total(now) > 0);
        for (domain, _) in lines.iter().filter(|(_, line)| line.closed.is_none()) {
            domains.entry((*domain).to_owned()).or_default();
        }
        for (domain, purse) in domains.iter_mut() {
            if let Some(line) = lines.get(domain.as_str()).filter(|line| line.closed.is_none()) {
                let scope = Scope::domain(&self.channel, domain);
                purses.push((scope, purse, line.allowed, line.count.min(LARGEST)));
            }
        }
        // In one order, so that processes never wait for each other in a circle.
        purses.sort_by(|a, b| a.0.cmp(&b.0));
        let mut wanted = Vec::new();
        let mut given = Vec::new();
        for (scope, purse, allowed, count) in purses {
            if let Some(count) = want(purse, &allowed, count) {
                let (adapted, unused) = (self.adapted(said, &scope.domain), purse.unused());
                wanted.push(Wanted { scope, allowed, count, unused, adapted });
                given.push(purse);
            }
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let got = self.ground.reserve(&wanted).await?;
        for ((wanted, purse), Got { tokens, adapted }) in wanted.iter().zip(given).zip(got) {
            if let Some(adapted) = adapted {
                self.heard().learn(&wanted.scope.domain, adapted, self.ground.now());
            }
            match tokens {
                Ok(block) => purse.put(block),
                // What is in hand leaves first.
                Err(_) if purse.total(now) > 0 => {}
                Err(closed) if wanted.scope.domain.is_empty() => {
                    self.held().all = Some((closed, wanted.scope.channel.is_empty()));
                }
                Err(closed) => {
                    let domain = wanted.scope.domain.as_str();
                    self.held().closed.insert(domain.to_owned(), closed.until);
                    if let Some(line) = lines.get_mut(domain) {
                        line.closed = Some(closed.until);
                    }
                }
            }
        }
        Ok(())
    }

    /// Lets the first of `mails` leave whose domains have tokens, `most` at the most.
    fn decide<'a>(
        &self,
        mails: &[&'a str],
        lines: &mut HashMap<&'a str, Line>,
        domains: &mut HashMap<String, Purse>,
        mut most: u32,
        now: i64,
    ) -> Admitted {
        for (domain, line) in lines.iter_mut() {
            line.left = domains.get_mut(*domain).map_or(0, |purse| purse.ready(now));
        }
        let (mut fates, mut again) = (Vec::with_capacity(mails.len()), SOON);
        let mut held = self.held();
        for domain in mails {
            let Some(line) = lines.get_mut(domain) else {
                fates.push(if most > 0 { Fate::Leaves } else { Fate::Stays });
                most = most.saturating_sub(1);
                continue;
            };
            let purse = domains.get_mut(*domain);
            if let Some(purse) = purse.filter(|_| most > 0 && line.left > 0) {
                purse.take(1);
                line.left -= 1;
                most -= 1;
                fates.push(Fate::Leaves);
                continue;
            }
            let opens = line.closed.unwrap_or(now);
            let place = f64::from(line.seen);
            let turn =
                line.allowed.per_second.map_or(0, |rate| micros(place / rate * SECOND as f64));
            line.seen += 1;
            if opens + turn - now <= SOON {
                fates.push(Fate::Stays);
                let next = domains.get(*domain).and_then(|purse| purse.when(1));
                again = again.min((next.unwrap_or(opens) - now).max(0));
            } else {
                fates.push(Fate::Waits(wait(now, opens + turn)));
                held.full.insert((*domain).to_owned(), now + FILLED);
            }
        }
        // Never at once: whoever has a turn then has waited for it.
        let again =
            Duration::from_micros(u64::try_from(again.max(SECOND / 100)).unwrap_or_default());
        Admitted { fates, again, hold: None }
    }

    /// How many of so many mails leave as one group.
    fn group(&self, limits: &Limits, mails: u32) -> u32 {
        let paces = [limits.rates.per_second, self.ground.workspace.per_second];
        let pace = paces.into_iter().flatten().min();
        let group = pace.map_or(LARGEST, |rate| whole(f64::from(rate) * GROUP).max(1));
        group.min(mails)
    }

    fn adapted(&self, said: &Said, domain: &str) -> Option<super::adapt::Adapted> {
        if said.limits.adaptive == Adaptive::Off { None } else { self.heard().of(domain) }
    }

    fn said(&self) -> Arc<Said> {
        Arc::clone(&self.said.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn heard(&self) -> MutexGuard<'_, Adaptation> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many of `mails` could leave now or in a moment, as far as their domains go.
fn eligible(
    mails: &[&str],
    lines: &HashMap<&str, Line>,
    domains: &mut HashMap<String, Purse>,
    now: i64,
) -> u32 {
    let limited: u32 = lines.values().map(|line| line.count).sum();
    let ready: u32 = lines
        .iter()
        .map(|(domain, line)| {
            let ready = domains.get_mut(*domain).map_or(0, |purse| purse.ready(now));
            ready.min(line.count)
        })
        .sum();
    u32::try_from(mails.len()).unwrap_or(u32::MAX) - limited + ready
}
