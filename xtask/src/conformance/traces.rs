//! Random sequences of operations on a listing, played on both sides by `judge`.

use std::collections::BTreeMap;
use std::path::Path;
use std::thread;

use serde_json::Value;

use super::suite::{Sdk, Suite};
use crate::error::{Context, Failure, Result};
use crate::sh::{self, Sh};

impl Suite<'_> {
    /// As many traces for each version, all drawn from one seed. With the default number, each kind of difference has
    /// to be met: a predicate that nothing meets proves nothing.
    pub(super) fn traces(
        &mut self,
        sdks: &[Sdk],
        seed: u64,
        count: usize,
        whole: bool,
        scratch: &Path,
    ) -> Result<()> {
        println!("traces: {count} for each SDK, drawn from --seed {seed}");
        let judge = sh::target()?.join("debug").join("judge");
        let played: Vec<Result<Value>> = thread::scope(|scope| {
            let sides: Vec<_> = sdks
                .iter()
                .map(|sdk| scope.spawn(|| play(&judge, sdk, seed, count, scratch)))
                .collect();
            let joined = sides.into_iter().map(thread::ScopedJoinHandle::join);
            joined
                .map(|side| side.unwrap_or_else(|_| Err(Failure::new("a thread of the traces panicked"))))
                .collect()
        });
        let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
        for (sdk, played) in sdks.iter().zip(played) {
            let played = played?;
            self.judged_files(sdk, &played["files"]);
            let number = |field: &str| played[field].as_u64().unwrap_or_default();
            let mut told = Vec::new();
            for kind in played["kinds"].as_array().into_iter().flatten() {
                let (name, met) = (
                    kind[0].as_str().unwrap_or_default(),
                    kind[1].as_u64().unwrap_or_default(),
                );
                *kinds.entry(name.to_owned()).or_default() += met;
                told.push(format!("{name} {met}"));
            }
            println!(
                "  {} traces on SDK {}: {} operations, {} equal, by design: {}",
                number("traces"),
                sdk.version,
                number("operations"),
                number("equal"),
                told.join(", ")
            );
            let failures = played["failures"].as_array().into_iter().flatten();
            let failures: Vec<_> = failures.filter_map(Value::as_str).map(str::to_owned).collect();
            self.report(&format!("traces on SDK {}", sdk.version), &failures);
        }
        for (name, met) in kinds {
            if whole && met == 0 {
                self.report(
                    &format!("traces: {name}"),
                    &["no trace has met this kind".to_owned()],
                );
            }
            self.kinds.entry(name).or_default();
        }
        Ok(())
    }
}

impl Suite<'_> {
    /// What the judge told of single files.
    fn judged_files(&mut self, sdk: &Sdk, rows: &Value) {
        for row in rows.as_array().into_iter().flatten() {
            let what = format!(
                "SDK {}: {}",
                sdk.version,
                row["what"].as_str().unwrap_or_default()
            );
            match (row["kind"].as_str(), row["differs"].as_str()) {
                (Some(kind), _) => self.of_kind(kind, &what),
                (None, Some(difference)) => self.report(&what, &[difference.to_owned()]),
                (None, None) => self.report(&what, &[]),
            }
        }
    }
}

fn play(judge: &Path, sdk: &Sdk, seed: u64, count: usize, scratch: &Path) -> Result<Value> {
    let home = scratch.join(format!("judge-{}", sdk.version));
    std::fs::create_dir_all(&home).or_fail(|| format!("make {}", home.display()))?;
    let script = sh::workspace().join("xtask").join("python").join("judge.py");
    let command = Sh::new(judge)
        .arg("--python")
        .arg(&sdk.python)
        .arg("--script")
        .arg(script)
        .arg("--home")
        .arg(&home)
        .args(["--seed", &seed.to_string(), "--traces", &count.to_string()]);
    let said = command.read()?;
    serde_json::from_str(&said).or_fail(|| "read what judge said".to_owned())
}
