//! What a run logged, as its history is asked for: rows by step, a sample of them, and what keys they have.

use serde_json::{Map, Value, json};

/// The rows of a history, each as it was sent and as it reads.
pub(crate) struct History(Vec<(String, Map<String, Value>)>);

impl History {
    /// A line that is no JSON object is passed over.
    pub(crate) fn new(lines: Vec<String>) -> Self {
        let read = |line: String| Some((serde_json::from_str(&line).ok()?, line));
        let rows = lines.into_iter().filter_map(read);
        Self(rows.map(|(row, line)| (line, row)).collect())
    }

    /// The lines with steps from `min` to before `max`, no more than `samples` of them.
    pub(crate) fn lines(self, min: Option<i64>, max: Option<i64>, samples: Option<usize>) -> Vec<String> {
        let wanted = |row: &Map<String, Value>| match step(row) {
            Some(step) => min.is_none_or(|min| step >= min) && max.is_none_or(|max| step < max),
            None => min.is_none() && max.is_none(),
        };
        let rows = self.0.into_iter().filter(|(_, row)| wanted(row));
        sample(rows.map(|(line, _)| line).collect(), samples)
    }

    /// The rows that have all of `keys`, with these keys alone.
    pub(crate) fn with_keys(&self, keys: &[String], samples: Option<usize>) -> Vec<Value> {
        let chosen = |row: &Map<String, Value>| {
            let pairs = keys.iter().map(|key| Some((key.clone(), row.get(key)?.clone())));
            pairs.collect::<Option<Map<_, _>>>().map(Value::Object)
        };
        sample(
            self.0.iter().filter_map(|(_, row)| chosen(row)).collect(),
            samples,
        )
    }

    /// Which keys there are, how often and of what types, and the last step.
    pub(crate) fn keys(&self) -> Option<Value> {
        let mut keys = Map::new();
        for (name, value) in self.0.iter().flat_map(|(_, row)| row) {
            let entry = keys
                .entry(name.clone())
                .or_insert_with(|| json!({ "typeCounts": [], "monotonic": false }));
            count(&mut entry["typeCounts"], kind(value));
            entry["previousValue"] = value.clone();
        }
        let last = self.0.iter().filter_map(|(_, row)| step(row)).next_back();
        (!self.0.is_empty()).then(|| json!({ "sets": [], "keys": keys, "lastStep": last.unwrap_or(-1) }))
    }
}

fn step(row: &Map<String, Value>) -> Option<i64> {
    row.get("_step")?.as_i64()
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nil",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "list",
        Value::Object(_) => "map",
    }
}

fn count(counts: &mut Value, kind: &str) {
    let Some(counts) = counts.as_array_mut() else {
        return;
    };
    match counts.iter_mut().find(|entry| entry["type"] == kind) {
        Some(entry) => entry["count"] = json!(entry["count"].as_u64().unwrap_or(0) + 1),
        None => counts.push(json!({ "type": kind, "count": 1 })),
    }
}

/// At most `samples` of the rows, spread evenly, the first and the last among them.
fn sample<T>(rows: Vec<T>, samples: Option<usize>) -> Vec<T> {
    let Some(samples) = samples.filter(|samples| *samples < rows.len()) else {
        return rows;
    };
    let last = rows.len() - 1;
    let mut places = (0..samples)
        .map(|place| place * last / (samples - 1).max(1))
        .peekable();
    let mut kept = Vec::with_capacity(samples);
    for (place, row) in rows.into_iter().enumerate() {
        if places.next_if_eq(&place).is_some() {
            kept.push(row);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history() -> History {
        let lines = (0..10).map(|step| format!(r#"{{"_step":{step},"loss":{step}.5}}"#));
        let odd = [r#"{"_step":10,"loss":"NaN","table":{}}"#, "no json"].map(str::to_owned);
        History::new(lines.chain(odd).collect())
    }

    #[test]
    fn a_range_of_steps_ends_before_its_end() {
        assert_eq!(
            history().lines(Some(3), Some(5), None),
            [r#"{"_step":3,"loss":3.5}"#, r#"{"_step":4,"loss":4.5}"#]
        );
        assert_eq!(history().lines(None, None, None).len(), 11);
    }

    #[test]
    fn a_sample_has_the_first_and_the_last() {
        assert_eq!(sample((0..11).collect(), Some(3)), [0, 5, 10]);
        assert_eq!(sample((0..11).collect(), Some(1)), [0]);
        assert_eq!(sample((0..3).collect(), Some(0)), Vec::<i32>::new());
        assert_eq!(sample((0..3).collect(), Some(3)), [0, 1, 2]);
    }

    #[test]
    fn rows_without_a_key_are_left_out() {
        let keys = ["_step", "table"].map(str::to_owned);
        assert_eq!(
            history().with_keys(&keys, None),
            [json!({"_step": 10, "table": {}})]
        );
    }

    #[test]
    fn keys_are_counted_by_type() {
        let keys = history().keys().unwrap();
        assert_eq!(keys["lastStep"], 10);
        assert_eq!(
            keys["keys"]["loss"]["typeCounts"],
            json!([{"type": "number", "count": 10}, {"type": "string", "count": 1}])
        );
        assert_eq!(History::new(Vec::new()).keys(), None);
    }
}
