//! The kind `Brand`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Kept, KindSpec, filled};
use crate::core::content::{BadProfile, Brand, NewBrand, Profile};
use crate::core::kernel::Labels;
use crate::core::manifests::check::Checked;
use crate::core::manifests::positions::{Node, Span};
use crate::core::manifests::rules;
use crate::core::manifests::service::{ManifestError, Manifests};
use crate::core::manifests::shape::{Field, Form, LINE, Shape, TEXT, may};
use crate::core::manifests::world::Existing;
use crate::core::manifests::written::{Files, Incomplete};
use crate::storage::sql::Tx;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::core::manifests) struct WrittenBrand {
    #[serde(skip_serializing_if = "Option::is_none")]
    voice: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    words_to_use: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    words_to_avoid: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    languages: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    colors: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logo: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    links: Option<BTreeMap<String, String>>,
}

impl KindSpec for Profile {
    type Written = WrittenBrand;

    const FIELDS: &'static [Field] = &[
        may("voice", TEXT, "How it speaks, for whoever writes, at most 4000 characters.")
            .example("Warm and plain; we say du."),
        may("words_to_use", Shape::ListOf(&LINE), "Words it likes.").example("[de temporada]"),
        may(
            "words_to_avoid",
            Shape::ListOf(&LINE),
            "Words it does not say, whole and in any case: a campaign that does is warned. A campaign \
             is of the brand that its label `brand` names, or of the only one there is.",
        )
        .example("[gratis, última oportunidad]"),
        may("languages", Shape::ListOf(&LINE), "What it speaks, as tags.").example("[es, pt-BR]"),
        may("colors", Shape::Labels, "Its colours, as #2f6f4e, by what they are for.")
            .example("{ primary: \"#2f6f4e\" }"),
        may(
            "logo",
            Shape::Text(rules::web_address, Form::Pattern("^https?://[^ ]+$")),
            "Where its logo is.",
        )
        .example("https://casaverde.example/logo.png")
        .environment(),
        may("links", Shape::Labels, "Web addresses of its own, by what they lead to.")
            .example("{ shop: \"https://casaverde.example\" }"),
    ];
    const ABOUT: &'static str = "How a company speaks and looks, and the words it never says.";
    const EXAMPLE: &'static str = include_str!("../examples/brand.yaml");

    fn check_rules(checked: &mut Checked, spec: &Node, _: Span) {
        let mut hold = |nodes: Vec<&Node>, profile: fn(String) -> Self| {
            for node in nodes {
                if let Some(text) = node.text()
                    && let Err(refusal) = profile(text.to_owned()).check()
                {
                    let words = refusal.to_string();
                    let (message, help) = words.split_once("; ").unwrap_or((&words, ""));
                    checked.fault(node.at, message, help);
                }
            }
        };
        let values = |key: &str| -> Vec<&Node> {
            let node = spec.get(key);
            let entries = node.map_or(&[][..], Node::entries).iter().map(|entry| &*entry.node);
            let items = node.map_or(&[][..], Node::items).iter().map(|item| &**item);
            entries.chain(items).collect()
        };
        hold(values("languages"), |text| Self { languages: vec![text], ..Self::default() });
        hold(values("colors"), |text| Self {
            colors: BTreeMap::from([("_".to_owned(), text)]),
            ..Self::default()
        });
        hold(values("links"), |text| Self {
            links: BTreeMap::from([("_".to_owned(), text)]),
            ..Self::default()
        });
        for key in ["words_to_use", "words_to_avoid"] {
            // What is no line is told.
            let line = |node: &&Node| node.text().is_some_and(|text| rules::line(text).is_ok());
            let words = values(key).into_iter().filter(line).collect();
            hold(words, |text| Self { words_to_use: vec![text], ..Self::default() });
        }
        hold(spec.get("voice").into_iter().collect(), |text| Self {
            voice: filled(Some(text)),
            ..Self::default()
        });
    }

    fn read(written: WrittenBrand, _: &Files) -> Result<Self, Incomplete> {
        let profile = Self {
            voice: filled(written.voice),
            words_to_use: written.words_to_use.unwrap_or_default(),
            words_to_avoid: written.words_to_avoid.unwrap_or_default(),
            languages: written.languages.unwrap_or_default(),
            colors: written.colors.unwrap_or_default(),
            logo: written.logo,
            links: written.links.unwrap_or_default(),
        };
        match profile.check() {
            Ok(()) => Ok(profile),
            Err(BadProfile::TooLong { .. }) => Err(Incomplete("a brand has at most 200 of each")),
            Err(_) => Err(Incomplete("the profile of this brand is not sound")),
        }
    }

    fn written(&self) -> WrittenBrand {
        let Self { voice, words_to_use, words_to_avoid, languages, colors, logo, links } =
            self.clone();
        let list = |list: Vec<String>| Some(list).filter(|list| !list.is_empty());
        let map = |map: BTreeMap<String, String>| Some(map).filter(|map| !map.is_empty());
        WrittenBrand {
            voice,
            words_to_use: list(words_to_use),
            words_to_avoid: list(words_to_avoid),
            languages: list(languages),
            colors: map(colors),
            logo,
            links: map(links),
        }
    }
}

impl Kept for Profile {
    async fn names(manifests: &Manifests, tx: &mut Tx) -> Result<Vec<String>, ManifestError> {
        Ok(manifests.brands.names_in(tx).await?)
    }

    async fn named(
        manifests: &Manifests,
        tx: &mut Tx,
        name: &str,
    ) -> Result<Option<Existing>, ManifestError> {
        Ok(manifests.brands.named_in(tx, name).await?.map(Existing::from))
    }

    async fn create(
        self,
        manifests: &Manifests,
        tx: &mut Tx,
        name: String,
        labels: Labels,
    ) -> Result<(), ManifestError> {
        manifests.brands.create_in(tx, NewBrand { name, labels, profile: self }).await?;
        Ok(())
    }

    async fn update(
        self,
        manifests: &Manifests,
        tx: &mut Tx,
        existing: &Existing,
        labels: Labels,
    ) -> Result<(), ManifestError> {
        let (reference, version) = (existing.id.to_string(), Some(existing.version));
        manifests.brands.update_in(tx, &reference, self, labels, version).await?;
        Ok(())
    }

    async fn delete(
        manifests: &Manifests,
        tx: &mut Tx,
        existing: &Existing,
    ) -> Result<(), ManifestError> {
        let (reference, version) = (existing.id.to_string(), Some(existing.version));
        manifests.brands.delete_in(tx, &reference, version).await?;
        Ok(())
    }
}

impl From<Brand> for Existing {
    fn from(brand: Brand) -> Self {
        Self::new(brand.id, brand.version, brand.name, brand.labels, brand.profile)
    }
}
