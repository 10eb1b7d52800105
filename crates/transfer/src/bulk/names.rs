//! The paths that the files before have taken.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, BuildHasherDefault, Hasher, RandomState};

use crate::disk::{Name, impossible};
use crate::error::Failure;

/// Remembers a hash of every name.
#[derive(Debug)]
pub(super) struct Names {
    ignore_case: bool,
    /// With keys of its own, so that no server can choose names that collide.
    hasher: RandomState,
    taken: HashSet<u64, BuildHasherDefault<Hashed>>,
}

impl Names {
    pub(super) fn new(ignore_case: bool) -> Self {
        Self {
            ignore_case,
            hasher: RandomState::new(),
            taken: HashSet::default(),
        }
    }

    /// Takes the path that `name` means, unless an earlier name has taken it. A name that is none is left to the download
    /// to refuse.
    pub(super) fn take(&mut self, name: &str) -> Result<(), Failure> {
        let Ok(name) = Name::parse(name) else {
            return Ok(());
        };
        let parts = name.parts();
        let hash = if self.ignore_case {
            let folded: Vec<String> = parts.iter().map(|part| part.to_lowercase()).collect();
            self.hasher.hash_one(folded)
        } else {
            self.hasher.hash_one(parts)
        };
        if self.taken.insert(hash) {
            return Ok(());
        }
        let why = if self.ignore_case {
            "another file goes to the same path, as the file system of the root does not tell upper from lower \
             case"
        } else {
            "another file goes to the same path"
        };
        Err(impossible(why.to_owned()).next("download it by itself, to another root"))
    }
}

/// Takes a number that is a hash already as it is.
#[derive(Debug, Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(ignore_case: bool, names: &[&str]) -> Vec<String> {
        let mut taken = Names::new(ignore_case);
        let refused = names.iter().filter(|name| taken.take(name).is_err());
        refused.map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn names_of_one_path_are_twins() {
        let names = ["a/b", "a//b", "./a/b", "a/./b", "a/b2", "ab", "a", "b"];
        assert_eq!(refused(false, &names), ["a//b", "./a/b", "a/./b"]);
    }

    #[test]
    fn case_makes_twins_only_where_the_file_system_ignores_it() {
        let names = [
            "Model.pt", "model.pt", "D/x", "d/X", "d/y", "STRASSE", "Äpfel", "äPFEL",
        ];
        assert_eq!(refused(false, &names), [""; 0]);
        assert_eq!(refused(true, &names), ["model.pt", "d/X", "äPFEL"]);
    }

    #[test]
    fn impossible_names_are_no_twins() {
        assert_eq!(refused(false, &["../x", "../x", "", ""]), [""; 0]);
    }

    #[test]
    fn a_name_costs_less_than_twenty_bytes() {
        let mut taken = Names::new(false);
        for n in 0..100_000 {
            assert!(taken.take(&format!("media/images/{n}.png")).is_ok());
        }
        // Each place of the table has eight bytes and one of bookkeeping.
        assert!(taken.taken.capacity() * 8 / 7 * 9 <= 100_000 * 20);
    }
}
