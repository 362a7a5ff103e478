//! The one printer: data on stdout, everything else on stderr.
//!
//! A command gives its data once, as a value and as columns or text for people; the flags choose
//! the form. What is printed as JSON is the API's body. **Invariant:** data that was given is out
//! when the call returns; when its reader is gone, every call fails and [`Output::reader_left`].

use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::builder::FalseyValueParser;
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;
use serde_json::Value;

use super::error::CommandError;
use crate::client::Listing;

/// The forms data can be printed in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    /// For people
    #[default]
    Table,
    Json,
    Yaml,
    Csv,
    /// A plan, as a comment on a merge request
    Markdown,
    /// Findings of `validate`, as a test report
    Junit,
    /// Findings of `validate`, as a log for code scanning
    Sarif,
}

/// What a line of text means, which colours it where colours are; its words say it too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tint {
    Plain,
    Bold,
    Faint,
    Added,
    Changed,
    Removed,
    Warned,
}

/// The flags of every command that shape its output.
#[derive(clap::Args, Clone, Debug, Default)]
#[command(next_help_heading = "Output options")]
pub struct OutputArgs {
    /// How to print the data
    #[arg(
        short,
        long,
        global = true,
        value_enum,
        value_name = "FORM",
        default_value = "table",
        env = "FRONTIER_OUTPUT",
        hide_env = true,
        hide_default_value = true,
        hide_possible_values = true,
        help = "How to print the data: table, json, yaml or csv"
    )]
    pub output: Form,

    /// Print only these fields, as JSON: `--json name,members`
    #[arg(
        long,
        global = true,
        value_name = "FIELDS",
        value_delimiter = ',',
        env = "FRONTIER_JSON",
        hide_env = true
    )]
    pub json: Vec<String>,

    /// Filter the JSON by a jq expression: `--jq '.[].name'`
    #[arg(long, global = true, value_name = "FILTER", env = "FRONTIER_JQ", hide_env = true)]
    pub jq: Option<String>,

    /// Print only data and errors, no notes and no progress
    #[arg(
        short,
        long,
        global = true,
        env = "FRONTIER_QUIET",
        hide_env = true,
        value_parser = FalseyValueParser::new()
    )]
    pub quiet: bool,

    /// Use no colours; the variable `NO_COLOR` says the same
    #[arg(
        long,
        global = true,
        env = "FRONTIER_NO_COLOR",
        hide_env = true,
        value_parser = FalseyValueParser::new()
    )]
    pub no_color: bool,
}

impl OutputArgs {
    /// Whether what goes to stderr may be coloured.
    pub fn colors_on_stderr(&self) -> bool {
        self.colors() && io::stderr().is_terminal()
    }

    fn colors(&self) -> bool {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        !self.no_color && !refused
    }
}

/// One column of a table: its heading and how a row fills it.
#[derive(Debug)]
pub struct Column<T> {
    heading: &'static str,
    cell: fn(&T) -> String,
}

/// Makes a column.
pub const fn column<T>(heading: &'static str, cell: fn(&T) -> String) -> Column<T> {
    Column { heading, cell }
}

/// Where a command's words go.
pub struct Output<'a> {
    args: OutputArgs,
    data: Box<dyn Write + Send + 'a>,
    notes: Box<dyn Write + Send + 'a>,
    /// Whether stderr is a terminal, so that progress may be drawn.
    live: bool,
    colors: bool,
    /// Whether the data may be coloured.
    vivid: bool,
    reader_left: Arc<AtomicBool>,
}

impl std::fmt::Debug for Output<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Output").field("args", &self.args).finish_non_exhaustive()
    }
}

