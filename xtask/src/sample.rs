//! Files made up for the demo and the comparisons: the same bytes on every machine.

use std::path::{Path, PathBuf};

use crate::error::{Context, Result};

/// A file of a run.
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

impl Sample {
    pub(crate) fn new(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            name: name.into(),
            bytes: bytes.into(),
        }
    }
}

/// `length` bytes that look random and depend on nothing but `seed`.
pub(crate) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut random = Random::new(seed);
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        bytes.extend_from_slice(&random.next().to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// Numbers that look random and depend on nothing but a seed (splitmix64).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From 0 up to but not including `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.share() * end as f64) as usize
    }

    /// From 0 up to but not including 1.
    pub(crate) fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Writes the files under `folder`.
pub(crate) fn write(files: &[Sample], folder: &Path) -> Result<()> {
    for file in files {
        let path = folder.join(&file.name);
        let parent = path.parent().unwrap_or(folder);
        std::fs::create_dir_all(parent).or_fail(|| format!("make {}", parent.display()))?;
        std::fs::write(&path, &file.bytes).or_fail(|| format!("write {}", path.display()))?;
    }
    Ok(())
}

/// The files under `folder`.
pub(crate) fn read(folder: &Path) -> Result<Vec<Sample>> {
    let samples = walk(folder)?.into_iter().map(|path| {
        let bytes = std::fs::read(&path).or_fail(|| format!("read {}", path.display()))?;
        let name = path.strip_prefix(folder).unwrap_or(&path);
        Ok(Sample::new(name.to_string_lossy(), bytes))
    });
    samples.collect()
}

/// What differs between the files and what lies under `folder`, one line each.
pub(crate) fn differences(files: &[Sample], folder: &Path) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for file in files {
        match std::fs::read(folder.join(&file.name)) {
            Err(error) => lines.push(format!("{}: {error}", file.name)),
            Ok(bytes) if bytes != file.bytes => lines.push(format!("{}: other bytes", file.name)),
            Ok(_) => {}
        }
    }
    let there = walk(folder)?.len();
    if there > files.len() {
        lines.push(format!("{there} files where {} belong", files.len()));
    }
    Ok(lines)
}

/// A folder of our own that is not there before and not there afterwards.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new(folder: PathBuf) -> Result<Self> {
        if folder.exists() {
            std::fs::remove_dir_all(&folder).or_fail(|| format!("remove {}", folder.display()))?;
        }
        std::fs::create_dir_all(&folder).or_fail(|| format!("make {}", folder.display()))?;
        Ok(Self(folder))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// Every file below `folder`.
pub(crate) fn walk(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).or_fail(|| format!("list {}", folder.display()))? {
        let path = entry.or_fail(|| format!("list {}", folder.display()))?.path();
        if path.is_dir() {
            files.extend(walk(&path)?);
        } else {
            files.push(path);
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_difference_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let files = [
            Sample::new("a/same", "1"),
            Sample::new("a/changed", "2"),
            Sample::new("lost", "3"),
        ];
        write(&files, folder.path()).unwrap();
        assert_eq!(differences(&files, folder.path()).unwrap(), Vec::<String>::new());

        std::fs::write(folder.path().join("a/changed"), "2 and more").unwrap();
        std::fs::remove_file(folder.path().join("lost")).unwrap();
        for extra in ["b", "c"] {
            std::fs::write(folder.path().join(extra), "").unwrap();
        }
        let found = differences(&files, folder.path()).unwrap();
        assert_eq!(found[0], "a/changed: other bytes");
        assert!(found[1].starts_with("lost: "), "{found:?}");
        assert_eq!(found[2..], ["4 files where 3 belong"]);
    }

    #[test]
    fn noise_depends_on_nothing_but_its_seed() {
        assert_eq!(noise(7, 100), noise(7, 100));
        assert_ne!(noise(7, 100), noise(8, 100));
        assert_eq!(noise(7, 13).len(), 13);
    }
}
