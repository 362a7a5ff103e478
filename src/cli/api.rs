//! `frontier api`: any route, as it is.

use std::path::PathBuf;

use axum::body::{Body, Bytes};
use axum::http::{Method, Request, header};
use clap::Args;
use futures::StreamExt as _;
use http_body_util::BodyExt as _;
use serde::Serialize;
use serde_json::{Map, Value};

use super::error::CommandError;
use super::exit::Exit;
use super::host::Host;
use super::output::{Column, Output, column};
use crate::api::{self, ErrorBody, PREFIX};

/// Call a route of the API and print its answer
///
/// The answer's body goes to stdout as it is, whether the route succeeded or refused; the exit code
/// follows the status. Fields become the JSON body, or the query of a GET or DELETE.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  frontier api --list
  frontier api GET /lists --jq '.data[].name'
  frontier api POST /lists -f name=Customers -f 'labels:={\"team\":\"north\"}'
  frontier api POST /lists --input list.json")]
pub struct ApiArgs {
    /// GET, POST, PUT, PATCH or DELETE
    #[arg(required_unless_present_any = ["list", "openapi"], value_parser = method)]
    method: Option<Method>,
    /// The route, such as `/lists`
    #[arg(required_unless_present_any = ["list", "openapi"])]
    path: Option<String>,
    /// A field: `key=text`, or `key:=JSON` for anything else
    #[arg(short, long = "field", value_name = "KEY=VALUE", value_parser = field)]
    fields: Vec<(String, Value)>,
    /// Send this file as the body; `-` is stdin
    #[arg(long, value_name = "FILE", conflicts_with = "fields")]
    input: Option<PathBuf>,
    /// What the file is
    #[arg(long, value_name = "TYPE", default_value = "application/json", requires = "input")]
    content_type: String,
    /// Show every route there is
    #[arg(long, conflicts_with_all = ["method", "fields", "input", "openapi"])]
    list: bool,
    /// Print the API's description, as OpenAPI 3.1
    #[arg(long, conflicts_with_all = ["method", "fields", "input"])]
    openapi: bool,
}

/// A route of the OpenAPI document.
#[derive(Serialize)]
struct Route {
    method: String,
    path: String,
    operation: String,
    summary: String,
}

const COLUMNS: &[Column<Route>] = &[
    column("method", |route| route.method.clone()),
    column("path", |route| route.path.clone()),
    column("summary", |route| route.summary.clone()),
];

impl ApiArgs {
    pub(super) async fn run(
        self,
        host: &dyn Host,
        output: &mut Output<'_>,
    ) -> Result<(), CommandError> {
        if self.list {
            return output.rows(&routes(&document()?), COLUMNS);
        }
        if self.openapi {
            return output.json(&document()?);
        }
        let request = self.request().await?;
        let answer = host.client().await?.send(request).await?;
        let status = answer.status();
        let is_json = answer.headers().get(header::CONTENT_TYPE).is_some_and(|kind| {
            kind.to_str().is_ok_and(|kind| kind.starts_with("application/json"))
        });
        if !is_json {
            let mut pieces = answer.into_body().into_data_stream();
            while let Some(piece) = pieces.next().await {
                output.bytes(&piece.map_err(|error| CommandError::failed(error.to_string()))?)?;
            }
            return judge(status.as_u16(), None);
        }
        let body = answer.into_body().collect().await;
        let body = body.map_err(|error| CommandError::failed(error.to_string()))?.to_bytes();
        if !status.is_success() {
            output.text(&pretty(&body))?;
            return judge(status.as_u16(), serde_json::from_slice(&body).ok());
        }
        let value = serde_json::from_slice::<Value>(&body)
            .map_err(|error| CommandError::failed(format!("the answer is no JSON: {error}")))?;
        output.json(&value)
    }

    async fn request(self) -> Result<Request<Body>, CommandError> {
        let method = self.method.unwrap_or_default();
        let path = self.path.unwrap_or_default();
        let path = path.strip_prefix(PREFIX).unwrap_or(&path).trim_start_matches('/');
        let mut uri = format!("{PREFIX}/{path}");
        let body = if let Some(input) = self.input {
            read(&input).await?
        } else if self.fields.is_empty() {
            Body::empty()
        } else if matches!(method, Method::GET | Method::DELETE | Method::HEAD) {
            uri.push(if uri.contains('?') { '&' } else { '?' });
            uri.push_str(&query(&self.fields));
            Body::empty()
        } else {
            let fields: Map<String, Value> = self.fields.into_iter().collect();
            Body::from(Value::from(fields).to_string())
        };
        Request::builder()
            .method(method)
            .uri(&uri)
            .header(header::CONTENT_TYPE, self.content_type)
            .body(body)
            .map_err(|error| CommandError::usage(format!("`{uri}` cannot be asked for: {error}")))
    }
}

