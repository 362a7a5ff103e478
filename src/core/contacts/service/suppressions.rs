//! Suppressions: addresses that must never be sent to.

use std::collections::{BTreeSet, HashSet};

use super::Contacts;
use super::import::{ImportStep, Seen};
use crate::core::contacts::import::SuppressionColumns;
use crate::core::contacts::model::{how_many, reason};
use crate::core::contacts::reading::{Batch, FileOptions, Reader};
use crate::core::contacts::store::{suppression_sets as sets, suppressions as store};
use crate::core::contacts::{Address, ContactError, Suppression, Upload};
use crate::core::events::Event;
use crate::core::kernel::{Id, Page, PageRequest, fold_address};
use crate::storage::sql::Tx;

/// An import of suppressions under way; each [`step`](Self::step) takes a batch.
pub struct SuppressionImport {
    contacts: Contacts,
    reader: Reader<SuppressionColumns>,
    dry_run: bool,
    seen: Seen,
    summary: SuppressionSummary,
}

/// What an import of suppressions did, or would do.
///
/// `rows` is the sum of `added`, `already`, `duplicates` and `rejected`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SuppressionSummary {
    pub rows: u64,
    pub added: u64,
    /// Addresses that were suppressed before.
    pub already: u64,
    /// Rows whose address came before in the file; the first reason holds.
    pub duplicates: u64,
    pub rejected: u64,
    pub dry_run: bool,
}

impl Contacts {
    /// Suppresses addresses, all or none; gives the suppressions of these addresses, of which one
    /// that was there keeps its reason, and how many are new. One that went with a suppression set
    /// counts as new: from now on it stands for itself, and has this reason.
    ///
    /// # Errors
    /// [`ContactError::Address`], [`ContactError::HowMany`], [`ContactError::ReasonTooLong`].
    #[tracing::instrument(skip_all)]
    pub async fn suppress(
        &self,
        emails: &[String],
        why: &str,
    ) -> Result<(Vec<Suppression>, u64), ContactError> {
        how_many(emails.len())?;
        let why = reason(why)?;
        let addresses: Vec<Address> =
            emails.iter().map(|email| Address::parse(email)).collect::<Result<_, _>>()?;
        let mut tx = self.db.begin().await?;
        let done = self.suppress_in(&mut tx, &addresses, &why).await?;
        tx.commit().await?;
        Ok(done)
    }

    /// As [`Contacts::suppress`], as part of a larger change.
    pub(super) async fn suppress_in(
        &self,
        tx: &mut Tx,
        addresses: &[Address],
        why: &str,
    ) -> Result<(Vec<Suppression>, u64), ContactError> {
        let folded: BTreeSet<&str> = addresses.iter().map(Address::folded).collect();
        let folded: Vec<&str> = folded.into_iter().collect();
        let forgotten = self.key.forgotten_in(tx, &folded).await?;
        let known = addresses.iter().filter(|address| !forgotten.contains(address.folded()));
        let new: Vec<Suppression> =
            known.map(|address| self.suppression(address, why.to_owned())).collect();
        let added = store::insert(tx, &new).await?;
        let kept: Vec<String> = folded.iter().map(|one| self.kept_as(one, &forgotten)).collect();
        let kept: Vec<&str> = kept.iter().map(String::as_str).collect();
        let suppressions = store::of_addresses(tx, &kept).await?;
        if added > 0 {
            let ids: Vec<Id> = suppressions.iter().map(|one| one.id).collect();
            let payload = serde_json::json!({ "ids": ids, "added": added });
            self.outbox.push(tx, Event { name: "suppressions.added", payload }).await?;
        }
        Ok((suppressions, added))
    }

    /// A page of suppressions, oldest first.
    pub async fn suppressions(&self, page: PageRequest) -> Result<Page<Suppression>, ContactError> {
        let mut tx = self.db.read().await?;
        let suppressions = store::page(&mut tx, &page).await?;
        Ok(page.page(suppressions, |one| one.id))
    }

    /// Lets an address be sent to again, also one of somebody who was forgotten; suppression sets
    /// that name it do so no longer.
    ///
    /// # Errors
    /// [`ContactError::SuppressionNotFound`].
    #[tracing::instrument(skip_all)]
    pub async fn unsuppress(&self, email: &str) -> Result<Suppression, ContactError> {
        let folded = fold_address(email);
        let missing = || ContactError::SuppressionNotFound(email.to_owned());
        if folded.contains('\0') {
            return Err(missing()); // no text in the store has one
        }
        let mut tx = self.db.begin().await?;
        let forgotten = self.key.forgotten_in(&mut tx, &[&folded]).await?;
        let kept = self.kept_as(&folded, &forgotten);
        let suppression =
            store::of_addresses(&mut tx, &[&kept]).await?.pop().ok_or_else(missing)?;
        store::delete(&mut tx, suppression.id).await?;
        sets::take_out(&mut tx, &folded, self.clock.now()).await?;
        let payload = serde_json::json!({ "id": suppression.id });
        self.outbox.push(&mut tx, Event { name: "suppression.removed", payload }).await?;
        tx.commit().await?;
        Ok(suppression)
    }

