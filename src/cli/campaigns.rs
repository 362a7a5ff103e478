//! `frontier campaign`: what is sent, to whom, and when.

use std::io::{self, Write};

use clap::{Args, Subcommand};

use super::confirm::Confirm;
use super::deliveries::{DeliveriesArgs, ResendArgs};
use super::error::CommandError;
use super::host::Host;
use super::output::{Column, Output, column};
use super::runs::{PreviewArgs, RunArgs, SendTestArgs, StartArgs, StatusArgs, resume, start};
use super::schedules::{ScheduleArgs, unschedule};
use super::values::{mailbox, money, pair, read_body};
use crate::api::{
    AudienceBody, CampaignBody, DuplicateBody, MailboxBody, MessageBody, MoneyBody, NewCampaignBody,
};
use crate::client::Client;

#[derive(Subcommand, Debug)]
pub enum CampaignCommand {
    Create(CreateArgs),
    List(ListArgs),
    /// Show a campaign
    Show(NamedArgs),
    Edit(EditArgs),
    /// Delete a campaign with its runs
    Delete(NamedArgs),
    Duplicate(DuplicateArgs),
    Preview(PreviewArgs),
    SendTest(SendTestArgs),
    Schedule(ScheduleArgs),
    /// Take the schedule of a campaign away
    ///
    /// One that has not started is a draft again; a run that is under way goes on, and is the last.
    Unschedule(NamedArgs),
    /// Start a campaign and send it until it is done
    ///
    /// It is sent from here. Its audience and its mails are fixed now. Ctrl-C ends the mails in hand and stops; `frontier
    /// campaign resume` goes on.
    Start(StartArgs),
    /// Pause a campaign or its schedule, from any terminal
    Pause(NamedArgs),
    /// Go on with a campaign that was paused, stopped or cut off
    Resume(RunArgs),
    /// Cancel a campaign; what has not left stays unsent
    Cancel(NamedArgs),
    /// Put a campaign that has ended, or never began, out of sight
    Archive(NamedArgs),
    Status(StatusArgs),
    Deliveries(DeliveriesArgs),
    Resend(ResendArgs),
}

/// Create a campaign
///
/// It starts as a draft: nothing is sent until `frontier campaign start`.
#[derive(Args, Debug)]
pub struct CreateArgs {
    /// Name shown in reports; no two campaigns share one
    name: String,
    /// `email`, `social_media`, `display`, `search` or `multichannel`
    #[arg(long = "type", default_value = "email", value_name = "TYPE")]
    campaign_type: String,
    #[command(flatten)]
    fields: FieldArgs,
    #[command(flatten)]
    message: MessageArgs,
}

/// What can be said of a campaign when it is made and when it is edited.
#[derive(Args, Debug)]
struct FieldArgs {
    /// A list it is for; give it again for more
    #[arg(long = "list", value_name = "LIST")]
    lists: Vec<String>,
    /// A segment to send to; give it again for more
    #[arg(long = "segment", value_name = "SEGMENT")]
    segments: Vec<String>,
    /// The channel it leaves by; without one, mails become files
    #[arg(long)]
    channel: Option<String>,
    /// The most it may cost, as `1200.00 EUR`
    #[arg(long, value_name = "AMOUNT CURRENCY", value_parser = money)]
    budget: Option<MoneyBody>,
    /// First day, as 2026-03-01
    #[arg(long, value_name = "DATE")]
    start_date: Option<String>,
    /// Last day
    #[arg(long, value_name = "DATE")]
    end_date: Option<String>,
    /// Time zone, as Europe/Madrid
    #[arg(long)]
    timezone: Option<String>,
    /// A label; give it again for more
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = pair)]
    labels: Vec<(String, String)>,
}

/// The one message that can be written on the command line.
#[derive(Args, Debug)]
#[command(next_help_heading = "Message")]
struct MessageArgs {
    /// Its subject; may have Jinja tags
    #[arg(long)]
    subject: Option<String>,
    /// The line a mailbox shows after the subject
    #[arg(long, requires = "subject")]
    preheader: Option<String>,
    /// The template of its body
    #[arg(long, requires = "subject", conflicts_with = "body")]
    template: Option<String>,
    /// The file of its body: .md, .html or .mjml
    #[arg(long, requires = "subject", value_name = "FILE")]
    body: Option<std::path::PathBuf>,
    /// Who it is from, as `Ana <ana@shop.example>`
    #[arg(long, requires = "subject", value_name = "ADDRESS", value_parser = mailbox)]
    from: Option<MailboxBody>,
    /// Where answers go
    #[arg(long, requires = "subject", value_name = "ADDRESS")]
    reply_to: Option<String>,
}

/// Show the campaigns there are
#[derive(Args, Debug)]
pub struct ListArgs {
    /// Only those that stand here: draft, active, paused, completed…
    #[arg(long)]
    status: Option<String>,
    /// How many rows at the most
    #[arg(long, default_value_t = 1000)]
    limit: usize,
}

