//! Running a campaign from the terminal: start and resume work it here and show how far it is.
//!
//! The command owns the workspace while it works. When another process does, it watches that one
//! and takes over should it end. Ctrl-C and SIGTERM end the mails in hand; a second one forces.

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use base64::Engine as _;
use clap::Args;
use futures::future::BoxFuture;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::confirm::Confirm;
use super::error::CommandError;
use super::exit::Exit;
use super::host::{Host, Work, Workers};
use super::output::Output;
use super::schedules::next;
use crate::api::{CountsBody, ProgressBody, RunBody, TestSendBody};
use crate::client::Client;

/// How often the figures are read while a run goes on.
const LOOK: Duration = Duration::from_millis(250);
/// Reading them takes no more than a part of the time: this many times as long is waited.
const REST: u32 = 10;
/// Characters of a reply that are shown in a summary.
const REPLY: usize = 60;

/// Which run to work.
#[derive(Args, Debug)]
pub struct RunArgs {
    /// Name or id of the campaign, or the start of one
    campaign: String,
    /// Stop when only deferred mails wait; `frontier campaign resume` offers them again later
    #[arg(long)]
    leave_deferred: bool,
}

/// Which campaign to start, and to how many.
#[derive(Args, Debug)]
pub struct StartArgs {
    #[command(flatten)]
    run: RunArgs,
    /// Refuse unless it goes to so many contacts; whoever says so is not asked
    #[arg(long, value_name = "N", env = "FRONTIER_CONFIRM_RECIPIENTS", hide_env_values = true)]
    confirm_recipients: Option<u64>,
}

/// Show how far a campaign is
#[derive(Args, Debug)]
pub struct StatusArgs {
    /// Name or id of the campaign, or the start of one
    campaign: String,
    /// Go on showing until it ends
    #[arg(short, long)]
    watch: bool,
}

/// Render a message as a contact would get it
#[derive(Args, Debug)]
pub struct PreviewArgs {
    /// Name or id of the campaign, or the start of one
    campaign: String,
    /// Address or id of the contact
    #[arg(long)]
    contact: String,
    /// The message, when there are several
    #[arg(long)]
    message: Option<String>,
    /// Print the HTML part
    #[arg(long, group = "part")]
    html: bool,
    /// Print the text part
    #[arg(long, group = "part")]
    text: bool,
    /// Print the whole mail, as it would travel
    #[arg(long, group = "part")]
    eml: bool,
    /// Write it to a file instead
    #[arg(long, value_name = "FILE", requires = "part")]
    out: Option<PathBuf>,
}

/// Send a message to an address of yours
///
/// As a contact would get it, so that you see it in your own mailbox.
#[derive(Args, Debug)]
pub struct SendTestArgs {
    /// Name or id of the campaign, or the start of one
    campaign: String,
    /// The address that gets it
    #[arg(long)]
    to: String,
    /// The contact whose values it shows
    #[arg(long)]
    contact: String,
    /// The message, when there are several
    #[arg(long)]
    message: Option<String>,
}

pub(super) async fn start(
    StartArgs { run: args, confirm_recipients }: StartArgs,
    host: &dyn Host,
    client: &Client,
    confirm: Confirm,
    output: &mut Output<'_>,
) -> Result<(), CommandError> {
    let before = client.campaign_status(&args.campaign).await?;
    let name = &before.campaign.campaign.name;
    // Only a person is asked: a script that starts a campaign means it.
    let may_start = matches!(before.campaign.status.as_str(), "draft" | "scheduled");
    if confirm == Confirm::Ask && confirm_recipients.is_none() && may_start {
        let channel = before.campaign.campaign.channel.as_deref().unwrap_or("outbox");
        let question = format!(
            "Send `{name}` to {} contacts through the channel `{channel}`?",
            before.audience
        );
        confirm.ask(&question, output).await?;
    }
    let campaign = client.start_campaign(&before.campaign.id, confirm_recipients).await?;
    follow(host, client, &campaign.id, args.leave_deferred, output).await
}

