//! Reports and metrics of campaigns.

use axum::body::Body;
use axum::http::Method;
use futures::TryStreamExt as _;

use super::{Client, ClientResult, broken, query, segment};
use crate::api::{MetricBody, MetricQuery, ReportBody};

impl Client {
    pub async fn report(&self, campaign: &str) -> ClientResult<ReportBody> {
        self.get(&format!("/campaigns/{}/report", segment(campaign))).await
    }

    /// The report as a document in `format`: `terminal`, `md`, `html`, `csv` or `json`.
    pub async fn report_document(&self, campaign: &str, format: &str) -> ClientResult<String> {
        let query = query(&[("format", Some(format))]);
        let path = format!("/campaigns/{}/report{query}", segment(campaign));
        let pieces = self.stream(Method::GET, &path, "application/json", Body::empty()).await?;
        let document = pieces.try_fold(Vec::new(), async |mut document, piece| {
            document.extend_from_slice(&piece);
            Ok(document)
        });
        String::from_utf8(document.await?).map_err(broken)
    }

    pub async fn metrics(
        &self,
        campaign: &str,
        days: &MetricQuery,
    ) -> ClientResult<Vec<MetricBody>> {
        let [start, end] =
            [days.start_date, days.end_date].map(|day| day.map(|day| day.to_string()));
        let query = query(&[("start_date", start.as_deref()), ("end_date", end.as_deref())]);
        self.get(&format!("/campaigns/{}/metrics{query}", segment(campaign))).await
    }
}
