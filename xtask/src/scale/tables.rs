//! The plans that the page shows, and their tables.

use std::fmt::Write as _;

use super::inputs::Inputs;
use super::plan::{Outage, Outcome, Part, Plan};
use super::simulation::simulate;

const SIZES: [(u64, &str); 3] = [(100_000, "10⁵"), (10_000_000, "10⁷"), (1_000_000_000, "10⁹")];

/// Every table of the page, by the name of its place.
pub(super) fn all(inputs: &Inputs, seed: u64) -> Vec<(&'static str, String)> {
    vec![
        ("inputs", inputs.tables()),
        ("sizes", sizes(inputs, seed)),
        ("ways", ways(inputs, seed)),
        ("faults", faults(inputs, seed)),
        ("ledger", ledger(inputs)),
        ("again", again(inputs, seed)),
    ]
}

fn sizes(inputs: &Inputs, seed: u64) -> String {
    let mut text = "| files | workers | time | files/s | busiest | requests to W&B | to the destination |\n\
                    | --- | --- | --- | --- | --- | --- | --- |\n"
        .to_owned();
    for (files, name) in SIZES {
        for workers in [1, 4, 16, 64] {
            let outcome = simulate(&Plan::new(files, workers), inputs, seed);
            let _ = writeln!(
                text,
                "| {name} | {workers} | {} |",
                columns(files as f64, &outcome)
            );
        }
    }
    text
}

fn columns(files: f64, outcome: &Outcome) -> String {
    let (limit, share) = outcome.limit();
    format!(
        "{} | {:.0} | {limit}, {:.0} % | {} | {}",
        time(outcome.seconds),
        files / outcome.seconds,
        share * 100.0,
        rounded(outcome.api_requests),
        rounded(outcome.destination_requests),
    )
}

/// What changes the time of the largest.
fn ways(inputs: &Inputs, seed: u64) -> String {
    let one = Plan::new(1_000_000_000, 64);
    let by_server = Plan {
        by_server: true,
        ..one.clone()
    };
    let in_one_run = Plan {
        in_one_run: true,
        ..one.clone()
    };
    let slow = Plan {
        key_requests: Some(1.0),
        ..one.clone()
    };
    let keys = Plan {
        calls: 4,
        keys: 4,
        ..one.clone()
    };
    let partitions = Plan {
        partitions: 4,
        ..keys.clone()
    };
    let quarter = Plan::new(250_000_000, 16);
    let mut text =
        "| 10⁹ files, 64 workers | time | files/s | busiest | requests to W&B | to the destination |\n\
                    | --- | --- | --- | --- | --- | --- |\n"
            .to_owned();
    for (name, plan, mirrors) in [
        ("one call, one key", one, 1.0),
        ("the same, with all files in one run", in_one_run, 1.0),
        ("the same, by way of the W&B server", by_server, 1.0),
        ("the same, if a key is good for one request a second", slow, 1.0),
        ("4 calls, each with a key", keys, 1.0),
        (
            "4 calls, each with a key, 4 partitions of the destination",
            partitions,
            1.0,
        ),
        (
            "4 mirrors, each with 16 workers, a key, a ledger and a partition",
            quarter,
            4.0,
        ),
    ] {
        let mut outcome = simulate(&plan, inputs, seed);
        outcome.api_requests *= mirrors;
        outcome.destination_requests *= mirrors;
        let _ = writeln!(
            text,
            "| {name} | {} |",
            columns(plan.files as f64 * mirrors, &outcome)
        );
    }
    text
}

fn faults(inputs: &Inputs, seed: u64) -> String {
    let base = Plan::new(10_000_000, 4);
    let dying = |hours| Plan {
        life: Some(hours),
        ..base.clone()
    };
    let hourly = |part| {
        let outage = |hour| Outage {
            part,
            at: f64::from(hour) * 3600.0,
            seconds: 60.0,
        };
        Plan {
            outages: (1..=48).map(outage).collect(),
            ..base.clone()
        }
    };
    let plans = [
        ("nothing goes wrong", base.clone()),
        ("a worker lives four hours", dying(4.0)),
        ("a worker lives an hour", dying(1.0)),
        ("a worker lives ten minutes", dying(1.0 / 6.0)),
        ("each hour the ledger is away for a minute", hourly(Part::Ledger)),
        ("each hour W&B answers 429 for a minute", hourly(Part::Api)),
        ("each hour storage is away for a minute", hourly(Part::Storage)),
    ];
    let mut text =
        "| 10⁷ files, 4 workers | time | deaths | files moved twice |\n| --- | --- | --- | --- |\n"
            .to_owned();
    for (name, plan) in plans {
        let outcome = simulate(&plan, inputs, seed);
        let Outcome {
            seconds,
            deaths,
            twice,
            ..
        } = outcome;
        let _ = writeln!(
            text,
            "| {name} | {} | {deaths} | {} |",
            time(seconds),
            rounded(twice as f64)
        );
    }
    text
}

/// What the ledger takes of a disk, and of memory for its indexes to stay there.
fn ledger(inputs: &Inputs) -> String {
    let mut text = "| files | rows | indexes | tasks | all | a worker's memory, at most |\n\
                    | --- | --- | --- | --- | --- | --- |\n"
        .to_owned();
    let values = &inputs.values;
    let memory = values.worker_mib + values.in_flight * values.in_flight_mib;
    for (files, name) in SIZES {
        let files = files as f64;
        let rows = files * values.row_bytes;
        let indexes = files * values.index_bytes;
        let tasks = files / values.batch_files * values.task_bytes;
        let all = bytes(rows + indexes + tasks);
        let (rows, indexes, tasks) = (bytes(rows), bytes(indexes), bytes(tasks));
        let _ = writeln!(
            text,
            "| {name} | {rows} | {indexes} | {tasks} | {all} | {memory:.0} MiB |"
        );
    }
    text
}

/// A second run that finds nothing to move.
fn again(inputs: &Inputs, seed: u64) -> String {
    let mut text = "| files | requests to W&B | time, one run | many runs | 4 calls, each with a key |\n\
                    | --- | --- | --- | --- | --- |\n"
        .to_owned();
    for (files, name) in SIZES {
        let look = |in_one_run, calls| {
            let plan = Plan {
                in_one_run,
                calls,
                keys: calls,
                again: true,
                ..Plan::new(files, 1)
            };
            simulate(&plan, inputs, seed)
        };
        let one = look(true, 1);
        let _ = writeln!(
            text,
            "| {name} | {} | {} | {} | {} |",
            rounded(one.api_requests),
            time(one.seconds),
            time(look(false, 1).seconds),
            time(look(false, 4).seconds),
        );
    }
    text
}

fn time(seconds: f64) -> String {
    match seconds {
        short if short < 100.0 => format!("{short:.0} s"),
        short if short < 6_000.0 => format!("{:.1} min", short / 60.0),
        short if short < 100.0 * 3600.0 => format!("{:.2} h", short / 3600.0),
        long => format!("{:.1} days", long / 86_400.0),
    }
}

fn bytes(bytes: f64) -> String {
    if bytes < 1e9 {
        format!("{:.0} MB", bytes / 1e6)
    } else {
        format!("{:.1} GB", bytes / 1e9)
    }
}

/// To three digits: a simulation knows no more.
fn rounded(number: f64) -> String {
    match number {
        large if large >= 1e9 => format!("{:.2} billion", large / 1e9),
        large if large >= 1e6 => format!("{:.2} million", large / 1e6),
        large if large >= 1e4 => format!("{:.1} thousand", large / 1e3),
        small => format!("{small:.0}"),
    }
}
