//! `/health`: for people under the prefix, for probes at the root.

use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use frontier::api::{self, ServiceSet, Services, StoreProbe};
use frontier::app::wiring::{self, Parts};
use frontier::client::{Client, ClientError};
use frontier::core::campaigns::Defaults;
use frontier::core::kernel::Clock;
use frontier::core::publishing::Rates;
use frontier::storage::sql::{Db, DbError};
use futures::FutureExt as _;
use futures::future::BoxFuture;

use crate::support::backend::on_every_backend;

on_every_backend!(a_store_that_answers_is_healthy);

async fn services(db: Db) -> Services {
    let outbox = std::env::temp_dir();
    let (clock, defaults) = (Clock::system(), Defaults::default());
    let parts = Parts { db, clock, outbox, defaults, limits: Rates::default() };
    wiring::services(parts).await.unwrap()
}

async fn a_store_that_answers_is_healthy(db: Db) {
    let engine = db.engine();
    let client = Client::in_process(api::router(services(db).await));
    let health = client.health().await.unwrap();
    assert_eq!(health.store.engine, engine);
    let probe = Request::get("/health").body(Body::empty()).unwrap();
    assert_eq!(client.send(probe).await.unwrap().status(), 200);
}

/// A store that went away.
#[derive(Debug)]
struct Gone;

impl StoreProbe for Gone {
    fn engine(&self) -> &'static str {
        "PostgreSQL"
    }

    fn ping(&self) -> BoxFuture<'_, Result<(), DbError>> {
        async { Err(DbError::Unavailable("connection refused".into())) }.boxed()
    }
}

#[tokio::test]
async fn a_store_that_is_gone_is_told_by_the_status() {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(&frontier::storage::sql::DbUrl::Sqlite(dir.path().join("x.db"))).unwrap();
    db.migrate().await.unwrap();
    let set = ServiceSet { store: Arc::new(Gone), ..(*services(db).await).clone() };
    let services = Services::from(set);
    let refusal = Client::in_process(api::router(services)).health().await.unwrap_err();
    let ClientError::Refused { status, error } = refusal else { panic!("{refusal}") };
    assert_eq!((status.as_u16(), error.code.as_str()), (503, "STORE_UNAVAILABLE"));
}
