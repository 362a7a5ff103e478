//! The use-cases: templates, kept by name.

use super::TemplateSource;
use super::store;
use super::template::{Template, TemplateError};
use crate::core::events::{Event, Outbox};
use crate::core::kernel::{Clock, Id, Labels, Page, PageRequest, check_name};
use crate::storage::sql::{self, Db, DbError, Found, Tx};

/// The templates of one workspace.
#[derive(Clone, Debug)]
pub struct Templates {
    db: Db,
    clock: Clock,
    outbox: Outbox,
}

impl Templates {
    pub fn new(db: Db, clock: Clock) -> Self {
        Self { db, outbox: Outbox::new(clock.clone()), clock }
    }

    /// Keeps a new template.
    ///
    /// # Errors
    /// [`TemplateError::NameTaken`], or [`TemplateError::NotFound`] for its layout.
    pub async fn create(
        &self,
        source: TemplateSource,
        labels: Labels,
    ) -> Result<Template, TemplateError> {
        let mut tx = self.db.begin().await?;
        let template = self.create_in(&mut tx, source, labels).await?;
        tx.commit().await?;
        Ok(template)
    }

    /// As [`Templates::create`], as part of a larger change.
    pub async fn create_in(
        &self,
        tx: &mut Tx,
        mut source: TemplateSource,
        labels: Labels,
    ) -> Result<Template, TemplateError> {
        check_name(&source.name)?;
        let layout = self.layout(tx, &mut source).await?;
        let now = self.clock.now();
        let id = self.clock.new_id();
        let (created_at, updated_at) = (now, now);
        let template = Template { id, source, labels, version: 1, created_at, updated_at };
        store::insert(tx, &template, layout).await.map_err(|error| match error {
            DbError::Conflict { .. } => TemplateError::NameTaken(template.source.name.clone()),
            other => other.into(),
        })?;
        let event = Event::about("template.created", template.id, &template.source.name);
        self.outbox.push(tx, event).await?;
        Ok(template)
    }

    /// Gives the template `reference` another source and labels, if it is still at `version`; its
    /// name stays.
    ///
    /// # Errors
    /// [`TemplateError::Outdated`], [`TemplateError::OwnLayout`], and [`TemplateError::NotFound`]
    /// for its layout.
    pub async fn update(
        &self,
        reference: &str,
        source: TemplateSource,
        labels: Labels,
        version: Option<u64>,
    ) -> Result<Template, TemplateError> {
        let mut tx = self.db.begin().await?;
        let template = self.update_in(&mut tx, reference, source, labels, version).await?;
        tx.commit().await?;
        Ok(template)
    }

    /// As [`Templates::update`], as part of a larger change.
    pub async fn update_in(
        &self,
        tx: &mut Tx,
        reference: &str,
        mut source: TemplateSource,
        labels: Labels,
        version: Option<u64>,
    ) -> Result<Template, TemplateError> {
        let old = self.template_in(tx, reference).await?;
        if version.is_some_and(|version| version != old.version) {
            return Err(TemplateError::Outdated(old.source.name));
        }
        source.name.clone_from(&old.source.name);
        let layout = self.layout(tx, &mut source).await?;
        if layout == Some(old.id) {
            return Err(TemplateError::OwnLayout(source.name));
        }
        let mut template = Template { source, labels, updated_at: self.clock.now(), ..old };
        if !store::update(tx, &template, layout).await? {
            return Err(TemplateError::Outdated(template.source.name));
        }
        template.version += 1;
        let event = Event::about("template.updated", template.id, &template.source.name);
        self.outbox.push(tx, event).await?;
        Ok(template)
    }

    /// The template that `reference` (a name, an id, or the start of one) points at.
    pub async fn template(&self, reference: &str) -> Result<Template, TemplateError> {
        self.template_in(&mut self.db.read().await?, reference).await
    }

