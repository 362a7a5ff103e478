//! Segments: the contacts of whom something is true, as a person writes it.
//!
//! A text becomes a checked [`Expression`] or a [`BadExpression`] that shows the place ([`parse()`],
//! which is pure, total and bounded); what it names is put in place ([`Condition::resolved`]); the
//! rest becomes SQL with parameters ([`compile()`]).
//!
//! **Invariants:** nothing a person wrote is ever part of a statement's text; both engines and the
//! definitions of `docs/segments.md` agree on who matches; a text can be too large, too deep or too
//! dear, but it cannot be slow to refuse, nor take the program down.

mod calls;
mod check;
mod language;
mod literals;
mod model;
mod parse;
mod place;
mod resolve;
mod sql;
#[cfg(test)]
mod tests;
mod values;

pub use language::Field;
pub use model::{
    Comparison, Condition, Deed, Expression, Operand, Pattern, Piece, Reference, ReferenceKind,
    Subject,
};
pub use parse::parse;
pub use place::{BadExpression, Place};
pub use resolve::{Definitions, Unresolved};
pub use sql::{audience, compile};
