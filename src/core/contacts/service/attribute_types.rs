//! The types of attributes: learnt as values come, or given by hand.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::Contacts;
use crate::core::contacts::attributes::{Attributes, BadAttribute, cell, check_key};
use crate::core::contacts::store::{attribute_types as store, contacts as contact_store};
use crate::core::contacts::{Attribute, AttributeType, AttributeTypes, ContactError};
use crate::core::events::Event;
use crate::core::kernel::{Id, nearest};
use crate::storage::sql::Tx;

/// Keys that a workspace knows at the most.
const MAX_KEYS: usize = 2000;

/// What becomes of the value of an attribute that is rewritten.
type Rewrite = Result<Option<Json>, BadAttribute>;

impl Contacts {
    /// The attributes a workspace knows, in the order of their keys.
    pub async fn attributes(&self) -> Result<Vec<Attribute>, ContactError> {
        Ok(store::all(&mut self.db.read().await?).await?)
    }

    /// The type of every attribute a workspace knows.
    pub async fn attribute_types_in(&self, tx: &mut Tx) -> Result<AttributeTypes, ContactError> {
        Ok(store::all(tx).await?.into_iter().map(|one| (one.key, one.kind)).collect())
    }

    /// Learns the types of the keys of `values` into `types`: as the store knows them, and of those
    /// seen for the first time as their first value shows. What the store says wins over what
    /// `types` said. The new ones are registered, unless `tx` only reads.
    ///
    /// # Errors
    /// [`BadAttribute::TooManyKeys`].
    pub async fn learn_types_in(
        &self,
        tx: &mut Tx,
        values: impl IntoIterator<Item = &BTreeMap<String, Json>>,
        types: &mut AttributeTypes,
        may_write: bool,
    ) -> Result<(), ContactError> {
        let mut shown: BTreeMap<&str, AttributeType> = BTreeMap::new();
        for (key, value) in values.into_iter().flatten() {
            if !shown.contains_key(key.as_str())
                && let Some(kind) = AttributeType::shown_by(value)
            {
                shown.insert(key, kind);
            }
        }
        let keys: Vec<&str> = shown.keys().copied().collect();
        let known = store::of_keys(tx, &keys).await?;
        let mut new = AttributeTypes::new();
        for (key, kind) in shown {
            if !known.contains_key(key) {
                new.insert(key.to_owned(), types.get(key).copied().unwrap_or(kind));
            }
        }
        types.extend(known);
        if !new.is_empty() && may_write {
            if store::count(tx).await? + new.len() > MAX_KEYS {
                return Err(BadAttribute::TooManyKeys(MAX_KEYS).into());
            }
            if store::insert(tx, &new, self.clock.now()).await? < new.len() as u64 {
                // Somebody else registered one in this moment: theirs is the type.
                let keys: Vec<&str> = new.keys().map(String::as_str).collect();
                new = store::of_keys(tx, &keys).await?;
            }
        }
        types.extend(new);
        Ok(())
    }

    /// Registers an attribute before a contact has it.
    ///
    /// # Errors
    /// [`BadAttribute::Key`], [`BadAttribute::Field`], [`ContactError::AttributeExists`].
    #[tracing::instrument(skip_all)]
    pub async fn create_attribute(
        &self,
        key: &str,
        kind: AttributeType,
    ) -> Result<Attribute, ContactError> {
        check_key(key)?;
        let mut tx = self.db.begin().await?;
        if store::count(&mut tx).await? >= MAX_KEYS {
            return Err(BadAttribute::TooManyKeys(MAX_KEYS).into());
        }
        let now = self.clock.now();
        let types = AttributeTypes::from([(key.to_owned(), kind)]);
        if store::insert(&mut tx, &types, now).await? == 0 {
            return Err(ContactError::AttributeExists(key.to_owned()));
        }
        self.say_attribute(&mut tx, "attribute.created", key, kind).await?;
        tx.commit().await?;
        Ok(Attribute { key: key.to_owned(), kind, created_at: now })
    }

