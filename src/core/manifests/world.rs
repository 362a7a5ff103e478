//! What exists, as documents; and documents, as what the areas keep.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{
    CampaignSpec, Document, Kind, ListSpec, Origin, SegmentSpec, Spec, TemplateSpec,
};
use super::service::{ManifestError, Manifests};
use crate::core::campaigns::{Audience, Campaign, Draft, Status};
use crate::core::contacts::{List, NewList, NewSegment, Segment, SegmentChange};
use crate::core::content::{Template, TemplateSource};
use crate::core::kernel::{Id, Labels};
use crate::core::publishing::{Channel, NewChannel};
use crate::storage::sql::Tx;

/// What a workspace has, as far as manifests refer to it.
#[derive(Debug)]
pub(super) struct World {
    pub(super) names: BTreeSet<(Kind, String)>,
    pub(super) templates: Vec<Template>,
}

/// A thing that exists, as a document.
#[derive(Clone, Debug)]
pub(super) struct Existing {
    pub(super) id: Id,
    /// Of a campaign.
    pub(super) campaign: Option<Standing>,
    pub(super) document: Document,
}

/// Where a campaign stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    pub(super) status: Status,
    pub(super) version: u64,
}

/// What exists of some documents, by their keys.
pub(super) type Found = BTreeMap<(Kind, String), Existing>;

impl Manifests {
    pub(super) async fn world(&self, tx: &mut Tx) -> Result<World, ManifestError> {
        let templates = self.templates.all_in(tx).await?;
        let names = [
            (Kind::List, self.contacts.list_names_in(tx).await?),
            (Kind::Channel, self.publishing.channel_names_in(tx).await?),
            (Kind::Segment, self.contacts.segment_names_in(tx).await?),
            (Kind::Campaign, self.campaigns.campaign_names_in(tx).await?),
            (Kind::Template, templates.iter().map(|one| one.source.name.clone()).collect()),
        ];
        let names = names
            .into_iter()
            .flat_map(|(kind, names)| names.into_iter().map(move |name| (kind, name)));
        Ok(World { names: names.collect(), templates })
    }

    /// What exists of the documents with these keys.
    pub(super) async fn existing(
        &self,
        tx: &mut Tx,
        world: &World,
        keys: impl IntoIterator<Item = (Kind, String)>,
    ) -> Result<Found, ManifestError> {
        let mut found = Found::new();
        for key in keys {
            if let Some(existing) = self.one(tx, world, key.0, &key.1).await? {
                found.insert(key, existing);
            }
        }
        Ok(found)
    }

    async fn one(
        &self,
        tx: &mut Tx,
        world: &World,
        kind: Kind,
        name: &str,
    ) -> Result<Option<Existing>, ManifestError> {
        Ok(match kind {
            Kind::List => self.contacts.list_named_in(tx, name).await?.map(Existing::from),
            Kind::Channel => self.publishing.channel_named_in(tx, name).await?.map(Existing::from),
            Kind::Template => {
                let named = world.templates.iter().find(|template| template.source.name == name);
                named.map(Existing::from)
            }
            Kind::Segment => self.contacts.segment_named_in(tx, name).await?.map(Existing::from),
            Kind::Campaign => self.campaigns.campaign_named_in(tx, name).await?.map(Existing::from),
        })
    }

    /// Creates what the document describes.
    pub(super) async fn create(
        &self,
        tx: &mut Tx,
        document: Document,
    ) -> Result<(), ManifestError> {
        let Document { name, labels, spec, .. } = document;
        match spec {
            Spec::List(spec) => {
                let description = spec.description.unwrap_or_default();
                self.contacts.create_list_in(tx, NewList { name, description, labels }).await?;
            }
            Spec::Channel(settings) => {
                let new = NewChannel { name, labels, settings };
                self.publishing.create_channel_in(tx, new).await?;
            }
            Spec::Template(spec) => {
                self.templates.create_in(tx, spec.source(name), labels).await?;
            }
            Spec::Segment(SegmentSpec { description, expression }) => {
                let description = description.unwrap_or_default();
                let new = NewSegment { name, description, expression, labels };
                self.contacts.create_segment_in(tx, new).await?;
            }
            Spec::Campaign(spec) => {
                self.campaigns.create_in(tx, spec.draft(name, labels)).await?;
            }
        }
        Ok(())
    }