impl<'a> Output<'a> {
    /// Prints to the process's stdout and stderr.
    pub fn standard(args: OutputArgs) -> Self {
        let reader_left = Arc::<AtomicBool>::default();
        let stdout = Watched { inner: io::stdout(), reader_left: Arc::clone(&reader_left) };
        Self {
            colors: args.colors_on_stderr(),
            live: !args.quiet && io::stderr().is_terminal(),
            vivid: args.colors() && io::stdout().is_terminal(),
            data: Box::new(BufWriter::with_capacity(64 * 1024, stdout)),
            notes: Box::new(io::stderr()),
            reader_left,
            args,
        }
    }

    /// Prints to `data` and `notes`, as if neither were a terminal.
    pub fn to(
        args: OutputArgs,
        data: impl Write + Send + 'a,
        notes: impl Write + Send + 'a,
    ) -> Self {
        let reader_left = Arc::<AtomicBool>::default();
        let data = Watched { inner: data, reader_left: Arc::clone(&reader_left) };
        let (data, notes) = (Box::new(data), Box::new(notes));
        Self { args, data, notes, live: false, colors: false, vivid: false, reader_left }
    }

    /// Whether whoever read the data is gone, as `head` is once it has its lines: no failure.
    pub fn reader_left(&self) -> bool {
        self.reader_left.load(Ordering::Relaxed)
    }

    /// Whether progress may be drawn on stderr.
    pub const fn is_live(&self) -> bool {
        self.live
    }

    /// Prints one thing: as text by `people`, or as the value in the form that was asked for.
    pub fn show<T: Serialize>(
        &mut self,
        value: &T,
        people: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), CommandError> {
        if self.wants_people() {
            people(&mut self.data)?;
            return Ok(self.data.flush()?);
        }
        let value = serde_json::to_value(value).map_err(|e| CommandError::failed(e.to_string()))?;
        self.value(&value)
    }

    /// Prints rows: as a table with `columns`, or as a list of values.
    pub fn rows<T: Serialize>(
        &mut self,
        rows: &[T],
        columns: &[Column<T>],
    ) -> Result<(), CommandError> {
        if self.wants_csv() {
            let mut csv = csv::Writer::from_writer(&mut self.data);
            csv.write_record(columns.iter().map(|column| column.heading))
                .map_err(io::Error::from)?;
            for row in rows {
                csv.write_record(columns.iter().map(|column| (column.cell)(row)))
                    .map_err(io::Error::from)?;
            }
            return Ok(csv.flush()?);
        }
        if !self.wants_people() {
            let rows =
                serde_json::to_value(rows).map_err(|e| CommandError::failed(e.to_string()))?;
            return self.value(&rows);
        }
        if rows.is_empty() {
            return Ok(());
        }
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(columns.iter().map(|column| column.heading.to_uppercase()));
        for row in rows {
            table.add_row(columns.iter().map(|column| (column.cell)(row)));
        }
        for line in table.lines() {
            writeln!(self.data, "{}", line.trim())?;
        }
        Ok(self.data.flush()?)
    }

    /// Prints what was found of a list, `none` when that is nothing, and says when there is more.
    pub fn listing<T: Serialize>(
        &mut self,
        found: &Listing<T>,
        columns: &[Column<T>],
        none: &str,
    ) -> Result<(), CommandError> {
        self.rows(&found.items, columns)?;
        if found.items.is_empty() {
            self.note(none);
        } else if found.next_cursor.is_some() {
            self.note(format_args!(
                "These are the first {}; there are more, which a larger --limit shows.",
                found.items.len()
            ));
        }
        Ok(())
    }

    /// Prints text as it is: a document, a mail, a script.
    pub fn text(&mut self, text: &str) -> Result<(), CommandError> {
        self.data.write_all(text.as_bytes())?;
        if !text.ends_with('\n') {
            self.data.write_all(b"\n")?;
        }
        Ok(self.data.flush()?)
    }

    /// Prints lines, in their colours where the data's reader is a terminal.
    pub fn lines(&mut self, lines: &[(Tint, String)]) -> Result<(), CommandError> {
        for (tint, line) in lines {
            match tint.code().filter(|_| self.vivid) {
                Some(code) => writeln!(self.data, "\u{1b}[{code}m{line}\u{1b}[0m")?,
                None => writeln!(self.data, "{line}")?,
            }
        }
        Ok(self.data.flush()?)
    }

