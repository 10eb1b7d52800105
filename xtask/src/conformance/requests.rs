//! How many requests an operation costs each side: ours never more than the SDK's.

use std::path::Path;

use serde_json::json;

use super::suite::{Sdk, Suite};
use crate::error::Result;
use crate::sh::Sh;

/// The runs that one side works on: one to read, one to write.
pub(super) fn runs(version: &str) -> [String; 2] {
    ["sdk", "wbf"].map(|who| format!("conformance/requests/{who}-{version}"))
}

impl Suite<'_> {
    /// Counts both sides on runs of their own, with the same files in both. `source` has files to put there.
    pub(super) fn requests(&mut self, sdk: &Sdk, source: &Path, scratch: &Path) -> Result<()> {
        let [theirs, ours] = runs(sdk.version);
        let names: Vec<String> = (0..60).map(|number| format!("{number:02}.txt")).collect();
        let folder = scratch.join("requests");
        for run in [&theirs, &ours] {
            self.wbf(["put", run, "."]).dir(source).read()?;
        }
        let one = json!([[format!("{}/00.txt", source.display()), source]]).to_string();
        let listing = |arguments| json!([arguments]).to_string();
        let got = |what: &str| folder.join(format!("{what}-{}", sdk.version));
        let few = |from: usize, to: usize| json!(names[from..to]).to_string();
        let name = |number: usize| names[number].as_str();
        // The order counts: what is deleted comes last.
        let table: Vec<(&str, Sh, Sh)> = vec![
            (
                "list 60 files",
                self.sdk(sdk, "list", &theirs).arg(listing(json!({}))),
                self.wbf(["ls", &ours]),
            ),
            (
                "one file by name",
                self.sdk(sdk, "list", &theirs)
                    .arg(listing(json!({"names": [name(7)]}))),
                self.wbf(["ls", &ours, "--name", name(7)]),
            ),
            (
                "download one of 60",
                self.sdk(sdk, "download-one", &theirs)
                    .arg(name(7))
                    .arg(got("sdk-one")),
                self.wbf(["get", &ours, name(7), "--root"]).arg(got("wbf-one")),
            ),
            (
                "download all 60",
                self.sdk(sdk, "download", &theirs).arg(got("sdk-all")),
                self.wbf(["get", &ours, "--root"]).arg(got("wbf-all")),
            ),
            (
                "download all 60 again, with exist_ok",
                self.sdk(sdk, "download", &theirs)
                    .arg(got("sdk-all"))
                    .arg("--exist-ok"),
                self.wbf(["get", &ours, "--exist-ok", "--root"])
                    .arg(got("wbf-all")),
            ),
            (
                "list those of a pattern",
                self.sdk(sdk, "list", &theirs)
                    .arg(listing(json!({"pattern": "1%"}))),
                self.wbf(["ls", &ours, "--pattern", "1%"]),
            ),
            (
                "list 60 files by pages of 7",
                self.sdk(sdk, "list", &theirs)
                    .arg(listing(json!({"per_page": 7}))),
                self.wbf(["ls", &ours, "--per-page", "7"]),
            ),
            (
                "upload one",
                self.sdk(sdk, "put-paths", &theirs).arg(one),
                self.wbf(["put", &ours, "00.txt"]).dir(source),
            ),
            (
                "delete one of 60",
                self.sdk(sdk, "delete", &theirs).arg(few(0, 1)),
                self.wbf(["rm", &ours, "--yes", name(0)]),
            ),
            (
                "delete 50 of 59",
                self.sdk(sdk, "delete", &theirs).arg(few(1, 51)),
                self.wbf(["rm", &ours, "--yes"]).args(&names[1..51]),
            ),
        ];
        for (what, sdk_side, our_side) in table {
            let theirs = self.counted(sdk_side)?;
            let ours = self.counted(our_side)?;
            let more = [("GraphQL", theirs.0, ours.0), ("other", theirs.1, ours.1)]
                .into_iter()
                .filter(|(_, theirs, ours)| ours > theirs)
                .map(|(kind, theirs, ours)| format!("{ours} {kind} requests, the SDK sends {theirs}"));
            let more: Vec<_> = more.collect();
            self.report(
                &format!(
                    "requests to {what}: SDK {} {} GraphQL and {} others, wbf {} and {}",
                    sdk.version, theirs.0, theirs.1, ours.0, ours.1
                ),
                &more,
            );
        }
        Ok(())
    }

    /// How many requests to GraphQL, and how many others, a command makes.
    fn counted(&self, command: Sh) -> Result<(usize, usize)> {
        self.server.forget_requests()?;
        command.read()?;
        let requests = self.server.requests()?;
        let graphql = |path: &str| path.ends_with("/graphql");
        let sent = requests.iter().filter_map(|request| request["path"].as_str());
        let (graphql, others): (Vec<_>, Vec<_>) = sent
            .filter(|path| !path.contains("/_devserver/"))
            .partition(|path| graphql(path));
        Ok((graphql.len(), others.len()))
    }
}
