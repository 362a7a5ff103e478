//! What contacts did, told by those who saw it.

use super::Contacts;
use crate::core::contacts::Activity;
use crate::core::contacts::store::activity as store;
use crate::core::kernel::{Id, Timestamp};
use crate::storage::sql::{DbError, DbResult, Tx};

impl Contacts {
    /// Notes that each of `contacts` did something with the mails of a campaign, and when, as part
    /// of `tx`. Who is no contact any more is passed over.
    ///
    /// # Errors
    /// [`DbError::Busy`] when a contact is deleted in this moment: do the transaction again.
    pub async fn note_activity_in(
        tx: &mut Tx,
        activity: Activity,
        campaign: Id,
        contacts: &[(Id, Timestamp)],
    ) -> DbResult<()> {
        store::note(tx, activity, campaign, contacts).await.map_err(|error| match error {
            DbError::Conflict { .. } => DbError::Busy,
            other => other,
        })
    }
}
