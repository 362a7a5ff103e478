//! `frontier init`: a folder becomes a workspace.

use std::path::PathBuf;

use clap::Args;

use super::error::CommandError;
use super::host::{Host, PartState};
use super::output::Output;

/// Make a folder a workspace: its settings and its data
///
/// It writes a commented `frontier.yaml`, a private data folder `.frontier/`, and sees to it that
/// git ignores the data and the mails of the outbox. What is there already stays as it is.
///
/// Commands run anywhere inside the folder use this workspace; outside of any, they use your own in
/// your data folder.
#[derive(Args, Debug)]
pub struct InitArgs {
    /// The folder, made when missing
    #[arg(default_value = ".", hide_default_value = true)]
    dir: PathBuf,
}

impl InitArgs {
    pub(super) fn run(self, host: &dyn Host, output: &mut Output<'_>) -> Result<(), CommandError> {
        let made = host.init(&self.dir)?;
        output.show(&made, |out| writeln!(out, "{}", made.dir.display()))?;
        for part in &made.parts {
            let what = match part.state {
                PartState::Made => "made",
                PartState::Extended => "added a line to",
                PartState::Kept => "kept",
            };
            output.note(format_args!("  {what} {}", part.name));
        }
        if let Some(around) = &made.inside {
            output.note(format_args!(
                "It lies inside the workspace {}; commands run in here use this one.",
                around.display()
            ));
        }
        if made.parts.iter().all(|part| part.state == PartState::Kept) {
            output.note("It was a workspace already.");
        } else {
            output.note("Next:");
            output.note("  frontier config set sender.email YOU@DOMAIN");
            output.note("  frontier doctor");
            output.note("  frontier list create NAME");
        }
        Ok(())
    }
}
