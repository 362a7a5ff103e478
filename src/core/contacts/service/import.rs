//! Imports of contacts: a file of any size, in batches.
//!
//! A batch is one transaction: one query finds the types of attributes and one who is there already,
//! one statement inserts, one updates and one puts on the list. When an import stops in the middle (a crash, a broken
//! connection), whole batches are there and the rest is not; importing the file again brings the
//! rest and changes nothing of what is there.
//!
//! Memory does not grow with the file, but for eight bytes an address, which tell a row whose
//! address came before. Such a row is a *duplicate*: what its cells say wins over the earlier row.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::Contacts;
use crate::core::contacts::attribute_types::settle;
use crate::core::contacts::import::Draft;
use crate::core::contacts::reading::{Batch, FileOptions, Head, Reader};
use crate::core::contacts::store::{
    contacts as store, lists as list_store, members, tags as tag_store,
};
use crate::core::contacts::{
    AttributeTypes, Columns, Contact, ContactError, FileFormat, NewList, Reject, Upload, Upserted,
};
use crate::core::events::Event;
use crate::core::kernel::Id;
use crate::storage::sql::DbError;

/// How often a batch is tried when somebody else changes the same contacts.
const ATTEMPTS: usize = 5;

/// How to import contacts.
#[derive(Clone, Debug, Default)]
pub struct ImportOptions {
    /// The list to put the contacts on, by its whole name or id; made when there is none.
    pub list: Option<String>,
    /// Which field or attribute comes from which column, where its heading does not tell.
    pub map: Vec<(String, String)>,
    /// What is known of the file.
    pub file: FileOptions,
    /// Only say what would happen.
    pub dry_run: bool,
}

/// An import under way: the header is read, and each [`step`](Self::step) takes a batch.
pub struct ContactImport {
    contacts: Contacts,
    reader: Reader<Columns>,
    list: Option<Id>,
    dry_run: bool,
    /// The types of the attributes so far.
    types: AttributeTypes,
    seen: Seen,
    summary: ImportSummary,
}

/// What an import did, or would do.
///
/// `rows` is the sum of `created`, `updated`, `unchanged`, `duplicates` and `rejected`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportSummary {
    pub rows: u64,
    pub created: u64,
    pub updated: u64,
    pub unchanged: u64,
    /// Rows whose address came before in the file.
    pub duplicates: u64,
    pub rejected: u64,
    pub list: Option<ImportedList>,
    /// Contacts of the file who have unsubscribed from the list, and stay so.
    pub unsubscribed: u64,
    pub dry_run: bool,
}

/// The list of an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedList {
    pub name: String,
    /// Whether the import made it, or would.
    pub created: bool,
}

/// What came of one step of an import whose summary is `S`.
#[derive(Debug)]
pub enum ImportStep<S> {
    /// A batch is done: its rejected rows, and how many rows and bytes have been read in all.
    Batch { rejects: Vec<Reject>, rows: u64, bytes: u64 },
    /// All is done.
    Done(S),
}

/// The addresses that came before in a file, as hashes.
#[derive(Debug, Default)]
pub(super) struct Seen(HashSet<u64>);

impl Seen {
    /// Remembers an address; says whether it is new.
    pub(super) fn first_time(&mut self, folded: &str) -> bool {
        let mut hasher = DefaultHasher::new();
        folded.hash(&mut hasher);
        self.0.insert(hasher.finish())
    }
}

/// What a batch comes to, worked out before anything is written.
#[derive(Default)]
struct Plan {
    inserts: Vec<Contact>,
    updates: Vec<Contact>,
    /// Everybody of the batch, for the list.
    members: Vec<Id>,
    tags: Vec<(Id, String)>,
    created: u64,
    updated: u64,
    unchanged: u64,
    /// Those of the members who have unsubscribed from the list.
    unsubscribed: u64,
    /// The places of the drafts whose contact cannot be kept, and why.
    refused: Vec<(usize, ContactError)>,
}

/// A draft, and whether its address is new in the file.
struct Candidate {
    draft: Draft,
    is_first: bool,
}

