//! The documents as the rest of the program sees them: typed, checked, self-contained.
//!
//! What was written in more than one way has one form here: defaults are filled in, a body is text
//! wherever it came from, a message has exactly one source of content.

use std::fmt;

use serde::{Deserialize, Serialize};

pub use super::kinds::campaign::CampaignSpec;
pub use super::kinds::list::ListSpec;
pub use super::kinds::schedule::ScheduleSpec;
pub use super::kinds::segment::SegmentSpec;
pub use super::kinds::template::TemplateSpec;
use super::links::Key;
use crate::core::analytics::ReportSpec;
use crate::core::contacts::SetContent;
use crate::core::content::Profile;
use crate::core::kernel::Labels;
use crate::core::publishing::ChannelSettings;

/// Writes the kinds down once: as words, and as what their documents say.
macro_rules! kinds {
    ($($kind:ident($spec:ty)),+ $(,)?) => {
        /// What a document describes, in the order in which documents build on each other.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        pub enum Kind {
            $($kind),+
        }

        #[derive(Clone, Debug, PartialEq)]
        pub enum Spec {
            $($kind($spec)),+
        }

        impl Kind {
            pub const ALL: [Self; Self::WORDS.len()] = [$(Self::$kind),+];
            /// As they are written.
            pub const WORDS: &'static [&'static str] = &[$(stringify!($kind)),+];

            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => stringify!($kind)),+
                }
            }
        }

        impl Spec {
            pub const fn kind(&self) -> Kind {
                match self {
                    $(Self::$kind(_) => Kind::$kind),+
                }
            }
        }

        $(impl From<$spec> for Spec {
            fn from(spec: $spec) -> Self {
                Self::$kind(spec)
            }
        })+
    };
}

kinds! {
    List(ListSpec),
    Channel(ChannelSettings),
    Template(TemplateSpec),
    Segment(SegmentSpec),
    Suppression(SetContent),
    Brand(Profile),
    Campaign(CampaignSpec),
    Schedule(ScheduleSpec),
    Report(ReportSpec),
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

impl Kind {
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
        self.spec.kind()
    }

    /// Whether it has all of these labels.
    pub(super) fn carries(&self, labels: &Labels) -> bool {
        labels.iter().all(|(key, value)| self.labels.get(key) == Some(value))
    }

    /// As [`Document::key`], to keep.
    pub(super) fn own_key(&self) -> Key {
        (self.kind(), self.name.clone())
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