/// One campaign.
#[derive(Args, Debug)]
pub struct NamedArgs {
    /// Name or id of the campaign, or the start of one
    campaign: String,
}

/// Change a campaign that has not been started
///
/// A message given here takes the place of the campaign's messages.
#[derive(Args, Debug)]
pub struct EditArgs {
    /// Name or id of the campaign, or the start of one
    campaign: String,
    /// Another name
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    fields: FieldArgs,
    #[command(flatten)]
    message: MessageArgs,
}

/// Copy a campaign, as a draft
#[derive(Args, Debug)]
pub struct DuplicateArgs {
    /// Name or id of the campaign, or the start of one
    campaign: String,
    /// Name of the copy [default: the original's with ` copy` after it]
    #[arg(long)]
    name: Option<String>,
}

const COLUMNS: &[Column<CampaignBody>] = &[
    column("name", |one| one.campaign.name.clone()),
    column("type", |one| one.campaign.campaign_type.clone()),
    column("status", |one| one.status.clone()),
    column("channel", |one| one.campaign.channel.clone().unwrap_or_else(|| "outbox".into())),
    column("audience", |one| {
        let AudienceBody { lists, segments } = &one.campaign.target_audience;
        [lists.as_slice(), segments].concat().join(", ")
    }),
    column("next", |one| {
        let minute = |at: &String| at.chars().take(16).collect::<String>().replace('T', " ");
        one.next_start_at.as_ref().map_or_else(String::new, |at| minute(at) + " UTC")
    }),
    column("created", |one| one.created_at.chars().take(10).collect()),
];

impl CampaignCommand {
    pub(super) const fn works(&self) -> bool {
        match self {
            Self::Start(_) | Self::Resume(_) => true,
            Self::Resend(args) => args.works(),
            _ => false,
        }
    }

    pub async fn run(
        self,
        host: &dyn Host,
        confirm: Confirm,
        output: &mut Output<'_>,
    ) -> Result<(), CommandError> {
        let client = host.client().await?;
        match self {
            Self::Create(args) => args.run(&client, output).await,
            Self::List(args) => args.run(&client, output).await,
            Self::Show(args) => {
                let campaign = client.get_campaign(&args.campaign).await?;
                output.show(&campaign, |out| describe(&campaign, out))
            }
            Self::Edit(args) => args.run(&client, output).await,
            Self::Delete(args) => {
                let campaign = client.get_campaign(&args.campaign).await?;
                let name = &campaign.campaign.name;
                let question = format!("Delete the campaign `{name}` with its runs?");
                confirm.ask(&question, output).await?;
                client.delete_campaign(&campaign.id).await?;
                output.note(format_args!("Deleted the campaign `{name}`."));
                Ok(())
            }
            Self::Duplicate(args) => {
                let copy = DuplicateBody { name: args.name };
                let campaign = client.duplicate_campaign(&args.campaign, &copy).await?;
                told(&campaign, "Created the draft", output)
            }
            Self::Preview(args) => args.run(&client, output).await,
            Self::SendTest(args) => args.run(&client, output).await,
            Self::Start(args) => start(args, host, &client, confirm, output).await,
            Self::Schedule(args) => args.run(&client, output).await,
            Self::Unschedule(args) => unschedule(&args.campaign, &client, output).await,
            Self::Pause(args) => {
                let campaign = client.pause_campaign(&args.campaign).await?;
                let waits = campaign.status == "scheduled";
                told(&campaign, if waits { "Paused the schedule of" } else { "Paused" }, output)
            }
            Self::Resume(args) => resume(args, host, &client, output).await,
            Self::Cancel(args) => {
                let campaign = client.get_campaign(&args.campaign).await?;
                let name = &campaign.campaign.name;
                let question = format!("Cancel `{name}`? What has not left stays unsent.");
                confirm.ask(&question, output).await?;
                told(&client.cancel_campaign(&campaign.id).await?, "Cancelled", output)
            }
            Self::Archive(args) => {
                told(&client.archive_campaign(&args.campaign).await?, "Archived", output)
            }
            Self::Status(args) => args.run(&client, output).await,
            Self::Deliveries(args) => args.run(&client, output).await,
            Self::Resend(args) => args.run(host, &client, confirm, output).await,
        }
    }
}

impl CreateArgs {
    async fn run(self, client: &Client, output: &mut Output<'_>) -> Result<(), CommandError> {
        let fields = self.fields;
        let new = NewCampaignBody {
            name: self.name,
            campaign_type: self.campaign_type,
            channel: fields.channel,
            target_audience: AudienceBody { lists: fields.lists, segments: fields.segments },
            budget: fields.budget,
            start_date: fields.start_date,
            end_date: fields.end_date,
            timezone: fields.timezone,
            settings: serde_json::json!({}),
            labels: fields.labels.into_iter().collect(),
            messages: self.message.message()?.into_iter().collect(),
            ..NewCampaignBody::default()
        };
        told(&client.create_campaign(&new).await?, "Created the draft", output)
    }
}

