//! Records of a CSV file that arrives in pieces.
//!
//! What is held is one piece of the file and one record, and a record may be a mebibyte: a quote
//! that is never closed costs no more memory than that. A record that cannot be used comes with
//! its [`Fault`] and the line it starts on; reading goes on after it.

use bytes::{Buf as _, Bytes, BytesMut};
use csv_core::ReadRecordResult;
use futures::StreamExt as _;
use futures::stream::BoxStream;

use super::ImportError;

/// A file on its way, as it arrives.
pub type Upload = BoxStream<'static, std::io::Result<Bytes>>;

/// Bytes of one record at the most.
const MAX_RECORD_BYTES: usize = 1024 * 1024;
/// Columns of one record at the most.
const MAX_COLUMNS: usize = 512;
/// How much of the file is looked at to tell its delimiter.
const HEAD_BYTES: usize = 64 * 1024;
/// Records in a batch, and bytes of their cells after which no more join, at the most.
const BATCH_RECORDS: usize = 1000;
const BATCH_BYTES: usize = 4 * 1024 * 1024;

const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Reads records one by one.
pub(super) struct Records {
    upload: Upload,
    parser: csv_core::Reader,
    /// What has arrived and is not read yet.
    input: Bytes,
    /// Whether all has arrived.
    ended: bool,
    /// Bytes and lines before `input`.
    bytes: u64,
    line: u64,
    text: Vec<u8>,
    ends: Vec<usize>,
    put_back: Option<Record>,
}

/// One record.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// The line of the file it starts on, from 1.
    pub(super) line: u64,
    pub(super) cells: Vec<String>,
    pub(super) fault: Option<Fault>,
}

/// Why a record cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    #[error("it is not UTF-8; save the file as UTF-8")]
    NotUtf8,
    #[error("it is longer than 1 MiB; is a quote left open on this line?")]
    TooLong,
    #[error("it has more than 512 cells")]
    TooManyCells,
}

