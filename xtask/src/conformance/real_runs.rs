//! Runs as scripts make them with the SDK, online and offline: whether the server takes all of them, and what wbf and the
//! SDK then read.

use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::{Value, json};

use super::rows;
use super::suite::{Sdk, Suite, unexpected};
use crate::error::{Context, Failure, Result};
use crate::python;
use crate::sh::{Output, Sh};

/// A run's files, but for those of its tables, whose names have a digest.
const FILES: [&str; 7] = [
    "config.yaml",
    "nested/deep/notes.txt",
    "output.log",
    "requirements.txt",
    "wandb-metadata.json",
    "wandb-summary.json",
    "weights.bin",
];
/// What the script logs before it ends, and what a resumed run adds.
const STEPS: i64 = 50;
const MORE_STEPS: i64 = 5;

/// One script that was run, and where.
struct Real<'a> {
    sdk: &'a Sdk,
    run: String,
    work: PathBuf,
}

impl Suite<'_> {
    /// All kinds of runs by this SDK.
    pub(super) fn real_runs(&mut self, sdk: &Sdk, scratch: &Path) -> Result<()> {
        let start = Instant::now();
        let real = |kind: &str| -> Result<Real<'_>> {
            let work = scratch.join(format!("real-{kind}-{}", sdk.version));
            std::fs::create_dir_all(&work).or_fail(|| format!("make {}", work.display()))?;
            let run = format!("conformance/real/{kind}-{}", sdk.version);
            Ok(Real { sdk, run, work })
        };

        let online = real("online")?;
        self.logged(&online, "an online run", &[], 0)?;
        self.read(&online, "an online run", "finished", 0)?;
        self.files(&online, "an online run")?;
        self.page(&online)?;
        let resumed = self.script(&online, "resume").arg(&online.work);
        self.taken("resuming it", resumed, 0)?;
        self.read(&online, "the resumed run", "finished", MORE_STEPS)?;

        let failing = real("failing")?;
        self.logged(&failing, "a run that fails", &["fail"], 1)?;
        self.read(&failing, "a run that fails", "failed", 0)?;
        self.files(&failing, "a run that fails")?;

        let offline = real("offline")?;
        self.server.forget_requests()?;
        let script = self.script(&offline, "log").arg(&offline.work);
        let output = script.env("WANDB_MODE", "offline").output()?;
        let mut differences = unexpected(&output, 0);
        let sent = self.server.requests()?.len();
        if sent > 0 {
            differences.push(format!("{sent} requests were sent"));
        }
        self.report("an offline run asks for nothing", &differences);
        let sync = Sh::new(&sdk.python).args(["-W", "ignore", "-m", "wandb", "sync"]);
        let sync = self.on_server(&offline, sync).arg(offline_run(&offline.work)?);
        self.taken("syncing an offline run", sync, 0)?;
        self.read(&offline, "the synced run", "finished", 0)?;
        self.files(&offline, "the synced run")?;
        println!(
            "SDK {}: real runs, {:.1} s",
            sdk.version,
            start.elapsed().as_secs_f64()
        );
        Ok(())
    }

    fn script(&self, real: &Real<'_>, command: &str) -> Sh {
        let script = python::script(&real.sdk.python, "real_run.py");
        self.on_server(real, script.arg(command).arg(&real.run))
    }

    /// The SDK's own folders belong to the run here, so that what it keeps offline is found.
    fn on_server(&self, real: &Real<'_>, command: Sh) -> Sh {
        let command = self.server.client(command).env("WANDB_DIR", &real.work);
        // What a script prints is to be what it prints to anybody.
        command.env("WANDB_SILENT", "false")
    }

    fn logged(&mut self, real: &Real<'_>, what: &str, more: &[&str], status: i32) -> Result<()> {
        let script = self.script(real, "log").arg(&real.work).args(more);
        self.taken(what, script, status)
    }

    /// The command ends with this status, the server refuses none of its requests, and it complains of nothing.
    fn taken(&mut self, what: &str, command: Sh, status: i32) -> Result<()> {
        self.server.forget_requests()?;
        let output = command.output()?;
        let sent = self.server.requests()?;
        let mut differences = unexpected(&output, status);
        let refused = sent
            .iter()
            .filter(|request| request["status"].as_u64() >= Some(400));
        differences.extend(refused.map(|request| {
            format!(
                "{} {} {} was answered with {}",
                request["method"], request["path"], request["operation"], request["status"]
            )
        }));
        differences.extend(complaints(&output));
        let what = format!("{what}: {} requests are taken", sent.len());
        self.report(&what, &differences);
        Ok(())
    }

    /// What the SDK's public Api then tells of the run is what was logged.
    fn read(&mut self, real: &Real<'_>, what: &str, state: &str, more: i64) -> Result<()> {
        let told: Value = serde_json::from_str(&self.script(real, "read").read()?)
            .or_fail(|| "read what the SDK told of a run".to_owned())?;
        let name = real.run.rsplit('/').next().unwrap_or_default();
        // The table was logged at a step of its own.
        let resumed = STEPS + 1..STEPS + 1 + more;
        let steps: Vec<i64> = (0..STEPS).chain(resumed).collect();
        #[expect(clippy::cast_precision_loss, reason = "steps are few")]
        let loss = |step: &i64| match *step < STEPS {
            true => 1.0 / (*step + 1) as f64,
            false => 0.01,
        };
        let losses: Vec<f64> = steps.iter().map(loss).collect();
        let numbers = |list: &Value| -> Vec<f64> {
            let list = list.as_array().into_iter().flatten();
            list.filter_map(Value::as_f64).collect()
        };
        let wanted = [
            ("state", json!(state)),
            ("tags", json!(["real"])),
            ("notes", json!("a note")),
            ("group", json!("a group")),
            ("job_type", json!("train")),
            ("config", json!({"lr": 0.1, "layers": [8, 4], "name": "Zoë"})),
            (
                "summary",
                json!({"loss": if more > 0 { 0.01 } else { 0.02 }, "squared": (STEPS - 1) * (STEPS - 1), "best": 0.02}),
            ),
            ("last_step", json!(STEPS + more)),
            ("steps", json!(steps)),
            ("sampled", json!(10)),
        ];
        let differs = wanted.iter().filter(|(field, value)| told[*field] != *value);
        let mut differences: Vec<_> = differs
            .map(|(field, value)| format!("{field}: logged was {value}, read is {}", told[*field]))
            .collect();
        let read = numbers(&told["losses"]);
        // To the last bit numbers are not the same in every parser.
        let close = |(read, loss): (&f64, &f64)| (read - loss).abs() < 1e-12;
        if read.len() != losses.len() || !read.iter().zip(&losses).all(close) {
            differences.push(format!("losses: read is {}", told["losses"]));
        }
        let artifacts = [format!("model-of-{name}"), format!("run-{name}-table")];
        let logged = |artifact: &String| {
            told["artifacts"]
                .as_array()
                .is_some_and(|all| all.contains(&json!(artifact)))
        };
        differences.extend(
            artifacts
                .iter()
                .filter(|artifact| !logged(artifact))
                .map(|artifact| format!("no artifact {artifact} in {}", told["artifacts"])),
        );
        self.report(&format!("{what}: what was logged can be read"), &differences);
        Ok(())
    }

    /// wbf lists the run's files as the SDK does, and brings the bytes that the script had.
    fn files(&mut self, real: &Real<'_>, what: &str) -> Result<()> {
        let theirs = rows::parse(&self.sdk(real.sdk, "list", &real.run).arg("[{}]").read()?)?;
        let ours = self.rows(["ls", &real.run])?;
        let mut differences = rows::differences(&theirs.iter().collect::<Vec<_>>(), &ours);
        let names: Vec<&str> = ours.iter().filter_map(|row| row["name"].as_str()).collect();
        let (tables, mut plain): (Vec<&str>, Vec<&str>) =
            names.iter().partition(|name| name.starts_with("media/table/"));
        plain.sort_unstable();
        if plain != FILES || tables.len() != 1 {
            differences.push(format!("the files are {names:?}"));
        }
        self.report(&format!("{what}: {} files are listed", ours.len()), &differences);

        let got = real.work.join("got");
        let get = self.wbf(["get", &real.run, "--root"]).arg(&got).output()?;
        let mut differences = unexpected(&get, 0);
        for name in ["weights.bin", "nested/deep/notes.txt"] {
            let read = |folder: &Path| std::fs::read(folder.join(name)).ok();
            if read(&got).is_none() || read(&got) != read(&real.work) {
                differences.push(format!("{name} has other bytes"));
            }
        }
        let printed = std::fs::read_to_string(got.join("output.log")).unwrap_or_default();
        let steps = (0..STEPS).map(|step| format!("step {step}"));
        let missing = steps.filter(|step| printed.lines().all(|line| line != step));
        differences.extend(missing.map(|step| format!("output.log has no line {step:?}")));
        self.report(&format!("{what}: get brings them"), &differences);
        Ok(())
    }

    /// Shows the run as wbf lists it.
    fn page(&self, real: &Real<'_>) -> Result<()> {
        println!("  wbf ls {}", real.run);
        for line in self.wbf(["ls", &real.run]).read()?.lines() {
            println!("    {line}");
        }
        Ok(())
    }
}

/// Lines in which the SDK says that something is wrong. That its files are linked to is told as a warning.
fn complaints(output: &Output) -> Vec<String> {
    let lines = output.stderr.lines();
    let said =
        lines.filter(|line| line.contains("wandb") && (line.contains("ERROR") || line.contains("WARNING")));
    let wrong = said.filter(|line| !line.contains("Symlinked"));
    wrong.map(|line| format!("the SDK says: {line}")).collect()
}

/// The folder of the one run that was kept offline.
fn offline_run(work: &Path) -> Result<PathBuf> {
    let folder = work.join("wandb");
    let entries = std::fs::read_dir(&folder).or_fail(|| format!("read {}", folder.display()))?;
    let mut paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    paths
        .find(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("offline-run-"))
        })
        .ok_or_else(|| Failure::new(format!("the SDK kept no offline run in {}", folder.display())))
}
