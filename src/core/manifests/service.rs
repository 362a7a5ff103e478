//! The use-cases: validate, plan, apply, export.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::codes::{Code, Severity};
use super::diff::{Action, Change, Plan};
use super::findings::{Finding, locate};
use super::model::{Document, Kind, Spec};
use super::parse::{MAX_LAYOUTS, SourceFile, parse};
use super::problem::{Problem, Problems};
use super::world::{Found, World};
use super::write::{WriteError, WriteOptions, WrittenFiles, write};
use crate::core::campaigns::{CampaignError, Campaigns};
use crate::core::contacts::{Condition, ContactError, Contacts, Future};
use crate::core::content::{TemplateError, TemplateSource, Templates};
use crate::core::publishing::{ChannelSettings, ComposeError, Publishing, PublishingError};
use crate::storage::sql::{Db, DbError, Tx, params};

/// Campaigns as code, over what one workspace has.
#[derive(Clone, Debug)]
pub struct Manifests {
    pub(super) db: Db,
    pub(super) contacts: Contacts,
    pub(super) templates: Templates,
    pub(super) publishing: Publishing,
    pub(super) campaigns: Campaigns,
}

/// What to export: everything, one kind, or one document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    pub kind: Option<Kind>,
    pub name: Option<String>,
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
    Publishing(#[from] PublishingError),
    #[error(transparent)]
    Campaign(#[from] CampaignError),
    #[error("the manifests could not be compared with what exists")]
    Store(#[from] DbError),
}

/// Documents, what exists of them, and what would become of them.
struct Prepared {
    /// Sorted as the plan is.
    wanted: Vec<Document>,
    found: Found,
    /// As they shall be.
    templates: Vec<TemplateSource>,
    plan: Plan,
}

fn sum(problems: &Problems) -> String {
    match problems.problems.len() + problems.omitted {
        1 => "1 problem in the manifests".to_owned(),
        many => format!("{many} problems in the manifests"),
    }
}

impl Manifests {
    pub const fn new(
        db: Db,
        contacts: Contacts,
        templates: Templates,
        publishing: Publishing,
        campaigns: Campaigns,
    ) -> Self {
        Self { db, contacts, templates, publishing, campaigns }
    }

    /// Checks the files by themselves and against what exists, their expressions and templates
    /// too; says which documents they hold.
    ///
    /// # Errors
    /// [`ManifestError::Invalid`] with all that is wrong.
    pub async fn validate(&self, files: Vec<SourceFile>) -> Result<Validation, ManifestError> {
        let files: Arc<[SourceFile]> = Arc::from(files);
        let mut tx = self.db.read().await?;
        let world = self.world(&mut tx).await?;
        let wanted = read(&files, &world).await?;
        let templates = overlay(&world, &wanted);
        let mut findings = endless_layouts(&wanted, &templates);
        findings.extend(self.conditions(&mut tx, &world, &wanted).await?.1);
        for document in &wanted {
            let Spec::Campaign(spec) = &document.spec else { continue };
            let draft = spec.clone().draft(document.name.clone(), document.labels.clone());
            let unfit = self.campaigns.rehearse(draft, None, &templates, None).await?;
            let unfit = unfit.into_iter();
            findings.extend(unfit.map(|one| finding(document, Some(one.message), &one.error)));
        }
        if !findings.is_empty() {
            return Err(ManifestError::Invalid(locate(&files, &findings)));
        }
        let documents = wanted.into_iter().map(|document| (document.kind(), document.name));
        Ok(Validation { documents: documents.collect(), warnings: Vec::new() })
    }

    /// What [`Manifests::apply`] would do now.
    ///
    /// # Errors
    /// [`ManifestError::Invalid`] with all that is wrong: in the files, in templates, with the
    /// values of the first recipient, with campaigns that can no longer be edited.
    pub async fn plan(&self, files: Vec<SourceFile>) -> Result<Plan, ManifestError> {
        let mut tx = self.db.read().await?;
        Ok(self.prepare(&mut tx, &Arc::from(files)).await?.plan)
    }

    /// Makes what exists what the files say, all of it or nothing; says what was done.
    ///
    /// # Errors
    /// Those of a plan; [`ManifestError::Outdated`] when the plan of the fingerprint `expected` no
    /// longer holds.
    #[tracing::instrument(skip_all)]
    pub async fn apply(
        &self,
        files: Vec<SourceFile>,
        expected: Option<&str>,
    ) -> Result<Plan, ManifestError> {
        let files: Arc<[SourceFile]> = Arc::from(files);
        let current = |prepared: &Prepared| match expected {
            Some(expected) if expected != prepared.plan.fingerprint => Err(ManifestError::Outdated),
            _ => Ok(()),
        };
        // What is refused is refused before anybody has to wait for it.
        let mut prepared = self.prepare(&mut self.db.read().await?, &files).await?;
        current(&prepared)?;
        let mut tx = self.db.begin().await?;
        one_at_a_time(&mut tx).await?;
        if !self.still_holds(&mut tx, &mut prepared).await? {
            prepared = self.prepare(&mut tx, &files).await?;
            current(&prepared)?;
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
        let keys = world.names.iter().filter(|(kind, name)| {
            selection.kind.is_none_or(|wanted| wanted == *kind)
                && selection.name.as_ref().is_none_or(|wanted| wanted == name)
        });
        let keys: Vec<_> = keys.cloned().collect();
        if let (Some(kind), Some(name), true) = (selection.kind, &selection.name, keys.is_empty()) {
            return Err(ManifestError::NotFound { kind, name: name.clone() });
        }
        let found = self.existing(&mut tx, keys).await?;
        let documents: Vec<Document> =
            found.into_values().map(|existing| existing.document).collect();
        Ok(write(&documents, options)?)
    }

    /// Reads the files, compares them with what exists and tries what would be sent.
    async fn prepare(
        &self,
        tx: &mut Tx,
        files: &Arc<[SourceFile]>,
    ) -> Result<Prepared, ManifestError> {
        let world = self.world(tx).await?;
        let wanted = read(files, &world).await?;
        let found = self.existing(tx, keys(&wanted)).await?;
        let mut plan = between(&found, &wanted);

        let templates = overlay(&world, &wanted);
        let mut findings = endless_layouts(&wanted, &templates);
        let (conditions, misexpressed) = self.conditions(tx, &world, &wanted).await?;
        findings.extend(misexpressed);
        for (document, change) in wanted.iter().zip(&mut plan.changes) {
            let Spec::Campaign(spec) = &document.spec else { continue };
            let lists: Vec<&str> = spec.lists.iter().map(String::as_str).collect();
            let meant = spec.segments.iter().filter_map(|name| conditions.get(name).cloned());
            let meant: Vec<Condition> = meant.collect();
            let (recipients, first) = self.contacts.audience_in(tx, &lists, &meant).await?;
            change.recipients = Some(recipients);
            let standing = found.get(&(Kind::Campaign, document.name.clone()));
            if let (Action::Update, Some(standing)) =
                (change.action, standing.and_then(|existing| existing.campaign))
                && !standing.status.is_editable()
            {
                let (name, status) = (document.name.clone(), standing.status);
                let error = CampaignError::NotEditable { name, status };
                findings.push(finding(document, None, &error));
                continue;
            }
            let channel = match &spec.channel {
                Some(name) => self.channel(tx, name, &wanted).await?,
                None => None,
            };
            let draft = spec.clone().draft(document.name.clone(), document.labels.clone());
            let unfit = self.campaigns.rehearse(draft, channel, &templates, first.as_ref()).await?;
            findings.extend(
                unfit.into_iter().map(|one| finding(document, Some(one.message), &one.error)),
            );
        }
        if findings.is_empty() {
            Ok(Prepared { wanted, found, templates, plan })
        } else {
            Err(ManifestError::Invalid(locate(files, &findings)))
        }
    }

    /// What the segments of the files and of their campaigns ask, as all shall be, and what is
    /// wrong with those of the files.
    async fn conditions(
        &self,
        tx: &mut Tx,
        world: &World,
        wanted: &[Document],
    ) -> Result<(BTreeMap<String, Condition>, Vec<Finding>), ManifestError> {
        let mut future = Future::default();
        let mut named = BTreeSet::new();
        for document in wanted {
            match &document.spec {
                Spec::List(_) => drop(future.lists.insert(document.name.clone())),
                Spec::Segment(spec) => {
                    let expression = spec.expression.clone();
                    future.segments.insert(document.name.clone(), expression);
                }
                Spec::Campaign(spec) => named.extend(spec.segments.iter().cloned()),
                Spec::Channel(_) | Spec::Template(_) => {}
            }
        }
        let (mut conditions, mut findings) = (BTreeMap::new(), Vec::new());
        for document in wanted {
            let Spec::Segment(spec) = &document.spec else { continue };
            let name = document.name.clone();
            let read =
                self.contacts.condition_among_in(tx, &spec.expression, Some(&name), &future).await;
            match read {
                Ok(condition) => drop(conditions.insert(name, condition)),
                Err(error) => findings.push(misexpressed(document, error)?),
            }
        }
        for name in named {
            let exists = world.names.contains(&(Kind::Segment, name.clone()));
            if exists && !future.segments.contains_key(&name) {
                let segment = self.contacts.segment_named_in(tx, &name).await?;
                let Some(segment) = segment else { continue };
                let read =
                    self.contacts.condition_among_in(tx, &segment.expression, Some(&name), &future);
                conditions.insert(name.clone(), read.await?);
            }
        }
        Ok((conditions, findings))
    }

    /// The settings of a channel as they shall be.
    async fn channel(
        &self,
        tx: &mut Tx,
        name: &str,
        wanted: &[Document],
    ) -> Result<Option<ChannelSettings>, ManifestError> {
        let written = wanted.iter().find_map(|document| match &document.spec {
            Spec::Channel(settings) if document.name == name => Some(settings.clone()),
            _ => None,
        });
        if written.is_some() {
            return Ok(written);
        }
        let channel = self.publishing.channel_named_in(tx, name).await?;
        Ok(channel.map(|channel| channel.settings))
    }

    /// Whether a plan is still what has to be done; looks again at what exists.
    async fn still_holds(
        &self,
        tx: &mut Tx,
        prepared: &mut Prepared,
    ) -> Result<bool, ManifestError> {
        prepared.found = self.existing(tx, keys(&prepared.wanted)).await?;
        let now = between(&prepared.found, &prepared.wanted);
        Ok(now.fingerprint == prepared.plan.fingerprint)
    }

    async fn carry_out(&self, tx: &mut Tx, prepared: Prepared) -> Result<Plan, ManifestError> {
        let Prepared { wanted, found, templates, plan } = prepared;
        let mut changes: Vec<_> = wanted.into_iter().zip(&plan.changes).collect();
        // A layout comes before what is put into it, a segment before those that name it.
        let segments = in_order(&changes);
        changes.sort_by_key(|(document, change)| {
            let place = segments.get(&document.name).filter(|_| change.kind == Kind::Segment);
            (change.kind, place.copied().unwrap_or_else(|| depth(document, &templates)))
        });
        for (document, change) in changes {
            match (change.action, found.get(&(change.kind, change.name.clone()))) {
                (Action::Create, _) => self.create(tx, document).await?,
                (Action::Update, Some(existing)) => self.update(tx, existing, document).await?,
                (Action::Update | Action::Unchanged, _) => {}
            }
        }
        Ok(plan)
    }
}

/// Holds the workspace until the transaction ends: applies come one after the other.
async fn one_at_a_time(tx: &mut Tx) -> Result<(), DbError> {
    let sql = "UPDATE workspaces SET created_at = created_at WHERE id = ?1";
    let workspace = tx.workspace();
    tx.execute(sql, params![workspace]).await.map(drop)
}

/// Reads the files, off the runtime.
async fn read(files: &Arc<[SourceFile]>, world: &World) -> Result<Vec<Document>, ManifestError> {
    let (files, names) = (Arc::clone(files), world.names.clone());
    tokio::task::spawn_blocking(move || parse(&files, &names))
        .await
        .map_err(|error| ManifestError::Stopped(error.to_string()))?
        .map_err(ManifestError::Invalid)
}

fn keys(documents: &[Document]) -> impl Iterator<Item = (Kind, String)> {
    documents.iter().map(|document| (document.kind(), document.name.clone()))
}

/// The plan from what exists to what is wanted, which is sorted as the plan is.
fn between(found: &Found, wanted: &[Document]) -> Plan {
    let current: Vec<Document> = found.values().map(|existing| existing.document.clone()).collect();
    Plan::between(&current, wanted)
}

/// The templates as they shall be.
fn overlay(world: &World, wanted: &[Document]) -> Vec<TemplateSource> {
    let exist = world.templates.iter().map(|template| template.source.clone());
    let written = wanted.iter().filter_map(|document| match &document.spec {
        Spec::Template(spec) => Some(spec.clone().source(document.name.clone())),
        _ => None,
    });
    let by_name: BTreeMap<String, TemplateSource> =
        exist.chain(written).map(|source| (source.name.clone(), source)).collect();
    by_name.into_values().collect()
}

/// How many layouts there are around a template, counted no further than the limit.
fn depth(document: &Document, templates: &[TemplateSource]) -> usize {
    let Spec::Template(spec) = &document.spec else { return 0 };
    let layout = |name: &String| {
        let at = templates.binary_search_by(|template| template.name.cmp(name)).ok()?;
        templates[at].layout.as_ref()
    };
    std::iter::successors(spec.layout.as_ref(), |name| layout(name)).take(MAX_LAYOUTS + 1).count()
}

/// In which order the segments among `changes` are made.
fn in_order(changes: &[(Document, &Change)]) -> BTreeMap<String, usize> {
    let expression = |document: &Document| match &document.spec {
        Spec::Segment(spec) => Some((document.name.clone(), spec.expression.clone())),
        _ => None,
    };
    let wanted: BTreeMap<String, String> =
        changes.iter().filter_map(|(document, _)| expression(document)).collect();
    // Whoever is named stands in the text of the other, and circles were refused before.
    let names = |one: &str, other: &str| wanted[one].contains(&format!("'{other}'"));
    let mut places = BTreeMap::new();
    while places.len() < wanted.len() {
        let ready: Vec<String> = wanted
            .keys()
            .filter(|one| !places.contains_key(*one))
            .filter(|one| {
                wanted
                    .keys()
                    .all(|other| other == *one || places.contains_key(other) || !names(one, other))
            })
            .cloned()
            .collect();
        if ready.is_empty() {
            break;
        }
        let place = places.len();
        places.extend(ready.into_iter().map(|name| (name, place)));
    }
    places
}

/// Layouts that never end because of those that exist already.
fn endless_layouts(wanted: &[Document], templates: &[TemplateSource]) -> Vec<Finding> {
    let endless = wanted.iter().filter(|document| depth(document, templates) > MAX_LAYOUTS);
    let findings = endless.map(|document| Finding {
        code: Code::EndlessLayout,
        severity: Severity::Error,
        origin: document.origin.clone(),
        message: None,
        place: None,
        inside: None,
        words: "the layouts around this template go in a circle, or too deep".to_owned(),
        help: Some("at most 8 templates around a template, those that exist counted".to_owned()),
    });
    findings.collect()
}

/// What is wrong with a document or one of its messages; what to do stands after a semicolon.
pub(super) fn finding(
    document: &Document,
    message: Option<String>,
    error: &CampaignError,
) -> Finding {
    let words = error.to_string();
    let (words, help) = match words.rsplit_once("; ") {
        Some((words, help)) => (words.to_owned(), Some(help.to_owned())),
        None => (words, None),
    };
    let place = match error {
        CampaignError::Content(error) => error.place(),
        CampaignError::Compose { error: ComposeError::Render(error), .. } => error.place(),
        _ => None,
    };
    let place = place.cloned();
    let code = match error {
        CampaignError::Content(_) | CampaignError::Compose { .. } => Code::Template,
        _ => Code::Campaign,
    };
    let (severity, origin) = (Severity::Error, document.origin.clone());
    Finding { code, severity, origin, message, place, inside: None, words, help }
}

/// What is wrong with the expression of a segment.
fn misexpressed(document: &Document, error: ContactError) -> Result<Finding, ManifestError> {
    let (inside, words, help) = match error {
        ContactError::Expression(error) => (Some(error.at), error.message, error.help),
        ContactError::Unresolved(error) => (None, error.to_string(), None),
        other => return Err(other.into()),
    };
    let origin = document.origin.clone();
    let (code, severity) = (Code::Expression, Severity::Error);
    Ok(Finding { code, severity, origin, message: None, place: None, inside, words, help })
}
