//! `cargo xtask test`: every check, one after the other, whatever comes out of the ones before.

use std::time::{Duration, Instant};

use crate::error::{Failure, Result, chain};
use crate::services::postgres::Fsync;
use crate::services::{self, Services};
use crate::sh::Sh;
use crate::{conformance, deny, faults, instructions, kill, layers, lines, mirror, selection, versions};

/// A named check.
struct Step {
    name: &'static str,
    run: fn() -> Result<()>,
}

/// Cheap ones first. The build comes before whatever uses its binaries, with the features that the tests have,
/// so that nothing is built twice.
const STEPS: &[Step] = &[
    Step {
        name: "fmt",
        run: || Sh::cargo().args(["fmt", "--all", "--check"]).run(),
    },
    Step {
        name: "codegen",
        run: || crate::generate(true),
    },
    Step {
        name: "layers",
        run: layers::run,
    },
    Step {
        name: "lines",
        run: lines::run,
    },
    Step {
        name: "clippy",
        run: || {
            let lints = [
                "clippy",
                "--locked",
                "--workspace",
                "--all-targets",
                "--",
                "-D",
                "warnings",
            ];
            Sh::cargo().args(lints).run()
        },
    },
    Step {
        name: "test",
        run: || {
            let services = Services::start(Fsync::Off)?;
            let test = ["test", "--locked", "--workspace", "--all-targets"];
            services.client(Sh::cargo().args(test)).run()
        },
    },
    Step {
        name: "doctest",
        run: || {
            Sh::cargo()
                .args(["test", "--locked", "--workspace", "--doc"])
                .run()
        },
    },
    Step {
        name: "doc",
        run: || {
            let doc = ["doc", "--locked", "--workspace", "--no-deps"];
            Sh::cargo().args(doc).env("RUSTDOCFLAGS", "-D warnings").run()
        },
    },
    Step {
        name: "deny",
        run: deny::run,
    },
    Step {
        name: "services",
        run: services::check,
    },
    Step {
        name: "instructions",
        run: || instructions::run(&instructions::Options::default()),
    },
    Step {
        name: "conformance",
        run: || conformance::run(&conformance::Options::default()),
    },
    Step {
        name: "selection",
        run: || selection::run(&selection::Options::short()),
    },
    Step {
        name: "versions",
        run: || versions::run(&versions::Options::default()),
    },
    Step {
        name: "faults",
        run: || faults::run(&faults::Options::without_sdk()),
    },
    Step {
        name: "kill",
        run: || kill::run(&kill::Options::short()),
    },
    Step {
        name: "mirror",
        run: || mirror::run(&mirror::Options::short()),
    },
];

/// Runs the named steps, or all; fails when one of them does.
pub(crate) fn run(only: &[String]) -> Result<()> {
    if let Some(unknown) = only
        .iter()
        .find(|name| STEPS.iter().all(|step| step.name != **name))
    {
        let names: Vec<_> = STEPS.iter().map(|step| step.name).collect();
        return Err(Failure::new(format!(
            "no step is called {unknown}; there are {}",
            names.join(", ")
        )));
    }
    let chosen = STEPS
        .iter()
        .filter(|step| only.is_empty() || only.iter().any(|name| name == step.name));
    let outcomes: Vec<_> = chosen.map(timed).collect();
    let failed = outcomes.iter().filter(|outcome| outcome.error.is_some()).count();

    println!("\n{:<14}{:<8}{:>9}", "step", "result", "time");
    for outcome in &outcomes {
        let result = if outcome.error.is_some() { "FAILED" } else { "ok" };
        println!(
            "{:<14}{result:<8}{:>7.1} s",
            outcome.name,
            outcome.time.as_secs_f64()
        );
    }
    let total: Duration = outcomes.iter().map(|outcome| outcome.time).sum();
    println!("{:<14}{:<8}{:>7.1} s\n", "all", "", total.as_secs_f64());
    for outcome in &outcomes {
        if let Some(error) = &outcome.error {
            println!("{}: {error}", outcome.name);
        }
    }
    println!("{} passed, {failed} failed", outcomes.len() - failed);
    if failed == 0 {
        Ok(())
    } else {
        Err(Failure::new("not every step passed"))
    }
}

struct Outcome {
    name: &'static str,
    time: Duration,
    error: Option<String>,
}

fn timed(step: &Step) -> Outcome {
    println!("\n=== {} ===", step.name);
    let start = Instant::now();
    let error = (step.run)().err().map(|error| chain(&error));
    let time = start.elapsed();
    match &error {
        None => println!("=== {} ok, {:.1} s", step.name, time.as_secs_f64()),
        Some(error) => println!("=== {} FAILED, {:.1} s: {error}", step.name, time.as_secs_f64()),
    }
    Outcome {
        name: step.name,
        time,
        error,
    }
}
