//! What is wrong with documents that could be read, as problems with a place.

use std::path::Path;

use super::codes::{Code, Severity};
use super::model::{Kind, Origin};
use super::parse::SourceFile;
use super::positions::{Node, Span, Value, normalise, read};
use super::problem::{Fault, Listing, Problems};
use crate::core::contacts::ExpressionPlace;
use crate::core::content::Place;

/// Something that is wrong with a document or one of its messages.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) code: Code,
    pub(super) severity: Severity,
    pub(super) origin: Origin,
    /// The message it is about; the whole document when absent.
    pub(super) message: Option<String>,
    /// Where it is in a template, which may be a file that was brought along.
    pub(super) place: Option<Place>,
    /// Where it is in the expression of a segment.
    pub(super) inside: Option<ExpressionPlace>,
    pub(super) words: String,
    pub(super) help: Option<String>,
}

/// The findings as problems: in the file of a template's body where that is known, else at the
/// name of the message or document.
pub(super) fn locate(bundle: &[SourceFile], findings: &[Finding]) -> Problems {
    let texts: Vec<String> = bundle.iter().map(|source| normalise(&source.text)).collect();
    let trees: Vec<_> = texts.iter().map(|text| read(text).documents).collect();
    let roots = || {
        trees
            .iter()
            .zip(bundle)
            .flat_map(|(roots, source)| roots.iter().map(move |root| (&**root, source)))
    };
    let (mut named, mut bodies) = (Vec::new(), Vec::new());
    for finding in findings {
        let body = finding.place.as_ref().and_then(|place| {
            let (root, source) = roots().find(|(root, _)| is_template(root, &place.template))?;
            let path = root.get("spec")?.get("body_file")?.text()?;
            Some((source, path, source.files.get(path)?, place.line))
        });
        match body {
            Some(body) => bodies.push((body, finding)),
            None => named.push(finding),
        }
    }
    let mut files: Vec<(String, String, Vec<Fault>)> = Vec::new();
    for ((source, text), roots) in bundle.iter().zip(&texts).zip(&trees) {
        let here = named.iter().filter(|finding| finding.origin.file == source.path);
        let faults = here.map(|finding| {
            let root = roots.iter().find(|root| root.at.line == finding.origin.line);
            let at = root.and_then(|root| match finding.inside {
                Some(place) => inside(root.get("spec")?.get("where")?, place),
                None => name(root, finding.message.as_deref()),
            });
            fault(at.unwrap_or(Span::START), finding)
        });
        files.push((source.path.clone(), text.clone(), faults.collect()));
    }
    for ((source, path, text, line), finding) in bodies {
        let folder = Path::new(&source.path).parent().unwrap_or(Path::new(""));
        let (path, text) = (folder.join(path).display().to_string(), normalise(text));
        let fault = fault(whole_line(&text, line), finding);
        // Several campaigns may find the same.
        if !files.iter().any(|(other, _, faults)| *other == path && faults.contains(&fault)) {
            files.push((path, text, vec![fault]));
        }
    }
    let listings: Vec<Listing<'_>> =
        files.iter().map(|(path, text, _)| Listing::new(path, text)).collect();
    Problems::list(listings.iter().zip(&files).map(|(listing, file)| (listing, file.2.clone())))
}

fn fault(at: Span, finding: &Finding) -> Fault {
    let Finding { code, severity, words, help, .. } = finding;
    Fault { code: *code, severity: *severity, at, message: words.clone(), help: help.clone() }
}

fn is_template(root: &Node, name: &str) -> bool {
    let text = |node: Option<&Node>| node.and_then(Node::text).map(str::to_owned);
    text(root.get("kind")).as_deref() == Some(Kind::Template.as_str())
        && text(root.get("metadata").and_then(|node| node.get("name"))).as_deref() == Some(name)
}

/// Where the name of a document or of one of its messages stands.
fn name(root: &Node, message: Option<&str>) -> Option<Span> {
    let name = match message {
        None => root.get("metadata")?.get("name")?,
        Some(message) => root
            .get("spec")?
            .get("messages")?
            .items()
            .iter()
            .filter_map(|item| item.get("name"))
            .find(|name| name.text() == Some(message))?,
    };
    Some(name.at)
}

/// A place of an expression: exactly where it is written on one line, else where it begins.
fn inside(expression: &Node, place: ExpressionPlace) -> Option<Span> {
    let at = expression.at;
    let Value::Scalar { plain, .. } = expression.value else { return None };
    if at.line != at.last_line || place.line > 1 {
        return Some(Span { last_line: at.line, width: 1, ..at });
    }
    let quote = usize::from(!plain);
    Some(Span { column: at.column + quote + place.column - 1, width: place.width, ..at })
}

/// A line of a text without the space around it.
fn whole_line(text: &str, line: usize) -> Span {
    let words = text.split('\n').nth(line.saturating_sub(1)).unwrap_or_default();
    let indent = words.chars().take_while(|letter| letter.is_whitespace()).count();
    let width = words.trim().chars().count().max(1);
    Span { line, last_line: line, column: indent + 1, width }
}
