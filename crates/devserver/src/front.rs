//! What stands between the sockets and the routers: records each request, lets faults at it, and owns the connections.

use crate::damage;
use crate::fault::{self, Action, Effect, Fault, Seen};
use crate::file_path::decode;
use crate::record::{Listener, RecordedRequest};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, Uri, header};
use futures::StreamExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use serde::Deserialize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// A GraphQL request is read whole; a longer one is refused.
pub(crate) const GRAPHQL_LIMIT: usize = 32 << 20;

/// Where a server that records tells what it recorded. No path of W&B begins like this.
const REQUESTS_PATH: &str = "/_devserver/requests";

/// How long connections may go on after the server was told to stop.
const GRACE: Duration = Duration::from_secs(2);

/// What both listeners share: the record of the requests, and the faults.
#[derive(Default)]
pub(crate) struct Traffic {
    record: Mutex<Vec<(usize, RecordedRequest)>>,
    faults: Mutex<Vec<Fault>>,
    seen: AtomicUsize,
    forgetful: bool,
}

/// A lock that a panicked test may have poisoned; what it guards is whole at any time.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Traffic {
    pub(crate) fn new(record: bool) -> Self {
        Self {
            forgetful: !record,
            ..Self::default()
        }
    }

    pub(crate) fn requests(&self) -> Vec<RecordedRequest> {
        lock(&self.record)
            .iter()
            .map(|(_, request)| request.clone())
            .collect()
    }

    pub(crate) fn clear_requests(&self) {
        lock(&self.record).clear();
    }

    pub(crate) fn inject(&self, fault: Fault) {
        lock(&self.faults).push(fault);
    }

    pub(crate) fn clear_faults(&self) {
        lock(&self.faults).clear();
    }

    fn came(&self, request: RecordedRequest) -> usize {
        let number = self.seen.fetch_add(1, Ordering::Relaxed);
        if !self.forgetful {
            lock(&self.record).push((number, request));
        }
        number
    }

    fn answered(&self, number: usize, status: StatusCode) {
        let mut record = lock(&self.record);
        if let Some((_, request)) = record.iter_mut().rev().find(|(other, _)| *other == number) {
            request.status = status.as_u16();
        }
    }
}

/// One of the two listeners.
#[derive(Clone)]
pub(crate) struct Front {
    pub(crate) listener: Listener,
    /// What stands before every path, such as `/wandb`.
    pub(crate) prefix: Arc<str>,
    pub(crate) router: Router,
    pub(crate) traffic: Arc<Traffic>,
}

/// Tells hyper to close the connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("closed on purpose")]
struct Dropped;

