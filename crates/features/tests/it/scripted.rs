//! A server of whatever age, whose words a test chooses.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use serde_json::{Value, json};
use wandb_features::Server;
use wandb_transport::{Operation, Reply, Transport, TransportError, TransportErrorKind};

type Answer = dyn Fn(&str, &str) -> Result<Reply, TransportErrorKind> + Send + Sync;

/// Answers by the operation's name and text, and remembers the bodies.
#[derive(Clone)]
pub(crate) struct Scripted {
    answer: Arc<Answer>,
    asked: Arc<Mutex<Vec<Value>>>,
}

impl Scripted {
    pub(crate) fn new(
        answer: impl Fn(&str, &str) -> Result<Reply, TransportErrorKind> + Send + Sync + 'static,
    ) -> Self {
        Self {
            answer: Arc::new(answer),
            asked: Arc::default(),
        }
    }

    pub(crate) fn server(&self) -> Server {
        Server::new(Arc::new(self.clone()))
    }

    /// The bodies so far, which are forgotten.
    pub(crate) fn asked(&self) -> Vec<Value> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    /// The operations so far, which are forgotten.
    pub(crate) fn operations(&self) -> Vec<String> {
        let names = self.asked().into_iter();
        names
            .map(|body| body["operationName"].as_str().unwrap().to_owned())
            .collect()
    }
}

#[async_trait]
impl Transport for Scripted {
    async fn send(&self, operation: Operation) -> Result<Reply, TransportError> {
        let body = serde_json::from_slice(operation.body()).unwrap();
        self.asked.lock().unwrap().push(body);
        // Others get their turn, as on a network.
        tokio::task::yield_now().await;
        (self.answer)(operation.name(), operation.document())
            .map_err(|kind| TransportError::new(kind, operation.name(), "scripted"))
    }
}

pub(crate) fn reply(status: u16, body: &Value) -> Result<Reply, TransportErrorKind> {
    Ok(Reply::new(status, body.to_string()))
}

pub(crate) fn refusal(status: u16, message: &str) -> Result<Reply, TransportErrorKind> {
    reply(status, &json!({ "errors": [{ "message": message }] }))
}

/// No run, which is an answer.
pub(crate) fn nothing() -> Result<Reply, TransportErrorKind> {
    reply(200, &json!({ "data": { "project": null } }))
}
