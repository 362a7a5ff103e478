//! Templates.

use axum::http::Method;

use super::{Client, ClientResult, Listing, segment};
use crate::api::{NewTemplateBody, TemplateBody};

impl Client {
    pub async fn create_template(&self, new: &NewTemplateBody) -> ClientResult<TemplateBody> {
        self.post("/templates", new).await
    }

    pub async fn templates(&self, limit: usize) -> ClientResult<Listing<TemplateBody>> {
        self.list("/templates", limit).await
    }

    pub async fn get_template(&self, template: &str) -> ClientResult<TemplateBody> {
        self.get(&format!("/templates/{}", segment(template))).await
    }

    pub async fn replace_template(
        &self,
        template: &str,
        new: &NewTemplateBody,
    ) -> ClientResult<TemplateBody> {
        self.call(Method::PUT, &format!("/templates/{}", segment(template)), Some(new)).await
    }

    pub async fn delete_template(&self, template: &str) -> ClientResult<TemplateBody> {
        self.delete(&format!("/templates/{}", segment(template))).await
    }
}
