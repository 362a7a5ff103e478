//! Why a text is no YAML, in words that say what to do.
//!
//! The scanner's own words tell a reader of the specification what happened; these tell a writer
//! of manifests what they did. **Invariant:** what the two readers of YAML would take differently
//! (control characters, byte order marks, directives) is refused before either sees it.

use saphyr_parser::ScanError;

use super::positions::{Span, too_deep};
use super::problem::Fault;

/// What the scanner says, as it begins or contains; what is wrong; what to do.
const WORDS: &[(&str, &str, &str)] = &[
    (
        "quoted scalar, found unexpected end of stream",
        "this quoted text does not end",
        "close it with the quote it began with",
    ),
    (
        "invalid indentation in quoted scalar",
        "this quoted text does not end where its line does",
        "close the quote, or indent the lines that go on",
    ),
    (
        "unknown escape character",
        "this text holds a backslash that means nothing",
        "write `\\\\`, or use single quotes, in which a backslash is itself",
    ),
    (
        "invalid trailing content after",
        "there is more after the closing quote",
        "quote the whole text; a quote inside single quotes is written twice: 'it''s'",
    ),
    (
        "mapping values are not allowed",
        "a `:` does not belong here",
        "quote the text if the colon is part of it; a key begins its own line",
    ),
    (
        "block sequence entries are not allowed",
        "a `-` does not belong here",
        "begin the list on a line of its own, or quote the text",
    ),
    (
        "while parsing a flow",
        "expected `,` or the closing bracket here",
        "close the `[` or `{`, put a comma between items, or quote a text with brackets",
    ),
    ("misplaced bracket", "this bracket closes nothing", "remove it, or quote the text"),
    (
        "while parsing a block mapping",
        "this line is indented neither as the keys above nor as what is under them",
        "give the keys of one mapping the same number of spaces",
    ),
    (
        "while parsing a block collection",
        "expected `- ` as in the items above",
        "give the items of one list the same number of spaces, and its next key fewer",
    ),
    (
        "unknown anchor",
        "this alias repeats what is not there",
        "write `&name` before what `*name` repeats; quote a text that begins with `*`",
    ),
    (
        "':' must be followed by",
        "the colon is followed by a tab",
        "put a space between a key's colon and its value",
    ),
    (
        "unexpected character: `",
        "a text cannot begin with this character",
        "put quotes around the text",
    ),
];

/// The first place of a text that holds what no manifest may hold.
pub(super) fn no_text(text: &str) -> Option<Fault> {
    let mut between = true;
    for (index, line) in text.split('\n').enumerate() {
        let at = |column| Span { line: index + 1, column, last_line: index + 1, width: 1 };
        if let Some((column, odd)) = line.chars().enumerate().find(|(_, letter)| is_odd(*letter)) {
            let code = u32::from(odd);
            let (what, help) = match odd {
                '\0' => ("a NUL character", "remove it; is the file saved as UTF-8?"),
                '\u{feff}' => ("a byte order mark", "remove it; it stands at most at the start"),
                _ => ("a control character", "remove it, or write it escaped in double quotes"),
            };
            let fault =
                Fault::new(at(column + 1), format!("{what} (U+{code:04X}) is in this line"));
            return Some(fault.help(help));
        }
        if between && line.starts_with('%') {
            let fault = Fault::new(at(1), "YAML directives (`%…`) are not read in manifests");
            return Some(fault.help("remove the line"));
        }
        let says_nothing = line.trim().is_empty() || line.starts_with('#');
        between = (between && says_nothing) || line.trim_end() == "...";
    }
    None
}

