//! Problems: what is wrong in a manifest, where, and how to put it right.
//!
//! The checks find [`Fault`]s, which know their place in one text; a [`Listing`] of that text turns
//! them into [`Problem`]s, which can leave the program. **Invariant:** a problem can be shown in any
//! terminal and any log: one bounded line of source, no control characters, no passwords.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::codes::{Code, Severity};
use super::positions::Span;

/// Problems shown at most; the rest are counted.
const MAX_PROBLEMS: usize = 100;
/// Once so many faults are found, the search stops.
pub(super) const ENOUGH_FAULTS: usize = 200;
/// Characters of a source line shown at most.
const MAX_SNIPPET: usize = 120;
/// A longer help gets its own line instead of standing beside the marker.
const MAX_INLINE_HELP: usize = 60;

/// One thing that is wrong, at one place. Its `Display` is the form rustc made familiar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    pub code: Code,
    pub severity: Severity,
    pub file: String,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// The first column after it on its line.
    pub end_column: usize,
    pub message: String,
    /// How to put it right.
    pub help: Option<String>,
    /// The line it is about; absent when the text has no such line.
    pub snippet: Option<Snippet>,
}

/// A line of source, or the piece of a long one around the problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snippet {
    pub text: String,
    /// Characters of `text` before the part to underline.
    pub start: usize,
    /// Characters to underline, at least one.
    pub width: usize,
}

/// Why the manifests were refused: all that was found, in the order of files and lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problems {
    pub problems: Vec<Problem>,
    /// How many more were found than listed; the search may have stopped there.
    pub omitted: usize,
}

/// A problem before it knows its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) code: Code,
    pub(super) severity: Severity,
    pub(super) at: Span,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

/// The lines of one file as they may be shown.
pub(super) struct Listing<'a> {
    file: &'a str,
    lines: Vec<String>,
    /// How many lines there are, whether they may be shown or not.
    last: usize,
}

impl Fault {
    pub(super) fn new(at: Span, message: impl Into<String>) -> Self {
        Self {
            code: Code::InvalidValue,
            severity: Severity::Error,
            at,
            message: message.into(),
            help: None,
        }
    }

    pub(super) fn code(self, code: Code) -> Self {
        Self { code, ..self }
    }

    pub(super) fn warning(self) -> Self {
        Self { severity: Severity::Warning, ..self }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl Problems {
    /// The first of the faults, in the order of the files and the lines.
    pub(super) fn list<'a>(files: impl IntoIterator<Item = (&'a Listing<'a>, Vec<Fault>)>) -> Self {
        let mut list = Self { problems: Vec::new(), omitted: 0 };
        for (listing, mut faults) in files {
            faults.sort_by_key(|fault| fault.at);
            let shown = faults.len().min(MAX_PROBLEMS - list.problems.len());
            list.problems.extend(faults[..shown].iter().map(|fault| listing.problem(fault)));
            list.omitted += faults.len() - shown;
        }
        list
    }
}

impl<'a> Listing<'a> {
    pub(super) fn new(file: &'a str, text: &str) -> Self {
        let lines: Vec<String> = text.split('\n').map(String::from).collect();
        Self { file, last: lines.len(), lines }
    }

    /// Blanks out `secrets`, so that no problem on their lines repeats them.
    pub(super) fn mask(&mut self, secrets: &[Span]) {
        if secrets.len() > ENOUGH_FAULTS {
            self.lines.clear(); // nobody reads so many snippets
        }
        for secret in secrets {
            for number in secret.line..=secret.last_line {
                let from = if number == secret.line { secret.column } else { 1 };
                self.blank(number, from, secret.width);
            }
        }
    }

    /// Blanks out what follows `password:` on its line, or on the next when nothing much does: for
    /// texts too broken to be understood.
    pub(super) fn mask_blindly(&mut self) {
        for number in 1..=self.lines.len() {
            let line = &self.lines[number - 1];
            if let Some(found) = line.find("password") {
                let column = line[..found].chars().count() + "password".len() + 2;
                let below = line[found..].trim_end().len() <= "password: |-".len();
                self.blank(number, column, usize::MAX);
                if below {
                    self.blank(number + 1, 1, usize::MAX);
                }
            }
        }
    }

    fn blank(&mut self, number: usize, column: usize, width: usize) {
        let Some(line) = self.lines.get_mut(number.saturating_sub(1)) else { return };
        *line = line
            .chars()
            .enumerate()
            .map(|(at, letter)| {
                let inside = at + 1 >= column && at + 1 < column.saturating_add(width);
                if inside && !letter.is_whitespace() { '*' } else { letter }
            })
            .collect();
    }

