//! Exports of contacts: page by page, from one snapshot.

use std::collections::BTreeSet;

use super::Contacts;
use crate::core::contacts::store::contacts as store;
use crate::core::contacts::store::which::Which;
use crate::core::contacts::{Contact, ContactError};
use crate::core::kernel::{Cursor, Id, MAX_LIMIT, PageRequest};
use crate::storage::sql::Tx;

/// An export under way. It holds a reader of the store until it is dropped, so that what it gives
/// is the contacts of one moment.
#[derive(Debug)]
pub struct ContactExport {
    tx: Tx,
    list: Option<Id>,
    next: Option<PageRequest>,
}

impl Contacts {
    /// Starts to export the contacts on `list`, or all.
    ///
    /// # Errors
    /// [`ContactError::ListNotFound`], [`ContactError::Ambiguous`].
    pub async fn export(&self, list: Option<&str>) -> Result<ContactExport, ContactError> {
        let mut tx = self.db.read().await?;
        let list = match list {
            Some(reference) => Some(self.list_in(&mut tx, reference).await?.id),
            None => None,
        };
        Ok(ContactExport { tx, list, next: Some(first_page()) })
    }
}

impl ContactExport {
    /// Every attribute that one of the contacts has, in order: the columns of a table. It reads
    /// the contacts once.
    pub async fn attribute_keys(&mut self) -> Result<Vec<String>, ContactError> {
        let mut keys = BTreeSet::new();
        while let Some(contacts) = self.page().await? {
            for (key, _) in contacts.iter().flat_map(|contact| contact.attributes.iter()) {
                if !keys.contains(key) {
                    keys.insert(key.to_owned());
                }
            }
        }
        self.next = Some(first_page());
        Ok(keys.into_iter().collect())
    }

    /// The next contacts, oldest first; none after the last.
    pub async fn page(&mut self) -> Result<Option<Vec<Contact>>, ContactError> {
        let Some(request) = self.next.take() else { return Ok(None) };
        let which = Which { list: self.list, ..Which::default() };
        let contacts = store::page(&mut self.tx, &request, &which).await?;
        let page = request.page(contacts, |contact| contact.id);
        self.next = page.next.map(|cursor| PageRequest::new(Some(cursor), Some(MAX_LIMIT)));
        Ok(Some(page.items))
    }
}

fn first_page() -> PageRequest {
    PageRequest::new(None::<Cursor>, Some(MAX_LIMIT))
}
