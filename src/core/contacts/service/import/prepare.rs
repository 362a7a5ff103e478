//! What of a batch can be worked out without the store: which rows are of one person, the values
//! of attributes in their types, and the rows of contacts that are probably new.
//!
//! It is done beside the saving of the batch before. What it takes for granted, the types of
//! attributes and that addresses are new, the store has the last word about; [`super::save`] asks it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value as Json;

use super::{Contacts, ImportSummary};
use crate::core::contacts::attribute_types::settle;
use crate::core::contacts::import::Draft;
use crate::core::contacts::reading::Batch;
use crate::core::contacts::store::contacts as store;
use crate::core::contacts::store::members::Silent;
use crate::core::contacts::{
    AttributeType, AttributeTypes, AttributeUpdate, ContactError, OnConflict, Reject, Tags,
    attributes,
};
use crate::core::kernel::{Clock, Id};
use crate::storage::sql::Params;

/// The addresses that came before in a file, as hashes.
#[derive(Debug, Default)]
pub(in crate::core::contacts::service) struct Seen(HashSet<u64>);

impl Seen {
    /// Remembers an address; says whether it is new.
    pub(in crate::core::contacts::service) fn first_time(&mut self, folded: &str) -> bool {
        self.0.insert(hash(folded))
    }
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// A draft, and whether its address is new in the file.
pub(super) struct Candidate {
    pub(super) draft: Draft,
    pub(super) is_first: bool,
}

/// The row of a contact that is probably new: that of the candidate at a place.
pub(super) struct Newcomer {
    pub(super) at: usize,
    pub(super) id: Id,
    pub(super) row: Params,
}

/// A batch that only the store has to be asked about.
pub(super) struct Prepared {
    pub(super) candidates: Vec<Candidate>,
    /// The first value of each attribute, and the type each was taken to have.
    pub(super) shown: BTreeMap<String, Json>,
    types: AttributeTypes,
    /// Those of the candidates, unless they are probably known.
    newcomers: Option<Vec<Newcomer>>,
    /// The places of the candidates that cannot be kept, and why.
    refused: HashMap<usize, ContactError>,
    rejects: Vec<Reject>,
    rows: u64,
    duplicates: u64,
}

/// What came of the candidates of a batch that were saved.
#[derive(Default)]
pub(super) struct Saved {
    pub(super) created: u64,
    pub(super) updated: u64,
    pub(super) unchanged: u64,
    pub(super) skipped: u64,
    /// Those whom the list does not send to.
    pub(super) silent: Silent,
    /// Those that cannot be kept together with what was there, and why.
    pub(super) refused: HashMap<usize, ContactError>,
}

/// What the options of an import say that can be obeyed without the store.
pub(super) struct Rules {
    pub(super) on_conflict: OnConflict,
    pub(super) update_attributes: AttributeUpdate,
    pub(super) tags: Tags,
}

/// Prepares one batch after the other.
pub(super) struct Preparer {
    rules: Rules,
    clock: Clock,
    workspace: Id,
    types: AttributeTypes,
    mostly_new: Arc<AtomicBool>,
    seen: Seen,
}

impl Preparer {
    /// `types` are those the store knows; `mostly_new` is told, batch by batch, whether most
    /// contacts were.
    pub(super) fn new(
        contacts: &Contacts,
        rules: Rules,
        types: AttributeTypes,
        mostly_new: Arc<AtomicBool>,
    ) -> Self {
        let (clock, workspace) = (contacts.clock.clone(), contacts.db.workspace());
        Self { rules, clock, workspace, types, mostly_new, seen: Seen::default() }
    }

    pub(super) fn prepare(&mut self, batch: Batch<Draft>) -> Prepared {
        let Batch { rows, rejects } = batch;
        let count = (rows.len() + rejects.len()) as u64;
        let (candidates, duplicates) = self.gather(rows);
        let mut shown = BTreeMap::new();
        for (key, value) in candidates.iter().flat_map(|one| &one.draft.change.attributes) {
            if !shown.contains_key(key) && AttributeType::shown_by(value).is_some() {
                shown.insert(key.clone(), value.clone());
            }
        }
        for (key, value) in &shown {
            if !self.types.contains_key(key)
                && let Some(kind) = AttributeType::shown_by(value)
            {
                self.types.insert(key.clone(), kind);
            }
        }
        let mut prepared = Prepared {
            candidates,
            shown,
            types: AttributeTypes::new(),
            newcomers: None,
            refused: HashMap::new(),
            rejects,
            rows: count,
            duplicates,
        };
        prepared.settle(&self.types);
        if self.mostly_new.load(Ordering::Relaxed) {
            let everybody = 0..prepared.candidates.len();
            let newcomers = prepared.newcomers_of(everybody, &self.clock, self.workspace);
            prepared.newcomers = Some(newcomers);
        }
        prepared
    }

