//! `frontier demo`: the main job on an example, in a workspace of its own.
//!
//! It runs the commands a person would type, by the same code: each step is parsed as a command
//! line and printed as one. The files are those of `examples/spring-launch/`.

use std::path::{Path, PathBuf};

use clap::{Args, Parser as _};
use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::Cli;
use super::confirm::Confirm;
use super::error::CommandError;
use super::exit::Exit;
use super::host::Host;
use super::output::Output;

/// Run the main job on an example campaign
///
/// Nothing leaves this machine. It makes a workspace in a new temporary folder, imports about 2,000 made-up contacts with
/// realistic dirt, applies a campaign that is written as a file, sends it into the outbox folder and
/// reports on it.
#[derive(Args, Debug)]
pub struct DemoArgs {
    /// The folder to make the workspace in [default: a new temporary one]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

macro_rules! example {
    ($($file:literal),+ $(,)?) => {
        &[$(($file, include_bytes!(concat!("../../examples/spring-launch/", $file)))),+]
    };
}

/// The example's files.
const FILES: &[(&str, &[u8])] = example![
    "campaign.yaml",
    "contacts.csv",
    "suppressions.csv",
    "templates/layout.mjml",
    "templates/spring.mjml",
];

/// What is shown, and how it is typed.
const STEPS: &[(&str, &[&str])] = &[
    ("Make this folder a workspace", &["init", "."]),
    (
        "Import the contacts: duplicates are merged, bad addresses go to a file of rejects",
        &["contact", "import", "contacts.csv", "--list", "spring-customers"],
    ),
    (
        "Import the addresses that must never be sent to",
        &["suppression", "import", "suppressions.csv"],
    ),
    ("Check the campaign file", &["validate", "-f", "campaign.yaml"]),
    ("See what it would change", &["plan", "-f", "campaign.yaml"]),
    ("Apply it, all or nothing", &["apply", "-f", "campaign.yaml", "--yes"]),
    (
        "Look at the mail as one contact gets it",
        &["campaign", "preview", "spring-launch", "--contact", CONTACT],
    ),
    ("Send the campaign", &["campaign", "start", "spring-launch"]),
    (
        "Ask the ledger who was left out",
        &["campaign", "deliveries", "spring-launch", "--state", "suppressed", "--limit", "5"],
    ),
    ("Read the report here", &["report", "create", "spring-launch"]),
    (
        "Write the report as a page with charts",
        &["report", "create", "spring-launch", "--out", REPORT],
    ),
];

/// A contact of the example.
const CONTACT: &str = "jordi200@hotmail.example";
const REPORT: &str = "report.html";

impl DemoArgs {
    pub(super) async fn run(
        self,
        host: &dyn Host,
        output: &mut Output<'_>,
    ) -> Result<(), CommandError> {
        let dir = match self.dir {
            Some(dir) => dir,
            None => host.temporary_folder("frontier-demo")?,
        };
        // It must name the same folder from inside it.
        let dir = std::path::absolute(dir)?;
        lay_out(&dir)?;
        // The steps name files as a person in that folder would.
        std::env::set_current_dir(&dir)
            .map_err(|error| CommandError::failed(format!("{}: {error}", dir.display())))?;
        let host = host.at(&dir);
        for (number, (what, step)) in (1..).zip(STEPS) {
            output.text(&format!("\n{number}. {what}\n   $ frontier {}\n", step.join(" ")))?;
            perform(step, host.as_ref(), output).await?;
        }
        host.leave().await;
        let shown = dir.display();
        output.text(&format!(
            "\nDone. Nothing left this machine.\n  workspace  {shown}\n  mails      \
             {shown}/outbox/casa-verde/*.eml\n  report     {shown}/{REPORT}\n"
        ))
    }
}

/// Runs one step; boxed, since a command runs commands here.
fn perform<'a>(
    step: &'a [&'a str],
    host: &'a dyn Host,
    output: &'a mut Output<'_>,
) -> BoxFuture<'a, Result<(), CommandError>> {
    async move {
        let cli = Cli::try_parse_from(std::iter::once("frontier").chain(step.iter().copied()))
            .map_err(|error| CommandError::failed(error.to_string()))?;
        match cli.command.run(host, Confirm::Yes, output).await {
            // A plan with changes is what this step is about.
            Err(error) if error.exit == Exit::UsageOrChanges && error.message.is_empty() => Ok(()),
            other => other,
        }
    }
    .boxed()
}

/// Writes the example's files into `dir`, over nothing that is there.
fn lay_out(dir: &Path) -> Result<(), CommandError> {
    for (name, bytes) in FILES {
        let path = dir.join(name);
        let failed =
            |error: std::io::Error| CommandError::failed(format!("{}: {error}", path.display()));
        if path.exists() {
            let error = CommandError::invalid(format!("{} is there already", path.display()));
            return Err(error.hint("name a folder that is empty or does not exist"));
        }
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        std::fs::write(&path, bytes).map_err(failed)?;
    }
    Ok(())
}
