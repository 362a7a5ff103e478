//! JSON: the report itself, for programs.

use crate::core::analytics::{Report, ReportError, ReportFormat, ReportRenderer};

pub(super) struct Json;

impl ReportRenderer for Json {
    fn render(&self, report: &Report) -> Result<String, ReportError> {
        let mut text = serde_json::to_string_pretty(report)
            .map_err(|error| ReportFormat::Json.error(error))?;
        text.push('\n');
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::reports::sample;

    #[test]
    fn it_reads_back_as_it_was() {
        for report in [sample::spring(), sample::empty(), sample::hostile()] {
            let text = Json.render(&report).unwrap();
            assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
        }
    }
}
