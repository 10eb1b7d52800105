//! The names that a server may give to files.

use std::path::{Path, PathBuf};

use super::windows;
use crate::TransferErrorKind;
use crate::error::Failure;

/// A relative path of plain parts that ends in a file's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    parts: Vec<String>,
}

impl Name {
    /// Reads a name whose parts stand between `/`. Empty parts and `.` between others mean nothing and are left out.
    pub(crate) fn parse(name: &str) -> Result<Self, Failure> {
        let refuse = |why: &str| Err(impossible(format!("the name {why}")));
        if name.is_empty() {
            return refuse("is empty");
        }
        if name.contains('\0') {
            return refuse("holds a NUL character");
        }
        if name.starts_with('/') {
            return refuse("is an absolute path, and would leave the root");
        }
        if name.split('/').any(|part| part == "..") {
            return refuse("has a part \"..\", and could leave the root");
        }
        if name.ends_with('/') || name == "." || name.ends_with("/.") {
            return refuse("names a folder, not a file");
        }
        if cfg!(windows)
            && let Some(why) = name.split('/').find_map(windows::refusal)
        {
            return refuse(why);
        }
        let parts = name.split('/').filter(|part| !matches!(*part, "" | "."));
        Ok(Self {
            parts: parts.map(str::to_owned).collect(),
        })
    }

    /// The whole, below the root.
    pub(crate) fn path(&self) -> PathBuf {
        self.parts.iter().collect()
    }

    /// The folders, below the root; empty for a file right in the root.
    pub(crate) fn folder(&self) -> PathBuf {
        self.path().parent().map(Path::to_owned).unwrap_or_default()
    }

    pub(crate) fn leaf(&self) -> &str {
        self.parts.last().map_or("", String::as_str)
    }

    pub(crate) fn parts(&self) -> &[String] {
        &self.parts
    }
}

/// A name that cannot be a file below the root, and why.
pub(crate) fn impossible(what: String) -> Failure {
    Failure::new(TransferErrorKind::Name, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_stay_below_the_root() {
        for (name, path) in [
            ("a", "a"),
            ("a/b.txt", "a/b.txt"),
            ("a//b", "a/b"),
            ("./a", "a"),
            ("a/./b", "a/b"),
            (".hidden", ".hidden"),
            ("..a/b..", "..a/b.."),
            ("...", "..."),
            (" ", " "),
            ("a\nb", "a\nb"),
            ("ü/%2e%2e/x", "ü/%2e%2e/x"),
        ] {
            let parsed = Name::parse(name).expect(name);
            assert_eq!(parsed.path(), Path::new(path), "{name}");
            assert_eq!(parsed.folder().join(parsed.leaf()), Path::new(path), "{name}");
        }
        #[cfg(unix)]
        assert_eq!(Name::parse("..\\x").expect("an ordinary name").leaf(), "..\\x");
    }

    #[test]
    fn names_that_do_not() {
        for name in [
            "",
            "/",
            "/abs/x",
            "//x",
            ".",
            "./",
            "./.",
            "..",
            "../x",
            "../../x",
            "a/..",
            "a/../../x",
            "a/../b",
            "a/",
            "a/.",
            "a\0b",
        ] {
            Name::parse(name).expect_err(name);
        }
    }
}