impl Records {
    /// Reads the beginning of `upload`, to skip a byte order mark and to tell the delimiter when it
    /// is not given.
    pub(super) async fn open(
        mut upload: Upload,
        delimiter: Option<u8>,
    ) -> Result<Self, ImportError> {
        let mut head = BytesMut::new();
        let mut ended = false;
        while head.len() < HEAD_BYTES && !ended {
            match upload.next().await {
                Some(piece) => head.extend_from_slice(&piece.map_err(broken)?),
                None => ended = true,
            }
        }
        if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
            return Err(ImportError::Utf16);
        }
        let mut bytes = 0;
        if head.starts_with(b"\xef\xbb\xbf") {
            head.advance(3);
            bytes = 3;
        }
        let delimiter = delimiter.unwrap_or_else(|| detect(&head, ended));
        Ok(Self {
            upload,
            parser: csv_core::ReaderBuilder::new().delimiter(delimiter).build(),
            input: head.freeze(),
            ended,
            bytes,
            line: 1,
            text: vec![0; 16 * 1024],
            ends: vec![0; MAX_COLUMNS + 1],
            put_back: None,
        })
    }

    /// How many bytes of the file have been read.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next record that is not blank.
    pub(super) async fn next(&mut self) -> Result<Option<Record>, ImportError> {
        if let Some(record) = self.put_back.take() {
            return Ok(Some(record));
        }
        while let Some(record) = self.read().await? {
            if record.fault.is_some() || record.cells.iter().any(|cell| !cell.trim().is_empty()) {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }

    /// Makes `record` the next one.
    pub(super) fn put_back(&mut self, record: Record) {
        self.put_back = Some(record);
    }

    /// The next records; none at the end of the file.
    pub(super) async fn batch(&mut self) -> Result<Vec<Record>, ImportError> {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while batch.len() < BATCH_RECORDS && bytes < BATCH_BYTES {
            let Some(record) = self.next().await? else { break };
            bytes += record.cells.iter().map(String::len).sum::<usize>();
            batch.push(record);
        }
        Ok(batch)
    }

    async fn read(&mut self) -> Result<Option<Record>, ImportError> {
        if !self.skip_line_breaks().await? {
            return Ok(None);
        }
        let (line, mut written, mut columns, mut fault) = (self.line, 0, 0, None);
        loop {
            let (result, read, wrote, ended) = self.parser.read_record(
                &self.input,
                &mut self.text[written..],
                &mut self.ends[columns..],
            );
            self.consume(read);
            written += wrote;
            columns += ended;
            match result {
                ReadRecordResult::InputEmpty => {
                    // At the end of the file the input stays empty, which ends the record.
                    self.fill().await?;
                }
                ReadRecordResult::OutputFull if self.text.len() < MAX_RECORD_BYTES => {
                    self.text.resize(self.text.len() * 2, 0);
                }
                ReadRecordResult::OutputFull => {
                    fault = Some(Fault::TooLong);
                    written = 0;
                }
                ReadRecordResult::OutputEndsFull => {
                    fault = Some(Fault::TooManyCells);
                    columns = 0;
                }
                ReadRecordResult::Record | ReadRecordResult::End => break,
            }
        }
        if columns > MAX_COLUMNS {
            fault = Some(Fault::TooManyCells);
        }
        if fault.is_some() {
            return Ok(Some(Record { line, cells: Vec::new(), fault }));
        }
        let mut cells = Vec::with_capacity(columns);
        let mut start = 0;
        for end in &self.ends[..columns] {
            let cell = String::from_utf8_lossy(&self.text[start..*end]);
            if matches!(cell, std::borrow::Cow::Owned(_)) {
                fault = Some(Fault::NotUtf8);
            }
            cells.push(cell.into_owned());
            start = *end;
        }
        Ok(Some(Record { line, cells, fault }))
    }

    /// Goes to where a record starts; says whether there is one. The parser skips line breaks too,
    /// but then the record would seem to start on the blank line.
    async fn skip_line_breaks(&mut self) -> Result<bool, ImportError> {
        while self.fill().await? {
            let breaks = self.input.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            self.consume(breaks);
            if !self.input.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Waits for more of the file when nothing is left; says whether there is something.
    async fn fill(&mut self) -> Result<bool, ImportError> {
        while self.input.is_empty() && !self.ended {
            match self.upload.next().await {
                Some(piece) => self.input = piece.map_err(broken)?,
                None => self.ended = true,
            }
        }
        Ok(!self.input.is_empty())
    }

    fn consume(&mut self, count: usize) {
        let read = self.input.split_to(count);
        self.bytes += count as u64;
        self.line += read.iter().map(|byte| u64::from(*byte == b'\n')).sum::<u64>();
    }
}

/// The delimiter under which the most records of `head` have as many cells as the first, and more
/// than one. `whole` says that the head is the whole file.
fn detect(head: &[u8], whole: bool) -> u8 {
    let agreement = |delimiter: &u8| {
        let counts = columns(head, *delimiter, whole);
        let first = counts.first().copied().filter(|count| *count > 1)?;
        Some((counts.iter().filter(|count| **count == first).count(), first))
    };
    // `max_by_key` takes the last of equals; the first is the more usual one.
    DELIMITERS.into_iter().rev().max_by_key(|delimiter| agreement(delimiter)).unwrap_or(b',')
}

/// How many cells the first records of `head` have.
fn columns(head: &[u8], delimiter: u8, whole: bool) -> Vec<usize> {
    let mut parser = csv_core::ReaderBuilder::new().delimiter(delimiter).build();
    let (mut text, mut ends) = (vec![0; head.len() + 1], vec![0; MAX_COLUMNS + 1]);
    let (mut rest, mut counts, mut count) = (head, Vec::new(), 0);
    while counts.len() < 20 {
        let (result, read, _, ended) = parser.read_record(rest, &mut text, &mut ends);
        rest = &rest[read..];
        count += ended;
        match result {
            ReadRecordResult::Record => counts.push(std::mem::take(&mut count)),
            ReadRecordResult::InputEmpty if whole => {}
            ReadRecordResult::OutputEndsFull => {}
            _ => break,
        }
    }
    counts
}

#[expect(clippy::needless_pass_by_value, reason = "the shape `map_err` wants")]
fn broken(error: std::io::Error) -> ImportError {
    ImportError::BrokenOff(error.to_string())
}

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;

    /// The records of `file`, which arrives in pieces of `size` bytes.
    async fn records(file: &[u8], size: usize) -> Vec<Record> {
        let pieces: Vec<_> =
            file.chunks(size).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        let mut records = Records::open(stream::iter(pieces).boxed(), None).await.unwrap();
        let mut found = Vec::new();
        while let Some(record) = records.next().await.unwrap() {
            found.push(record);
        }
        assert_eq!(records.bytes(), file.len() as u64);
        found
    }

    fn record(line: u64, cells: &[&str], fault: Option<Fault>) -> Record {
        Record { line, cells: cells.iter().map(|cell| (*cell).to_owned()).collect(), fault }
    }

    #[tokio::test]
    async fn lines_are_those_of_the_file_however_it_arrives() {
        let file = b"\xef\xbb\xbfemail;name\r\n\r\na@b.c;\"two\nlines; \"\"x\"\"\"\r\n;\r\nd@e.f;\xff\n g@h.i;last";
        let expected = [
            record(1, &["email", "name"], None),
            record(3, &["a@b.c", "two\nlines; \"x\""], None),
            record(6, &["d@e.f", "\u{fffd}"], Some(Fault::NotUtf8)),
            record(7, &[" g@h.i", "last"], None),
        ];
        for size in [1, 2, 7, 1000] {
            assert_eq!(records(file, size).await, expected, "in pieces of {size}");
        }
    }

    #[tokio::test]
    async fn an_open_quote_and_a_thousand_cells_cost_a_record_each() {
        let mut file = b"email,name\n".to_vec();
        file.extend(",".repeat(1000).bytes());
        file.extend(b"\na@b.c,x\nd@e.f,\"open\n");
        file.extend("x\n".repeat(MAX_RECORD_BYTES).bytes());
        assert_eq!(
            records(&file, 4096).await[1..],
            [
                record(2, &[], Some(Fault::TooManyCells)),
                record(3, &["a@b.c", "x"], None),
                record(4, &[], Some(Fault::TooLong)),
            ]
        );
    }

    #[test]
    fn the_delimiter_is_the_one_that_records_agree_on() {
        for (head, delimiter) in [
            ("email,name\na,b\n", b','),
            ("email;name, first\na;b\nc;d\n", b';'),
            ("email\tname\n\"a,b\"\tc\n", b'\t'),
            ("email|\"a,b,c\"\nx|y\n", b'|'),
            ("email\na@b.c\n", b','),
            ("email;amount\na;1,5\nb;2,5\n", b';'),
        ] {
            assert_eq!(detect(head.as_bytes(), true), delimiter, "{head}");
        }
    }
}
