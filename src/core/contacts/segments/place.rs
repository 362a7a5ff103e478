//! Places in an expression, and errors that show theirs.

use std::fmt;

use serde::Serialize;
use sqlparser::tokenizer::{Location, Span};

/// Characters of a line that an error shows at the most.
const MAX_SNIPPET: usize = 120;

/// A piece of one line of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// In characters, at least 1.
    pub width: usize,
}

/// An expression that is not one of the language. Its `Display` shows the line with carets under
/// the place, and how to put it right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}{}", Marked(self))]
pub struct BadExpression {
    pub message: String,
    /// How to put it right.
    pub help: Option<String>,
    pub at: Place,
    /// A name is no field and no attribute that was known: another workspace may know it.
    pub unknown_name: bool,
    /// The piece of the line around the place that can be shown, and how many of its characters
    /// come before the place.
    snippet: (String, usize),
}

/// An error before it knows its text.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) at: Place,
    pub(super) message: String,
    pub(super) help: Option<String>,
    pub(super) unknown_name: bool,
}

impl Place {
    /// The beginning of a text.
    pub(super) const START: Self = Self { line: 1, column: 1, width: 1 };

    /// `None` when the span says nothing.
    pub(super) fn of(span: Span) -> Option<Self> {
        let from = |location: Location| {
            Some((usize::try_from(location.line).ok()?, usize::try_from(location.column).ok()?))
        };
        let ((line, column), (last, end)) = (from(span.start)?, from(span.end)?);
        let width = if last == line { end.saturating_sub(column) } else { 1 };
        (line > 0).then_some(Self { line, column: column.max(1), width: width.max(1) })
    }

    /// From the start of this to the end of `other`, when both are on one line.
    pub(super) fn to(self, other: Self) -> Self {
        let end = other.column + other.width;
        let whole = self.line == other.line && end > self.column;
        if whole { Self { width: end - self.column, ..self } } else { self }
    }
}

impl Fault {
    pub(super) fn new(at: Place, message: impl Into<String>) -> Self {
        Self { at, message: message.into(), help: None, unknown_name: false }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The error with the line of `text` it is about.
    pub(super) fn in_text(self, text: &str) -> BadExpression {
        let error = BadExpression::at(text, self.at, self.message, self.help);
        BadExpression { unknown_name: self.unknown_name, ..error }
    }
}

impl BadExpression {
    /// What is wrong at a place of `text`; for checks beyond those of the language.
    pub fn at(text: &str, at: Place, message: impl Into<String>, help: Option<String>) -> Self {
        let line = text.split('\n').nth(at.line - 1).unwrap_or_default();
        let skip = (at.column - 1).saturating_sub(MAX_SNIPPET / 2);
        let piece: String = line.chars().skip(skip).take(MAX_SNIPPET).map(printable).collect();
        let (message, help) = (one_line(&message.into()), help.map(|help| one_line(&help)));
        let snippet = (piece.trim_end().to_owned(), at.column - 1 - skip);
        Self { message, help, at, unknown_name: false, snippet }
    }
}

/// The lines below the message.
struct Marked<'a>(&'a BadExpression);

impl fmt::Display for Marked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let BadExpression { at, help, snippet: (piece, before), .. } = self.0;
        let gutter = at.line.to_string();
        let room = (piece.chars().count().saturating_sub(*before)).max(1);
        let carets = "^".repeat(at.width.min(room));
        let margin = " ".repeat(gutter.len());
        write!(f, "\n{gutter} | {piece}\n{margin} | {}{carets}", " ".repeat(*before))?;
        match help {
            Some(help) if help.chars().count() <= 60 => write!(f, " {help}"),
            Some(help) => write!(f, "\n{margin} = {help}"),
            None => Ok(()),
        }
    }
}

/// Enough of a text to recognise it by.
pub(super) fn brief(text: &str) -> String {
    let mut shown: String = text.chars().take(40).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

fn one_line(text: &str) -> String {
    text.chars().map(printable).collect()
}

/// A character that takes one column of any terminal, or nearly.
fn printable(letter: char) -> char {
    if letter.is_control() || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') {
        ' '
    } else {
        letter
    }
}
