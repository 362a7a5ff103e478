//! The documents as the rest of the program sees them: typed, checked, self-contained.
//!
//! What was written in more than one way has one form here: defaults are filled in, a body is text
//! wherever it came from, a message has exactly one source of content.

use std::collections::BTreeSet;
use std::fmt;

use chrono::NaiveDate;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::core::campaigns::{CampaignType, DraftMessage, Goal};
use crate::core::content::Format;
use crate::core::kernel::{Labels, Money};
use crate::core::publishing::ChannelSettings;

/// What a document describes, in the order in which documents build on each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    List,
    Channel,
    Template,
    Segment,
    Campaign,
}

/// One document. Two are equal when they say the same, wherever they were written.
#[derive(Clone, Debug)]
pub struct Document {
    pub name: String,
    pub labels: Labels,
    pub spec: Spec,
    pub origin: Origin,
}

/// Where a document starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    pub file: String,
    /// From 1; 0 when the document was not read from a file.
    pub line: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Spec {
    List(ListSpec),
    Channel(ChannelSettings),
    Template(TemplateSpec),
    Segment(SegmentSpec),
    Campaign(CampaignSpec),
}

/// A list of contacts; who is in it is not the manifest's business.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListSpec {
    /// Never empty.
    pub description: Option<String>,
}

/// Contacts of whom an expression is true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentSpec {
    /// Never empty.
    pub description: Option<String>,
    pub expression: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateSpec {
    pub format: Format,
    /// The template this one is put into.
    pub layout: Option<String>,
    pub body: String,
}

#[derive(Clone, Debug, PartialEq)]
pub struct CampaignSpec {
    pub campaign_type: CampaignType,
    pub channel: Option<String>,
    /// Whose contacts it is for.
    pub lists: BTreeSet<String>,
    /// So is everybody in one of these.
    pub segments: BTreeSet<String>,
    /// What to spend at most; never negative.
    pub budget: Option<Money>,
    pub start_date: Option<NaiveDate>,
    /// Not before `start_date`.
    pub end_date: Option<NaiveDate>,
    pub timezone: Option<Tz>,
    pub goals: Vec<Goal>,
    pub settings: serde_json::Map<String, serde_json::Value>,
    /// No two share a name.
    pub messages: Vec<DraftMessage>,
}

impl Kind {
    pub const ALL: [Self; 5] =
        [Self::List, Self::Channel, Self::Template, Self::Segment, Self::Campaign];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::List => "List",
            Self::Channel => "Channel",
            Self::Template => "Template",
            Self::Segment => "Segment",
            Self::Campaign => "Campaign",
        }
    }

    /// The kind that `word` names, in any case: `Campaign`, `campaign`.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(word))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Document {
    pub const fn kind(&self) -> Kind {
        match self.spec {
            Spec::List(_) => Kind::List,
            Spec::Channel(_) => Kind::Channel,
            Spec::Template(_) => Kind::Template,
            Spec::Segment(_) => Kind::Segment,
            Spec::Campaign(_) => Kind::Campaign,
        }
    }

    /// What documents are sorted and told apart by.
    pub fn key(&self) -> (Kind, &str) {
        (self.kind(), &self.name)
    }
}

impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.labels == other.labels && self.spec == other.spec
    }
}