    /// Prints a piece of something long, as it arrives.
    pub fn bytes(&mut self, piece: &[u8]) -> Result<(), CommandError> {
        self.data.write_all(piece)?;
        Ok(self.data.flush()?)
    }

    /// A question to the person, on stderr; what they type follows it.
    pub(super) fn ask(&mut self, question: impl std::fmt::Display) {
        let _ = write!(self.notes, "{question}").and_then(|()| self.notes.flush());
    }

    /// Prints a value that has one form, JSON; the flags filter it or turn it into another.
    pub fn json(&mut self, value: &Value) -> Result<(), CommandError> {
        self.value(value)
    }

    /// A word to the person, on stderr.
    pub fn note(&mut self, note: impl std::fmt::Display) {
        if !self.args.quiet {
            // Nobody is there to be told when stderr is gone.
            let _ = writeln!(self.notes, "{note}");
        }
    }

    /// What went wrong, on stderr, with what to do.
    pub fn error(&mut self, error: &CommandError) {
        let label = if self.colors { "\u{1b}[1;31merror:\u{1b}[0m" } else { "error:" };
        if !error.message.is_empty() {
            let _ = writeln!(self.notes, "{label} {}", error.message);
        }
        for hint in &error.hints {
            let _ = writeln!(self.notes, "  {hint}");
        }
    }

    /// An error with its place in a text, on stderr: as it is, or in colours.
    pub fn diagnostic(&mut self, text: &str) {
        for line in text.lines() {
            let line = if self.colors { painted(line) } else { line.to_owned() };
            let _ = writeln!(self.notes, "{line}");
        }
        let _ = writeln!(self.notes);
    }

    /// The form that was asked for; fields and filters are of the JSON.
    pub const fn form(&self) -> Form {
        let json = !self.args.json.is_empty() || self.args.jq.is_some();
        if json { Form::Json } else { self.args.output }
    }

    /// What [`Output::show`] prints of a value, for a file.
    pub(super) fn written<T: Serialize>(&self, value: &T) -> Result<String, CommandError> {
        let mut text = Vec::new();
        Output::to(self.args.clone(), &mut text, io::sink()).show(value, |_| Ok(()))?;
        String::from_utf8(text).map_err(|error| CommandError::failed(error.to_string()))
    }

    /// Whether the form is the one for people.
    pub fn wants_people(&self) -> bool {
        self.args.output == Form::Table && self.args.json.is_empty() && self.args.jq.is_none()
    }

    fn wants_csv(&self) -> bool {
        self.args.output == Form::Csv && self.args.json.is_empty() && self.args.jq.is_none()
    }

    fn value(&mut self, value: &Value) -> Result<(), CommandError> {
        let value = select(value, &self.args.json);
        if let Some(filter) = &self.args.jq {
            for result in super::jq::run(filter, &value)? {
                match result {
                    Value::String(text) => writeln!(self.data, "{text}")?,
                    other => writeln!(self.data, "{other}")?,
                }
            }
            return Ok(self.data.flush()?);
        }
        match self.args.output {
            Form::Yaml => {
                let text = serde_yaml::to_string(&value)
                    .map_err(|error| CommandError::failed(error.to_string()))?;
                self.data.write_all(text.as_bytes())?;
            }
            Form::Csv => {
                let mut csv = csv::Writer::from_writer(&mut self.data);
                for record in records(&value) {
                    csv.write_record(record).map_err(io::Error::from)?;
                }
                csv.flush()?;
            }
            Form::Json | Form::Table | Form::Markdown | Form::Junit | Form::Sarif => {
                serde_json::to_writer_pretty(&mut self.data, &value).map_err(io::Error::from)?;
                self.data.write_all(b"\n")?;
            }
        }
        Ok(self.data.flush()?)
    }
}