    /// Makes what exists what the document says.
    pub(super) async fn update(
        &self,
        tx: &mut Tx,
        existing: &Existing,
        document: Document,
    ) -> Result<(), ManifestError> {
        let Document { name, labels, spec, .. } = document;
        let (id, reference) = (existing.id, existing.id.to_string());
        match spec {
            Spec::List(spec) => {
                let description = spec.description.unwrap_or_default();
                self.contacts.update_list_in(tx, id, description, labels).await?;
            }
            Spec::Channel(settings) => {
                self.publishing.update_channel_in(tx, &reference, settings, labels).await?;
            }
            Spec::Template(spec) => {
                self.templates.update_in(tx, &reference, spec.source(name), labels).await?;
            }
            Spec::Segment(SegmentSpec { description, expression }) => {
                let change = SegmentChange {
                    description: Some(description.unwrap_or_default()),
                    expression: Some(expression),
                    labels: Some(labels),
                };
                self.contacts.update_segment_in(tx, &reference, change).await?;
            }
            Spec::Campaign(spec) => {
                let version = existing.campaign.map(|standing| standing.version);
                let draft = spec.draft(name, labels);
                self.campaigns.update_in(tx, &reference, draft, version).await?;
            }
        }
        Ok(())
    }
}

impl Existing {
    fn new(id: Id, name: String, labels: Labels, spec: Spec) -> Self {
        let document = Document { name, labels, spec, origin: Origin::default() };
        Self { id, campaign: None, document }
    }
}

impl From<List> for Existing {
    fn from(list: List) -> Self {
        let description = Some(list.description).filter(|text| !text.is_empty());
        Self::new(list.id, list.name, list.labels, Spec::List(ListSpec { description }))
    }
}

impl From<Channel> for Existing {
    fn from(channel: Channel) -> Self {
        let mut settings = channel.settings;
        settings.unsubscribe = settings.unsubscribe.filter(|ways| !ways.is_empty());
        Self::new(channel.id, channel.name, channel.labels, Spec::Channel(settings))
    }
}

impl From<Segment> for Existing {
    fn from(segment: Segment) -> Self {
        let Segment { id, name, description, expression, labels, .. } = segment;
        let description = Some(description).filter(|text| !text.is_empty());
        let expression = expression.trim().to_owned();
        Self::new(id, name, labels, Spec::Segment(SegmentSpec { description, expression }))
    }
}

impl From<&Template> for Existing {
    fn from(template: &Template) -> Self {
        let TemplateSource { name, format, layout, body } = template.source.clone();
        let spec = Spec::Template(TemplateSpec { format, layout, body });
        Self::new(template.id, name, template.labels.clone(), spec)
    }
}

impl From<Campaign> for Existing {
    fn from(campaign: Campaign) -> Self {
        let standing = Standing { status: campaign.status, version: campaign.version };
        let draft = campaign.draft();
        let settings = match draft.settings {
            serde_json::Value::Object(settings) => settings,
            _ => serde_json::Map::new(),
        };
        let spec = CampaignSpec {
            campaign_type: draft.kind,
            channel: draft.channel,
            lists: draft.target_audience.lists.into_iter().collect(),
            segments: draft.target_audience.segments.into_iter().collect(),
            budget: draft.budget,
            start_date: draft.start_date,
            end_date: draft.end_date,
            timezone: draft.timezone.and_then(|zone| zone.parse().ok()),
            goals: draft.goals,
            settings,
            messages: draft.messages,
        };
        let existing = Self::new(campaign.id, draft.name, draft.labels, Spec::Campaign(spec));
        Self { campaign: Some(standing), ..existing }
    }
}

impl TemplateSpec {
    pub(super) fn source(self, name: String) -> TemplateSource {
        let Self { format, layout, body } = self;
        TemplateSource { name, format, layout, body }
    }
}

impl CampaignSpec {
    pub(super) fn draft(self, name: String, labels: Labels) -> Draft {
        Draft {
            name,
            kind: self.campaign_type,
            channel: self.channel,
            budget: self.budget,
            start_date: self.start_date,
            end_date: self.end_date,
            timezone: self.timezone.map(|zone| zone.name().to_owned()),
            target_audience: Audience {
                lists: self.lists.into_iter().collect(),
                segments: self.segments.into_iter().collect(),
            },
            settings: self.settings.into(),
            goals: self.goals,
            labels,
            messages: self.messages,
        }
    }
}
