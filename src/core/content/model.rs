//! What an author writes, and what a contact gets.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::core::kernel::nearest;

/// The language a template's body is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    Markdown,
    Html,
    Mjml,
}

impl Format {
    pub const ALL: [Self; 3] = [Self::Markdown, Self::Html, Self::Mjml];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Markdown => "markdown",
            Self::Html => "html",
            Self::Mjml => "mjml",
        }
    }

    /// The format that the ending of a file's name stands for.
    pub fn of_file(name: &str) -> Option<Self> {
        let (_, ending) = name.rsplit_once('.')?;
        match ending.to_ascii_lowercase().as_str() {
            "md" | "markdown" | "txt" => Some(Self::Markdown),
            "html" | "htm" => Some(Self::Html),
            "mjml" => Some(Self::Mjml),
            _ => None,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no format.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a format; write `markdown`, `html` or `mjml`")]
pub struct BadFormat(String);

impl FromStr for Format {
    type Err = BadFormat;

    fn from_str(text: &str) -> Result<Self, BadFormat> {
        Self::ALL
            .into_iter()
            .find(|format| format.as_str() == text)
            .ok_or_else(|| BadFormat(text.to_owned()))
    }
}

/// A template as its author wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateSource {
    /// Names it in errors, in `layout:` and in `{% include "name" %}`.
    pub name: String,
    pub format: Format,
    /// The template that this one is put into, at its `{{ content }}`.
    pub layout: Option<String>,
    pub body: String,
}

/// A message as its author wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageSource {
    /// Names the subject, preheader and text part in errors.
    pub name: String,
    pub subject: String,
    /// The line a mailbox shows after the subject.
    pub preheader: Option<String>,
    pub body: TemplateSource,
    /// The author's own text part; without it, one is derived from the body.
    pub text: Option<String>,
}

/// The templates that layouts and includes may name.
#[derive(Clone, Debug, Default)]
pub struct Library(BTreeMap<String, TemplateSource>);

impl Library {
    pub fn get(&self, name: &str) -> Option<&TemplateSource> {
        self.0.get(name)
    }

    /// The template whose name is most like `name`, when one is near.
    pub fn nearest(&self, name: &str) -> Option<&str> {
        nearest(name, self.0.keys().map(String::as_str))
    }
}

impl FromIterator<TemplateSource> for Library {
    fn from_iter<T: IntoIterator<Item = TemplateSource>>(templates: T) -> Self {
        Self(templates.into_iter().map(|template| (template.name.clone(), template)).collect())
    }
}

/// A message as one contact gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// One line, trimmed: safe as a header.
    pub subject: String,
    /// One line, trimmed; it is in `html` already.
    pub preheader: Option<String>,
    pub html: String,
    pub text: String,
}

/// A part of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Subject,
    Preheader,
    Html,
    Text,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Subject => "subject",
            Self::Preheader => "preheader",
            Self::Html => "html part",
            Self::Text => "text part",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_has_one_name_everywhere() {
        for format in Format::ALL {
            assert_eq!(format.as_str().parse::<Format>().unwrap(), format);
            assert_eq!(serde_json::to_value(format).unwrap(), format.as_str());
        }
        let of =
            |names: &[&str]| names.iter().map(|name| Format::of_file(name)).collect::<Vec<_>>();
        assert_eq!(of(&["a/b.MD", "b.mjml"]), [Some(Format::Markdown), Some(Format::Mjml)]);
        assert_eq!(of(&["html", "a.docx", "a.md/b"]), [None, None, None]);
        insta::assert_snapshot!(
            "HTML5".parse::<Format>().unwrap_err(),
            @"`HTML5` is not a format; write `markdown`, `html` or `mjml`"
        );
    }
}
