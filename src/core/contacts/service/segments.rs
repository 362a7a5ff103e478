//! Segments: named expressions, and the contacts they are true of now.

use std::collections::{BTreeMap, BTreeSet};

use super::{Contacts, one};
use crate::core::contacts::segments::{
    BadExpression, Condition, Definitions, Expression, Reference, ReferenceKind, parse,
};
use crate::core::contacts::store::members::{self, Silent};
use crate::core::contacts::store::segments as store;
use crate::core::contacts::{
    ContactError, Joined, NewList, NewSegment, Segment, SegmentChange, SegmentPlan,
};
use crate::core::events::Event;
use crate::core::kernel::{Page, PageRequest, nearest};
use crate::storage::sql::{self, DbError, Tx};

/// What will exist besides what does, when a larger change is made.
#[derive(Clone, Debug, Default)]
pub struct Future {
    /// By their names.
    pub lists: BTreeSet<String>,
    /// Their expressions by their names; one that exists already is changed to this.
    pub segments: BTreeMap<String, String>,
    /// By their names.
    pub campaigns: BTreeSet<String>,
}

impl Contacts {
    /// Creates a segment.
    ///
    /// # Errors
    /// [`ContactError::Name`], [`ContactError::SegmentNameTaken`], and those of
    /// [`Contacts::count_where`].
    #[tracing::instrument(skip_all, fields(segment.name = %new.name))]
    pub async fn create_segment(&self, new: NewSegment) -> Result<Segment, ContactError> {
        let mut tx = self.db.begin().await?;
        let segment = self.create_segment_in(&mut tx, new).await?;
        tx.commit().await?;
        Ok(segment)
    }

    /// Creates a segment as part of a larger change.
    pub async fn create_segment_in(
        &self,
        tx: &mut Tx,
        new: NewSegment,
    ) -> Result<Segment, ContactError> {
        new.check()?;
        self.condition_in(tx, &new.expression, Some(&new.name)).await?;
        let now = self.clock.now();
        let NewSegment { name, description, expression, labels } = new;
        let id = self.clock.new_id();
        let (created_at, updated_at) = (now, now);
        let segment = Segment {
            id,
            name,
            description,
            expression,
            labels,
            version: 1,
            created_at,
            updated_at,
        };
        store::insert(tx, &segment).await.map_err(|error| match error {
            DbError::Conflict { .. } => ContactError::SegmentNameTaken(segment.name.clone()),
            other => other.into(),
        })?;
        let event = Event::about("segment.created", segment.id, &segment.name);
        self.outbox.push(tx, event).await?;
        Ok(segment)
    }

    /// The segment that `reference` (a name, an id, or the start of one) points at.
    ///
    /// # Errors
    /// [`ContactError::SegmentNotFound`], [`ContactError::Ambiguous`].
    pub async fn segment(&self, reference: &str) -> Result<Segment, ContactError> {
        self.segment_in(&mut self.db.read().await?, reference).await
    }

    /// As [`Contacts::segment`], within a transaction.
    pub async fn segment_in(&self, tx: &mut Tx, reference: &str) -> Result<Segment, ContactError> {
        let missing = || ContactError::SegmentNotFound(reference.to_owned());
        if reference.contains('\0') {
            return Err(missing()); // no text in the store has one
        }
        let id = one(sql::find(tx, "segments", reference).await?, reference, missing)?;
        store::get(tx, id).await?.ok_or_else(missing)
    }

    /// The segment that is called exactly `name`.
    pub async fn segment_named_in(
        &self,
        tx: &mut Tx,
        name: &str,
    ) -> Result<Option<Segment>, ContactError> {
        match sql::named(tx, "segments", name).await? {
            Some(id) => Ok(store::get(tx, id).await?),
            None => Ok(None),
        }
    }

    /// The names of all segments, in their order.
    pub async fn segment_names_in(&self, tx: &mut Tx) -> Result<Vec<String>, ContactError> {
        Ok(sql::names(tx, "segments").await?)
    }

    /// A page of segments, oldest first.
    pub async fn segments(&self, page: PageRequest) -> Result<Page<Segment>, ContactError> {
        let segments = store::page(&mut self.db.read().await?, &page).await?;
        Ok(page.page(segments, |segment| segment.id))
    }

    /// Changes a segment, if it is still at `version`. Campaigns that run keep what they started
    /// with.
    ///
    /// # Errors
    /// [`ContactError::SegmentNotFound`], [`ContactError::SegmentChanged`], and those of
    /// [`Contacts::count_where`].
    #[tracing::instrument(skip_all)]
    pub async fn update_segment(
        &self,
        reference: &str,
        change: SegmentChange,
        version: Option<u64>,
    ) -> Result<Segment, ContactError> {
        let mut tx = self.db.begin().await?;
        let segment = self.update_segment_in(&mut tx, reference, change, version).await?;
        tx.commit().await?;
        Ok(segment)
    }

