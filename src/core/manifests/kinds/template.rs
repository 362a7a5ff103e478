//! The kind `Template`.

use serde::{Deserialize, Serialize};

use super::{Body, Kept, KindSpec, body, format};
use crate::core::content::{Format, Template, TemplateSource};
use crate::core::kernel::Labels;
use crate::core::manifests::check::Checked;
use crate::core::manifests::model::Kind;
use crate::core::manifests::positions::{Node, Span};
use crate::core::manifests::service::{ManifestError, Manifests};
use crate::core::manifests::shape::{FORMAT, Field, Shape, TEXT, may};
use crate::core::manifests::world::Existing;
use crate::core::manifests::written::{Files, Incomplete};
use crate::storage::sql::Tx;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateSpec {
    pub format: Format,
    /// The template this one is put into.
    pub layout: Option<String>,
    pub body: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::core::manifests) struct WrittenTemplate {
    format: Option<Format>,
    #[serde(skip_serializing_if = "Option::is_none")]
    layout: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_file: Option<String>,
}

impl KindSpec for TemplateSpec {
    type Written = WrittenTemplate;

    const FIELDS: &'static [Field] = &[
        may(
            "format",
            FORMAT,
            "What the body is written in. That of the ending of `body_file` (.md, .html, .mjml) when \
             it is left out.",
        ),
        may("layout", Shape::Reference(Kind::Template), "The template that this one is put into.")
            .example("frame"),
        may("body", TEXT, "The text, with variables such as `{{ contact.name }}`.")
            .example("\"Hello {{ contact.name }}\"")
            .choice(),
        may("body_file", Shape::BodyFile, "The file with the text, relative to this one.")
            .example("templates/spring.md")
            .choice(),
    ];
    const ABOUT: &'static str = "A body or a layout that messages refer to. A layout has `{{ content }}` where the body \
         goes.";
    const EXAMPLE: &'static str = include_str!("../examples/template.yaml");

    fn check_rules(checked: &mut Checked, spec: &Node, at: Span) {
        checked.body(spec, at, false, "Template.spec");
    }

    fn read(written: WrittenTemplate, files: &Files) -> Result<Self, Incomplete> {
        let WrittenTemplate { format: named, layout, body: inline, body_file } = written;
        let format =
            format(named, body_file.as_deref()).ok_or(Incomplete("a template has a `format`"))?;
        let body = body(inline, body_file, files)?
            .ok_or(Incomplete("a template has a `body` or a `body_file`"))?;
        Ok(Self { format, layout, body })
    }

    fn written(&self) -> WrittenTemplate {
        let Self { format, layout, body } = self.clone();
        WrittenTemplate { format: Some(format), layout, body: Some(body), body_file: None }
    }

    fn bodies<'a>(written: &'a mut WrittenTemplate, name: &str) -> Vec<Body<'a>> {
        let (inline, file) = (&mut written.body, &mut written.body_file);
        let stem = format!("templates/{name}");
        written.format.map(|format| Body { inline, file, format, stem }).into_iter().collect()
    }
}

impl Kept for TemplateSpec {
    async fn names(manifests: &Manifests, tx: &mut Tx) -> Result<Vec<String>, ManifestError> {
        Ok(manifests.templates.names_in(tx).await?)
    }

    async fn named(
        manifests: &Manifests,
        tx: &mut Tx,
        name: &str,
    ) -> Result<Option<Existing>, ManifestError> {
        Ok(manifests.templates.named_in(tx, name).await?.map(Existing::from))
    }

    async fn create(
        self,
        manifests: &Manifests,
        tx: &mut Tx,
        name: String,
        labels: Labels,
    ) -> Result<(), ManifestError> {
        manifests.templates.create_in(tx, self.source(name), labels).await?;
        Ok(())
    }

    async fn update(
        self,
        manifests: &Manifests,
        tx: &mut Tx,
        existing: &Existing,
        labels: Labels,
    ) -> Result<(), ManifestError> {
        let source = self.source(existing.document.name.clone());
        let (reference, version) = (existing.id.to_string(), Some(existing.version));
        manifests.templates.update_in(tx, &reference, source, labels, version).await?;
        Ok(())
    }

    async fn delete(
        manifests: &Manifests,
        tx: &mut Tx,
        existing: &Existing,
    ) -> Result<(), ManifestError> {
        let (reference, version) = (existing.id.to_string(), Some(existing.version));
        manifests.templates.delete_in(tx, &reference, version).await?;
        Ok(())
    }
}

impl TemplateSpec {
    pub(in crate::core::manifests) fn source(self, name: String) -> TemplateSource {
        let Self { format, layout, body } = self;
        TemplateSource { name, format, layout, body }
    }
}

impl From<Template> for Existing {
    fn from(template: Template) -> Self {
        let TemplateSource { name, format, layout, body } = template.source;
        let spec = TemplateSpec { format, layout, body };
        Self::new(template.id, template.version, name, template.labels, spec)
    }
}
