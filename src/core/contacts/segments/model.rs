//! Checked expressions: what a segment asks, with the type of everything settled.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::language::Field;
use super::place::Place;
use crate::core::contacts::{Activity, AttributeType};
use crate::core::kernel::Timestamp;

/// What must be true of a contact. `Not`, `All` and `Any` are those of SQL: a condition about a
/// value that is missing is unknown, and so is its opposite.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Compare {
        subject: Subject,
        op: Comparison,
        value: Operand,
    },
    OneOf {
        subject: Subject,
        values: Vec<Operand>,
    },
    Like {
        subject: Subject,
        pattern: Pattern,
    },
    /// Never unknown, as all below.
    Missing(Subject),
    /// The list attribute `key` has `item` in it; a missing list has nothing in it.
    Contains {
        key: String,
        item: String,
    },
    Did(Deed),
    Tagged(String),
    /// Subscribed to the list of this name.
    OnList(String),
    InSegment(String),
    /// The last record of this purpose says so.
    Consented(String),
}

/// What is compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    Field(#[serde(with = "field_word")] Field),
    /// A value that is not of this type is missing.
    Attribute {
        key: String,
        #[serde(with = "type_word")]
        kind: AttributeType,
    },
}

/// What it is compared with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operand {
    /// In the form the subject is kept in: folded where that is.
    Text(String),
    Number(f64),
    Boolean(bool),
    Day(NaiveDate),
    Time(Timestamp),
    /// So many milliseconds after the moment of asking; its day in UTC where a day is asked for.
    Now(i64),
}

/// Text with holes, in the form the subject is kept in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pattern(pub Vec<Piece>);

/// A piece of a [`Pattern`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Piece {
    Text(String),
    /// `_`
    One,
    /// `%`
    Any,
}

/// Something a contact did with the mails of a campaign, or of any.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    #[serde(with = "activity_word")]
    pub activity: Activity,
    /// Milliseconds back from the moment of asking.
    pub within: Option<i64>,
    pub campaign: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A checked expression, and what it names that must exist.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    pub condition: Condition,
    pub references: Vec<Reference>,
}

/// An expression names something of the workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    pub kind: ReferenceKind,
    pub name: String,
    pub at: Place,
}

/// What an expression names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReferenceKind {
    List,
    Segment,
    Campaign,
}

impl Comparison {
    /// As both engines write it.
    pub(super) const fn sql(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::Unequal => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    /// What is true when this is false.
    pub(super) const fn opposite(self) -> Self {
        match self {
            Self::Equal => Self::Unequal,
            Self::Unequal => Self::Equal,
            Self::Less => Self::GreaterOrEqual,
            Self::LessOrEqual => Self::Greater,
            Self::Greater => Self::LessOrEqual,
            Self::GreaterOrEqual => Self::Less,
        }
    }

    /// What holds of `b` and `a` when this holds of `a` and `b`.
    pub(super) const fn mirrored(self) -> Self {
        match self {
            Self::Equal | Self::Unequal => self,
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
        }
    }
}

impl Condition {
    /// All of `parts`, without layers that say nothing.
    pub(super) fn all(parts: Vec<Self>) -> Self {
        let mut flat = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Self::All(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        if flat.len() == 1 { flat.remove(0) } else { Self::All(flat) }
    }

    /// Any of `parts`, without layers that say nothing.
    pub(super) fn any(parts: Vec<Self>) -> Self {
        let mut flat = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Self::Any(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        if flat.len() == 1 { flat.remove(0) } else { Self::Any(flat) }
    }

    pub(super) fn opposite(self) -> Self {
        match self {
            Self::Not(inner) => *inner,
            other => Self::Not(Box::new(other)),
        }
    }

    /// What stands directly under this.
    pub(super) fn parts(&self) -> &[Self] {
        match self {
            Self::All(parts) | Self::Any(parts) => parts,
            Self::Not(inner) => std::slice::from_ref(inner),
            _ => &[],
        }
    }

    /// How large, deep and dear it is.
    pub(super) fn weight(&self) -> Weight {
        let mut weight = Weight { nodes: 1, depth: 1, lookups: 0 };
        let lookup = matches!(
            self,
            Self::Did(_)
                | Self::Tagged(_)
                | Self::OnList(_)
                | Self::InSegment(_)
                | Self::Consented(_)
        );
        weight.lookups += usize::from(lookup);
        for part in self.parts().iter().map(Self::weight) {
            weight.nodes += part.nodes;
            weight.depth = weight.depth.max(part.depth + 1);
            weight.lookups += part.lookups;
        }
        weight
    }
}

/// The size of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Weight {
    pub(super) nodes: usize,
    pub(super) depth: usize,
    /// How many conditions look into another table.
    pub(super) lookups: usize,
}

/// Words of closed sets, as JSON texts.
macro_rules! word_serde {
    ($module:ident, $word:ty) => {
        mod $module {
            use serde::{Deserialize as _, Deserializer, Serializer, de};

            pub(super) fn serialize<S: Serializer>(
                word: &$word,
                serializer: S,
            ) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(word.as_str())
            }

            pub(super) fn deserialize<'de, D: Deserializer<'de>>(
                deserializer: D,
            ) -> Result<$word, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    };
}

word_serde!(field_word, super::Field);
word_serde!(activity_word, crate::core::contacts::Activity);
word_serde!(type_word, crate::core::contacts::AttributeType);
