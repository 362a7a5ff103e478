//! Exports of contacts: page by page, from one snapshot.

use std::collections::BTreeSet;

use super::Contacts;
use crate::core::contacts::segments::Condition;
use crate::core::contacts::store::contacts as store;
use crate::core::contacts::store::which::Which;
use crate::core::contacts::{Contact, ContactError};
use crate::core::kernel::{Id, PageRequest, Timestamp};
use crate::storage::sql::Tx;

/// Contacts that are read at a time.
const PAGE: u32 = 5000;

/// An export under way. It holds a reader of the store until it is dropped, so that what it gives
/// is the contacts of one moment.
#[derive(Debug)]
pub struct ContactExport {
    tx: Tx,
    list: Option<Id>,
    condition: Option<Condition>,
    now: Timestamp,
    next: Option<PageRequest>,
}

/// The columns of a table of contacts, besides those it always has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExportColumns {
    /// Whether one of the contacts has a tag, and notes.
    pub tags: bool,
    pub notes: bool,
    /// Every attribute that one of them has, in order.
    pub attributes: Vec<String>,
}

impl Contacts {
    /// Starts to export the contacts on `list`, or all, of whom `expression` is true when there is
    /// one.
    ///
    /// # Errors
    /// [`ContactError::ListNotFound`], [`ContactError::Ambiguous`], and those of
    /// [`Contacts::count_where`].
    pub async fn export(
        &self,
        list: Option<&str>,
        expression: Option<&str>,
    ) -> Result<ContactExport, ContactError> {
        let mut tx = self.db.read().await?;
        let list = match list {
            Some(reference) => Some(self.list_in(&mut tx, reference).await?.id),
            None => None,
        };
        let condition = match expression {
            Some(expression) => Some(self.condition_in(&mut tx, expression, None).await?),
            None => None,
        };
        Ok(ContactExport { tx, list, condition, now: self.clock.now(), next: Some(FIRST) })
    }
}

const FIRST: PageRequest = PageRequest { after: Id::NIL, limit: PAGE };

impl ContactExport {
    /// What a table of the contacts needs; it reads them once.
    pub async fn columns(&mut self) -> Result<ExportColumns, ContactError> {
        let (mut columns, mut keys) = (ExportColumns::default(), BTreeSet::new());
        while let Some(contacts) = self.page().await? {
            for contact in &contacts {
                columns.tags |= !contact.tags.is_empty();
                columns.notes |= !contact.notes.is_empty();
                for (key, _) in contact.attributes.iter() {
                    if !keys.contains(key) {
                        keys.insert(key.to_owned());
                    }
                }
            }
        }
        self.next = Some(FIRST);
        columns.attributes = keys.into_iter().collect();
        Ok(columns)
    }

    /// The next contacts, oldest first; none after the last.
    pub async fn page(&mut self) -> Result<Option<Vec<Contact>>, ContactError> {
        let Some(request) = self.next.take() else { return Ok(None) };
        let condition = self.condition.as_ref().map(|condition| (condition, self.now));
        let which = Which { list: self.list, condition, ..Which::default() };
        let contacts = store::page(&mut self.tx, &request, &which).await?;
        let page = request.page(contacts, |contact| contact.id);
        self.next = page.next.map(|cursor| PageRequest { after: cursor.0, limit: PAGE });
        Ok(Some(page.items))
    }
}
