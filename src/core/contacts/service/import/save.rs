//! Saving a batch: those who are probably new are inserted unless they are there, the others are
//! looked up by their address, in one query, and changed.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Contacts;
use super::prepare::{Newcomer, Prepared, Saved};
use crate::core::contacts::import::Draft;
use crate::core::contacts::store::members::{self as list_members, Silent};
use crate::core::contacts::store::{contacts as store, tags as tag_store};
use crate::core::contacts::{
    AttributeTypes, AttributeUpdate, Contact, ContactError, NewConsent, OnConflict,
};
use crate::core::kernel::{Id, fold_address};
use crate::storage::sql::{DbError, Tx};

/// Conflicts that a refusal names.
const CONFLICTS_SHOWN: usize = 10;

/// Saves the batches of one import.
pub(super) struct Saver {
    pub(super) contacts: Contacts,
    pub(super) list: Option<Id>,
    pub(super) dry_run: bool,
    pub(super) on_conflict: OnConflict,
    pub(super) update_attributes: AttributeUpdate,
    pub(super) consent: Option<NewConsent>,
    /// The types of the attributes so far.
    pub(super) types: AttributeTypes,
    /// Whether most contacts of the batch before were new.
    pub(super) mostly_new: Arc<AtomicBool>,
}

impl Saver {
    /// Saves a batch within `tx`; in a dry run, finds out what that would do.
    ///
    /// # Errors
    /// [`DbError::Busy`] and [`DbError::Conflict`] when somebody else was faster: the transaction
    /// is to be done again, with the same batch.
    pub(super) async fn save(
        &mut self,
        tx: &mut Tx,
        batch: &mut Prepared,
    ) -> Result<Saved, ContactError> {
        let (contacts, may_write) = (self.contacts.clone(), !self.dry_run);
        contacts.learn_types_in(tx, [&batch.shown], &mut self.types, may_write).await?;
        batch.settle(&self.types);
        let mut saved = Saved::default();
        let mut members: Vec<(usize, Id)> = Vec::with_capacity(batch.candidates.len());
        let forgotten = self.forgotten(tx, batch).await?;
        let newcomers = match batch.take_newcomers() {
            newcomers if forgotten.is_empty() => newcomers,
            // Looking them up tells who of them is there all the same.
            _ => Vec::new(),
        };
        let rest = if newcomers.is_empty() {
            batch.kept().collect()
        } else {
            self.insert(tx, newcomers, &mut members).await?
        };
        saved.created = first_ones(batch, members.iter().map(|(at, _)| *at));
        self.meet(tx, batch, (rest, &forgotten), &mut saved, &mut members).await?;
        saved.silent = self.attach(tx, batch, &members).await?;
        let mostly_new = may_write && saved.created * 2 >= batch.candidates.len() as u64;
        self.mostly_new.store(mostly_new, Ordering::Relaxed);
        Ok(saved)
    }

    /// The places of the candidates who were forgotten.
    async fn forgotten(
        &self,
        tx: &mut Tx,
        batch: &Prepared,
    ) -> Result<HashSet<usize>, ContactError> {
        let folded: Vec<&str> =
            batch.candidates.iter().map(|one| one.draft.address.folded()).collect();
        let forgotten = self.contacts.key.forgotten_in(tx, &folded).await?;
        let places = folded.iter().enumerate().filter(|(_, one)| forgotten.contains(**one));
        Ok(places.map(|(at, _)| at).collect())
    }

    /// Inserts those who are not there; gives the places of those who are.
    async fn insert(
        &self,
        tx: &mut Tx,
        newcomers: Vec<Newcomer>,
        members: &mut Vec<(usize, Id)>,
    ) -> Result<Vec<usize>, ContactError> {
        let (ids, rows): (Vec<_>, Vec<_>) =
            newcomers.into_iter().map(|one| ((one.at, one.id), one.row)).unzip();
        let inserted = store::insert_new(tx, rows).await?;
        let mut known = Vec::new();
        for ((at, id), inserted) in ids.into_iter().zip(inserted) {
            if inserted { members.push((at, id)) } else { known.push(at) }
        }
        Ok(known)
    }

