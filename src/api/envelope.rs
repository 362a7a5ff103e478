//! The envelope of every answer: `{"success": true, "data": …, "meta": …}`.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::core::kernel::{Page, PageRequest};

/// An answer that succeeded.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Envelope<T> {
    /// Always true; errors have a body of their own.
    pub success: bool,
    pub data: T,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
}

/// What there is to know about the data.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct Meta {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pagination: Option<Pagination>,
}

/// Where a page stands in its list.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Pagination {
    /// Rows in a page at the most.
    pub limit: u32,
    /// Give this as `cursor` for the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// 200 with data.
#[derive(Debug)]
pub(super) struct Data<T>(pub(super) T);

/// 201 with the thing that was made.
#[derive(Debug)]
pub(super) struct Created<T>(pub(super) T);

/// 200 with the thing and its version as `ETag`.
#[derive(Debug)]
pub(super) struct Tagged<T>(pub(super) T, pub(super) u64);

/// 200 with a page.
#[derive(Debug)]
pub(super) struct Listed<T> {
    items: Vec<T>,
    pagination: Pagination,
}

impl<T> Listed<T> {
    pub(super) fn new<U: Into<T>, C: ToString, A>(
        page: Page<U, C>,
        request: &PageRequest<A>,
    ) -> Self {
        let next_cursor = page.next.map(|cursor| cursor.to_string());
        let items = page.items.into_iter().map(Into::into).collect();
        Self { items, pagination: Pagination { limit: request.limit, next_cursor } }
    }
}

fn envelope<T>(data: T) -> Json<Envelope<T>> {
    Json(Envelope { success: true, data, meta: None })
}

impl<T: Serialize> IntoResponse for Data<T> {
    fn into_response(self) -> Response {
        envelope(self.0).into_response()
    }
}

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, envelope(self.0)).into_response()
    }
}

impl<T: Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        let mut response = envelope(self.0).into_response();
        if let Ok(tag) = HeaderValue::from_str(&format!("\"{}\"", self.1)) {
            response.headers_mut().insert(header::ETAG, tag);
        }
        response
    }
}

impl<T: Serialize> IntoResponse for Listed<T> {
    fn into_response(self) -> Response {
        let meta = Meta { pagination: Some(self.pagination) };
        Json(Envelope { success: true, data: self.items, meta: Some(meta) }).into_response()
    }
}
