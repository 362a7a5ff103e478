//! Saved reports at the prompt.

use std::io::{self, Write};

use clap::Args;

use super::{DocumentArgs, Format};
use crate::api::{NewSavedReportBody, SavedReportBody};
use crate::cli::confirm::Confirm;
use crate::cli::error::CommandError;
use crate::cli::output::{Column, Output, column};
use crate::client::{Client, ClientError};

/// Keep a report under a name, or change the one of that name
///
/// No figures are kept: `frontier report run NAME` makes the report anew each time.
#[derive(Args, Debug)]
pub struct SaveArgs {
    /// Name of the report, which no two saved reports share
    name: String,
    /// The campaign: its name, its id, or the start of one
    campaign: String,
    /// The form of the report when no other is asked for
    #[arg(long, value_enum, default_value = "terminal")]
    format: Format,
}

/// Show the reports that were saved
#[derive(Args, Debug)]
pub struct ListArgs {
    /// How many rows at the most
    #[arg(long, default_value_t = 1000)]
    limit: usize,
}

/// One saved report.
#[derive(Args, Debug)]
pub struct NamedArgs {
    /// Name or id of the saved report, or the start of one
    report: String,
}

/// Make a saved report anew
#[derive(Args, Debug)]
pub struct RunArgs {
    #[command(flatten)]
    report: NamedArgs,
    #[command(flatten)]
    document: DocumentArgs,
}

const COLUMNS: &[Column<SavedReportBody>] = &[
    column("name", |one| one.report.name.clone()),
    column("campaign", |one| one.report.campaign.clone()),
    column("format", |one| one.report.format.clone().unwrap_or_default()),
];

impl SaveArgs {
    pub async fn run(self, client: &Client, output: &mut Output<'_>) -> Result<(), CommandError> {
        let (name, campaign) = (self.name, self.campaign);
        let format = Some(self.format.word().to_owned());
        let mut new =
            NewSavedReportBody { name, campaign, format, ..NewSavedReportBody::default() };
        let saved = match client.create_report(&new).await {
            Err(ClientError::Refused { error, .. }) if error.code == "REPORT_NAME_TAKEN" => {
                let old = client.get_saved_report(&new.name).await?;
                new.labels = old.report.labels;
                client.replace_report(&old.id, &new).await?
            }
            saved => saved?,
        };
        let name = &saved.report.name;
        output.show(&saved, |out| writeln!(out, "{name}"))?;
        output.note(format_args!("Saved; `frontier report run {name}` makes it."));
        Ok(())
    }
}

impl ListArgs {
    pub async fn run(self, client: &Client, output: &mut Output<'_>) -> Result<(), CommandError> {
        let reports = client.reports(self.limit).await?;
        let none = "No saved reports; `frontier report save NAME CAMPAIGN` keeps one.";
        output.listing(&reports, COLUMNS, none)
    }
}

impl NamedArgs {
    pub async fn show(self, client: &Client, output: &mut Output<'_>) -> Result<(), CommandError> {
        let saved = client.get_saved_report(&self.report).await?;
        output.show(&saved, |out| describe(&saved.report, out))
    }

    pub async fn delete(
        self,
        client: &Client,
        confirm: Confirm,
        output: &mut Output<'_>,
    ) -> Result<(), CommandError> {
        let saved = client.get_saved_report(&self.report).await?;
        let name = &saved.report.name;
        confirm.ask(&format!("Delete the saved report `{name}`?"), output).await?;
        client.delete_report(&saved.id).await?;
        output.note(format_args!("Deleted the saved report `{name}`."));
        Ok(())
    }
}

impl RunArgs {
    pub async fn run(self, client: &Client, output: &mut Output<'_>) -> Result<(), CommandError> {
        self.document.refuse_data_as_document(output)?;
        let saved = client.get_saved_report(&self.report.report).await?;
        if !output.wants_people() {
            return output.show(&client.report(&saved.report.campaign).await?, |_| Ok(()));
        }
        let form = self.document.form().or(saved.report.format.as_deref());
        self.document.refuse_folder().await?;
        let document = client.run_report(&saved.id, form).await?;
        self.document.write(&document, output).await
    }
}

/// A line for each thing that is said.
fn describe(report: &NewSavedReportBody, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "name      {}", report.name)?;
    writeln!(out, "campaign  {}", report.campaign)?;
    writeln!(out, "format    {}", report.format.as_deref().unwrap_or_default())
}
