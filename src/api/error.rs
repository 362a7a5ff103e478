//! Errors on the wire: one body, a stable code, and the status that fits.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::core::kernel::Clock;
use crate::storage::sql::DbError;

/// The header that names a request, in answers and in logs.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// An answer that failed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ErrorBody {
    /// Always false.
    pub success: bool,
    pub error: ErrorDetail,
}

/// What went wrong.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ErrorDetail {
    /// A stable word for programs, such as `CAMPAIGN_NOT_FOUND`.
    pub code: String,
    /// A sentence for people: what is wrong and what to do.
    pub message: String,
    /// More, by code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<serde_json::Value>,
    /// Names the request in the logs.
    #[serde(default)]
    pub request_id: String,
}

/// The error of a handler.
#[derive(Clone, Debug)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    details: Option<serde_json::Value>,
}

impl ApiError {
    #[expect(clippy::needless_pass_by_value, reason = "errors are given away to be worded")]
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl ToString) -> Self {
        Self { status, code, message: message.to_string(), details: None }
    }

    pub(super) fn with_details(mut self, details: serde_json::Value) -> Self {
        self.details = Some(details);
        self
    }

    pub(super) fn bad_request(code: &'static str, message: impl ToString) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(super) fn not_found(code: &'static str, message: impl ToString) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    pub(super) fn conflict(code: &'static str, message: impl ToString) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }

    /// The request is understood and its content cannot be used.
    pub(super) fn invalid(code: &'static str, message: impl ToString) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, message)
    }

    /// The error as part of an answer that has begun.
    pub(super) fn into_detail(self) -> ErrorDetail {
        ErrorDetail {
            code: self.code.to_owned(),
            message: self.message,
            details: self.details,
            request_id: String::new(),
        }
    }

    /// Something failed that the caller cannot mend; the cause is logged, not told.
    pub(super) fn internal(error: &dyn std::error::Error) -> Self {
        let cause = error.source().map(ToString::to_string).unwrap_or_default();
        tracing::error!(error = %error, cause, "a request failed");
        let message = "something went wrong inside frontier; its log has the cause under this \
                       request's id";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", message)
    }
}

impl From<&DbError> for ApiError {
    fn from(error: &DbError) -> Self {
        let unavailable = |code| Self::new(StatusCode::SERVICE_UNAVAILABLE, code, error);
        match error {
            DbError::Busy => unavailable("STORE_BUSY"),
            DbError::Unavailable(_) | DbError::Unwritable(_) => unavailable("STORE_UNAVAILABLE"),
            DbError::FromTheFuture { .. } | DbError::ChangedMigration(_) => {
                unavailable("STORE_VERSION")
            }
            DbError::Conflict { .. } => Self::conflict("CONFLICT", error),
            DbError::Engine(_) => Self::internal(error),
        }
    }
}

impl IntoResponse for ApiError {
    /// The body is written by [`finish`], which knows the request's id.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Names every request, and writes the body of those that failed.
pub(super) async fn finish(State(clock): State<Clock>, request: Request, next: Next) -> Response {
    let id = clock.new_id().to_string();
    let span = tracing::info_span!("request", method = %request.method(), path = request.uri().path(), request_id = id);
    let mut response = tracing::Instrument::instrument(next.run(request), span).await;
    if let Some(error) = response.extensions_mut().remove::<ApiError>() {
        let error = ErrorDetail { request_id: id.clone(), ..error.into_detail() };
        let headers = std::mem::take(response.headers_mut());
        let status = response.status();
        response = (status, Json(ErrorBody { success: false, error })).into_response();
        for (name, value) in
            headers.iter().filter(|(name, _)| !name.as_str().starts_with("content-"))
        {
            response.headers_mut().insert(name, value.clone());
        }
    }
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

pub(super) async fn no_route(uri: Uri) -> ApiError {
    let message = format!("there is no route `{}`; `frontier api --list` shows all", uri.path());
    ApiError::not_found("ROUTE_NOT_FOUND", message)
}

pub(super) async fn no_method(method: Method, uri: Uri) -> ApiError {
    let message = format!("`{}` does not take {method}", uri.path());
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", message)
}
