//! What the handlers reach: the services of every area.

use crate::core::campaigns::Campaigns;
use crate::core::contacts::Contacts;
use crate::core::content::Templates;
use crate::core::kernel::Clock;
use crate::core::publishing::Publishing;
use crate::storage::sql::Db;

/// The services of one workspace. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Services {
    pub clock: Clock,
    /// For the health of the store alone: rows are the services' business.
    pub store: Db,
    pub campaigns: Campaigns,
    pub contacts: Contacts,
    pub publishing: Publishing,
    pub templates: Templates,
}
