//! Runs for demos and measurements, always the same for the same numbers.

use crate::objects::{Stored, Unstored};
use crate::store::NewFile;
use crate::{DevServer, Error, RunSpec, SweepSpec, mimetype};
use bytes::Bytes;
use futures::stream;
use serde_json::json;

/// When the first run was made; each other follows a minute later.
const START: i64 = 1_714_566_896;

impl DevServer {
    /// Adds runs with everything that can be filtered and sorted by, each with the same files. The bytes of these are
    /// stored once for all runs, so that thousands of runs take little room.
    ///
    /// # Errors
    /// When the database or the disk refuses it.
    pub async fn add_synthetic_runs(
        &self,
        entity: &str,
        project: &str,
        runs: u32,
        files_per_run: u32,
    ) -> Result<(), Error> {
        let mut files = Vec::new();
        for number in 0..files_per_run {
            let name = file_name(number);
            let stored = self.store_once(&name, contents(number)).await?;
            files.push((name, stored));
        }
        self.add_sweep(entity, project, "sweep-0", sweep()).await?;
        for number in 0..runs {
            let name = format!("run-{number:05}");
            let spec = run(number);
            let at = spec.heartbeat_at;
            self.add_run_with(entity, project, &name, spec).await?;
            let (_, row, _) = self.state.store.ensure_run(entity, project, &name).await?;
            let listed = files.iter().map(|(name, stored)| NewFile {
                md5: Some(stored.md5.clone()),
                mimetype: Some(mimetype::of(name).to_owned()),
                updated_at: at,
                object: Some(stored.object.clone()),
                ..NewFile::new(name, stored.size)
            });
            self.state.store.add_listing(row.id, listed).await?;
        }
        Ok(())
    }

    async fn store_once(&self, name: &str, contents: Bytes) -> Result<Stored, Error> {
        let stored = self.state.objects.store(stream::iter([Ok(contents)]), None).await;
        stored.map_err(|unstored| match unstored {
            Unstored::Disk(error) => error,
            Unstored::Body | Unstored::Digest => {
                Error::disk("storing a file", name)(std::io::Error::other("it broke off"))
            }
        })
    }
}

fn run(number: u32) -> RunSpec {
    let created_at = START + i64::from(number) * 60;
    let every = |nth: u32| number.is_multiple_of(nth);
    let tags = [("baseline", every(4)), ("nightly", every(5))];
    let state = match number % 10 {
        9 => "failed",
        8 => "crashed",
        _ => "finished",
    };
    let rate = [0.1, 0.01, 0.001][number as usize % 3];
    RunSpec {
        display_name: Some(format!("synthetic-{number}")),
        state: Some(state.to_owned()),
        tags: tags
            .into_iter()
            .filter(|(_, has)| *has)
            .map(|(tag, _)| tag.to_owned())
            .collect(),
        config: json!({
            "lr": rate,
            "batch_size": 32_u32 << (number % 4),
            "optimizer": { "name": if every(2) { "adam" } else { "sgd" } },
        }),
        summary: json!({
            "loss": f64::from(number * 7919 % 1000) / 1000.0,
            "epoch": number % 30,
        }),
        group: Some(format!("group-{}", number % 8)),
        job_type: Some(if every(3) { "eval" } else { "train" }.to_owned()),
        sweep: every(20).then(|| "sweep-0".to_owned()),
        created_at: Some(created_at),
        heartbeat_at: Some(created_at + 600),
        ..RunSpec::default()
    }
}

fn sweep() -> SweepSpec {
    SweepSpec {
        method: Some("grid".to_owned()),
        state: Some("FINISHED".to_owned()),
        config: json!({
            "method": "grid",
            "metric": { "name": "loss", "goal": "minimize" },
            "parameters": { "lr": { "values": [0.1, 0.01, 0.001] } },
        }),
        created_at: Some(START),
        ..SweepSpec::default()
    }
}

fn file_name(number: u32) -> String {
    match number {
        0 => "output.log".to_owned(),
        1 => "config.yaml".to_owned(),
        2 => "wandb-summary.json".to_owned(),
        _ if number.is_multiple_of(5) => format!("checkpoints/epoch_{number:03}.pt"),
        _ => format!("media/images/step_{number:05}.png"),
    }
}

/// Some hundred bytes, others in each file.
fn contents(number: u32) -> Bytes {
    let line = format!("file {number} of a synthetic run\n");
    line.repeat(4 + number as usize % 16).into()
}
