//! Campaigns as code.

use super::{Client, ClientResult, query};
use crate::api::{ExportBody, ManifestsBody, PlanBody, ReferencesBody, ValidationBody};

impl Client {
    pub async fn manifest_references(
        &self,
        manifests: &ManifestsBody,
    ) -> ClientResult<Vec<ReferencesBody>> {
        self.post("/manifests/references", manifests).await
    }

    pub async fn validate_manifests(
        &self,
        manifests: &ManifestsBody,
    ) -> ClientResult<ValidationBody> {
        self.post("/manifests/validate", manifests).await
    }

    /// As [`Client::validate_manifests`], of the texts alone: needs no workspace.
    pub async fn check_manifests(&self, manifests: &ManifestsBody) -> ClientResult<ValidationBody> {
        self.post("/manifests/check", manifests).await
    }

    pub async fn plan_manifests(&self, manifests: &ManifestsBody) -> ClientResult<PlanBody> {
        self.post("/manifests/plan", manifests).await
    }

    pub async fn apply_manifests(&self, manifests: &ManifestsBody) -> ClientResult<PlanBody> {
        self.post("/manifests/apply", manifests).await
    }

    /// What exists of `only` (`list,campaign/Spring`) that carries `labels` (`team=crm`), as
    /// manifests.
    pub async fn export_manifests(
        &self,
        only: Option<&str>,
        labels: Option<&str>,
        bodies_as_files: bool,
    ) -> ClientResult<ExportBody> {
        let bodies = bodies_as_files.then_some("true");
        let query = query(&[("only", only), ("labels", labels), ("bodies_as_files", bodies)]);
        self.get(&format!("/manifests/export{query}")).await
    }
}
