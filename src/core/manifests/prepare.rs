//! Preparing: documents beside what exists of them, what would become of both, and whether what would
//! be sent can be sent.
//!
//! **Invariant:** nothing here writes. What was prepared in one snapshot and still holds in another
//! may be carried out in that one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::codes::{Code, Severity};
use super::diff::{Action, Plan, Warning, fingerprint};
use super::drift;
use super::findings::{Finding, locate};
use super::links::{Key, in_order};
use super::model::{CampaignSpec, Document, Kind, Spec};
use super::parse::{MAX_LAYOUTS, SourceFile, parse};
use super::recipients::Conditions;
use super::service::{ManifestError, Manifests};
use super::timing::second_schedules;
use super::wording::{BrandProfiles, off_brand, profiles};
use super::world::{Existing, Found, World};
use crate::core::campaigns::CampaignError;
use crate::core::contacts::{Contact, ContactError, Future};
use crate::core::content::TemplateSource;
use crate::core::kernel::Labels;
use crate::core::publishing::{ChannelSettings, ComposeError};
use crate::storage::sql::Tx;

/// Documents told of a circle at most.
const MAX_CIRCLE: usize = 8;

/// Documents, what exists of them, and what would become of them.
pub(super) struct Prepared {
    /// Sorted as the plan is.
    pub(super) wanted: Vec<Document>,
    pub(super) found: Found,
    /// What is to be pruned, in the order in which it may go.
    pub(super) doomed: Vec<Existing>,
    /// The wanted ones, each after those it names.
    pub(super) order: Vec<Key>,
    pub(super) plan: Plan,
}

impl Manifests {
    /// Reads the files, compares them with what exists and tries what would be sent. What carries all
    /// labels of `prune` and is in no file is to go.
    pub(super) async fn prepare(
        &self,
        tx: &mut Tx,
        files: &Arc<[SourceFile]>,
        prune: Option<&Labels>,
    ) -> Result<Prepared, ManifestError> {
        let world = self.world(tx).await?;
        let wanted = self.wanted(tx, files, &world).await?;
        let found = self.existing(tx, keys(&wanted)).await?;
        let doomed = match prune {
            Some(labels) => self.doomed(tx, &world, labels, &wanted).await?,
            None => Vec::new(),
        };
        let mut plan = between(&found, &wanted, &doomed).await?;
        let ledger = drift::ledger(tx, self.contacts.address_key()).await?;
        let gone = doomed.iter().map(|existing| (existing.document.own_key(), existing));
        let gone: BTreeMap<Key, &Existing> = gone.collect();
        for change in plan.changes.iter_mut().filter(|one| one.action != Action::Unchanged) {
            let key = (change.kind, change.name.clone());
            let now = found.get(&key).or_else(|| gone.get(&key).copied());
            let now = now.map(|existing| &existing.document);
            change.drift = ledger.drift(&key, now);
        }

        let mut templates = overlay(&world, &wanted);
        templates.retain(|one| !gone.contains_key(&(Kind::Template, one.name.clone())));
        let brands = self.profiles(tx, &wanted).await?;
        let mut findings = endless_layouts(&wanted, &templates);
        let future = future(&wanted);
        let (conditions, misexpressed) = self.conditions(tx, &wanted, &future).await?;
        findings.extend(misexpressed);
        for (document, change) in wanted.iter().zip(&mut plan.changes) {
            let Spec::Campaign(spec) = &document.spec else { continue };
            let existing = found.get(&document.own_key());
            let first = self.count(tx, spec, existing, &conditions, change).await?;
            if change.recipients == Some(0) && change.recipients_before.is_some_and(|was| was > 0) {
                plan.warnings.push(change.warning("is for nobody any more"));
            }
            if change.action == Action::Update
                && let Some(status) = existing.and_then(|existing| existing.status)
                && !status.is_editable()
            {
                let error = CampaignError::NotEditable { name: document.name.clone(), status };
                findings.push(finding(document, None, &error));
                continue;
            }
            if change.touches() {
                let words = off_brand(document, spec, &brands, &templates).into_iter();
                plan.warnings.extend(words.map(|finding| change.warning(finding.words)));
            }
            findings.extend(
                self.unfit(tx, &wanted, &templates, (document, spec), first.as_ref()).await?,
            );
        }
        findings.extend(self.untimely(tx, &wanted, &plan).await?);
        let (order, circle) = in_order(&self.links_of(tx, &wanted).await?);
        if findings.is_empty() {
            findings.extend(circular(&wanted, &circle));
        }
        if !findings.is_empty() {
            return Err(ManifestError::Invalid(locate(files, &findings)));
        }
        self.count_beside(tx, &world, &doomed, &future, &mut plan).await?;
        if let Some(labels) = prune {
            plan.warnings.extend(unlabelled(labels, &wanted));
        }
        Ok(Prepared { wanted, found, doomed, order, plan })
    }

