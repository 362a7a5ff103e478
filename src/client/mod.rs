//! The typed client of the routes: what the command line and the terminal interface call.
//!
//! A file per area adds methods that take and give the routes' own bodies. The transport is the
//! router itself, in-process: no socket, the same requests.

mod attributes;
mod brands;
mod campaigns;
mod channels;
mod contacts;
mod deliveries;
mod health;
mod lists;
mod manifests;
mod ndjson;
mod reports;
mod schedules;
mod segments;
mod starters;
mod suppressions;
mod templates;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Method, Request, StatusCode, header};
use axum::response::Response;
use futures::StreamExt as _;
use http_body_util::BodyExt as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tower::ServiceExt as _;

use crate::api::{Envelope, ErrorBody, ErrorDetail, PREFIX};

/// The largest answer read into memory, in bytes. Exports are streamed instead.
const ANSWER_LIMIT: usize = 64 * 1024 * 1024;

/// Why a call gave no data.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The route refused or failed.
    #[error("{}", .error.message)]
    Refused { status: StatusCode, error: Box<ErrorDetail> },
    /// The request could not be made, or the answer not be read.
    #[error("{0}")]
    Broken(String),
}

pub type ClientResult<T> = Result<T, ClientError>;

/// A client of one workspace's routes. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    router: Router,
}

/// A page of a list, and how to get the next.
#[derive(Clone, Debug)]
pub struct Listing<T> {
    pub items: Vec<T>,
    pub next_cursor: Option<String>,
}

impl Client {
    /// A client that calls `router` in this process.
    pub const fn in_process(router: Router) -> Self {
        Self { router }
    }

    /// Sends a request as it is; the answer's status is not judged.
    pub async fn send(&self, request: Request<Body>) -> ClientResult<Response> {
        self.router.clone().oneshot(request).await.map_err(|never| match never {})
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> ClientResult<T> {
        self.call(Method::GET, path, None::<&()>).await
    }

    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> ClientResult<T> {
        self.call(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn delete<T: DeserializeOwned>(&self, path: &str) -> ClientResult<T> {
        self.call(Method::DELETE, path, None::<&()>).await
    }

    /// Reads pages of `path` (which may have a query) until `limit` rows are there.
    pub(crate) async fn list<T: DeserializeOwned>(
        &self,
        path: &str,
        limit: usize,
    ) -> ClientResult<Listing<T>> {
        let mut listing = Listing { items: Vec::new(), next_cursor: None };
        let joint = if path.contains('?') { '&' } else { '?' };
        loop {
            let rows = (limit - listing.items.len()).clamp(1, 500);
            let cursor = match &listing.next_cursor {
                Some(cursor) => format!("&cursor={cursor}"),
                None => String::new(),
            };
            let page: Envelope<Vec<T>> = self
                .envelope(Method::GET, &format!("{path}{joint}limit={rows}{cursor}"), None::<&()>)
                .await?;
            listing.items.extend(page.data);
            listing.next_cursor =
                page.meta.and_then(|meta| meta.pagination).and_then(|page| page.next_cursor);
            if listing.next_cursor.is_none() || listing.items.len() >= limit {
                return Ok(listing);
            }
        }
    }

    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> ClientResult<T> {
        Ok(self.envelope(method, path, body).await?.data)
    }

    async fn envelope<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> ClientResult<Envelope<T>> {
        let body = match body {
            Some(body) => Body::from(serde_json::to_vec(body).map_err(broken)?),
            None => Body::empty(),
        };
        let request = Request::builder()
            .method(method)
            .uri(format!("{PREFIX}{path}"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(body)
            .map_err(broken)?;
        let answer = read(judge(self.send(request).await?).await?).await?;
        serde_json::from_slice(&answer).map_err(broken)
    }

    /// Posts `body` as it arrives and gives back the answer's body as it arrives.
    pub(crate) async fn stream(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: Body,
    ) -> ClientResult<impl futures::Stream<Item = ClientResult<Bytes>> + Unpin + use<>> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{PREFIX}{path}"))
            .header(header::CONTENT_TYPE, content_type)
            .body(body)
            .map_err(broken)?;
        let answer = judge(self.send(request).await?).await?;
        Ok(answer.into_body().into_data_stream().map(|piece| piece.map_err(broken)))
    }
}

/// Lets an answer through that succeeded, and reads the error of one that did not.
async fn judge(answer: Response) -> ClientResult<Response> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let body = read(answer).await?;
    let error = serde_json::from_slice::<ErrorBody>(&body)
        .map_err(|_| ClientError::Broken(format!("the answer was {status} without a reason")))?;
    Err(ClientError::Refused { status, error: Box::new(error.error) })
}

async fn read(answer: Response) -> ClientResult<Bytes> {
    let body = http_body_util::Limited::new(answer.into_body(), ANSWER_LIMIT);
    Ok(body.collect().await.map_err(broken)?.to_bytes())
}

fn broken(error: impl std::fmt::Display) -> ClientError {
    ClientError::Broken(error.to_string())
}

/// Writes a name or an address as one segment of a path.
pub(crate) fn segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'@' => {
                out.push(char::from(byte));
            }
            other => out.extend(["%", &format!("{other:02X}")]),
        }
    }
    out
}

/// Writes query parameters, leaving out those that are absent; empty when all are.
pub(crate) fn query(parameters: &[(&str, Option<&str>)]) -> String {
    let mut out = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in parameters {
        if let Some(value) = value {
            out.append_pair(name, value);
        }
    }
    let text = out.finish();
    if text.is_empty() { text } else { format!("?{text}") }
}
