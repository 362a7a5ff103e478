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
const PIECE: usize = 256 * 1024;
/// How every file of rejects begins; only such a file is written over.
const REJECTS_HEADER: [&str; 2] = ["line", "reason"];

/// A file to import, and where its rejected rows go.
#[derive(clap::Args, Debug)]
pub(super) struct FileArgs {
    /// The file: CSV, JSON or an object a line, also as gz or zip; `-` reads standard input
    file: PathBuf,
    /// What it is made of: csv, json or ndjson [default: found out]
    #[arg(long, value_name = "FORMAT")]
    pub(super) format: Option<String>,
    /// What it is written in, as windows-1252 [default: found out]
    #[arg(long, value_name = "NAME")]
    pub(super) encoding: Option<String>,
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
    /// Bytes of the file, when that is known.
    total: Option<u64>,
    rejects: Rejects,
    /// Whether it is told what the columns were taken for.
    pub(super) tells_columns: bool,
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
        let rejects = |beside: PathBuf| Rejects::at(self.rejects.clone().unwrap_or(beside));
        if self.is_stdin() {
            let rejects = rejects(beside(Path::new("stdin")));
            rejects.check().await?;
            let body = Body::from_stream(ReaderStream::with_capacity(tokio::io::stdin(), PIECE));
            return Ok((body, Import { total: None, rejects, tells_columns: false }));
        }
        let shown = self.file.display();
        let unreadable = |error: std::io::Error| {
            let missing = error.kind() == std::io::ErrorKind::NotFound;
            let exit = if missing { Exit::NotFound } else { Exit::Failed };
            CommandError::new(exit, format!("{shown} cannot be read: {error}"))
        };
        let file = File::open(&self.file).await.map_err(unreadable)?;
        let about = file.metadata().await.map_err(unreadable)?;
        if about.is_dir() {
            return Err(CommandError::usage(format!("{shown} is a folder; name a file")));
        }
        let rejects = rejects(beside(&self.file));
        rejects.check().await?;
        let body = Body::from_stream(ReaderStream::with_capacity(file, PIECE));
        Ok((body, Import { total: Some(about.len()), rejects, tells_columns: false }))
    }

    fn is_stdin(&self) -> bool {
        self.file.as_os_str() == "-"
    }
}

impl Import {
    /// Follows an import to its end: draws how far it is, writes down what is rejected, and gives
    /// the summary.
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
                ImportEvent::Header { format, columns, targets, remembered } => {
                    if self.tells_columns {
                        output.note(columns_told(&targets, &remembered));
                    }
                    self.rejects.columns = match format.as_str() {
                        "json" => vec!["item".to_owned(), "record".to_owned()],
                        "ndjson" => vec!["record".to_owned()],
                        _ => columns,
                    };
                }
                ImportEvent::Progress { rows, bytes } => {
                    bar.set_position(bytes);
                    bar.set_message(format!("{rows} rows"));
                }
                ImportEvent::Reject { line, item, reason, record } => {
                    rejected += 1;
                    let item = item.map(|item| item.to_string());
                    let cells = item.into_iter().chain(record).collect();
                    self.rejects.write(line, &reason, cells).await?;
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

/// What the columns were taken for, in a sentence.
fn columns_told(
    targets: &serde_json::Map<String, serde_json::Value>,
    remembered: &[String],
) -> String {
    let told = targets.iter().map(|(target, heading)| {
        let again = if remembered.contains(target) { " (remembered)" } else { "" };
        format!("{target} from `{}`{again}", heading.as_str().unwrap_or_default())
    });
    format!("Took {}.", told.collect::<Vec<_>>().join(", "))
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

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;
    use crate::api::ImportedListBody;
    use crate::cli::output::OutputArgs;

    async fn run(args: &FileArgs) -> (Result<ImportedListBody, CommandError>, String) {
        let mut notes = Vec::new();
        let result = async {
            let (_, import) = args.open().await?;
            let mut output = Output::to(OutputArgs::default(), std::io::sink(), &mut notes);
            let columns = vec!["email".to_owned(), "name".to_owned()];
            let record = vec!["a b@c.de".to_owned(), "x, y".to_owned()];
            let events = [
                ImportEvent::Header {
                    format: "csv".into(),
                    columns,
                    targets: serde_json::Map::new(),
                    remembered: Vec::new(),
                },
                ImportEvent::Reject { line: 2, item: None, reason: "a space".into(), record },
                ImportEvent::Reject {
                    line: 3,
                    item: None,
                    reason: "too long".into(),
                    record: Vec::new(),
                },
                ImportEvent::Summary(ImportedListBody { name: "spring".into(), created: true }),
            ];
            import.follow(stream::iter(events.map(Ok)), &mut output).await
        };
        let result = result.await;
        (result, String::from_utf8(notes).unwrap())
    }

    #[tokio::test]
    async fn rejects_go_beside_the_file_and_over_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("people.csv");
        std::fs::write(&file, "email,name\n").unwrap();
        let mut args = FileArgs {
            file,
            format: None,
            encoding: None,
            delimiter: None,
            dry_run: false,
            rejects: None,
        };
        for _ in 0..2 {
            let (result, notes) = run(&args).await;
            assert_eq!(result.unwrap().name, "spring");
            assert!(notes.starts_with("2 rows were rejected; "), "{notes}");
        }
        let rejects = std::fs::read_to_string(folder.path().join("people.rejects.csv")).unwrap();
        assert_eq!(rejects, "line,reason,email,name\n2,a space,a b@c.de,\"x, y\"\n3,too long\n");
        args.rejects = Some(args.file.clone());
        let refusal = run(&args).await.0.unwrap_err();
        assert_eq!(refusal.exit, Exit::UsageOrChanges);
        assert_eq!(std::fs::read_to_string(&args.file).unwrap(), "email,name\n");
        args.file = folder.path().join("none.csv");
        assert_eq!(run(&args).await.0.unwrap_err().exit, Exit::NotFound);
    }
}
