//! Starters.

use super::{Client, ClientResult, segment};
use crate::api::StarterBody;

impl Client {
    pub async fn starters(&self, language: &str) -> ClientResult<Vec<StarterBody>> {
        self.get(&format!("/starters?language={}", segment(language))).await
    }

    pub async fn get_starter(&self, starter: &str, language: &str) -> ClientResult<StarterBody> {
        let (starter, language) = (segment(starter), segment(language));
        self.get(&format!("/starters/{starter}?language={language}")).await
    }
}