impl Front {
    /// Serves until it is told to stop, then lets the requests under way come to an end for a short while.
    pub(crate) async fn serve(self, socket: TcpListener, stop: CancellationToken) {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                Some(_) = connections.join_next() => {}
                accepted = socket.accept() => match accepted {
                    Ok((stream, _)) => {
                        connections.spawn(self.clone().converse(stream, stop.clone()));
                    }
                    // The system is short of something, such as open files: it may have it again soon.
                    Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
                },
            }
        }
        drop(socket);
        let all_ended = async { while connections.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(GRACE, all_ended).await;
    }

    async fn converse(self, stream: TcpStream, stop: CancellationToken) {
        let _ = stream.set_nodelay(true);
        let reset = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&reset);
        let service = service_fn(move |request| self.clone().answer(request, Arc::clone(&flag)));
        let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        tokio::select! {
            _ = Pin::new(&mut connection) => {}
            () = stop.cancelled() => {
                Pin::new(&mut connection).graceful_shutdown();
                let _ = Pin::new(&mut connection).await;
            }
        }
        if reset.load(Ordering::Relaxed) {
            let _ = connection.into_parts().io.into_inner().set_zero_linger();
        }
    }

    async fn answer(
        self,
        request: Request<Incoming>,
        reset: Arc<AtomicBool>,
    ) -> Result<Response<Body>, Dropped> {
        let (mut parts, incoming) = request.into_parts();
        let mut body = Body::new(incoming);
        let sent = parts
            .uri
            .path_and_query()
            .map_or_else(String::new, ToString::to_string);
        parts.uri = without_prefix(&sent, &self.prefix);
        let path = parts.uri.path();
        if self.listener == Listener::Api && path == REQUESTS_PATH && !self.traffic.forgetful {
            return Ok(self.requests());
        }
        let mut call = Call::default();
        if self.listener == Listener::Api && path == "/graphql" {
            let Ok(bytes) = to_bytes(body, GRAPHQL_LIMIT).await else {
                return Ok(reply(413, &[], "the request is too long".into()));
            };
            call = Call::read(&bytes);
            body = Body::from(bytes);
        }
        let seen = Seen {
            listener: self.listener,
            method: parts.method.as_str(),
            path,
            decoded: &decode(path).unwrap_or_default(),
            operation: call.operation.as_deref(),
        };
        let effect = fault::meet(&mut lock(&self.traffic.faults), &seen).unwrap_or_default();
        let number = self.traffic.came(RecordedRequest {
            listener: self.listener,
            method: parts.method.to_string(),
            path: sent,
            operation: call.operation,
            variables: call.variables,
            headers: header_list(&parts.headers),
            has_authorization: parts.headers.contains_key(header::AUTHORIZATION),
            status: 0,
        });
        let response = self.act(Request::from_parts(parts, body), effect, reset).await?;
        self.traffic.answered(number, response.status());
        Ok(response)
    }

    /// What was asked so far, for a program that runs beside the server; asking for it is not recorded.
    fn requests(&self) -> Response<Body> {
        let list: Vec<_> = self
            .traffic
            .requests()
            .iter()
            .map(RecordedRequest::outline)
            .collect();
        let json = HeaderValue::from_static("application/json");
        let mut response = Response::new(Body::from(serde_json::Value::Array(list).to_string()));
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        response
    }

    /// Answers the request, as far as the fault lets it.
    async fn act(
        &self,
        mut request: Request<Body>,
        effect: Effect,
        reset: Arc<AtomicBool>,
    ) -> Result<Response<Body>, Dropped> {
        if !effect.delay.is_zero() {
            tokio::time::sleep(effect.delay).await;
        }
        if effect.ignore_range {
            request.headers_mut().remove(header::RANGE);
        }
        match effect.action {
            Action::Answer => Ok(self.route(request).await),
            Action::Reply {
                status,
                headers,
                body,
            } => {
                // A client that still sends when the connection closes may lose the answer.
                let mut rest = request.into_body().into_data_stream();
                while let Some(Ok(_)) = rest.next().await {}
                Ok(reply(status, &headers, body))
            }
            Action::Drop => Err(Dropped),
            Action::Cut { after, ending } => {
                let response = self.route(request).await;
                Ok(response.map(|body| damage::cut(body, after, ending, reset)))
            }
            Action::WrongByte(place) => Ok(self.route(request).await.map(|body| damage::flip(body, place))),
            Action::Gzip => {
                let mut response = self.route(request).await;
                response.headers_mut().remove(header::CONTENT_LENGTH);
                response
                    .headers_mut()
                    .insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
                Ok(response.map(damage::gzip))
            }
        }
    }

    async fn route(&self, request: Request<Body>) -> Response<Body> {
        TowerToHyperService::new(self.router.clone())
            .call(request)
            .await
            .unwrap_or_else(|never| match never {})
    }
}

/// The parts of a GraphQL request that are recorded.
#[derive(Default)]
struct Call {
    operation: Option<String>,
    variables: Option<serde_json::Value>,
}

impl Call {
    fn read(body: &[u8]) -> Self {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Sent {
            #[serde(default)]
            query: String,
            operation_name: Option<String>,
            variables: Option<serde_json::Value>,
        }
        let Ok(sent) = serde_json::from_slice::<Sent>(body) else {
            return Self::default();
        };
        let named = sent.operation_name.filter(|name| !name.is_empty());
        let operation = named.or_else(|| {
            let document = async_graphql::parser::parse_query(&sent.query).ok()?;
            document
                .operations
                .iter()
                .find_map(|(name, _)| name.map(ToString::to_string))
        });
        Self {
            operation,
            variables: sent.variables,
        }
    }
}

/// The address as the routes know it. One outside the prefix becomes `/`, where no route is.
fn without_prefix(sent: &str, prefix: &str) -> Uri {
    sent.strip_prefix(prefix)
        .and_then(|rest| rest.parse().ok())
        .unwrap_or_default()
}

fn header_list(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers
        .iter()
        .map(|(name, value)| (name.to_string(), text(value)))
        .collect()
}

/// A header that cannot be sent is left out.
fn reply(status: u16, headers: &[(String, String)], body: bytes::Bytes) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}