pub(super) async fn resume(
    args: RunArgs,
    host: &dyn Host,
    client: &Client,
    output: &mut Output<'_>,
) -> Result<(), CommandError> {
    let campaign = client.resume_campaign(&args.campaign).await?;
    if campaign.status == "scheduled" {
        output.note(format_args!("Resumed the schedule of `{}`.", campaign.campaign.name));
        return output.show(&campaign, |out| writeln!(out, "{}", campaign.campaign.name));
    }
    follow(host, client, &campaign.id, args.leave_deferred, output).await
}

/// Works a campaign here until it is done, or watches whoever does.
pub(super) async fn follow(
    host: &dyn Host,
    client: &Client,
    campaign: &str,
    leave_deferred: bool,
    output: &mut Output<'_>,
) -> Result<(), CommandError> {
    let mut stop = Stop::listen()?;
    let mut workers: Option<Box<dyn Workers>> = None;
    let (mut held, mut told) = (String::new(), String::new());
    let mut bar = Bar::new(output);
    let stopped = loop {
        if workers.is_none() {
            match host.work(campaign).await? {
                Work::Started(started) => workers = Some(started),
                Work::Held(by) if by != held => {
                    output.note(format_args!("Watching: {by}."));
                    held = by;
                }
                Work::Held(_) => {}
            }
        }
        let asked = Instant::now();
        let progress = match client.campaign_status(campaign).await {
            Ok(progress) => progress,
            Err(error) => break Err(error),
        };
        let rest = LOOK.max(asked.elapsed() * REST);
        bar.show(&progress);
        // Where a bar is drawn, it says so itself.
        let trouble = progress.run.as_ref().and_then(why_it_waits);
        if let Some(trouble) = trouble.filter(|trouble| !output.is_live() && *trouble != told) {
            output.note(format_args!("Waiting: {trouble}."));
            told = trouble;
        }
        if progress.campaign.status != "active" {
            break Ok(false);
        }
        let deferred = progress.deliveries.queued + progress.deliveries.leased == 0
            && progress.run.as_ref().is_some_and(|run| run.recipients > 0);
        if leave_deferred && deferred && progress.deliveries.deferred > 0 {
            break Ok(false);
        }
        tokio::select! {
            () = stop.told() => break Ok(true),
            () = tokio::time::sleep(rest) => {}
        }
    };
    bar.clear();
    if matches!(stopped, Ok(true)) && workers.is_some() {
        output.note("Stopping: the mails in hand end. Once more stops at once.");
    }
    if let Some(workers) = workers {
        let drained: BoxFuture<'static, ()> = workers.drain();
        tokio::select! {
            () = drained => {}
            // Once more after a stop, or a first time when it ends by itself for trouble.
            () = stop.told(), if !matches!(stopped, Ok(false)) => {}
        }
    }
    let stopped = stopped?;
    conclude(&client.campaign_status(campaign).await?, stopped, output)
}

/// What holds a run up, in words.
fn why_it_waits(run: &RunBody) -> Option<String> {
    let held = run.held.as_ref().map(|held| format!("{}, until {}", held.by, held.until));
    run.error.clone().or(held)
}

/// The last words, and the exit code they deserve.
fn conclude(
    progress: &ProgressBody,
    stopped: bool,
    output: &mut Output<'_>,
) -> Result<(), CommandError> {
    output.show(progress, |out| describe(progress, out))?;
    let name = &progress.campaign.campaign.name;
    let run = progress.run.as_ref();
    if run.is_some_and(|run| run.channel_kind == "outbox") {
        output.note(format_args!(
            "Nothing left this machine: the mails are files in outbox/{}/.",
            run.map_or("outbox", |run| run.channel.as_str())
        ));
    }
    if progress.deliveries.failed > 0 {
        output.note(format_args!(
            "{} failed; `frontier campaign deliveries {name} --state failed` says why.",
            progress.deliveries.failed
        ));
    }
    let resume = format!("`frontier campaign resume {name}` goes on");
    match progress.campaign.status.as_str() {
        "active" if stopped => {
            Err(CommandError::new(Exit::Interrupted, "stopped before the end").hint(resume))
        }
        "active" => {
            output.note(format_args!("{} wait; {resume}.", progress.deliveries.deferred));
            Ok(())
        }
        "completed" => Ok(()),
        "scheduled" => {
            if let Some(next) = progress.schedule.as_ref().and_then(next) {
                output.note(format_args!("It starts again on {next}."));
            }
            Ok(())
        }
        status => {
            let why = run.and_then(|run| run.error.clone());
            let why = why.map_or_else(String::new, |why| format!(": {why}"));
            let error = CommandError::failed(format!("`{name}` is {status}{why}"));
            Err(if status == "cancelled" { error } else { error.hint(resume) })
        }
    }
}

