//! The use-cases: brands, kept by name.

use super::store;
use super::{Brand, BrandError, NewBrand, Profile};
use crate::core::events::{Event, Outbox};
use crate::core::kernel::{Clock, Labels, Page, PageRequest, check_name};
use crate::storage::sql::{self, Db, DbError, Found, Tx};

/// The brands of one workspace.
#[derive(Clone, Debug)]
pub struct Brands {
    db: Db,
    clock: Clock,
    outbox: Outbox,
}

impl Brands {
    pub fn new(db: Db, clock: Clock) -> Self {
        Self { db, outbox: Outbox::new(clock.clone()), clock }
    }

    /// Keeps a new brand.
    ///
    /// # Errors
    /// [`BrandError::NameTaken`], [`BrandError::Profile`], [`BrandError::Name`].
    pub async fn create(&self, new: NewBrand) -> Result<Brand, BrandError> {
        let mut tx = self.db.begin().await?;
        let brand = self.create_in(&mut tx, new).await?;
        tx.commit().await?;
        Ok(brand)
    }

    /// As [`Brands::create`], as part of a larger change.
    pub async fn create_in(&self, tx: &mut Tx, new: NewBrand) -> Result<Brand, BrandError> {
        let NewBrand { name, labels, profile } = new;
        check_name(&name)?;
        profile.check()?;
        let (id, now) = (self.clock.new_id(), self.clock.now());
        let (version, created_at, updated_at) = (1, now, now);
        let brand = Brand { id, name, labels, profile, version, created_at, updated_at };
        store::insert(tx, &brand).await.map_err(|error| match error {
            DbError::Conflict { .. } => BrandError::NameTaken(brand.name.clone()),
            other => other.into(),
        })?;
        self.outbox.push(tx, Event::about("brand.created", brand.id, &brand.name)).await?;
        Ok(brand)
    }

    /// Gives the brand `reference` another profile and labels, if it is still at `version`; its name
    /// stays.
    ///
    /// # Errors
    /// [`BrandError::NotFound`], [`BrandError::Outdated`], [`BrandError::Profile`].
    pub async fn update(
        &self,
        reference: &str,
        profile: Profile,
        labels: Labels,
        version: Option<u64>,
    ) -> Result<Brand, BrandError> {
        let mut tx = self.db.begin().await?;
        let brand = self.update_in(&mut tx, reference, profile, labels, version).await?;
        tx.commit().await?;
        Ok(brand)
    }

    /// As [`Brands::update`], as part of a larger change.
    pub async fn update_in(
        &self,
        tx: &mut Tx,
        reference: &str,
        profile: Profile,
        labels: Labels,
        version: Option<u64>,
    ) -> Result<Brand, BrandError> {
        let old = self.brand_in(tx, reference).await?;
        if version.is_some_and(|version| version != old.version) {
            return Err(BrandError::Outdated(old.name));
        }
        profile.check()?;
        let mut brand = Brand { profile, labels, updated_at: self.clock.now(), ..old };
        if !store::update(tx, &brand).await? {
            return Err(BrandError::Outdated(brand.name));
        }
        brand.version += 1;
        self.outbox.push(tx, Event::about("brand.updated", brand.id, &brand.name)).await?;
        Ok(brand)
    }

    /// The brand that `reference` (a name, an id, or the start of one) points at.
    pub async fn brand(&self, reference: &str) -> Result<Brand, BrandError> {
        self.brand_in(&mut self.db.read().await?, reference).await
    }

    /// As [`Brands::brand`], within a transaction.
    pub async fn brand_in(&self, tx: &mut Tx, reference: &str) -> Result<Brand, BrandError> {
        let missing = || BrandError::NotFound(reference.to_owned());
        let id = match sql::find(tx, "brands", reference).await? {
            Found::One(id) => id,
            Found::Nothing => return Err(missing()),
            Found::Several(names) => {
                return Err(BrandError::Ambiguous { text: reference.to_owned(), names });
            }
        };
        store::get(tx, id).await?.ok_or_else(missing)
    }

    /// The brand that is called exactly `name`.
    pub async fn named_in(&self, tx: &mut Tx, name: &str) -> Result<Option<Brand>, BrandError> {
        match sql::named(tx, "brands", name).await? {
            Some(id) => Ok(store::get(tx, id).await?),
            None => Ok(None),
        }
    }

    /// The names of all brands, in their order.
    pub async fn names_in(&self, tx: &mut Tx) -> Result<Vec<String>, BrandError> {
        Ok(sql::names(tx, "brands").await?)
    }

    /// A page of brands, oldest first.
    pub async fn brands(&self, page: PageRequest) -> Result<Page<Brand>, BrandError> {
        let brands = store::page(&mut self.db.read().await?, &page).await?;
        Ok(page.page(brands, |brand| brand.id))
    }

    /// Every brand, by name.
    pub async fn all_in(&self, tx: &mut Tx) -> Result<Vec<Brand>, BrandError> {
        Ok(store::all(tx).await?)
    }

    /// Deletes a brand.
    ///
    /// # Errors
    /// [`BrandError::NotFound`].
    pub async fn delete(&self, reference: &str) -> Result<Brand, BrandError> {
        let mut tx = self.db.begin().await?;
        let brand = self.delete_in(&mut tx, reference, None).await?;
        tx.commit().await?;
        Ok(brand)
    }

    /// As [`Brands::delete`], if it is still at `version`, as part of a larger change.
    ///
    /// # Errors
    /// Also [`BrandError::Outdated`].
    pub async fn delete_in(
        &self,
        tx: &mut Tx,
        reference: &str,
        version: Option<u64>,
    ) -> Result<Brand, BrandError> {
        let brand = self.brand_in(tx, reference).await?;
        let seen = version.is_none_or(|version| version == brand.version);
        if !(seen && store::delete(tx, &brand).await?) {
            return Err(BrandError::Outdated(brand.name));
        }
        self.outbox.push(tx, Event::about("brand.deleted", brand.id, &brand.name)).await?;
        Ok(brand)
    }
}
