//! Artifacts that the SDK logged, as it lists and downloads them and as wbf does.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::collections::MANY;
use super::rows;
use super::suite::{Sdk, Suite, unexpected};
use crate::error::Result;
use crate::sample::{self, Sample, noise};

const KIND: &[&str] = &["id", "name"];
const COLLECTION: &[&str] = &["id", "name", "type", "description", "created_at"];
const VERSION: &[&str] = &[
    "id",
    "name",
    "type",
    "entity",
    "project",
    "collection",
    "version",
    "aliases",
    "tags",
    "state",
    "size_bytes",
    "file_count",
    "digest",
    "description",
    "created_at",
    "updated_at",
];

/// Where one SDK logs to.
fn place(version: &str) -> String {
    format!("conformance/logged-{version}")
}

/// What goes into the versions of an artifact: a file that changes, and some that stay.
fn files() -> Vec<Sample> {
    let stays = ["plain.txt", "a folder/with #1 & 100%.bin", "日本語/empty"];
    let mut files = Vec::new();
    for version in ["v0", "v1"] {
        for (name, n) in stays.into_iter().zip(0_u64..) {
            let length = if n == 2 { 0 } else { 70_000 + n as usize };
            files.push(Sample::new(format!("{version}/{name}"), noise(n, length)));
        }
        let name = format!("{version}/rows.csv");
        files.push(Sample::new(name.clone(), name));
    }
    files
}

impl Suite<'_> {
    /// The SDK logs artifacts and uses them; then both sides list them.
    pub(super) fn artifacts(&mut self, sdk: &Sdk, scratch: &Path) -> Result<()> {
        let folder = scratch.join(format!("artifacts-{}", sdk.version));
        sample::write(&files(), &folder)?;
        let project = place(sdk.version);
        let here = self.address()?;
        self.listed(sdk, ["log", &project, &folder.to_string_lossy(), &here])?;
        self.kinds(sdk, &project)?;
        for (kind, collection) in [("dataset", "data"), ("model", "model")] {
            let theirs = self.listed(sdk, ["versions", &project, kind, collection])?;
            let ours = self.rows(["artifacts", &project, "--type", kind, "--collection", collection])?;
            self.equal("version", VERSION, &theirs, &ours);
        }
        for (relation, run) in [("logged", "maker"), ("used", "user")] {
            let run = format!("{project}/{run}");
            let theirs = self.listed(sdk, [relation, &run])?;
            let ours = self.rows(["artifacts", &run, &format!("--{relation}")])?;
            self.equal(&format!("{relation} artifact"), VERSION, &theirs, &ours);
        }
        for name in ["data:v0", "data:best", "model:latest", "pointer:v0"] {
            self.files_of(sdk, &format!("{project}/{name}"))?;
        }
        let logged = files();
        for version in ["v0", "v1"] {
            let of_version = logged.iter().filter_map(|file| {
                let name = file.name.strip_prefix(version)?.strip_prefix('/')?;
                Some(Sample::new(name, file.bytes.clone()))
            });
            let roots = self.both(sdk, &format!("{project}/data:{version}"), scratch)?;
            self.holds(
                &format!("data:{version}"),
                &of_version.collect::<Vec<_>>(),
                &roots,
            )?;
        }
        let roots = self.both(sdk, &format!("{project}/model:latest"), scratch)?;
        // One of its files is a reference to http, which both fetch.
        let theirs = sample::read(&roots[0])?;
        self.holds("model", &theirs, &roots)?;
        self.elsewhere(sdk, &format!("{project}/pointer:latest"), scratch)
    }

    /// Something that can be fetched without a key.
    fn address(&self) -> Result<String> {
        let files = self.rows(["ls", &format!("{MANY}/run-00000"), "--limit", "1"])?;
        let address = files.first().and_then(|row| row["direct_url"].as_str());
        Ok(address.unwrap_or_default().to_owned())
    }

    fn files_of(&mut self, sdk: &Sdk, artifact: &str) -> Result<()> {
        let theirs = self.listed(sdk, ["artifact", artifact])?;
        let ours = self.rows(["ls", artifact])?;
        self.equal("artifact file", rows::FIELDS, &theirs, &ours);
        let paged = self.rows(["ls", artifact, "--per-page", "1"])?;
        self.equal("singly listed artifact file", rows::FIELDS, &theirs, &paged);
        Ok(())
    }

    /// Where the SDK and wbf have brought a version to.
    fn both(&self, sdk: &Sdk, artifact: &str, scratch: &Path) -> Result<[PathBuf; 2]> {
        let last = artifact.rsplit('/').next().unwrap_or_default();
        let roots = ["sdk", "wbf"].map(|who| scratch.join(format!("{who}-{}-{last}", sdk.version)));
        self.listed(sdk, ["download", artifact, &roots[0].to_string_lossy()])?;
        self.wbf(["get", artifact, "--root"]).arg(&roots[1]).read()?;
        Ok(roots)
    }

    fn holds(&mut self, what: &str, files: &[Sample], roots: &[PathBuf; 2]) -> Result<()> {
        let mut differences = Vec::new();
        for (who, root) in ["the SDK", "wbf"].iter().zip(roots) {
            let lines = sample::differences(files, root)?;
            differences.extend(lines.iter().map(|line| format!("{who}: {line}")));
        }
        let what = format!("{} files of the artifact {what}, byte for byte", files.len());
        self.report(&what, &differences);
        Ok(())
    }

    /// A reference that neither side can follow: both fail, and wbf can be told to leave it out.
    fn elsewhere(&mut self, sdk: &Sdk, artifact: &str, scratch: &Path) -> Result<()> {
        let root = scratch.join(format!("elsewhere-{}", sdk.version));
        let theirs = self.lister(sdk, ["download", artifact]).arg(&root).output()?;
        let ours = self.wbf(["get", artifact, "--root"]).arg(&root).output()?;
        let differences = [unexpected(&theirs, 1), unexpected(&ours, 1)].concat();
        self.report("a reference to elsewhere fails", &differences);
        let skipping = ["get", artifact, "--skip-references", "--root"];
        let skipped = self.wbf(skipping).arg(&root).output()?;
        let mut differences = unexpected(&skipped, 0);
        if root.exists() {
            differences.extend(sample::differences(&[], &root)?);
        }
        let why = "with --skip-references wbf leaves out what it cannot fetch, the SDK has no such option";
        if differences.is_empty() {
            self.by_design("a reference to elsewhere, skipped", why);
        } else {
            self.report("a reference to elsewhere, skipped", &differences);
        }
        Ok(())
    }

    /// Artifact types, and the collections of each.
    fn kinds(&mut self, sdk: &Sdk, project: &str) -> Result<()> {
        let listed = self.listed(sdk, ["types", project])?;
        let (collections, kinds): (Vec<Value>, Vec<Value>) =
            listed.into_iter().partition(|row| row.get("type").is_some());
        let ours = self.rows(["artifacts", project])?;
        self.equal("artifact type", KIND, &kinds, &ours);
        let mut ours = Vec::new();
        for kind in &kinds {
            let name = kind["name"].as_str().unwrap_or_default();
            ours.extend(self.rows(["artifacts", project, "--type", name])?);
        }
        self.equal("artifact collection", COLLECTION, &collections, &ours);
        Ok(())
    }
}