impl StatusArgs {
    pub(super) async fn run(
        self,
        client: &Client,
        output: &mut Output<'_>,
    ) -> Result<(), CommandError> {
        let mut progress = client.campaign_status(&self.campaign).await?;
        if self.watch {
            let mut stop = Stop::listen()?;
            let mut bar = Bar::new(output);
            while progress.campaign.status == "active" {
                bar.show(&progress);
                tokio::select! {
                    () = stop.told() => break,
                    () = tokio::time::sleep(LOOK) => {}
                }
                progress = client.campaign_status(&progress.campaign.id).await?;
            }
            bar.clear();
        }
        output.show(&progress, |out| describe(&progress, out))
    }
}

impl PreviewArgs {
    pub(super) async fn run(
        self,
        client: &Client,
        output: &mut Output<'_>,
    ) -> Result<(), CommandError> {
        let message = self.message.as_deref();
        let preview = client.preview_campaign(&self.campaign, &self.contact, message).await?;
        let part = if self.html {
            preview.html.clone().into_bytes()
        } else if self.text {
            preview.text.clone().into_bytes()
        } else if self.eml {
            base64::engine::general_purpose::STANDARD
                .decode(&preview.eml)
                .map_err(|error| CommandError::failed(error.to_string()))?
        } else {
            return output.show(&preview, |out| {
                let from = &preview.from;
                let sender = from
                    .name
                    .as_ref()
                    .map_or_else(|| from.email.clone(), |name| format!("{name} <{}>", from.email));
                writeln!(out, "From:      {sender}")?;
                writeln!(out, "To:        {}", preview.to)?;
                writeln!(out, "Subject:   {}", preview.subject)?;
                if let Some(preheader) = &preview.preheader {
                    writeln!(out, "Preheader: {preheader}")?;
                }
                writeln!(out, "\n{}", preview.text.trim_end())
            });
        };
        match self.out {
            Some(path) => {
                std::fs::write(&path, part).map_err(|error| {
                    CommandError::failed(format!("{} cannot be written: {error}", path.display()))
                })?;
                output.note(format_args!("Wrote {}.", path.display()));
                Ok(())
            }
            None => output.bytes(&part),
        }
    }
}

impl SendTestArgs {
    pub(super) async fn run(
        self,
        client: &Client,
        output: &mut Output<'_>,
    ) -> Result<(), CommandError> {
        let test = TestSendBody { to: self.to, contact: self.contact, message: self.message };
        let sent = client.send_test(&self.campaign, &test).await?;
        output.show(&sent, |out| writeln!(out, "{}", sent.reply))?;
        if !sent.accepted {
            return Err(CommandError::failed(format!("{} did not take the test", sent.through)));
        }
        let stays = if sent.leaves_machine { "" } else { "; nothing left this machine" };
        output.note(format_args!("Sent a test for {} through {}{stays}.", sent.to, sent.through));
        Ok(())
    }
}