    /// As [`Templates::template`], within a transaction.
    pub async fn template_in(
        &self,
        tx: &mut Tx,
        reference: &str,
    ) -> Result<Template, TemplateError> {
        let missing = || TemplateError::NotFound(reference.to_owned());
        let id = match sql::find(tx, "templates", reference).await? {
            Found::One(id) => id,
            Found::Nothing => return Err(missing()),
            Found::Several(names) => {
                return Err(TemplateError::Ambiguous { text: reference.to_owned(), names });
            }
        };
        store::get(tx, id).await?.ok_or_else(missing)
    }

    /// The template that is called exactly `name`.
    pub async fn named_in(
        &self,
        tx: &mut Tx,
        name: &str,
    ) -> Result<Option<Template>, TemplateError> {
        match sql::named(tx, "templates", name).await? {
            Some(id) => Ok(store::get(tx, id).await?),
            None => Ok(None),
        }
    }

    /// The names of all templates, in their order.
    pub async fn names_in(&self, tx: &mut Tx) -> Result<Vec<String>, TemplateError> {
        Ok(sql::names(tx, "templates").await?)
    }

    /// A page of templates, oldest first.
    pub async fn templates(&self, page: PageRequest) -> Result<Page<Template>, TemplateError> {
        let templates = store::page(&mut self.db.read().await?, &page).await?;
        Ok(page.page(templates, |template| template.id))
    }

    /// Every template, by name.
    pub async fn all_in(&self, tx: &mut Tx) -> Result<Vec<Template>, TemplateError> {
        Ok(store::all(tx).await?)
    }

    /// Deletes a template.
    ///
    /// # Errors
    /// [`TemplateError::InUse`].
    pub async fn delete(&self, reference: &str) -> Result<Template, TemplateError> {
        let mut tx = self.db.begin().await?;
        let template = self.delete_in(&mut tx, reference, None).await?;
        tx.commit().await?;
        Ok(template)
    }

    /// As [`Templates::delete`], if it is still at `version`, as part of a larger change.
    ///
    /// # Errors
    /// Also [`TemplateError::Outdated`].
    pub async fn delete_in(
        &self,
        tx: &mut Tx,
        reference: &str,
        version: Option<u64>,
    ) -> Result<Template, TemplateError> {
        let template = self.template_in(tx, reference).await?;
        let seen = version.is_none_or(|version| version == template.version);
        let deleted = seen
            && store::delete(tx, &template).await.map_err(|error| match error {
                DbError::Conflict { .. } => TemplateError::InUse(template.source.name.clone()),
                other => other.into(),
            })?;
        if !deleted {
            return Err(TemplateError::Outdated(template.source.name));
        }
        let event = Event::about("template.deleted", template.id, &template.source.name);
        self.outbox.push(tx, event).await?;
        Ok(template)
    }

    /// The id of the layout that `source` names, whose name is put in full.
    async fn layout(
        &self,
        tx: &mut Tx,
        source: &mut TemplateSource,
    ) -> Result<Option<Id>, TemplateError> {
        let Some(layout) = &source.layout else { return Ok(None) };
        let layout = self.template_in(tx, layout).await?;
        source.layout = Some(layout.source.name);
        Ok(Some(layout.id))
    }
}

/// Those of `all` that the layouts and includes of `bodies` can reach.
pub fn reachable<'a>(
    all: &'a [TemplateSource],
    bodies: impl IntoIterator<Item = &'a TemplateSource>,
) -> Vec<TemplateSource> {
    let mut open: Vec<&TemplateSource> = bodies.into_iter().collect();
    let mut found: Vec<TemplateSource> = Vec::new();
    while let Some(source) = open.pop() {
        for template in all {
            let name = &template.name;
            // One too many does no harm.
            let named = source.layout.as_ref() == Some(name) || quotes(&source.body, name);
            if named && !found.iter().any(|other| other.name == *name) {
                found.push(template.clone());
                open.push(template);
            }
        }
    }
    found
}

/// Whether a body may include the template `name`: it has both words.
pub fn may_include(body: &str, name: &str) -> bool {
    ["include", "import", "extends"].iter().any(|word| body.contains(word)) && quotes(body, name)
}

fn quotes(body: &str, name: &str) -> bool {
    body.contains(&format!("\"{name}\"")) || body.contains(&format!("'{name}'"))
}