/// What YAML itself does not take for text (YAML 1.2, 5.1), and a byte order mark within.
fn is_odd(letter: char) -> bool {
    (letter.is_control() && letter != '\t')
        || matches!(letter, '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// What stopped the scanner of `text`.
pub(super) fn unreadable(text: &str, error: &ScanError) -> Fault {
    let (line, info) = (error.marker().line(), error.info());
    // The scanner may stumble over the end of the text, and call that a line of its own.
    let last = text.split('\n').count();
    if line > last
        && let Some(bracket) = bracket_above(text, line)
    {
        return not_closed(bracket);
    }
    let at = point(line, error.marker().col() + 1);
    if info.contains("recursion limit") {
        return too_deep(at);
    }
    if let Some(at) = tab(text, line) {
        return Fault::new(at, "a tab indents this line").help("YAML is indented with spaces only");
    }
    if info.starts_with("mapping values")
        && let Some(at) = glued(text, line)
    {
        return Fault::new(at, "no space follows this colon")
            .help("write `key: value`, or quote the text");
    }
    let unclosed = ["only valid inside a block", "invalid indentation in flow construct"];
    if unclosed.iter().any(|words| info.contains(words))
        && let Some(bracket) = bracket_above(text, line)
    {
        return not_closed(bracket);
    }
    if info.contains("simple key expect") {
        let fault = Fault::new(last_word(text, line), "this line is no `key: value`");
        return fault
            .help("write a colon and a space after the key, or indent a text that goes on");
    }
    match WORDS.iter().find(|(words, ..)| info.contains(words)) {
        Some((_, message, help)) => Fault::new(at, *message).help(*help),
        None => Fault::new(at, format!("this is not YAML: {info}")),
    }
}

/// A bracket whose line ended without the other one, over which the scanner stumbles somewhere below.
pub(super) fn not_closed(bracket: Span) -> Fault {
    let fault = Fault::new(bracket, "this bracket is not closed in its line");
    fault.help("close it, put commas between what is in it, or quote a text that begins with it")
}

/// The bracket that its line leaves open, in the nearest such line before `line`.
fn bracket_above(text: &str, line: usize) -> Option<Span> {
    let above: Vec<&str> = text.split('\n').take(line.saturating_sub(1)).collect();
    above.iter().enumerate().rev().find_map(|(index, words)| {
        let mut open = Vec::new();
        let mut quote = None;
        for (column, letter) in words.chars().enumerate() {
            match (quote, letter) {
                (Some(mark), _) if mark == letter => quote = None,
                (None, '"' | '\'') => quote = Some(letter),
                (None, '[' | '{') => open.push(column),
                (None, ']' | '}') => drop(open.pop()),
                _ => {}
            }
        }
        open.pop().map(|column| point(index + 1, column + 1))
    })
}

const fn point(line: usize, column: usize) -> Span {
    Span { line, column, last_line: line, width: 1 }
}

/// A tab in the indentation of a line, over which the scanner stumbles there, one line before or
/// one after.
fn tab(text: &str, line: usize) -> Option<Span> {
    let first = line.saturating_sub(2);
    text.split('\n').enumerate().skip(first).take(line + 1 - first).find_map(|(index, words)| {
        let indent = &words[..words.len() - words.trim_start().len()];
        indent.find('\t').map(|before| point(index + 1, before + 1))
    })
}

/// The colon of a `key:value` right before the line at which a second colon was too much.
fn glued(text: &str, line: usize) -> Option<Span> {
    let before = line.checked_sub(2)?;
    let words = text.split('\n').nth(before)?;
    let key = words.trim_start().trim_start_matches("- ").split(':').next()?;
    let is_key = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || c == '_');
    let column = words.find(':')?;
    let is_glued = !words[column + 1..].starts_with(' ') && words.len() > column + 1;
    (is_key && is_glued).then(|| point(before + 1, words[..column].chars().count() + 1))
}

/// The beginning of the last line before `line` that says something.
fn last_word(text: &str, line: usize) -> Span {
    let said = text.split('\n').enumerate().take(line.saturating_sub(1)).filter(|(_, words)| {
        let words = words.trim_start();
        !words.is_empty() && !words.starts_with('#')
    });
    said.last().map_or(point(line, 1), |(index, words)| {
        point(index + 1, words.chars().take_while(|letter| letter.is_whitespace()).count() + 1)
    })
}
