//! A whole program over a fresh store: its services, and a client of its routes.

use frontier::api::{Services, router};
use frontier::app::wiring::{Parts, services};
use frontier::client::Client;
use frontier::core::campaigns::Defaults;
use frontier::core::kernel::{Clock, Timestamp};
use frontier::core::publishing::Rates;
use frontier::storage::sql::{Db, DbUrl};
use tempfile::TempDir;

use super::backend::Given;

/// A program whose clock stands still.
pub(crate) struct App {
    pub(crate) client: Client,
    pub(crate) services: Services,
    pub(crate) clock: Clock,
    /// Where channels of the kind outbox write; gone with the app.
    pub(crate) folder: TempDir,
}

impl Given for App {
    async fn given(url: DbUrl) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::fixed(Timestamp::from_millis(1_767_225_600_000));
        let db = Db::open(&url).unwrap();
        db.migrate().await.unwrap();
        let outbox = folder.path().join("outbox");
        let (defaults, limits) = (Defaults::default(), Rates::default());
        let services =
            services(Parts { db, clock: clock.clone(), outbox, defaults, limits }).await.unwrap();
        let client = Client::in_process(router(services.clone()));
        Self { client, services, clock, folder }
    }
}
