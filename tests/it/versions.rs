//! Routes that change something change what the caller saw, when they are told what that was.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use frontier::api::router;
use frontier::core::campaigns::Draft;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::support::app::App;
use crate::support::backend::on_every_backend;

on_every_backend!(a_change_takes_the_version_it_is_for);

/// The status and the `ETag` of an answer.
async fn ask(
    app: &App,
    method: &str,
    path: &str,
    seen: Option<&str>,
    body: Option<&Value>,
) -> (StatusCode, String) {
    let mut request = Request::builder().method(method).uri(format!("/api/v1{path}"));
    if let Some(seen) = seen {
        request = request.header(header::IF_MATCH, seen);
    }
    let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    let request = request.header(header::CONTENT_TYPE, "application/json").body(body).unwrap();
    let answer = router(app.services.clone()).oneshot(request).await.unwrap();
    let tag = answer.headers().get(header::ETAG).map(|tag| tag.to_str().unwrap().to_owned());
    (answer.status(), tag.unwrap_or_default())
}

async fn a_change_takes_the_version_it_is_for(app: App) {
    let template = json!({ "name": "news", "format": "markdown", "body": "Hello" });
    let channel = json!({ "name": "box", "kind": "outbox" });
    let segment = json!({ "name": "all", "where": "email <> ''" });
    let report = json!({ "name": "monthly", "campaign": "spring" });
    app.services.campaigns.create(Draft::named("spring".into())).await.unwrap();
    let things = [
        ("/templates", "/templates/news", "PUT", &template, template.clone()),
        ("/channels", "/channels/box", "PUT", &channel, channel.clone()),
        ("/segments", "/segments/all", "PATCH", &segment, json!({ "where": "email <> 'a'" })),
        ("/reports", "/reports/monthly", "PUT", &report, report.clone()),
    ];
    for (all, one, method, new, change) in things {
        assert_eq!(ask(&app, "POST", all, None, Some(new)).await.0, StatusCode::CREATED);
        let (_, seen) = ask(&app, "GET", one, None, None).await;
        assert_eq!(seen, "\"1\"", "{one}");
        let (status, tag) = ask(&app, method, one, Some(&seen), Some(&change)).await;
        assert_eq!((status, tag.as_str()), (StatusCode::OK, "\"2\""), "{one}");
        let (status, _) = ask(&app, method, one, Some(&seen), Some(&change)).await;
        assert_eq!(status, StatusCode::PRECONDITION_FAILED, "{one}");
    }
}
