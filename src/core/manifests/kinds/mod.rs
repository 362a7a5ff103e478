//! The kinds: a file each, with all that manifests know of it.
//!
//! A kind is the spec of its documents as a type, the form in which that is written, the table of
//! its keys with the rules between them ([`KindSpec`]: pure), and the way to what exists and back
//! ([`Kept`]). To add one, write its file, and name it in `model`, here, and in the two macros below.

pub(super) mod brand;
pub(super) mod campaign;
pub(super) mod channel;
pub(super) mod list;
pub(super) mod report;
pub(super) mod schedule;
pub(super) mod segment;
pub(super) mod suppression;
pub(super) mod template;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::check::Checked;
use super::links::Links;
use super::model::{Kind, Spec};
use super::positions::{Node, Span, normalise};
use super::service::{ManifestError, Manifests};
use super::shape::Field;
use super::world::Existing;
use super::written::{Files, Incomplete};
use crate::core::content::Format;
use crate::core::kernel::Labels;
use crate::storage::sql::Tx;

/// The spec of the documents of one kind.
pub(super) trait KindSpec: Into<Spec> {
    /// The form in which it is written; the order of its fields is that of the keys.
    type Written: Serialize + DeserializeOwned;

    /// The keys and what may stand under them.
    const FIELDS: &'static [Field];
    /// What the kind is, in a sentence or two.
    const ABOUT: &'static str;
    /// A document as people would write it. Those of all kinds are a workspace together.
    const EXAMPLE: &'static str;

    /// Holds a mapping against the rules between its fields; its key stands at `at`.
    fn check_rules(_checked: &mut Checked, _spec: &Node, _at: Span) {}

    /// The spec of what was written, which its files make whole.
    ///
    /// # Errors
    /// [`Incomplete`] in cases that [`KindSpec::check`] finds before, with their place.
    fn read(written: Self::Written, files: &Files) -> Result<Self, Incomplete>;

    fn written(&self) -> Self::Written;

    /// The bodies that may stand in files of their own, of the document `name`.
    fn bodies<'a>(_written: &'a mut Self::Written, _name: &str) -> Vec<Body<'a>> {
        Vec::new()
    }
}

/// What there is of one kind.
pub(super) trait Kept: KindSpec {
    /// The names of all, in their order.
    async fn names(manifests: &Manifests, tx: &mut Tx) -> Result<Vec<String>, ManifestError>;

    /// The one that is called exactly `name`.
    async fn named(
        manifests: &Manifests,
        tx: &mut Tx,
        name: &str,
    ) -> Result<Option<Existing>, ManifestError>;

    /// What it names beyond its keys.
    async fn links(&self, _manifests: &Manifests, _tx: &mut Tx) -> Result<Links, ManifestError> {
        Ok(Links::new())
    }

    async fn create(
        self,
        manifests: &Manifests,
        tx: &mut Tx,
        name: String,
        labels: Labels,
    ) -> Result<(), ManifestError>;

    /// Makes what exists what this says, if it is still as it was found.
    async fn update(
        self,
        manifests: &Manifests,
        tx: &mut Tx,
        existing: &Existing,
        labels: Labels,
    ) -> Result<(), ManifestError>;

    /// Deletes what exists, if it is still as it was found and nothing needs it.
    async fn delete(
        manifests: &Manifests,
        tx: &mut Tx,
        existing: &Existing,
    ) -> Result<(), ManifestError>;
}

/// A body in the written form, and where its file may be.
pub(super) struct Body<'a> {
    pub(super) inline: &'a mut Option<String>,
    pub(super) file: &'a mut Option<String>,
    pub(super) format: Format,
    /// The path of its file, without the extension.
    pub(super) stem: String,
}

