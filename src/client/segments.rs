//! Segments.

use axum::http::Method;

use super::{Client, ClientResult, Listing, query, segment as path_segment};
use crate::api::{
    ContactCountBody, MembersAddedBody, NewSegmentBody, SegmentBody, SegmentChangeBody,
    SegmentPlanBody, SnapshotBody,
};

impl Client {
    pub async fn create_segment(&self, new: &NewSegmentBody) -> ClientResult<SegmentBody> {
        self.post("/segments", new).await
    }

    pub async fn segments(&self, limit: usize) -> ClientResult<Listing<SegmentBody>> {
        self.list("/segments", limit).await
    }

    /// With how many contacts are in it.
    pub async fn get_segment(&self, segment: &str) -> ClientResult<SegmentBody> {
        self.get(&format!("/segments/{}", path_segment(segment))).await
    }

    pub async fn update_segment(
        &self,
        segment: &str,
        change: &SegmentChangeBody,
    ) -> ClientResult<SegmentBody> {
        let path = format!("/segments/{}", path_segment(segment));
        self.call(Method::PATCH, &path, Some(change)).await
    }

    pub async fn delete_segment(&self, segment: &str) -> ClientResult<SegmentBody> {
        self.delete(&format!("/segments/{}", path_segment(segment))).await
    }

    pub async fn explain_segment(&self, segment: &str) -> ClientResult<SegmentPlanBody> {
        self.get(&format!("/segments/{}/explain", path_segment(segment))).await
    }

    pub async fn snapshot_segment(
        &self,
        segment: &str,
        snapshot: &SnapshotBody,
    ) -> ClientResult<MembersAddedBody> {
        self.post(&format!("/segments/{}/snapshot", path_segment(segment)), snapshot).await
    }

    /// How many contacts `expression` is true of.
    pub async fn count_contacts(&self, expression: &str) -> ClientResult<ContactCountBody> {
        self.get(&format!("/contacts/count{}", query(&[("where", Some(expression))]))).await
    }
}
