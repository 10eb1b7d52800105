//! What a simulation stands on: `xtask/scale.json`.

use std::collections::HashMap;
use std::fmt::Write as _;

use serde_json::Value;

use crate::error::{Context, Failure, Result};
use crate::sh;

/// Files of one size.
pub(super) struct Size {
    /// Of all files.
    pub(super) share: f64,
    pub(super) mib: f64,
    what: String,
}

/// A figure, and where it is from.
struct Figure {
    name: String,
    value: f64,
    unit: String,
    what: String,
    source: String,
}

/// All figures.
pub(super) struct Inputs {
    measured: Vec<Figure>,
    assumed: Vec<Figure>,
    pub(super) values: Values,
    pub(super) sizes: Vec<Size>,
}

/// A struct with a field for each figure that a simulation must have, by the names that they have in the file.
macro_rules! values {
    ($($name:ident)*) => {
        /// The figures to reckon with, in the units that their names say.
        #[derive(Clone)]
        pub(super) struct Values {
            $(pub(super) $name: f64,)*
        }

        impl Values {
            fn of(figures: &HashMap<&str, f64>) -> Result<Self> {
                let value = |name: &str| {
                    let value = figures.get(name).copied();
                    value.ok_or_else(|| Failure::new(format!("{name} is missing")))
                };
                Ok(Self {
                    $($name: value(stringify!($name))?,)*
                })
            }
        }
    };
}

values! {
    cpu_file_ms
    cpu_mib_ms
    ledger_listed_ms
    ledger_moved_ms
    ledger_task_ms
    row_bytes
    index_bytes
    task_bytes
    worker_mib
    in_flight_mib
    key_requests
    page_ms
    page_files
    listed_at_once
    names_ms
    batch_files
    get_ms
    put_ms
    connection_mib
    worker_net_mib
    worker_cores
    destination_requests
    in_flight
    part_mib
    takeover_s
    heartbeat_s
    restart_s
}

impl Inputs {
    /// Reads the committed figures.
    pub(super) fn load() -> Result<Self> {
        let path = sh::workspace().join("xtask").join("scale.json");
        let text = std::fs::read_to_string(&path).or_fail(|| format!("read {}", path.display()))?;
        Self::parse(&text).or_fail(|| format!("take the figures in {}", path.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        let json: Value = serde_json::from_str(text).or_fail(|| "read it as JSON".to_owned())?;
        let (measured, assumed) = (figures(&json["measured"])?, figures(&json["assumed"])?);
        let all = measured.iter().chain(&assumed);
        let values = Values::of(&all.map(|figure| (figure.name.as_str(), figure.value)).collect())?;
        let sizes = list(&json["sizes"])?.iter().map(|size| {
            Ok(Size {
                share: number(size, "share")?,
                mib: number(size, "kib")? / 1024.0,
                what: word(size, "what")?,
            })
        });
        Ok(Self {
            sizes: sizes.collect::<Result<_>>()?,
            measured,
            assumed,
            values,
        })
    }

    /// The figures for the page.
    pub(super) fn tables(&self) -> String {
        let mut text = "| measured | | where |\n| --- | --- | --- |\n".to_owned();
        rows(&mut text, &self.measured);
        text.push_str("\n| assumed | | why |\n| --- | --- | --- |\n");
        rows(&mut text, &self.assumed);
        text.push_str("\n| share of the files | size | such as |\n| --- | --- | --- |\n");
        for size in &self.sizes {
            let mib = size.mib;
            let shown = if mib < 1.0 {
                format!("{} KiB", mib * 1024.0)
            } else {
                format!("{mib} MiB")
            };
            let _ = writeln!(text, "| {:.1} % | {shown} | {} |", size.share * 100.0, size.what);
        }
        text
    }
}

fn rows(text: &mut String, figures: &[Figure]) {
    for figure in figures {
        let Figure {
            value,
            unit,
            what,
            source,
            ..
        } = figure;
        let _ = writeln!(text, "| {what} | {value} {unit} | {source} |");
    }
}

fn figures(json: &Value) -> Result<Vec<Figure>> {
    let figure = |json: &Value| {
        Ok(Figure {
            name: word(json, "name")?,
            value: number(json, "value")?,
            unit: word(json, "unit")?,
            what: word(json, "what")?,
            source: word(json, "source")?,
        })
    };
    list(json)?.iter().map(figure).collect()
}

fn list(json: &Value) -> Result<&Vec<Value>> {
    json.as_array()
        .ok_or_else(|| Failure::new("a list is missing: measured, assumed and sizes are needed"))
}

fn number(json: &Value, field: &str) -> Result<f64> {
    let value = json[field].as_f64();
    value.ok_or_else(|| Failure::new(format!("{field} is no number in {json}")))
}

fn word(json: &Value, field: &str) -> Result<String> {
    let text = json[field].as_str().map(str::to_owned);
    text.ok_or_else(|| Failure::new(format!("{field} is no text in {json}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_has_a_size() {
        let shares: f64 = Inputs::load().unwrap().sizes.iter().map(|size| size.share).sum();
        assert!((shares - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_missing_figure_is_named() {
        let error = Inputs::parse(r#"{"measured": [], "assumed": [], "sizes": []}"#).err();
        assert_eq!(error.unwrap().to_string(), "cpu_file_ms is missing");
    }
}
