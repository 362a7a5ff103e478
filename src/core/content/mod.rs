//! Content: what a message says, compiled once a run and rendered for each contact.
//!
//! [`Compiled::compile`] does all that no contact changes: layouts and includes, Markdown and MJML
//! to HTML, CSS inlined, a text part derived. What is left is a handful of Jinja templates, which
//! [`Compiled::render`] fills from any number of threads. Content knows templates and values; it
//! does not know where either is stored, nor who sends the result.
//!
//! **Invariants:** a variable without a value is an error, never a hole in a mail; a subject is one
//! line; a template can neither run for long nor load anything; Jinja tags reach the last step as
//! their author wrote them, in their order.

mod assemble;
mod brands;
mod check;
mod compiled;
mod compose;
mod engine;
mod error;
mod html;
mod lex;
mod lines;
mod markdown;
mod mask;
mod mjml;
mod model;
mod scan;
mod service;
mod starters;
mod store;
mod template;
#[cfg(test)]
mod tests;
mod text_part;
mod tidy;
mod variables;

pub use brands::{BadProfile, Brand, BrandError, Brands, NewBrand, Profile, visible};
pub use compiled::Compiled;
pub use error::{ContentError, Place, RenderError, RenderPlace};
pub use model::{BadFormat, Format, Library, MessageSource, Part, Rendered, TemplateSource};
pub use service::{Templates, may_include, reachable};
pub use starters::{Starter, StarterError};
pub use template::{Template, TemplateError};
pub use variables::{CampaignVariables, ContactVariables, SenderVariables, Variables};
