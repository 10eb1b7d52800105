//! The files that are mirrored: the same on every machine, on a server of their own.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};

use crate::bins::Bins;
use crate::devserver::DevServer;
use crate::error::{Context, Result};
use crate::sample::{Random, Scratch, noise};

/// All runs are in here.
pub(super) const PROJECT: &str = "mirror/files";
/// With a slash at its end it is all runs of the project.
pub(super) const ALL: &str = "mirror/files/";

/// Small files have less than this.
const SMALL: usize = 64 << 10;
/// Large ones are moved in parts.
const LARGE: usize = 20 << 20;

/// How many files, and of what kind.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) runs: usize,
    /// Small ones, in each run.
    pub(super) files: usize,
    /// Runs that have a large one as well.
    pub(super) large: usize,
}

/// A file as it has to arrive.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Seed {
    pub(super) run: String,
    pub(super) name: String,
    pub(super) size: usize,
    /// In base64, as W&B has it.
    pub(super) md5: String,
}

impl Seed {
    pub(super) fn new(run: &str, name: &str, bytes: &[u8]) -> Self {
        Self {
            run: run.to_owned(),
            name: name.to_owned(),
            size: bytes.len(),
            md5: md5(bytes),
        }
    }

    /// Where it is below the destination.
    pub(super) fn key(&self) -> String {
        format!("{PROJECT}/{}/{}", self.run, self.name)
    }
}

/// In base64.
pub(super) fn md5(bytes: &[u8]) -> String {
    STANDARD.encode(Md5::digest(bytes))
}

/// Starts a server that has so many files, with `arguments` of its own.
pub(super) fn serve(
    bins: &Bins,
    shape: Shape,
    seed: u64,
    arguments: &[&str],
    folder: &Path,
) -> Result<(DevServer, Vec<Seed>)> {
    // The server takes copies.
    let scratch = Scratch::new(folder.join("seed"))?;
    let files = write(shape, seed, scratch.path())?;
    let runs = scratch.path().to_string_lossy();
    let own = ["--record", "--seed-runs", &runs, "--into-project", PROJECT];
    let server = DevServer::start(&bins.devserver, &[&own, arguments].concat(), folder)?;
    Ok((server, files))
}

fn write(shape: Shape, seed: u64, folder: &Path) -> Result<Vec<Seed>> {
    let mut random = Random::new(seed);
    let mut files = Vec::new();
    for number in 0..shape.runs {
        let run = format!("run-{number:03}");
        let root = folder.join(&run);
        std::fs::create_dir_all(root.join("media")).or_fail(|| format!("make {}", root.display()))?;
        let small = (0..shape.files).map(|file| (format!("media/{file:03}.bin"), SMALL));
        let large = (number < shape.large).then(|| ("model.bin".to_owned(), LARGE));
        for (name, limit) in small.chain(large) {
            let size = if limit == LARGE {
                LARGE
            } else {
                random.below(limit)
            };
            let bytes = noise(seed ^ ((files.len() as u64) << 32), size);
            let path = root.join(&name);
            std::fs::write(&path, &bytes).or_fail(|| format!("write {}", path.display()))?;
            files.push(Seed::new(&run, &name, &bytes));
        }
    }
    Ok(files)
}
