//! Runs, projects and sweeps, as the SDK lists them and as wbf does.

use serde_json::{Value, json};

use super::rows;
use super::suite::{Sdk, Suite};
use crate::error::Result;
use crate::sh::Sh;

/// Runs to filter and sort.
pub(super) const MANY: &str = "conformance/many";

/// What the server needs to be told to have them.
pub(super) const SERVER: &[&str] = &[
    "--synthetic-runs",
    "60",
    "--files-per-run",
    "2",
    "--into-project",
    MANY,
];

/// What both sides tell of a run.
const RUN: &[&str] = &[
    "id",
    "name",
    "state",
    "created_at",
    "heartbeat_at",
    "tags",
    "user",
    "group",
    "job_type",
    "sweep_name",
    "entity",
    "project",
    "url",
    "notes",
    "description",
    "commit",
    "read_only",
    "storage_id",
    "config",
    "summary",
    "system_metrics",
    "history_keys",
    "history_line_count",
];
const PROJECT: &[&str] = &["id", "name", "entity", "created_at", "is_benchmark", "url"];
const SWEEP: &[&str] = &[
    "id",
    "name",
    "storage_id",
    "entity",
    "project",
    "state",
    "best_loss",
    "expected_run_count",
    "runs",
];

const ORDERS: &[&str] = &[
    "+created_at",
    "-created_at",
    "-summary_metrics.loss",
    "+config.lr.value",
];
const PAGES: &[u32] = &[50, 7, 1000];

/// One of each kind that people write.
fn filters() -> Vec<Value> {
    vec![
        json!({}),
        json!({ "state": "finished" }),
        json!({ "tags": "baseline" }),
        json!({ "tags": { "$in": ["nightly", "never used"] } }),
        json!({ "config.lr": { "$gt": 0.005 } }),
        json!({ "config.optimizer.name.value": { "$exists": false }, "group": "group-3" }),
        json!({ "summary_metrics.loss": { "$gte": 0.25, "$lt": 0.5 } }),
        json!({ "$and": [{ "state": { "$ne": "crashed" } }, { "$nor": [{ "group": "group-3" }, { "group": "group-5" }] }] }),
        json!({ "$or": [{ "display_name": { "$regex": "-1.$" } }, { "jobType": "eval" }] }),
        json!({ "sweep": "sweep-0" }),
        json!({ "created_at": { "$gte": "2024-05-01T13:00:00" } }),
        json!({ "state": "no such state" }),
    ]
}

/// What is said in options, and the filter that the SDK is given for it.
fn options() -> Vec<(&'static [&'static str], Value)> {
    vec![
        (
            &["--state", "finished", "--tag", "baseline"],
            json!({ "$and": [{ "state": "finished" }, { "tags": "baseline" }] }),
        ),
        (
            &["--state", "crashed", "--state", "failed"],
            json!({ "state": { "$in": ["crashed", "failed"] } }),
        ),
        (
            &[
                "--tag",
                "baseline",
                "--tag",
                "nightly",
                "--filter",
                r#"{"group": "group-4"}"#,
            ],
            json!({ "$and": [{ "tags": { "$in": ["baseline", "nightly"] } }, { "group": "group-4" }] }),
        ),
    ]
}

/// One listing of runs, in the words of both sides.
struct Case {
    name: String,
    filter: Value,
    sdk: Value,
    wbf: Vec<String>,
}

fn cases() -> Vec<Case> {
    let plain = filters().into_iter().map(|filter| {
        let arguments = vec!["--filter".to_owned(), filter.to_string()];
        (filter.to_string(), filter, arguments)
    });
    let said = options().into_iter().map(|(options, filter)| {
        let arguments = options.iter().map(|text| (*text).to_owned()).collect();
        (options.join(" "), filter, arguments)
    });
    let mut cases = Vec::new();
    for (name, filter, arguments) in plain.chain(said) {
        for order in ORDERS {
            let page = PAGES[cases.len() % PAGES.len()];
            let more = ["--order", order, "--per-page", &page.to_string()].map(str::to_owned);
            cases.push(Case {
                name: format!("runs {name} by {order} in pages of {page}"),
                filter: filter.clone(),
                sdk: json!({ "filters": filter, "order": order, "per_page": page }),
                wbf: [arguments.clone(), more.into()].concat(),
            });
        }
    }
    cases
}

impl Suite<'_> {
    /// Every collection beside files and artifacts.
    pub(super) fn collections(&mut self, sdk: &Sdk) -> Result<()> {
        self.runs(sdk)?;
        let (entity, _) = MANY.split_once('/').unwrap_or_default();
        let theirs = self.listed(sdk, ["projects", entity])?;
        let ours = self.rows(["projects", entity])?;
        self.equal("project", PROJECT, &theirs, &ours);
        let paged = self.rows(["projects", entity, "--per-page", "1"])?;
        self.equal("singly listed project", PROJECT, &theirs, &paged);
        let theirs = self.listed(sdk, ["sweeps", MANY])?;
        let ours = self.project(&[])?;
        self.equal("sweep", SWEEP, &theirs, &ours);
        Ok(())
    }

    fn runs(&mut self, sdk: &Sdk) -> Result<()> {
        let cases = cases();
        let arguments: Value = cases.iter().map(|case| case.sdk.clone()).collect();
        let listed = self.listed(sdk, ["runs", MANY, &arguments.to_string()])?;
        let filters: Vec<String> = cases.iter().map(|case| case.filter.to_string()).collect();
        let counts = self.project(&filters)?;
        for (number, case) in cases.iter().enumerate() {
            let (lengths, theirs): (Vec<_>, Vec<_>) = listed
                .iter()
                .filter(|row| row["case"] == number)
                .partition(|row| row.get("len").is_some());
            let arguments = ["runs", MANY, "--full"];
            let ours = self.rows(arguments.into_iter().chain(case.wbf.iter().map(String::as_str)))?;
            let mut differences = rows::differences_of("run", RUN, &theirs, &ours);
            let length = lengths.first().map_or(&Value::Null, |row| &row["len"]);
            if *length != counts[number]["runs"] || *length != theirs.len() {
                let ours = &counts[number]["runs"];
                differences.push(format!(
                    "{} runs: the SDK counts {length}, wbf {ours}",
                    theirs.len()
                ));
            }
            self.report(&format!("{} ({length} runs)", case.name), &differences);
        }
        Ok(())
    }

    /// What the example says of the project: a row for each filter, or else for each sweep.
    fn project(&self, filters: &[String]) -> Result<Vec<Value>> {
        let example = Sh::new(self.project).arg(MANY).args(filters);
        let mut rows = rows::parse(&self.server.client(example).read()?)?;
        rows.retain(|row| row.get("filter").is_some() != filters.is_empty());
        Ok(rows)
    }

    /// One line of the table for a listing that both sides have made.
    pub(super) fn equal(&mut self, kind: &str, fields: &[&str], theirs: &[Value], ours: &[Value]) {
        let theirs: Vec<&Value> = theirs.iter().collect();
        let mut differences = rows::differences_of(kind, fields, &theirs, ours);
        if theirs.is_empty() {
            differences.push("nothing to compare".to_owned());
        }
        self.report(&format!("{} {kind}s, field by field", theirs.len()), &differences);
    }
}
