//! `frontier contact export`.

use std::path::PathBuf;

use futures::StreamExt as _;
use tokio::io::AsyncWriteExt as _;

use crate::api::{ExportFormat, ExportQuery};
use crate::cli::error::CommandError;
use crate::cli::output::Output;
use crate::client::Client;

/// Export contacts as a file that `contact import` takes back
///
/// Cells are written as they are, also those that begin with `=` or `@`: take care when you open
/// the file in a spreadsheet, which may run them as formulas.
#[derive(clap::Args, Debug)]
pub struct ExportArgs {
    /// Only those subscribed to this list
    #[arg(long)]
    list: Option<String>,
    /// A table, or a contact a line as JSON
    #[arg(long, value_enum, default_value = "csv")]
    format: Format,
    /// The file to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    Csv,
    Ndjson,
}

impl ExportArgs {
    pub(super) async fn run(
        self,
        client: &Client,
        output: &mut Output<'_>,
    ) -> Result<(), CommandError> {
        if !output.wants_people() {
            let error = CommandError::usage("-o, --json and --jq do not shape an export");
            return Err(error.hint("--format ndjson writes a contact a line as JSON"));
        }
        let format = match self.format {
            Format::Csv => ExportFormat::Csv,
            Format::Ndjson => ExportFormat::Ndjson,
        };
        let mut pieces = client.export_contacts(&ExportQuery { list: self.list, format }).await?;
        let Some(path) = self.out else {
            while let Some(piece) = pieces.next().await {
                output.bytes(&piece?)?;
            }
            return Ok(());
        };
        let shown = path.display();
        let unwritable =
            |error| CommandError::failed(format!("{shown} cannot be written: {error}"));
        let mut file = tokio::fs::File::create(&path).await.map_err(unwritable)?;
        while let Some(piece) = pieces.next().await {
            file.write_all(&piece?).await.map_err(unwritable)?;
        }
        file.flush().await.map_err(unwritable)?;
        output.note(format_args!("Wrote {shown}."));
        Ok(())
    }
}