impl Contacts {
    /// Starts to import `upload`: reads its header and makes the list when there is none.
    ///
    /// # Errors
    /// [`ContactError::Import`] when the file or the mapping cannot be used,
    /// [`ContactError::Name`] when the list cannot be called so. Nothing is changed then.
    #[tracing::instrument(skip_all)]
    pub async fn import(
        &self,
        upload: Upload,
        options: ImportOptions,
    ) -> Result<ContactImport, ContactError> {
        let ImportOptions { list, map, file, dry_run } = options;
        let lay_out = move |head: Head<'_>| Columns::of(head, &map);
        let reader = Reader::open(upload, file, lay_out).await?;
        let (list, imported) = match list {
            Some(list) => {
                let (id, imported) = self.list_to_import(&list, dry_run).await?;
                (id, Some(imported))
            }
            None => (None, None),
        };
        let summary = ImportSummary { list: imported, dry_run, ..ImportSummary::default() };
        let (contacts, types, seen) = (self.clone(), AttributeTypes::new(), Seen::default());
        Ok(ContactImport { contacts, reader, list, dry_run, types, seen, summary })
    }

    /// The list called exactly `text`: a list whose name only starts so would be a surprise.
    async fn list_to_import(
        &self,
        text: &str,
        dry_run: bool,
    ) -> Result<(Option<Id>, ImportedList), ContactError> {
        let new = NewList { name: text.to_owned(), ..NewList::default() };
        new.check()?;
        let mut tx = if dry_run { self.db.read().await? } else { self.db.begin().await? };
        let mut found = match list_store::named(&mut tx, text).await? {
            Some(id) => list_store::get(&mut tx, id).await?,
            None => None,
        };
        if let (None, Ok(id)) = (&found, text.parse()) {
            found = list_store::get(&mut tx, id).await?;
        }
        if let Some(list) = found {
            return Ok((Some(list.id), ImportedList { name: list.name, created: false }));
        }
        let imported = ImportedList { name: new.name.clone(), created: true };
        if dry_run {
            return Ok((None, imported));
        }
        let list = self.create_list_in(&mut tx, new).await?;
        tx.commit().await?;
        Ok((Some(list.id), imported))
    }
}

impl std::fmt::Debug for ContactImport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ContactImport").field("summary", &self.summary).finish_non_exhaustive()
    }
}

impl ContactImport {
    /// What the columns hold.
    pub const fn columns(&self) -> &Columns {
        self.reader.layout()
    }

    /// What the file is made of.
    pub const fn format(&self) -> FileFormat {
        self.reader.format()
    }

    /// Takes the next batch of the file, or ends the import when there is none.
    ///
    /// # Errors
    /// [`ContactError::Import`] when the upload broke off, [`ContactError::Store`]. The batches
    /// before stay.
    pub async fn step(&mut self) -> Result<ImportStep<ImportSummary>, ContactError> {
        let Some(Batch { rows, mut rejects }) = self.reader.batch().await? else {
            self.conclude().await?;
            return Ok(ImportStep::Done(self.summary.clone()));
        };
        self.summary.rows += (rows.len() + rejects.len()) as u64;
        let candidates = self.gather(rows);
        let plan = self.save(&candidates).await?;
        self.summary.created += plan.created;
        self.summary.updated += plan.updated;
        self.summary.unchanged += plan.unchanged;
        self.summary.unsubscribed += plan.unsubscribed;
        let mut refused: HashMap<usize, ContactError> = plan.refused.into_iter().collect();
        for (at, candidate) in candidates.into_iter().enumerate() {
            if let Some(error) = refused.remove(&at) {
                // A duplicate that is refused is counted as what it is in the end.
                self.summary.duplicates -= u64::from(!candidate.is_first);
                rejects.push(candidate.draft.origin.reject(error));
            }
        }
        rejects.sort_by_key(|reject| reject.place);
        self.summary.rejected += rejects.len() as u64;
        let bytes = self.reader.bytes();
        Ok(ImportStep::Batch { rejects, rows: self.summary.rows, bytes })
    }

    /// Puts the rows of one address together.
    fn gather(&mut self, rows: Vec<Draft>) -> Vec<Candidate> {
        let mut candidates: Vec<Candidate> = Vec::with_capacity(rows.len());
        let mut places: HashMap<String, usize> = HashMap::with_capacity(rows.len());
        for draft in rows {
            let is_first = self.seen.first_time(draft.address.folded());
            self.summary.duplicates += u64::from(!is_first);
            let folded = draft.address.folded().to_owned();
            if let Some(at) = places.get(&folded) {
                candidates[*at].draft.change.absorb(draft.change);
            } else {
                places.insert(folded, candidates.len());
                candidates.push(Candidate { draft, is_first });
            }
        }
        candidates
    }

