//! Whether `wbf mirror verify` finds what was done to a destination, and what `DuckDB` reads of an exported ledger.

use std::collections::BTreeSet;

use super::equal;
use super::ground::Ground;
use super::ledger::Ledger;
use super::seed::Seed;
use super::store::Store;
use crate::error::{Failure, Result};
use crate::python;

pub(super) fn run(ground: &Ground<'_>, files: &[Seed], store: &Store, ledger: &Ledger) -> Result<()> {
    let verify = Verify {
        ground,
        store,
        ledger,
    };
    verify.finds_nothing(&[])?;
    verify.finds_nothing(&["--read"])?;

    let victim = files.iter().find(|file| file.size > 1000);
    let Some(victim) = victim.map(Seed::key) else {
        return Err(Failure::new("no file has 1000 bytes"));
    };
    let whole = store.read(&victim, ground.folder())?;
    let mut flipped = whole.clone();
    flipped[500] ^= 1;
    store.write(&victim, &flipped, ground.folder())?;
    verify.finds("a flipped byte", &["--read"], &victim)?;
    store.delete(&victim)?;
    verify.finds("an object that is missing", &[], &victim)?;
    store.write(&victim, &whole, ground.folder())?;
    verify.finds_nothing(&["--read"])?;

    let foreign = victim.replace(".bin", ".foreign");
    store.write(&foreign, b"not ours", ground.folder())?;
    verify.finds("an object that does not belong there", &[], &foreign)?;
    store.delete(&foreign)?;
    verify.finds_nothing(&["--read"])?;
    println!(
        "    verify finds a flipped byte, a missing object and a foreign one, and nothing before and after"
    );

    for format in ["parquet", "csv"] {
        exported(ground, store, ledger, format)?;
    }
    println!("    DuckDB reads from the export, as Parquet and as CSV, what the ledger holds");
    Ok(())
}

struct Verify<'a> {
    ground: &'a Ground<'a>,
    store: &'a Store,
    ledger: &'a Ledger,
}

impl Verify<'_> {
    /// Its exit status, and all that it said.
    fn said(&self, options: &[&str]) -> Result<(Option<i32>, String)> {
        let state = self.ledger.address();
        let verify = self
            .ground
            .wbf(["mirror", "verify", &self.store.address(), "--state", &state]);
        let output = verify.args(options).output()?;
        let said = String::from_utf8_lossy(&output.stdout);
        Ok((output.code, format!("{said}{}", output.stderr)))
    }

    fn finds_nothing(&self, options: &[&str]) -> Result<()> {
        match self.said(options)? {
            (Some(0), _) => Ok(()),
            (code, said) => Err(Failure::new(format!(
                "wbf mirror verify {} ended with {code:?} where nothing is wrong\n{said}",
                options.join(" ")
            ))),
        }
    }

    fn finds(&self, what: &str, options: &[&str], key: &str) -> Result<()> {
        match self.said(options)? {
            (Some(1), said) if said.contains(key) => Ok(()),
            (code, said) => Err(Failure::new(format!(
                "wbf mirror verify {} ended with {code:?} and {what}, {key}\n{said}",
                options.join(" ")
            ))),
        }
    }
}

/// Compares what `DuckDB` reads with what the ledger's own database says.
fn exported(ground: &Ground<'_>, store: &Store, ledger: &Ledger, format: &str) -> Result<()> {
    let file = ground.folder().join("ledger").with_extension(format);
    let export = ground.wbf(["mirror", "export"]).arg(&file);
    export
        .args([&store.address(), "--state", &ledger.address()])
        .read()?;
    let read = python::script(&python::duckdb()?, "ledger.py")
        .arg(&file)
        .read()?;
    let lines = |text: &str| -> BTreeSet<String> { text.lines().map(ToOwned::to_owned).collect() };
    let own = ledger.query(
        "SELECT r.entity, r.project, r.run, f.name, f.file_id, f.size, f.md5, m.destination, f.key, f.state, f.tries,
             COALESCE(f.error, '-'), f.etag, f.moved_at
         FROM wbf_files f JOIN wbf_runs r ON r.id = f.run JOIN wbf_mirrors m ON m.id = r.mirror",
    )?;
    equal(
        &format!("rows of the {format} that DuckDB reads"),
        &lines(&read),
        &lines(&own),
    )
}
