//! What came of a row.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use super::play::{HANG, KEY};
use super::row::{Expected, Target};
use crate::devserver::DevServer;
use crate::error::Result;
use crate::sample::Sample;

/// How a client left things.
pub(super) struct Outcome {
    pub(super) took: Duration,
    /// None if it did not end.
    pub(super) status: Option<ExitStatus>,
    pub(super) slow_interrupt: bool,
    pub(super) files: Vec<Found>,
    /// Names of files in the root that are none of the run's.
    pub(super) leftovers: Vec<String>,
    /// What was written outside the root.
    pub(super) outside: Vec<String>,
    /// Who got or saw what.
    pub(super) leaks: Vec<&'static str>,
    /// Requests that met a fault.
    pub(super) met: u64,
    pub(super) output: String,
}

/// What is at a final path.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    /// What was there before.
    Before,
    Right,
    Short,
    Wrong,
}

pub(super) fn files(expected: &[Sample], target: Target, root: &Path) -> Vec<Found> {
    let find = |file: &Sample| {
        fs::read(root.join(&file.name)).map_or(Found::Nothing, |bytes| {
            found(&bytes, file, target == Target::OtherBytes)
        })
    };
    expected.iter().map(find).collect()
}

/// What these bytes are, where those of `file` should be; `before` says whether others may have been there.
pub(super) fn found(bytes: &[u8], file: &Sample, before: bool) -> Found {
    match bytes {
        bytes if bytes == file.bytes => Found::Right,
        _ if before && bytes == others(&file.bytes) => Found::Before,
        bytes if bytes.len() < file.bytes.len() => Found::Short,
        _ => Found::Wrong,
    }
}

/// As many bytes, of which each is another.
pub(super) fn others(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| byte ^ 1).collect()
}

/// Partial files, by the name that wbf gives them.
pub(super) fn leftovers(root: &Path) -> Vec<String> {
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with(".wbf")).collect()
}

/// What is beside the root, where only the root was.
pub(super) fn outside(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name != "root").collect()
}

/// `api:KEY` in base64, as it goes over the wire.
const KEY_SENT: &str = "YXBpOmZhdWx0czAxMjM0NTY3ODlhYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3g";

/// Where the key or a signature went that was to stay where it was.
pub(super) fn leaks(
    server: &DevServer,
    foreign: Option<&DevServer>,
    output: &str,
) -> Result<Vec<&'static str>> {
    let authorized = |server: &DevServer, listeners: &[&str]| -> Result<bool> {
        let requests = server.requests()?;
        Ok(requests.iter().any(|request| {
            request["has_authorization"] == true && listeners.iter().any(|name| request["listener"] == *name)
        }))
    };
    let mut leaks = Vec::new();
    if authorized(server, &["storage"])? {
        leaks.push("KEY TO STORAGE");
    }
    if let Some(foreign) = foreign
        && authorized(foreign, &["api", "storage"])?
    {
        leaks.push("KEY TO A FOREIGN HOST");
    }
    if output.contains(KEY) || output.contains(KEY_SENT) {
        leaks.push("KEY IN THE OUTPUT");
    }
    if output
        .match_indices("Signature=")
        .any(|(at, name)| shows_signature(&output[at + name.len()..]))
    {
        leaks.push("SIGNATURE IN THE OUTPUT");
    }
    Ok(leaks)
}

fn shows_signature(text: &str) -> bool {
    text.bytes().take_while(u8::is_ascii_hexdigit).count() >= 8
}

impl Outcome {
    fn code(&self) -> Option<i32> {
        self.status.and_then(|status| status.code())
    }

    /// A cell of the table.
    pub(super) fn cell(&self) -> String {
        let has = |found| self.files.contains(&found);
        let mut text = match self.status {
            None => format!("NO END IN {} s", HANG.as_secs()),
            Some(_) => String::new(),
        };
        let mut add = |what: &str| {
            let gap = if text.is_empty() { "" } else { ", " };
            let _ = write!(text, "{gap}{what}");
        };
        for leak in &self.leaks {
            add(leak);
        }
        if !self.outside.is_empty() {
            add("WROTE OUTSIDE THE ROOT");
        }
        if self.slow_interrupt {
            add("SLOW TO END");
        }
        let done = self.code() == Some(0);
        let rest = match (has(Found::Right), has(Found::Nothing)) {
            _ if has(Found::Short) => "SHORT FILE",
            _ if has(Found::Wrong) => "WRONG BYTES",
            _ if has(Found::Before) && done => "OLD BYTES",
            _ if has(Found::Before) => "refused, file as before",
            (true, true) if done => "FILES MISSING",
            (true, true) => "refused, others right",
            (true, false) => "right",
            (false, _) if done => "NOTHING",
            (false, _) => "refused",
        };
        add(rest);
        match self.code() {
            Some(0) if rest == "right" => {}
            Some(1) if rest.starts_with("refused") => {}
            Some(code) => {
                let _ = write!(text, " (exit {code})");
            }
            None => {}
        }
        text
    }

