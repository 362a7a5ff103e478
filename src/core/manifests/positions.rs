//! Positions: a YAML text as a tree whose every key and value knows where it stands.
//!
//! It takes the part of YAML that a manifest needs and says so about the rest: no tags, no keys
//! that are not scalars, no key twice. **Invariant:** a tree is small, whatever the text: depth,
//! documents and nodes *after* the expansion of aliases are limited, so that a text of a few lines
//! cannot become gigabytes.

use std::collections::HashMap;
use std::rc::Rc;

use saphyr_parser::{Event, Parser, ScalarStyle, Span as Range};

use super::codes::Code;
use super::problem::{ENOUGH_FAULTS, Fault};
use super::rules::brief;
use super::unreadable::{no_text, not_closed, unreadable};

/// Bytes of one manifest, and of one file it names, at most.
pub const MAX_FILE_BYTES: usize = 1024 * 1024;
const MAX_DOCUMENTS: usize = 1000;
const MAX_DEPTH: usize = 32;
/// Every node weighs one, and one more for each 32 bytes of its text.
const MAX_WEIGHT: usize = 200_000;

/// A place in a text: lines and columns (in characters) count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) last_line: usize,
    /// Characters on the first line; unbounded when it goes on to the next.
    pub(super) width: usize,
}

#[derive(Debug)]
pub(super) struct Node {
    pub(super) at: Span,
    pub(super) value: Value,
    weight: usize,
    height: usize,
}

#[derive(Debug)]
pub(super) enum Value {
    /// `plain` when written without quotes.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Rc<Node>>),
    Map(Vec<Entry>),
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_at: Span,
    pub(super) node: Rc<Node>,
}

/// What could be read of a text: its documents, and what is wrong with it as YAML.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) documents: Vec<Rc<Node>>,
    pub(super) faults: Vec<Fault>,
    /// The reading stopped before the end: there may be more documents than these.
    pub(super) cut_short: bool,
}

impl Span {
    pub(super) const START: Self = Self { line: 1, column: 1, last_line: 1, width: 1 };
}

impl From<Range> for Span {
    fn from(range: Range) -> Self {
        let (start, end) = (range.start, range.end);
        let one_line = start.line() == end.line();
        Self {
            line: start.line(),
            column: start.col() + 1,
            last_line: end.line().max(start.line()),
            width: if one_line { end.col().saturating_sub(start.col()) } else { usize::MAX },
        }
    }
}

impl Node {
    pub(super) fn new(at: Span, value: Value) -> Self {
        let (weight, height) = match &value {
            Value::Scalar { text, .. } => (1 + text.len() / 32, 0),
            Value::List(items) => measure(items.iter()),
            Value::Map(entries) => measure(entries.iter().map(|entry| &entry.node)),
        };
        Self { at, value, weight, height }
    }

    /// A plain `null`, `~` or nothing at all.
    pub(super) fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar { text, plain: true }
            if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } if !self.is_null() => Some(text),
            _ => None,
        }
    }

    /// The entry under `key`, unless it says nothing.
    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key && !entry.node.is_null())
    }

    /// The node under `key`, unless it says nothing.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| &*entry.node)
    }

    pub(super) fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    pub(super) fn items(&self) -> &[Rc<Self>] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }
}

fn measure<'a>(children: impl Iterator<Item = &'a Rc<Node>>) -> (usize, usize) {
    children.fold((1, 1), |(weight, height), child| {
        (weight.saturating_add(child.weight), height.max(child.height + 1))
    })
}

/// The text as both readers of YAML take it: no byte order mark, every line ended by `\n`.
pub(super) fn normalise(text: &str) -> String {
    text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n")
}

/// Reads every document of a [normalised](normalise) text.
pub(super) fn read(text: &str) -> Reading {
    let mut builder = Builder::default();
    if let Err(fault) = builder.run(text) {
        builder.reading.faults.push(fault);
        builder.reading.cut_short = true;
        // What was read of the last document may be half of it.
        builder.reading.documents.truncate(builder.ended);
    }
    builder.reading
}

#[derive(Default)]
struct Builder {
    reading: Reading,
    open: Vec<Open>,
    anchors: HashMap<usize, Rc<Node>>,
    weight: usize,
    /// Documents whose end was seen.
    ended: usize,
}

/// A list or a mapping whose end was not seen yet.
struct Open {
    at: Span,
    anchor: usize,
    parts: Parts,
}

enum Parts {
    List(Vec<Rc<Node>>),
    Map { entries: Vec<Entry>, seen: HashMap<String, Span>, key: Option<(String, Span)> },
}