    /// Puts the rows of one address together, or keeps the first of them where contacts are not to
    /// be changed; says how many came before, in this batch or another.
    fn gather(&mut self, rows: Vec<Draft>) -> (Vec<Candidate>, u64) {
        let mut candidates: Vec<Candidate> = Vec::with_capacity(rows.len());
        let mut places: HashMap<u64, usize> = HashMap::with_capacity(rows.len());
        let mut duplicates = 0;
        for mut draft in rows {
            let key = hash(draft.address.folded());
            let is_first = self.seen.0.insert(key);
            duplicates += u64::from(!is_first);
            if !is_first && self.rules.on_conflict != OnConflict::Update {
                continue;
            }
            draft.change.tags.extend(self.rules.tags.iter().cloned());
            match places.get(&key).copied().and_then(|at| candidates.get_mut(at)) {
                Some(known) if known.draft.address.folded() == draft.address.folded() => {
                    if self.rules.update_attributes == AttributeUpdate::Replace {
                        known.draft.change.attributes.clear();
                    }
                    known.draft.change.absorb(draft.change);
                }
                _ => {
                    places.insert(key, candidates.len());
                    candidates.push(Candidate { draft, is_first });
                }
            }
        }
        (candidates, duplicates)
    }
}

impl Prepared {
    pub(super) const fn rows(&self) -> usize {
        self.candidates.len()
    }

    /// Brings the attributes to `types`, of which only those of the keys that are shown matter; does
    /// nothing when they are the ones of before.
    pub(super) fn settle(&mut self, types: &AttributeTypes) {
        let of_shown = |key: &String| Some((key.clone(), *types.get(key)?));
        let types: AttributeTypes = self.shown.keys().filter_map(of_shown).collect();
        if types == self.types {
            return;
        }
        self.refused.clear();
        for (at, one) in self.candidates.iter_mut().enumerate() {
            if let Err(error) = settle(&types, &mut one.draft.change.attributes) {
                self.refused.insert(at, error.into());
            }
        }
        self.types = types;
        self.newcomers = None;
    }

    /// The rows that were prepared for those who are probably new; none when nobody is, or when
    /// they were taken before.
    pub(super) fn take_newcomers(&mut self) -> Vec<Newcomer> {
        self.newcomers.take().unwrap_or_default()
    }

    /// The places of the candidates that can be kept.
    pub(super) fn kept(&self) -> impl Iterator<Item = usize> {
        (0..self.candidates.len()).filter(|at| !self.refused.contains_key(at))
    }

    /// The rows of contacts of whom nothing is known but what `candidates` say.
    pub(super) fn newcomers_of(
        &mut self,
        candidates: impl IntoIterator<Item = usize>,
        clock: &Clock,
        workspace: Id,
    ) -> Vec<Newcomer> {
        let now = clock.now();
        let mut newcomers = Vec::with_capacity(self.candidates.len());
        for at in candidates {
            if self.refused.contains_key(&at) {
                continue;
            }
            let Draft { address, change, .. } = &self.candidates[at].draft;
            let attributes = attributes::written(&change.attributes).map_err(ContactError::from);
            match attributes.and_then(|written| Ok((written, change.check_tags_of_new()?))) {
                Ok((attributes, ())) => {
                    let id = clock.new_id();
                    let row = store::new_row(id, workspace, address, change, attributes, now);
                    newcomers.push(Newcomer { at, id, row });
                }
                Err(error) => drop(self.refused.insert(at, error)),
            }
        }
        newcomers
    }

    /// What the batch came to, and its rejects in the order of the file.
    pub(super) fn conclude(self, saved: Saved) -> (ImportSummary, Vec<Reject>) {
        let mut rejects = self.rejects;
        let mut duplicates = self.duplicates;
        let mut refused = self.refused;
        refused.extend(saved.refused);
        if !refused.is_empty() {
            for (at, candidate) in self.candidates.into_iter().enumerate() {
                if let Some(error) = refused.remove(&at) {
                    // A duplicate that is refused is counted as what it is in the end.
                    duplicates -= u64::from(!candidate.is_first);
                    rejects.push(candidate.draft.origin.reject(error));
                }
            }
            rejects.sort_by_key(|reject| reject.place);
        }
        let summary = ImportSummary {
            rows: self.rows,
            created: saved.created,
            updated: saved.updated,
            unchanged: saved.unchanged,
            skipped: saved.skipped,
            unconfirmed: saved.silent.unconfirmed,
            unsubscribed: saved.silent.unsubscribed,
            duplicates,
            rejected: rejects.len() as u64,
            ..ImportSummary::default()
        };
        (summary, rejects)
    }
}
