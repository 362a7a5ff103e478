//! Lists.

use axum::http::Method;

use super::{Client, ClientResult, Listing, query, segment};
use crate::api::{
    ListBody, ListChangeBody, MemberBody, MembersAddedBody, MembersBody, MembersChangedBody,
    NewListBody,
};

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

    pub async fn update_list(&self, list: &str, change: &ListChangeBody) -> ClientResult<ListBody> {
        self.call(Method::PATCH, &format!("/lists/{}", segment(list)), Some(change)).await
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

    /// Who is on a list: all, or those who stand as `state` says.
    pub async fn list_members(
        &self,
        list: &str,
        state: Option<&str>,
        limit: usize,
    ) -> ClientResult<Listing<MemberBody>> {
        let query = query(&[("state", state)]);
        self.list(&format!("/lists/{}/members{query}", segment(list)), limit).await
    }

    pub async fn confirm_members(
        &self,
        list: &str,
        members: &MembersBody,
    ) -> ClientResult<MembersChangedBody> {
        self.post(&format!("/lists/{}/members/confirm", segment(list)), members).await
    }

    pub async fn unsubscribe_members(
        &self,
        list: &str,
        members: &MembersBody,
    ) -> ClientResult<MembersChangedBody> {
        self.post(&format!("/lists/{}/members/unsubscribe", segment(list)), members).await
    }

    pub async fn resubscribe_members(
        &self,
        list: &str,
        members: &MembersBody,
    ) -> ClientResult<MembersChangedBody> {
        self.post(&format!("/lists/{}/members/resubscribe", segment(list)), members).await
    }

    pub async fn remove_from_list(&self, list: &str, contact: &str) -> ClientResult<ListBody> {
        self.delete(&format!("/lists/{}/members/{}", segment(list), segment(contact))).await
    }
}
