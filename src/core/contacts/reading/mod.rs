//! Reading files as people have them: packed, in any encoding, as a table or as JSON.
//!
//! All of it blocks, so it happens on a thread beside the runtime: bytes of the upload go in, and
//! batches of what they mean come out. The thread is never more than a few batches ahead, so memory
//! does not grow with the file, and it ends when nobody waits for it any more.

mod decode;
mod items;
mod record;
mod records;
mod unpack;
mod upload;

use std::io::{self, BufRead, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use encoding_rs::Encoding;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{ImportError, Reject};
use crate::core::kernel::words;
use decode::Text;
use items::Items;
use records::Records;
use upload::Incoming;

pub use record::Place;
pub(super) use record::{Cells, Content, Fault, Record};
pub use upload::Upload;

/// Records in a batch, and bytes of their cells after which no more join, at the most.
const BATCH_RECORDS: usize = 5000;
const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// Batches that are read before their turn.
const BATCHES_AHEAD: usize = 1;
/// How much of the text is looked at to tell its format and delimiter.
const HEAD_BYTES: usize = 64 * 1024;
/// Objects whose keys are looked at to tell which key means what.
const HEAD_ITEMS: usize = 100;

words! {
    /// What a file is made of.
    FileFormat {
        /// A table, whatever stands between its cells.
        Csv = "csv",
        /// An array of objects.
        Json = "json",
        /// An object a line.
        Ndjson = "ndjson",
    }
}

/// What is known of a file; the rest is found out.
#[derive(Clone, Copy, Debug, Default)]
pub struct FileOptions {
    pub format: Option<FileFormat>,
    /// What stands between the cells of a table.
    pub delimiter: Option<u8>,
    /// What it is written in, unless a byte order mark says.
    pub encoding: Option<&'static Encoding>,
}

/// How a file begins.
pub(super) enum Head<'a> {
    /// A table, by its first record.
    Table(&'a Record),
    /// Objects, by the keys of the first of them.
    Keys(Vec<String>),
}

/// What the records of a file mean.
pub(super) trait Layout: Clone + Send + 'static {
    type Row: Send + 'static;

    /// Whether the first record of a table names its columns.
    fn has_header(&self) -> bool;

    fn row(&self, record: Record) -> Result<Self::Row, Reject>;
}

/// A file that is being read.
pub(super) struct Reader<L: Layout> {
    layout: L,
    format: FileFormat,
    batches: mpsc::Receiver<Result<Batch<L::Row>, ImportError>>,
    arrived: Arc<AtomicU64>,
    _unwanted: DropGuard,
}

/// Rows of a file, in their order.
pub(super) struct Batch<R> {
    pub(super) rows: Vec<R>,
    pub(super) rejects: Vec<Reject>,
}

impl<L: Layout> Reader<L> {
    /// Begins to read `upload`; `begin` tells from its beginning what its records mean.
    ///
    /// # Errors
    /// When the file cannot be read, or has nothing in it.
    pub(super) async fn open(
        upload: Upload,
        options: FileOptions,
        begin: impl FnOnce(Head<'_>) -> Result<L, ImportError> + Send + 'static,
    ) -> Result<Self, ImportError> {
        let arrived = Arc::<AtomicU64>::default();
        let unwanted = CancellationToken::new();
        let runtime = tokio::runtime::Handle::current();
        let incoming = Incoming::new(upload, runtime, Arc::clone(&arrived), unwanted.clone());
        let (answer, beginning) = oneshot::channel();
        let (sender, batches) = mpsc::channel(BATCHES_AHEAD);
        let counter = Arc::clone(&arrived);
        tokio::task::spawn_blocking(move || {
            let mut answer = Some(answer);
            let read = unpack::unpacked(incoming, &counter, |plain| {
                let (file, layout) = File::open(plain, options, begin)?;
                if let Some(answer) = answer.take() {
                    let _ = answer.send(Ok((layout.clone(), file.format)));
                }
                file.read(&layout, &sender)
            });
            match (read, answer) {
                (Err(error), Some(answer)) => drop(answer.send(Err(error))),
                (Err(error), None) => drop(sender.blocking_send(Err(error))),
                (Ok(()), _) => {}
            }
        });
        let (layout, format) = beginning.await.map_err(|_| interrupted())??;
        Ok(Self { layout, format, batches, arrived, _unwanted: unwanted.drop_guard() })
    }

    pub(super) const fn layout(&self) -> &L {
        &self.layout
    }

    pub(super) const fn format(&self) -> FileFormat {
        self.format
    }

    /// How many bytes of the upload have been read.
    pub(super) fn bytes(&self) -> u64 {
        self.arrived.load(Ordering::Relaxed)
    }

    /// What [`Reader::bytes`] reads, for whoever gives the reader away.
    pub(super) fn arrived(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.arrived)
    }

