//! What a run sends while it is under way: what it logs and prints, its summary, and in the end how it ended.

use crate::Error;
use crate::state::State;
use crate::store::{Log, RunChanges};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The file that the summary comes as, whole each time.
const SUMMARY: &str = "wandb-summary.json";

/// The body of a request to `file_stream`.
#[derive(Deserialize)]
pub(crate) struct Sent {
    #[serde(default)]
    files: BTreeMap<String, Chunk>,
    #[serde(default)]
    complete: bool,
    exitcode: Option<i32>,
}

/// Lines of one file, from the `offset`-th on.
#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    offset: i64,
    #[serde(default)]
    content: Vec<String>,
}

impl State {
    /// Takes what came of the run of this number.
    pub(crate) async fn stream(&self, run_id: i64, sent: Sent) -> Result<(), Error> {
        let mut changes = RunChanges::default();
        for (name, chunk) in sent.files {
            if let Some(log) = Log::of(&name) {
                self.store
                    .put_lines(run_id, log, chunk.offset, &chunk.content)
                    .await?;
            } else if name == SUMMARY {
                changes.summary = chunk.content.into_iter().next_back();
            }
        }
        if sent.complete {
            changes.state = sent.exitcode.map(|code| match code {
                0 => "finished".to_owned(),
                _ => "failed".to_owned(),
            });
        }
        self.store.beat(run_id).await?;
        self.store.change_run(run_id, changes).await.map(drop)
    }
}
