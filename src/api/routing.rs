//! Routes and their descriptions, each made only when it is wanted.
//!
//! Describing the routes costs a hundred times what serving them does, and a command that asks one
//! question needs no description. So an area is two functions over one list of handlers.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{MethodFilter, MethodRouter};
use utoipa::openapi::path::HttpMethod;
use utoipa_axum::PathItemExt as _;
use utoipa_axum::router::OpenApiRouter;

use super::{PREFIX, Services};

/// The handlers of an area, as they are served and as they are described.
pub(super) struct Area {
    pub(super) serve: fn(Routes) -> Routes,
    pub(super) describe: fn() -> OpenApiRouter<Services>,
    pub(super) body_limit: Option<usize>,
}

impl Area {
    /// The same, taking bodies of up to `bytes`.
    pub(super) fn with_body_limit(self, bytes: usize) -> Self {
        Self { body_limit: Some(bytes), ..self }
    }

    /// Adds its routes to `router`.
    pub(super) fn add_to(&self, router: Router<Services>) -> Router<Services> {
        (self.serve)(Routes { router, body_limit: self.body_limit }).router
    }
}

/// The routes so far; each is put in once, where it is to stay.
pub(super) struct Routes {
    router: Router<Services>,
    body_limit: Option<usize>,
}

impl Routes {
    /// The same, with `handler` at `path` under the prefix.
    pub(super) fn with(self, path: &str, handler: MethodRouter<Services>) -> Self {
        let handler = match self.body_limit {
            Some(bytes) => handler.layer(DefaultBodyLimit::max(bytes)),
            None => handler,
        };
        Self { router: self.router.route(&format!("{PREFIX}{path}"), handler), ..self }
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
            serve: |routes| {
                routes$(.with(
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
