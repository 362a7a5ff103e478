//! What can be wrong with a message: for everybody ([`ContentError`]) or for one contact
//! ([`RenderError`]).

use std::fmt;

use super::model::{Format, Part};

/// A place in a file of the author's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The template's name, or the message's for its subject, preheader and own text part.
    pub template: String,
    /// Counted from 1.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` line {}", self.template, self.line)
    }
}

/// Why a message cannot be sent to anybody.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    #[error("{place}: {detail}; correct the Jinja tag")]
    Syntax { place: Place, detail: String },
    #[error("{place}: there is no {what} `{name}`; {}", instead(meant.as_deref(), known))]
    Unknown { place: Place, what: &'static str, name: String, meant: Option<String>, known: String },
    #[error("{place}: there is no template `{name}`; {}", instead(meant.as_deref(), "add it, or correct the name"))]
    NoTemplate { place: Place, name: String, meant: Option<String> },
    #[error("templates refer to each other in a circle: {}; break it", .0.join(" → "))]
    Cycle(Vec<String>),
    #[error("templates are nested too deep: {}; at most {max} levels", chain.join(" → "))]
    TooDeep { chain: Vec<String>, max: usize },
    #[error("the layout `{0}` has no place for the body; write `{{{{ content }}}}` there")]
    NoContentPlace(String),
    #[error(
        "`{inner}` is {inner_format} and cannot go into `{outer}`, which is {outer_format}; use templates of one format, or Markdown inside HTML or MJML"
    )]
    Mismatch { inner: String, inner_format: Format, outer: String, outer_format: Format },
    #[error(
        "`{0}` has MJML sections but no document; give it a `layout:`, or put it in `<mjml><mj-body>…</mj-body></mjml>`"
    )]
    MjmlFragment(String),
    #[error("{place}: {detail}")]
    Mjml { place: Place, detail: String },
    #[error("the style sheets of `{template}` could not be inlined: {detail}; correct the CSS")]
    Css { template: String, detail: String },
    #[error("{place}: `{tag}` cannot stand {whereabouts}; {fix}")]
    Misplaced { place: Place, tag: String, whereabouts: &'static str, fix: &'static str },
    #[error(
        "the {part} cannot be read after its conversion: {detail}; put whole elements between Jinja tags"
    )]
    Lost { part: Part, detail: String },
    #[error("{place}: `{tag}` is not supported; {fix}")]
    Unsupported { place: Place, tag: String, fix: &'static str },
}

impl ContentError {
    /// Where it is, when it is in one place.
    pub const fn place(&self) -> Option<&Place> {
        match self {
            Self::Syntax { place, .. }
            | Self::Unknown { place, .. }
            | Self::NoTemplate { place, .. }
            | Self::Mjml { place, .. }
            | Self::Misplaced { place, .. }
            | Self::Unsupported { place, .. } => Some(place),
            Self::Cycle(_)
            | Self::TooDeep { .. }
            | Self::NoContentPlace(_)
            | Self::Mismatch { .. }
            | Self::MjmlFragment(_)
            | Self::Css { .. }
            | Self::Lost { .. } => None,
        }
    }
}

impl RenderError {
    /// Where it is, when that is known.
    pub const fn place(&self) -> Option<&Place> {
        match self {
            Self::Undefined { at, .. } | Self::TooMuchWork { at } | Self::Failed { at, .. } => {
                at.place.as_ref()
            }
            Self::TooLarge { .. } | Self::BadValues(_) => None,
        }
    }
}

fn instead(meant: Option<&str>, otherwise: &str) -> String {
    meant.map_or_else(|| otherwise.to_owned(), |meant| format!("did you mean `{meant}`?"))
}

fn owner(name: &str) -> &'static str {
    if name.starts_with("contact.") { "the contact" } else { "it" }
}

/// Where rendering stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderPlace {
    pub part: Part,
    pub place: Option<Place>,
}

impl fmt::Display for RenderPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{}, {place}", self.part),
            None => self.part.fmt(f),
        }
    }
}

/// Why one contact cannot be sent a message.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    #[error(
        "`{name}` has no value ({at}); give {} one, or write `{{{{ {name} | default('…') }}}}`",
        owner(name)
    )]
    Undefined { name: String, at: RenderPlace },
    #[error("the template does too much work ({at}); is there a loop that hardly ends?")]
    TooMuchWork { at: RenderPlace },
    #[error("the {part} is larger than {max} bytes; make it shorter")]
    TooLarge { part: Part, max: usize },
    #[error("{detail} ({at})")]
    Failed { detail: String, at: RenderPlace },
    #[error("the values for the templates cannot be read: {0}")]
    BadValues(String),
}
