//! The third stage: each sender keeps one session, which takes mails as fast as it can carry them.
//!
//! A mail takes a place in flight before it is offered, however many a session has under way, and
//! gives it back when its verdict is written, or when it was not offered after all.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, OwnedSemaphorePermit, mpsc};

use super::{Ready, Settling, Shared};
use crate::core::publishing::limits::Heard;
use crate::core::publishing::moves::{Judgement, judge};
use crate::core::publishing::store::ledger::Settlement;
use crate::core::publishing::{DeliveryState, Offer, Parcel, Publisher, Session, Verdict};

/// How long a server may be unreachable before the run is put on hold.
const PATIENCE: Duration = Duration::from_mins(2);
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(15);

/// What is wrong with the way out.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    /// Since when no session could be opened and no server answered, and why.
    pub(super) unreachable: Option<(Instant, String)>,
    /// Why the run cannot go on.
    pub(super) blocked: Option<String>,
}

/// Mails that are ready, for whichever sender is free.
pub(super) struct Parcels {
    queues: Mutex<Queues>,
    give_back: mpsc::UnboundedSender<Ready>,
}

struct Queues {
    ready: mpsc::Receiver<Ready>,
    /// Those whose sender found no way to the server.
    given_back: mpsc::UnboundedReceiver<Ready>,
}

/// Offers what `parcels` brings until it ends or the run must halt.
///
/// A sender that finds no way to the server gives its mails back and waits alone: a server that
/// allows fewer connections than the channel asks for gets every mail all the same.
pub(super) async fn send(
    shared: Arc<Shared>,
    publisher: Arc<dyn Publisher>,
    parcels: Arc<Parcels>,
    settle: mpsc::Sender<Settling>,
) {
    let mut session: Option<Box<dyn Session>> = None;
    let mut wait = FIRST_WAIT;
    let mut hand = Hand::new(&shared, &parcels, settle);
    while hand.take().await {
        let open = match session.take() {
            Some(open) => Some(open),
            None => connect(&shared, publisher.as_ref()).await,
        };
        let Some(mut open) = open else {
            hand.give_back();
            tokio::select! {
                () = shared.halt.cancelled() => break,
                () = shared.over.cancelled() => break,
                () = tokio::time::sleep(wait) => wait = (wait * 2).min(LONGEST_WAIT),
            }
            continue;
        };
        wait = FIRST_WAIT;
        if !hand.take_place().await || !shared.holds().await {
            session = Some(open);
            break;
        }
        if open.carry(&mut hand).await {
            shared.trouble().unreachable = None;
            session = Some(open);
        }
        hand.take_back();
    }
    if let Some(session) = session {
        session.close().await;
    }
}

/// What one sender has in hand: the [`Offer`] that its session carries.
struct Hand<'a> {
    shared: &'a Shared,
    parcels: &'a Parcels,
    settle: mpsc::Sender<Settling>,
    /// To be offered before others.
    ready: VecDeque<Ready>,
    /// Offered, and without a verdict yet; oldest first.
    offered: VecDeque<Offered>,
    place: Option<Place>,
    next_number: usize,
}

/// A mail on its way over a session.
struct Offered {
    number: usize,
    mail: Ready,
    place: Place,
    since: Instant,
}

/// A place in flight, and one in the queue of what is to be written about it.
struct Place {
    flight: OwnedSemaphorePermit,
    slot: mpsc::OwnedPermit<Settling>,
}

impl Offer for Hand<'_> {
    fn next(&mut self) -> Option<(usize, &Parcel)> {
        loop {
            if self.shared.halt.is_cancelled() || !self.shared.is_tenant() {
                return None;
            }
            let place = self.place.take().or_else(|| self.try_place())?;
            let Some(mail) = self.ready.pop_front().or_else(|| self.parcels.try_next()) else {
                self.place = Some(place);
                return None;
            };
            if let Some(reason) = self.shared.why_left(&mail.parcel.to) {
                let settlement = suppressed(self.shared, &mail, &reason);
                place.slot.send(Settling::unasked(settlement));
                continue;
            }
            self.next_number += 1;
            let (number, since) = (self.next_number, Instant::now());
            self.offered.push_back(Offered { number, mail, place, since });
            return self.offered.back().map(|one| (one.number, &one.mail.parcel));
        }
    }

    fn settle(&mut self, number: usize, verdict: Verdict) {
        let at = self.offered.iter().position(|one| one.number == number);
        if let Some(Offered { mail, place, since, .. }) = at.and_then(|at| self.offered.remove(at))
        {
            let settlement = judged(self.shared, &mail, verdict);
            let (code, took) = (settlement.code, since.elapsed());
            let heard = Some(Heard { domain: mail.domain, code, took });
            place.slot.send(Settling { settlement, heard, _flight: Some(place.flight) });
        }
    }
}