impl Builder {
    fn run(&mut self, text: &str) -> Result<(), Fault> {
        if text.len() > MAX_FILE_BYTES {
            return Err(Fault::new(Span::START, "the file is larger than 1 MiB")
                .help("move the bodies to files of their own and name them in `body_file`")
                .code(Code::TooLarge));
        }
        no_text(text).map_or(Ok(()), Err)?;
        let mut parser = Parser::new_from_str(text);
        while let Some(event) = parser.next_event() {
            let (event, range) = event.map_err(|error| match self.bracket(text) {
                Some(at) if at.line < error.marker().line() => not_closed(at),
                _ => unreadable(text, &error),
            })?;
            let at = Span::from(range);
            self.take(event, at)?;
            if self.reading.faults.len() >= ENOUGH_FAULTS {
                return Err(Fault::new(at, "there is too much wrong to read on"));
            }
        }
        Ok(())
    }

    /// The last bracket that was opened and not closed.
    fn bracket(&self, text: &str) -> Option<Span> {
        let at = self.open.iter().rev().map(|open| open.at).find(|at| {
            let line = text.split('\n').nth(at.line - 1).unwrap_or_default();
            line.chars().nth(at.column - 1).is_some_and(|letter| matches!(letter, '[' | '{'))
        })?;
        Some(Span { last_line: at.line, width: 1, ..at })
    }

    fn take(&mut self, event: Event<'_>, at: Span) -> Result<(), Fault> {
        match event {
            Event::DocumentStart(explicit) => {
                self.anchors.clear();
                if !explicit && !self.reading.documents.is_empty() {
                    let fault = Fault::new(at, "this document begins without a line `---`");
                    self.reading.faults.push(fault.help("write `---` on a line of its own before"));
                }
                if self.reading.documents.len() == MAX_DOCUMENTS {
                    return Err(Fault::new(at, "more than 1000 documents in one file")
                        .help("spread them over several files")
                        .code(Code::TooLarge));
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_tag(tag.is_some(), at);
                let plain = style == ScalarStyle::Plain && tag.is_none();
                self.place(
                    Node::new(at, Value::Scalar { text: text.into_owned(), plain }),
                    anchor,
                )?;
            }
            Event::SequenceStart(anchor, tag) => {
                self.refuse_tag(tag.is_some(), at);
                self.start(at, anchor, Parts::List(Vec::new()))?;
            }
            Event::MappingStart(anchor, tag) => {
                self.refuse_tag(tag.is_some(), at);
                let parts = Parts::Map { entries: Vec::new(), seen: HashMap::new(), key: None };
                self.start(at, anchor, parts)?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(Open { at, anchor, parts }) = self.open.pop() {
                    let value = match parts {
                        Parts::List(items) => Value::List(items),
                        Parts::Map { entries, .. } => Value::Map(entries),
                    };
                    self.place(Node::new(at, value), anchor)?;
                }
            }
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor).cloned() else {
                    return Err(Fault::new(at, "this alias stands inside what it repeats"));
                };
                self.limit(at, node.weight, node.height)?;
                self.refuse_merge();
                self.attach(node, at);
            }
            Event::DocumentEnd => self.ended = self.reading.documents.len(),
            Event::StreamStart | Event::StreamEnd | Event::Nothing => {}
        }
        Ok(())
    }

    fn start(&mut self, at: Span, anchor: usize, parts: Parts) -> Result<(), Fault> {
        self.limit(at, 1, 1)?;
        self.open.push(Open { at, anchor, parts });
        Ok(())
    }

    fn place(&mut self, node: Node, anchor: usize) -> Result<(), Fault> {
        let (at, node) = (node.at, Rc::new(node));
        if matches!(node.value, Value::Scalar { .. }) {
            self.limit(at, node.weight, 0)?;
        }
        if anchor != 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        self.attach(node, at);
        Ok(())
    }

    fn attach(&mut self, node: Rc<Node>, at: Span) {
        let faults = &mut self.reading.faults;
        match self.open.last_mut().map(|open| &mut open.parts) {
            None => self.reading.documents.push(node),
            Some(Parts::List(items)) => items.push(node),
            Some(Parts::Map { entries, seen, key }) => {
                if let Some((key, key_at)) = key.take() {
                    if let Some(first) = seen.get(&key) {
                        let message = format!("the key `{}` is written twice", brief(&key));
                        let help = format!("the first is at {}:{}", first.line, first.column);
                        faults.push(Fault::new(key_at, message).help(help));
                    } else {
                        seen.insert(key.clone(), key_at);
                    }
                    entries.push(Entry { key, key_at, node });
                } else if let Value::Scalar { text, .. } = &node.value {
                    *key = Some((text.clone(), at));
                } else {
                    let fault = Fault::new(at, "a key must be a word, not a list or a mapping");
                    faults.push(fault.help("write the key as a single word"));
                    *key = Some((String::new(), at));
                }
            }
        }
    }

    fn limit(&mut self, at: Span, weight: usize, height: usize) -> Result<(), Fault> {
        self.weight = self.weight.saturating_add(weight);
        if self.weight > MAX_WEIGHT {
            return Err(Fault::new(at, "the file is too large once its aliases are written out")
                .help("write fewer aliases, or spread the documents over several files")
                .code(Code::TooLarge));
        }
        if self.open.len() + height > MAX_DEPTH {
            return Err(too_deep(at));
        }
        Ok(())
    }

    /// An alias under `<<` is meant to bring its keys along.
    fn refuse_merge(&mut self) {
        if let Some(Open { parts: Parts::Map { key: Some((key, key_at)), .. }, .. }) =
            self.open.last()
            && key == "<<"
        {
            let fault = Fault::new(*key_at, "merge keys (`<<`) are not read in manifests");
            self.reading.faults.push(fault.help("write the keys out"));
        }
    }

    fn refuse_tag(&mut self, tagged: bool, at: Span) {
        if tagged {
            self.reading.faults.push(
                Fault::new(at, "YAML tags (`!…`) are not read in manifests")
                    .help("remove the tag; quote the value if it must be text"),
            );
        }
    }
}