    /// Starts to import suppressions from a file: its column or key of addresses, or its first
    /// column when no heading says, and that of reasons when it has one. A table without a header
    /// is one whose first cell is an address. As with contacts, whole batches are saved, and
    /// importing again is safe.
    ///
    /// # Errors
    /// [`ContactError::Import`], with nothing changed.
    pub async fn import_suppressions(
        &self,
        upload: Upload,
        file: FileOptions,
        dry_run: bool,
    ) -> Result<SuppressionImport, ContactError> {
        let reader = Reader::open(upload, file, SuppressionColumns::read).await?;
        let summary = SuppressionSummary { dry_run, ..SuppressionSummary::default() };
        let (contacts, seen) = (self.clone(), Seen::default());
        Ok(SuppressionImport { contacts, reader, dry_run, seen, summary })
    }

    /// How the suppression of a folded address is kept.
    fn kept_as(&self, folded: &str, forgotten: &HashSet<&str>) -> String {
        if forgotten.contains(folded) { self.key.mark(folded) } else { folded.to_owned() }
    }

    fn suppression(&self, address: &Address, reason: String) -> Suppression {
        Suppression {
            id: self.clock.new_id(),
            email: address.folded().to_owned(),
            reason,
            set: None,
            created_at: self.clock.now(),
        }
    }
}

impl std::fmt::Debug for SuppressionImport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SuppressionImport").field("summary", &self.summary).finish_non_exhaustive()
    }
}

impl SuppressionImport {
    /// Takes the next batch of the file, or ends the import when there is none.
    ///
    /// # Errors
    /// [`ContactError::Import`] when the upload broke off, [`ContactError::Store`]. The batches
    /// before stay.
    pub async fn step(&mut self) -> Result<ImportStep<SuppressionSummary>, ContactError> {
        let Some(Batch { rows, rejects }) = self.reader.batch().await? else {
            self.conclude().await?;
            return Ok(ImportStep::Done(self.summary));
        };
        self.summary.rows += (rows.len() + rejects.len()) as u64;
        let mut new = Vec::with_capacity(rows.len());
        for (address, why) in rows {
            if self.seen.first_time(address.folded()) {
                new.push(self.contacts.suppression(&address, why));
            } else {
                self.summary.duplicates += 1;
            }
        }
        let added = self.save(&new).await?;
        self.summary.added += added;
        self.summary.already += new.len() as u64 - added;
        self.summary.rejected += rejects.len() as u64;
        let bytes = self.reader.bytes();
        Ok(ImportStep::Batch { rejects, rows: self.summary.rows, bytes })
    }

    /// Saves those that are not there, or counts them in a dry run.
    async fn save(&mut self, new: &[Suppression]) -> Result<u64, ContactError> {
        let (db, key) = (&self.contacts.db, &self.contacts.key);
        let folded: Vec<&str> = new.iter().map(|one| one.email.as_str()).collect();
        if self.dry_run {
            let mut tx = db.read().await?;
            let forgotten = key.forgotten_in(&mut tx, &folded).await?;
            let there = store::of_addresses(&mut tx, &folded).await?;
            let there = there.iter().filter(|one| one.set.is_none()).count();
            return Ok((new.len() - there - forgotten.len()) as u64);
        }
        let mut tx = db.begin().await?;
        let forgotten = key.forgotten_in(&mut tx, &folded).await?;
        let known = new.iter().filter(|one| !forgotten.contains(one.email.as_str()));
        let known: Vec<Suppression> = known.cloned().collect();
        let added = store::insert(&mut tx, &known).await?;
        tx.commit().await?;
        Ok(added)
    }

    async fn conclude(&mut self) -> Result<(), ContactError> {
        if self.dry_run {
            return Ok(());
        }
        let SuppressionSummary { rows, added, already, duplicates, rejected, .. } = self.summary;
        let payload = serde_json::json!({
            "rows": rows, "added": added, "already": already, "duplicates": duplicates,
            "rejected": rejected,
        });
        let mut tx = self.contacts.db.begin().await?;
        self.contacts
            .outbox
            .push(&mut tx, Event { name: "suppressions.imported", payload })
            .await?;
        Ok(tx.commit().await?)
    }
}