    /// Looks for the candidates at `places` among those there are: changes whom it finds, and
    /// inserts the others, unless they were `forgotten`.
    async fn meet(
        &self,
        tx: &mut Tx,
        batch: &mut Prepared,
        (places, forgotten): (Vec<usize>, &HashSet<usize>),
        saved: &mut Saved,
        members: &mut Vec<(usize, Id)>,
    ) -> Result<(), ContactError> {
        let folded: Vec<&str> =
            places.iter().map(|at| batch.candidates[*at].draft.address.folded()).collect();
        let existing = store::with_addresses(tx, &folded).await?;
        let mut existing: HashMap<String, Contact> =
            existing.into_iter().map(|contact| (fold_address(&contact.email), contact)).collect();
        if self.on_conflict == OnConflict::Fail && !existing.is_empty() {
            return Err(conflicts(batch, &places, &existing));
        }
        let now = self.contacts.clock.now();
        let (mut updates, mut strangers) = (Vec::new(), Vec::new());
        for at in places {
            let candidate = &batch.candidates[at];
            let Draft { address, change, .. } = &candidate.draft;
            let Some(mut contact) = existing.remove(address.folded()) else {
                if forgotten.contains(&at) {
                    saved.refused.insert(at, ContactError::Forgotten(address.to_string()));
                } else {
                    strangers.push(at);
                }
                continue;
            };
            if self.on_conflict == OnConflict::Skip {
                saved.skipped += 1;
                continue;
            }
            let mut said = change.without_repeated_cells(&contact);
            if self.update_attributes == AttributeUpdate::Replace {
                said.remove_others(&contact, &change.attributes);
            }
            match contact.apply(&said) {
                Err(error) => {
                    saved.refused.insert(at, error);
                }
                Ok(true) => {
                    saved.updated += u64::from(candidate.is_first);
                    members.push((at, contact.id));
                    updates.push(Contact { updated_at: now, ..contact });
                }
                Ok(false) => {
                    saved.unchanged += u64::from(candidate.is_first);
                    members.push((at, contact.id));
                }
            }
        }
        let workspace = tx.workspace();
        let newcomers = batch.newcomers_of(strangers, &self.contacts.clock, workspace);
        // In a dry run, an address of an earlier batch is not there yet; it was counted then.
        saved.created += first_ones(batch, newcomers.iter().map(|one| one.at));
        if self.dry_run {
            return Ok(());
        }
        store::update(tx, &updates).await?;
        if newcomers.is_empty() || self.insert(tx, newcomers, members).await?.is_empty() {
            return Ok(());
        }
        Err(DbError::Busy.into()) // somebody else created one since it was looked for
    }

    /// Puts everybody of the batch on the list and their tags on them, and records their consent;
    /// says whom the list does not send to.
    async fn attach(
        &self,
        tx: &mut Tx,
        batch: &Prepared,
        members: &[(usize, Id)],
    ) -> Result<Silent, ContactError> {
        let ids: Vec<Id> = members.iter().map(|(_, id)| *id).collect();
        if self.dry_run {
            let Some(list) = self.list else { return Ok(Silent::default()) };
            return Ok(list_members::would_be_silent(tx, list, &ids).await?);
        }
        let mut tags = Vec::new();
        for (at, id) in members {
            let change = &batch.candidates[*at].draft.change;
            tags.extend(change.tags.iter().map(|tag| (*id, tag.as_str())));
        }
        tag_store::add(tx, tags).await?;
        if let Some(consent) = &self.consent {
            let consents = ids.iter().map(|id| (*id, consent.clone())).collect();
            self.contacts.record_consents_in(tx, consents).await?;
        }
        let Some(list) = self.list else { return Ok(Silent::default()) };
        let (_, silent) = list_members::add(tx, list, &ids, self.contacts.clock.now()).await?;
        Ok(silent)
    }
}

/// The refusal of an import whose candidates at `places` are there already, in part.
fn conflicts(
    batch: &Prepared,
    places: &[usize],
    existing: &HashMap<String, Contact>,
) -> ContactError {
    let there = places
        .iter()
        .map(|at| &batch.candidates[*at].draft)
        .filter(|draft| existing.contains_key(draft.address.folded()));
    let shown = |draft: &Draft| format!("`{}` on line {}", draft.address, draft.origin.place.line);
    ContactError::ImportConflicts {
        count: existing.len(),
        first: there.take(CONFLICTS_SHOWN).map(shown).collect(),
    }
}

/// How many of the candidates at `places` are the first of their address in the file.
fn first_ones(batch: &Prepared, places: impl Iterator<Item = usize>) -> u64 {
    places.map(|at| u64::from(batch.candidates[at].is_first)).sum()
}
