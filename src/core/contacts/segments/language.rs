//! The words of the language: its fields, functions and limits. `docs/segments.md` explains each,
//! and a test keeps that page complete.

use crate::core::contacts::{Activity, AttributeType};
use crate::core::kernel::words;

/// Bytes of an expression at the most.
pub(super) const MAX_BYTES: usize = 10_000;
/// Conditions, with the `and`, `or` and `not` between them, at the most; those of segments that are
/// named counted.
pub(super) const MAX_NODES: usize = 500;
/// How deep parentheses, functions and `not` may nest; what segments that are named hold counted.
pub(super) const MAX_DEPTH: usize = 30;
/// Values in one `in (…)` at the most.
pub(super) const MAX_VALUES: usize = 1000;
/// Conditions that look up behaviour, tags, lists, segments or consent at the most: each costs a
/// search of its own.
pub(super) const MAX_LOOKUPS: usize = 20;
/// Holes (`%`) of one pattern at the most.
pub(super) const MAX_HOLES: usize = 10;
/// Segments that name segments that name segments… at the most.
pub(super) const MAX_SEGMENT_DEPTH: usize = 8;

words! {
    /// A field that every contact has.
    Field {
        Email = "email",
        Name = "name",
        Domain = "domain",
        Language = "language",
        Timezone = "timezone",
        Notes = "notes",
        Created = "created_at",
        Updated = "updated_at",
        /// The address is of several people, as `info@`.
        Role = "role",
        /// The address is of a service for throw-away addresses.
        Disposable = "disposable",
    }
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Text,
    Number,
    Boolean,
    Day,
    Time,
    List,
}

/// A function, by its name and what it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    /// `opened()`, `opened('Spring')`
    Did(Activity),
    /// `opened_within('30d')`, `opened_within('30d', 'Spring')`
    DidWithin(Activity),
    Tagged,
    OnList,
    InSegment,
    Consented,
    Contains,
    Within,
    Now,
}

impl Field {
    pub(super) const fn value_type(self) -> Type {
        match self {
            Self::Email
            | Self::Name
            | Self::Domain
            | Self::Language
            | Self::Timezone
            | Self::Notes => Type::Text,
            Self::Created | Self::Updated => Type::Time,
            Self::Role | Self::Disposable => Type::Boolean,
        }
    }
}

impl Type {
    pub(super) const fn of(kind: AttributeType) -> Self {
        match kind {
            AttributeType::Text => Self::Text,
            AttributeType::Number => Self::Number,
            AttributeType::Boolean => Self::Boolean,
            AttributeType::Date => Self::Day,
            AttributeType::List => Self::List,
        }
    }

    /// With its article, for sentences.
    pub(super) const fn in_words(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Number => "a number",
            Self::Boolean => "true or false",
            Self::Day => "a date",
            Self::Time => "a time",
            Self::List => "a list",
        }
    }

    /// How a value of it is written, for the help of an error.
    pub(super) const fn example(self) -> &'static str {
        match self {
            Self::Text => "write a text in single quotes, as 'ES'",
            Self::Number => "write a number without quotes, as 5 or 1.5",
            Self::Boolean => "write true or false, without quotes",
            Self::Day => "write '2026-03-01', now() or now() - '30d'",
            Self::Time => "write '2026-03-01', '2026-03-01T09:00:00Z' or now() - '30d'",
            Self::List => "ask with contains(…, 'tea')",
        }
    }
}

impl Function {
    /// Every function with its name.
    pub(super) fn all() -> impl Iterator<Item = (String, Self)> {
        let deeds = Activity::ALL.iter().flat_map(|activity| {
            let name = activity.as_str();
            [
                (name.to_owned(), Self::Did(*activity)),
                (format!("{name}_within"), Self::DidWithin(*activity)),
            ]
        });
        let others = [
            ("tagged", Self::Tagged),
            ("on_list", Self::OnList),
            ("in_segment", Self::InSegment),
            ("consented", Self::Consented),
            ("contains", Self::Contains),
            ("within", Self::Within),
            ("now", Self::Now),
        ];
        deeds.chain(others.map(|(name, function)| (name.to_owned(), function)))
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::all().find(|(known, _)| known == name).map(|(_, function)| function)
    }

    /// How it is called.
    pub(super) const fn usage(self) -> &'static str {
        match self {
            Self::Did(_) => "call it as opened() or opened('Spring')",
            Self::DidWithin(_) => {
                "call it as opened_within('30d') or opened_within('30d', 'Spring')"
            }
            Self::Tagged => "call it as tagged('vip')",
            Self::OnList => "call it as on_list('newsletter')",
            Self::InSegment => "call it as in_segment('pros')",
            Self::Consented => "call it as consented('newsletter')",
            Self::Contains => "call it as contains(attributes.interests, 'tea')",
            Self::Within => "call it as within(created_at, '30d')",
            Self::Now => "call it as now(), now() - '30d' or now() + '7d'",
        }
    }
}
