//! What the handlers reach: the services of every area.

use std::sync::Arc;

use super::StoreProbe;
use crate::core::analytics::{Analytics, Renderers};
use crate::core::campaigns::Campaigns;
use crate::core::contacts::Contacts;
use crate::core::content::Templates;
use crate::core::events::Events;
use crate::core::kernel::Clock;
use crate::core::manifests::Manifests;
use crate::core::publishing::Publishing;

/// The services of one workspace. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Services {
    pub analytics: Analytics,
    pub clock: Clock,
    pub store: Arc<dyn StoreProbe>,
    pub campaigns: Campaigns,
    pub contacts: Contacts,
    pub events: Events,
    pub manifests: Manifests,
    pub publishing: Publishing,
    /// How reports are written down.
    pub renderers: Arc<dyn Renderers>,
    pub templates: Templates,
}