    /// The next rows; none after the last.
    pub(super) async fn batch(&mut self) -> Result<Option<Batch<L::Row>>, ImportError> {
        self.batches.recv().await.transpose()
    }
}

/// The thread that read stopped without a word.
fn interrupted() -> ImportError {
    ImportError::BrokenOff("its reader stopped".to_owned())
}

/// A file whose beginning was looked at.
struct File<'a> {
    format: FileFormat,
    text: io::Chain<Cursor<Vec<u8>>, Text<&'a mut dyn BufRead>>,
    records: Source,
    /// Records that were read to look at them.
    ahead: std::vec::IntoIter<Record>,
}

enum Source {
    Table(Box<Records>),
    Items(Items),
}

impl<'a> File<'a> {
    fn open<L: Layout>(
        plain: &'a mut dyn BufRead,
        options: FileOptions,
        begin: impl FnOnce(Head<'_>) -> Result<L, ImportError>,
    ) -> Result<(Self, L), ImportError> {
        let mut text = Text::read(plain, options.encoding)?;
        let head = peek(&mut text, HEAD_BYTES)?;
        let format = options.format.unwrap_or_else(|| format_of(&head));
        let records = match format {
            FileFormat::Csv => Source::Table(Box::new(Records::new(
                options.delimiter,
                &head,
                head.len() < HEAD_BYTES,
            ))),
            FileFormat::Json => Source::Items(Items::of_array()),
            FileFormat::Ndjson => Source::Items(Items::of_lines()),
        };
        let text = Cursor::new(head).chain(text);
        let mut file = Self { format, text, records, ahead: Vec::new().into_iter() };
        let wanted = if format == FileFormat::Csv { 1 } else { HEAD_ITEMS };
        let mut first = Vec::new();
        while first.len() < wanted
            && let Some(record) = file.next()?
        {
            first.push(record);
        }
        let Some(record) = first.first() else { return Err(ImportError::Empty) };
        let layout = begin(match format {
            FileFormat::Csv => Head::Table(record),
            FileFormat::Json | FileFormat::Ndjson => Head::Keys(keys_of(&first)),
        })?;
        if format == FileFormat::Csv && layout.has_header() {
            first.clear();
        }
        file.ahead = first.into_iter();
        Ok((file, layout))
    }

    fn next(&mut self) -> Result<Option<Record>, ImportError> {
        if let Some(record) = self.ahead.next() {
            return Ok(Some(record));
        }
        let next = match &mut self.records {
            Source::Table(records) => records.next(&mut self.text),
            Source::Items(items) => items.next(&mut self.text),
        };
        let mut next = next?;
        if let Some(record) = &mut next
            && record.fault.is_none()
            && self.text.get_ref().1.marks_damage()
            && record.content.is_damaged()
        {
            record.fault = Some(Fault::Undecodable);
        }
        Ok(next)
    }

    /// Reads to the end, a batch at a time.
    fn read<L: Layout>(
        mut self,
        layout: &L,
        batches: &mpsc::Sender<Result<Batch<L::Row>, ImportError>>,
    ) -> Result<(), ImportError> {
        loop {
            let mut batch = Batch { rows: Vec::new(), rejects: Vec::new() };
            let (mut count, mut bytes) = (0, 0);
            while count < BATCH_RECORDS
                && bytes < BATCH_BYTES
                && let Some(record) = self.next()?
            {
                count += 1;
                bytes += record.content.weight();
                match layout.row(record) {
                    Ok(row) => batch.rows.push(row),
                    Err(reject) => batch.rejects.push(reject),
                }
            }
            if count == 0 || batches.blocking_send(Ok(batch)).is_err() {
                return Ok(());
            }
        }
    }
}

/// Told by its first character.
fn format_of(head: &[u8]) -> FileFormat {
    match head.trim_ascii_start().first() {
        Some(b'[') => FileFormat::Json,
        Some(b'{') => FileFormat::Ndjson,
        _ => FileFormat::Csv,
    }
}

/// The keys of the objects of `records`, each once, in the order they come.
fn keys_of(records: &[Record]) -> Vec<String> {
    let mut keys = Vec::new();
    for record in records {
        let Content::Item { object, .. } = &record.content else { continue };
        for key in object.keys() {
            if !keys.contains(key) {
                keys.push(key.clone());
            }
        }
    }
    keys
}

/// Takes up to `count` bytes of `source`, fewer only at its end.
fn peek(source: &mut (impl Read + ?Sized), count: usize) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    source.take(count as u64).read_to_end(&mut head)?;
    Ok(head)
}
