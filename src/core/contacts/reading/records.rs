//! Records of a CSV file.
//!
//! What is held is one piece of the file and one record, and a record may be a mebibyte: a quote
//! that is never closed costs no more memory than that. A record that cannot be used comes with
//! its [`Fault`] and the line it starts on; reading goes on after it.

use std::io::{self, BufRead};

use csv_core::ReadRecordResult;

use super::record::{Cells, Content, Fault, MAX_CELLS, MAX_RECORD_BYTES, Place, Record};

const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Reads records one by one.
pub(super) struct Records {
    parser: csv_core::Reader,
    /// The line that comes next.
    line: u64,
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Records {
    /// Without a `delimiter` it is found out from `head`, the beginning of the file; `whole` says
    /// that there is no more.
    pub(super) fn new(delimiter: Option<u8>, head: &[u8], whole: bool) -> Self {
        let delimiter = delimiter.unwrap_or_else(|| detect(head, whole));
        Self {
            parser: csv_core::ReaderBuilder::new().delimiter(delimiter).build(),
            line: 1,
            text: vec![0; 16 * 1024],
            ends: vec![0; MAX_CELLS + 1],
        }
    }

    /// The next record that is not blank.
    pub(super) fn next(&mut self, source: &mut dyn BufRead) -> io::Result<Option<Record>> {
        while let Some(record) = self.read(source)? {
            let blank = match &record.content {
                Content::Cells(cells) => cells.iter().all(|cell| cell.trim().is_empty()),
                Content::Item { .. } => false,
            };
            if record.fault.is_some() || !blank {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }

    fn read(&mut self, source: &mut dyn BufRead) -> io::Result<Option<Record>> {
        if !self.skip_line_breaks(source)? {
            return Ok(None);
        }
        let place = Place { line: self.line, item: None };
        let (mut written, mut columns, mut fault) = (0, 0, None);
        loop {
            // At the end of the file the input stays empty, which ends the record.
            let input = source.fill_buf()?;
            let (result, read, wrote, ended) = self.parser.read_record(
                input,
                &mut self.text[written..],
                &mut self.ends[columns..],
            );
            self.line += line_breaks(&input[..read]);
            source.consume(read);
            written += wrote;
            columns += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
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
        if columns > MAX_CELLS {
            fault = Some(Fault::TooManyCells);
        }
        let cells = if fault.is_some() {
            Cells::default()
        } else {
            let ends = &self.ends[..columns];
            let length = ends.last().copied().unwrap_or_default();
            let (cells, whole) = Cells::from_utf8(&self.text[..length], ends);
            fault = (!whole).then_some(Fault::NotUtf8);
            cells
        };
        Ok(Some(Record { place, content: Content::Cells(cells), fault }))
    }

    /// Goes to where a record starts; says whether there is one. The parser skips line breaks too,
    /// but then the record would seem to start on the blank line.
    fn skip_line_breaks(&mut self, source: &mut dyn BufRead) -> io::Result<bool> {
        loop {
            let input = source.fill_buf()?;
            let breaks = input.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            let more = breaks < input.len();
            if input.is_empty() || (breaks == 0 && more) {
                return Ok(more);
            }
            self.line += line_breaks(&input[..breaks]);
            source.consume(breaks);
        }
    }
}

/// Lines that end in `bytes`.
pub(super) fn line_breaks(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| u64::from(*byte == b'\n')).sum()
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
    let (mut text, mut ends) = (vec![0; head.len() + 1], vec![0; MAX_CELLS + 1]);
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The records of `file`, which arrives in pieces of `size` bytes.
    fn records(file: &[u8], size: usize) -> Vec<Record> {
        let mut source = io::BufReader::with_capacity(size, io::Cursor::new(file));
        let mut records = Records::new(None, &file[..file.len().min(4096)], file.len() < 4096);
        std::iter::from_fn(|| records.next(&mut source).unwrap()).collect()
    }

    fn record(line: u64, cells: &[&str], fault: Option<Fault>) -> Record {
        let place = Place { line, item: None };
        Record { place, content: Content::Cells(cells.iter().copied().collect()), fault }
    }

    #[test]
    fn lines_are_those_of_the_file_however_it_arrives() {
        let file =
            b"email;name\r\n\r\na@b.c;\"two\nlines; \"\"x\"\"\"\r\n;\r\nd@e.f;\xff\n g@h.i;last";
        let expected = [
            record(1, &["email", "name"], None),
            record(3, &["a@b.c", "two\nlines; \"x\""], None),
            record(6, &["d@e.f", "\u{fffd}"], Some(Fault::NotUtf8)),
            record(7, &[" g@h.i", "last"], None),
        ];
        for size in [1, 2, 7, 1000] {
            assert_eq!(records(file, size), expected, "in pieces of {size}");
        }
    }

    #[test]
    fn an_open_quote_and_a_thousand_cells_cost_a_record_each() {
        let mut file = b"email,name\n".to_vec();
        file.extend(",".repeat(1000).bytes());
        file.extend(b"\na@b.c,x\nd@e.f,\"open\n");
        file.extend("x\n".repeat(MAX_RECORD_BYTES).bytes());
        assert_eq!(
            records(&file, 4096)[1..],
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
