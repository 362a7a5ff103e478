//! `frontier.yaml` as the settings written in it, each with its place.
//!
//! It reads sections of scalars and nothing else of YAML: whatever else is written there is an
//! error with its line and column, and the nearest key where one was probably meant.

use std::borrow::Cow;
use std::ops::Range;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, StrInput};

use super::Fault;
use super::keys::KEYS;
use crate::core::kernel::nearest;

/// A setting in the file.
#[derive(Debug)]
pub(super) struct Written {
    /// Its place in [`KEYS`].
    pub(super) key: usize,
    pub(super) value: String,
    /// Where the value begins, from 1.
    pub(super) line: usize,
    pub(super) column: usize,
    /// The bytes of the value in the text.
    pub(super) bytes: Range<usize>,
}

/// The settings written in `text`; one whose value is null is not.
pub(super) fn read(text: &str) -> Result<Vec<Written>, Fault> {
    let mut reader = Reader { parser: Parser::new_from_str(text), text };
    let mut found = Vec::new();
    let mut documents = 0;
    loop {
        let (event, span) = reader.next()?;
        match event {
            Event::StreamEnd => return Ok(found),
            Event::DocumentStart(_) if documents == 1 => {
                return Err(fault(span.start, "a configuration is one document"));
            }
            Event::DocumentStart(_) => documents += 1,
            Event::MappingStart(..) => reader.sections(&mut found)?,
            Event::StreamStart | Event::DocumentEnd | Event::Nothing => {}
            event if is_null(&event) => {}
            _ => {
                return Err(fault(span.start, "a configuration is made of sections")
                    .hint(format!("they are: {}", sections().join(", "))));
            }
        }
    }
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    text: &'a str,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span), Fault> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => {
                let fault = fault(*error.marker(), format!("this is not YAML: {}", error.info()));
                let line = self.text.lines().nth(fault.line.saturating_sub(1)).unwrap_or_default();
                Err(if line.starts_with('\t') || line.trim_start_matches(' ').starts_with('\t') {
                    fault.hint("indent with spaces, not tabs")
                } else {
                    fault
                })
            }
            None => Ok((Event::StreamEnd, Span::empty(Marker::new(0, 1, 0)))),
        }
    }

    /// The next key of a mapping, or its end.
    fn key(&mut self) -> Result<Option<(Cow<'a, str>, Marker)>, Fault> {
        match self.next()? {
            (Event::MappingEnd, _) => Ok(None),
            (Event::Scalar(name, ..), span) => Ok(Some((name, span.start))),
            (_, span) => Err(fault(span.start, "a key must be a word")),
        }
    }

    fn sections(&mut self, found: &mut Vec<Written>) -> Result<(), Fault> {
        let mut seen = Vec::new();
        while let Some((name, at)) = self.key()? {
            let sections = sections();
            let Some(section) = sections.iter().copied().find(|section| *section == name) else {
                return Err(no_section(&name, at, &sections));
            };
            if seen.contains(&section) {
                return Err(fault(at, format!("the section `{section}` is written twice")));
            }
            seen.push(section);
            match self.next()? {
                (Event::MappingStart(..), _) => self.settings(section, found)?,
                (event, _) if is_null(&event) => {}
                (_, span) => {
                    return Err(fault(span.start, format!("`{section}` is a section")).hint(
                        format!(
                            "its settings go on lines of their own under it: {}",
                            names(section).join(", ")
                        ),
                    ));
                }
            }
        }
        Ok(())
    }

    fn settings(&mut self, section: &str, found: &mut Vec<Written>) -> Result<(), Fault> {
        let mut seen = Vec::new();
        while let Some((name, at)) = self.key()? {
            let Some(key) = KEYS.iter().position(|key| key.parts() == (section, &name)) else {
                let hint = match nearest(&name, names(section)) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!("it has: {}", names(section).join(", ")),
                };
                return Err(fault(at, format!("`{section}` has no `{name}`")).hint(hint));
            };
            if seen.contains(&key) {
                return Err(fault(at, format!("`{}` is written twice", KEYS[key].name)));
            }
            seen.push(key);
            let (event, span) = self.next()?;
            if is_null(&event) {
                continue;
            }
            let Event::Scalar(value, ..) = event else {
                let message =
                    format!("`{}` takes one value, not a list or a mapping", KEYS[key].name);
                return Err(fault(span.start, message));
            };
            found.push(Written {
                key,
                value: value.into_owned(),
                line: span.start.line(),
                column: span.start.col() + 1,
                bytes: offset(self.text, span.start)..offset(self.text, span.end),
            });
        }
        Ok(())
    }
}

impl Fault {
    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

fn no_section(name: &str, at: Marker, sections: &[&str]) -> Fault {
    let hint = if let Some(key) = KEYS.iter().find(|key| key.name == name) {
        let (section, name) = key.parts();
        format!("write `{name}: …` on a line of its own under `{section}:`")
    } else if let Some(meant) = nearest(name, sections.iter().copied()) {
        format!("did you mean `{meant}`?")
    } else {
        format!("there are: {}", sections.join(", "))
    };
    fault(at, format!("there is no section `{name}`")).hint(hint)
}

fn fault(at: Marker, message: impl Into<String>) -> Fault {
    Fault { line: at.line().max(1), column: at.col() + 1, message: message.into(), hint: None }
}

fn is_null(event: &Event<'_>) -> bool {
    matches!(event, Event::Scalar(text, ScalarStyle::Plain, ..)
        if matches!(&**text, "" | "~" | "null" | "Null" | "NULL"))
}

fn sections() -> Vec<&'static str> {
    let mut sections: Vec<_> = KEYS.iter().map(|key| key.parts().0).collect();
    sections.dedup();
    sections
}

fn names(section: &str) -> Vec<&'static str> {
    let parts = KEYS.iter().map(super::Key::parts);
    parts.filter(|(of, _)| *of == section).map(|(_, name)| name).collect()
}

/// The byte at which a place is.
fn offset(text: &str, at: Marker) -> usize {
    let mut start = 0;
    for line in text.split_inclusive('\n').take(at.line().saturating_sub(1)) {
        start += line.len();
    }
    let rest = text.get(start..).unwrap_or_default();
    start + rest.char_indices().nth(at.col()).map_or(rest.len(), |(at, _)| at)
}