    /// Gives an attribute another type and converts the values there are, all or none; says how
    /// many contacts have one.
    ///
    /// # Errors
    /// [`ContactError::AttributeNotFound`], [`ContactError::Misfits`] with how many values do not
    /// fit.
    #[tracing::instrument(skip_all)]
    pub async fn change_attribute(
        &self,
        key: &str,
        kind: AttributeType,
    ) -> Result<(Attribute, u64), ContactError> {
        let mut tx = self.db.begin().await?;
        let attribute = self.attribute_in(&mut tx, key).await?;
        // First, so that nobody registers the key meanwhile.
        store::set(&mut tx, key, kind).await?;
        let (mut misfits, mut example) = (0, None);
        let convert = |value: Json| match kind.convert(key, as_text(kind, value)) {
            Ok(value) => Ok(Some(value)),
            Err(error) => {
                misfits += 1;
                example.get_or_insert_with(|| error.clone());
                Err(error)
            }
        };
        let count = self.rewrite(&mut tx, key, convert).await?;
        if let Some(BadAttribute::Type { value: example, .. }) = example {
            return Err(ContactError::Misfits { key: key.to_owned(), kind, misfits, example });
        }
        self.say_attribute(&mut tx, "attribute.updated", key, kind).await?;
        tx.commit().await?;
        Ok((Attribute { kind, ..attribute }, count))
    }

    /// Forgets an attribute and takes it from the contacts; says how many had it.
    ///
    /// # Errors
    /// [`ContactError::AttributeNotFound`].
    #[tracing::instrument(skip_all)]
    pub async fn delete_attribute(&self, key: &str) -> Result<(Attribute, u64), ContactError> {
        let mut tx = self.db.begin().await?;
        let attribute = self.attribute_in(&mut tx, key).await?;
        store::delete(&mut tx, key).await?;
        let count = self.rewrite(&mut tx, key, |_| Ok(None)).await?;
        self.say_attribute(&mut tx, "attribute.deleted", key, attribute.kind).await?;
        tx.commit().await?;
        Ok((attribute, count))
    }

    async fn attribute_in(&self, tx: &mut Tx, key: &str) -> Result<Attribute, ContactError> {
        let all = store::all(tx).await?;
        let near = nearest(key, all.iter().map(|one| one.key.as_str())).map(str::to_owned);
        all.into_iter().find(|one| one.key == key).ok_or_else(|| ContactError::AttributeNotFound {
            key: key.chars().take(80).collect(),
            nearest: near,
        })
    }

    /// Gives each contact that has `key` the value that `rewrite` makes of the one it has, or none;
    /// says how many have it. A value that is refused stays as it is.
    async fn rewrite(
        &self,
        tx: &mut Tx,
        key: &str,
        mut rewrite: impl FnMut(Json) -> Rewrite,
    ) -> Result<u64, ContactError> {
        let (mut after, mut count, now) = (Id::NIL, 0, self.clock.now());
        loop {
            let page = contact_store::attributes_page(tx, after).await?;
            let Some((last, _)) = page.last() else { return Ok(count) };
            after = *last;
            let mut changed: Vec<(Id, Attributes)> = Vec::new();
            for (id, mut attributes) in page {
                let Some(value) = attributes.get(key).cloned() else { continue };
                count += 1;
                let Ok(value) = rewrite(value) else { continue };
                let change = BTreeMap::from([(key.to_owned(), value.unwrap_or(Json::Null))]);
                if attributes.merge(&change)? {
                    changed.push((id, attributes));
                }
            }
            contact_store::set_attributes(tx, &changed, now).await?;
        }
    }

    async fn say_attribute(
        &self,
        tx: &mut Tx,
        event: &'static str,
        key: &str,
        kind: AttributeType,
    ) -> Result<(), ContactError> {
        let payload = json!({ "key": key, "type": kind.as_str() });
        self.outbox.push(tx, Event { name: event, payload }).await?;
        Ok(())
    }
}

/// A list that is to be a text is written as in a cell of a table, and so is an object, which
/// contacts could have before attributes had types. Everything else goes as it is.
fn as_text(kind: AttributeType, value: Json) -> Json {
    match (kind, &value) {
        (AttributeType::Text, Json::Array(_) | Json::Object(_)) => cell(&value).into(),
        _ => value,
    }
}
