//! What a reader should know before trusting the figures, in sentences. Pure.

use super::report::Totals;
use crate::core::kernel::Timestamp;
use crate::core::publishing::{Run, RunStatus};

/// What the notes are drawn from.
pub(super) struct Facts<'a> {
    /// Oldest first.
    pub(super) runs: &'a [Run],
    pub(super) totals: &'a Totals,
    /// When the next waiting delivery is due.
    pub(super) next_due: Option<Timestamp>,
    /// Deliveries accepted, failed or suppressed that the metrics hold.
    pub(super) metered: u64,
}

pub(super) fn notes(facts: &Facts<'_>) -> Vec<String> {
    let Some(last) = facts.runs.last() else {
        return vec!["The campaign has not been started, so nothing was sent yet.".to_owned()];
    };
    [outbox(facts.runs), standing(last), unsent(facts, last), lag(facts)]
        .into_iter()
        .flatten()
        .collect()
}

fn outbox(runs: &[Run]) -> Option<String> {
    let written = runs.iter().filter(|run| run.channel.settings.kind() == "outbox").count();
    match written {
        0 => None,
        all if all == runs.len() => {
            Some("The outbox channel wrote files; nothing left this machine.".to_owned())
        }
        some => Some(format!(
            "In {some} of {} runs the outbox channel wrote files; those mails did not leave this \
             machine.",
            runs.len()
        )),
    }
}

fn standing(run: &Run) -> Option<String> {
    match (run.status, run.error.as_deref()) {
        (RunStatus::Paused, None) => {
            Some("The run is paused; `frontier campaign resume` lets it go on.".to_owned())
        }
        (RunStatus::Paused, Some(reason)) => Some(format!(
            "The run is on hold: {reason}. `frontier campaign resume` lets it go on once that is \
             mended."
        )),
        (RunStatus::Failed, reason) => {
            Some(format!("The run failed: {}.", reason.unwrap_or("no reason was recorded")))
        }
        (RunStatus::Cancelled, _) => Some("The run was cancelled.".to_owned()),
        (RunStatus::Active | RunStatus::Completed, _) => None,
    }
}

fn unsent(facts: &Facts<'_>, run: &Run) -> Option<String> {
    let Totals { queued, leased, deferred, .. } = *facts.totals;
    let mails =
        |count: u64| if count == 1 { "1 mail".to_owned() } else { format!("{count} mails") };
    match run.status {
        RunStatus::Cancelled => {
            let left = queued + leased + deferred;
            (left > 0).then(|| format!("Never sent: {}.", mails(left)))
        }
        _ if deferred > 0 => {
            let due = facts.next_due.map_or_else(String::new, |due| {
                format!("; the next at {}", due.to_datetime().format("%Y-%m-%d %H:%M UTC"))
            });
            Some(format!("Deferred and to be tried again: {}{due}.", mails(deferred)))
        }
        _ => None,
    }
}

fn lag(facts: &Facts<'_>) -> Option<String> {
    let totals = facts.totals;
    let settled = totals.taken() + totals.failed + totals.suppressed;
    let missing = settled.saturating_sub(facts.metered);
    (missing > 0).then(|| {
        format!(
            "The daily metrics lag behind: {missing} of {settled} deliveries are not counted in \
             them yet."
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::kernel::Id;
    use crate::core::publishing::{ChannelSettings, RunChannel};

    fn run(status: RunStatus, error: Option<&str>) -> Run {
        Run {
            id: Id::NIL,
            campaign_id: Id::NIL,
            channel: RunChannel { name: "outbox".to_owned(), settings: ChannelSettings::outbox() },
            status,
            recipients: 5,
            error: error.map(str::to_owned),
            held: None,
            pace: None,
            started_at: Timestamp::from_millis(0),
            finished_at: None,
        }
    }

    fn told(runs: &[Run], totals: Totals, metered: u64) -> String {
        let next_due = "2026-03-01T09:30:00Z".parse().ok();
        notes(&Facts { runs, totals: &totals, next_due, metered }).join("\n")
    }

    #[test]
    fn the_reader_is_told_what_the_figures_hide() {
        insta::assert_snapshot!(told(&[], Totals::default(), 0), @"The campaign has not been started, so nothing was sent yet.");
        let totals = Totals { accepted: 3, failed: 1, deferred: 2, ..Totals::default() };
        let held = run(RunStatus::Paused, Some("the relay turns this program away"));
        insta::assert_snapshot!(told(&[held], totals, 3), @r"
        The outbox channel wrote files; nothing left this machine.
        The run is on hold: the relay turns this program away. `frontier campaign resume` lets it go on once that is mended.
        Deferred and to be tried again: 2 mails; the next at 2026-03-01 09:30 UTC.
        The daily metrics lag behind: 1 of 4 deliveries are not counted in them yet.
        ");
        let totals = Totals { queued: 1, ..Totals::default() };
        insta::assert_snapshot!(told(&[run(RunStatus::Cancelled, None)], totals, 0), @r"
        The outbox channel wrote files; nothing left this machine.
        The run was cancelled.
        Never sent: 1 mail.
        ");
    }

    #[test]
    fn a_campaign_that_ended_well_has_nothing_to_explain() {
        let mut sent = run(RunStatus::Completed, None);
        sent.channel.settings = serde_json::from_value(serde_json::json!({
            "transport": { "smtp": {
                "host": "mail.example", "port": 25, "tls": "none", "username": null,
                "password": null, "connections": 1, "timeout_seconds": 5,
            } },
            "from": null, "reply_to": null, "unsubscribe": null,
        }))
        .unwrap();
        assert_eq!(told(&[sent], Totals { accepted: 5, ..Totals::default() }, 5), "");
    }
}
