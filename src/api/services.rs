//! What the handlers reach: the services of every area.

use std::ops::Deref;
use std::sync::Arc;

use super::StoreProbe;
use crate::core::analytics::{Analytics, Renderers, SavedReports};
use crate::core::campaigns::Campaigns;
use crate::core::contacts::Contacts;
use crate::core::content::{Brands, Templates};
use crate::core::events::Events;
use crate::core::kernel::Clock;
use crate::core::manifests::Manifests;
use crate::core::publishing::Publishing;

/// The services of one workspace, shared: every route has a clone.
#[derive(Clone, Debug)]
pub struct Services(Arc<ServiceSet>);

/// One of each.
#[derive(Clone, Debug)]
pub struct ServiceSet {
    pub analytics: Analytics,
    pub brands: Brands,
    pub clock: Clock,
    pub store: Arc<dyn StoreProbe>,
    pub campaigns: Campaigns,
    pub contacts: Contacts,
    pub events: Events,
    pub manifests: Manifests,
    pub publishing: Publishing,
    /// Reports kept under a name.
    pub reports: SavedReports,
    /// How reports are written down.
    pub renderers: Arc<dyn Renderers>,
    pub templates: Templates,
}

impl From<ServiceSet> for Services {
    fn from(set: ServiceSet) -> Self {
        Self(Arc::new(set))
    }
}

impl Deref for Services {
    type Target = ServiceSet;

    fn deref(&self) -> &ServiceSet {
        &self.0
    }
}
