//! What stands between the sockets and the routers: records each request, lets faults at it, and owns the connections.

use crate::control;
use crate::effect::{Dropped, reply};
use crate::fault::{self, Fault, Seen};
use crate::file_path::decode;
use crate::pace::{Pace, throttled};
use crate::record::{Deletion, Listener, RecordedRequest};
use crate::under_way::{Count, Times, UnderWay};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Uri, header};
use futures::TryStreamExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use serde::Deserialize;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// A GraphQL request is read whole; a longer one is refused.
pub(crate) const GRAPHQL_LIMIT: usize = 32 << 20;

/// So many requests that are under way together are answered to the moment.
const FEW: usize = 4;

/// How long connections may go on after the server was told to stop.
const GRACE: Duration = Duration::from_secs(2);

/// What both listeners share: the record of the requests and of what they deleted, and the faults.
#[derive(Default)]
pub(crate) struct Traffic {
    record: Mutex<Vec<Entry>>,
    deletions: Mutex<Vec<Deletion>>,
    faults: Mutex<Vec<Fault>>,
    seen: AtomicUsize,
    met: AtomicUsize,
    count: Count,
    forgetful: bool,
}

/// A request of the record.
struct Entry {
    number: usize,
    request: RecordedRequest,
    /// How much of its body came so far.
    received: Arc<AtomicU64>,
    ended: Arc<OnceLock<Duration>>,
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
            .map(|entry| RecordedRequest {
                request_bytes: entry.received.load(Ordering::Relaxed),
                ended: entry.ended.get().copied(),
                ..entry.request.clone()
            })
            .collect()
    }

    pub(crate) fn deletions(&self) -> Vec<Deletion> {
        lock(&self.deletions).clone()
    }

    pub(crate) fn deleted(&self, deletions: impl IntoIterator<Item = Deletion>) {
        if !self.forgetful {
            lock(&self.deletions).extend(deletions);
        }
    }

    pub(crate) fn clear_requests(&self) {
        lock(&self.record).clear();
        lock(&self.deletions).clear();
    }

    pub(crate) fn inject(&self, fault: Fault) {
        lock(&self.faults).push(fault);
    }

    pub(crate) fn clear_faults(&self) {
        lock(&self.faults).clear();
    }

    /// How many requests met a fault, and how many faults wait for one.
    pub(crate) fn faults(&self) -> serde_json::Value {
        serde_json::json!({
            "met": self.met.load(Ordering::Relaxed),
            "waiting": lock(&self.faults).len(),
        })
    }

    fn came(
        &self,
        request: RecordedRequest,
        received: Arc<AtomicU64>,
        ended: Arc<OnceLock<Duration>>,
    ) -> usize {
        let number = self.seen.fetch_add(1, Ordering::Relaxed);
        if !self.forgetful {
            lock(&self.record).push(Entry {
                number,
                request,
                received,
                ended,
            });
        }
        number
    }

    fn answered(&self, number: usize, status: StatusCode) {
        let mut record = lock(&self.record);
        if let Some(entry) = record.iter_mut().rev().find(|entry| entry.number == number) {
            entry.request.status = status.as_u16();
        }
    }
}

/// How far away the server seems to be.
#[derive(Clone, Copy, Default)]
pub(crate) struct Network {
    /// No request is answered sooner after it came. What the server does for it goes on meanwhile, as a signal goes on its
    /// way while others are worked on.
    pub(crate) latency: Duration,
    /// What each connection brings, in bytes per second.
    pub(crate) rate: Option<NonZeroU64>,
}

/// One of the two listeners.
#[derive(Clone)]
pub(crate) struct Front {
    pub(crate) listener: Listener,
    /// What stands before every path, such as `/wandb`.
    pub(crate) prefix: Arc<str>,
    pub(crate) router: Router,
    pub(crate) traffic: Arc<Traffic>,
    pub(crate) network: Network,
}

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
        let pace = self.network.rate.map(Pace::new);
        let service =
            service_fn(move |request| self.clone().answer(request, Arc::clone(&flag), pace.clone()));
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
        pace: Option<Arc<Pace>>,
    ) -> Result<Response<Body>, Dropped> {
        let came = Instant::now();
        let (mut parts, incoming) = request.into_parts();
        let received = Arc::new(AtomicU64::new(0));
        let mut body = counted(Body::new(incoming), Arc::clone(&received));
        let sent = parts
            .uri
            .path_and_query()
            .map_or_else(String::new, ToString::to_string);
        parts.uri = without_prefix(&sent, &self.prefix);
        let path = parts.uri.path();
        if self.listener == Listener::Api && control::is_for(path) && !self.traffic.forgetful {
            return Ok(control::answer(&self.traffic, &parts.method, path, body).await);
        }
        let (under_way, times) = UnderWay::begin(&self.traffic.count);
        let Times {
            came: came_at,
            ended,
            at_once,
        } = times;
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
        let effect = fault::meet(&mut lock(&self.traffic.faults), &seen);
        self.traffic
            .met
            .fetch_add(usize::from(effect.is_some()), Ordering::Relaxed);
        let number = self.traffic.came(
            RecordedRequest {
                listener: self.listener,
                method: parts.method.to_string(),
                path: sent,
                operation: call.operation,
                variables: call.variables,
                headers: header_list(&parts.headers),
                has_authorization: parts.headers.contains_key(header::AUTHORIZATION),
                request_bytes: 0,
                at_once,
                came: came_at,
                ended: None,
                status: 0,
            },
            received,
            ended,
        );
        let request = Request::from_parts(parts, body);
        let route = async |request| self.route(request).await;
        let effect = effect.unwrap_or_default();
        // A fault's own delay comes on top.
        let answer_at = came + self.network.latency + effect.delay;
        let outcome = effect.carry_out(request, reset, route).await;
        if !self.network.latency.is_zero() {
            match at_once {
                ..=FEW => sleep_until(answer_at).await,
                _ => tokio::time::sleep_until(answer_at).await,
            }
        }
        let response = outcome?;
        self.traffic.answered(number, response.status());
        Ok(under_way.until_sent(match pace {
            Some(pace) => throttled(response, &pace),
            None => response,
        }))
    }

    /// The work is done to its end even when the client goes away: a statement that is given up takes its connection
    /// with it, and the database in memory with that.
    async fn route(&self, request: Request<Body>) -> Response<Body> {
        let router = TowerToHyperService::new(self.router.clone());
        match tokio::spawn(async move { router.call(request).await }).await {
            Ok(Ok(response)) => response,
            Ok(Err(never)) => match never {},
            Err(error) => reply(500, &[], error.to_string().into()),
        }
    }
}

/// Sleeps until `moment`, and hardly longer: the runtime's timer may be late by more than a millisecond, so the last two are a
/// thread's. For many at once that would be too many threads.
async fn sleep_until(moment: Instant) {
    let rest = move || moment.saturating_duration_since(Instant::now());
    tokio::time::sleep(rest().saturating_sub(Duration::from_millis(2))).await;
    // It fails only where the runtime ends, and this with it.
    let _ = tokio::task::spawn_blocking(move || std::thread::sleep(rest())).await;
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

/// The same body, whose bytes are counted as they come.
fn counted(body: Body, received: Arc<AtomicU64>) -> Body {
    Body::from_stream(body.into_data_stream().inspect_ok(move |chunk| {
        received.fetch_add(chunk.len() as u64, Ordering::Relaxed);
    }))
}

fn header_list(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers
        .iter()
        .map(|(name, value)| (name.to_string(), text(value)))
        .collect()
}
