//! Imports of contacts: a file of any size, in batches.
//!
//! Three things go on at once, each a few batches ahead of the next at the most: the file is read
//! and each row checked (`reading`); what a batch comes to is worked out as far as it goes without
//! the store ([`prepare`]); and batches are saved ([`save`]). A transaction takes as many of the
//! batches that are ready as suit the engine. When an import stops in the middle (a crash, a broken
//! connection), whole batches are there and the rest is not; importing the file again brings the
//! rest and changes nothing of what is there.
//!
//! Memory does not grow with the file, but for eight bytes an address, which tell a row whose
//! address came before. Such a row is a *duplicate*: what its cells say wins over the earlier row.

mod prepare;
mod save;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::Contacts;
use crate::core::contacts::reading::{FileOptions, Head, Reader};
use crate::core::contacts::store::{imports as mappings, lists as list_store};
use crate::core::contacts::tags;
use crate::core::contacts::{
    AttributeUpdate, Columns, ContactError, FileFormat, ImportError, NewConsent, NewList,
    OnConflict, Reject, Tags, Upload,
};
use crate::core::events::Event;
use crate::core::kernel::{Id, check_name};
use crate::storage::sql::{DbError, Tx};
use prepare::{Prepared, Preparer, Rules};
use save::Saver;

pub(super) use prepare::Seen;

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
    pub on_conflict: Option<OnConflict>,
    pub update_attributes: Option<AttributeUpdate>,
    /// Where files like this come from: which column means what is remembered by this name.
    pub source: Option<String>,
    /// Put on everybody in the file.
    pub tags: Tags,
    pub consent: Option<NewConsent>,
    /// Only say what would happen.
    pub dry_run: bool,
}

/// An import under way: the header is read, and each [`step`](Self::step) takes a batch.
pub struct ContactImport {
    contacts: Contacts,
    columns: Columns,
    format: FileFormat,
    /// How many bytes of the upload have been read.
    arrived: Arc<AtomicU64>,
    batches: mpsc::Receiver<Result<Prepared, ImportError>>,
    /// A batch that was ready and did not fit into the transaction of those before.
    next: Option<Result<Prepared, ImportError>>,
    saver: Saver,
    source: Option<String>,
    /// The one transaction of an import that a conflict undoes as a whole.
    whole: Option<Tx>,
    summary: ImportSummary,
    _preparing: AbortOnDropHandle<()>,
}

