//! Reports and metrics of campaigns, and saved reports.

use axum::body::Body;
use axum::http::Method;
use futures::TryStreamExt as _;

use super::{Client, ClientResult, Listing, broken, query, segment};
use crate::api::{MetricBody, MetricQuery, NewSavedReportBody, ReportBody, SavedReportBody};

impl Client {
    pub async fn report(&self, campaign: &str) -> ClientResult<ReportBody> {
        self.get(&format!("/campaigns/{}/report", segment(campaign))).await
    }

    /// The report as a document in `format`: `terminal`, `md`, `html`, `csv` or `json`.
    pub async fn report_document(&self, campaign: &str, format: &str) -> ClientResult<String> {
        let query = query(&[("format", Some(format))]);
        self.document(&format!("/campaigns/{}/report{query}", segment(campaign))).await
    }

    /// A saved report, made anew as a document: in its own format, or in another.
    pub async fn run_report(&self, report: &str, format: Option<&str>) -> ClientResult<String> {
        let query = query(&[("format", format)]);
        self.document(&format!("/reports/{}/document{query}", segment(report))).await
    }

    async fn document(&self, path: &str) -> ClientResult<String> {
        let pieces = self.stream(Method::GET, path, "application/json", Body::empty()).await?;
        let document = pieces.try_fold(Vec::new(), async |mut document, piece| {
            document.extend_from_slice(&piece);
            Ok(document)
        });
        String::from_utf8(document.await?).map_err(broken)
    }

    pub async fn create_report(&self, new: &NewSavedReportBody) -> ClientResult<SavedReportBody> {
        self.post("/reports", new).await
    }

    pub async fn reports(&self, limit: usize) -> ClientResult<Listing<SavedReportBody>> {
        self.list("/reports", limit).await
    }

    pub async fn get_saved_report(&self, report: &str) -> ClientResult<SavedReportBody> {
        self.get(&format!("/reports/{}", segment(report))).await
    }

    pub async fn replace_report(
        &self,
        report: &str,
        new: &NewSavedReportBody,
    ) -> ClientResult<SavedReportBody> {
        self.call(Method::PUT, &format!("/reports/{}", segment(report)), Some(new)).await
    }

    pub async fn delete_report(&self, report: &str) -> ClientResult<SavedReportBody> {
        self.delete(&format!("/reports/{}", segment(report))).await
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
