//! What campaigns say that their brand avoids: warnings, which stop nothing.
//!
//! A campaign is of the brand that its label `brand` names; one without that label is of the only
//! brand there is.

use std::collections::BTreeMap;

use super::codes::{Code, Severity};
use super::findings::Finding;
use super::model::{CampaignSpec, Document, Spec};
use crate::core::campaigns::message_source;
use crate::core::content::{Profile, TemplateSource, visible};

/// The label of a campaign that names its brand.
const LABEL: &str = "brand";

/// Brands by name, as they shall be.
pub(super) type BrandProfiles = BTreeMap<String, Profile>;

/// Puts the brands of the files over those that `exist`.
pub(super) fn profiles(mut exist: BrandProfiles, wanted: &[Document]) -> BrandProfiles {
    for document in wanted {
        if let Spec::Brand(profile) = &document.spec {
            exist.insert(document.name.clone(), profile.clone());
        }
    }
    exist
}

/// What the messages of a campaign say that its brand avoids, word by word.
pub(super) fn off_brand(
    document: &Document,
    spec: &CampaignSpec,
    brands: &BrandProfiles,
    templates: &[TemplateSource],
) -> Vec<Finding> {
    let only = || brands.iter().next().filter(|_| brands.len() == 1);
    let brand = match document.labels.get(LABEL) {
        Some(name) => brands.get_key_value(name),
        None => only(),
    };
    let Some((brand, profile)) = brand else { return Vec::new() };
    let mut findings = Vec::new();
    for message in &spec.messages {
        let source = message_source(message.clone(), templates);
        let parts = [
            ("subject", Some(&source.subject)),
            ("preheader", source.preheader.as_ref()),
            ("body", Some(&source.body.body)),
            ("text", source.text.as_ref()),
        ];
        for (part, text) in parts {
            let text = text.map(|text| visible(text)).unwrap_or_default();
            findings.extend(profile.avoided_in(&text).into_iter().map(|word| Finding {
                code: Code::BrandWord,
                severity: Severity::Warning,
                origin: document.origin.clone(),
                message: Some(message.name.clone()),
                place: None,
                inside: None,
                words: format!(
                    "the {part} of `{}` says `{word}`, which the brand `{brand}` avoids",
                    message.name
                ),
                help: None,
            }));
        }
    }
    findings
}
