//! The use-cases: validate, plan, apply, export.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::diff::{Action, Plan};
use super::drift;
use super::findings::locate;
use super::links::Key;
use super::model::{Document, Kind, Spec};
use super::parse::SourceFile;
use super::prepare::{Prepared, drifted, keys};
use super::problem::{Problem, Problems};
use super::seal::Content;
use super::wording::off_brand;
use super::write::{WriteError, WriteOptions, WrittenFiles, write};
use crate::core::analytics::{SavedReportError, SavedReports};
use crate::core::campaigns::{CampaignError, Campaigns};
use crate::core::contacts::{ContactError, Contacts, SetError};
use crate::core::content::{BrandError, Brands, TemplateError, Templates};
use crate::core::kernel::{Clock, Id, Labels};
use crate::core::publishing::{Publishing, PublishingError};
use crate::storage::sql::{Db, DbError, Tx, params};

/// How often an apply begins again because somebody else changed the same.
const ATTEMPTS: usize = 4;

/// Campaigns as code, over what one workspace has.
#[derive(Clone, Debug)]
pub struct Manifests {
    pub(super) db: Db,
    pub(super) contacts: Contacts,
    pub(super) templates: Templates,
    pub(super) publishing: Publishing,
    pub(super) campaigns: Campaigns,
    pub(super) brands: Brands,
    pub(super) reports: SavedReports,
    pub(super) clock: Clock,
}

/// What is to be planned or applied.
#[derive(Clone, Debug, Default)]
pub struct Bundle {
    pub files: Vec<SourceFile>,
    /// Delete what carries all of these labels and is not in the files; at least one.
    pub prune: Option<Labels>,
    /// Apply only if the campaigns that are touched have so many recipients, as
    /// [`Plan::recipients`] counts them.
    pub recipients: Option<u64>,
    /// Apply only what the plan with this seal was made of.
    pub seal: Option<String>,
}

/// An apply that was asked for.
struct Order<'a> {
    files: Arc<[SourceFile]>,
    prune: Option<Labels>,
    recipients: Option<u64>,
    /// The fingerprint of the plan that was seen.
    expected: Option<&'a str>,
}

/// What to export.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Kinds, or one document of a kind each; everything when there is none.
    pub only: Vec<(Kind, Option<String>)>,
    /// Of that, what carries all of these.
    pub labels: Labels,
}

/// Manifests in which nothing is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validation {
    /// By kind and name.
    pub documents: Vec<(Kind, String)>,
    /// What stands in nobody's way, in the order of the files.
    pub warnings: Vec<Problem>,
}

