//! What the SDK uploaded, as wbf lists it and brings it home.

use std::path::Path;

use serde_json::Value;

use super::suite::{Sdk, Suite, unexpected};
use super::{cases, rows, tree};
use crate::error::Result;
use crate::sample::{self, Sample};

impl Suite<'_> {
    /// All comparisons on a run into which this SDK uploaded `files`; `root` is where they may be brought to.
    pub(super) fn reading(&mut self, sdk: &Sdk, run: &str, files: &[Sample], root: &Path) -> Result<()> {
        self.listings(sdk, run, files)?;
        self.first_ten(run)?;
        self.cursor(run)?;
        self.bytes(run, files, root)?;
        self.single_files(run, files)
    }

    /// Listings with every kind of selection: the same files, fields and order on both sides.
    fn listings(&mut self, sdk: &Sdk, run: &str, files: &[Sample]) -> Result<()> {
        let cases = cases::all(files);
        let arguments: Value = cases.iter().map(|case| case.sdk.clone()).collect();
        let listed = rows::parse(&self.sdk(sdk, "list", run).arg(arguments.to_string()).read()?)?;
        for (number, case) in cases.iter().enumerate() {
            let sdk: Vec<_> = listed
                .iter()
                .filter(|row| row["case"] == number && !rows::is_placeholder(row))
                .collect();
            let wbf = self.wbf(["ls", run, "--format", "ndjson"]).args(&case.wbf);
            let ours = wbf.output()?;
            let differences = match rows::parse(&String::from_utf8_lossy(&ours.stdout)) {
                Ok(rows) => rows::differences(&sdk, &rows),
                Err(error) => vec![error.to_string()],
            };
            let differences = [differences, unexpected(&ours, case.status)].concat();
            self.report(&format!("{} ({} files)", case.name, sdk.len()), &differences);
        }
        Ok(())
    }

    /// Ten files are one page, and one page is one request.
    fn first_ten(&mut self, run: &str) -> Result<()> {
        self.server.forget_requests()?;
        let ours = self
            .wbf(["ls", run, "--limit", "10", "--format", "ndjson"])
            .read()?;
        let sent = self.server.graphql_requests()?;
        let mut differences = Vec::new();
        if rows::parse(&ours)?.len() != 10 {
            differences.push(format!("{} rows instead of 10", ours.lines().count()));
        }
        if sent.len() != 1 {
            differences.push(format!("{} GraphQL requests instead of 1: {sent:?}", sent.len()));
        }
        self.report("ls --limit 10 sends one GraphQL request", &differences);
        Ok(())
    }

    /// A listing taken up after a cursor brings exactly the rest.
    fn cursor(&mut self, run: &str) -> Result<()> {
        let all = rows::parse(&self.wbf(["ls", run, "--format", "ndjson"]).read()?)?;
        let at = all.len() / 3;
        let Some(cursor) = all.get(at).and_then(|row| row["cursor"].as_str()) else {
            self.report("ls --after CURSOR", &["no cursor in the listing".to_owned()]);
            return Ok(());
        };
        let rest = rows::parse(
            &self
                .wbf(["ls", run, "--format", "ndjson", "--after", cursor])
                .read()?,
        )?;
        let wanted: Vec<_> = all.iter().skip(at + 1).collect();
        self.report("ls --after CURSOR", &rows::differences(&wanted, &rest));
        Ok(())
    }

    /// A download of everything gives the bytes that were uploaded, and a second one finds them.
    fn bytes(&mut self, run: &str, files: &[Sample], root: &Path) -> Result<()> {
        let get = |suite: &Self, more: &[&str]| {
            suite
                .wbf(["get", run, "--format", "ndjson", "--root"])
                .arg(root)
                .args(more)
                .output()
        };
        let first = get(self, &[])?;
        let mut differences = unexpected(&first, 0);
        differences.extend(sample::differences(files, root)?);
        self.report(
            &format!("get brings {} files byte for byte", files.len()),
            &differences,
        );

        let again = get(self, &["--exist-ok"])?;
        let mut differences = unexpected(&again, 0);
        let rows = rows::parse(&String::from_utf8_lossy(&again.stdout))?;
        differences.extend(
            rows.iter()
                .filter(|row| row["status"] != "skipped")
                .map(|row| format!("not skipped: {row}")),
        );
        self.report("get --exist-ok skips what is there", &differences);

        let refused = get(self, &[])?;
        self.report("get refuses to overwrite", &unexpected(&refused, 1));
        Ok(())
    }

    /// Each hard name by itself, as an argument.
    fn single_files(&mut self, run: &str, files: &[Sample]) -> Result<()> {
        let mut differences = Vec::new();
        for file in files.iter().take(tree::HARD_COUNT) {
            let output = self.wbf(["cat", run, "--", &file.name]).output()?;
            let mut wrong = unexpected(&output, 0);
            if wrong.is_empty() && output.stdout != file.bytes {
                wrong.push("other bytes".to_owned());
            }
            differences.extend(wrong.iter().map(|what| format!("{:?}: {what}", file.name)));
        }
        self.report("cat of each hard name", &differences);
        Ok(())
    }
}