fn describe(progress: &ProgressBody, out: &mut dyn Write) -> io::Result<()> {
    let campaign = &progress.campaign;
    writeln!(out, "{}  {}", campaign.campaign.name, campaign.status)?;
    if let Some(next) = progress.schedule.as_ref().and_then(next) {
        writeln!(out, "next start  {next}")?;
    }
    let Some(run) = &progress.run else {
        return writeln!(out, "not started; {} contacts in its audience", progress.audience);
    };
    let counts = &progress.deliveries;
    writeln!(out, "channel     {} ({})", run.channel, run.channel_kind)?;
    writeln!(out, "started     {}", run.started_at)?;
    if let Some(finished) = &run.finished_at {
        writeln!(out, "finished    {finished}")?;
    }
    if let Some(error) = &run.error {
        writeln!(out, "on hold     {error}")?;
    }
    if let Some(held) = &run.held {
        writeln!(out, "waits for   {}", held.by)?;
        writeln!(out, "until       {}", held.until)?;
    }
    writeln!(out, "recipients  {}", run.recipients)?;
    for (state, count) in states(counts) {
        writeln!(out, "{state:<11} {count}")?;
    }
    if let Some(rate) = run.rate {
        writeln!(out, "rate        {rate}/s")?;
    }
    if let Some(eta) = &progress.eta_at {
        writeln!(out, "done about  {eta}")?;
    }
    if let Some(waiting) = &progress.waiting {
        writeln!(out, "waiting     {} for their time", waiting.count)?;
        writeln!(out, "next wave   {}", waiting.next_at)?;
        writeln!(out, "last wave   {}", waiting.last_at)?;
    }
    if let Some(due) = progress.next_due_at.as_ref().filter(|_| counts.deferred > 0) {
        writeln!(out, "next retry  {due}")?;
    }
    for failure in &progress.failures {
        let code = failure.code.map_or_else(String::new, |code| format!(" {code}"));
        let enhanced = failure.enhanced_code.as_ref();
        let enhanced = enhanced.map_or_else(String::new, |code| format!(" {code}"));
        let reply = failure.reply.as_deref().unwrap_or_default();
        let reply = match &failure.enhanced_code {
            Some(code) => reply.strip_prefix(code.as_str()).unwrap_or(reply).trim_start(),
            None => reply,
        };
        let brief: String = reply.chars().take(REPLY).collect();
        writeln!(out, "  {:>6} {}{code}{enhanced}  {brief}", failure.count, failure.state)?;
    }
    Ok(())
}

/// The states that deliveries are in; accepted always.
fn states(counts: &CountsBody) -> impl Iterator<Item = (&'static str, u64)> {
    let all = [
        ("accepted", counts.accepted),
        ("failed", counts.failed),
        ("suppressed", counts.suppressed),
        ("deferred", counts.deferred),
        ("leased", counts.leased),
        ("queued", counts.queued),
        ("bounced", counts.bounced),
        ("complained", counts.complained),
    ];
    all.into_iter().filter(|(state, count)| *count > 0 || *state == "accepted")
}

/// The progress of a run, drawn on stderr where somebody watches.
struct Bar {
    drawn: ProgressBar,
    /// When the last figures were read, and how many were settled then.
    last: Option<(Instant, u64)>,
    rate: f64,
}

impl Bar {
    fn new(output: &Output<'_>) -> Self {
        let target = if output.is_live() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len}  {msg}") {
            bar.set_style(style.progress_chars("##-"));
        }
        Self { drawn: bar, last: None, rate: 0.0 }
    }

    fn show(&mut self, progress: &ProgressBody) {
        let counts = &progress.deliveries;
        let settled = counts.total - counts.queued - counts.leased - counts.deferred;
        let now = Instant::now();
        if let Some((then, before)) = self.last {
            let seconds = now.duration_since(then).as_secs_f64().max(0.001);
            let rate = settled.saturating_sub(before) as f64 / seconds;
            self.rate = if self.rate == 0.0 { rate } else { self.rate * 0.8 + rate * 0.2 };
        }
        self.last = Some((now, settled));
        let mut words = vec![format!("{:.0}/s", self.rate)];
        let left = counts.queued + counts.leased;
        if self.rate >= 1.0 && left > 0 {
            words.push(format!("{:.0} s left", left as f64 / self.rate));
        }
        if counts.failed > 0 {
            words.push(format!("{} failed", counts.failed));
        }
        if counts.deferred > 0 {
            words.push(format!("{} deferred", counts.deferred));
        }
        words.extend(progress.run.as_ref().and_then(why_it_waits));
        self.drawn.set_length(counts.total);
        self.drawn.set_position(settled);
        self.drawn.set_message(words.join("  "));
    }

    fn clear(&self) {
        self.drawn.finish_and_clear();
    }
}

/// SIGINT and SIGTERM, as often as they come.
pub(super) struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    pub(super) fn listen() -> Result<Self, CommandError> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    pub(super) async fn told(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
