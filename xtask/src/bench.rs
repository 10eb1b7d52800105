//! `cargo xtask bench`: wbf beside what people would use instead, in one go on one machine.

mod check;
mod contender;
mod ground;
mod in_flight;
mod machine;
mod nginx;
mod report;
mod results;
mod stats;
mod verdict;
mod workload;
mod workloads;

use std::path::Path;

use serde_json::Value;

use crate::devserver::DevServer;
use crate::error::{Context, Failure, Result, chain};
use crate::sample::{Random, Scratch};
use crate::sh::{self, Sh};
use ground::Ground;
use machine::Machine;
use results::{Measured, Results, Row};
use stats::Took;
use workload::{Contender, OURS, Workload};
use workloads::WORKLOADS;

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only these workloads, with commas: A,B,C,D,E,E200,F,G,G100,H
    #[arg(long, value_name = "KEYS", value_delimiter = ',')]
    only: Vec<String>,
    /// How often each contender does the work
    #[arg(long, value_name = "N", default_value_t = 5)]
    rounds: usize,
    /// What the order within a round is drawn from
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Write docs/performance.md from what was measured
    #[arg(long)]
    report: bool,
    /// Measure nothing: take the numbers of the last time
    #[arg(long, conflicts_with_all = ["only", "rounds", "seed"])]
    render: bool,
}

/// Measures, prints each table as it is known, and writes the page where that is asked for. A contender that fails has a
/// row that says so; a workload that cannot begin leaves what was measured of it before, and fails the command at its end.
pub(crate) fn run(options: &Options) -> Result<()> {
    let path = sh::target()?.join("bench.json");
    let mut failed = Vec::new();
    let results = if options.render {
        Results::read(&path)?
    } else {
        measure(options, &path, &mut failed)?
    };
    if options.report || options.render {
        report::write(&results)?;
    }
    match failed.is_empty() {
        true => Ok(()),
        false => Err(Failure::new(format!("could not measure {}", failed.join(", ")))),
    }
}

fn measure(options: &Options, path: &Path, failed: &mut Vec<&str>) -> Result<Results> {
    let wanted =
        |workload: &&Workload| options.only.is_empty() || options.only.iter().any(|key| key == workload.key);
    if let Some(unknown) = options
        .only
        .iter()
        .find(|key| WORKLOADS.iter().all(|workload| workload.key != **key))
    {
        return Err(Failure::new(format!("no workload is called {unknown}")));
    }
    ground::prepare()?;
    let scratch = Scratch::new(sh::target()?.join("bench"))?;
    let ground = Ground::new(scratch.path())?;
    // What was measured before of other workloads stays, with the machine that it was measured on.
    let mut results = Results::read(path).unwrap_or_default();
    let machine = Machine::read(options.rounds)?;
    let mut random = Random::new(options.seed);
    for workload in WORKLOADS.iter().filter(wanted) {
        println!("\n{}. {}", workload.key, workload.title);
        match play(options.rounds, workload, &ground, &machine, &mut random) {
            Ok(measured) => results.set(workload.key, measured),
            Err(error) => {
                println!("  {}", chain(&error));
                failed.push(workload.key);
                continue;
            }
        }
        print!("{}", report::table(workload, &results));
        results.write(path)?;
    }
    Ok(results)
}

/// All rounds of a workload.
fn play(
    rounds: usize,
    workload: &Workload,
    ground: &Ground,
    machine: &Machine,
    random: &mut Random,
) -> Result<Measured> {
    let server = (workload.server)(ground)?;
    let contenders = (workload.contenders)();
    let mut measured = Measured {
        machine: machine.clone(),
        rows: contenders.iter().map(Row::of).collect(),
        trace: Vec::new(),
    };
    for round in 0..rounds {
        for place in shuffled(contenders.len(), random) {
            let contender = &contenders[place];
            let done = once(ground, workload, contender, &server, round == 0);
            if let Err(error) = &done {
                println!("  {}: {}", contender.name, chain(error));
            }
            let (took, asked) = done.ok().unzip();
            measured.rows[place].rounds.push(took);
            if workload.traced && contender.name == OURS {
                measured.trace = trace(&asked.unwrap_or_default());
            }
        }
    }
    Ok(measured)
}

/// One contender does the work once, and what it did is looked at: what that took, and what the server was asked for it.
fn once(
    ground: &Ground,
    workload: &Workload,
    contender: &Contender,
    server: &DevServer,
    is_first: bool,
) -> Result<(Took, Vec<Value>)> {
    let root = ground.root()?;
    check::clear(server, workload.outcome)?;
    if is_first {
        let command = (contender.command)(ground, server, &root)?;
        check::listed(server, contender, command, workload.outcome)?;
    }
    let command = (contender.command)(ground, server, &root)?;
    let (took, asked) = clocked(ground, contender, server, &command)?;
    check::done(ground, server, workload.outcome, contender, &root)?;
    if workload.outcome.is_large() {
        std::fs::remove_dir_all(&root).or_fail(|| format!("remove {}", root.display()))?;
    }
    let Some(part) = &contender.part else {
        return Ok((took, asked));
    };
    let root = ground.root()?;
    let (nothing, _) = clocked(ground, contender, server, &(part.none)(ground, server, &root)?)?;
    Ok((took.scaled(part.of as f64, &nothing), asked))
}

fn clocked(
    ground: &Ground,
    contender: &Contender,
    server: &DevServer,
    command: &Sh,
) -> Result<(Took, Vec<Value>)> {
    // What was written before is written out before the clock starts.
    Sh::new("sync").run()?;
    server.forget_requests()?;
    let before = ground.nginx.requests()?;
    let result = ground.folder.join("took.json");
    let asked = contender.asks.then_some(server);
    ground::measured(asked, command, contender.times, &result).read()?;
    // Its own question counts.
    let of_bytes = ground.nginx.requests()? - before - 1;
    let asked = server.requests()?;
    let text = std::fs::read_to_string(&result).or_fail(|| format!("read {}", result.display()))?;
    let took: Value = serde_json::from_str(&text).or_fail(|| "read what was measured".to_owned())?;
    let number = |name: &str| took[name].as_f64().unwrap_or_default();
    let took = Took {
        wall: number("wall"),
        cpu: number("cpu"),
        peak: number("peak") / 1024.0,
        requests: (of_bytes + asked.len() as u64) as f64 / contender.times as f64,
        part: None,
    };
    Ok((took, asked))
}

/// When each request came and ended, in seconds.
fn trace(requests: &[Value]) -> Vec<(f64, f64)> {
    let times = |request: &Value| Some((request["came"].as_f64()?, request["ended"].as_f64()?));
    requests.iter().filter_map(times).collect()
}

fn shuffled(count: usize, random: &mut Random) -> Vec<usize> {
    let mut places: Vec<usize> = (0..count).collect();
    for place in (1..count).rev() {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a small count"
        )]
        let other = (random.share() * (place + 1) as f64) as usize;
        places.swap(place, other);
    }
    places
}
