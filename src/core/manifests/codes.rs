//! Codes: the sorts of findings there are, as words that stay.
//!
//! People read messages; pipelines count, filter and silence by code. **Invariant:** a code keeps
//! its meaning once it is released.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What sort of thing was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    YamlSyntax,
    TooLarge,
    UnknownKey,
    MissingKey,
    WrongType,
    InvalidValue,
    ConflictingKeys,
    PlainSecret,
    Duplicate,
    UnknownReference,
    EndlessLayout,
    Circle,
    BodyFile,
    UnsetVariable,
    Template,
    Expression,
    Campaign,
    BrandWord,
    Drifted,
    NotChecked,
}

/// Whether a finding stands in the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Nothing is applied while it is there.
    #[default]
    Error,
    /// Worth a look; it stops nothing.
    Warning,
}

impl Code {
    pub const ALL: [Self; 20] = [
        Self::YamlSyntax,
        Self::TooLarge,
        Self::UnknownKey,
        Self::MissingKey,
        Self::WrongType,
        Self::InvalidValue,
        Self::ConflictingKeys,
        Self::PlainSecret,
        Self::Duplicate,
        Self::UnknownReference,
        Self::EndlessLayout,
        Self::Circle,
        Self::BodyFile,
        Self::UnsetVariable,
        Self::Template,
        Self::Expression,
        Self::Campaign,
        Self::BrandWord,
        Self::Drifted,
        Self::NotChecked,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::YamlSyntax => "yaml-syntax",
            Self::TooLarge => "too-large",
            Self::UnknownKey => "unknown-key",
            Self::MissingKey => "missing-key",
            Self::WrongType => "wrong-type",
            Self::InvalidValue => "invalid-value",
            Self::ConflictingKeys => "conflicting-keys",
            Self::PlainSecret => "plain-secret",
            Self::Duplicate => "duplicate",
            Self::UnknownReference => "unknown-reference",
            Self::EndlessLayout => "endless-layout",
            Self::Circle => "circle",
            Self::BodyFile => "body-file",
            Self::UnsetVariable => "unset-variable",
            Self::Template => "template",
            Self::Expression => "expression",
            Self::Campaign => "campaign",
            Self::BrandWord => "brand-word",
            Self::Drifted => "drifted",
            Self::NotChecked => "not-checked",
        }
    }

    /// The rule that a finding of this sort breaks, in a sentence.
    pub const fn about(self) -> &'static str {
        match self {
            Self::YamlSyntax => "A manifest is plain YAML: no tags, no key twice, no tabs.",
            Self::TooLarge => "Manifests and their files have limits of size, depth and number.",
            Self::UnknownKey => "A mapping has only the keys of its kind.",
            Self::MissingKey => "The required keys of a mapping are there.",
            Self::WrongType => "A value is a text, a number, a list or a mapping, as its key asks.",
            Self::InvalidValue => "A value has the form that its key asks for.",
            Self::ConflictingKeys => "Of keys that exclude each other, one is written.",
            Self::PlainSecret => "A password is named, never written in a manifest.",
            Self::Duplicate => "No two things of one kind share a name.",
            Self::UnknownReference => "What a document names is in the files or exists.",
            Self::EndlessLayout => "Layouts end, after 8 templates around a template at most.",
            Self::Circle => "Documents do not name each other in a circle.",
            Self::BodyFile => "The file of a body is text, in the manifest's folder.",
            Self::UnsetVariable => "A variable that a field names is set, or has a default.",
            Self::Template => "The subjects and bodies of messages compile.",
            Self::Expression => "The expression of a segment is one of the segment language.",
            Self::Campaign => "A campaign could be sent as it is written.",
            Self::BrandWord => "A campaign says nothing that its brand avoids.",
            Self::Drifted => "What was applied is changed by manifests only.",
            Self::NotChecked => "What only the workspace knows is not checked without it.",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Severity {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_one_word_everywhere() {
        for code in Code::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
            assert!(code.about().ends_with('.'));
        }
    }
}