impl Tint {
    /// Of ANSI terminals.
    const fn code(self) -> Option<&'static str> {
        Some(match self {
            Self::Plain => return None,
            Self::Bold => "1",
            Self::Faint => "2",
            Self::Added => "32",
            Self::Changed | Self::Warned => "33",
            Self::Removed => "31",
        })
    }
}

/// A line of an error as compilers colour it: the word, the margin, the marker.
fn painted(line: &str) -> String {
    const RED: &str = "\u{1b}[1;31m";
    const YELLOW: &str = "\u{1b}[1;33m";
    const BLUE: &str = "\u{1b}[1;34m";
    const BOLD: &str = "\u{1b}[1m";
    const PLAIN: &str = "\u{1b}[0m";
    if let Some(message) = line.strip_prefix("error:") {
        return format!("{RED}error{PLAIN}{BOLD}:{message}{PLAIN}");
    }
    if let Some(message) = line.strip_prefix("warning:") {
        return format!("{YELLOW}warning{PLAIN}{BOLD}:{message}{PLAIN}");
    }
    let margin = line.find(|letter: char| !letter.is_ascii_digit() && letter != ' ').unwrap_or(0);
    let width = if line[margin..].starts_with("-->") { 3 } else { 1 };
    let (margin, rest) = line.split_at_checked(margin + width).unwrap_or((line, ""));
    if rest.trim_start().starts_with('^') {
        return format!("{BLUE}{margin}{PLAIN}{RED}{rest}{PLAIN}");
    }
    format!("{BLUE}{margin}{PLAIN}{rest}")
}

/// A value as CSV: an object as field,value lines, objects of one kind under a heading, and
/// anything else as a cell a line.
fn records(value: &Value) -> Vec<Vec<String>> {
    let cell = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match value {
        Value::Object(object) => {
            object.iter().map(|(field, value)| vec![field.clone(), cell(value)]).collect()
        }
        Value::Array(items) => {
            let Some(first) = items.first().and_then(Value::as_object) else {
                return items.iter().map(|item| vec![cell(item)]).collect();
            };
            let row = |item: &Value| first.keys().map(|field| cell(&item[field])).collect();
            let heading = first.keys().cloned().collect();
            std::iter::once(heading).chain(items.iter().map(row)).collect()
        }
        other => vec![vec![cell(other)]],
    }
}

/// Keeps the named fields of an object, or of each object of a list; all when none is named.
fn select(value: &Value, fields: &[String]) -> Value {
    match value {
        _ if fields.is_empty() => value.clone(),
        Value::Array(items) => items.iter().map(|item| select(item, fields)).collect(),
        Value::Object(object) => fields
            .iter()
            .map(|field| (field.clone(), object.get(field).cloned().unwrap_or(Value::Null)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

/// A writer that remembers that its reader is gone.
struct Watched<W> {
    inner: W,
    reader_left: Arc<AtomicBool>,
}

impl<W> Watched<W> {
    fn watch<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
            self.reader_left.store(true, Ordering::Relaxed);
        }
        result
    }
}

impl<W: Write> Write for Watched<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = self.inner.write(bytes);
        self.watch(result)
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = self.inner.flush();
        self.watch(result)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn printed(value: &Value) -> String {
        let mut data = Vec::new();
        let args = OutputArgs { output: Form::Csv, ..OutputArgs::default() };
        Output::to(args, &mut data, io::sink()).json(value).unwrap();
        String::from_utf8(data).unwrap()
    }

    #[test]
    fn every_value_has_a_csv() {
        assert_eq!(printed(&json!({"name": "North", "members": 2})), "name,North\nmembers,2\n");
        assert_eq!(printed(&json!([{"name": "a,b"}, {"name": "c"}])), "name\n\"a,b\"\nc\n");
        assert_eq!(printed(&json!("frontier.yaml")), "frontier.yaml\n");
        assert_eq!(printed(&json!([])), "");
    }
}
