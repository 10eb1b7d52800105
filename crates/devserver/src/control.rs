//! The door for programs that run beside the server: what it was asked, and the faults. No path of W&B begins like
//! these, and what comes in here is not recorded.

use crate::Fault;
use crate::effect::reply;
use crate::front::Traffic;
use crate::record::RecordedRequest;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Response};
use serde_json::{Value, json};

const PREFIX: &str = "/_devserver/";

/// As many specifications as anyone would send.
const LIMIT: usize = 16 << 20;

pub(crate) fn is_for(path: &str) -> bool {
    path.starts_with(PREFIX)
}

pub(crate) async fn answer(traffic: &Traffic, method: &Method, path: &str, body: Body) -> Response<Body> {
    match (method, path.strip_prefix(PREFIX).unwrap_or_default()) {
        (&Method::GET, "requests") => {
            let list = traffic.requests();
            say(200, &list.iter().map(RecordedRequest::outline).collect())
        }
        (&Method::GET, "deletions") => say(200, &json!(traffic.deletions())),
        (&Method::DELETE, "requests") => {
            traffic.clear_requests();
            say(200, &json!({}))
        }
        (&Method::GET, "faults") => say(200, &traffic.faults()),
        (&Method::POST, "faults") => inject(traffic, body).await,
        (&Method::DELETE, "faults") => {
            traffic.clear_faults();
            say(200, &traffic.faults())
        }
        _ => say(
            404,
            &json!({ "error": "there are requests (GET, DELETE), deletions (GET) and faults (GET, POST, DELETE)" }),
        ),
    }
}

/// One specification a line. All of them are taken, or none.
async fn inject(traffic: &Traffic, body: Body) -> Response<Body> {
    let Ok(bytes) = to_bytes(body, LIMIT).await else {
        return say(413, &json!({ "error": "the body is too long, or broke off" }));
    };
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    match lines.map(str::parse).collect::<Result<Vec<Fault>, _>>() {
        Ok(faults) => {
            for fault in faults {
                traffic.inject(fault);
            }
            say(200, &traffic.faults())
        }
        Err(error) => say(400, &json!({ "error": error.to_string() })),
    }
}

fn say(status: u16, body: &Value) -> Response<Body> {
    let headers = [("Content-Type".to_owned(), "application/json".to_owned())];
    reply(status, &headers, body.to_string().into())
}
