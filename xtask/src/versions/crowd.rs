//! A deletion while others list the same run and upload to it: exactly what was selected goes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use crate::bins::Bins;
use crate::devserver::DevServer;
use crate::error::{Context, Failure, Result};
use crate::look;
use crate::sample::{self, Sample, noise};
use crate::sh::Sh;

const RUN: &str = "versions/crowd/run";

/// Of the 3000 files that are there before, it takes the first 1000.
const PATTERN: &str = "media/images/step_000%";

/// How many files are uploaded at a time meanwhile, and how often at most.
const GROUP: usize = 10;
const GROUPS: usize = 20;

fn is_selected(name: &str) -> bool {
    name.starts_with("media/images/step_000")
}

/// What was deleted that was not selected, and the other way round.
pub(super) fn differences(bins: &Bins, folder: &Path) -> Result<Vec<String>> {
    let uploads = folder.join("uploads");
    // They match as well. Those that come before the selection is made are in it, the others stay.
    let late: Vec<Sample> = (0..GROUP * GROUPS)
        .map(|n| {
            Sample::new(
                format!("media/images/step_000-late-{n}.png"),
                noise(n as u64, 500),
            )
        })
        .collect();
    for (files, number) in late.chunks(GROUP).zip(0..) {
        sample::write(files, &uploads.join(number.to_string()))?;
    }
    let arguments = [
        "--record",
        "--synthetic",
        "3000",
        "--into",
        RUN,
        "--delete-limit",
        "300",
        // So that what is done at the same time is.
        "--latency",
        "20ms",
        "--page-limit",
        "200",
    ];
    let server = DevServer::start(&bins.devserver, &arguments, folder)?;
    let before = look::files(&server, RUN)?;

    let done = AtomicBool::new(false);
    let wbf = |arguments: &[&str]| server.client(Sh::new(&bins.wbf).args(arguments));
    let (rm, listings, uploads) = std::thread::scope(|scope| {
        let listing = scope.spawn(|| -> Result<usize> {
            let mut count = 0;
            while !done.load(Ordering::Relaxed) {
                wbf(&["ls", RUN, "--format", "ndjson"]).read()?;
                count += 1;
            }
            Ok(count)
        });
        let uploading = scope.spawn(|| -> Result<usize> {
            let mut count = 0;
            while count < GROUPS && !done.load(Ordering::Relaxed) {
                wbf(&["put", RUN, ".", "--quiet"])
                    .dir(&uploads.join(count.to_string()))
                    .read()?;
                count += 1;
            }
            Ok(count)
        });
        let rm = wbf(&["rm", RUN, "--yes", "--pattern", PATTERN, "--format", "ndjson"]).output();
        done.store(true, Ordering::Relaxed);
        (rm, listing.join(), uploading.join())
    });
    let ended = |others: std::thread::Result<Result<usize>>| {
        others.unwrap_or_else(|_| Err(Failure::new("a client beside the deletion did not end")))
    };
    let (listings, uploaded) = (ended(listings)?, GROUP * ended(uploads)?);
    let mut wrongs = Vec::new();
    let rm = rm?;
    if rm.code != Some(0) {
        wrongs.push(format!("rm ended with {:?}: {}", rm.code, rm.stderr.trim_end()));
    }
    let mut said = BTreeMap::new();
    for line in String::from_utf8_lossy(&rm.stdout).lines() {
        let row: Value = serde_json::from_str(line).or_fail(|| format!("read this line of rm: {line}"))?;
        let text = |field: &str| row[field].as_str().unwrap_or_default().to_owned();
        if row["status"] != "deleted" || said.insert(text("name"), text("id")).is_some() {
            wrongs.push(format!("an odd row: {row}"));
        }
    }
    let gone = server.deletions()?;
    let ids: BTreeSet<&str> = gone.iter().filter_map(|file| file["id"].as_str()).collect();
    let after = look::files(&server, RUN)?;
    let told: BTreeSet<&str> = said.values().map(String::as_str).collect();
    if told != ids || gone.len() != said.len() {
        wrongs.push(format!(
            "rm tells of {} files, and the server deleted {}",
            said.len(),
            gone.len()
        ));
    }
    wrongs.extend(
        said.keys()
            .filter(|name| !is_selected(name))
            .map(|name| format!("{name} was not selected")),
    );
    for (name, remote) in &before {
        if is_selected(name) != (said.get(name) == Some(&remote.id))
            || is_selected(name) == after.contains_key(name)
        {
            wrongs.push(format!(
                "{name} was there before, and was not treated as selected or not"
            ));
        }
    }
    for name in late.iter().take(uploaded).map(|file| &file.name) {
        if said.contains_key(name) == after.contains_key(name) {
            wrongs.push(format!(
                "{name} was uploaded meanwhile, and is gone without a word, or told of and there"
            ));
        }
    }
    println!(
        "rm of 1000 files among 3000, with {listings} listings and {uploaded} uploads beside it: {} deleted, {}",
        said.len(),
        if wrongs.is_empty() {
            "those that were selected"
        } else {
            "WRONG"
        }
    );
    wrongs.truncate(10);
    Ok(wrongs)
}
