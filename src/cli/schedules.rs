//! `frontier campaign schedule` and `frontier schedule`: when campaigns start by themselves.

use std::io::{self, Write};

use clap::{Args, Subcommand};

use super::error::CommandError;
use super::output::{Column, Output, column};
use crate::api::{FiringBody, NewScheduleBody, ScheduleBody, ScheduleTimeBody};
use crate::client::{Client, ClientError};

#[derive(Subcommand, Debug)]
pub enum ScheduleCommand {
    List(ListArgs),
    /// Show a schedule
    Show(NamedArgs),
    Next(NextArgs),
    History(HistoryArgs),
    /// Hold a schedule: its times pass without a run
    Pause(NamedArgs),
    /// Let a paused schedule go on with its next time
    Resume(NamedArgs),
}

/// Let a campaign start by itself
///
/// It takes the place of the schedule the campaign had. The campaign may be edited until it starts;
/// what leaves is what it is then.
#[derive(Args, Debug)]
#[command(
    group = clap::ArgGroup::new("when").required(true),
    after_help = "\
Examples:
  frontier campaign schedule Spring --at 2027-03-01T09:00 --tz Europe/Madrid
  frontier campaign schedule Spring --at 2027-03-01T09:00 --not-after 2027-03-01T12:00
  frontier campaign schedule Digest --cron '0 9 * * mon' --tz Europe/Madrid
  frontier campaign schedule Spring --contact-local 09:00 --on 2027-03-01

docs/schedules.md says what happens when clocks change and when nothing ran in time."
)]
pub struct ScheduleArgs {
    /// Name or id of the campaign, or the start of one
    campaign: String,
    /// Once, as 2027-03-01T09:00, or with an offset
    #[arg(long, group = "when", value_name = "TIME")]
    at: Option<String>,
    /// Again and again: minute, hour, day, month, weekday; or @daily…
    #[arg(long, group = "when", value_name = "EXPRESSION")]
    cron: Option<String>,
    /// Once, each mail when clocks where its contact lives show this
    #[arg(long, group = "when", value_name = "HH:MM")]
    contact_local: Option<String>,
    /// The date of --contact-local [default: the next that comes everywhere]
    #[arg(long, value_name = "DATE")]
    on: Option<String>,
    /// Timezone of the times, as Europe/Madrid [default: the campaign's, or UTC]
    #[arg(long = "tz", value_name = "ZONE")]
    timezone: Option<String>,
    /// Until when a missed date may still fire [default: an hour later]
    #[arg(long, value_name = "TIME")]
    not_after: Option<String>,
    /// What becomes of times of --cron that came while nothing ran: `skip` or `run-once`
    /// [default: skip]
    #[arg(long, value_name = "RULE")]
    missed: Option<String>,
    /// Name of the schedule [default: the campaign's]
    #[arg(long)]
    name: Option<String>,
    /// A label of the schedule; give it again for more
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = super::values::pair)]
    labels: Vec<(String, String)>,
}

/// Show the schedules there are
#[derive(Args, Debug)]
pub struct ListArgs {
    /// How many rows at the most
    #[arg(long, default_value_t = 1000)]
    limit: usize,
}

/// One schedule.
#[derive(Args, Debug)]
pub struct NamedArgs {
    /// Name or id of the schedule or of its campaign, or the start of one
    schedule: String,
}

/// Show the next times of a schedule
#[derive(Args, Debug)]
pub struct NextArgs {
    /// Name or id of the schedule or of its campaign, or the start of one
    schedule: String,
    /// How many times at the most
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    count: u16,
}

/// Show what became of the times of a schedule
#[derive(Args, Debug)]
pub struct HistoryArgs {
    /// Name or id of the schedule or of its campaign, or the start of one
    schedule: String,
    /// How many rows at the most
    #[arg(long, default_value_t = 1000)]
    limit: usize,
}

const COLUMNS: &[Column<ScheduleBody>] = &[
    column("name", |one| one.schedule.name.clone().unwrap_or_default()),
    column("campaign", |one| one.campaign.clone()),
    column("when", |one| when(&one.schedule)),
    column("state", |one| one.state.clone()),
    column("next", |one| one.next_local.clone().unwrap_or_default()),
];

const TIMES: &[Column<ScheduleTimeBody>] =
    &[column("local", |one| one.local.clone()), column("at", |one| one.at.clone())];

const FIRINGS: &[Column<FiringBody>] = &[
    column("due", |one| one.due_at.clone()),
    column("outcome", |one| one.outcome.clone()),
    column("times", |one| one.times.to_string()),
    column("decided", |one| one.decided_at.clone()),
    column("reason", |one| one.reason.clone().unwrap_or_default()),
];

