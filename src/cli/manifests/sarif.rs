//! Findings as a SARIF 2.1.0 log, for code scanning.
//!
//! Places are relative to the folder the command runs in, which in a pipeline is the repository's;
//! columns count characters, and the log says so.

use std::path::Path;

use serde_json::{Value, json};

use crate::api::{ProblemBody, SeverityBody, manifest_rules};
use crate::cli::error::CommandError;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// The log of the findings.
pub(super) fn log(findings: &[ProblemBody]) -> Result<String, CommandError> {
    let folder = std::env::current_dir()?;
    let rules = manifest_rules();
    let place = |code: &str| rules.iter().position(|rule| rule.code == code);
    let results: Vec<Value> = findings
        .iter()
        .map(|finding| {
            let mut result = json!({
                "ruleId": finding.code,
                "level": match finding.severity {
                    SeverityBody::Error => "error",
                    SeverityBody::Warning => "warning",
                },
                "message": { "text": text(finding) },
                "locations": [{ "physicalLocation": {
                    "artifactLocation": { "uri": uri(&finding.file, &folder) },
                    "region": {
                        "startLine": finding.line,
                        "startColumn": finding.column,
                        "endColumn": finding.end_column,
                    },
                } }],
            });
            if let Some(index) = place(&finding.code) {
                result["ruleIndex"] = index.into();
            }
            result
        })
        .collect();
    let rule = |rule: &crate::api::Rule| {
        json!({
            "id": rule.code,
            "shortDescription": { "text": rule.about },
            "defaultConfiguration": { "level": "error" },
        })
    };
    let driver = json!({
        "name": "Frontier",
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "rules": rules.iter().map(rule).collect::<Vec<_>>(),
    });
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": driver },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    serde_json::to_string_pretty(&log).map_err(|error| CommandError::failed(error.to_string()))
}

fn text(finding: &ProblemBody) -> String {
    match &finding.hint {
        Some(hint) => format!("{}: {hint}", finding.message),
        None => finding.message.clone(),
    }
}

/// The path of a file as a reference (RFC 3986): relative below `folder`, else as it was given.
fn uri(file: &str, folder: &Path) -> String {
    let path = Path::new(file);
    let path = path.strip_prefix(folder).or_else(|_| path.strip_prefix(".")).unwrap_or(path);
    let mut uri = if path.is_absolute() { "file://".to_owned() } else { String::new() };
    for byte in path.to_string_lossy().bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => {
                uri.push(char::from(byte));
            }
            other => uri.extend(["%", &format!("{other:02X}")]),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_references_below_the_folder() {
        let of = |file| uri(file, Path::new("/work/shop"));
        assert_eq!(of("campaigns/a.yaml"), "campaigns/a.yaml");
        assert_eq!(of("./a.yaml"), "a.yaml");
        assert_eq!(of("/work/shop/año 1.yaml"), "a%C3%B1o%201.yaml");
        assert_eq!(of("/other/a.yaml"), "file:///other/a.yaml");
        assert_eq!(of("../a.yaml"), "../a.yaml");
        assert_eq!(of("<stdin>"), "%3Cstdin%3E");
    }
}
