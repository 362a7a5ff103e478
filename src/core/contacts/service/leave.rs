//! Leaving by the link of a mail.

use serde_json::json;

use super::Contacts;
use crate::core::contacts::store::{contacts as store, lists, members, merges};
use crate::core::contacts::{Address, ContactError, FORGOTTEN, MemberChange};
use crate::core::events::Event;
use crate::core::kernel::Id;
use crate::storage::sql::Tx;

/// The reason of a suppression that a person asked for by a link.
const REASON: &str = "unsubscribed";

/// Who leaves, and what.
#[derive(Clone, Debug)]
pub struct Leaving {
    /// The contact the mail was for, who may have been deleted or merged since.
    pub contact: Id,
    /// The run the mail was of.
    pub run: Id,
    /// The address the mail went to, when that is known.
    pub address: Option<String>,
    /// The lists the mail was for.
    pub lists: Vec<Id>,
    /// Whether it may also have come for another reason, which cannot be unsubscribed from.
    pub entirely: bool,
}

/// What came of leaving by a link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// The names of the lists they are unsubscribed from now.
    pub lists: Vec<String>,
    /// Whether nothing may be sent to the address any more.
    pub suppressed: bool,
}

impl Contacts {
    /// Lets somebody leave: they are unsubscribed from those of the lists they are on. When they are
    /// on none of them, or a mail may come for another reason too, their address is suppressed: who
    /// asks to be left alone is. Doing it again changes nothing.
    pub async fn leave_in(&self, tx: &mut Tx, leaving: &Leaving) -> Result<Left, ContactError> {
        let contact = match store::get(tx, leaving.contact).await? {
            Some(contact) => Some(contact),
            None => match merges::survivor(tx, leaving.contact).await? {
                Some(id) => store::get(tx, id).await?,
                None => None,
            },
        };
        let mut left = Left::default();
        let address = match contact {
            Some(contact) => {
                for list in &leaving.lists {
                    left.lists.extend(self.leave_list(tx, *list, contact.id, leaving.run).await?);
                }
                Some(contact.email)
            }
            None => leaving.address.clone().filter(|address| address != FORGOTTEN),
        };
        if let Some(address) = address.filter(|_| leaving.entirely || left.lists.is_empty()) {
            self.suppress_in(tx, &[Address::parse(&address)?], REASON).await?;
            left.suppressed = true;
        }
        Ok(left)
    }

    /// Unsubscribes a contact from a list; gives the list's name when it is on it.
    async fn leave_list(
        &self,
        tx: &mut Tx,
        list: Id,
        contact: Id,
        run: Id,
    ) -> Result<Option<String>, ContactError> {
        let Some(list) = lists::get(tx, list).await? else { return Ok(None) };
        if !members::states(tx, list.id, &[contact]).await?.contains_key(&contact) {
            return Ok(None);
        }
        let change = MemberChange::Unsubscribe;
        let moves = change.moves(list.optin);
        let changed = members::change(tx, list.id, &[contact], moves, self.clock.now()).await?;
        if changed > 0 {
            let payload = json!({
                "id": list.id, "name": list.name, "contact_ids": [contact], "changed": changed,
                "run_id": run,
            });
            self.outbox.push(tx, Event { name: change.event(), payload }).await?;
        }
        Ok(Some(list.name))
    }
}
