//! The third stage: each sender keeps one session and offers mail after mail.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, mpsc};

use super::{Ready, Settling, Shared};
use crate::core::publishing::model::{enhanced_code, next_attempt};
use crate::core::publishing::store::ledger::Settlement;
use crate::core::publishing::{DeliveryState, Publisher, Session, Verdict};

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
/// A sender that finds no way to the server gives its mail back and waits alone: a server that
/// allows fewer connections than the channel asks for gets every mail all the same.
pub(super) async fn send(
    shared: Arc<Shared>,
    publisher: Arc<dyn Publisher>,
    parcels: Arc<Parcels>,
    settle: mpsc::Sender<Settling>,
) {
    let mut session: Option<Box<dyn Session>> = None;
    let mut wait = FIRST_WAIT;
    while let Some(mail) = parcels.next(&shared).await {
        if let Some(reason) = shared.why_left(&mail.parcel.to) {
            let settlement = suppressed(&shared, &mail, &reason);
            if settle.send(Settling { settlement, _flight: None }).await.is_err() {
                break;
            }
            continue;
        }
        let open = match session.take() {
            Some(open) => Some(open),
            None => connect(&shared, publisher.as_ref()).await,
        };
        let Some(mut open) = open else {
            parcels.give_back(mail);
            tokio::select! {
                () = shared.halt.cancelled() => break,
                () = shared.over.cancelled() => break,
                () = tokio::time::sleep(wait) => wait = (wait * 2).min(LONGEST_WAIT),
            }
            continue;
        };
        wait = FIRST_WAIT;
        let Ok(flight) = Arc::clone(&shared.flight).acquire_owned().await else { break };
        if shared.halt.is_cancelled() {
            session = Some(open);
            break;
        }
        let sent = open.send(&mail.parcel).await;
        if sent.usable {
            shared.trouble().unreachable = None;
            session = Some(open);
        }
        let settlement = judge(&shared, &mail, sent.verdict);
        if settle.send(Settling { settlement, _flight: Some(flight) }).await.is_err() {
            break;
        }
    }
    if let Some(session) = session {
        session.close().await;
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

fn judge(shared: &Shared, mail: &Ready, verdict: Verdict) -> Settlement {
    let now = shared.publishing.clock.now();
    let attempts = mail.attempts + 1;
    let enhanced = enhanced_code(&verdict);
    let (state, due_at, code, reply) = match verdict {
        Verdict::Accepted { reply } => (DeliveryState::Accepted, now, None, reply),
        Verdict::Refused { code, reply } => (DeliveryState::Failed, now, code, reply),
        Verdict::Deferred { code, reply } => match next_attempt(attempts, now) {
            Some(due_at) => (DeliveryState::Deferred, due_at, code, reply),
            None => (
                DeliveryState::Failed,
                now,
                code,
                format!("given up after {attempts} attempts: {reply}"),
            ),
        },
    };
    let (contact_id, message_id) = (mail.contact_id, mail.message_id);
    Settlement { contact_id, message_id, state, attempts, due_at, code, enhanced, reply }
}
