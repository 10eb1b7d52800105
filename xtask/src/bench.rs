//! `cargo xtask bench`: wbf beside what people would use instead, in one go on one machine.

mod ground;
mod machine;
mod nginx;
mod report;
mod results;
mod stats;
mod workload;

use std::path::Path;

use crate::devserver::DevServer;
use crate::error::{Context, Failure, Result, chain};
use crate::sample::{Random, Scratch};
use crate::sh;
use ground::{Files, Ground};
use results::{Outcome, Results};
use stats::Took;
use workload::{Contender, WORKLOADS, Workload};

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only these workloads, with commas: A,B,C,D,E,E200,F,G,H
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
/// row that says so.
pub(crate) fn run(options: &Options) -> Result<()> {
    let path = sh::target()?.join("bench.json");
    let results = if options.render {
        Results::read(&path)?
    } else {
        measure(options, &path)?
    };
    if options.report || options.render {
        report::write(&results)?;
    }
    Ok(())
}

fn measure(options: &Options, path: &Path) -> Result<Results> {
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
    // What was measured before of other workloads stays.
    let mut results = Results::read(path).unwrap_or_default();
    results.machine = machine::Machine::read(options.rounds)?;
    let mut random = Random::new(options.seed);
    for workload in WORKLOADS.iter().filter(wanted) {
        println!("\n{}. {}", workload.key, workload.title);
        let server = (workload.server)(&ground)?;
        let contenders = (workload.contenders)();
        let mut outcomes: Vec<Outcome> = contenders.iter().map(Outcome::of).collect();
        for _ in 0..options.rounds {
            for place in shuffled(contenders.len(), &mut random) {
                let contender = &contenders[place];
                let took = once(&ground, workload, contender, &server);
                if let Err(error) = &took {
                    println!("  {}: {}", contender.name, chain(error));
                }
                outcomes[place].rounds.push(took.ok());
                if workload.key == "G" && contender.name == workload::OURS {
                    results.trace = trace(&server)?;
                }
            }
        }
        results.set(workload.key, outcomes);
        print!("{}", report::table(workload, &results));
        results.write(path)?;
    }
    Ok(results)
}

/// One contender does the work once, and what it brought is compared with what the server has.
fn once(ground: &Ground, workload: &Workload, contender: &Contender, server: &DevServer) -> Result<Took> {
    let root = ground.folder.join("root");
    if root.exists() {
        std::fs::remove_dir_all(&root).or_fail(|| format!("remove {}", root.display()))?;
    }
    std::fs::create_dir_all(&root).or_fail(|| format!("make {}", root.display()))?;
    // What was written before is written out before the clock starts.
    sh::Sh::new("sync").run()?;
    server.forget_requests()?;
    let before = ground.nginx.requests()?;
    let result = ground.folder.join("took.json");
    let command = (contender.command)(ground, server, &root)?;
    let asked = contender.asks.then_some(server);
    ground::measured(asked, &command, contender.times, &result).read()?;
    // Its own question counts.
    let of_bytes = ground.nginx.requests()? - before - 1;
    let of_server = server.requests()?.len() as u64;
    let text = std::fs::read_to_string(&result).or_fail(|| format!("read {}", result.display()))?;
    let took: serde_json::Value =
        serde_json::from_str(&text).or_fail(|| "read what was measured".to_owned())?;
    if let Some(files) = workload.brings {
        check(ground, files, files.count / contender.part, &root)?;
    }
    let number = |name: &str| took[name].as_f64().unwrap_or_default();
    let took = Took {
        wall: number("wall"),
        cpu: number("cpu"),
        peak: number("peak") / 1024.0,
        requests: (of_bytes + of_server) as f64 / contender.times as f64,
    };
    Ok(took.times(contender.part as f64))
}

/// Whether the first `count` files came byte for byte.
fn check(ground: &Ground, files: Files, count: usize, root: &Path) -> Result<()> {
    let folder = ground.seed(files)?;
    for number in 0..count {
        let name = Files::name(number);
        let equal = same(&folder.join(&name), &root.join(&name)).or_fail(|| format!("compare {name}"))?;
        if !equal {
            return Err(Failure::new(format!("{name} has other bytes than the server's")));
        }
    }
    Ok(())
}

fn same(one: &Path, other: &Path) -> std::io::Result<bool> {
    use std::io::Read as _;
    let (mut one, mut other) = (std::fs::File::open(one)?, std::fs::File::open(other)?);
    if one.metadata()?.len() != other.metadata()?.len() {
        return Ok(false);
    }
    let (mut left, mut right) = (vec![0; 1 << 20], vec![0; 1 << 20]);
    loop {
        let count = one.read(&mut left)?;
        if count == 0 {
            return Ok(true);
        }
        other.read_exact(&mut right[..count])?;
        if left[..count] != right[..count] {
            return Ok(false);
        }
    }
}

/// How many requests were under way when each came, in the order in which they came.
fn trace(server: &DevServer) -> Result<Vec<u64>> {
    let requests = server.requests()?;
    Ok(requests
        .iter()
        .filter_map(|request| request["at_once"].as_u64())
        .collect())
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
