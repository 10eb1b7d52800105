//! Mirrors a project, and fails where anything is missing: what a nightly job needs.
//!
//! ```sh
//! cargo run --example nightly -- team/mnist s3://bucket/wandb postgres://mirror@db/ledger
//! ```

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for people")]

use std::process::ExitCode;

use wandb_client::Api;
use wandb_mirror::{Destination, Enough, Ledger, Mirror, PlanOptions, Source, Worker, WorkerOptions};

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [project, destination, ledger] = arguments.as_slice() else {
        return Err("usage: nightly ENTITY/PROJECT DESTINATION LEDGER".into());
    };
    let (entity, name) = project
        .split_once('/')
        .ok_or("write the project as ENTITY/PROJECT")?;

    let api = Api::from_env()?;
    let ledger = Ledger::open(ledger).await?;
    let mirror = Mirror::open(api.clone(), ledger.clone(), Destination::parse(destination)?).await?;
    let files = api.files_of_project(&format!("{project}/")).await?;
    let source = Source::project(files, entity, name);
    let planned = mirror.plan(source, PlanOptions::default(), |_| ()).await?;
    println!(
        "{} of {} files are new or changed",
        planned.new + planned.again,
        planned.files
    );

    let worker = Worker::new(api, ledger.clone(), WorkerOptions::default());
    worker.run(Enough::Mirror(mirror.id())).await?;
    let failures = ledger.failures(20).await?;
    for failure in &failures {
        eprintln!(
            "{}/{}/{}/{}: {}",
            failure.entity, failure.project, failure.run, failure.name, failure.error
        );
    }
    Ok(if failures.is_empty() && planned.problems == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
