//! The API listener: GraphQL, tokens and `/files`.

use crate::effect::drain;
use crate::file_path::{FilePath, decode};
use crate::file_stream::Sent;
use crate::front::GRAPHQL_LIMIT;
use crate::graphql::Schema;
use crate::state::State;
use crate::storage;
use async_graphql::Request as Operation;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Request, State as Shared};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;

/// What the handlers need.
#[derive(Clone)]
struct Api {
    state: Arc<State>,
    schema: Schema,
}

/// The routes, without the server's prefix.
pub(crate) fn router(state: Arc<State>, schema: Schema) -> Router {
    Router::new()
        .route("/graphql", post(graphql))
        .route("/oidc/token", post(token))
        .route("/files/{*path}", get(file).post(file_stream).put(upload))
        .route("/artifacts/{*path}", get(artifact_file))
        .route("/artifactsV2/{*path}", get(artifact_file))
        .layer(DefaultBodyLimit::max(GRAPHQL_LIMIT))
        .with_state(Api { state, schema })
}

fn answer(status: StatusCode, body: &Value) -> Response {
    (
        status,
        [(header::CONTENT_TYPE, "application/json")],
        body.to_string(),
    )
        .into_response()
}

fn not_logged_in() -> Response {
    let error = json!({
        "message": "user is not logged in",
        "extensions": { "code": "PERMISSION_ERROR" },
    });
    answer(StatusCode::UNAUTHORIZED, &json!({ "errors": [error] }))
}

async fn graphql(Shared(api): Shared<Api>, headers: HeaderMap, body: Bytes) -> Response {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Sent {
        query: String,
        operation_name: Option<String>,
        variables: Option<Value>,
    }
    if !api.state.knows(&headers) {
        return not_logged_in();
    }
    let sent: Sent = match serde_json::from_slice(&body) {
        Ok(sent) => sent,
        Err(error) => {
            let message = format!("the body is not a GraphQL request: {error}");
            return answer(
                StatusCode::BAD_REQUEST,
                &json!({ "errors": [{ "message": message }] }),
            );
        }
    };
    let mut operation = Operation::new(sent.query);
    operation.operation_name = sent.operation_name.filter(|name| !name.is_empty());
    if let Some(variables) = sent.variables {
        operation = operation.variables(async_graphql::Variables::from_json(variables));
    }
    let given = api.schema.answer(operation).await;
    let status = if given.is_invalid {
        StatusCode::BAD_REQUEST
    } else {
        StatusCode::OK
    };
    match serde_json::to_string(&given.response) {
        Ok(body) => (status, [(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Err(error) => internal_error(&error),
    }
}

/// Gives an access token for an identity token, as RFC 7523 has it. Any token of a JWT's three parts is taken.
async fn token(Shared(api): Shared<Api>, body: Bytes) -> Response {
    let text = String::from_utf8_lossy(&body);
    let form: HashMap<&str, String> = text
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .filter_map(|(name, value)| Some((name, decode(&value.replace('+', " "))?)))
        .collect();
    let field = |name: &str| form.get(name).map_or("", String::as_str);
    let refuse = |error: &str| answer(StatusCode::BAD_REQUEST, &json!({ "error": error }));
    if field("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
        return refuse("unsupported_grant_type");
    }
    let parts: Vec<&str> = field("assertion").trim().split('.').collect();
    if parts.len() != 3 || parts.contains(&"") {
        return refuse("invalid_grant");
    }
    let lifetime = api.state.behaviour.token_lifetime;
    match api.state.tokens.give(lifetime) {
        Ok(token) => {
            let body = json!({
                "access_token": token,
                "token_type": "Bearer",
                "expires_in": lifetime.as_secs(),
            });
            answer(StatusCode::OK, &body)
        }
        Err(error) => internal_error(&error),
    }
}

/// Leads to the storage. The path is read as it was sent, since a name may hold escaped slashes.
async fn file(Shared(api): Shared<Api>, request: Request) -> Response {
    if !api.state.knows(request.headers()) {
        return not_logged_in();
    }
    let path = request
        .uri()
        .path()
        .strip_prefix("/files/")
        .and_then(FilePath::decode);
    lead(&api.state, request.method(), path).await
}

/// Leads to a file of an artifact, which is named by what is in it.
async fn artifact_file(Shared(api): Shared<Api>, request: Request) -> Response {
    if !api.state.knows(request.headers()) {
        return not_logged_in();
    }
    match api.state.artifact_at(request.uri().path()).await {
        Ok(path) => lead(&api.state, request.method(), path).await,
        Err(error) => internal_error(&error),
    }
}

async fn lead(state: &State, method: &Method, path: Option<FilePath>) -> Response {
    let found = match &path {
        Some(path) => state.store.file(path).await,
        None => Ok(None),
    };
    match (path, found) {
        (_, Err(error)) => internal_error(&error),
        (Some(path), Ok(Some(row))) => {
            let method = if method == Method::HEAD { "HEAD" } else { "GET" };
            let target = row.reference.unwrap_or_else(|| state.signed_url(method, &path));
            (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, target)]).into_response()
        }
        (_, Ok(_)) => answer(StatusCode::NOT_FOUND, &json!({ "error": "file not found" })),
    }
}

/// Takes a file, where the server is its own storage.
async fn upload(Shared(api): Shared<Api>, request: Request) -> Response {
    let path = request
        .uri()
        .path()
        .strip_prefix("/files/")
        .and_then(FilePath::decode);
    if !api.state.behaviour.relative_upload_urls {
        return answer(
            StatusCode::METHOD_NOT_ALLOWED,
            &json!({ "error": "method not allowed" }),
        );
    }
    match path {
        _ if !api.state.knows(request.headers()) => {
            drain(request.into_body()).await;
            not_logged_in()
        }
        Some(path) => storage::take(&api.state, &path, request).await,
        None => answer(StatusCode::NOT_FOUND, &json!({ "error": "file not found" })),
    }
}

/// Takes what a run sends while it is under way. Clients may compress it.
async fn file_stream(Shared(api): Shared<Api>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    if !api.state.knows(&headers) {
        return not_logged_in();
    }
    let missing = |what: &str| answer(StatusCode::NOT_FOUND, &json!({ "error": what }));
    let path = uri.path().strip_prefix("/files/").and_then(FilePath::decode);
    let Some(path) = path.filter(|path| path.name == "file_stream") else {
        return missing("not found");
    };
    let run = match api.state.store.run_at(&path).await {
        Ok(Some(run)) => run,
        Ok(None) => return missing("run not found"),
        Err(error) => return internal_error(&error),
    };
    let compressed = headers
        .get(header::CONTENT_ENCODING)
        .is_some_and(|coding| coding == "gzip");
    let read = match compressed {
        true => serde_json::from_reader(GzDecoder::new(&*body)),
        false => serde_json::from_slice(&body),
    };
    let sent: Sent = match read {
        Ok(sent) => sent,
        Err(error) => {
            let message = format!("the body is not a file stream: {error}");
            return answer(StatusCode::BAD_REQUEST, &json!({ "error": message }));
        }
    };
    match api.state.stream(run, sent).await {
        Ok(()) => answer(StatusCode::OK, &json!({ "exitcode": null, "limits": {} })),
        Err(error) => internal_error(&error),
    }
}

fn internal_error(error: &dyn std::error::Error) -> Response {
    let errors = json!([{ "message": error.to_string() }]);
    answer(StatusCode::INTERNAL_SERVER_ERROR, &json!({ "errors": errors }))
}
