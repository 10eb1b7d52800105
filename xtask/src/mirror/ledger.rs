//! What a ledger holds, read with its database's own program.

use std::path::PathBuf;

use super::seed::Seed;
use crate::error::Result;
use crate::services::postgres::Database;
use crate::sh::Sh;

/// A ledger.
pub(super) enum Ledger {
    Sqlite(PathBuf),
    Postgres(Database),
}

impl Ledger {
    /// As `--state` takes it.
    pub(super) fn address(&self) -> String {
        match self {
            Self::Sqlite(path) => path.to_string_lossy().into_owned(),
            Self::Postgres(database) => database.url().to_owned(),
        }
    }

    /// A line for each row, with `|` between the columns.
    pub(super) fn query(&self, sql: &str) -> Result<String> {
        match self {
            Self::Sqlite(path) => {
                // Not one that waits for the writer: it is asked again.
                let said = Sh::new("sqlite3").arg("-readonly").arg(path).arg(sql).read()?;
                Ok(said.trim_end().to_owned())
            }
            Self::Postgres(database) => database.query(sql),
        }
    }

    /// How many files fulfil a condition; 0 where the ledger cannot be asked just now.
    pub(super) fn count(&self, condition: &str) -> usize {
        let counted = self.query(&format!("SELECT count(*) FROM wbf_files WHERE {condition}"));
        counted
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or_default()
    }

    /// How many files are at the destination.
    pub(super) fn moved(&self) -> usize {
        self.count("state = 'done'")
    }

    /// All files, a line each, in the order of runs and names.
    pub(super) fn lines(&self) -> Result<String> {
        self.query(
            "SELECT r.run, f.name, f.state, f.size, f.md5, f.key, CASE WHEN f.batch IS NULL THEN 'free' ELSE 'queued' END
             FROM wbf_files f JOIN wbf_runs r ON r.id = f.run ORDER BY r.run, f.name",
        )
    }

    /// What differs from a ledger in which these files are done, each in one row, and nothing else is.
    pub(super) fn differences(&self, files: &[Seed]) -> Result<Vec<String>> {
        let mut expected: Vec<String> = files.iter().map(line).collect();
        expected.sort();
        let said = self.lines()?;
        let mut found: Vec<String> = said.lines().map(ToOwned::to_owned).collect();
        found.sort();
        if expected == found {
            return Ok(Vec::new());
        }
        let mut lines = vec![format!("{} rows for {} files", found.len(), expected.len())];
        let only = |here: &[String], there: &[String], what: &str| -> Vec<String> {
            let odd = here.iter().filter(|line| there.binary_search(line).is_err());
            odd.map(|line| format!("{what} {line}")).collect()
        };
        lines.extend(only(&expected, &found, "the ledger lacks"));
        lines.extend(only(&found, &expected, "the ledger has"));
        Ok(lines)
    }

    /// How many batches are open: none, once all is done.
    pub(super) fn batches(&self) -> Result<String> {
        self.query("SELECT count(*) FROM wbf_batches")
    }

    /// How many files it counts as moved, over all minutes.
    pub(super) fn counted(&self) -> Result<String> {
        self.query("SELECT sum(files) FROM wbf_moved")
    }
}

fn line(file: &Seed) -> String {
    let Seed { run, name, size, md5 } = file;
    format!("{run}|{name}|done|{size}|{md5}|{}|free", file.key())
}