impl ListArgs {
    async fn run(self, client: &Client, output: &mut Output<'_>) -> Result<(), CommandError> {
        let campaigns = client.campaigns(self.status.as_deref(), self.limit).await?;
        output.listing(
            &campaigns,
            COLUMNS,
            "No campaigns; `frontier campaign create NAME` or `frontier apply -f FILE` makes one.",
        )
    }
}

impl EditArgs {
    async fn run(self, client: &Client, output: &mut Output<'_>) -> Result<(), CommandError> {
        let fields = self.fields;
        let mut patch = serde_json::Map::new();
        let mut set = |field: &str, value: Option<serde_json::Value>| {
            if let Some(value) = value {
                patch.insert(field.to_owned(), value);
            }
        };
        set("name", self.name.map(Into::into));
        set("channel", fields.channel.map(Into::into));
        set("start_date", fields.start_date.map(Into::into));
        set("end_date", fields.end_date.map(Into::into));
        set("timezone", fields.timezone.map(Into::into));
        set("budget", fields.budget.map(|budget| serde_json::json!(budget)));
        let audience = AudienceBody { lists: fields.lists, segments: fields.segments };
        let named = !audience.lists.is_empty() || !audience.segments.is_empty();
        set("target_audience", named.then(|| serde_json::json!(audience)));
        let labels: serde_json::Map<_, _> =
            fields.labels.into_iter().map(|(key, value)| (key, value.into())).collect();
        set("labels", (!labels.is_empty()).then(|| labels.into()));
        let message = self.message.message()?;
        set("messages", message.map(|message| serde_json::json!([message])));
        if patch.is_empty() {
            return Err(CommandError::usage("nothing to change was given")
                .hint("`frontier campaign edit --help` shows what can be"));
        }
        let campaign = client.edit_campaign(&self.campaign, &patch.into()).await?;
        told(&campaign, "Changed", output)
    }
}

impl MessageArgs {
    fn message(self) -> Result<Option<MessageBody>, CommandError> {
        let Some(subject) = self.subject else { return Ok(None) };
        let (format, body) = self.body.as_deref().map(read_body).transpose()?.unzip();
        if body.is_none() && self.template.is_none() {
            return Err(CommandError::usage("a message needs --template NAME or --body FILE"));
        }
        Ok(Some(MessageBody {
            name: "message".to_owned(),
            subject,
            preheader: self.preheader,
            template: self.template,
            format,
            body,
            text: None,
            from: self.from,
            reply_to: self.reply_to,
        }))
    }
}

/// Prints the campaign's name as data, and says what was done to it.
fn told(campaign: &CampaignBody, what: &str, output: &mut Output<'_>) -> Result<(), CommandError> {
    let name = &campaign.campaign.name;
    output.show(campaign, |out| writeln!(out, "{name}"))?;
    output.note(format_args!("{what} `{name}`."));
    Ok(())
}

fn describe(campaign: &CampaignBody, out: &mut dyn Write) -> io::Result<()> {
    let fields = &campaign.campaign;
    writeln!(out, "{}  ({})", fields.name, campaign.id)?;
    writeln!(out, "type      {}", fields.campaign_type)?;
    writeln!(out, "status    {}", campaign.status)?;
    writeln!(out, "channel   {}", fields.channel.as_deref().unwrap_or("outbox (built in)"))?;
    writeln!(out, "lists     {}", fields.target_audience.lists.join(", "))?;
    if !fields.target_audience.segments.is_empty() {
        writeln!(out, "segments  {}", fields.target_audience.segments.join(", "))?;
    }
    if let Some(budget) = &fields.budget {
        let spent = &campaign.spent;
        writeln!(out, "budget    {} {}, spent {}", budget.amount, budget.currency, spent.amount)?;
    }
    if fields.start_date.is_some() || fields.end_date.is_some() {
        let day = |date: &Option<String>| date.clone().unwrap_or_else(|| "…".to_owned());
        writeln!(out, "dates     {} to {}", day(&fields.start_date), day(&fields.end_date))?;
    }
    if let Some(timezone) = &fields.timezone {
        writeln!(out, "timezone  {timezone}")?;
    }
    for goal in &fields.goals {
        writeln!(out, "goal      {} {}", goal.target, goal.metric)?;
    }
    for (key, value) in &fields.labels {
        writeln!(out, "label     {key}={value}")?;
    }
    for message in &fields.messages {
        let body = match (&message.template, &message.format) {
            (Some(template), _) => format!("template {template}"),
            (None, Some(format)) => format!("its own {format}"),
            (None, None) => String::new(),
        };
        writeln!(out, "message   {}: {} ({body})", message.name, message.subject)?;
    }
    writeln!(out, "created   {}", campaign.created_at)?;
    writeln!(out, "version   {}", campaign.version)
}
