//! Wiring: engines to services, services to each other.

use std::path::PathBuf;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;

use crate::adapters::publishers::ChannelPublishers;
use crate::adapters::reports::BuiltinRenderers;
use crate::api::{ServiceSet, Services, StoreProbe};
use crate::core::analytics::{Analytics, SavedReports};
use crate::core::campaigns::{Campaigns, Defaults};
use crate::core::contacts::{AddressKey, Contacts, PersonalRecords};
use crate::core::content::{Brands, Templates};
use crate::core::events::Events;
use crate::core::kernel::{Clock, Id};
use crate::core::manifests::Manifests;
use crate::core::publishing::{LedgerRecords, Publishing, Rates, TokenSigner};
use crate::storage::sql::{Db, DbError, DbResult, params};

/// The workspace every local install has.
const NAME: &str = "default";

/// What the services of a workspace are put together from.
#[derive(Clone, Debug)]
pub struct Parts {
    /// A store at this version's schema.
    pub db: Db,
    pub clock: Clock,
    /// Where channels that write files write them.
    pub outbox: PathBuf,
    pub defaults: Defaults,
    /// How fast mails may leave, by all channels together.
    pub limits: Rates,
}

/// Puts the services of the workspace `default` together, making its row when there is none.
///
/// # Errors
/// When the store cannot be read or written.
pub async fn services(parts: Parts) -> DbResult<Services> {
    let Parts { db, clock, outbox, defaults, limits } = parts;
    let (id, key) = tenant(&db, &clock).await?;
    let db = db.in_workspace(id);
    let address_key = AddressKey::new(key.clone());
    let records: Vec<Arc<dyn PersonalRecords>> = vec![Arc::new(LedgerRecords)];
    let contacts = Contacts::new(db.clone(), clock.clone(), address_key.clone(), records);
    let templates = Templates::new(db.clone(), clock.clone());
    let publishers = Arc::new(ChannelPublishers::new(outbox));
    let signer = TokenSigner::new(key);
    let publishing =
        Publishing::new(db.clone(), clock.clone(), publishers, signer, address_key, limits);
    let campaigns = Campaigns::new(
        db.clone(),
        clock.clone(),
        contacts.clone(),
        templates.clone(),
        publishing.clone(),
        defaults,
    );
    let analytics =
        Analytics::new(db.clone(), clock.clone(), publishing.clone(), campaigns.clone());
    let brands = Brands::new(db.clone(), clock.clone());
    let reports = SavedReports::new(db.clone(), clock.clone(), campaigns.clone());
    let manifests = Manifests::new(
        db.clone(),
        contacts.clone(),
        templates.clone(),
        publishing.clone(),
        campaigns.clone(),
        brands.clone(),
        reports.clone(),
        clock.clone(),
    );
    Ok(ServiceSet {
        analytics,
        brands,
        campaigns,
        clock: clock.clone(),
        contacts,
        events: Events::new(db.clone(), clock),
        manifests,
        publishing,
        reports,
        renderers: Arc::new(BuiltinRenderers),
        store: Arc::new(db),
        templates,
    }
    .into())
}

impl StoreProbe for Db {
    fn engine(&self) -> &'static str {
        Self::engine(self)
    }

    fn ping(&self) -> BoxFuture<'_, DbResult<()>> {
        Self::ping(self).boxed()
    }
}

/// The id and the key of the store's workspace row, made when it is first asked for.
async fn tenant(db: &Db, clock: &Clock) -> DbResult<(Id, Vec<u8>)> {
    let sql = "SELECT id, token_key FROM workspaces WHERE name = ?1";
    let mut row = db.read().await?.row(sql, params![NAME]).await?;
    if row.is_none() {
        let mut tx = db.begin().await?;
        let insert = "INSERT INTO workspaces (id, name, token_key, created_at)
                      VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";
        let key = clock.random_bytes::<32>().to_vec();
        tx.execute(insert, params![clock.new_id(), NAME, key, clock.now()]).await?;
        row = tx.row(sql, params![NAME]).await?;
        tx.commit().await?;
    }
    let row = row.ok_or_else(|| DbError::Engine("the workspace row is gone".into()))?;
    Ok((row.get("id")?, row.get("token_key")?))
}
