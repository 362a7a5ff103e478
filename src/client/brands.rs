//! Brands.

use axum::http::Method;

use super::{Client, ClientResult, Listing, segment};
use crate::api::{BrandBody, NewBrandBody};

impl Client {
    pub async fn create_brand(&self, new: &NewBrandBody) -> ClientResult<BrandBody> {
        self.post("/brands", new).await
    }

    pub async fn brands(&self, limit: usize) -> ClientResult<Listing<BrandBody>> {
        self.list("/brands", limit).await
    }

    pub async fn get_brand(&self, brand: &str) -> ClientResult<BrandBody> {
        self.get(&format!("/brands/{}", segment(brand))).await
    }

    pub async fn replace_brand(&self, brand: &str, new: &NewBrandBody) -> ClientResult<BrandBody> {
        self.call(Method::PUT, &format!("/brands/{}", segment(brand)), Some(new)).await
    }

    pub async fn delete_brand(&self, brand: &str) -> ClientResult<BrandBody> {
        self.delete(&format!("/brands/{}", segment(brand))).await
    }
}
