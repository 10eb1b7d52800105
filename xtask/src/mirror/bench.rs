//! `cargo xtask mirror --bench`: how fast workers are, and what the ledger costs; the figures go to `xtask/scale.json`.

use serde_json::{Value, json};

use super::cost::{self, Cost, Times};
use super::ground::Ground;
use super::ledger::Ledger;
use super::seed::Shape;
use super::throughput;
use super::{Options, Size, WHOLE};
use crate::bins;
use crate::error::{Context, Failure, Result};
use crate::services::postgres::Fsync;
use crate::sh;

/// Files of some KiB, and large ones.
const SMALL: Size = Size {
    shape: Shape {
        runs: 40,
        files: 100,
        large: 0,
    },
    ..WHOLE
};
const LARGE: Size = Size {
    shape: Shape {
        runs: 40,
        files: 0,
        large: 40,
    },
    ..WHOLE
};
/// How long each request to the source waits.
const LATENCY: &str = "50ms";
/// What a worker has in flight where the wait is what limits it, and at the default setting.
const JOBS: [usize; 2] = [8, 32];
const WORKERS: [usize; 3] = [1, 2, 4];

pub(super) fn run(options: &Options) -> Result<()> {
    let bins = bins::release()?;
    let mut figures = Vec::new();
    {
        let ground = Ground::new(
            &bins,
            &SMALL,
            options.seed,
            "bench",
            Fsync::On,
            &["--latency", LATENCY],
        )?;
        let files = ground.files.len() as f64;
        println!(
            "{:>9}{:>12}{:>12}{:>14}{:>12}{:>10}",
            "workers", "in flight", "files/s", "of one alone", "CPU/file", "peak"
        );
        for jobs in JOBS {
            let mut alone = 0.0;
            for workers in WORKERS {
                let name = format!("bench_{jobs}_{workers}");
                let (_, store) = ground.beside(&name);
                let taken = throughput::of(&ground, &name, &store, workers, jobs)?;
                let rate = files / taken.took.as_secs_f64();
                if workers == 1 {
                    alone = rate;
                    figures = vec![
                        ("cpu_file_ms", taken.cpu * 1e3 / files),
                        ("worker_mib", taken.peak),
                    ];
                }
                println!(
                    "{workers:>9}{jobs:>12}{rate:>12.0}{:>12.2} x{:>9.2} ms{:>6.0} MiB",
                    rate / alone,
                    taken.cpu * 1e3 / files,
                    taken.peak
                );
            }
        }
        figures.extend(of_ledgers(&ground)?);
    }
    let ground = Ground::new(&bins, &LARGE, options.seed, "bench", Fsync::On, &[])?;
    let (_, store) = ground.beside("large");
    let jobs = 8;
    let taken = throughput::of(&ground, "large", &store, 1, jobs)?;
    let mib: usize = ground.files.iter().map(|file| file.size >> 20).sum();
    let small = figures
        .iter()
        .find(|(name, _)| *name == "worker_mib")
        .map_or(0.0, |(_, peak)| *peak);
    figures.push(("cpu_mib_ms", taken.cpu * 1e3 / mib as f64));
    figures.push(("in_flight_mib", (taken.peak - small).max(0.0) / jobs as f64));
    println!(
        "large files: {:.0} MiB/s, {:.0} MiB at the peak",
        mib as f64 / taken.took.as_secs_f64(),
        taken.peak
    );
    write(&figures)
}

fn of_ledgers(ground: &Ground<'_>) -> Result<Vec<(&'static str, f64)>> {
    let sqlite = ["cost-1", "cost-2"].map(|name| Ledger::Sqlite(ground.folder().join(name)));
    show("SQLite", &cost::of(&sqlite, None)?);
    let postgres = [ground.postgres("cost_1")?, ground.postgres("cost_2")?];
    let cost = cost::of(&postgres, ground.services.borrow().postgres.id())?;
    show("PostgreSQL, fsync on", &cost);
    Ok(vec![
        ("ledger_listed_ms", cost.listed.wall / 1e3),
        ("ledger_moved_ms", cost.moved.wall / 1e3),
        ("ledger_task_ms", cost.task.wall / 1e3),
        ("row_bytes", cost.row),
        ("index_bytes", cost.indexes),
        ("task_bytes", cost.queued),
    ])
}

fn show(name: &str, cost: &Cost) {
    println!(
        "\n{name:<34}{:>12}{:>12}{:>14}",
        "µs", "of our CPU", "server's CPU"
    );
    let line = |what: &str, times: Times| {
        println!(
            "{what:<34}{:>12.1}{:>12.1}{:>14.1}",
            times.wall, times.cpu, times.server
        );
    };
    line("a new file, compared and queued", cost.listed);
    line("a known file, compared", cost.known);
    line("a file noted as moved", cost.moved);
    line("a task handed out, taken and ended", cost.task);
    println!(
        "bytes: {:.0} a row, {:.0} its indexes, {:.0} a task",
        cost.row, cost.indexes, cost.queued
    );
}

/// Puts the figures into the file that the simulation reads.
fn write(figures: &[(&str, f64)]) -> Result<()> {
    let path = sh::workspace().join("xtask").join("scale.json");
    let text = std::fs::read_to_string(&path).or_fail(|| format!("read {}", path.display()))?;
    let json: Value = serde_json::from_str(&text).or_fail(|| format!("read {}", path.display()))?;
    let mut lines: Vec<String> = text.lines().map(ToOwned::to_owned).collect();
    for measured in json["measured"].as_array().into_iter().flatten() {
        let name = measured["name"].as_str().unwrap_or_default();
        let Some((_, value)) = figures.iter().find(|(figure, _)| *figure == name) else {
            return Err(Failure::new(format!("{name} was not measured")));
        };
        // The file keeps its form, a figure a line.
        let digits = if *value < 10.0 { 1000.0 } else { 1.0 };
        let value = json!((value * digits).round() / digits);
        let is_line = format!("\"name\": \"{name}\"");
        for line in lines.iter_mut().filter(|line| line.contains(&is_line)) {
            let text = |field: &str| measured[field].to_string();
            let end = if line.ends_with(',') { "," } else { "" };
            *line = format!(
                "    {{ \"name\": \"{name}\", \"value\": {value}, \"unit\": {}, \"what\": {}, \"source\": \"`cargo xtask mirror --bench`\" }}{end}",
                text("unit"),
                text("what"),
            );
        }
    }
    std::fs::write(&path, lines.join("\n") + "\n").or_fail(|| format!("write {}", path.display()))
}
