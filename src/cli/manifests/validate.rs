//! `frontier validate`: what is wrong with manifests, for people and for pipelines.

use std::path::PathBuf;

use clap::Args;
use clap::builder::FalseyValueParser;

use super::{FilesArgs, files, junit, problems_in, sarif};
use crate::api::ProblemBody;
use crate::cli::error::CommandError;
use crate::cli::host::Host;
use crate::cli::out;
use crate::cli::output::{Form, Output};

/// Check manifests by themselves and against what exists
///
/// Ends with 5 when something is wrong, and with 0 when nothing is; warnings stop nothing.
#[derive(Args, Debug)]
#[command(after_help = "\
Forms beside table, json, yaml and csv:
  -o junit   a test report, as GitLab and Jenkins show it
  -o sarif   a log of findings, as GitHub code scanning shows it

Examples:
  frontier validate -f campaigns
  frontier validate -f . --offline -o sarif --out frontier.sarif")]
pub struct ValidateArgs {
    #[command(flatten)]
    files: FilesArgs,
    /// Use no workspace: what only one knows is a warning
    #[arg(
        long,
        env = "FRONTIER_OFFLINE",
        hide_env_values = true,
        value_parser = FalseyValueParser::new()
    )]
    offline: bool,
    /// The file to write the findings to; one that is there is replaced [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl ValidateArgs {
    pub async fn run(self, host: &dyn Host, output: &mut Output<'_>) -> Result<(), CommandError> {
        if let Some(path) = &self.out {
            if output.wants_people() {
                return Err(CommandError::usage("--out writes the findings for programs")
                    .hint("say as what: -o json, junit, sarif, yaml or csv"));
            }
            out::refuse_folder(path, "findings.json").await?;
        }
        let client =
            if self.offline { host.client_without_workspace() } else { host.client().await? };
        let files::Bundle { manifests, outlines } =
            files::bundle(&self.files.paths, &client).await?;
        let answer = if self.offline {
            client.check_manifests(&manifests).await
        } else {
            client.validate_manifests(&manifests).await
        };
        let (documents, findings, refusal) = match answer {
            Ok(valid) => (valid.documents.len(), valid.warnings, None),
            Err(error) => match problems_in(&error) {
                Some(problems) => (0, problems, Some(error)),
                None => return Err(error.into()),
            },
        };
        if output.wants_people() || self.out.is_some() {
            for finding in &findings {
                output.diagnostic(&finding.rendered);
            }
        }
        let report = match output.form() {
            Form::Junit => Some(junit::report(&outlines, &findings)?),
            Form::Sarif => Some(sarif::log(&findings)?),
            _ => None,
        };
        match (&self.out, report) {
            (None, Some(report)) => output.text(&report)?,
            (None, None) => output.show(&findings, |_| Ok(()))?,
            (Some(path), Some(report)) => out::write(path, &report).await?,
            (Some(path), None) => out::write(path, &output.written(&findings)?).await?,
        }
        if let Some(error) = refusal {
            return Err(super::refused(error));
        }
        output.note(summary(documents, &findings));
        Ok(())
    }
}

fn summary(documents: usize, warnings: &[ProblemBody]) -> String {
    let valid = match documents {
        1 => "1 document is valid".to_owned(),
        many => format!("{many} documents are valid"),
    };
    match warnings.len() {
        0 => format!("{valid}."),
        1 => format!("{valid}, with 1 warning."),
        many => format!("{valid}, with {many} warnings."),
    }
}
