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
    /// Since when no session could be opened, and why.
    pub(super) unreachable: Option<(Instant, String)>,
    /// Why the run cannot go on.
    pub(super) blocked: Option<String>,
}

/// Offers what `parcels` brings until it ends or the run must halt.
pub(super) async fn send(
    shared: Arc<Shared>,
    publisher: Arc<dyn Publisher>,
    parcels: Arc<Mutex<mpsc::Receiver<Ready>>>,
    settle: mpsc::Sender<Settling>,
) {
    let mut session: Option<Box<dyn Session>> = None;
    while let Some(mail) = next(&shared, &parcels).await {
        let Ok(flight) = Arc::clone(&shared.flight).acquire_owned().await else { break };
        let open = match session.take() {
            Some(open) => Some(open),
            None => connect(&shared, publisher.as_ref()).await,
        };
        let Some(mut open) = open else { break };
        let sent = open.send(&mail.parcel).await;
        if sent.usable {
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

async fn next(shared: &Shared, parcels: &Mutex<mpsc::Receiver<Ready>>) -> Option<Ready> {
    tokio::select! {
        biased;
        () = shared.halt.cancelled() => None,
        mail = async { parcels.lock().await.recv().await } => mail,
    }
}

/// Opens a session, waiting for a server that is away; `None` when the run must halt.
async fn connect(shared: &Shared, publisher: &dyn Publisher) -> Option<Box<dyn Session>> {
    let mut wait = FIRST_WAIT;
    loop {
        let error = match publisher.connect().await {
            Ok(session) => {
                shared.trouble().unreachable = None;
                return Some(session);
            }
            Err(error) => error,
        };
        if !error.is_temporary() {
            shared.block(error.to_string());
            return None;
        }
        let since = {
            let mut trouble = shared.trouble();
            let (since, reason) =
                trouble.unreachable.get_or_insert_with(|| (Instant::now(), String::new()));
            *reason = error.to_string();
            *since
        };
        if since.elapsed() > PATIENCE {
            shared.block(error.to_string());
            return None;
        }
        tokio::select! {
            () = shared.halt.cancelled() => return None,
            () = tokio::time::sleep(wait) => wait = (wait * 2).min(LONGEST_WAIT),
        }
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