    /// Saves a batch; again from the start when somebody else was faster.
    async fn save(&mut self, candidates: &[Candidate]) -> Result<Plan, ContactError> {
        let mut attempt = 1;
        loop {
            match self.try_save(candidates).await {
                Err(ContactError::Store(DbError::Conflict { .. } | DbError::Busy))
                    if attempt < ATTEMPTS =>
                {
                    attempt += 1;
                }
                result => return result,
            }
        }
    }

    async fn try_save(&mut self, candidates: &[Candidate]) -> Result<Plan, ContactError> {
        let (contacts, may_write) = (&self.contacts, !self.dry_run);
        let db = &contacts.db;
        let mut tx = if may_write { db.begin().await? } else { db.read().await? };
        let attributes = candidates.iter().map(|one| &one.draft.change.attributes);
        contacts.learn_types_in(&mut tx, attributes, &mut self.types, may_write).await?;
        let folded: Vec<&str> = candidates.iter().map(|one| one.draft.address.folded()).collect();
        let existing = store::with_addresses(&mut tx, &folded).await?;
        let forgotten = contacts.key.forgotten_in(&mut tx, &folded).await?;
        let mut plan = self.plan(candidates, existing, &forgotten);
        if self.dry_run {
            if let Some(list) = self.list {
                plan.unsubscribed =
                    members::silent(&mut tx, list, &plan.members).await?.unsubscribed;
            }
            return Ok(plan);
        }
        store::insert(&mut tx, &plan.inserts).await?;
        store::update(&mut tx, &plan.updates).await?;
        let tags = plan.tags.iter().map(|(contact, tag)| (*contact, tag.as_str()));
        tag_store::add(&mut tx, tags).await?;
        if let Some(list) = self.list {
            let now = self.contacts.clock.now();
            let (_, silent) = members::add(&mut tx, list, &plan.members, now).await?;
            plan.unsubscribed = silent.unsubscribed;
        }
        tx.commit().await?;
        Ok(plan)
    }

    fn plan(
        &self,
        candidates: &[Candidate],
        existing: Vec<Contact>,
        forgotten: &HashSet<&str>,
    ) -> Plan {
        let now = self.contacts.clock.now();
        let mut existing: HashMap<String, Contact> = existing
            .into_iter()
            .map(|contact| (crate::core::kernel::fold_address(&contact.email), contact))
            .collect();
        let mut plan = Plan::default();
        for (at, Candidate { draft, is_first }) in candidates.iter().enumerate() {
            let found = existing.remove(draft.address.folded());
            let is_new = found.is_none();
            if is_new && forgotten.contains(draft.address.folded()) {
                plan.refused.push((at, ContactError::Forgotten(draft.address.to_string())));
                continue;
            }
            let mut contact = found
                .unwrap_or_else(|| Contact::new(self.contacts.clock.new_id(), &draft.address, now));
            let mut change = draft.change.without_repeated_cells(&contact);
            let applied = settle(&self.types, &mut change.attributes)
                .map_err(ContactError::from)
                .and_then(|()| contact.apply(&change));
            let done = match applied {
                Err(error) => {
                    plan.refused.push((at, error));
                    continue;
                }
                Ok(_) if is_new => Upserted::Created,
                Ok(true) => Upserted::Updated,
                Ok(false) => Upserted::Unchanged,
            };
            plan.members.push(contact.id);
            plan.tags.extend(change.tags.into_iter().map(|tag| (contact.id, tag)));
            let count = match done {
                Upserted::Created => &mut plan.created,
                Upserted::Updated => &mut plan.updated,
                Upserted::Unchanged => &mut plan.unchanged,
            };
            // In a dry run, an address of an earlier batch is not there yet; it was counted then.
            *count += u64::from(*is_first);
            match done {
                Upserted::Created => plan.inserts.push(contact),
                Upserted::Updated => plan.updates.push(Contact { updated_at: now, ..contact }),
                Upserted::Unchanged => {}
            }
        }
        plan
    }

    async fn conclude(&mut self) -> Result<(), ContactError> {
        if self.dry_run {
            return Ok(());
        }
        let ImportSummary { rows, created, updated, unchanged, duplicates, rejected, .. } =
            self.summary;
        let payload = serde_json::json!({
            "list": self.summary.list.as_ref().map(|list| &list.name), "list_id": self.list,
            "rows": rows, "created": created, "updated": updated, "unchanged": unchanged,
            "duplicates": duplicates, "rejected": rejected,
        });
        let mut tx = self.contacts.db.begin().await?;
        self.contacts.outbox.push(&mut tx, Event { name: "contacts.imported", payload }).await?;
        Ok(tx.commit().await?)
    }
}
