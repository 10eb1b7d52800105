//! What lies at a destination, read with nothing of what is being checked.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::seed::{Seed, md5};
use crate::error::{Context, Failure, Result};
use crate::sample::{self, Scratch};
use crate::services::s3::{BUCKET, curl};

/// A destination.
pub(super) enum Store {
    Folder(PathBuf),
    /// What begins with a prefix, in the bucket of the server at an address.
    Bucket {
        server: String,
        prefix: String,
    },
}

/// So many objects are fetched before they are looked at, and taken away again.
const AT_ONCE: usize = 500;

impl Store {
    /// As wbf takes it.
    pub(super) fn address(&self) -> String {
        match self {
            Self::Folder(folder) => folder.to_string_lossy().into_owned(),
            Self::Bucket { prefix, .. } => format!("s3://{BUCKET}/{prefix}"),
        }
    }

    /// All that is there, with its size.
    pub(super) fn list(&self) -> Result<BTreeMap<String, usize>> {
        match self {
            Self::Folder(folder) => of_folder(folder),
            Self::Bucket { .. } => self.of_bucket(),
        }
    }

    /// What differs from the files that should be there: every object is read.
    pub(super) fn differences(&self, files: &[Seed], folder: &Path) -> Result<Vec<String>> {
        let mut there = self.list()?;
        let mut lines = Vec::new();
        let mut present = Vec::new();
        for file in files {
            match there.remove(&file.key()) {
                None => lines.push(format!("{} is missing", file.key())),
                Some(size) if size != file.size => {
                    lines.push(format!(
                        "{} has {size} bytes instead of {}",
                        file.key(),
                        file.size
                    ));
                }
                Some(_) => present.push(file),
            }
        }
        lines.extend(there.keys().map(|key| format!("{key} does not belong there")));
        for files in present.chunks(AT_ONCE) {
            let scratch = Scratch::new(folder.join("fetched"))?;
            let keys: Vec<String> = files.iter().map(|file| file.key()).collect();
            for (file, path) in files.iter().zip(self.fetch(&keys, scratch.path())?) {
                let bytes = fs::read(&path).or_fail(|| format!("read {}", path.display()))?;
                if md5(&bytes) != file.md5 {
                    lines.push(format!("{} has other bytes", file.key()));
                }
            }
        }
        Ok(lines)
    }

    /// The bytes of one object.
    pub(super) fn read(&self, key: &str, folder: &Path) -> Result<Vec<u8>> {
        let scratch = Scratch::new(folder.join("fetched"))?;
        let path = self.fetch(&[key.to_owned()], scratch.path())?.remove(0);
        fs::read(&path).or_fail(|| format!("read {}", path.display()))
    }

    /// Puts an object there, or in the place of one.
    pub(super) fn write(&self, key: &str, bytes: &[u8], folder: &Path) -> Result<()> {
        let (path, is_there) = match self {
            Self::Folder(root) => (root.join(key), true),
            Self::Bucket { .. } => (folder.join("to-put"), false),
        };
        fs::write(&path, bytes).or_fail(|| format!("write {}", path.display()))?;
        if is_there {
            return Ok(());
        }
        curl()
            .arg("--upload-file")
            .arg(&path)
            .arg(self.url(key))
            .read()
            .map(drop)
    }

    pub(super) fn delete(&self, key: &str) -> Result<()> {
        match self {
            Self::Folder(root) => fs::remove_file(root.join(key)).or_fail(|| format!("remove {key}")),
            Self::Bucket { .. } => curl()
                .args(["--request", "DELETE"])
                .arg(self.url(key))
                .read()
                .map(drop),
        }
    }

    /// How many uploads in parts were begun and never ended: killed processes leave them, and a bucket's rule takes them away.
    pub(super) fn uploads(&self) -> Result<usize> {
        let Self::Bucket { server, .. } = self else {
            return Ok(0);
        };
        let listed = curl().arg(format!("{server}/{BUCKET}?uploads=")).read()?;
        Ok(listed.matches("<Upload>").count())
    }

