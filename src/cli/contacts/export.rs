//! `frontier contact export`.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::api::{ExportFormat, ExportQuery};
use crate::cli::error::CommandError;
use crate::cli::out;
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
    /// Only those of whom this expression is true, as in a segment
    #[arg(long = "where", value_name = "EXPRESSION")]
    expression: Option<String>,
    /// A table, JSON a line, or address cards [default: as the file is called, else csv]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// The file to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    Csv,
    Ndjson,
    /// vCard 4.0, for address books; without attributes
    Vcard,
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
        let by_name = self.out.as_deref().and_then(Path::extension).and_then(OsStr::to_str);
        let format = match (self.format, by_name) {
            (Some(Format::Ndjson), _) | (None, Some("ndjson" | "jsonl")) => ExportFormat::Ndjson,
            (Some(Format::Vcard), _) | (None, Some("vcf" | "vcard")) => ExportFormat::Vcard,
            (Some(Format::Csv) | None, _) => ExportFormat::Csv,
        };
        let which = ExportQuery { list: self.list, r#where: self.expression, format };
        let pieces = client.export_contacts(&which).await?;
        out::pour(pieces, self.out.as_deref(), output).await
    }
}
