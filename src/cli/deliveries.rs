//! The ledger at the terminal: `campaign deliveries`, `campaign resend`, `contact show --history`.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use clap::Args;

use super::confirm::Confirm;
use super::error::CommandError;
use super::host::Host;
use super::out;
use super::output::{Column, Form, Output, column};
use super::runs::follow;
use crate::api::{
    DeliveryBody, DeliveryFormat, DeliveryQuery, PastDeliveryBody, ResendBody, ResendRequestBody,
};
use crate::client::Client;

/// Show the ledger of a campaign's run
///
/// A row is one message to one contact. What a filter is asked for must be true of each row that is
/// shown.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  frontier campaign deliveries Spring --state failed --code 5xx
  frontier campaign deliveries Spring --enhanced 5.7.x --domain gmail.com
  frontier campaign deliveries Spring --all --out spring.csv
  frontier campaign deliveries Spring --all --format ndjson | jq -r .email")]
pub struct DeliveriesArgs {
    /// Name or id of the campaign, or the start of one
    campaign: String,
    /// Id of the run, or the start of it [default: the last]
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
    /// Only these states, separated by commas; `missed`: too late, or left over
    #[arg(long)]
    state: Option<String>,
    #[command(flatten)]
    which: WhichArgs,
    /// How many rows at the most
    #[arg(long, default_value_t = 1000)]
    limit: usize,
    /// All rows, as a file; cells are written as they are
    #[arg(long, conflicts_with = "limit")]
    all: bool,
    /// With --all: a table, or JSON a line [default: as the file is called, else csv]
    #[arg(long, value_enum, requires = "all")]
    format: Option<Format>,
    /// With --all: the file to write [default: standard output]
    #[arg(long, value_name = "FILE", requires = "all")]
    out: Option<PathBuf>,
}

/// Which rows, besides their state.
#[derive(Args, Debug)]
struct WhichArgs {
    /// Only these codes of servers: 550, or 4xx for a class; separated by commas
    #[arg(long)]
    code: Option<String>,
    /// Only this enhanced code of servers: 5.1.1, or 5.7.x
    #[arg(long, value_name = "CODE")]
    enhanced: Option<String>,
    /// Only to addresses of this domain
    #[arg(long)]
    domain: Option<String>,
    /// Only to this address, or to the contact who has it now
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// Only of this message: its name or id
    #[arg(long)]
    message: Option<String>,
    /// Only settled then or later: 2026-03-01T09:00:00Z, or a day in UTC
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only settled before
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    Csv,
    Ndjson,
}

/// Send mails again that failed, in the run they were of
///
/// Never those that were accepted, nor those to contacts who are suppressed, were deleted or have
/// left. A mail keeps its Message-ID and gets all its attempts anew. The campaign must have ended, or
/// be paused; it goes on from here as with `frontier campaign resume`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  frontier campaign resend Spring --code 4xx --dry-run
  frontier campaign resend Spring --state failed --domain gmail.com
  frontier campaign resend Spring --state missed --yes")]
pub struct ResendArgs {
    /// Name or id of the campaign, or the start of one
    campaign: String,
    /// `failed`, or `missed`: those that nobody was there to send in time
    #[arg(long, default_value = "failed")]
    state: String,
    #[command(flatten)]
    which: WhichArgs,
    /// Refuse unless so many mails are sent again; whoever says so is not asked
    #[arg(long, value_name = "N", env = "FRONTIER_CONFIRM_RECIPIENTS", hide_env_values = true)]
    confirm_recipients: Option<u64>,
    /// Only say how many would be sent again
    #[arg(long)]
    dry_run: bool,
    /// Stop when only deferred mails wait; `frontier campaign resume` offers them again later
    #[arg(long)]
    leave_deferred: bool,
}

const COLUMNS: &[Column<DeliveryBody>] = &[
    column("email", |one| one.email.clone()),
    column("state", |one| one.state.clone()),
    column("attempts", |one| one.attempts.to_string()),
    column("code", |one| one.code.map_or_else(String::new, |code| code.to_string())),
    column("reply", |one| one.reply.clone().unwrap_or_default()),
    column("settled", |one| one.settled_at.clone().unwrap_or_default()),
];

