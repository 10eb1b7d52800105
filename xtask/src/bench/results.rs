//! What was measured, kept between two calls.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use super::machine::Machine;
use super::stats::Took;
use super::workload::Contender;
use crate::error::{Context, Result};

/// All that was measured, by the key of the workload.
#[derive(Default)]
pub(super) struct Results(BTreeMap<String, Measured>);

/// What was measured of one workload, in one call.
#[derive(Default)]
pub(super) struct Measured {
    pub(super) machine: Machine,
    pub(super) rows: Vec<Row>,
    /// When each request of our last round came and ended, in seconds, where that is told.
    pub(super) trace: Vec<(f64, f64)>,
}

/// A contender's rounds.
#[derive(Clone)]
pub(super) struct Row {
    pub(super) name: String,
    /// It did one part of so many; what it took is that of all.
    pub(super) part: usize,
    /// `None` where it failed.
    pub(super) rounds: Vec<Option<Took>>,
}

impl Row {
    pub(super) fn of(contender: &Contender) -> Self {
        Self {
            name: contender.name.to_owned(),
            part: contender.part(),
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

impl Measured {
    fn json(&self) -> Value {
        let rows: Vec<Value> = self.rows.iter().map(Row::json).collect();
        json!({"machine": self.machine.json(), "rows": rows, "trace": self.trace})
    }

    fn parse(value: &Value) -> Option<Self> {
        let time = |pair: &Value| Some((pair[0].as_f64()?, pair[1].as_f64()?));
        let trace = value["trace"].as_array()?.iter().filter_map(time);
        Some(Self {
            machine: Machine::parse(&value["machine"])?,
            rows: value["rows"].as_array()?.iter().filter_map(Row::parse).collect(),
            trace: trace.collect(),
        })
    }
}

impl Results {
    /// What was measured of a workload, once it was.
    pub(super) fn of(&self, key: &str) -> Option<&Measured> {
        self.0.get(key)
    }

    pub(super) fn set(&mut self, key: &str, measured: Measured) {
        self.0.insert(key.to_owned(), measured);
    }

    pub(super) fn write(&self, path: &Path) -> Result<()> {
        let all: BTreeMap<_, _> = self
            .0
            .iter()
            .map(|(key, measured)| (key, measured.json()))
            .collect();
        std::fs::write(path, json!(all).to_string()).or_fail(|| format!("write {}", path.display()))
    }

    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).or_fail(|| format!("read {}", path.display()))?;
        let all: Value = serde_json::from_str(&text).or_fail(|| format!("read {}", path.display()))?;
        let all = all.as_object().into_iter().flatten();
        Ok(Self(
            all.filter_map(|(key, value)| Some((key.clone(), Measured::parse(value)?)))
                .collect(),
        ))
    }
}
