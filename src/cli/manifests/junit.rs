//! Findings as a `JUnit` report: a suite a file, a case a document.
//!
//! A case fails when something is wrong in its document, and says all of it; what only warns is in
//! its output. Findings in a file that a manifest names make a case of that file.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::api::{ProblemBody, ReferencesBody, SeverityBody};
use crate::cli::error::CommandError;

/// The report over the manifests of these outlines.
pub(super) fn report(
    outlines: &[ReferencesBody],
    findings: &[ProblemBody],
) -> Result<String, CommandError> {
    let mut report = Report::new("frontier validate");
    for outline in outlines {
        let here = || findings.iter().filter(|finding| finding.file == outline.path);
        let mut suite = TestSuite::new(outline.path.clone());
        for (index, document) in outline.documents.iter().enumerate() {
            let name = match (&document.kind, &document.name) {
                (Some(kind), Some(name)) => format!("{kind} {name}"),
                _ => format!("document {}", index + 1),
            };
            let ends = outline.documents.get(index + 1).map_or(usize::MAX, |next| next.line);
            let starts = if index == 0 { 0 } else { document.line };
            let within = here().filter(|finding| (starts..ends).contains(&finding.line));
            suite.add_test_case(case(name, &outline.path, within));
        }
        if outline.documents.is_empty() {
            suite.add_test_case(case(outline.path.clone(), &outline.path, here()));
        }
        report.add_test_suite(suite);
    }
    let mut others: Vec<&str> = findings.iter().map(|finding| finding.file.as_str()).collect();
    others.retain(|file| outlines.iter().all(|outline| outline.path != *file));
    others.sort_unstable();
    others.dedup();
    for file in others {
        let mut suite = TestSuite::new(file);
        let within = findings.iter().filter(|finding| finding.file == file);
        suite.add_test_case(case(file.to_owned(), file, within));
        report.add_test_suite(suite);
    }
    report.to_string().map_err(|error| CommandError::failed(error.to_string()))
}

fn case<'a>(name: String, file: &str, findings: impl Iterator<Item = &'a ProblemBody>) -> TestCase {
    let (wrong, doubtful): (Vec<_>, Vec<_>) =
        findings.partition(|finding| finding.severity == SeverityBody::Error);
    let all = |findings: &[&ProblemBody]| {
        findings.iter().map(|finding| finding.rendered.as_str()).collect::<Vec<_>>().join("\n\n")
    };
    let status = match wrong.as_slice() {
        [] => TestCaseStatus::success(),
        [first, rest @ ..] => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            let place = format!("{}:{}:{}", first.file, first.line, first.column);
            status.set_message(match rest.len() {
                0 => format!("{place}: {}", first.message),
                more => format!("{place}: {} (and {more} more)", first.message),
            });
            status.set_type(first.code.clone());
            status.set_description(all(&wrong));
            status
        }
    };
    let mut case = TestCase::new(name, status);
    case.set_classname(file);
    case.extra.insert("file".into(), file.into());
    if !doubtful.is_empty() {
        case.set_system_out(all(&doubtful));
    }
    case
}