    /// Reads the files and tries their expressions and templates, whoever would receive them.
    pub(super) async fn tried(
        &self,
        tx: &mut Tx,
        files: &Arc<[SourceFile]>,
    ) -> Result<(Vec<Document>, Vec<TemplateSource>), ManifestError> {
        let world = self.world(tx).await?;
        let wanted = self.wanted(tx, files, &world).await?;
        let templates = overlay(&world, &wanted);
        let mut findings = endless_layouts(&wanted, &templates);
        findings.extend(second_schedules(&wanted));
        findings.extend(self.conditions(tx, &wanted, &future(&wanted)).await?.1);
        for document in &wanted {
            let Spec::Campaign(spec) = &document.spec else { continue };
            let draft = spec.clone().draft(document.name.clone(), document.labels.clone());
            let unfit = self.campaigns.rehearse(draft, None, &templates, None).await?;
            let unfit = unfit.into_iter();
            findings.extend(unfit.map(|one| finding(document, Some(one.message), &one.error)));
        }
        if findings.is_empty() {
            Ok((wanted, templates))
        } else {
            Err(ManifestError::Invalid(locate(files, &findings)))
        }
    }

    /// What the files say; addresses of people who were forgotten are in no document.
    async fn wanted(
        &self,
        tx: &mut Tx,
        files: &Arc<[SourceFile]>,
        world: &World,
    ) -> Result<Vec<Document>, ManifestError> {
        let mut wanted = read(files, world).await?;
        for document in &mut wanted {
            if let Spec::Suppression(content) = &mut document.spec {
                self.contacts.leave_out_forgotten_in(tx, content).await?;
            }
        }
        Ok(wanted)
    }

    /// The brands as they shall be.
    pub(super) async fn profiles(
        &self,
        tx: &mut Tx,
        wanted: &[Document],
    ) -> Result<BrandProfiles, ManifestError> {
        let exist = self.brands.all_in(tx).await?.into_iter();
        Ok(profiles(exist.map(|brand| (brand.name, brand.profile)).collect(), wanted))
    }

    /// Why a campaign as it shall be could not be sent to `first`.
    async fn unfit(
        &self,
        tx: &mut Tx,
        wanted: &[Document],
        templates: &[TemplateSource],
        (document, spec): (&Document, &CampaignSpec),
        first: Option<&Contact>,
    ) -> Result<Vec<Finding>, ManifestError> {
        let channel = match &spec.channel {
            Some(name) => self.channel(tx, name, wanted).await?,
            None => None,
        };
        let draft = spec.clone().draft(document.name.clone(), document.labels.clone());
        let unfit = self.campaigns.rehearse(draft, channel, templates, first).await?.into_iter();
        Ok(unfit.map(|one| finding(document, Some(one.message), &one.error)).collect())
    }

