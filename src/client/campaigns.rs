//! Campaigns and their runs.

use axum::http::Method;

use super::{Client, ClientResult, Listing, query, segment};
use crate::api::{
    CampaignBody, DuplicateBody, NewCampaignBody, PreviewBody, ProgressBody, TestSendBody,
    TestSentBody,
};

impl Client {
    pub async fn create_campaign(&self, new: &NewCampaignBody) -> ClientResult<CampaignBody> {
        self.post("/campaigns", new).await
    }

    pub async fn campaigns(
        &self,
        status: Option<&str>,
        limit: usize,
    ) -> ClientResult<Listing<CampaignBody>> {
        self.list(&format!("/campaigns{}", query(&[("status", status)])), limit).await
    }

    pub async fn get_campaign(&self, campaign: &str) -> ClientResult<CampaignBody> {
        self.get(&path(campaign, "")).await
    }

    /// Changes the fields that `patch` has (JSON merge patch).
    pub async fn edit_campaign(
        &self,
        campaign: &str,
        patch: &serde_json::Value,
    ) -> ClientResult<CampaignBody> {
        self.call(Method::PATCH, &path(campaign, ""), Some(patch)).await
    }

    pub async fn delete_campaign(&self, campaign: &str) -> ClientResult<CampaignBody> {
        self.delete(&path(campaign, "")).await
    }

    pub async fn duplicate_campaign(
        &self,
        campaign: &str,
        copy: &DuplicateBody,
    ) -> ClientResult<CampaignBody> {
        self.post(&path(campaign, "/duplicate"), copy).await
    }

    /// Starts a campaign; refused unless it goes to so many contacts as were `confirmed`.
    pub async fn start_campaign(
        &self,
        campaign: &str,
        confirmed: Option<u64>,
    ) -> ClientResult<CampaignBody> {
        let confirmed = confirmed.map(|recipients| recipients.to_string());
        let query = query(&[("confirm_recipients", confirmed.as_deref())]);
        self.post(&path(campaign, &format!("/start{query}")), &()).await
    }

    pub async fn pause_campaign(&self, campaign: &str) -> ClientResult<CampaignBody> {
        self.post(&path(campaign, "/pause"), &()).await
    }

    pub async fn resume_campaign(&self, campaign: &str) -> ClientResult<CampaignBody> {
        self.post(&path(campaign, "/resume"), &()).await
    }

    pub async fn cancel_campaign(&self, campaign: &str) -> ClientResult<CampaignBody> {
        self.post(&path(campaign, "/cancel"), &()).await
    }

    pub async fn archive_campaign(&self, campaign: &str) -> ClientResult<CampaignBody> {
        self.post(&path(campaign, "/archive"), &()).await
    }

    pub async fn campaign_status(&self, campaign: &str) -> ClientResult<ProgressBody> {
        self.get(&path(campaign, "/status")).await
    }

    pub async fn preview_campaign(
        &self,
        campaign: &str,
        contact: &str,
        message: Option<&str>,
    ) -> ClientResult<PreviewBody> {
        let query = query(&[("contact", Some(contact)), ("message", message)]);
        self.get(&path(campaign, &format!("/preview{query}"))).await
    }

    pub async fn send_test(
        &self,
        campaign: &str,
        test: &TestSendBody,
    ) -> ClientResult<TestSentBody> {
        self.post(&path(campaign, "/send-test"), test).await
    }
}

pub(super) fn path(campaign: &str, rest: &str) -> String {
    format!("/campaigns/{}{rest}", segment(campaign))
}
