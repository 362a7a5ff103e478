//! Channels.

use axum::http::Method;

use super::{Client, ClientResult, Listing, segment};
use crate::api::{ChannelBody, DnsBody, NewChannelBody};

impl Client {
    pub async fn create_channel(&self, new: &NewChannelBody) -> ClientResult<ChannelBody> {
        self.post("/channels", new).await
    }

    pub async fn channels(&self, limit: usize) -> ClientResult<Listing<ChannelBody>> {
        self.list("/channels", limit).await
    }

    pub async fn get_channel(&self, channel: &str) -> ClientResult<ChannelBody> {
        self.get(&format!("/channels/{}", segment(channel))).await
    }

    /// What the channel's domains should publish.
    pub async fn channel_dns(&self, channel: &str) -> ClientResult<DnsBody> {
        self.get(&format!("/channels/{}/dns", segment(channel))).await
    }

    pub async fn replace_channel(
        &self,
        channel: &str,
        new: &NewChannelBody,
    ) -> ClientResult<ChannelBody> {
        self.call(Method::PUT, &format!("/channels/{}", segment(channel)), Some(new)).await
    }

    pub async fn delete_channel(&self, channel: &str) -> ClientResult<ChannelBody> {
        self.delete(&format!("/channels/{}", segment(channel))).await
    }
}
