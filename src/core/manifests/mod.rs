//! Manifests: campaigns as code.
//!
//! YAML files become typed [`Document`]s or a list of [`Problem`]s with file, line and column;
//! documents become YAML again ([`write()`]); two sets of documents become a [`Plan`]. That half is
//! pure: it reads no file, no table and no clock. [`Manifests`] is the other: it compares documents
//! with what exists and makes them so, through the areas whose things they are.
//!
//! A text is read in one direction. `positions` makes a tree that knows where everything stands
//! and refuses what is no plain YAML; `check` holds the tree against the tables of `shape` and
//! against the rules between fields; only then `written` gives it its type and `model` its meaning.
//! What all that is for one kind stands in its file of `kinds`. `world` is what exists, as documents,
//! and the way back. Without a workspace, `offline` says what the texts alone can tell.
//!
//! **Invariants**
//! - A document is self-contained: the bodies of its files are in it.
//! - All or nothing: one problem anywhere, and no document comes out. Every problem has a position.
//!   What is applied is applied whole or not at all.
//! - A password is never in a document, and one written by mistake is never repeated in a problem.
//! - `parse(write(documents)) == documents`, and writing is stable to the byte. What is exported
//!   and applied again changes nothing.

mod check;
mod codes;
mod diff;
mod drift;
mod environment;
mod findings;
mod kinds;
mod links;
mod model;
mod offline;
mod parse;
mod positions;
mod prepare;
mod problem;
mod prune;
mod recipients;
mod reference;
mod rules;
mod schema;
mod seal;
mod service;
mod shape;
#[cfg(test)]
mod tests;
mod timing;
mod unified;
mod unreadable;
mod wording;
mod world;
mod write;
mod written;

pub use codes::{Code, Severity};
pub use diff::{Action, Change, FieldChange, FieldValue, Plan, Warning};
pub use drift::Drift;
pub use model::{
    CampaignSpec, Document, Kind, ListSpec, Origin, ScheduleSpec, SegmentSpec, Spec, TemplateSpec,
};
pub use offline::validate_alone;
pub use parse::{
    FileReference, MAX_BUNDLE_BYTES, Outline, SourceFile, Survey, VariableReference, parse,
    referenced_files, survey,
};
pub use positions::MAX_FILE_BYTES;
pub use problem::{Problem, Problems, Snippet};
pub use reference::reference;
pub use schema::schema;
pub use service::{Bundle, ManifestError, Manifests, Selection, Validation};
pub use write::{WriteError, WriteOptions, WrittenFiles, write};

/// The version every manifest names in `apiVersion`.
pub const API_VERSION: &str = "frontier/v1";
