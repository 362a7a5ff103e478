//! Suppressions.

use axum::body::Body;
use axum::http::Method;
use futures::Stream;

use super::{Client, ClientResult, Listing, ndjson, query, segment};
use crate::api::{
    ImportEvent, NewSuppressionsBody, SuppressionBody, SuppressionImportQuery, SuppressionSetBody,
    SuppressionSummaryBody, SuppressionsAddedBody, WholeSuppressionSetBody,
};

impl Client {
    pub async fn suppress(&self, new: &NewSuppressionsBody) -> ClientResult<SuppressionsAddedBody> {
        self.post("/suppressions", new).await
    }

    pub async fn suppressions(&self, limit: usize) -> ClientResult<Listing<SuppressionBody>> {
        self.list("/suppressions", limit).await
    }

    pub async fn delete_suppression(&self, email: &str) -> ClientResult<SuppressionBody> {
        self.delete(&format!("/suppressions/{}", segment(email))).await
    }

    pub async fn suppression_sets(
        &self,
        limit: usize,
    ) -> ClientResult<Listing<SuppressionSetBody>> {
        self.list("/suppression-sets", limit).await
    }

    pub async fn get_suppression_set(&self, set: &str) -> ClientResult<WholeSuppressionSetBody> {
        self.get(&format!("/suppression-sets/{}", segment(set))).await
    }

    /// Imports a file of addresses; as [`Client::import_contacts`].
    pub async fn import_suppressions(
        &self,
        how: &SuppressionImportQuery,
        file: Body,
    ) -> ClientResult<
        impl Stream<Item = ClientResult<ImportEvent<SuppressionSummaryBody>>> + Unpin + use<>,
    > {
        let dry_run = how.dry_run.then_some("true");
        let query = query(&[
            ("delimiter", how.delimiter.as_deref()),
            ("format", how.format.as_deref()),
            ("encoding", how.encoding.as_deref()),
            ("dry_run", dry_run),
        ]);
        let path = format!("/suppressions/import{query}");
        Ok(ndjson::events(self.stream(Method::POST, &path, "text/csv", file).await?))
    }
}