/// What can go wrong with manifests.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    #[error("{}", sum(.0))]
    Invalid(Problems),
    #[error("what exists has changed since it was planned; look at the plan again")]
    Outdated,
    #[error(
        "the campaigns have {found} recipients, and {confirmed} were confirmed; look at the plan again"
    )]
    Recipients { found: u64, confirmed: u64 },
    #[error("these are not the manifests of that plan, or it was made elsewhere; plan them again")]
    Unsealed,
    #[error("say within which labels to prune: everything else would be deleted without")]
    Unlabelled,
    #[error("what is in no manifest cannot all be deleted: {}", .0.join("; "))]
    Kept(Vec<String>),
    #[error("there is no {kind} `{name}` to export")]
    NotFound { kind: Kind, name: String },
    #[error("reading the manifests stopped: {0}")]
    Stopped(String),
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error(transparent)]
    Contact(#[from] ContactError),
    #[error(transparent)]
    Template(#[from] TemplateError),
    #[error(transparent)]
    Brand(#[from] BrandError),
    #[error(transparent)]
    Report(#[from] SavedReportError),
    #[error(transparent)]
    Publishing(#[from] PublishingError),
    #[error(transparent)]
    Campaign(#[from] CampaignError),
    #[error("the manifests could not be compared with what exists")]
    Store(#[from] DbError),
}

fn sum(problems: &Problems) -> String {
    match problems.problems.len() + problems.omitted {
        1 => "1 problem in the manifests".to_owned(),
        many => format!("{many} problems in the manifests"),
    }
}

impl From<Vec<SourceFile>> for Bundle {
    fn from(files: Vec<SourceFile>) -> Self {
        Self { files, ..Self::default() }
    }
}

impl Selection {
    /// Whether a document of this key is in it, whatever its labels.
    fn has(&self, (kind, name): &Key) -> bool {
        let one = |(of, called): &(Kind, Option<String>)| {
            of == kind && called.as_ref().is_none_or(|called| called == name)
        };
        self.only.is_empty() || self.only.iter().any(one)
    }
}

impl Order<'_> {
    /// Refuses a plan that is not the one that was seen and confirmed.
    fn allows(&self, plan: &Plan) -> Result<(), ManifestError> {
        let found = plan.recipients();
        match (self.expected, self.recipients) {
            (Some(expected), _) if expected != plan.fingerprint => Err(ManifestError::Outdated),
            (_, Some(confirmed)) if confirmed != found => {
                Err(ManifestError::Recipients { found, confirmed })
            }
            _ => Ok(()),
        }
    }
}

impl ManifestError {
    /// Whether somebody else changed the same in that moment, so that it is worth another look.
    const fn is_overtaken(&self) -> bool {
        matches!(
            self,
            Self::Contact(
                ContactError::ListOutdated(_)
                    | ContactError::ListNameTaken(_)
                    | ContactError::SegmentChanged(_)
                    | ContactError::Set(SetError::Outdated(_) | SetError::NameTaken(_))
                    | ContactError::SegmentNameTaken(_)
            ) | Self::Template(TemplateError::Outdated(_) | TemplateError::NameTaken(_))
                | Self::Brand(BrandError::Outdated(_) | BrandError::NameTaken(_))
                | Self::Report(SavedReportError::Outdated(_) | SavedReportError::NameTaken(_))
                | Self::Publishing(
                    PublishingError::ChannelOutdated(_) | PublishingError::ChannelNameTaken(_)
                )
                | Self::Campaign(
                    CampaignError::Outdated { .. }
                        | CampaignError::NameTaken(_)
                        | CampaignError::ScheduleNameTaken(_)
                )
        )
    }
}

impl Manifests {
    #[expect(clippy::too_many_arguments, reason = "an area each, and all of them are needed")]
    pub const fn new(
        db: Db,
        contacts: Contacts,
        templates: Templates,
        publishing: Publishing,
        campaigns: Campaigns,
        brands: Brands,
        reports: SavedReports,
        clock: Clock,
    ) -> Self {
        Self { db, contacts, templates, publishing, campaigns, brands, reports, clock }
    }

    /// The workspace they are about.
    pub const fn workspace(&self) -> Id {
        self.db.workspace()
    }

    /// Checks the files by themselves and against what exists, their expressions and templates
    /// too; says which documents they hold.
    ///
    /// # Errors
    /// [`ManifestError::Invalid`] with all that is wrong.
    pub async fn validate(&self, files: Vec<SourceFile>) -> Result<Validation, ManifestError> {
        let files: Arc<[SourceFile]> = Arc::from(files);
        let mut tx = self.db.read().await?;
        let (wanted, templates) = self.tried(&mut tx, &files).await?;
        let found = self.existing(&mut tx, keys(&wanted)).await?;
        let ledger = drift::ledger(&mut tx, self.contacts.address_key()).await?;
        let mut doubtful = drifted(&wanted, &found, &ledger);
        let brands = self.profiles(&mut tx, &wanted).await?;
        for document in &wanted {
            if let Spec::Campaign(spec) = &document.spec {
                doubtful.extend(off_brand(document, spec, &brands, &templates));
            }
        }
        let warnings = locate(&files, &doubtful).problems;
        let documents = wanted.into_iter().map(|document| (document.kind(), document.name));
        Ok(Validation { documents: documents.collect(), warnings })
    }

    /// What [`Manifests::apply`] would do now.
    ///
    /// # Errors
    /// [`ManifestError::Invalid`] with all that is wrong: in the files, in templates, with the
    /// values of the first recipient, with campaigns that can no longer be edited;
    /// [`ManifestError::Kept`] when what is to be pruned has to stay.
    pub async fn plan(&self, bundle: impl Into<Bundle>) -> Result<Plan, ManifestError> {
        let Bundle { files, prune, .. } = bundle.into();
        let content = Content::of(&files, prune.as_ref())?;
        let mut tx = self.db.read().await?;
        let plan = self.prepare(&mut tx, &Arc::from(files), prune.as_ref()).await?.plan;
        let seal = Some(self.seal(&content, &plan.fingerprint));
        Ok(Plan { seal, ..plan })
    }

    /// Makes what exists what the files say, all of it or nothing; says what was done.
    ///
    /// # Errors
    /// Those of a plan; [`ManifestError::Outdated`] when the plan of the fingerprint `expected` no
    /// longer holds; [`ManifestError::Recipients`] when they are not as many as were confirmed;
    /// [`ManifestError::Unsealed`] when the plan's seal is not of these files.
    #[tracing::instrument(skip_all)]
    pub async fn apply(
        &self,
        bundle: impl Into<Bundle>,
        expected: Option<&str>,
    ) -> Result<Plan, ManifestError> {
        let Bundle { files, prune, recipients, seal } = bundle.into();
        if let Some(seal) = seal {
            let content = Content::of(&files, prune.as_ref())?;
            if !self.is_sealed(&seal, &content, expected.unwrap_or_default()) {
                return Err(ManifestError::Unsealed);
            }
        }
        let order = Order { files: Arc::from(files), prune, recipients, expected };
        let mut attempts = 1;
        loop {
            match self.attempt(&order).await {
                Err(error) if error.is_overtaken() && attempts < ATTEMPTS => attempts += 1,
                done => return done,
            }
        }
    }

    async fn attempt(&self, order: &Order<'_>) -> Result<Plan, ManifestError> {
        let Order { files, prune, recipients, .. } = order;
        let prune = prune.as_ref();
        // What is refused is refused before anybody has to wait for it.
        let mut prepared = self.prepare(&mut self.db.read().await?, files, prune).await?;
        order.allows(&prepared.plan)?;
        let mut tx = self.db.begin().await?;
        one_at_a_time(&mut tx).await?;
        // Recipients are confirmed as they are in the moment of writing.
        if recipients.is_some() || !self.still_holds(&mut tx, prune, &mut prepared).await? {
            prepared = self.prepare(&mut tx, files, prune).await?;
            order.allows(&prepared.plan)?;
        }
        let done = self.carry_out(&mut tx, prepared).await?;
        tx.commit().await?;
        Ok(done)
    }

    /// What exists, as manifests, by kind and name.
    ///
    /// # Errors
    /// [`ManifestError::NotFound`] when what is named does not exist.
    pub async fn export(
        &self,
        selection: &Selection,
        options: WriteOptions,
    ) -> Result<WrittenFiles, ManifestError> {
        let mut tx = self.db.read().await?;
        let world = self.world(&mut tx).await?;
        for (kind, name) in &selection.only {
            if let Some(name) = name
                && !world.names.contains(&(*kind, name.clone()))
            {
                return Err(ManifestError::NotFound { kind: *kind, name: name.clone() });
            }
        }
        let keys = world.names.iter().filter(|key| selection.has(key)).cloned();
        let keys: Vec<Key> = keys.collect();
        let found = self.existing(&mut tx, keys).await?;
        let documents: Vec<Document> = found
            .into_values()
            .map(|existing| existing.document)
            .filter(|document| document.carries(&selection.labels))
            .collect();
        Ok(write(&documents, options)?)
    }

    async fn carry_out(&self, tx: &mut Tx, prepared: Prepared) -> Result<Plan, ManifestError> {
        let Prepared { wanted, mut found, doomed, order, plan } = prepared;
        let changes = wanted.into_iter().zip(&plan.changes);
        let mut changes: BTreeMap<Key, (Document, Action)> = changes
            .map(|(document, change)| (document.own_key(), (document, change.action)))
            .collect();
        let mut written = Vec::new();
        for key in order {
            match (changes.remove(&key), found.get(&key)) {
                (Some((document, Action::Create)), _) => self.create(tx, document).await?,
                (Some((document, Action::Update)), Some(existing)) => {
                    self.update(tx, existing, document).await?;
                }
                _ => continue,
            }
            written.push(key);
        }
        // Whoever named them does so no longer.
        for existing in &doomed {
            self.delete(tx, existing).await?;
        }
        drift::forget(tx, doomed.iter().map(|existing| existing.document.own_key())).await?;
        // Noted is what came of it, in the words in which it will be read again.
        found.extend(self.existing(tx, written).await?);
        let applied = found.values().map(|existing| &existing.document);
        drift::note(tx, self.contacts.address_key(), applied, self.clock.now()).await?;
        Ok(plan)
    }
}

/// Holds the workspace until the transaction ends: applies come one after the other.
async fn one_at_a_time(tx: &mut Tx) -> Result<(), DbError> {
    let sql = "UPDATE workspaces SET created_at = created_at WHERE id = ?1";
    let workspace = tx.workspace();
    tx.execute(sql, params![workspace]).await.map(drop)
}
