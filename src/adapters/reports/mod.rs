//! Reports: one renderer for each form a campaign's report is written in.
//!
//! A renderer is pure: the same report gives the same text, on any machine and in any locale.
//! **Invariant:** text from outside (names, labels, domains, replies) cannot become markup, a
//! control sequence or a formula in any of them.

mod charts;
mod csv;
mod html;
mod json;
mod markdown;
mod terminal;
mod words;

#[cfg(test)]
mod sample;

use crate::core::analytics::{Renderers, Report, ReportError, ReportFormat, ReportRenderer};

/// The renderer of `format`.
pub fn renderer(format: ReportFormat) -> &'static dyn ReportRenderer {
    match format {
        ReportFormat::Terminal => &terminal::Terminal,
        ReportFormat::Markdown => &markdown::Markdown,
        ReportFormat::Html => &html::Html,
        ReportFormat::Csv => &csv::Csv,
        ReportFormat::Json => &json::Json,
    }
}

/// The renderers that come with the program.
#[derive(Clone, Copy, Debug)]
pub struct BuiltinRenderers;

impl Renderers for BuiltinRenderers {
    fn render(&self, format: ReportFormat, report: &Report) -> Result<String, ReportError> {
        renderer(format).render(report)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_writes_every_report() {
        for format in ReportFormat::ALL {
            for report in [sample::spring(), sample::empty(), sample::hostile()] {
                let text = renderer(format).render(&report).unwrap();
                assert!(text.ends_with('\n'), "{format}");
                assert!(!text.contains('\u{1b}'), "{format}");
            }
        }
    }
}