/// The error of an answer, after its body was printed.
fn judge(status: u16, error: Option<ErrorBody>) -> Result<(), CommandError> {
    match Exit::of_status(status) {
        Exit::Ok => Ok(()),
        exit => {
            let message = error.map_or_else(String::new, |body| body.error.message);
            Err(CommandError::new(exit, format!("{status}: {message}")))
        }
    }
}

async fn read(input: &std::path::Path) -> Result<Body, CommandError> {
    if input.as_os_str() == "-" {
        let stdin = tokio_util::io::ReaderStream::new(tokio::io::stdin());
        return Ok(Body::from_stream(stdin));
    }
    let file = tokio::fs::File::open(input).await.map_err(|error| {
        CommandError::usage(format!("{} cannot be read: {error}", input.display()))
    })?;
    Ok(Body::from_stream(tokio_util::io::ReaderStream::new(file)))
}

fn pretty(body: &Bytes) -> String {
    let value = serde_json::from_slice::<Value>(body);
    value.map_or_else(|_| String::from_utf8_lossy(body).into_owned(), |value| format!("{value:#}"))
}

fn query(fields: &[(String, Value)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields {
        match value {
            Value::String(text) => query.append_pair(name, text),
            other => query.append_pair(name, &other.to_string()),
        };
    }
    query.finish()
}

fn method(text: &str) -> Result<Method, String> {
    match text.to_ascii_uppercase().as_str() {
        "GET" => Ok(Method::GET),
        "HEAD" => Ok(Method::HEAD),
        "POST" => Ok(Method::POST),
        "PUT" => Ok(Method::PUT),
        "PATCH" => Ok(Method::PATCH),
        "DELETE" => Ok(Method::DELETE),
        _ => Err("it is one of GET, HEAD, POST, PUT, PATCH and DELETE".to_owned()),
    }
}

fn field(text: &str) -> Result<(String, Value), String> {
    let (key, value) = text.split_once('=').ok_or("a field is `key=text` or `key:=JSON`")?;
    let (key, value) = match key.strip_suffix(':') {
        Some(key) => {
            let value = serde_json::from_str(value);
            (key, value.map_err(|error| format!("what follows `:=` is no JSON: {error}"))?)
        }
        None => (key, Value::from(value)),
    };
    if key.is_empty() {
        return Err("the field has no name".to_owned());
    }
    Ok((key.to_owned(), value))
}

fn document() -> Result<Value, CommandError> {
    serde_json::to_value(api::openapi()).map_err(|error| CommandError::failed(error.to_string()))
}

/// The routes of the document, by path.
fn routes(document: &Value) -> Vec<Route> {
    let paths = document["paths"].as_object().into_iter().flatten();
    let mut routes: Vec<Route> = paths
        .flat_map(|(path, methods)| {
            methods.as_object().into_iter().flatten().map(move |(method, operation)| Route {
                method: method.to_uppercase(),
                path: path.strip_prefix(PREFIX).unwrap_or(path).to_owned(),
                operation: operation["operationId"].as_str().unwrap_or_default().to_owned(),
                summary: operation["summary"].as_str().unwrap_or_default().to_owned(),
            })
        })
        .collect();
    routes.sort_by(|a, b| (&a.path, &a.method).cmp(&(&b.path, &b.method)));
    routes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_text_or_json() {
        assert_eq!(field("a=1").unwrap(), ("a".into(), Value::from("1")));
        assert_eq!(field("a:=1").unwrap(), ("a".into(), Value::from(1)));
        assert_eq!(field("a=b=c").unwrap(), ("a".into(), Value::from("b=c")));
        for wrong in ["a", "=x", ":=1", "a:=x"] {
            assert!(field(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_route_has_a_summary() {
        let routes = routes(&document().unwrap());
        assert!(routes.iter().any(|route| route.path == "/lists" && route.method == "POST"));
        let silent: Vec<_> = routes.iter().filter(|route| route.summary.is_empty()).collect();
        assert!(silent.is_empty(), "{:?}", silent.iter().map(|r| &r.path).collect::<Vec<_>>());
    }
}
