//! The one door: every capability is a route here first.
//!
//! A file per area with its bodies and handlers. Handlers translate: no SQL, no rules. The command
//! line, the terminal interface and web pages are clients of these routes, whether in-process or
//! over a socket.

mod attributes;
mod brands;
mod campaigns;
mod channels;
mod contacts;
mod deliveries;
mod envelope;
mod error;
mod extract;
mod health;
mod imports;
mod limits;
mod lists;
mod manifests;
mod reports;
mod routing;
mod runs;
mod schedules;
mod segments;
mod services;
mod starters;
mod suppression_sets;
mod suppressions;
mod templates;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::core::kernel::Clock;
use routing::Area;

pub use attributes::{
    AttributeBody, AttributeChangeBody, AttributeChangedBody, AttributeTypeBody, NewAttributeBody,
};
pub use brands::{BrandBody, NewBrandBody};
pub use campaigns::{
    AudienceBody, CampaignBody, DuplicateBody, GoalBody, MessageBody, MoneyBody, NewCampaignBody,
    ProgressBody, WaitingBody,
};
pub use channels::{
    ChannelBody, DkimBody, DnsBody, DnsRecordBody, MailboxBody, NewChannelBody, PasswordBody,
    SmtpBody, UnsubscribeBody,
};
pub use contacts::{
    ActivityBody, BulkChangeBody, BulkDeletedBody, BulkQuery, BulkSummaryBody, ConsentBody,
    ConsentStateBody, ContactBody, ContactChangeBody, ContactQuery, DuplicateRuleBody,
    DuplicatesBody, DuplicatesQuery, ExportFormat, ExportQuery, ForgottenBody, ImportSummaryBody,
    ImportedListBody, LeftBody, LinkBody, MergeBody, MergeRequestBody, NewConsentBody,
    NewContactBody, SubscriptionBody, TakeoutBody,
};
pub use deliveries::{
    DeliveryBody, DeliveryExportQuery, DeliveryFormat, DeliveryQuery, PastDeliveryBody, ResendBody,
    ResendRequestBody, RunQuery,
};
pub use envelope::{Envelope, Meta, Pagination};
pub use error::{ApiError, ErrorBody, ErrorDetail};
pub use extract::PageQuery;
pub use health::{HealthBody, HealthStatus, StoreHealthBody, StoreProbe};
pub use imports::{ImportEvent, ImportQuery};
pub use limits::{DomainLimitBody, LimitsBody, QuietHoursBody, SpansBody, WarmUpBody};
pub use lists::{
    ListBody, ListChangeBody, MemberBody, MemberQuery, MembersAddedBody, MembersBody,
    MembersChangedBody, NewListBody, OptInBody, SubscriptionStateBody,
};
pub use manifests::{
    ActionBody, BODY_FILE_LIMIT, ChangeBody, DocumentBody, DriftBody, ExportBody, FieldChangeBody,
    FileReferenceBody, ManifestFileBody, ManifestsBody, OutlineBody, PlanBody, PlanCountsBody,
    ProblemBody, ReferencesBody, Rule, SeverityBody, ValidationBody, VariableReferenceBody,
    WarningBody, manifest_kinds, manifest_reference, manifest_rules, manifest_schema,
};
pub use reports::{
    AmountBody, BucketBody, DailyMetricBody, DomainBody, FailureBody, MetricBody, MetricQuery,
    NewSavedReportBody, PaceBody, RatesBody, ReportBody, ReportCampaignBody, ReportRunBody,
    SavedReportBody, TimelineBody,
};
pub use runs::{
    CountsBody, HeldBody, PreviewBody, RunBody, RunFailureBody, TestSendBody, TestSentBody,
};
pub use schedules::{FiringBody, NewScheduleBody, ScheduleBody, ScheduleTimeBody};
pub use segments::{
    ContactCountBody, NewSegmentBody, SegmentBody, SegmentChangeBody, SegmentPlanBody,
    SnapshotBody, WhereQuery,
};
pub use services::{ServiceSet, Services};
pub use starters::StarterBody;
pub use suppression_sets::{SuppressionSetBody, WholeSuppressionSetBody};
pub use suppressions::{
    NewSuppressionsBody, SuppressionBody, SuppressionImportQuery, SuppressionSummaryBody,
    SuppressionsAddedBody,
};
pub use templates::{NewTemplateBody, TemplateBody};

/// Where the routes begin.
pub const PREFIX: &str = "/api/v1";

/// The largest JSON body a route takes, in bytes. Uploads that stream have limits of their own.
const BODY_LIMIT: usize = 8 * 1024 * 1024;

#[derive(OpenApi)]
#[openapi(info(
    title = "Frontier",
    description = "Marketing automation you own. Answers are `{success, data, meta}`, errors \
                   `{success, error: {code, message, details, request_id}}`."
))]
struct Document;

/// Every area, in the order their routes are described in.
fn areas() -> [Area; 17] {
    [
        attributes::area(),
        brands::area(),
        campaigns::area(),
        runs::area(),
        deliveries::area(),
        channels::area(),
        health::area(),
        contacts::area(),
        lists::area(),
        segments::area(),
        manifests::area(),
        reports::area(),
        schedules::area(),
        starters::area(),
        suppression_sets::area(),
        suppressions::area(),
        templates::area(),
    ]
}

/// The router over `services`.
pub fn router(services: Services) -> Router {
    let finish = middleware::from_fn_with_state(services.clock.clone(), error::finish);
    let routes = areas()
        .iter()
        .fold(Router::new(), |routes, area| area.add_to(routes))
        .merge(health::probe())
        .fallback(error::no_route)
        .method_not_allowed_fallback(error::no_method)
        .with_state(services);
    // Around them all at once: a layer on the routes themselves is made for each of them.
    Router::new().fallback_service(routes).layer(DefaultBodyLimit::max(BODY_LIMIT)).layer(finish)
}

/// A router of the routes that need no workspace.
pub fn router_without_workspace(clock: Clock) -> Router {
    manifests::without_workspace()
        .merge(starters::without_workspace())
        .fallback(error::no_route)
        .method_not_allowed_fallback(error::no_method)
        .layer(middleware::from_fn_with_state(clock, error::finish))
}

/// The description of the routes, as OpenAPI 3.1.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let described = OpenApiRouter::new();
    let described =
        areas().iter().fold(described, |described, area| described.merge((area.describe)()));
    OpenApiRouter::with_openapi(Document::openapi()).nest(PREFIX, described).split_for_parts().1
}
