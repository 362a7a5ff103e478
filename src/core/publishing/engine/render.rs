//! The second stage: mails made on all cores, a chunk at a time.

use std::sync::Arc;

use futures::StreamExt as _;
use futures::stream;
use tokio::sync::mpsc;

use super::gate::Gate;
use super::{Ready, Settling, Shared};
use crate::core::publishing::local_time::MISSED;
use crate::core::publishing::store::ledger::{Due, Settlement};
use crate::core::publishing::{DeliveryState, LocalTime};

/// Mails rendered in one go on a blocking thread.
const CHUNK: usize = 32;

/// Turns leased rows into mails; what cannot be one is settled here.
pub(super) async fn render(
    shared: Arc<Shared>,
    leased: mpsc::Receiver<Vec<Due>>,
    ready: mpsc::Sender<Ready>,
    settle: mpsc::Sender<Settling>,
) {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let mut gate = Gate::new(Arc::clone(&shared), leased);
    while let Some(batch) = gate.next().await {
        let chunks: Vec<Vec<Due>> = batch.chunks(CHUNK).map(<[Due]>::to_vec).collect();
        let mut rendered = stream::iter(chunks)
            .map(|chunk| {
                let shared = Arc::clone(&shared);
                tokio::task::spawn_blocking(move || {
                    chunk.into_iter().map(|due| compose(&shared, due)).collect::<Vec<_>>()
                })
            })
            .buffered(cores);
        while let Some(chunk) = rendered.next().await {
            let chunk = match chunk {
                Ok(chunk) => chunk,
                Err(error) => return shared.block(format!("rendering stopped: {error}")),
            };
            for outcome in chunk {
                let open = match outcome {
                    Ok(mail) => tokio::select! {
                        sent = ready.send(mail) => sent.is_ok(),
                        () = shared.halt.cancelled() => false,
                    },
                    Err(settlement) => settle.send(Settling::unasked(settlement)).await.is_ok(),
                };
                if !open {
                    return;
                }
            }
        }
    }
}

fn compose(shared: &Shared, due: Due) -> Result<Ready, Settlement> {
    let now = shared.publishing.clock.now();
    let (contact_id, message_id, attempts) = (due.contact_id, due.message_id, due.attempts);
    let ended = |state, reply| Settlement {
        contact_id,
        message_id,
        state,
        attempts,
        due_at: now,
        code: None,
        enhanced: None,
        reply,
    };
    let Some(contact) = due.contact else {
        return Err(ended(DeliveryState::Suppressed, "the contact was deleted".to_owned()));
    };
    if let Some(reason) = due.suppressed {
        return Err(ended(DeliveryState::Suppressed, format!("suppressed: {reason}")));
    }
    let since = shared.options.presence.since(now);
    let is_missed = |local_time: LocalTime| local_time.is_missed(due.at, since);
    if attempts == 0 && !due.is_resent && shared.local_time.is_some_and(is_missed) {
        let reply = format!("{MISSED}it was due at {}, and nothing ran then", due.at);
        return Err(ended(DeliveryState::Failed, reply));
    }
    let domain = due.domain;
    match shared.composer.compose(message_id, &contact, now) {
        Ok(composed) => {
            Ok(Ready { contact_id, message_id, attempts, domain, parcel: composed.parcel })
        }
        Err(error) => Err(ended(DeliveryState::Failed, error.to_string())),
    }
}
