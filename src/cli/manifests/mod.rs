//! `frontier validate`, `plan`, `diff`, `apply`, `export` and `schema`: campaigns as code.

mod apply;
mod diff;
mod export;
mod files;
mod junit;
mod markdown;
mod plan;
mod sarif;
mod saved;
mod schema;
mod validate;

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use super::error::CommandError;
use super::exit::Exit;
use super::out;
use super::output::{Form, Output};
use super::values::pair;
use crate::api::{ManifestsBody, PlanBody, ProblemBody};
use crate::client::{Client, ClientError, ClientResult};

pub(super) use apply::ApplyArgs;
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

/// What is deleted because no manifest has it.
#[derive(Args, Clone, Debug)]
pub(super) struct PruneArgs {
    /// Delete what carries the labels of --selector and is in no manifest
    #[arg(long, requires = "selector")]
    prune: bool,
    /// Labels within which to prune: `team=crm`, or several with commas
    #[arg(
        long,
        requires = "prune",
        value_name = "KEY=VALUE",
        value_delimiter = ',',
        value_parser = pair
    )]
    selector: Vec<(String, String)>,
}

/// Show what manifests would change
///
/// Ends with 2 when there are changes, and with 0 when there are none. With `-o markdown` it is a
/// comment for a merge request.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  frontier plan -f manifests                          what an apply would do
  frontier plan -f manifests -o markdown              the same, for a comment
  frontier plan -f manifests --out plan.json          to be applied as it is, later")]
pub struct PlanArgs {
    #[command(flatten)]
    files: FilesArgs,
    #[command(flatten)]
    prune: PruneArgs,
    /// Also write the plan to a file that `frontier apply FILE` carries out
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Show how manifests differ from what exists, line by line
///
/// Ends with 2 when there are differences, and with 0 when there are none.
#[derive(Args, Debug)]
pub struct DiffArgs {
    #[command(flatten)]
    files: FilesArgs,
    #[command(flatten)]
    prune: PruneArgs,
}

impl PruneArgs {
    fn labels(self) -> Option<BTreeMap<String, String>> {
        self.prune.then(|| self.selector.into_iter().collect())
    }
}

impl PlanArgs {
    pub async fn run(self, client: &Client, output: &mut Output<'_>) -> Result<(), CommandError> {
        if let Some(path) = &self.out {
            out::refuse_folder(path, "plan.json").await?;
        }
        let manifests = read(&self.files.paths, self.prune, client).await?;
        let plan = judge(client.plan_manifests(&manifests).await, output)?;
        match output.form() {
            Form::Markdown => output.text(&markdown::describe(&plan))?,
            Form::Table => output.lines(&plan::describe(&plan))?,
            _ => output.show(&plan, |_| Ok(()))?,
        }
        if let Some(path) = self.out {
            saved::write(&path, manifests, plan.clone()).await?;
            output.note(format_args!("Wrote the plan to {}.", path.display()));
        }
        told(&plan)
    }
}

impl DiffArgs {
    pub async fn run(self, client: &Client, output: &mut Output<'_>) -> Result<(), CommandError> {
        let manifests = read(&self.files.paths, self.prune, client).await?;
        let plan = judge(client.plan_manifests(&manifests).await, output)?;
        if output.wants_people() {
            output.lines(&diff::describe(&plan))?;
            if !plan.has_changes() {
                output.note("Nothing differs.");
            }
        } else {
            output.show(&plan, |_| Ok(()))?;
        }
        told(&plan)
    }
}

/// The exit code says that there are changes; there is nothing wrong to tell.
fn told(plan: &PlanBody) -> Result<(), CommandError> {
    if plan.has_changes() {
        return Err(CommandError::new(Exit::UsageOrChanges, ""));
    }
    Ok(())
}

async fn read(
    paths: &[PathBuf],
    prune: PruneArgs,
    client: &Client,
) -> Result<ManifestsBody, CommandError> {
    let manifests = files::read(paths, client).await?;
    Ok(ManifestsBody { prune: prune.labels(), ..manifests })
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
    if let Some(reasons) = reasons_to_stay(&error) {
        let message = "what is in no manifest cannot all be deleted, so nothing is changed";
        return reasons.into_iter().fold(CommandError::invalid(message), CommandError::hint);
    }
    let omitted = details(&error).and_then(|details| details.get("omitted")?.as_u64());
    let error = CommandError::from(error);
    match omitted {
        Some(1..) => error.hint("not all are shown; correct these first"),
        _ => error,
    }
}

/// Why what is to be pruned has to stay, when that is why it was refused.
fn reasons_to_stay(error: &ClientError) -> Option<Vec<String>> {
    match error {
        ClientError::Refused { error, .. } if error.code == "CANNOT_PRUNE" => {
            let reasons = error.details.as_ref()?.get("reasons")?.clone();
            serde_json::from_value(reasons).ok()
        }
        _ => None,
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
