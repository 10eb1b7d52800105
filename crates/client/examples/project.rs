//! What a project holds, as lines of JSON: how many runs pass each filter, and the sweeps with their runs.
//!
//! ```text
//! cargo run --example project -- my-team/mnist '{"state": "finished"}'
//! ```
#![expect(clippy::print_stdout, reason = "saying it is what this program does")]

use std::env;
use std::error::Error;
use std::sync::Arc;

use serde_json::json;
use wandb_client::{Api, Filter};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let path = arguments
        .next()
        .ok_or("usage: project ENTITY/PROJECT [FILTER]...")?;
    let api = Api::from_env()?;
    for text in arguments {
        let runs = api.runs(&path).await?.filters(Filter::json(&text)?);
        let count = runs.paginate(Arc::clone(api.transport())).len().await?;
        println!("{}", json!({ "filter": text, "runs": count }));
    }
    let mut sweeps = api.sweeps(&path).await?.paginate(Arc::clone(api.transport()));
    while let Some(sweep) = sweeps.next().await? {
        let id = sweep.id().to_owned();
        let runs = api.runs(&path).await?.filters(Filter::sweep(&id));
        let mut runs = runs.paginate(Arc::clone(api.transport()));
        let mut ids = Vec::new();
        while let Some(run) = runs.next().await? {
            ids.push(run.id().to_owned());
        }
        let row = json!({
            "id": id,
            "name": sweep.name(),
            "storage_id": sweep.storage_id(),
            "entity": sweep.entity(),
            "project": sweep.project(),
            "state": sweep.state(),
            "best_loss": sweep.best_loss(),
            "expected_run_count": sweep.expected_run_count(),
            "runs": ids,
        });
        println!("{row}");
    }
    Ok(())
}