impl ScheduleCommand {
    pub async fn run(self, client: &Client, output: &mut Output<'_>) -> Result<(), CommandError> {
        match self {
            Self::List(args) => output.listing(
                &client.schedules(args.limit).await?,
                COLUMNS,
                "No schedules; `frontier campaign schedule NAME --at TIME` makes one.",
            ),
            Self::Show(args) => {
                let schedule = client.get_schedule(&args.schedule).await?;
                output.show(&schedule, |out| describe(&schedule, out))
            }
            Self::Next(args) => {
                let times = client.schedule_times(&args.schedule, args.count).await?;
                output.rows(&times, TIMES)?;
                if times.is_empty() {
                    output.note("No time of it is to come.");
                }
                Ok(())
            }
            Self::History(args) => output.listing(
                &client.schedule_history(&args.schedule, args.limit).await?,
                FIRINGS,
                "None of its times has come.",
            ),
            Self::Pause(args) => {
                told(&client.pause_schedule(&args.schedule).await?, "Paused", output)
            }
            Self::Resume(args) => {
                told(&client.resume_schedule(&args.schedule).await?, "Resumed", output)
            }
        }
    }
}

impl ScheduleArgs {
    pub(super) async fn run(
        self,
        client: &Client,
        output: &mut Output<'_>,
    ) -> Result<(), CommandError> {
        let new = NewScheduleBody {
            name: self.name,
            at: self.at,
            cron: self.cron,
            contact_local: self.contact_local,
            on: self.on,
            timezone: self.timezone,
            not_after: self.not_after,
            missed: self.missed.map(|rule| rule.replace('-', "_")),
            labels: self.labels.into_iter().collect(),
        };
        let made = client.schedule_campaign(&self.campaign, &new).await;
        let schedule = made.map_err(with_the_place)?;
        output.show(&schedule, |out| writeln!(out, "{}", schedule.campaign))?;
        let next = next(&schedule).unwrap_or_default();
        let name = &schedule.campaign;
        output.note(format_args!("`{name}` starts on {next}, where `frontier worker` runs."));
        Ok(())
    }
}

pub(super) async fn unschedule(
    campaign: &str,
    client: &Client,
    output: &mut Output<'_>,
) -> Result<(), CommandError> {
    let campaign = client.unschedule_campaign(campaign).await?;
    let name = &campaign.campaign.name;
    output.show(&campaign, |out| writeln!(out, "{name}"))?;
    output.note(format_args!("`{name}` has no schedule any more; it is {}.", campaign.status));
    Ok(())
}

/// When a schedule is due next, for people.
pub(super) fn next(schedule: &ScheduleBody) -> Option<String> {
    match schedule.state.as_str() {
        "paused" => Some("none, while its schedule is paused".to_owned()),
        _ => schedule.next_local.clone(),
    }
}

fn told(schedule: &ScheduleBody, what: &str, output: &mut Output<'_>) -> Result<(), CommandError> {
    let name = schedule.schedule.name.as_deref().unwrap_or(&schedule.campaign);
    output.show(schedule, |out| writeln!(out, "{name}"))?;
    output.note(format_args!("{what} the schedule `{name}`."));
    Ok(())
}

/// The rule in a word or two.
fn when(schedule: &NewScheduleBody) -> String {
    let NewScheduleBody { at, cron, contact_local, on, .. } = schedule;
    match (at, cron, contact_local) {
        (Some(at), ..) => format!("at {at}"),
        (_, Some(cron), _) => format!("cron {cron}"),
        (.., Some(time)) => format!("{time} local on {}", on.as_deref().unwrap_or_default()),
        _ => String::new(),
    }
}

fn describe(schedule: &ScheduleBody, out: &mut dyn Write) -> io::Result<()> {
    let rule = &schedule.schedule;
    writeln!(out, "{}  ({})", rule.name.as_deref().unwrap_or_default(), schedule.id)?;
    writeln!(out, "campaign   {}", schedule.campaign)?;
    writeln!(out, "when       {}", when(rule))?;
    writeln!(out, "timezone   {}", rule.timezone.as_deref().unwrap_or("UTC"))?;
    if let Some(not_after) = &rule.not_after {
        writeln!(out, "not after  {not_after}")?;
    }
    if let Some(missed) = &rule.missed {
        writeln!(out, "missed     {}", missed.replace('_', "-"))?;
    }
    for (key, value) in &rule.labels {
        writeln!(out, "label      {key}={value}")?;
    }
    writeln!(out, "state      {}", schedule.state)?;
    if let Some(next) = &schedule.next_local {
        writeln!(out, "next       {next}")?;
    }
    writeln!(out, "created    {}", schedule.created_at)
}

/// Shows where a cron expression is wrong: the expression, and the place under it.
fn with_the_place(error: ClientError) -> CommandError {
    let details = match &error {
        ClientError::Refused { error, .. } => error.details.clone(),
        ClientError::Broken(_) => None,
    };
    let error = CommandError::from(error);
    let Some(details) = details.filter(|details| details["field"] == "cron") else { return error };
    let number = |key: &str| details[key].as_u64().and_then(|n| usize::try_from(n).ok());
    match (details["text"].as_str(), number("at"), number("length")) {
        (Some(text), Some(at), Some(length)) => {
            error.hint(text).hint(format!("{}{}", " ".repeat(at), "^".repeat(length)))
        }
        _ => error,
    }
}
