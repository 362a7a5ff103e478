//! What imports share: a file that is sent as it is read, a bar, and a file of rejected rows.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use axum::body::Body;
use futures::{Stream, StreamExt as _};
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufWriter};
use tokio_util::io::ReaderStream;

use super::error::CommandError;
use super::exit::Exit;
use super::output::Output;
use super::progress;
use crate::api::ImportEvent;
use crate::client::ClientResult;

/// Bytes read from the file at a time.
const PIECE: usize = 64 * 1024;
/// How every file of rejects begins; only such a file is written over.
const REJECTS_HEADER: [&str; 2] = ["line", "reason"];

/// A file to import, and where its rejected rows go.
#[derive(clap::Args, Debug)]
pub(super) struct FileArgs {
    /// The CSV file
    file: PathBuf,
    /// What stands between cells: a character, or `tab` [default: found out]
    #[arg(long, value_name = "CHAR")]
    pub(super) delimiter: Option<String>,
    /// Only say what would happen
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Where to write rejected rows [default: FILE.rejects.csv, when there are any]
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
}

/// A file that is being imported.
pub(super) struct Import {
    /// Bytes of the file.
    total: u64,
    rejects: Rejects,
}

/// The file of rejected rows, made when there is one.
struct Rejects {
    path: PathBuf,
    columns: Vec<String>,
    file: Option<BufWriter<File>>,
}

impl FileArgs {
    /// Opens the file.
    ///
    /// # Errors
    /// When it cannot be read, or when the file of rejects would overwrite another file.
    pub(super) async fn open(&self) -> Result<(Body, Import), CommandError> {
        let shown = self.file.display();
        let unreadable = |error: std::io::Error| {
            let missing = error.kind() == std::io::ErrorKind::NotFound;
            let exit = if missing { Exit::NotFound } else { Exit::Failed };
            CommandError::new(exit, format!("{shown} cannot be read: {error}"))
        };
        let file = File::open(&self.file).await.map_err(unreadable)?;
        let about = file.metadata().await.map_err(unreadable)?;
        if about.is_dir() {
            return Err(CommandError::usage(format!("{shown} is a folder; name a CSV file")));
        }
        let rejects = Rejects::at(self.rejects.clone().unwrap_or_else(|| beside(&self.file)));
        rejects.check().await?;
        let body = Body::from_stream(ReaderStream::with_capacity(file, PIECE));
        Ok((body, Import { total: about.len(), rejects }))
    }
}

impl Import {
    /// Follows an import to its end; gives its summary, and the first event, the header, to
    /// `header` when it comes.
    pub(super) async fn follow<S>(
        mut self,
        mut events: impl Stream<Item = ClientResult<ImportEvent<S>>> + Unpin,
        output: &mut Output<'_>,
    ) -> Result<S, CommandError> {
        let bar = progress::bytes(self.total, output);
        let mut summary = None;
        let mut rejected = 0;
        while let Some(event) = events.next().await {
            match event? {
                ImportEvent::Header { columns, .. } => self.rejects.columns = columns,
                ImportEvent::Progress { rows, bytes } => {
                    bar.set_position(bytes);
                    bar.set_message(format!("{rows} rows"));
                }
                ImportEvent::Reject { line, reason, record } => {
                    rejected += 1;
                    self.rejects.write(line, &reason, record).await?;
                }
                ImportEvent::Summary(done) => summary = Some(done),
                ImportEvent::Error { error } => return Err(CommandError::failed(error.message)),
            }
        }
        bar.finish_and_clear();
        if let Some(path) = self.rejects.finish().await? {
            let rows = if rejected == 1 { "row was" } else { "rows were" };
            output.note(format_args!("{rejected} {rows} rejected; {} says why.", path.display()));
        }
        summary.ok_or_else(|| CommandError::failed("the import ended without its summary"))
    }
}

impl Rejects {
    const fn at(path: PathBuf) -> Self {
        Self { path, columns: Vec::new(), file: None }
    }

    /// Refuses to write over anything but an earlier file of rejects.
    async fn check(&self) -> Result<(), CommandError> {
        let mut beginning = Vec::new();
        match File::open(&self.path).await {
            Ok(file) => file.take(11).read_to_end(&mut beginning).await?,
            Err(_) => return Ok(()),
        };
        if beginning.is_empty() || beginning == REJECTS_HEADER.join(",").as_bytes() {
            return Ok(());
        }
        let path = self.path.display();
        Err(CommandError::usage(format!("{path} exists and is no file of rejects"))
            .hint("--rejects FILE writes them elsewhere"))
    }

    async fn write(
        &mut self,
        line: u64,
        reason: &str,
        record: Vec<String>,
    ) -> Result<(), CommandError> {
        if self.file.is_none() {
            let mut file = BufWriter::new(File::create(&self.path).await.map_err(|error| {
                let path = self.path.display();
                CommandError::failed(format!("{path} cannot be written: {error}"))
                    .hint("--rejects FILE writes the rejected rows elsewhere")
            })?);
            let header = REJECTS_HEADER.into_iter().map(str::to_owned);
            file.write_all(&csv_line(header.chain(self.columns.iter().cloned()))?).await?;
            self.file = Some(file);
        }
        if let Some(file) = &mut self.file {
            let cells = [line.to_string(), reason.to_owned()].into_iter().chain(record);
            file.write_all(&csv_line(cells)?).await?;
        }
        Ok(())
    }

    /// Writes what is left; says where, when anything was rejected.
    async fn finish(self) -> Result<Option<PathBuf>, CommandError> {
        let Some(mut file) = self.file else { return Ok(None) };
        file.flush().await?;
        Ok(Some(self.path))
    }
}

fn csv_line(cells: impl Iterator<Item = String>) -> Result<Vec<u8>, CommandError> {
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    writer.write_record(cells.collect::<Vec<_>>()).map_err(std::io::Error::from)?;
    writer.into_inner().map_err(|error| CommandError::failed(error.to_string()))
}

fn beside(file: &Path) -> PathBuf {
    let mut name = OsString::from(file.file_stem().unwrap_or(file.as_os_str()));
    name.push(".rejects.csv");
    file.with_file_name(name)
}
