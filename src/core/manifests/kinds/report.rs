//! The kind `Report`.

use serde::{Deserialize, Serialize};

use super::{Kept, KindSpec};
use crate::core::analytics::{NewSavedReport, ReportFormat, ReportSpec, SavedReport};
use crate::core::kernel::Labels;
use crate::core::manifests::model::Kind;
use crate::core::manifests::service::{ManifestError, Manifests};
use crate::core::manifests::shape::{Field, Shape, may, must};
use crate::core::manifests::world::Existing;
use crate::core::manifests::written::{Files, Incomplete};
use crate::storage::sql::Tx;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::core::manifests) struct WrittenReport {
    campaign: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<ReportFormat>,
}

/// The form of a report for which none is written.
const FORMAT: ReportFormat = ReportFormat::Terminal;

impl KindSpec for ReportSpec {
    type Written = WrittenReport;

    const FIELDS: &'static [Field] = &[
        must("campaign", Shape::Reference(Kind::Campaign), "What it is about, over all its runs.")
            .example("spring-launch"),
        may(
            "format",
            Shape::OneOf(&["terminal", "md", "html", "csv", "json"]),
            "The form it is written in when no other is asked for.",
        )
        .default(FORMAT.name())
        .example("html"),
    ];
    const ABOUT: &'static str =
        "A report that is kept under a name: `frontier report run NAME` makes it anew each time.";
    const EXAMPLE: &'static str = include_str!("../examples/report.yaml");

    fn read(written: WrittenReport, _: &Files) -> Result<Self, Incomplete> {
        let WrittenReport { campaign, format } = written;
        Ok(Self { campaign, format: format.unwrap_or(FORMAT) })
    }

    fn written(&self) -> WrittenReport {
        WrittenReport { campaign: self.campaign.clone(), format: Some(self.format) }
    }
}

impl Kept for ReportSpec {
    async fn names(manifests: &Manifests, tx: &mut Tx) -> Result<Vec<String>, ManifestError> {
        Ok(manifests.reports.names_in(tx).await?)
    }

    async fn named(
        manifests: &Manifests,
        tx: &mut Tx,
        name: &str,
    ) -> Result<Option<Existing>, ManifestError> {
        Ok(manifests.reports.named_in(tx, name).await?.map(Existing::from))
    }

    async fn create(
        self,
        manifests: &Manifests,
        tx: &mut Tx,
        name: String,
        labels: Labels,
    ) -> Result<(), ManifestError> {
        manifests.reports.create_in(tx, NewSavedReport { name, labels, spec: self }).await?;
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
        manifests.reports.update_in(tx, &reference, self, labels, version).await?;
        Ok(())
    }

    async fn delete(
        manifests: &Manifests,
        tx: &mut Tx,
        existing: &Existing,
    ) -> Result<(), ManifestError> {
        let (reference, version) = (existing.id.to_string(), Some(existing.version));
        manifests.reports.delete_in(tx, &reference, version).await?;
        Ok(())
    }
}

impl From<SavedReport> for Existing {
    fn from(report: SavedReport) -> Self {
        let SavedReport { id, name, labels, campaign, format, version, .. } = report;
        Self::new(id, version, name, labels, ReportSpec { campaign: campaign.name, format })
    }
}