    /// What the segments of the files and of their campaigns ask, as all shall be, and what is
    /// wrong with those of the files.
    async fn conditions(
        &self,
        tx: &mut Tx,
        wanted: &[Document],
        future: &Future,
    ) -> Result<(Conditions, Vec<Finding>), ManifestError> {
        let (mut conditions, mut findings) = (Conditions::new(), Vec::new());
        let mut named = BTreeSet::new();
        for document in wanted {
            let spec = match &document.spec {
                Spec::Segment(spec) => spec,
                Spec::Campaign(spec) => {
                    named.extend(&spec.segments);
                    continue;
                }
                _ => continue,
            };
            let name = document.name.clone();
            let read =
                self.contacts.condition_among_in(tx, &spec.expression, Some(&name), future).await;
            match read {
                Ok(condition) => drop(conditions.insert(name, condition)),
                Err(error) => findings.push(misexpressed(document, error)?),
            }
        }
        for name in named {
            if !future.segments.contains_key(name)
                && let Some(segment) = self.contacts.segment_named_in(tx, name).await?
            {
                let read =
                    self.contacts.condition_among_in(tx, &segment.expression, Some(name), future);
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
    pub(super) async fn still_holds(
        &self,
        tx: &mut Tx,
        prune: Option<&Labels>,
        prepared: &mut Prepared,
    ) -> Result<bool, ManifestError> {
        let Prepared { wanted, found, doomed, plan, .. } = prepared;
        *found = self.existing(tx, keys(wanted)).await?;
        if let Some(labels) = prune {
            let world = self.world(tx).await?;
            *doomed = self.doomed(tx, &world, labels, wanted).await?;
        }
        let exist = found.values().chain(doomed.iter()).map(|existing| &existing.document);
        Ok(fingerprint(exist) == plan.fingerprint)
    }
}

/// Reads the files, off the runtime.
async fn read(files: &Arc<[SourceFile]>, world: &World) -> Result<Vec<Document>, ManifestError> {
    let (files, names) = (Arc::clone(files), world.names.clone());
    tokio::task::spawn_blocking(move || parse(&files, &names))
        .await
        .map_err(|error| ManifestError::Stopped(error.to_string()))?
        .map_err(ManifestError::Invalid)
}

pub(super) fn keys(documents: &[Document]) -> impl Iterator<Item = (Kind, String)> {
    documents.iter().map(|document| (document.kind(), document.name.clone()))
}

/// The plan from what exists to what is wanted, which is sorted as the plan is; off the runtime.
async fn between(
    found: &Found,
    wanted: &[Document],
    doomed: &[Existing],
) -> Result<Plan, ManifestError> {
    let document = |existing: &Existing| existing.document.clone();
    let current: Vec<Document> = found.values().map(document).collect();
    let doomed: Vec<Document> = doomed.iter().map(document).collect();
    let wanted = wanted.to_vec();
    tokio::task::spawn_blocking(move || Plan::between(&current, &wanted, &doomed))
        .await
        .map_err(|error| ManifestError::Stopped(error.to_string()))
}

/// Documents that a prune by these labels would not find once their manifests are gone.
fn unlabelled(labels: &Labels, wanted: &[Document]) -> Vec<Warning> {
    let others = wanted.iter().filter(|document| !document.carries(labels));
    let warning = |document: &Document| Warning {
        kind: document.kind(),
        name: document.name.clone(),
        message: "does not carry the labels that are pruned by: it stays when its manifest goes"
            .to_owned(),
    };
    others.map(warning).collect()
}

/// What expressions may name beside what exists.
fn future(wanted: &[Document]) -> Future {
    let mut future = Future::default();
    for document in wanted {
        let name = document.name.clone();
        match &document.spec {
            Spec::List(_) => drop(future.lists.insert(name)),
            Spec::Segment(spec) => drop(future.segments.insert(name, spec.expression.clone())),
            Spec::Campaign(_) => drop(future.campaigns.insert(name)),
            _ => {}
        }
    }
    future
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

/// Documents of which something else exists than was applied and than they say.
pub(super) fn drifted(
    wanted: &[Document],
    found: &Found,
    ledger: &drift::Ledger<'_>,
) -> Vec<Finding> {
    let drifted = wanted.iter().filter_map(|document| {
        let key = document.own_key();
        let now = found.get(&key).map(|existing| &existing.document);
        let drift = ledger.drift(&key, now).filter(|_| now != Some(document))?;
        let (done, help) = if drift.deleted {
            ("deleted", "an apply makes it again")
        } else {
            ("changed", "an apply makes it what this says")
        };
        let mut words =
            format!("{} `{}` was {done} outside of manifests since {}", key.0, key.1, drift.since);
        if !drift.deleted {
            words = format!("{words}: {}", drift.fields.join(", "));
        }
        Some(Finding {
            code: Code::Drifted,
            severity: Severity::Warning,
            origin: document.origin.clone(),
            message: None,
            place: None,
            inside: None,
            words,
            help: Some(help.to_owned()),
        })
    });
    drifted.collect()
}

/// Documents of several kinds that name each other, so that none could be made first.
fn circular(wanted: &[Document], circle: &[Key]) -> Vec<Finding> {
    let names = circle.iter().map(|(kind, name)| format!("{kind} `{name}`"));
    let names = names.take(MAX_CIRCLE).collect::<Vec<_>>().join(", ");
    let first = wanted.iter().find(|document| {
        circle.first().is_some_and(|(kind, name)| document.key() == (*kind, name.as_str()))
    });
    let finding = |document: &Document| Finding {
        code: Code::Circle,
        severity: Severity::Error,
        origin: document.origin.clone(),
        message: None,
        place: None,
        inside: None,
        words: format!("these name each other in a circle: {names}"),
        help: Some("take one of these names out".to_owned()),
    };
    first.map(finding).into_iter().collect()
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
