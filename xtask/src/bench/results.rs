//! What was measured, kept between two calls.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use super::machine::Machine;
use super::stats::Took;
use super::workload::Contender;
use crate::error::{Context, Result};

/// All that was measured.
#[derive(Default)]
pub(super) struct Results {
    pub(super) machine: Machine,
    workloads: BTreeMap<String, Vec<Outcome>>,
    /// How many requests were under way when each request of the selection came.
    pub(super) trace: Vec<u64>,
}

/// A contender's rounds.
#[derive(Clone)]
pub(super) struct Outcome {
    pub(super) name: String,
    /// It did one part of so many; what it took is that of all.
    pub(super) part: usize,
    /// `None` where it failed.
    pub(super) rounds: Vec<Option<Took>>,
}

impl Outcome {
    pub(super) fn of(contender: &Contender) -> Self {
        Self {
            name: contender.name.to_owned(),
            part: contender.part,
            rounds: Vec::new(),
        }
    }

    /// The rounds in which it did the work.
    pub(super) fn done(&self) -> impl Iterator<Item = &Took> {
        self.rounds.iter().flatten()
    }

    fn json(&self) -> Value {
        let rounds: Vec<_> = self
            .rounds
            .iter()
            .map(|took| took.as_ref().map(Took::json))
            .collect();
        json!({"name": self.name, "part": self.part, "rounds": rounds})
    }

    fn parse(value: &Value) -> Option<Self> {
        let rounds = value["rounds"].as_array()?.iter().map(Took::read);
        Some(Self {
            name: value["name"].as_str()?.to_owned(),
            part: usize::try_from(value["part"].as_u64()?).ok()?,
            rounds: rounds.collect(),
        })
    }
}

impl Results {
    /// What contenders took for a workload, once it was measured.
    pub(super) fn of(&self, key: &str) -> Option<&[Outcome]> {
        self.workloads.get(key).map(Vec::as_slice)
    }

    pub(super) fn set(&mut self, key: &str, outcomes: Vec<Outcome>) {
        self.workloads.insert(key.to_owned(), outcomes);
    }

    pub(super) fn write(&self, path: &Path) -> Result<()> {
        let workloads: BTreeMap<_, Vec<_>> = self
            .workloads
            .iter()
            .map(|(key, outcomes)| (key, outcomes.iter().map(Outcome::json).collect()))
            .collect();
        let all = json!({"machine": self.machine.lines, "workloads": workloads, "trace": self.trace});
        std::fs::write(path, all.to_string()).or_fail(|| format!("write {}", path.display()))
    }

    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).or_fail(|| format!("read {}", path.display()))?;
        let all: Value = serde_json::from_str(&text).or_fail(|| format!("read {}", path.display()))?;
        let mut results = Self::default();
        let lines = all["machine"].as_array().into_iter().flatten();
        results.machine.lines = lines.filter_map(|line| Some(line.as_str()?.to_owned())).collect();
        for (key, outcomes) in all["workloads"].as_object().into_iter().flatten() {
            let outcomes = outcomes.as_array().into_iter().flatten();
            results.set(key, outcomes.filter_map(Outcome::parse).collect());
        }
        let trace = all["trace"].as_array().into_iter().flatten();
        results.trace = trace.filter_map(Value::as_u64).collect();
        Ok(results)
    }
}
