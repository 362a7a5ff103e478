//! Routes and their descriptions, each made only when it is wanted.
//!
//! Describing the routes costs a hundred times what serving them does, and a command that asks one
//! question needs no description. So an area is two functions over one list of handlers.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::MethodFilter;
use utoipa::openapi::path::HttpMethod;
use utoipa_axum::PathItemExt as _;
use utoipa_axum::router::OpenApiRouter;

use super::Services;

/// The handlers of an area, as they are served and as they are described.
pub(super) struct Area {
    pub(super) serve: fn() -> Router<Services>,
    pub(super) describe: fn() -> OpenApiRouter<Services>,
    pub(super) body_limit: Option<usize>,
}

impl Area {
    /// The same, taking bodies of up to `bytes`.
    pub(super) fn with_body_limit(self, bytes: usize) -> Self {
        Self { body_limit: Some(bytes), ..self }
    }

    pub(super) fn router(&self) -> Router<Services> {
        let router = (self.serve)();
        match self.body_limit {
            Some(bytes) => router.layer(DefaultBodyLimit::max(bytes)),
            None => router,
        }
    }
}

/// The methods a handler is described with, as axum takes them.
pub(super) fn methods(described: &[HttpMethod]) -> MethodFilter {
    let mut filters = described.iter().map(HttpMethod::to_method_filter);
    // A description without a method does not compile; GET is never reached.
    let first = filters.next().unwrap_or(MethodFilter::GET);
    filters.fold(first, MethodFilter::or)
}

/// Makes the [`Area`] of handlers, which stand in scope with the descriptions that
/// `#[utoipa::path]` puts beside them.
macro_rules! area {
    ($($handler:ident),+ $(,)?) => {
        $crate::api::routing::Area {
            serve: || {
                axum::Router::new()$(.route(
                    &utoipa_axum::paste! { <[<__path_ $handler>] as utoipa::Path>::path() },
                    axum::routing::on(
                        $crate::api::routing::methods(
                            &utoipa_axum::paste! { <[<__path_ $handler>] as utoipa::Path>::methods() },
                        ),
                        $handler,
                    ),
                ))+
            },
            describe: || {
                utoipa_axum::router::OpenApiRouter::new()$(
                    .routes(utoipa_axum::routes!($handler))
                )+
            },
            body_limit: None,
        }
    };
}
pub(super) use area;
