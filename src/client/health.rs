//! Health.

use super::{Client, ClientResult};
use crate::api::HealthBody;

impl Client {
    pub async fn health(&self) -> ClientResult<HealthBody> {
        self.get("/health").await
    }
}
