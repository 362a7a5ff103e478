//! Brands: how a company speaks, and what it never says.
//!
//! A brand is a profile of texts. Campaigns are held against the words it avoids where manifests are
//! checked; it stops none of them. `model` has the rules, `store` its table, [`Brands`] is the door.

mod model;
mod service;
mod store;

pub use model::{BadProfile, Brand, BrandError, NewBrand, Profile, visible};
pub use service::Brands;