    /// What is not as it has to be, for a client that has to do it right.
    pub(super) fn wrongs(&self, expected: Expected, least_met: u64) -> Vec<String> {
        let mut wrongs = Vec::new();
        let mut check = |holds: bool, what: String| {
            if !holds {
                wrongs.push(what);
            }
        };
        check(self.status.is_some(), "it did not end".to_owned());
        check(self.leaks.is_empty(), self.leaks.join(", "));
        check(
            self.outside.is_empty(),
            format!("written outside the root: {:?}", self.outside),
        );
        check(!self.slow_interrupt, "it took more than 1.5 s to end".to_owned());
        check(
            self.met >= least_met,
            format!("{} requests met a fault", self.met),
        );
        check(!self.output.contains("panicked at"), "it panicked".to_owned());
        let count = |found| self.files.iter().filter(|other| **other == found).count();
        let new_wrong = count(Found::Short) + count(Found::Wrong);
        check(
            new_wrong == 0 || expected == Expected::Noticed,
            "a short or wrong file at its final place".to_owned(),
        );
        let right = count(Found::Right) == self.files.len() && self.leftovers.is_empty();
        let untouched = count(Found::Right) == 0;
        let (fits, wanted) = match expected {
            Expected::Right => (
                right && self.code() == Some(0),
                "exit 0, all right, nothing left over",
            ),
            Expected::Refused => (untouched && self.code() == Some(1), "exit 1, nothing new"),
            Expected::Partial => (
                !untouched && !right && self.code() == Some(1),
                "exit 1, some right, the others missing",
            ),
            Expected::Interrupted => (untouched && self.code() == Some(130), "exit 130, nothing new"),
            Expected::Noticed => (
                right && self.code() == Some(0) || self.code() == Some(1),
                "right and exit 0, or exit 1",
            ),
            Expected::RightOrRefused => (
                right && self.code() == Some(0) || untouched && self.code() == Some(1),
                "right and exit 0, or nothing new and exit 1",
            ),
        };
        let left = self.leftovers.len();
        check(
            fits,
            format!("{} with {left} left over; expected {wanted}", self.cell()),
        );
        check(
            self.code() == Some(0) || self.output.contains("wbf") || self.output.contains("error"),
            "it does not say why".to_owned(),
        );
        wrongs
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt as _;

    fn left(code: i32, files: &[Found]) -> Outcome {
        Outcome {
            took: Duration::ZERO,
            status: Some(ExitStatus::from_raw(code << 8)),
            slow_interrupt: false,
            files: files.to_vec(),
            leftovers: Vec::new(),
            outside: Vec::new(),
            leaks: Vec::new(),
            met: 1,
            output: "wbf: why".to_owned(),
        }
    }

    #[test]
    fn what_must_hold_is_asked_of_every_row() {
        use Expected::{Interrupted, Partial, Refused, Right, RightOrRefused};
        use Found::{Before, Nothing};
        for (code, files, fits) in [
            (0, &[Found::Right][..], &[Right, RightOrRefused][..]),
            (1, &[Nothing], &[Refused, RightOrRefused]),
            (1, &[Before], &[Refused, RightOrRefused]),
            (1, &[Found::Right, Nothing], &[Partial]),
            (130, &[Nothing], &[Interrupted]),
            (0, &[Nothing], &[]),
            (0, &[Before], &[]),
            (0, &[Found::Right, Nothing], &[]),
            (1, &[Found::Short], &[]),
            (0, &[Found::Wrong], &[]),
            (1, &[Found::Right, Found::Short], &[]),
            (101, &[Nothing], &[]),
        ] {
            for expected in [Right, Refused, Partial, Interrupted, RightOrRefused] {
                let wrongs = left(code, files).wrongs(expected, 1);
                let cell = left(code, files).cell();
                assert_eq!(wrongs.is_empty(), fits.contains(&expected), "{cell}: {wrongs:?}");
            }
        }
    }

    #[test]
    fn nothing_excuses_a_leak_a_hang_or_a_fault_that_nobody_met() {
        let spoil: [fn(&mut Outcome); 7] = [
            |outcome| outcome.leaks.push("KEY TO STORAGE"),
            |outcome| outcome.outside.push("escaped.bin".to_owned()),
            |outcome| outcome.leftovers.push(".wbf-0.part".to_owned()),
            |outcome| outcome.output = "panicked at".to_owned(),
            |outcome| outcome.slow_interrupt = true,
            |outcome| outcome.status = None,
            |outcome| outcome.met = 0,
        ];
        for (number, spoil) in spoil.into_iter().enumerate() {
            let mut outcome = left(0, &[Found::Right]);
            spoil(&mut outcome);
            assert!(!outcome.wrongs(Expected::Right, 1).is_empty(), "{number}");
        }
    }

    #[test]
    fn a_signature_is_told_from_its_mask() {
        assert!(shows_signature("0123456789abcdef"));
        assert!(!shows_signature("***"));
    }
}
