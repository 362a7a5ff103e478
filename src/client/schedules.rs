//! Schedules of campaigns.

use axum::http::Method;

use super::{Client, ClientResult, Listing, segment};
use crate::api::{CampaignBody, FiringBody, NewScheduleBody, ScheduleBody, ScheduleTimeBody};

impl Client {
    pub async fn schedule_campaign(
        &self,
        campaign: &str,
        new: &NewScheduleBody,
    ) -> ClientResult<ScheduleBody> {
        let path = format!("/campaigns/{}/schedule", segment(campaign));
        self.call(Method::PUT, &path, Some(new)).await
    }

    pub async fn unschedule_campaign(&self, campaign: &str) -> ClientResult<CampaignBody> {
        self.delete(&format!("/campaigns/{}/schedule", segment(campaign))).await
    }

    pub async fn schedules(&self, limit: usize) -> ClientResult<Listing<ScheduleBody>> {
        self.list("/schedules", limit).await
    }

    pub async fn get_schedule(&self, schedule: &str) -> ClientResult<ScheduleBody> {
        self.get(&path(schedule, "")).await
    }

    /// The next times of a schedule, at the most `count`.
    pub async fn schedule_times(
        &self,
        schedule: &str,
        count: u16,
    ) -> ClientResult<Vec<ScheduleTimeBody>> {
        self.get(&path(schedule, &format!("/next?count={count}"))).await
    }

    /// What became of the times of a schedule, oldest first.
    pub async fn schedule_history(
        &self,
        schedule: &str,
        limit: usize,
    ) -> ClientResult<Listing<FiringBody>> {
        self.list(&path(schedule, "/history"), limit).await
    }

    pub async fn pause_schedule(&self, schedule: &str) -> ClientResult<ScheduleBody> {
        self.post(&path(schedule, "/pause"), &()).await
    }

    pub async fn resume_schedule(&self, schedule: &str) -> ClientResult<ScheduleBody> {
        self.post(&path(schedule, "/resume"), &()).await
    }
}

fn path(schedule: &str, rest: &str) -> String {
    format!("/schedules/{}{rest}", segment(schedule))
}
