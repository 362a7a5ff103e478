//! Attributes of contacts.

use axum::http::Method;

use super::{Client, ClientResult, segment};
use crate::api::{AttributeBody, AttributeChangeBody, AttributeChangedBody, NewAttributeBody};

impl Client {
    pub async fn attributes(&self) -> ClientResult<Vec<AttributeBody>> {
        self.get("/attributes").await
    }

    pub async fn create_attribute(&self, new: &NewAttributeBody) -> ClientResult<AttributeBody> {
        self.post("/attributes", new).await
    }

    /// Gives an attribute another type, converting what there is, all or none.
    pub async fn update_attribute(
        &self,
        key: &str,
        change: &AttributeChangeBody,
    ) -> ClientResult<AttributeChangedBody> {
        let path = format!("/attributes/{}", segment(key));
        self.call(Method::PATCH, &path, Some(change)).await
    }

    pub async fn delete_attribute(&self, key: &str) -> ClientResult<AttributeChangedBody> {
        self.delete(&format!("/attributes/{}", segment(key))).await
    }
}
