//! Extractors whose refusals are our errors, with the place of the mistake.

use std::str::FromStr;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;

use super::error::ApiError;
use crate::core::kernel::{KeyCursor, MAX_LIMIT, PageRequest, nearest};

/// A JSON body. A field that is wrong is named by its path.
#[derive(Debug)]
pub(super) struct Body<T>(pub(super) T);

/// Query parameters.
#[derive(Debug)]
pub(super) struct Query<T>(pub(super) T);

/// The version a caller read, from `If-Match`, when it gave one.
#[derive(Clone, Copy, Debug)]
pub(super) struct IfMatch(pub(super) Option<u64>);

/// Which page of a list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// `meta.pagination.next_cursor` of the page before; absent for the first.
    pub cursor: Option<String>,
    /// Rows in the page, 1 to 1000.
    #[param(minimum = 1, maximum = 1000, default = 50)]
    pub limit: Option<u32>,
}

impl PageQuery {
    pub(super) fn request(&self) -> Result<PageRequest, ApiError> {
        Ok(PageRequest::new(self.cursor()?, self.limit()?))
    }

    /// The same, of a list whose rows have a key of several ids; `None` before its first page.
    pub(super) fn keyed<const N: usize>(
        &self,
    ) -> Result<PageRequest<Option<KeyCursor<N>>>, ApiError> {
        let limit = PageRequest::new(None, self.limit()?).limit;
        Ok(PageRequest { after: self.cursor()?, limit })
    }

    fn cursor<C: FromStr>(&self) -> Result<Option<C>, ApiError> {
        self.cursor.as_deref().map(str::parse).transpose().map_err(|_| {
            ApiError::bad_request(
                "INVALID_CURSOR",
                "this cursor is not one this list gave; start without",
            )
        })
    }

    fn limit(&self) -> Result<Option<u32>, ApiError> {
        if self.limit.is_some_and(|limit| limit == 0 || limit > MAX_LIMIT) {
            let message = format!("a page has 1 to {MAX_LIMIT} rows");
            return Err(ApiError::bad_request("INVALID_LIMIT", message));
        }
        Ok(self.limit)
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        if !kind.and_then(|kind| kind.to_str().ok()).is_some_and(|kind| kind.contains("json")) {
            return Err(ApiError::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "NOT_JSON",
                "the body must be JSON, with `Content-Type: application/json`",
            ));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|refusal| {
            let code = if refusal.status() == StatusCode::PAYLOAD_TOO_LARGE {
                "BODY_TOO_LARGE"
            } else {
                "BODY_UNREADABLE"
            };
            ApiError::new(refusal.status(), code, refusal.body_text())
        })?;
        let mut reader = serde_json::Deserializer::from_slice(&bytes);
        let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            let (path, cause) = (error.path().to_string(), error.into_inner());
            let place = if path == "." { String::new() } else { format!("`{path}`: ") };
            ApiError::invalid("INVALID_BODY", format!("{place}{cause}"))
        })?;
        reader.end().map_err(|error| ApiError::invalid("INVALID_BODY", error))?;
        Ok(Self(value))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        axum::extract::Query::try_from_uri(&parts.uri)
            .map(|axum::extract::Query(value)| Self(value))
            .map_err(|refusal| ApiError::bad_request("INVALID_QUERY", refusal.body_text()))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let Some(value) = parts.headers.get(header::IF_MATCH) else { return Ok(Self(None)) };
        let text = value.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(Self(None));
        }
        let version = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        version.and_then(|text| text.parse().ok()).map(|version| Self(Some(version))).ok_or_else(
            || {
                ApiError::bad_request(
                    "INVALID_IF_MATCH",
                    "If-Match takes the ETag of an answer, in its quotes",
                )
            },
        )
    }
}

/// Merges `patch` into `target` as RFC 7396 says, refusing fields that `known` does not have.
///
/// Only the fields of the outermost object are checked here; what is in them is checked when they
/// are read.
pub(super) fn merge(
    target: &mut serde_json::Value,
    patch: serde_json::Value,
    known: &serde_json::Value,
) -> Result<(), ApiError> {
    let serde_json::Value::Object(patch) = patch else {
        return Err(ApiError::invalid("INVALID_BODY", "a patch is an object of fields to change"));
    };
    for (field, value) in patch {
        if known.get(&field).is_none() {
            let names = known.as_object().into_iter().flat_map(|fields| fields.keys());
            let hint = nearest(&field, names.map(String::as_str))
                .map(|near| format!("; did you mean `{near}`?"))
                .unwrap_or_default();
            let message = format!("there is no field `{field}` to change{hint}");
            return Err(ApiError::invalid("INVALID_BODY", message));
        }
        merge_value(&mut target[&field], value);
    }
    Ok(())
}

fn merge_value(target: &mut serde_json::Value, patch: serde_json::Value) {
    let serde_json::Value::Object(fields) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = serde_json::json!({});
    }
    for (field, value) in fields {
        if value.is_null() {
            if let Some(object) = target.as_object_mut() {
                object.shift_remove(&field);
            }
        } else {
            merge_value(&mut target[&field], value);
        }
    }
}
