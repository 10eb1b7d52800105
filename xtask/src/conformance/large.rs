//! One file of 2 GiB there and back, by wbf and by the SDK.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::process::Stdio;

use super::suite::{Sdk, Suite};
use crate::error::{Context, Failure, Result};
use crate::memory;
use crate::sh::Sh;

const LENGTH: u64 = 2 << 30;
const NAME: &str = "model.bin";
/// What the documents promise of a process that moves any number of files of any size, in MiB.
const MEMORY: f64 = 64.0;

/// The runs that this needs.
pub(super) fn run(who: &str) -> String {
    format!("conformance/large/by-{who}")
}

impl Suite<'_> {
    /// What wbf puts, wbf and every SDK bring back; what every SDK uploads, wbf brings back.
    pub(super) fn large(&mut self, sdks: &[Sdk], scratch: &Path) -> Result<()> {
        let source = scratch.join("large");
        let original = source.join(NAME);
        make(&original)?;
        let ours = run("wbf");
        let put = self.wbf(["put", &ours, NAME]).dir(&source);
        self.watched("put of 2 GiB", put, scratch)?;
        self.comes_back("get of 2 GiB", &ours, &original, scratch)?;
        for sdk in sdks {
            let root = scratch.join("large-got");
            self.sdk(sdk, "download", &ours).arg(&root).run()?;
            let differences = differences(&original, &root.join(NAME))?;
            self.report(
                &format!("SDK {}: downloads the 2 GiB that wbf put", sdk.version),
                &differences,
            );
            remove(&root)?;
        }
        self.wbf(["rm", &ours, "--yes", NAME]).run()?;
        for sdk in sdks {
            let theirs = run(sdk.version);
            self.sdk(sdk, "put", &theirs).arg(&source).run()?;
            self.comes_back(
                &format!("get of the 2 GiB that SDK {} uploaded", sdk.version),
                &theirs,
                &original,
                scratch,
            )?;
            self.wbf(["rm", &theirs, "--yes", NAME]).run()?;
        }
        remove(&source)
    }

    fn comes_back(&mut self, what: &str, run: &str, original: &Path, scratch: &Path) -> Result<()> {
        let root = scratch.join("large-got");
        let get = self.wbf(["get", run, "--root"]).arg(&root);
        self.watched(what, get, scratch)?;
        let differences = differences(original, &root.join(NAME))?;
        self.report(&format!("{what}: equal bytes"), &differences);
        remove(&root)
    }

    fn watched(&mut self, what: &str, command: Sh, scratch: &Path) -> Result<()> {
        let watched = memory::watch(command, Stdio::null(), &scratch.join("wbf.log"))?;
        let over = (watched.peak > MEMORY).then(|| format!("more than {MEMORY} MiB"));
        let took = watched.took.as_secs_f64();
        let what = format!("{what}: {:.1} MiB of memory at most, {took:.1} s", watched.peak);
        self.report(&what, over.as_slice());
        Ok(())
    }
}

/// Zeros that take no room on most disks, with marks that would tell an offset that is wrong.
fn make(path: &Path) -> Result<()> {
    let written = || -> std::io::Result<()> {
        fs::create_dir_all(path.parent().unwrap_or(path))?;
        let mut file = File::create(path)?;
        file.set_len(LENGTH)?;
        for mark in (0..LENGTH).step_by(99_999_989) {
            file.seek(SeekFrom::Start(mark))?;
            file.write_all(&mark.to_le_bytes())?;
        }
        Ok(())
    };
    written().or_fail(|| format!("write {}", path.display()))
}

/// Read piece by piece: it does not fit into memory everywhere.
fn differences(one: &Path, other: &Path) -> Result<Vec<String>> {
    let open = |path: &Path| File::open(path).or_fail(|| format!("read {}", path.display()));
    let mut files = [open(one)?, open(other)?];
    let mut pieces = [Vec::new(), Vec::new()];
    for at in 0.. {
        for (file, piece) in files.iter_mut().zip(&mut pieces) {
            piece.clear();
            let read = file.take(PIECE).read_to_end(piece);
            read.or_fail(|| format!("compare {} with {}", one.display(), other.display()))?;
        }
        if pieces[0] != pieces[1] {
            return Ok(vec![format!(
                "other bytes within the {PIECE} from {} on",
                at * PIECE
            )]);
        }
        if pieces[0].is_empty() {
            return Ok(Vec::new());
        }
    }
    Err(Failure::new("a file without an end"))
}

const PIECE: u64 = 4 << 20;

fn remove(folder: &Path) -> Result<()> {
    fs::remove_dir_all(folder).or_fail(|| format!("remove {}", folder.display()))
}
