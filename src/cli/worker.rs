//! `frontier worker`: campaigns start at their times and are sent from here, until it is stopped.
//!
//! It owns the workspace while it works, as a command that sends does. What it does it says on stderr,
//! a line each; where nobody watches, a line now and then tells that it is still there.

use std::time::{Duration, Instant};

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::sync::mpsc::unbounded_channel;

use super::error::CommandError;
use super::exit::Exit;
use super::host::{Happening, Host, News, Work, Workers};
use super::output::Output;
use super::runs::Stop;

/// How often to see whether the workspace is free.
const LOOK: Duration = Duration::from_millis(250);
/// How often it says that it is there, where no line is drawn.
const BEAT: Duration = Duration::from_mins(10);

/// Start campaigns at their times and send what waits, until stopped
///
/// It works in the foreground. Ctrl-C and SIGTERM end the mails in hand and stop within seconds; the
/// next worker goes on where it ended, also after a crash. Several may work one PostgreSQL store, each
/// from a folder of its own: every time fires once.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  frontier worker              work until Ctrl-C
  frontier worker --once       work what is due now and end: for cron and CI")]
pub struct WorkerArgs {
    /// Work what is due now, and end; fails when a campaign could not be started or sent
    #[arg(long)]
    once: bool,
}

impl WorkerArgs {
    pub async fn run(self, host: &dyn Host, output: &mut Output<'_>) -> Result<(), CommandError> {
        let mut stop = Stop::listen()?;
        let (news, mut told) = unbounded_channel();
        let mut held = String::new();
        let workers = loop {
            match host.work_all(self.once, news.clone()).await? {
                Work::Started(workers) => break workers,
                Work::Held(by) if self.once => {
                    return Err(CommandError::new(Exit::ConflictOrInvalid, by));
                }
                Work::Held(by) if by != held => {
                    output.note(format_args!("Waiting: {by}."));
                    held = by;
                }
                Work::Held(_) => {}
            }
            tokio::select! {
                () = stop.told() => return Ok(()),
                () = tokio::time::sleep(LOOK) => {}
            }
        };
        drop(news);
        let mut teller = Teller::new(output);
        if !self.once {
            teller.note("Working: campaigns start at their times and are sent from here.");
        }
        let stopped = loop {
            tokio::select! {
                news = told.recv() => match news {
                    Some(News { what: Happening::Done, .. }) | None => break false,
                    Some(news) => teller.tell(&news),
                },
                () = stop.told() => break true,
            }
        };
        if stopped {
            teller.note("Stopping: the mails in hand end. Once more stops at once.");
        }
        drain(workers, &mut stop).await;
        while let Ok(news) = told.try_recv() {
            if news.what != Happening::Done {
                teller.tell(&news);
            }
        }
        teller.line.finish_and_clear();
        match teller.failures {
            0 => Ok(()),
            _ if !self.once => Ok(()),
            1 => Err(CommandError::failed("one thing went wrong; its line above says why")),
            some => {
                let what = format!("{some} things went wrong; their lines above say why");
                Err(CommandError::failed(what))
            }
        }
    }
}

/// Ends the work in hand, or at once when that is asked for once more.
async fn drain(workers: Box<dyn Workers>, stop: &mut Stop) {
    tokio::select! {
        () = workers.drain() => {}
        () = stop.told() => {}
    }
}

/// Says what happens.
struct Teller<'a, 'b> {
    output: &'a mut Output<'b>,
    /// Drawn where somebody watches.
    line: ProgressBar,
    /// When it last said anything.
    said: Instant,
    /// Campaigns that could not be started or sent.
    failures: usize,
}

impl<'a, 'b> Teller<'a, 'b> {
    fn new(output: &'a mut Output<'b>) -> Self {
        let target = if output.is_live() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let line = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
            line.set_style(style);
        }
        Self { output, line, said: Instant::now(), failures: 0 }
    }

    fn note(&mut self, note: impl std::fmt::Display) {
        let output = &mut *self.output;
        self.line.suspend(|| output.note(note));
        self.said = Instant::now();
    }

    fn tell(&mut self, news: &News) {
        if news.what.is_failure() {
            self.failures += 1;
        }
        let words = words(&news.what);
        if !matches!(news.what, Happening::Beat { .. }) {
            return self.note(format_args!("{}  {words}", minute(&news.at)));
        }
        if self.output.is_live() {
            self.line.set_message(words);
            self.line.tick();
        } else if self.said.elapsed() >= BEAT {
            self.note(format_args!("{}  {words}", minute(&news.at)));
        }
    }
}

/// `2026-03-01 09:00:30`, of a time as routes write it.
fn minute(at: &str) -> String {
    at.chars().take(19).collect::<String>().replace('T', " ")
}

fn words(what: &Happening) -> String {
    match what {
        Happening::Schedule { campaign, due_at, outcome, reason } => {
            let why = reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
            format!("`{campaign}` {outcome}, due {} UTC{why}", minute(due_at))
        }
        Happening::Sending { campaign } => format!("`{campaign}` is being sent"),
        Happening::Sent { campaign, status, accepted, failed, is_outbox, trouble } => {
            let why = trouble.as_ref().map_or_else(String::new, |trouble| format!(": {trouble}"));
            let stays = if *is_outbox { "; nothing left this machine" } else { "" };
            format!("`{campaign}` is {status}, {accepted} accepted and {failed} failed{stays}{why}")
        }
        Happening::Waits { campaign, until } => {
            format!("`{campaign}` goes on at {} UTC", minute(until))
        }
        Happening::Trouble { campaign, error } => format!("`{campaign}` is tried again: {error}"),
        Happening::Blind { error } => format!("the schedules could not be looked at: {error}"),
        Happening::Beat { jobs, next_at } => {
            let next = match next_at {
                Some(next) => format!("next start {} UTC", minute(next)),
                None => "nothing is scheduled".to_owned(),
            };
            match jobs {
                0 => format!("waiting; {next}"),
                1 => format!("sending a campaign; {next}"),
                some => format!("sending {some} campaigns; {next}"),
            }
        }
        Happening::Done => "done".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beat_tells_what_is_in_hand_and_what_comes() {
        let beat = |jobs, next: Option<&str>| {
            words(&Happening::Beat { jobs, next_at: next.map(str::to_owned) })
        };
        assert_eq!(beat(0, None), "waiting; nothing is scheduled");
        let next = Some("2026-03-01T09:00:00.000Z");
        assert_eq!(beat(0, next), "waiting; next start 2026-03-01 09:00:00 UTC");
        assert_eq!(beat(2, next), "sending 2 campaigns; next start 2026-03-01 09:00:00 UTC");
    }
}
