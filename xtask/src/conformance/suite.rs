//! The two sides, and the count of what was compared.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::rows;
use crate::devserver::DevServer;
use crate::error::Result;
use crate::python;
use crate::sh::{Output, Sh};

/// The server in the middle, wbf, and the count of what was compared.
pub(super) struct Suite<'a> {
    pub(super) server: &'a DevServer,
    pub(super) wbf: &'a Path,
    /// The program of the server, to start another one.
    pub(super) devserver: &'a Path,
    /// The example of the client that says what is in a project.
    pub(super) project: &'a Path,
    pub(super) passed: usize,
    pub(super) by_design: usize,
    pub(super) failed: usize,
    /// How often each kind of difference by design was met.
    pub(super) kinds: BTreeMap<String, usize>,
}

/// The other side: the Python SDK in one version.
pub(super) struct Sdk {
    pub(super) version: &'static str,
    pub(super) python: PathBuf,
}

impl Suite<'_> {
    /// `sdk.py COMMAND RUN`, by this version.
    pub(super) fn sdk(&self, sdk: &Sdk, command: &str, run: &str) -> Sh {
        let script = python::script(&sdk.python, "sdk.py");
        self.server.client(script.arg(command).arg(run))
    }

    /// The rows of `listings.py ARGUMENTS`, by this version.
    pub(super) fn listed<'a>(
        &self,
        sdk: &Sdk,
        arguments: impl IntoIterator<Item = &'a str>,
    ) -> Result<Vec<Value>> {
        rows::parse(&self.lister(sdk, arguments).read()?)
    }

    /// `listings.py ARGUMENTS`, by this version.
    pub(super) fn lister<'a>(&self, sdk: &Sdk, arguments: impl IntoIterator<Item = &'a str>) -> Sh {
        let script = python::script(&sdk.python, "listings.py");
        self.server.client(script.args(arguments))
    }

    /// The rows of `wbf ARGUMENTS --format ndjson`.
    pub(super) fn rows<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Result<Vec<Value>> {
        let arguments = arguments.into_iter().chain(["--format", "ndjson"]);
        rows::parse(&self.wbf(arguments).read()?)
    }

    pub(super) fn wbf<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Sh {
        self.server.client(Sh::new(self.wbf).args(args))
    }

    /// One line of the table: a difference that is meant to be.
    pub(super) fn by_design(&mut self, what: &str, why: &str) {
        self.by_design += 1;
        println!("  by design {what}: {why}");
    }

    /// One line of the table: whether two things are equal, and if not, where they differ.
    pub(super) fn report(&mut self, what: &str, differences: &[String]) {
        if differences.is_empty() {
            self.passed += 1;
            println!("  equal   {what}");
            return;
        }
        self.failed += 1;
        println!("  DIFFERS {what}");
        for line in differences.iter().take(10) {
            println!("          {line}");
        }
        if differences.len() > 10 {
            println!("          and {} more", differences.len() - 10);
        }
    }
}

/// What there is to say when a command did not end as it should.
pub(super) fn unexpected(output: &Output, status: i32) -> Vec<String> {
    if output.code == Some(status) {
        return Vec::new();
    }
    vec![format!(
        "exit status {:?} instead of {status}: {}",
        output.code,
        output.stderr.trim_end()
    )]
}
