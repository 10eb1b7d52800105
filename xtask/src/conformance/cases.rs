//! Which listings are compared.

use serde_json::{Value, json};

use super::tree::HARD_COUNT;
use crate::sample::Sample;

/// One selection of files, in the words of both sides.
pub(super) struct Case {
    pub(super) name: String,
    /// Arguments of the SDK's `Run.files`.
    pub(super) sdk: Value,
    /// Arguments of `wbf ls`.
    pub(super) wbf: Vec<String>,
    /// The exit status that is wanted of wbf.
    pub(super) status: i32,
}

impl Case {
    fn page(per_page: usize) -> Self {
        Self {
            name: format!("pages of {per_page}"),
            sdk: json!({ "per_page": per_page }),
            wbf: vec!["--per-page".to_owned(), per_page.to_string()],
            status: 0,
        }
    }

    fn pattern(pattern: &str) -> Self {
        Self {
            name: format!("pattern {pattern}"),
            sdk: json!({ "pattern": pattern, "per_page": 20 }),
            wbf: ["--pattern", pattern, "--per-page", "20"]
                .map(str::to_owned)
                .to_vec(),
            status: 0,
        }
    }

    fn names(name: &str, names: &[&str]) -> Self {
        Self {
            name: name.to_owned(),
            sdk: json!({ "names": names, "per_page": 7 }),
            wbf: names
                .iter()
                .map(|name| format!("--name={name}"))
                .chain(["--per-page=7".to_owned()])
                .collect(),
            status: 0,
        }
    }
}

/// The selections to compare, on a run of these files.
pub(super) fn all(files: &[Sample]) -> Vec<Case> {
    let hard: Vec<_> = files
        .iter()
        .take(HARD_COUNT)
        .map(|file| file.name.as_str())
        .collect();
    let mut cases = vec![
        Case {
            name: "everything".to_owned(),
            sdk: json!({}),
            wbf: Vec::new(),
            status: 0,
        },
        Case::page(17),
        Case::page(files.len()),
        Case::page(1000),
        Case::names("every hard name", &hard),
        Case::names("one name", &hard[..1]),
        Case {
            status: 1,
            ..Case::names(
                "a name that is there and one that is not",
                &["README", "no such file"],
            )
        },
    ];
    let patterns = [
        "%.txt",
        "data/%",
        "%part-000_1.bin",
        r"%\%%",
        r"%\_%",
        "%'%",
        "%#%",
        "no such%",
        "README",
        "%É%",
    ];
    cases.extend(patterns.map(Case::pattern));
    cases
}
