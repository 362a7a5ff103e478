//! What the handlers reach: the services of every area.

use std::sync::Arc;

use super::StoreProbe;
use crate::core::campaigns::Campaigns;
use crate::core::contacts::Contacts;
use crate::core::content::Templates;
use crate::core::events::Events;
use crate::core::kernel::Clock;
use crate::core::publishing::Publishing;

/// The services of one workspace. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Services {
    pub clock: Clock,
    pub store: Arc<dyn StoreProbe>,
    pub campaigns: Campaigns,
    pub contacts: Contacts,
    pub events: Events,
    pub publishing: Publishing,
    pub templates: Templates,
}
