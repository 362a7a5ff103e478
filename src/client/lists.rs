//! Lists.

use super::{Client, ClientResult, Listing, segment};
use crate::api::{ListBody, MembersAddedBody, MembersBody, NewListBody};

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

    pub async fn add_to_list(
        &self,
        list: &str,
        members: &MembersBody,
    ) -> ClientResult<MembersAddedBody> {
        self.post(&format!("/lists/{}/members", segment(list)), members).await
    }

    pub async fn remove_from_list(&self, list: &str, contact: &str) -> ClientResult<ListBody> {
        self.delete(&format!("/lists/{}/members/{}", segment(list), segment(contact))).await
    }
}
