//! Lists.

use super::{Client, ClientResult, Listing, segment};
use crate::api::{ListBody, NewListBody};

impl Client {
    pub async fn create_list(&self, new: &NewListBody) -> ClientResult<ListBody> {
        self.post("/lists", new).await
    }

    pub async fn lists(&self, limit: usize) -> ClientResult<Listing<ListBody>> {
        self.list("/lists", limit).await
    }

    pub async fn get_list(&self, list: &str) -> ClientResult<ListBody> {
        self.get(&format!("/lists/{}", segment(list))).await
    }

    pub async fn delete_list(&self, list: &str) -> ClientResult<ListBody> {
        self.delete(&format!("/lists/{}", segment(list))).await
    }
}
