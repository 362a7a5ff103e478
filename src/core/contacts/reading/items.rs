//! Objects of a JSON file: one a line, or the items of one array.
//!
//! An array is cut into its items before they are read, so that what is held is one item, and one
//! that cannot be read costs only itself.

use std::io::{self, BufRead};

use serde_json::{Map, Value};

use super::record::{Content, Fault, MAX_RECORD_BYTES, Place, Record};
use super::records::line_breaks;
use crate::core::contacts::ImportError;

/// Reads objects one by one.
pub(super) struct Items {
    shape: Shape,
    /// The line that comes next, from 1.
    line: u64,
    /// Items of the array so far.
    count: u64,
    text: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Lines,
    /// An array, before its `[`, between its items, and after its `]`.
    Before,
    Within,
    After,
}

/// How far into an item the reader is.
#[derive(Default)]
struct Nesting {
    depth: usize,
    in_text: bool,
    escaped: bool,
}

impl Items {
    pub(super) const fn of_lines() -> Self {
        Self { shape: Shape::Lines, line: 1, count: 0, text: Vec::new() }
    }

    pub(super) const fn of_array() -> Self {
        Self { shape: Shape::Before, line: 1, count: 0, text: Vec::new() }
    }

    /// The next object.
    pub(super) fn next(&mut self, source: &mut dyn BufRead) -> io::Result<Option<Record>> {
        self.text.clear();
        match self.shape {
            Shape::Lines => self.next_line(source),
            _ => self.next_item(source),
        }
    }

    fn next_line(&mut self, source: &mut dyn BufRead) -> io::Result<Option<Record>> {
        loop {
            let (mut length, mut ended) = (0, false);
            while !ended {
                let input = source.fill_buf()?;
                if input.is_empty() {
                    break;
                }
                let line = input.iter().position(|byte| *byte == b'\n');
                ended = line.is_some();
                let part = &input[..line.unwrap_or(input.len())];
                length += part.len();
                if length <= MAX_RECORD_BYTES {
                    self.text.extend_from_slice(part);
                }
                let read = part.len() + usize::from(ended);
                source.consume(read);
            }
            let place = Place { line: self.line, item: None };
            self.line += u64::from(ended);
            if length > MAX_RECORD_BYTES {
                return Ok(Some(refused(place, Fault::TooLong)));
            }
            if !self.text.trim_ascii().is_empty() {
                return Ok(Some(record(place, self.text.trim_ascii())));
            }
            if !ended {
                return Ok(None);
            }
            self.text.clear();
        }
    }

    fn next_item(&mut self, source: &mut dyn BufRead) -> io::Result<Option<Record>> {
        if self.shape == Shape::Before {
            match self.skip_to(source, |_| true)? {
                Some(b'[') => self.shape = Shape::Within,
                _ => return Err(self.broken("it does not begin with `[`")),
            }
            self.take(source, 1);
        }
        if self.shape == Shape::After {
            return match self.skip_to(source, |_| true)? {
                None => Ok(None),
                Some(_) => Err(self.broken("there is something after its `]`")),
            };
        }
        match self.skip_to(source, |byte| byte != b',')? {
            None => return Err(self.broken("it ends before its `]`")),
            Some(b']') => {
                self.take(source, 1);
                self.shape = Shape::After;
                return self.next_item(source);
            }
            Some(_) => {}
        }
        self.count += 1;
        let place = Place { line: self.line, item: Some(self.count) };
        let whole = self.cut(source)?;
        Ok(Some(if whole { record(place, &self.text) } else { refused(place, Fault::TooLong) }))
    }

    /// Takes an item into `text`; says whether all of it is there.
    fn cut(&mut self, source: &mut dyn BufRead) -> io::Result<bool> {
        let (mut nesting, mut length) = (Nesting::default(), 0);
        loop {
            let input = source.fill_buf()?;
            if input.is_empty() {
                if nesting.is_open() {
                    return Err(self.broken("it ends in the middle of an item"));
                }
                return Ok(length <= MAX_RECORD_BYTES);
            }
            let end = input.iter().position(|byte| nesting.ends_before(*byte));
            let part = &input[..end.unwrap_or(input.len())];
            length += part.len();
            if length <= MAX_RECORD_BYTES {
                self.text.extend_from_slice(part);
            }
            self.line += line_breaks(part);
            let read = part.len();
            source.consume(read);
            if end.is_some() {
                let kept = self.text.trim_ascii_end().len();
                self.text.truncate(kept);
                return Ok(length <= MAX_RECORD_BYTES);
            }
        }
    }

