//! `/brands`: how a company speaks, and what it never says.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::envelope::{Created, Data, Envelope, Listed, Tagged};
use super::error::{ApiError, ErrorBody};
use super::extract::{Body, IfMatch, Query};
use super::routing::{Area, area};
use super::{PageQuery, Services};
use crate::core::content::{Brand, BrandError, NewBrand, Profile};

/// A brand.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct BrandBody {
    pub id: String,
    #[serde(flatten)]
    pub brand: NewBrandBody,
    /// Counts its changes, from 1.
    #[serde(default)]
    pub version: u64,
    #[schema(format = DateTime)]
    pub created_at: String,
    #[schema(format = DateTime)]
    pub updated_at: String,
}

/// A brand to be, or as it shall be.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct NewBrandBody {
    pub name: String,
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// How it speaks, for whoever writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice: Option<String>,
    #[serde(default)]
    pub words_to_use: Vec<String>,
    /// What campaigns are warned about.
    #[serde(default)]
    pub words_to_avoid: Vec<String>,
    /// As `es` or `pt-BR`.
    #[serde(default)]
    pub languages: Vec<String>,
    /// As `#2f6f4e`, by what they are for.
    #[serde(default)]
    pub colors: BTreeMap<String, String>,
    /// A web address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo: Option<String>,
    /// Web addresses, by what they lead to.
    #[serde(default)]
    pub links: BTreeMap<String, String>,
}

pub(super) fn area() -> Area {
    area![list_brands, create_brand, get_brand, replace_brand, delete_brand,]
}

/// Create a brand.
#[utoipa::path(post, path = "/brands", tag = "brands", request_body = NewBrandBody,
    responses(
        (status = 201, body = Envelope<BrandBody>),
        (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody),
    ))]
async fn create_brand(
    State(services): State<Services>,
    Body(new): Body<NewBrandBody>,
) -> Result<Created<BrandBody>, ApiError> {
    Ok(Created(services.brands.create(new.into()).await?.into()))
}

/// List brands, oldest first.
#[utoipa::path(get, path = "/brands", tag = "brands", params(PageQuery), responses(
    (status = 200, body = Envelope<Vec<BrandBody>>),
))]
async fn list_brands(
    State(services): State<Services>,
    Query(page): Query<PageQuery>,
) -> Result<Listed<BrandBody>, ApiError> {
    let page = page.request()?;
    Ok(Listed::new(services.brands.brands(page).await?, &page))
}

/// Get a brand by its name or id.
#[utoipa::path(get, path = "/brands/{brand}", tag = "brands",
    params(("brand" = String, Path, description = "name, id, or the start of one")),
    responses((status = 200, body = Envelope<BrandBody>), (status = 404, body = ErrorBody)))]
async fn get_brand(
    State(services): State<Services>,
    Path(brand): Path<String>,
) -> Result<Tagged<BrandBody>, ApiError> {
    Ok(tagged(services.brands.brand(&brand).await?))
}

/// Give a brand another profile; its name stays.
#[utoipa::path(put, path = "/brands/{brand}", tag = "brands", request_body = NewBrandBody,
    params(("brand" = String, Path, description = "name, id, or the start of one")),
    responses(
        (status = 200, body = Envelope<BrandBody>),
        (status = 404, body = ErrorBody),
        (status = 412, body = ErrorBody),
        (status = 422, body = ErrorBody),
    ))]
async fn replace_brand(
    State(services): State<Services>,
    Path(brand): Path<String>,
    IfMatch(version): IfMatch,
    Body(new): Body<NewBrandBody>,
) -> Result<Tagged<BrandBody>, ApiError> {
    let NewBrand { labels, profile, .. } = new.into();
    Ok(tagged(services.brands.update(&brand, profile, labels, version).await?))
}

/// Delete a brand.
#[utoipa::path(delete, path = "/brands/{brand}", tag = "brands",
    params(("brand" = String, Path, description = "name, id, or the start of one")),
    responses((status = 200, body = Envelope<BrandBody>), (status = 404, body = ErrorBody)))]
async fn delete_brand(
    State(services): State<Services>,
    Path(brand): Path<String>,
) -> Result<Data<BrandBody>, ApiError> {
    Ok(Data(services.brands.delete(&brand).await?.into()))
}

fn tagged(brand: Brand) -> Tagged<BrandBody> {
    let version = brand.version;
    Tagged(brand.into(), version)
}

impl From<NewBrandBody> for NewBrand {
    fn from(body: NewBrandBody) -> Self {
        let profile = Profile {
            voice: body.voice.filter(|voice| !voice.is_empty()),
            words_to_use: body.words_to_use,
            words_to_avoid: body.words_to_avoid,
            languages: body.languages,
            colors: body.colors,
            logo: body.logo,
            links: body.links,
        };
        Self { name: body.name, labels: body.labels, profile }
    }
}

impl From<Brand> for BrandBody {
    fn from(brand: Brand) -> Self {
        let Brand { id, name, labels, profile, version, created_at, updated_at } = brand;
        let Profile { voice, words_to_use, words_to_avoid, languages, colors, logo, links } =
            profile;
        Self {
            id: id.to_string(),
            brand: NewBrandBody {
                name,
                labels,
                voice,
                words_to_use,
                words_to_avoid,
                languages,
                colors,
                logo,
                links,
            },
            version,
            created_at: created_at.to_string(),
            updated_at: updated_at.to_string(),
        }
    }
}

impl From<BrandError> for ApiError {
    fn from(error: BrandError) -> Self {
        match &error {
            BrandError::NotFound(_) => Self::not_found("BRAND_NOT_FOUND", error),
            BrandError::Ambiguous { names, .. } => {
                let names = serde_json::json!({ "candidates": names });
                Self::conflict("AMBIGUOUS_REFERENCE", error).with_details(names)
            }
            BrandError::NameTaken(_) => Self::conflict("BRAND_NAME_TAKEN", error),
            BrandError::Outdated(_) => {
                Self::new(StatusCode::PRECONDITION_FAILED, "BRAND_OUTDATED", error)
            }
            BrandError::Profile(_) => Self::invalid("INVALID_BRAND", error),
            BrandError::Name(_) => Self::invalid("INVALID_NAME", error),
            BrandError::Store(cause) => cause.into(),
        }
    }
}
