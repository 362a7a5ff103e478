//! Whom campaigns are for: as all shall be, and as all is.
//!
//! A campaign's recipients change when its audience does, and when a segment of it does; also those
//! of campaigns that no manifest at hand is about.

use std::collections::{BTreeMap, BTreeSet};

use super::diff::{Action, Change, Plan};
use super::model::{CampaignSpec, Kind, Spec};
use super::service::{ManifestError, Manifests};
use super::world::{Existing, World};
use crate::core::contacts::{Condition, Contact, ContactError, Future};
use crate::storage::sql::Tx;

/// What segments ask, by their names.
pub(super) type Conditions = BTreeMap<String, Condition>;

impl Manifests {
    /// Counts whom a campaign is for as it shall be and, if it exists, as it is; gives the first of
    /// the former.
    pub(super) async fn count(
        &self,
        tx: &mut Tx,
        spec: &CampaignSpec,
        existing: Option<&Existing>,
        future: &Conditions,
        change: &mut Change,
    ) -> Result<Option<Contact>, ManifestError> {
        if change.action == Action::Unchanged && !existing.is_some_and(Existing::is_editable) {
            return Ok(None);
        }
        let (recipients, first) = self.audience(tx, spec, future).await?;
        change.recipients = Some(recipients);
        if let Some(Spec::Campaign(before)) = existing.map(|existing| &existing.document.spec) {
            change.recipients_before = match self.present(tx, before).await? {
                Some(present) if before.asks(&present) == spec.asks(future) => Some(recipients),
                Some(present) => Some(self.audience(tx, before, &present).await?.0),
                None => None,
            };
        }
        Ok(first)
    }

    /// Adds what is lost to the plan's deletions, and the campaigns that no manifest is about and
    /// that are for others because a segment changes.
    pub(super) async fn count_beside(
        &self,
        tx: &mut Tx,
        world: &World,
        doomed: &[Existing],
        future: &Future,
        plan: &mut Plan,
    ) -> Result<(), ManifestError> {
        let goes = plan.changes.iter_mut().filter(|change| change.action == Action::Delete);
        for (existing, change) in doomed.iter().zip(goes) {
            match &existing.document.spec {
                Spec::Campaign(spec) => {
                    if let Some(present) = self.present(tx, spec).await? {
                        change.recipients_before = Some(self.audience(tx, spec, &present).await?.0);
                    }
                }
                Spec::List(_) => {
                    let (members, _) = self.contacts.audience_in(tx, &[&change.name], &[]).await?;
                    if members > 0 {
                        let people = if members == 1 { "contact" } else { "contacts" };
                        let words = format!("still has {members} {people}, who stay without it");
                        plan.warnings.push(change.warning(words));
                    }
                }
                _ => {}
            }
        }
        let changed =
            |change: &Change| change.kind == Kind::Segment && change.action == Action::Update;
        if !plan.changes.iter().any(changed) {
            return Ok(());
        }
        let known: BTreeSet<(Kind, &str)> =
            plan.changes.iter().map(|change| (change.kind, change.name.as_str())).collect();
        let others = world.names.iter().filter(|(kind, name)| {
            *kind == Kind::Campaign && !known.contains(&(*kind, name.as_str()))
        });
        let others: Vec<_> = others.cloned().collect();
        for existing in self.existing(tx, others).await?.values() {
            let Spec::Campaign(spec) = &existing.document.spec else { continue };
            if !existing.is_editable() || spec.segments.is_empty() {
                continue;
            }
            let mut change = Change::of(&existing.document, Action::Unchanged, Vec::new());
            let coming = self.coming(tx, spec, future).await?;
            self.count(tx, spec, Some(existing), &coming, &mut change).await?;
            if change.touches() {
                let words = "is in none of these manifests, and is for others because of them";
                plan.warnings.push(change.warning(words));
                plan.changes.push(change);
            }
        }
        Ok(())
    }

    /// What the segments of a campaign ask as all shall be.
    async fn coming(
        &self,
        tx: &mut Tx,
        spec: &CampaignSpec,
        future: &Future,
    ) -> Result<Conditions, ManifestError> {
        let mut conditions = Conditions::new();
        for name in &spec.segments {
            let expression = if let Some(expression) = future.segments.get(name) {
                expression.clone()
            } else if let Some(segment) = self.contacts.segment_named_in(tx, name).await? {
                segment.expression
            } else {
                continue;
            };
            let read = self.contacts.condition_among_in(tx, &expression, Some(name), future).await;
            match read {
                Ok(condition) => drop(conditions.insert(name.clone(), condition)),
                // Its campaign cannot be sent before and after, and says so itself.
                Err(ContactError::Expression(_) | ContactError::Unresolved(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(conditions)
    }

    /// How many contacts a campaign is for, and the first of them.
    async fn audience(
        &self,
        tx: &mut Tx,
        spec: &CampaignSpec,
        conditions: &Conditions,
    ) -> Result<(u64, Option<Contact>), ManifestError> {
        let (lists, segments) = spec.asks(conditions);
        let segments: Vec<Condition> = segments.into_iter().cloned().collect();
        Ok(self.contacts.audience_in(tx, &lists, &segments).await?)
    }

    /// What the segments of a campaign ask as they are; nothing when one of them cannot be read any
    /// more.
    async fn present(
        &self,
        tx: &mut Tx,
        spec: &CampaignSpec,
    ) -> Result<Option<Conditions>, ManifestError> {
        let names: Vec<String> = spec.segments.iter().cloned().collect();
        match self.contacts.segment_conditions_in(tx, &names).await {
            Ok(conditions) => Ok(Some(names.into_iter().zip(conditions).collect())),
            Err(ContactError::Expression(_) | ContactError::Unresolved(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

impl CampaignSpec {
    /// Who is meant: the subscribers of lists, and those of whom something is true.
    fn asks<'a>(&'a self, conditions: &'a Conditions) -> (Vec<&'a str>, Vec<&'a Condition>) {
        let lists = self.lists.iter().map(String::as_str).collect();
        let segments = self.segments.iter().filter_map(|name| conditions.get(name)).collect();
        (lists, segments)
    }
}