pub(super) fn too_deep(at: Span) -> Fault {
    Fault::new(at, "nested too deeply").help("at most 32 levels are read").code(Code::TooLarge)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;
    use std::time::{Duration, Instant};

    use super::*;

    fn refusal(text: &str) -> String {
        let started = Instant::now();
        let reading = read(text);
        assert!(started.elapsed() < Duration::from_secs(2), "refused too slowly");
        reading.faults.first().map(|fault| fault.message.clone()).unwrap_or_default()
    }

    #[test]
    fn keys_and_values_know_their_place() {
        let text = normalise("\u{feff}a: 1\r\nñandú:\r\n  - { b: 'c' }\r\n---\r\nd: |\r\n  e\r\n");
        let reading = read(&text);
        assert_eq!(reading.faults, []);
        let [first, second] = reading.documents.as_slice() else { panic!("two documents") };
        let list = first.entry("ñandú").unwrap();
        let inner = list.node.items()[0].entry("b").unwrap();
        assert_eq!((list.key_at.line, list.key_at.column, list.key_at.width), (2, 1, 5));
        assert_eq!((inner.key_at.line, inner.key_at.column), (3, 7));
        assert_eq!((inner.node.at.line, inner.node.at.column), (3, 10));
        assert_eq!(second.get("d").unwrap().text(), Some("e\n"));
    }

    #[test]
    fn bombs_are_refused_quickly() {
        let mut bomb = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        for level in 1..20 {
            let below = vec![format!("*a{}", level - 1); 10].join(",");
            writeln!(bomb, "a{level}: &a{level} [{below}]").unwrap();
        }
        assert_eq!(refusal(&bomb), "the file is too large once its aliases are written out");
        let long = format!("a: &a {}\nb: [{}]", "x".repeat(300_000), "*a,".repeat(1000));
        assert_eq!(refusal(&long), "the file is too large once its aliases are written out");
        for deep in ["[".repeat(100_000), "{a: ".repeat(100_000), "- ".repeat(100_000)] {
            assert_eq!(refusal(&deep), "nested too deeply");
        }
        assert_eq!(refusal("a: &a [*a]"), "this alias stands inside what it repeats");
        assert_eq!(refusal(&"---\na\n".repeat(2000)), "more than 1000 documents in one file");
        assert_eq!(refusal(&"a".repeat(MAX_FILE_BYTES + 1)), "the file is larger than 1 MiB");
    }

    #[test]
    fn what_a_manifest_does_not_need_is_refused() {
        assert_eq!(refusal("? [a]\n: b"), "a key must be a word, not a list or a mapping");
        assert_eq!(refusal("a: !!str 1"), "YAML tags (`!…`) are not read in manifests");
        assert_eq!(refusal("a: 1\nb: 2\na: 3"), "the key `a` is written twice");
        assert_eq!(refusal("a:\n\tb: 1\n"), "a tab indents this line");
    }
}
