//! Whether upper and lower case make two names.

use cap_std::fs::OpenOptions;

use super::Root;

/// One name for all, so that what a killed process left is removed by the next one.
pub(super) const PROBE: &str = ".wbf-case.part";

/// Others may be trying at the same time, and remove the file.
const TRIES: u32 = 100;

impl Root {
    /// Tries with a hidden file of its own, which is removed again, whether the root's file system takes names that
    /// differ only in case for one. Where nothing can be written, it says no: nothing will be overwritten either.
    pub(crate) fn ignores_case(&self) -> bool {
        let mut options = OpenOptions::new();
        options.write(true).create(true);
        for _ in 0..TRIES {
            if self.dir.open_with(PROBE, &options).is_err() {
                return false;
            }
            let ignores = self.dir.symlink_metadata(PROBE.to_uppercase()).is_ok();
            let undisturbed = ignores || self.dir.symlink_metadata(PROBE).is_ok();
            // Nothing can be done about it here; the name tells what it is.
            let _ = self.dir.remove_file(PROBE);
            if undisturbed {
                return ignores;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_probe_left_is_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join(PROBE), b"").expect("a file");
        let root = Root::open(folder.path()).expect("a root");
        root.ignores_case();
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
    }
}
