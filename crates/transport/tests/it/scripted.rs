//! A transport that plays a script: for what a real server cannot be made to do on demand.

use std::collections::VecDeque;
use std::sync::Mutex;

use async_trait::async_trait;
use wandb_transport::{Operation, Reply, Transport, TransportError};

#[derive(Default)]
pub(crate) struct Scripted {
    script: Mutex<VecDeque<Result<Reply, TransportError>>>,
    sent: Mutex<Vec<Operation>>,
}

impl Scripted {
    pub(crate) fn new(script: impl IntoIterator<Item = Result<Reply, TransportError>>) -> Self {
        Self {
            script: Mutex::new(script.into_iter().collect()),
            sent: Mutex::default(),
        }
    }

    pub(crate) fn sent(&self) -> usize {
        self.sent.lock().unwrap().len()
    }
}

#[async_trait]
impl Transport for Scripted {
    async fn send(&self, operation: Operation) -> Result<Reply, TransportError> {
        self.sent.lock().unwrap().push(operation);
        self.script.lock().unwrap().pop_front().unwrap()
    }
}