/// What an import did, or would do.
///
/// `rows` is the sum of `created`, `updated`, `unchanged`, `skipped`, `duplicates` and `rejected`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportSummary {
    pub rows: u64,
    pub created: u64,
    pub updated: u64,
    pub unchanged: u64,
    /// Contacts that were there and were left as they are, as was asked for.
    pub skipped: u64,
    /// Rows whose address came before in the file.
    pub duplicates: u64,
    pub rejected: u64,
    pub list: Option<ImportedList>,
    /// Contacts of the file who have not confirmed that they want the list.
    pub unconfirmed: u64,
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
        let ImportOptions { map, file, source, consent, dry_run, .. } = options;
        let tags = tags::checked(&options.tags)?;
        let on_conflict = options.on_conflict.unwrap_or(OnConflict::Update);
        let update_attributes = options.update_attributes.unwrap_or(AttributeUpdate::Merge);
        let now = self.clock.now();
        let consent = consent.map(|consent| consent.checked(now)).transpose()?;
        let remembered = match &source {
            Some(source) => {
                check_name(source)?;
                mappings::mapping(&mut self.db.read().await?, source).await?
            }
            None => Vec::new(),
        };
        let lay_out = move |head: Head<'_>| Columns::of(head, &map, &remembered);
        let reader = Reader::open(upload, file, lay_out).await?;
        let fails = on_conflict == OnConflict::Fail;
        let writes = !dry_run && (fails || options.list.is_some());
        let mut tx = if writes { self.db.begin().await? } else { self.db.read().await? };
        let (list, imported) = match options.list {
            Some(list) => {
                let (id, imported) = self.list_to_import(&mut tx, &list, dry_run).await?;
                (id, Some(imported))
            }
            None => (None, None),
        };
        let types = self.attribute_types_in(&mut tx).await?;
        let whole = if fails {
            Some(tx)
        } else {
            tx.commit().await?;
            None
        };
        let summary = ImportSummary { list: imported, dry_run, ..ImportSummary::default() };
        let mostly_new = Arc::new(AtomicBool::new(!dry_run));
        let rules = Rules { on_conflict, update_attributes, tags };
        let preparer = Preparer::new(self, rules, types.clone(), Arc::clone(&mostly_new));
        let saver = Saver {
            contacts: self.clone(),
            list,
            dry_run,
            on_conflict,
            update_attributes,
            consent,
            types,
            mostly_new,
        };
        let (columns, format) = (reader.layout().clone(), reader.format());
        let arrived = reader.arrived();
        let (ready, batches) = mpsc::channel(1);
        let preparing = tokio::spawn(prepare_all(reader, preparer, ready));
        Ok(ContactImport {
            contacts: self.clone(),
            columns,
            format,
            arrived,
            batches,
            next: None,
            saver,
            source,
            whole,
            summary,
            _preparing: AbortOnDropHandle::new(preparing),
        })
    }

    /// The list called exactly `text`: a list whose name only starts so would be a surprise.
    async fn list_to_import(
        &self,
        tx: &mut Tx,
        text: &str,
        dry_run: bool,
    ) -> Result<(Option<Id>, ImportedList), ContactError> {
        let new = NewList { name: text.to_owned(), ..NewList::default() };
        new.check()?;
        let mut found = match list_store::named(tx, text).await? {
            Some(id) => list_store::get(tx, id).await?,
            None => None,
        };
        if let (None, Ok(id)) = (&found, text.parse()) {
            found = list_store::get(tx, id).await?;
        }
        if let Some(list) = found {
            return Ok((Some(list.id), ImportedList { name: list.name, created: false }));
        }
        let imported = ImportedList { name: new.name.clone(), created: true };
        if dry_run {
            return Ok((None, imported));
        }
        let list = self.create_list_in(tx, new).await?;
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
        &self.columns
    }

    /// What the file is made of.
    pub const fn format(&self) -> FileFormat {
        self.format
    }

    /// Takes the next batches of the file, or ends the import when there is none.
    ///
    /// # Errors
    /// [`ContactError::Import`] when the upload broke off, [`ContactError::Store`]. The batches
    /// before stay.
    pub async fn step(&mut self) -> Result<ImportStep<ImportSummary>, ContactError> {
        let next = match self.next.take() {
            Some(next) => Some(next),
            None => self.batches.recv().await,
        };
        let Some(first) = next else {
            self.conclude().await?;
            return Ok(ImportStep::Done(self.summary.clone()));
        };
        let mut rejects = Vec::new();
        let mut first = first?;
        if let Some(tx) = &mut self.whole {
            let saved = self.saver.save(tx, &mut first).await?;
            self.summary.add(first.conclude(saved), &mut rejects);
            let bytes = self.arrived.load(Ordering::Relaxed);
            return Ok(ImportStep::Batch { rejects, rows: self.summary.rows, bytes });
        }
        let mut tx = self.save_first(first, &mut rejects).await?;
        let mut room = self.contacts.db.rows_a_transaction().saturating_sub(1);
        while room > 0
            && let Ok(next) = self.batches.try_recv()
        {
            match next {
                Ok(mut batch) => {
                    room = room.saturating_sub(batch.rows());
                    let saved = self.saver.save(&mut tx, &mut batch).await?;
                    self.summary.add(batch.conclude(saved), &mut rejects);
                }
                // The batches before are whole: this is told after them.
                Err(error) => {
                    self.next = Some(Err(error));
                    break;
                }
            }
        }
        if !self.saver.dry_run {
            tx.commit().await?;
        }
        let bytes = self.arrived.load(Ordering::Relaxed);
        Ok(ImportStep::Batch { rejects, rows: self.summary.rows, bytes })
    }

    /// Saves the first batch of a transaction; again from the start when somebody else was faster.
    async fn save_first(
        &mut self,
        mut batch: Prepared,
        rejects: &mut Vec<Reject>,
    ) -> Result<Tx, ContactError> {
        for attempt in 1.. {
            let db = &self.contacts.db;
            let mut tx = if self.saver.dry_run { db.read().await? } else { db.begin().await? };
            match self.saver.save(&mut tx, &mut batch).await {
                Err(ContactError::Store(DbError::Conflict { .. } | DbError::Busy))
                    if attempt < ATTEMPTS => {}
                Err(error) => return Err(error),
                Ok(saved) => {
                    self.summary.add(batch.conclude(saved), rejects);
                    return Ok(tx);
                }
            }
        }
        Err(DbError::Busy.into())
    }

    async fn conclude(&mut self) -> Result<(), ContactError> {
        if self.saver.dry_run {
            return Ok(());
        }
        let ImportSummary { rows, created, updated, unchanged, skipped, duplicates, .. } =
            self.summary;
        let payload = serde_json::json!({
            "list": self.summary.list.as_ref().map(|list| &list.name), "list_id": self.saver.list,
            "rows": rows, "created": created, "updated": updated, "unchanged": unchanged,
            "skipped": skipped, "duplicates": duplicates, "rejected": self.summary.rejected,
        });
        let mut tx = match self.whole.take() {
            Some(tx) => tx,
            None => self.contacts.db.begin().await?,
        };
        if let Some(source) = &self.source {
            let own = |(target, heading): (&str, &str)| (target.to_owned(), heading.to_owned());
            let mapping: Vec<_> = self.columns.targets().map(own).collect();
            mappings::remember_mapping(&mut tx, source, &mapping, &self.contacts.clock).await?;
        }
        self.contacts.outbox.push(&mut tx, Event { name: "contacts.imported", payload }).await?;
        Ok(tx.commit().await?)
    }
}

impl ImportSummary {
    /// Counts in what a batch came to, whose rejects go to `rejects`.
    fn add(&mut self, (batch, rejected): (Self, Vec<Reject>), rejects: &mut Vec<Reject>) {
        self.rows += batch.rows;
        self.created += batch.created;
        self.updated += batch.updated;
        self.unchanged += batch.unchanged;
        self.skipped += batch.skipped;
        self.duplicates += batch.duplicates;
        self.rejected += batch.rejected;
        self.unconfirmed += batch.unconfirmed;
        self.unsubscribed += batch.unsubscribed;
        rejects.extend(rejected);
    }
}

/// Prepares the batches of a file one after the other, until it ends or nobody waits for more.
async fn prepare_all(
    mut reader: Reader<Columns>,
    mut preparer: Preparer,
    ready: mpsc::Sender<Result<Prepared, ImportError>>,
) {
    while let Some(batch) = reader.batch().await.transpose() {
        let next = match batch {
            Ok(batch) => {
                let work = move || (preparer.prepare(batch), preparer);
                let Ok((done, back)) = tokio::task::spawn_blocking(work).await else {
                    let error = ImportError::BrokenOff("its worker stopped".to_owned());
                    return drop(ready.send(Err(error)).await);
                };
                preparer = back;
                Ok(done)
            }
            Err(error) => Err(error),
        };
        let ended = next.is_err();
        if ready.send(next).await.is_err() || ended {
            return;
        }
    }
}
