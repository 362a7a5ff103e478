//! What the handlers reach: the services of every area.

use crate::core::contacts::Contacts;
use crate::core::kernel::Clock;

/// The services of one workspace. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Services {
    pub clock: Clock,
    pub contacts: Contacts,
}
