//! What wbf uploads, copies and deletes, against what the SDK reads and deletes.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};

use super::suite::{Sdk, Suite, unexpected};
use super::{rows, tree};
use crate::error::Result;
use crate::look;
use crate::sample::{self, Sample};

/// Where wbf uploads to.
pub(super) const PUT: &str = "conformance/files/put";

/// The runs that one SDK and wbf delete from, each its own.
pub(super) fn copies(version: &str) -> [String; 2] {
    ["sdk", "wbf"].map(|who| format!("conformance/files/{who}-deletes-{version}"))
}

impl Suite<'_> {
    /// `wbf put` of all files: what it says, what the server then has, and what `wbf get` makes of it.
    pub(super) fn put(&mut self, files: &[Sample], originals: &Path, root: &Path) -> Result<()> {
        let start = Instant::now();
        let put = self.wbf(["put", PUT, ".", "--format", "ndjson"]).dir(originals);
        let put = put.output()?;
        println!(
            "wbf: {} files uploaded, {:.1} s",
            files.len(),
            start.elapsed().as_secs_f64()
        );
        let listed = self.wbf(["ls", PUT, "--format", "ndjson"]).output()?;
        let digests = by_name(rows::parse(&String::from_utf8_lossy(&listed.stdout))?);
        let said = by_name(rows::parse(&String::from_utf8_lossy(&put.stdout))?);
        let mut differences = unexpected(&put, 0);
        differences.extend(files.iter().filter_map(|file| {
            let row = said.get(&file.name).unwrap_or(&Value::Null);
            let digest = digests.get(&file.name).map_or(&Value::Null, |row| &row["md5"]);
            let fits =
                row["status"] == "uploaded" && row["bytes"] == file.bytes.len() && row["md5"] == *digest;
            (!fits).then(|| format!("{:?}, md5 {digest} on the server: {row}", file.name))
        }));
        self.report(&format!("put says so of {} files", files.len()), &differences);

        let differences = look::differences(self.server, PUT, files)?;
        self.report("the server has what was put byte for byte", &differences);

        let get = self.wbf(["get", PUT, "--root"]).arg(root).output()?;
        let differences = [unexpected(&get, 0), sample::differences(files, root)?].concat();
        self.report("get brings back what was put", &differences);
        Ok(())
    }

    /// The SDK lists and downloads what wbf put.
    pub(super) fn read_back(&mut self, sdk: &Sdk, files: &[Sample], root: &Path) -> Result<()> {
        let theirs = rows::parse(&self.sdk(sdk, "list", PUT).arg("[{}]").read()?)?;
        let ours = rows::parse(&self.wbf(["ls", PUT, "--format", "ndjson"]).read()?)?;
        let mut differences = rows::differences(&theirs.iter().collect::<Vec<_>>(), &ours);
        if theirs.len() != files.len() {
            differences.push(format!("{} files instead of {}", theirs.len(), files.len()));
        }
        self.report("the SDK lists what was put", &differences);

        let output = self.sdk(sdk, "download", PUT).arg(root).output()?;
        let differences = [unexpected(&output, 0), sample::differences(files, root)?].concat();
        self.report("the SDK downloads what was put byte for byte", &differences);
        Ok(())
    }

    /// The SDK lists what `wbf cp` copied; then each side deletes the same names from a copy of its own.
    pub(super) fn copy_and_delete(&mut self, sdk: &Sdk, files: &[Sample]) -> Result<()> {
        let copied = &files[..files.len().min(2 * tree::HARD_COUNT)];
        let (doomed, kept) = copied.split_at(copied.len().min(tree::HARD_COUNT));
        let [theirs, ours] = copies(sdk.version);
        let source = by_name(rows::parse(&self.wbf(["ls", PUT, "--format", "ndjson"]).read()?)?);
        let mut differences = Vec::new();
        for run in [&theirs, &ours] {
            let cp = self
                .wbf(["cp", PUT, run, "--format", "ndjson", "--"])
                .args(names(copied));
            differences.extend(unexpected(&cp.output()?, 0));
            let copy = by_name(rows::parse(&self.sdk(sdk, "list", run).arg("[{}]").read()?)?);
            differences.extend(copied.iter().filter_map(|file| {
                let (of, copy) = (&source[&file.name], copy.get(&file.name)?);
                let fits = ["size_bytes", "md5"]
                    .iter()
                    .all(|field| of[*field] == copy[*field]);
                (!fits).then(|| format!("the SDK lists {copy}, a copy of {of}"))
            }));
            differences.extend(look::differences(self.server, run, copied)?);
        }
        self.report(&format!("cp copies {} files", copied.len()), &differences);

        let list = json!(names(doomed).collect::<Vec<_>>()).to_string();
        let deleted = self.sdk(sdk, "delete", &theirs).arg(list).output()?;
        let differences = [
            unexpected(&deleted, 0),
            look::differences(self.server, &theirs, kept)?,
        ]
        .concat();
        self.report(&format!("the SDK deletes {} of them", doomed.len()), &differences);

        let rm = self
            .wbf(["rm", &ours, "--yes", "--format", "ndjson", "--"])
            .args(names(doomed));
        let deleted = rm.output()?;
        let said = by_name(rows::parse(&String::from_utf8_lossy(&deleted.stdout))?);
        let mut differences = [
            unexpected(&deleted, 0),
            look::differences(self.server, &ours, kept)?,
        ]
        .concat();
        differences.extend(names(doomed).filter_map(|name| {
            let row = said.get(name).unwrap_or(&Value::Null);
            (row["status"] != "deleted").then(|| format!("{name:?}: {row}"))
        }));
        self.report("rm deletes the same", &differences);
        Ok(())
    }
}

fn names(files: &[Sample]) -> impl Iterator<Item = &str> {
    files.iter().map(|file| &*file.name)
}

fn by_name(rows: Vec<Value>) -> BTreeMap<String, Value> {
    rows.into_iter()
        .map(|row| (row["name"].as_str().unwrap_or_default().to_owned(), row))
        .collect()
}
