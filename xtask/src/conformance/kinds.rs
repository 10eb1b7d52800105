//! The kinds of differences by design, as `CONFORMANCE.md` lists them and as the comparisons know them.

use std::collections::BTreeSet;

use super::suite::Suite;
use crate::error::{Context, Result};
use crate::sh;

/// A row of the table: a kind, and the test of ours that proves what we do.
struct Row<'a> {
    kind: &'a str,
    file: &'a str,
    test: &'a str,
}

impl Suite<'_> {
    /// One line of the table: a difference of this kind.
    pub(super) fn of_kind(&mut self, kind: &str, what: &str) {
        *self.kinds.entry(kind.to_owned()).or_default() += 1;
        self.by_design(what, kind);
    }

    /// The document and the comparisons name the same kinds, and each row's test is there.
    pub(super) fn documented(&mut self) -> Result<()> {
        let path = sh::workspace().join("CONFORMANCE.md");
        let text = std::fs::read_to_string(&path).or_fail(|| format!("read {}", path.display()))?;
        let mut differences = Vec::new();
        let mut documented = BTreeSet::new();
        for row in rows(&text) {
            documented.insert(row.kind.to_owned());
            let source = std::fs::read_to_string(sh::workspace().join(row.file)).unwrap_or_default();
            if !source.contains(&format!("fn {}()", row.test)) {
                differences.push(format!(
                    "{}: there is no test {} in {}",
                    row.kind, row.test, row.file
                ));
            }
        }
        for kind in self.kinds.keys().filter(|kind| !documented.contains(*kind)) {
            differences.push(format!("{kind}: not in CONFORMANCE.md"));
        }
        for kind in documented.iter().filter(|kind| !self.kinds.contains_key(*kind)) {
            differences.push(format!("{kind}: in CONFORMANCE.md, and no comparison has it"));
        }
        self.report("CONFORMANCE.md names the differences by design", &differences);
        Ok(())
    }
}

/// The rows whose first cell is a kind in code quotes, and whose last is `FILE: TEST` in code quotes.
fn rows(text: &str) -> impl Iterator<Item = Row<'_>> {
    text.lines().filter_map(|line| {
        let cells: Vec<_> = line
            .trim()
            .trim_matches('|')
            .split(" | ")
            .map(str::trim)
            .collect();
        let kind = quoted(cells.first()?)?;
        let (file, test) = quoted(cells.last()?)?.split_once(": ")?;
        Some(Row { kind, file, test })
    })
}

fn quoted(cell: &str) -> Option<&str> {
    cell.strip_prefix('`')?.strip_suffix('`')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_the_table_are_read_and_other_lines_left() {
        let text = "| kind | test |\n| --- | --- |\n| `a-b` | why | `x/y.rs: it_does` |\nprose `c`: d\n";
        let rows: Vec<_> = rows(text).map(|row| (row.kind, row.file, row.test)).collect();
        assert_eq!(rows, [("a-b", "x/y.rs", "it_does")]);
    }
}
