//! `frontier validate`, `plan`, `apply`, `export` and `schema`: campaigns as code.

mod export;
mod files;
mod junit;
mod plan;
mod sarif;
mod schema;
mod validate;

use std::path::PathBuf;

use clap::Args;

use super::confirm::Confirm;
use super::error::CommandError;
use super::exit::Exit;
use super::output::Output;
use crate::api::{ManifestsBody, ProblemBody};
use crate::client::{Client, ClientError, ClientResult};

pub(super) use export::ExportArgs;
pub(super) use schema::SchemaArgs;
pub(super) use validate::ValidateArgs;

/// Which manifests.
#[derive(Args, Debug)]
pub(super) struct FilesArgs {
    /// Manifests: files, folders with *.yaml and *.yml in them, or - for standard input
    #[arg(short = 'f', long = "file", required = true, num_args = 1.., value_name = "PATH")]
    paths: Vec<PathBuf>,
}

/// Show what manifests would change
///
/// Ends with 2 when there are changes, and with 0 when there are none.
#[derive(Args, Debug)]
pub struct PlanArgs {
    #[command(flatten)]
    files: FilesArgs,
}

/// Make what exists what manifests say, all of it or nothing
///
/// Shows the plan and asks first.
#[derive(Args, Debug)]
pub struct ApplyArgs {
    #[command(flatten)]
    files: FilesArgs,
}

impl PlanArgs {
    pub async fn run(self, client: &Client, output: &mut Output<'_>) -> Result<(), CommandError> {
        let manifests = files::read(&self.files.paths, client).await?;
        let plan = judge(client.plan_manifests(&manifests).await, output)?;
        output.show(&plan, |out| out.write_all(plan::describe(&plan).as_bytes()))?;
        if plan::has_changes(&plan) {
            // The exit code says it; there is nothing wrong to tell.
            return Err(CommandError::new(Exit::UsageOrChanges, ""));
        }
        Ok(())
    }
}

impl ApplyArgs {
    pub async fn run(
        self,
        client: &Client,
        confirm: Confirm,
        output: &mut Output<'_>,
    ) -> Result<(), CommandError> {
        let manifests = files::read(&self.files.paths, client).await?;
        let plan = judge(client.plan_manifests(&manifests).await, output)?;
        let people = output.wants_people();
        if people {
            output.text(&plan::describe(&plan))?;
        } else {
            output.note(plan::describe(&plan).trim_end());
        }
        let mut done = plan;
        if plan::has_changes(&done) {
            confirm.ask("Apply these changes?", output).await?;
            let fingerprint = Some(done.fingerprint);
            let manifests = ManifestsBody { fingerprint, ..manifests };
            done = judge(client.apply_manifests(&manifests).await, output)?;
            output.note(plan::done(&done));
        }
        if !people {
            output.show(&done, |_| Ok(()))?;
        }
        Ok(())
    }
}

/// Prints the problems of manifests that were refused.
fn judge<T>(result: ClientResult<T>, output: &mut Output<'_>) -> Result<T, CommandError> {
    let error = match result {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    for problem in problems_in(&error).unwrap_or_default() {
        output.diagnostic(&problem.rendered);
    }
    Err(refused(error))
}

/// What is wrong with manifests, when that is why they were refused.
fn problems_in(error: &ClientError) -> Option<Vec<ProblemBody>> {
    let details = details(error)?;
    let problems = details.get("problems").cloned().unwrap_or_default();
    Some(serde_json::from_value(problems).unwrap_or_default())
}

/// How a command ends whose manifests were refused; their problems are told.
fn refused(error: ClientError) -> CommandError {
    let omitted = details(&error).and_then(|details| details.get("omitted")?.as_u64());
    let error = CommandError::from(error);
    match omitted {
        Some(1..) => error.hint("not all are shown; correct these first"),
        _ => error,
    }
}

fn details(error: &ClientError) -> Option<&serde_json::Value> {
    match error {
        ClientError::Refused { error, .. } if error.code == "INVALID_MANIFEST" => {
            error.details.as_ref()
        }
        _ => None,
    }
}