    /// Goes to the next byte that is no white space and that `wanted` takes.
    fn skip_to(
        &mut self,
        source: &mut dyn BufRead,
        wanted: impl Fn(u8) -> bool,
    ) -> io::Result<Option<u8>> {
        loop {
            let input = source.fill_buf()?;
            if input.is_empty() {
                return Ok(None);
            }
            let found = input.iter().position(|byte| !byte.is_ascii_whitespace() && wanted(*byte));
            let byte = found.map(|at| input[at]);
            let skipped = found.unwrap_or(input.len());
            self.take(source, skipped);
            if byte.is_some() {
                return Ok(byte);
            }
        }
    }

    fn take(&mut self, source: &mut dyn BufRead, count: usize) {
        if let Ok(input) = source.fill_buf() {
            self.line += line_breaks(&input[..count.min(input.len())]);
        }
        source.consume(count);
    }

    fn broken(&self, how: &'static str) -> io::Error {
        io::Error::other(ImportError::BrokenArray { line: self.line, how })
    }
}

impl Nesting {
    const fn is_open(&self) -> bool {
        self.in_text || self.depth > 0
    }

    /// Whether the item is over and `byte`, the next, is no part of it.
    fn ends_before(&mut self, byte: u8) -> bool {
        if self.in_text {
            self.in_text = self.escaped || byte != b'"';
            self.escaped = !self.escaped && byte == b'\\';
            return false;
        }
        match byte {
            b',' | b']' if self.depth == 0 => return true,
            b'"' => self.in_text = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        false
    }
}

fn record(place: Place, bytes: &[u8]) -> Record {
    let Ok(text) = std::str::from_utf8(bytes) else {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let content = Content::Item { object: Map::new(), text };
        return Record { place, content, fault: Some(Fault::NotUtf8) };
    };
    let (object, fault) = match serde_json::from_str(text) {
        Ok(Value::Object(object)) => (object, None),
        Ok(_) => (Map::new(), Some(Fault::NoObject)),
        Err(error) => (Map::new(), Some(Fault::Json(error.to_string()))),
    };
    Record { place, content: Content::Item { object, text: text.to_owned() }, fault }
}

fn refused(place: Place, fault: Fault) -> Record {
    let content = Content::Item { object: Map::new(), text: String::new() };
    Record { place, content, fault: Some(fault) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Line, item, the value of `a` or the fault, of each object of a file in pieces of 3 bytes.
    fn read(mut items: Items, file: &str) -> Vec<(u64, Option<u64>, String)> {
        let mut source = io::BufReader::with_capacity(3, io::Cursor::new(file.as_bytes()));
        let mut found = Vec::new();
        loop {
            match items.next(&mut source) {
                Ok(Some(Record { place, content: Content::Item { object, .. }, fault })) => {
                    let word = fault.map_or_else(|| object["a"].to_string(), |f| f.to_string());
                    found.push((place.line, place.item, word));
                }
                Ok(_) => return found,
                Err(error) => {
                    found.push((0, None, error.to_string()));
                    return found;
                }
            }
        }
    }

    #[test]
    fn an_array_is_cut_into_items_and_a_bad_one_costs_itself() {
        let file = "[ {\"a\": 1},\n{\"a\":\n \"}],\\\"\"} , {\"a\" 3}, 4\n,{\"a\":[{}]}]\n";
        let found = read(Items::of_array(), file);
        assert_eq!(found[0], (1, Some(1), "1".into()));
        assert_eq!(found[1], (2, Some(2), "\"}],\\\"\"".into()));
        assert!(found[2].2.starts_with("it is not JSON: "), "{found:?}");
        assert_eq!((found[3].0, found[3].1), (3, Some(4)));
        assert!(found[3].2.starts_with("it is no JSON object"), "{found:?}");
        assert_eq!(found[4], (4, Some(5), "[{}]".into()));
        assert_eq!(found.len(), 5);
        assert_eq!(read(Items::of_array(), "[]"), []);
        for (file, words) in [
            ("[{\"a\":1}", "the JSON array breaks off at line 1: it ends before its `]`"),
            ("[{\"a\":1", "the JSON array breaks off at line 1: it ends in the middle of an item"),
            ("[]\n[", "the JSON array breaks off at line 2: there is something after its `]`"),
        ] {
            assert_eq!(read(Items::of_array(), file).pop().unwrap().2, words);
        }
    }

    #[test]
    fn lines_are_objects_and_a_bad_one_costs_itself() {
        let long = format!("{{\"a\":\"{}\"}}\n{{\"a\":9}}", "x".repeat(MAX_RECORD_BYTES));
        let found = read(Items::of_lines(), &format!("{{\"a\":1}}\r\n\n[1]\n{long}"));
        assert_eq!(found[0], (1, None, "1".into()));
        assert!(found[1].2.starts_with("it is no JSON object"), "{found:?}");
        assert!(found[2].2.starts_with("it is longer than 1 MiB"), "{found:?}");
        assert_eq!(found[3], (5, None, "9".into()));
    }
}