impl<'a> Hand<'a> {
    fn new(shared: &'a Shared, parcels: &'a Parcels, settle: mpsc::Sender<Settling>) -> Self {
        let (ready, offered) = (VecDeque::new(), VecDeque::new());
        Self { shared, parcels, settle, ready, offered, place: None, next_number: 0 }
    }

    /// Waits for a mail to offer; false when there is none any more or the run must halt.
    async fn take(&mut self) -> bool {
        if self.ready.is_empty() {
            self.place = None; // others may use it meanwhile
            match self.parcels.next(self.shared).await {
                Some(mail) => self.ready.push_back(mail),
                None => return false,
            }
        }
        true
    }

    /// Waits for a place in flight; false when nobody would write what becomes of a mail.
    async fn take_place(&mut self) -> bool {
        if self.place.is_none() {
            let Ok(slot) = self.settle.clone().reserve_owned().await else { return false };
            let flight = Arc::clone(&self.shared.flight).acquire_owned().await;
            self.place = flight.ok().map(|flight| Place { flight, slot });
        }
        self.place.is_some()
    }

    fn try_place(&self) -> Option<Place> {
        let flight = Arc::clone(&self.shared.flight).try_acquire_owned().ok()?;
        let slot = self.settle.clone().try_reserve_owned().ok()?;
        Some(Place { flight, slot })
    }

    /// Takes back the mails that got no verdict, to offer them first.
    fn take_back(&mut self) {
        while let Some(Offered { mail, .. }) = self.offered.pop_back() {
            self.ready.push_front(mail);
        }
    }

    /// Leaves its mails to other senders.
    fn give_back(&mut self) {
        self.place = None;
        for mail in self.ready.drain(..) {
            self.parcels.give_back(mail);
        }
    }
}

impl Parcels {
    pub(super) fn new(ready: mpsc::Receiver<Ready>) -> Self {
        let (sender, given_back) = mpsc::unbounded_channel();
        Self { queues: Mutex::new(Queues { ready, given_back }), give_back: sender }
    }

    /// The next mail; `None` when there is none any more or the run must halt.
    async fn next(&self, shared: &Shared) -> Option<Ready> {
        let mail = async {
            let Queues { ready, given_back } = &mut *self.queues.lock().await;
            tokio::select! {
                biased;
                Some(mail) = given_back.recv() => Some(mail),
                mail = ready.recv() => mail,
            }
        };
        tokio::select! {
            biased;
            () = shared.halt.cancelled() => None,
            mail = mail => mail,
        }
    }

    /// A mail that is ready now, unless another sender waits for one.
    fn try_next(&self) -> Option<Ready> {
        let Queues { ready, given_back } = &mut *self.queues.try_lock().ok()?;
        given_back.try_recv().or_else(|_| ready.try_recv()).ok()
    }

    fn give_back(&self, mail: Ready) {
        // Both ends are this value's, so it is received for as long as anybody sends.
        let _ = self.give_back.send(mail);
    }
}

/// Opens a session; `None` when the server is away. The run is put on hold when that lasts, or when
/// waiting cannot help.
async fn connect(shared: &Shared, publisher: &dyn Publisher) -> Option<Box<dyn Session>> {
    let error = match publisher.connect().await {
        Ok(session) => {
            shared.trouble().unreachable = None;
            return Some(session);
        }
        Err(error) => error,
    };
    let lasts = {
        let mut trouble = shared.trouble();
        let (since, reason) =
            trouble.unreachable.get_or_insert_with(|| (Instant::now(), String::new()));
        *reason = error.to_string();
        since.elapsed() > PATIENCE
    };
    if lasts || !error.is_temporary() {
        shared.block(error.to_string());
    }
    None
}

fn suppressed(shared: &Shared, mail: &Ready, reason: &str) -> Settlement {
    Settlement {
        contact_id: mail.contact_id,
        message_id: mail.message_id,
        state: DeliveryState::Suppressed,
        attempts: mail.attempts,
        due_at: shared.publishing.clock.now(),
        code: None,
        enhanced: None,
        reply: format!("suppressed: {reason}"),
    }
}

fn judged(shared: &Shared, mail: &Ready, verdict: Verdict) -> Settlement {
    let Judgement { state, attempts, due_at, code, enhanced, reply } =
        judge(mail.attempts, verdict, shared.publishing.clock.now());
    let (contact_id, message_id) = (mail.contact_id, mail.message_id);
    Settlement { contact_id, message_id, state, attempts, due_at, code, enhanced, reply }
}