    /// As [`Contacts::update_segment`], as part of a larger change.
    pub async fn update_segment_in(
        &self,
        tx: &mut Tx,
        reference: &str,
        change: SegmentChange,
        version: Option<u64>,
    ) -> Result<Segment, ContactError> {
        let old = self.segment_in(tx, reference).await?;
        if version.is_some_and(|version| version != u64::from(old.version)) {
            return Err(ContactError::SegmentChanged(old.name));
        }
        let SegmentChange { description, expression, labels } = change;
        let segment = Segment {
            description: description.unwrap_or_else(|| old.description.clone()),
            expression: expression.unwrap_or_else(|| old.expression.clone()),
            labels: labels.unwrap_or_else(|| old.labels.clone()),
            ..old.clone()
        };
        if segment == old {
            return Ok(old);
        }
        self.condition_in(tx, &segment.expression, Some(&segment.name)).await?;
        let version = old.version.saturating_add(1);
        let segment = Segment { version, updated_at: self.clock.now(), ..segment };
        if !store::update(tx, &segment).await? {
            return Err(ContactError::SegmentChanged(segment.name));
        }
        let event = Event::about("segment.updated", segment.id, &segment.name);
        self.outbox.push(tx, event).await?;
        Ok(segment)
    }

    /// Deletes a segment; its contacts stay.
    ///
    /// # Errors
    /// [`ContactError::SegmentNotFound`], [`ContactError::SegmentInUse`].
    #[tracing::instrument(skip_all)]
    pub async fn delete_segment(&self, reference: &str) -> Result<Segment, ContactError> {
        let mut tx = self.db.begin().await?;
        let segment = self.delete_segment_in(&mut tx, reference, None).await?;
        tx.commit().await?;
        Ok(segment)
    }

    /// As [`Contacts::delete_segment`], if it is still at `version`, as part of a larger change.
    ///
    /// # Errors
    /// Also [`ContactError::SegmentChanged`].
    pub async fn delete_segment_in(
        &self,
        tx: &mut Tx,
        reference: &str,
        version: Option<u64>,
    ) -> Result<Segment, ContactError> {
        let segment = self.segment_in(tx, reference).await?;
        let types = self.attribute_types_in(tx).await?;
        for (name, text) in store::expressions(tx).await? {
            let names = |expression: &Expression| {
                expression.condition.segments().contains(&segment.name.as_str())
            };
            if parse(&text, &types).as_ref().is_ok_and(names) {
                let by = format!("the segment `{name}`");
                return Err(ContactError::SegmentInUse { segment: segment.name, by });
            }
        }
        let seen = version.is_none_or(|version| version == u64::from(segment.version));
        let deleted = seen
            && store::delete(tx, &segment).await.map_err(|error| match error {
                DbError::Conflict { .. } => ContactError::SegmentInUse {
                    segment: segment.name.clone(),
                    by: "the audience of a campaign".to_owned(),
                },
                other => other.into(),
            })?;
        if !deleted {
            return Err(ContactError::SegmentChanged(segment.name));
        }
        let event = Event::about("segment.deleted", segment.id, &segment.name);
        self.outbox.push(tx, event).await?;
        Ok(segment)
    }

    /// How many contacts `expression` is true of now.
    ///
    /// # Errors
    /// [`ContactError::Expression`] with the place of what is wrong, [`ContactError::Unresolved`]
    /// when the segments it names do not fit together.
    pub async fn count_where(&self, expression: &str) -> Result<u64, ContactError> {
        let mut tx = self.db.read().await?;
        let condition = self.condition_in(&mut tx, expression, None).await?;
        Ok(store::count(&mut tx, &condition, self.clock.now()).await?)
    }

    /// How the contacts of `expression` are found.
    ///
    /// # Errors
    /// Those of [`Contacts::count_where`].
    pub async fn explain_where(&self, expression: &str) -> Result<SegmentPlan, ContactError> {
        let mut tx = self.db.read().await?;
        let condition = self.condition_in(&mut tx, expression, None).await?;
        let (sql, values, plan) = store::explain(&mut tx, &condition, self.clock.now()).await?;
        let values = values.iter().map(sql::Value::shown).collect();
        Ok(SegmentPlan { sql, values, plan })
    }