    /// In a folder, what was being written when a process was killed, beside its final name.
    pub(super) fn begun(&self) -> Result<Vec<PathBuf>> {
        let Self::Folder(folder) = self else {
            return Ok(Vec::new());
        };
        let mut begun = sample::walk(folder)?;
        begun.retain(|path| is_begun(path));
        Ok(begun)
    }

    /// Where each of these objects can be read as a file.
    fn fetch(&self, keys: &[String], folder: &Path) -> Result<Vec<PathBuf>> {
        if let Self::Folder(root) = self {
            return Ok(keys.iter().map(|key| root.join(key)).collect());
        }
        let paths: Vec<PathBuf> = (0..keys.len()).map(|n| folder.join(n.to_string())).collect();
        let mut list = String::new();
        for (key, path) in keys.iter().zip(&paths) {
            _ = writeln!(
                list,
                "url = \"{}\"\noutput = \"{}\"",
                self.url(key),
                path.display()
            );
        }
        let file = folder.join("list");
        fs::write(&file, list).or_fail(|| format!("write {}", file.display()))?;
        curl()
            .args(["--fail-early", "--parallel", "--parallel-max", "8", "--config"])
            .arg(&file)
            .read()?;
        Ok(paths)
    }

    fn of_bucket(&self) -> Result<BTreeMap<String, usize>> {
        let Self::Bucket { server, prefix } = self else {
            return Ok(BTreeMap::new());
        };
        let mut all = BTreeMap::new();
        let mut after = String::new();
        loop {
            let escape = |text: &str| text.replace('/', "%2F");
            // In this order, which the signature is made of.
            let query = format!(
                "list-type=2&prefix={}%2F&start-after={}",
                escape(prefix),
                escape(&after)
            );
            let listed = curl().arg(format!("{server}/{BUCKET}?{query}")).read()?;
            let mut last = None;
            for object in listed.split("<Contents>").skip(1) {
                let (Some(key), Some(size)) = (element(object, "Key"), element(object, "Size")) else {
                    return Err(Failure::new(format!(
                        "the bucket lists what has no size: {object}"
                    )));
                };
                let size = size.parse().or_fail(|| format!("read the size of {key}"))?;
                let name = key.strip_prefix(&format!("{prefix}/")).unwrap_or(key);
                all.insert(name.to_owned(), size);
                last = Some(key.to_owned());
            }
            match last {
                Some(last) => after = last,
                None => return Ok(all),
            }
        }
    }

    fn url(&self, key: &str) -> String {
        match self {
            Self::Folder(folder) => folder.join(key).to_string_lossy().into_owned(),
            Self::Bucket { server, prefix } => format!("{server}/{BUCKET}/{prefix}/{key}"),
        }
    }
}

fn of_folder(folder: &Path) -> Result<BTreeMap<String, usize>> {
    if !folder.exists() {
        return Ok(BTreeMap::new());
    }
    let whole = sample::walk(folder)?.into_iter().filter(|path| !is_begun(path));
    let named = whole.map(|path| {
        let size = fs::metadata(&path)
            .or_fail(|| format!("look at {}", path.display()))?
            .len();
        let key = path
            .strip_prefix(folder)
            .unwrap_or(&path)
            .to_string_lossy()
            .into_owned();
        Ok((
            key,
            usize::try_from(size).or_fail(|| format!("hold {size} bytes"))?,
        ))
    });
    named.collect()
}

/// Whether a file is called as one that is being written: with a number behind its name.
fn is_begun(path: &Path) -> bool {
    let name = path.to_string_lossy();
    let number = name.rsplit_once('#').map(|(_, number)| number);
    number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// What stands between the tags of an XML element that holds no others; our names need no escapes.
fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>")).map(|(text, _)| text)
}