/// `$run` with the spec of `$kind` as the type `$Of`.
macro_rules! with_kind {
    ($kind:expr, $Of:ident => $run:expr) => {
        match $kind {
            $crate::core::manifests::Kind::List => {
                type $Of = $crate::core::manifests::ListSpec;
                $run
            }
            $crate::core::manifests::Kind::Channel => {
                type $Of = $crate::core::publishing::ChannelSettings;
                $run
            }
            $crate::core::manifests::Kind::Template => {
                type $Of = $crate::core::manifests::TemplateSpec;
                $run
            }
            $crate::core::manifests::Kind::Segment => {
                type $Of = $crate::core::manifests::SegmentSpec;
                $run
            }
            $crate::core::manifests::Kind::Suppression => {
                type $Of = $crate::core::contacts::SetContent;
                $run
            }
            $crate::core::manifests::Kind::Brand => {
                type $Of = $crate::core::content::Profile;
                $run
            }
            $crate::core::manifests::Kind::Campaign => {
                type $Of = $crate::core::manifests::CampaignSpec;
                $run
            }
            $crate::core::manifests::Kind::Schedule => {
                type $Of = $crate::core::manifests::ScheduleSpec;
                $run
            }
            $crate::core::manifests::Kind::Report => {
                type $Of = $crate::core::analytics::ReportSpec;
                $run
            }
        }
    };
}

/// `$run` with what `$spec` holds, whichever kind it is of.
macro_rules! with_spec {
    ($spec:expr, $inner:ident => $run:expr) => {
        match $spec {
            $crate::core::manifests::Spec::List($inner) => $run,
            $crate::core::manifests::Spec::Channel($inner) => $run,
            $crate::core::manifests::Spec::Template($inner) => $run,
            $crate::core::manifests::Spec::Segment($inner) => $run,
            $crate::core::manifests::Spec::Suppression($inner) => $run,
            $crate::core::manifests::Spec::Brand($inner) => $run,
            $crate::core::manifests::Spec::Campaign($inner) => $run,
            $crate::core::manifests::Spec::Schedule($inner) => $run,
            $crate::core::manifests::Spec::Report($inner) => $run,
        }
    };
}

pub(super) use {with_kind, with_spec};

impl Kind {
    /// The keys of its spec.
    pub(super) const fn fields(self) -> &'static [Field] {
        with_kind!(self, Of => <Of as KindSpec>::FIELDS)
    }

    /// What it is, in a sentence or two.
    pub(super) const fn about(self) -> &'static str {
        with_kind!(self, Of => <Of as KindSpec>::ABOUT)
    }

    /// A document of it, as people would write it.
    pub(super) const fn example(self) -> &'static str {
        with_kind!(self, Of => <Of as KindSpec>::EXAMPLE)
    }
}

impl Body<'_> {
    /// Takes the body to its file in `files`, and writes that path instead; one that a file would
    /// not bring back unchanged stays where it is.
    pub(super) fn move_to(self, files: &mut Files) {
        let Some(text) = self.inline.take_if(|text| normalise(text) == *text) else { return };
        let extension = match self.format {
            Format::Markdown => "md",
            Format::Html => "html",
            Format::Mjml => "mjml",
        };
        let path = format!("{}.{extension}", self.stem);
        files.insert(path.clone(), text);
        *self.file = Some(path);
    }
}

/// A text that says something.
fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// The format of a body: the one that is named, else that of its file's ending.
fn format(named: Option<Format>, file: Option<&str>) -> Option<Format> {
    named.or_else(|| Format::of_file(file?))
}

/// The text of a body that is written here or stands in a file.
fn body(
    inline: Option<String>,
    path: Option<String>,
    files: &Files,
) -> Result<Option<String>, Incomplete> {
    match (inline, path) {
        (Some(_), Some(_)) => Err(Incomplete("a body is written once")),
        (Some(body), None) => Ok(Some(body)),
        (None, Some(path)) => match files.get(&path) {
            Some(text) => Ok(Some(normalise(text))),
            None => Err(Incomplete("the file of a body is not there")),
        },
        (None, None) => Ok(None),
    }
}
