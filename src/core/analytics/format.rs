//! The forms a report is written in, and what a renderer owes.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Report;
use crate::core::kernel::nearest;

/// A form a report is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReportFormat {
    /// Plain text at 80 columns.
    Terminal,
    #[serde(rename = "md")]
    Markdown,
    /// One self-contained page with charts.
    Html,
    Csv,
    Json,
}

/// Writes a report in one format.
///
/// Names, labels and replies come from outside: the renderer makes them harmless in its format.
pub trait ReportRenderer: Sync {
    /// # Errors
    /// [`ReportError`] when the report cannot be written in this format.
    fn render(&self, report: &Report) -> Result<String, ReportError>;
}

/// Writes a report in every format; adapters implement it.
pub trait Renderers: fmt::Debug + Send + Sync {
    /// # Errors
    /// [`ReportError`] when the report cannot be written in this format.
    fn render(&self, format: ReportFormat, report: &Report) -> Result<String, ReportError>;
}

/// A report was not written.
#[derive(Debug, thiserror::Error)]
#[error("the report could not be written as {format}; another `--format` may work: {source}")]
pub struct ReportError {
    pub format: ReportFormat,
    #[source]
    pub source: Box<dyn Error + Send + Sync>,
}

/// No format has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no report format `{name}`; {}", hint(name))]
pub struct UnknownFormat {
    pub name: String,
}

impl ReportFormat {
    pub const ALL: [Self; 5] = [Self::Terminal, Self::Markdown, Self::Html, Self::Csv, Self::Json];

    /// The name on the command line and in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Terminal => "terminal",
            Self::Markdown => "md",
            Self::Html => "html",
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }

    /// What a file of it ends in, without the dot.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Terminal => "txt",
            other => other.name(),
        }
    }

    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Terminal => "text/plain; charset=utf-8",
            Self::Markdown => "text/markdown; charset=utf-8",
            Self::Html => "text/html; charset=utf-8",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Json => "application/json",
        }
    }

    /// Wraps what went wrong while writing this format.
    pub fn error(self, source: impl Into<Box<dyn Error + Send + Sync>>) -> ReportError {
        ReportError { format: self, source: source.into() }
    }
}

impl fmt::Display for ReportFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ReportFormat {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        Self::ALL
            .into_iter()
            .find(|format| format.name() == text)
            .ok_or_else(|| UnknownFormat { name: text.chars().take(32).collect() })
    }
}

fn hint(name: &str) -> String {
    let meant = match name.to_ascii_lowercase().as_str() {
        "markdown" => Some("md"),
        "text" | "txt" | "plain" => Some("terminal"),
        "htm" => Some("html"),
        other => nearest(other, ReportFormat::ALL.map(ReportFormat::name)),
    };
    match meant {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("choose one of {}", ReportFormat::ALL.map(ReportFormat::name).join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_serde_agrees() {
        for format in ReportFormat::ALL {
            assert_eq!(format.name().parse(), Ok(format));
            let json = serde_json::to_string(&format).unwrap();
            assert_eq!(json, format!("\"{format}\""));
        }
    }

    #[test]
    fn an_unknown_name_is_met_with_the_right_one() {
        let refusal = |name: &str| name.parse::<ReportFormat>().unwrap_err().to_string();
        assert_eq!(refusal("markdown"), "no report format `markdown`; did you mean `md`?");
        assert_eq!(refusal("jsno"), "no report format `jsno`; did you mean `json`?");
        assert_eq!(
            refusal("parchment"),
            "no report format `parchment`; choose one of terminal, md, html, csv, json"
        );
    }
}