    fn problem(&self, fault: &Fault) -> Problem {
        // What is missing at the end of a text stands after its last line for the reader of YAML.
        let at = Span { line: fault.at.line.min(self.last), ..fault.at };
        Problem {
            code: fault.code,
            severity: fault.severity,
            file: printable(self.file),
            line: at.line,
            column: at.column,
            end_column: self.end_column(at),
            message: printable(&fault.message),
            help: fault.help.as_deref().map(printable),
            snippet: self.snippet(at),
        }
    }

    /// Where a place ends on its first line.
    fn end_column(&self, at: Span) -> usize {
        let line = self.lines.get(at.line.saturating_sub(1));
        let end = line.map_or(0, |line| line.trim_end().chars().count()) + 1;
        at.column.saturating_add(at.width.max(1)).min(end).max(at.column + 1)
    }

    fn snippet(&self, at: Span) -> Option<Snippet> {
        let line = self.lines.get(at.line.saturating_sub(1))?;
        if line.trim().is_empty() {
            return None;
        }
        let column = at.column.saturating_sub(1);
        let skipped = if column > MAX_SNIPPET / 2 { column - MAX_SNIPPET / 4 } else { 0 };
        let shown: String = line.chars().skip(skipped).take(MAX_SNIPPET).collect();
        let shown = shown.trim_end();
        let (start, text) = match skipped {
            0 => (column, printable(shown)),
            _ => (column - skipped + 1, format!("…{}", printable(shown))),
        };
        let marked: String = text.chars().skip(start).take(at.width).collect();
        let width = marked.trim_end().chars().count().max(1);
        Some(Snippet { text, start, width })
    }
}

/// The text with nothing in it that could move a terminal's cursor.
fn printable(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            '\t' => ' ',
            letter if letter.is_control() => '\u{fffd}',
            letter => letter,
        })
        .collect()
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        writeln!(f, "{}: {}", self.severity.as_str(), self.message)?;
        write!(f, "{margin}--> {}:{}:{}", self.file, self.line, self.column)?;
        let mut help = self.help.as_deref();
        if let Some(snippet) = &self.snippet {
            let (before, marks) = (" ".repeat(snippet.start), "^".repeat(snippet.width));
            write!(f, "\n{margin} |\n{number} | {}\n{margin} | {before}{marks}", snippet.text)?;
            if let Some(short) = help.take_if(|help| help.chars().count() <= MAX_INLINE_HELP) {
                write!(f, " {short}")?;
            }
        }
        match help {
            Some(long) => write!(f, "\n{margin} = help: {long}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            let gap = if index == 0 { "" } else { "\n\n" };
            write!(f, "{gap}{problem}")?;
        }
        match self.omitted {
            0 => Ok(()),
            more => write!(f, "\n\nand at least {more} more problems; correct these first"),
        }
    }
}

impl std::error::Error for Problems {}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: usize, column: usize, width: usize) -> Span {
        Span { line, last_line: line, column, width }
    }

    #[test]
    fn a_long_line_is_cut_around_the_problem() {
        let line = format!("{}x: here{}", " ".repeat(500), " more".repeat(100));
        let problem = Listing::new("a.yaml", &line).problem(&Fault::new(at(1, 504, 5), "no"));
        let snippet = problem.snippet.unwrap();
        let marked: String = snippet.text.chars().skip(snippet.start).take(snippet.width).collect();
        assert_eq!(marked, "here");
        assert!(snippet.text.chars().count() <= MAX_SNIPPET + 1);
    }

    #[test]
    fn control_characters_and_secrets_do_not_come_through() {
        let mut listing = Listing::new(
            "a.yaml",
            "p: hunter2 # \u{1b}[2J\npassword: hunter2\npassword:\n hunter2",
        );
        listing.mask(&[at(1, 4, 7)]);
        listing.mask_blindly();
        let shown = listing.problem(&Fault::new(at(1, 1, 1), "\u{7}")).to_string();
        assert!(!shown.contains('\u{1b}') && !shown.contains('\u{7}'), "{shown}");
        assert!(shown.contains("p: ******* #"), "{shown}");
        for line in 2..=4 {
            let shown = listing.problem(&Fault::new(at(line, 1, 1), "")).to_string();
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }

    #[test]
    fn what_is_too_much_to_list_is_counted() {
        let listing = Listing::new("a.yaml", "a: b");
        let faults = vec![Fault::new(at(1, 1, 1), "no"); 60];
        let problems = Problems::list([(&listing, faults.clone()), (&listing, faults)]);
        assert!(
            problems.to_string().ends_with("and at least 20 more problems; correct these first")
        );
    }
}
