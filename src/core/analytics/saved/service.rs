//! The use-cases: saved reports, kept by name.

use super::store;
use super::{NewSavedReport, ReportSpec, SavedReport, SavedReportError};
use crate::core::campaigns::{Campaigns, Named};
use crate::core::events::{Event, Outbox};
use crate::core::kernel::{Clock, Labels, Page, PageRequest, check_name};
use crate::storage::sql::{self, Db, DbError, Found, Tx};

/// The saved reports of one workspace.
#[derive(Clone, Debug)]
pub struct SavedReports {
    db: Db,
    clock: Clock,
    campaigns: Campaigns,
    outbox: Outbox,
}

impl SavedReports {
    pub fn new(db: Db, clock: Clock, campaigns: Campaigns) -> Self {
        Self { db, outbox: Outbox::new(clock.clone()), clock, campaigns }
    }

    /// Keeps a new report.
    ///
    /// # Errors
    /// [`SavedReportError::NameTaken`], [`SavedReportError::Name`], or there is no such campaign.
    pub async fn create(&self, new: NewSavedReport) -> Result<SavedReport, SavedReportError> {
        let mut tx = self.db.begin().await?;
        let report = self.create_in(&mut tx, new).await?;
        tx.commit().await?;
        Ok(report)
    }

    /// As [`SavedReports::create`], as part of a larger change.
    pub async fn create_in(
        &self,
        tx: &mut Tx,
        new: NewSavedReport,
    ) -> Result<SavedReport, SavedReportError> {
        let NewSavedReport { name, labels, spec: ReportSpec { campaign, format } } = new;
        check_name(&name)?;
        let campaign = self.campaign(tx, &campaign).await?;
        let (id, now) = (self.clock.new_id(), self.clock.now());
        let (version, created_at, updated_at) = (1, now, now);
        let report =
            SavedReport { id, name, labels, campaign, format, version, created_at, updated_at };
        store::insert(tx, &report).await.map_err(|error| match error {
            DbError::Conflict { .. } => SavedReportError::NameTaken(report.name.clone()),
            other => other.into(),
        })?;
        self.outbox.push(tx, Event::about("report.created", report.id, &report.name)).await?;
        Ok(report)
    }

    /// Makes the saved report `reference` what `spec` and `labels` say, if it is still at `version`;
    /// its name stays.
    ///
    /// # Errors
    /// [`SavedReportError::NotFound`], [`SavedReportError::Outdated`], or there is no such campaign.
    pub async fn update(
        &self,
        reference: &str,
        spec: ReportSpec,
        labels: Labels,
        version: Option<u64>,
    ) -> Result<SavedReport, SavedReportError> {
        let mut tx = self.db.begin().await?;
        let report = self.update_in(&mut tx, reference, spec, labels, version).await?;
        tx.commit().await?;
        Ok(report)
    }

    /// As [`SavedReports::update`], as part of a larger change.
    pub async fn update_in(
        &self,
        tx: &mut Tx,
        reference: &str,
        spec: ReportSpec,
        labels: Labels,
        version: Option<u64>,
    ) -> Result<SavedReport, SavedReportError> {
        let old = self.report_in(tx, reference).await?;
        if version.is_some_and(|version| version != old.version) {
            return Err(SavedReportError::Outdated(old.name));
        }
        let campaign = self.campaign(tx, &spec.campaign).await?;
        let (format, updated_at) = (spec.format, self.clock.now());
        let mut report = SavedReport { labels, campaign, format, updated_at, ..old };
        if !store::update(tx, &report).await? {
            return Err(SavedReportError::Outdated(report.name));
        }
        report.version += 1;
        self.outbox.push(tx, Event::about("report.updated", report.id, &report.name)).await?;
        Ok(report)
    }

    /// The saved report that `reference` (a name, an id, or the start of one) points at.
    ///
    /// # Errors
    /// [`SavedReportError::NotFound`], [`SavedReportError::Ambiguous`].
    pub async fn report(&self, reference: &str) -> Result<SavedReport, SavedReportError> {
        self.report_in(&mut self.db.read().await?, reference).await
    }

    async fn report_in(
        &self,
        tx: &mut Tx,
        reference: &str,
    ) -> Result<SavedReport, SavedReportError> {
        let missing = || SavedReportError::NotFound(reference.to_owned());
        let id = match sql::find(tx, "reports", reference).await? {
            Found::One(id) => id,
            Found::Nothing => return Err(missing()),
            Found::Several(names) => {
                return Err(SavedReportError::Ambiguous { text: reference.to_owned(), names });
            }
        };
        store::get(tx, id).await?.ok_or_else(missing)
    }

    /// The saved report that is called exactly `name`.
    pub async fn named_in(
        &self,
        tx: &mut Tx,
        name: &str,
    ) -> Result<Option<SavedReport>, SavedReportError> {
        match sql::named(tx, "reports", name).await? {
            Some(id) => Ok(store::get(tx, id).await?),
            None => Ok(None),
        }
    }

    /// The names of all saved reports, in their order.
    pub async fn names_in(&self, tx: &mut Tx) -> Result<Vec<String>, SavedReportError> {
        Ok(sql::names(tx, "reports").await?)
    }

    /// A page of saved reports, oldest first.
    pub async fn reports(&self, page: PageRequest) -> Result<Page<SavedReport>, SavedReportError> {
        let reports = store::page(&mut self.db.read().await?, &page).await?;
        Ok(page.page(reports, |report| report.id))
    }

    /// Deletes a saved report; its campaign stays.
    ///
    /// # Errors
    /// [`SavedReportError::NotFound`].
    pub async fn delete(&self, reference: &str) -> Result<SavedReport, SavedReportError> {
        let mut tx = self.db.begin().await?;
        let report = self.delete_in(&mut tx, reference, None).await?;
        tx.commit().await?;
        Ok(report)
    }

    /// As [`SavedReports::delete`], if it is still at `version`, as part of a larger change.
    ///
    /// # Errors
    /// Also [`SavedReportError::Outdated`].
    pub async fn delete_in(
        &self,
        tx: &mut Tx,
        reference: &str,
        version: Option<u64>,
    ) -> Result<SavedReport, SavedReportError> {
        let report = self.report_in(tx, reference).await?;
        let seen = version.is_none_or(|version| version == report.version);
        if !(seen && store::delete(tx, &report).await?) {
            return Err(SavedReportError::Outdated(report.name));
        }
        self.outbox.push(tx, Event::about("report.deleted", report.id, &report.name)).await?;
        Ok(report)
    }

    async fn campaign(&self, tx: &mut Tx, reference: &str) -> Result<Named, SavedReportError> {
        let campaign = self.campaigns.campaign_in(tx, reference).await?;
        Ok(Named { id: campaign.id, name: campaign.name })
    }
}
