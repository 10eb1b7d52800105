//! Prepared replies, for tests.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use serde_json::{Value, json};

use crate::{Operation, Reply, Transport, TransportError, TransportErrorKind};

/// A transport that gives prepared replies in turn, and remembers what it was asked: for the tests of collections of one's own.
///
/// ```
/// # async fn example() -> Result<(), wandb_transport::TransportError> {
/// use serde_json::json;
/// use wandb_queries::{Viewer, viewer};
/// use wandb_transport::{Scripted, execute};
///
/// let server = Scripted::answering("viewer", [json!({"id": "1", "entity": "me"})]);
/// let answer = execute::<Viewer>(&*server, viewer::Variables).await?;
/// assert_eq!(answer.viewer.and_then(|viewer| viewer.entity).as_deref(), Some("me"));
/// assert_eq!(server.asked()[0]["operationName"], "Viewer");
/// # Ok(())
/// # }
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(example()).unwrap();
/// ```
pub struct Scripted {
    replies: Mutex<VecDeque<Reply>>,
    asked: Mutex<Vec<Value>>,
}

impl Scripted {
    /// Gives these replies.
    pub fn new(replies: impl IntoIterator<Item = Reply>) -> Arc<Self> {
        Arc::new(Self {
            replies: Mutex::new(replies.into_iter().collect()),
            asked: Mutex::default(),
        })
    }

    /// Answers with HTTP 200, and each of these as the `field` of the answer's data.
    pub fn answering(field: &str, values: impl IntoIterator<Item = Value>) -> Arc<Self> {
        Self::new(
            values
                .into_iter()
                .map(|value| Reply::new(200, json!({"data": {field: value}}).to_string())),
        )
    }

    /// This transport, as collections take it.
    #[must_use]
    pub fn transport(self: &Arc<Self>) -> Arc<dyn Transport> {
        Arc::clone(self) as Arc<dyn Transport>
    }

    /// The bodies of the requests so far: objects with `query`, `variables` and `operationName`.
    #[must_use]
    pub fn asked(&self) -> Vec<Value> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Transport for Scripted {
    /// # Errors
    /// [`TransportErrorKind::Request`] once all replies are given.
    async fn send(&self, operation: Operation) -> Result<Reply, TransportError> {
        let body = serde_json::from_slice(operation.body()).unwrap_or_default();
        self.asked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(body);
        let mut replies = self.replies.lock().unwrap_or_else(PoisonError::into_inner);
        replies.pop_front().ok_or_else(|| {
            let message = "no prepared reply is left";
            TransportError::new(TransportErrorKind::Request, operation.name(), message)
        })
    }
}

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        f.debug_struct("Scripted")
            .field("asked", &asked.len())
            .finish_non_exhaustive()
    }
}
