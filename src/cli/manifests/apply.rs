//! `frontier apply`: what manifests say becomes so, after a look at what that means.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{PruneArgs, judge, plan, read, saved};
use crate::api::{ManifestsBody, PlanBody};
use crate::cli::confirm::Confirm;
use crate::cli::error::CommandError;
use crate::cli::output::Output;
use crate::client::Client;

/// Make what exists what manifests say, all of it or nothing
///
/// Shows the plan and asks first. Nothing is sent by it.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  frontier apply -f manifests                         shows the plan and asks
  frontier apply plan.json --yes                      what was planned, or nothing
  frontier apply -f manifests --prune --selector team=crm
  frontier apply -f spring.yaml --yes --confirm-recipients 1842")]
pub struct ApplyArgs {
    /// A plan that `frontier plan --out` wrote: carried out as it is, or not at all
    #[arg(value_name = "PLAN", conflicts_with_all = ["paths", "prune", "selector"])]
    plan: Option<PathBuf>,
    /// Manifests: files, folders with *.yaml and *.yml in them, or - for standard input
    #[arg(
        short = 'f',
        long = "file",
        required_unless_present = "plan",
        num_args = 1..,
        value_name = "PATH"
    )]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    prune: PruneArgs,
    /// Refuse unless the campaigns that it touches have so many recipients, as the plan counts them
    #[arg(long, value_name = "N", env = "FRONTIER_CONFIRM_RECIPIENTS", hide_env_values = true)]
    confirm_recipients: Option<u64>,
}

impl ApplyArgs {
    pub async fn run(
        self,
        client: &Client,
        confirm: Confirm,
        output: &mut Output<'_>,
    ) -> Result<(), CommandError> {
        let (mut manifests, plan) = if let Some(path) = &self.plan {
            planned(path, client, output).await?
        } else {
            let manifests = read(&self.paths, self.prune, client).await?;
            let plan = judge(client.plan_manifests(&manifests).await, output)?;
            (manifests, plan)
        };
        let (people, described) = (output.wants_people(), plan::describe(&plan));
        if people {
            output.lines(&described)?;
        } else {
            for (_, line) in &described {
                output.note(line);
            }
        }
        if let Some(confirmed) = self.confirm_recipients.filter(|n| *n != plan.recipients) {
            let found = plan::people(plan.recipients);
            let message = format!("the plan has {found}, and {confirmed} were confirmed");
            return Err(CommandError::invalid(message).hint("nothing was changed"));
        }
        let changes = plan.has_changes();
        if changes {
            confirm.ask(&plan::question(&plan), output).await?;
        }
        manifests.fingerprint = Some(plan.fingerprint);
        manifests.confirm_recipients = self.confirm_recipients;
        // Without changes it is still noted what was applied, so that later ones are noticed.
        let done = judge(client.apply_manifests(&manifests).await, output)?;
        if changes {
            output.note(plan::done(&done));
        }
        if !people {
            output.show(&done, |_| Ok(()))?;
        }
        Ok(())
    }
}

/// The manifests of a plan that was saved, and what has to be done, which is what it says.
async fn planned(
    path: &Path,
    client: &Client,
    output: &mut Output<'_>,
) -> Result<(ManifestsBody, PlanBody), CommandError> {
    let saved = saved::read(path).await?;
    let here = client.plan_manifests(&ManifestsBody::default()).await?.workspace;
    if here != saved.workspace() {
        let message = format!("{} is a plan for another workspace", path.display());
        return Err(CommandError::invalid(message)
            .hint("--workspace or FRONTIER_WORKSPACE names the one it is for"));
    }
    let manifests = saved.manifests();
    let plan = judge(client.plan_manifests(&manifests).await, output)?;
    saved.still_holds(&plan)?;
    Ok((manifests, plan))
}
