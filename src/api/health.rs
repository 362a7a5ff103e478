//! `/health`: whether this instance works, for people, probes and load balancers.
//!
//! It answers 200 with the parts that work, or 503 with the error of the one that does not. It is
//! also at the root, where probes look for it.

use std::time::Instant;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Services;
use super::envelope::{Data, Envelope};
use super::error::{ApiError, ErrorBody};
use super::routing::{Area, area};
use crate::storage::sql::DbError;

/// What the store is asked here; the composition puts a store behind it.
pub trait StoreProbe: std::fmt::Debug + Send + Sync {
    /// The engine's name, for people.
    fn engine(&self) -> &'static str;

    /// Asks the store for nothing, to see whether it answers.
    fn ping(&self) -> BoxFuture<'_, Result<(), DbError>>;
}

/// How an instance is.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct HealthBody {
    pub status: HealthStatus,
    /// The version of frontier that answers.
    pub version: String,
    pub store: StoreHealthBody,
}

/// How the store is.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct StoreHealthBody {
    /// `SQLite` or `PostgreSQL`.
    pub engine: String,
    pub status: HealthStatus,
    /// What the smallest query took, in milliseconds.
    pub latency_ms: f64,
}

/// Whether something works. What does not is told as an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HealthStatus {
    Ok,
}

pub(super) fn area() -> Area {
    area![get_health,]
}

/// The same at the root.
pub(super) fn probe() -> Router<Services> {
    Router::new().route("/health", get(get_health))
}

/// Get the health of this instance.
#[utoipa::path(get, path = "/health", tag = "operations", responses(
    (status = 200, body = Envelope<HealthBody>),
    (status = 503, body = ErrorBody),
))]
async fn get_health(State(services): State<Services>) -> Result<Data<HealthBody>, ApiError> {
    let asked = Instant::now();
    services.store.ping().await.map_err(|error| ApiError::from(&error))?;
    let latency_ms = (asked.elapsed().as_secs_f64() * 1e6).round() / 1e3;
    Ok(Data(HealthBody {
        status: HealthStatus::Ok,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        store: StoreHealthBody {
            engine: services.store.engine().to_owned(),
            status: HealthStatus::Ok,
            latency_ms,
        },
    }))
}