const HISTORY: &[Column<PastDeliveryBody>] = &[
    column("campaign", |one| one.campaign.clone()),
    column("message", |one| one.message.clone().unwrap_or_default()),
    column("state", |one| one.delivery.state.clone()),
    column("code", |one| one.delivery.code.map_or_else(String::new, |code| code.to_string())),
    column("reply", |one| one.delivery.reply.clone().unwrap_or_default()),
    column("started", |one| one.started_at.clone()),
    column("settled", |one| one.delivery.settled_at.clone().unwrap_or_default()),
];

impl DeliveriesArgs {
    pub(super) async fn run(
        self,
        client: &Client,
        output: &mut Output<'_>,
    ) -> Result<(), CommandError> {
        let run = self.run.as_deref();
        let which = self.which.query(self.state);
        if !self.all {
            let found = client.deliveries(&self.campaign, run, &which, self.limit).await?;
            return output.listing(&found, COLUMNS, "No such deliveries.");
        }
        let by_name = self.out.as_deref().and_then(Path::extension).and_then(OsStr::to_str);
        let format = match (output.form(), self.format, by_name) {
            (Form::Table, Some(Format::Ndjson), _)
            | (Form::Table, None, Some("ndjson" | "jsonl")) => DeliveryFormat::Ndjson,
            (Form::Table, ..) | (Form::Csv, None | Some(Format::Csv), _) => DeliveryFormat::Csv,
            _ => {
                let error = CommandError::usage("-o, --json and --jq do not shape an export");
                return Err(error.hint("--format ndjson writes a delivery a line as JSON"));
            }
        };
        let pieces = client.export_deliveries(&self.campaign, run, &which, format).await?;
        out::pour(pieces, self.out.as_deref(), output).await
    }
}

impl WhichArgs {
    fn query(self, state: Option<String>) -> DeliveryQuery {
        DeliveryQuery {
            state,
            code: self.code,
            enhanced: self.enhanced,
            domain: self.domain,
            email: self.email,
            message: self.message,
            since: self.since,
            until: self.until,
        }
    }
}

impl ResendArgs {
    /// Whether mails are sent by it.
    pub(super) const fn works(&self) -> bool {
        !self.dry_run
    }

    pub(super) async fn run(
        self,
        host: &dyn Host,
        client: &Client,
        confirm: Confirm,
        output: &mut Output<'_>,
    ) -> Result<(), CommandError> {
        let which = self.which.query(Some(self.state));
        let mut request = ResendRequestBody {
            state: which.state,
            code: which.code,
            enhanced: which.enhanced,
            domain: which.domain,
            email: which.email,
            message: which.message,
            since: which.since,
            until: which.until,
            confirm_recipients: None,
            dry_run: true,
        };
        let planned = client.resend(&self.campaign, &request).await?;
        if self.dry_run {
            output.show(&planned, |out| writeln!(out, "{}", plan(&planned)))?;
            return Ok(());
        }
        if self.confirm_recipients.is_none() && planned.resent > 0 {
            confirm.ask(&format!("{} Send them?", plan(&planned)), output).await?;
        }
        request.confirm_recipients = self.confirm_recipients.or(Some(planned.resent));
        request.dry_run = false;
        let resent = client.resend(&planned.campaign.id, &request).await?;
        output.note(format_args!("Sending {} again.", resent.resent));
        follow(host, client, &resent.campaign.id, self.leave_deferred, output).await
    }
}

/// What would be sent again, in words.
fn plan(planned: &ResendBody) -> String {
    let ResendBody { resent, held_back, waiting, .. } = planned;
    let name = &planned.campaign.campaign.name;
    let held_back = match held_back {
        0 => String::new(),
        some => format!(
            " {some} more match, and are not: their contacts are suppressed, were deleted or have left."
        ),
    };
    let waiting = match waiting {
        0 => String::new(),
        some => format!(" {some} that wait already would leave as well."),
    };
    format!("{resent} of the mails of `{name}` would be sent again.{held_back}{waiting}")
}

/// Shows what was and is to be sent to a contact.
pub(super) async fn history(
    contact: &str,
    limit: usize,
    client: &Client,
    output: &mut Output<'_>,
) -> Result<(), CommandError> {
    let found = client.contact_deliveries(contact, limit).await?;
    output.listing(&found, HISTORY, "Nothing was sent to this contact.")
}
