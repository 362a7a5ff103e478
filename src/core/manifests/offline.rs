//! Checking without a workspace: what the texts alone can tell.
//!
//! Grammar, rules, references between the files, expressions and templates are checked as they are
//! with one. What only a workspace knows (a list that exists, the type of an attribute) becomes a
//! warning, so that nobody takes silence for a check. **Invariant:** what is an error here is one
//! everywhere.

use std::collections::BTreeSet;

use super::codes::{Code, Severity};
use super::findings::{Finding, locate};
use super::model::{CampaignSpec, Document, Kind, SegmentSpec, Spec};
use super::parse::{SourceFile, parse_alone};
use super::prepare::finding;
use super::problem::Problems;
use super::service::Validation;
use super::timing::second_schedules;
use super::wording::{BrandProfiles, off_brand, profiles};
use crate::core::campaigns::{MessageContent, message_source};
use crate::core::contacts::{AttributeTypes, ReferenceKind, parse_expression};
use crate::core::content::{Compiled, ContentError, Library, TemplateSource};

/// Checks the files by themselves.
///
/// # Errors
/// All that is wrong in them.
pub fn validate_alone(bundle: &[SourceFile]) -> Result<Validation, Problems> {
    let (documents, unseen) = parse_alone(bundle)?;
    let templates: Vec<TemplateSource> = documents
        .iter()
        .filter_map(|document| match &document.spec {
            Spec::Template(spec) => Some(spec.clone().source(document.name.clone())),
            _ => None,
        })
        .collect();
    let names: BTreeSet<(Kind, &str)> = documents.iter().map(Document::key).collect();
    let brands = profiles(BrandProfiles::new(), &documents);
    let mut findings = second_schedules(&documents);
    for document in &documents {
        match &document.spec {
            Spec::Segment(spec) => findings.extend(expression(document, spec, &names)),
            Spec::Campaign(spec) => {
                findings.extend(messages(document, spec, &templates));
                findings.extend(off_brand(document, spec, &brands, &templates));
            }
            Spec::List(_)
            | Spec::Channel(_)
            | Spec::Template(_)
            | Spec::Suppression(_)
            | Spec::Brand(_)
            | Spec::Schedule(_)
            | Spec::Report(_) => {}
        }
    }
    let (wrong, doubtful): (Vec<_>, Vec<_>) =
        findings.into_iter().partition(|finding| finding.severity == Severity::Error);
    if !wrong.is_empty() {
        return Err(locate(bundle, &wrong));
    }
    let mut warnings = unseen.problems;
    warnings.extend(locate(bundle, &doubtful).problems);
    let documents = documents.into_iter().map(|document| (document.kind(), document.name));
    Ok(Validation { documents: documents.collect(), warnings })
}

fn expression(
    document: &Document,
    spec: &SegmentSpec,
    names: &BTreeSet<(Kind, &str)>,
) -> Vec<Finding> {
    let about = |code, severity, at, words, help| Finding {
        code,
        severity,
        origin: document.origin.clone(),
        message: None,
        place: None,
        inside: Some(at),
        words,
        help,
    };
    let read = match parse_expression(&spec.expression, &AttributeTypes::new()) {
        Ok(read) => read,
        Err(error) if error.unknown_name => {
            let help = Some("write attributes.KEY, which needs no workspace".to_owned());
            let words = format!("{}, as far as these files tell", error.message);
            return vec![about(Code::NotChecked, Severity::Warning, error.at, words, help)];
        }
        Err(error) => {
            let (words, help) = (error.message, error.help);
            return vec![about(Code::Expression, Severity::Error, error.at, words, help)];
        }
    };
    let unseen = read.references.iter().filter_map(|reference| {
        let kind = match reference.kind {
            ReferenceKind::List => Kind::List,
            ReferenceKind::Segment => Kind::Segment,
            ReferenceKind::Campaign => Kind::Campaign,
        };
        let unseen = !names.contains(&(kind, reference.name.as_str()));
        let words = format!("no {kind} `{}` is in these files", reference.name);
        let help = Some("without a workspace nobody knows whether it exists".to_owned());
        unseen.then(|| about(Code::NotChecked, Severity::Warning, reference.at, words, help))
    });
    unseen.collect()
}

/// What is wrong with the messages whose templates are all there.
fn messages(
    document: &Document,
    spec: &CampaignSpec,
    templates: &[TemplateSource],
) -> Vec<Finding> {
    let library: Library = templates.iter().cloned().collect();
    let there = |name: &str| templates.iter().any(|template| template.name == name);
    let compiled = spec.messages.iter().filter_map(|message| {
        if matches!(&message.content, MessageContent::Template(name) if !there(name)) {
            return None;
        }
        let source = message_source(message.clone(), templates);
        let error = Compiled::compile(&source, &library).err()?;
        let missing = match &error {
            ContentError::NoTemplate { name, .. } => Some(name.clone()),
            _ => None,
        };
        let named = templates.iter().any(|template| template.layout == missing);
        match missing {
            // Its layout, which is told.
            Some(_) if named => None,
            Some(name) => {
                let found = finding(document, Some(message.name.clone()), &error.into());
                let words = format!("no Template `{name}` is in these files");
                let help = Some("without a workspace nobody knows whether it exists".to_owned());
                let (code, severity) = (Code::NotChecked, Severity::Warning);
                Some(Finding { code, severity, words, help, ..found })
            }
            None => Some(finding(document, Some(message.name.clone()), &error.into())),
        }
    });
    compiled.collect()
}