    /// Puts everybody who is in a segment now on a list, which is made when there is none. The list
    /// does not change when the segment does, and who has unsubscribed from it stays so.
    ///
    /// # Errors
    /// [`ContactError::SegmentNotFound`], [`ContactError::Name`], [`ContactError::Unresolved`].
    #[tracing::instrument(skip_all)]
    pub async fn snapshot_segment(
        &self,
        reference: &str,
        list: &str,
    ) -> Result<Joined, ContactError> {
        let mut tx = self.db.begin().await?;
        let segment = self.segment_in(&mut tx, reference).await?;
        let condition =
            self.condition_in(&mut tx, &segment.expression, Some(&segment.name)).await?;
        let list = if let Some(list) = self.list_named_in(&mut tx, list).await? {
            list
        } else {
            let new = NewList { name: list.to_owned(), ..NewList::default() };
            new.check()?;
            self.create_list_in(&mut tx, new).await?
        };
        let now = self.clock.now();
        let (added, silent) = members::add_where(&mut tx, &condition, list.id, now).await?;
        let payload = serde_json::json!({
            "id": list.id, "name": list.name, "segment_id": segment.id, "added": added,
        });
        self.outbox.push(&mut tx, Event { name: "list.members_added", payload }).await?;
        let list = self.list_in(&mut tx, &list.id.to_string()).await?;
        tx.commit().await?;
        let Silent { unconfirmed, unsubscribed } = silent;
        Ok(Joined { list, added, unconfirmed, unsubscribed })
    }

    /// What `expression` names, whether it exists or not.
    ///
    /// # Errors
    /// [`ContactError::Expression`] with the place of what is wrong.
    pub async fn names_in_expression(
        &self,
        tx: &mut Tx,
        expression: &str,
    ) -> Result<BTreeSet<(ReferenceKind, String)>, ContactError> {
        let types = self.attribute_types_in(tx).await?;
        let read = parse(expression, &types).map_err(Box::new)?;
        Ok(read.references.into_iter().map(|one| (one.kind, one.name)).collect())
    }

    /// What the segments of these names ask, each with those it names put in place.
    ///
    /// # Errors
    /// [`ContactError::SegmentNotFound`], and those of [`Contacts::count_where`].
    pub async fn segment_conditions_in(
        &self,
        tx: &mut Tx,
        names: &[String],
    ) -> Result<Vec<Condition>, ContactError> {
        let mut conditions = Vec::new();
        for name in names {
            let segment = self.segment_in(tx, name).await?;
            conditions.push(self.condition_in(tx, &segment.expression, Some(&segment.name)).await?);
        }
        Ok(conditions)
    }

    /// What `expression` asks, with the segments it names put in place. `name` is what it is called
    /// itself, if it has a name.
    ///
    /// # Errors
    /// Those of [`Contacts::count_where`].
    pub async fn condition_in(
        &self,
        tx: &mut Tx,
        expression: &str,
        name: Option<&str>,
    ) -> Result<Condition, ContactError> {
        self.condition_among_in(tx, expression, name, &Future::default()).await
    }

    /// As [`Contacts::condition_in`], when what `future` holds is there too.
    pub async fn condition_among_in(
        &self,
        tx: &mut Tx,
        expression: &str,
        name: Option<&str>,
        future: &Future,
    ) -> Result<Condition, ContactError> {
        let types = self.attribute_types_in(tx).await?;
        let read = parse(expression, &types).map_err(Box::new)?;
        self.check_references(tx, expression, &read.references, future).await?;
        if read.condition.segments().is_empty() {
            return Ok(read.condition);
        }
        let mut definitions = Definitions::new();
        let kept = store::expressions(tx).await?.into_iter();
        let kept = kept.filter(|(name, _)| !future.segments.contains_key(name));
        let coming = future.segments.clone().into_iter();
        for (known, text) in kept.chain(coming) {
            // One that an attribute's new type made wrong is told when it is named.
            if let Ok(read) = parse(&text, &types) {
                definitions.insert(known, read.condition);
            }
        }
        Ok(read.condition.resolved(name, &definitions)?)
    }

    /// Refuses the first name of something that does not exist, where it stands.
    async fn check_references(
        &self,
        tx: &mut Tx,
        text: &str,
        references: &[Reference],
        future: &Future,
    ) -> Result<(), ContactError> {
        let tables = [
            (ReferenceKind::List, "lists", "list"),
            (ReferenceKind::Segment, "segments", "segment"),
            (ReferenceKind::Campaign, "campaigns", "campaign"),
        ];
        for (kind, table, word) in tables {
            let named = references.iter().filter(|reference| {
                reference.kind == kind
                    && match kind {
                        ReferenceKind::List => !future.lists.contains(&reference.name),
                        ReferenceKind::Segment => !future.segments.contains_key(&reference.name),
                        ReferenceKind::Campaign => !future.campaigns.contains(&reference.name),
                    }
            });
            let wanted: Vec<&str> = named.clone().map(|one| one.name.as_str()).collect();
            if wanted.is_empty() {
                continue;
            }
            let unknown = store::unknown(tx, table, &wanted).await?;
            if let Some(missing) = named.clone().find(|one| unknown.contains(&one.name)) {
                let all = sql::names(tx, table).await?;
                let help = match nearest(&missing.name, all.iter().map(String::as_str)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("`frontier {word} list` shows those there are"),
                };
                let message = format!("there is no {word} `{}`", missing.name);
                let error = BadExpression::at(text, missing.at, message, Some(help));
                return Err(Box::new(error).into());
            }
        }
        Ok(())
    }
}
