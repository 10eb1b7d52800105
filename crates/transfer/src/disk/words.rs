//! The disk's errors in plain words.

use std::io::{self, ErrorKind};

use super::name::impossible;
use crate::TransferErrorKind;
use crate::error::Failure;

/// `what` failed with `error`.
pub(crate) fn disk_failure(what: &str, error: io::Error) -> Failure {
    // The sandbox's own refusal carries no number of the operating system.
    let leads_out = error.kind() == ErrorKind::PermissionDenied && error.raw_os_error().is_none();
    let name = |why: &str| impossible(format!("{what}: {why}"));
    let disk = |why: &str| Failure::new(TransferErrorKind::Disk, format!("{what}: {why}"));
    match error.kind() {
        _ if leads_out => {
            name("a symbolic link leads outside the root").next("remove the link, or choose another root")
        }
        ErrorKind::InvalidFilename => {
            name("the file system does not take the name, most often because it is too long")
                .next("choose a root on another file system")
        }
        ErrorKind::NotADirectory => {
            name("a file stands where a folder is needed").next("move the file away, or choose another root")
        }
        ErrorKind::IsADirectory | ErrorKind::DirectoryNotEmpty => {
            name("a folder stands where the file is to be")
                .next("move the folder away, or choose another root")
        }
        ErrorKind::StorageFull => disk("no space is left on the disk").next("make room, then run again"),
        ErrorKind::QuotaExceeded => disk("the disk quota is used up").next("make room, then run again"),
        ErrorKind::FileTooLarge => disk("the file is larger than the file system or a limit allows")
            .next("choose a root on another file system"),
        ErrorKind::ReadOnlyFilesystem => disk("the file system is read-only").next("choose another root"),
        ErrorKind::PermissionDenied => {
            disk("no permission").next("choose another root, or give yourself the right to write there")
        }
        _ => disk(&error.to_string()),
    }
    .source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_in_its_own_words() {
        for (kind, expected, words) in [
            (
                ErrorKind::StorageFull,
                TransferErrorKind::Disk,
                "no space is left",
            ),
            (ErrorKind::QuotaExceeded, TransferErrorKind::Disk, "quota"),
            (
                ErrorKind::ReadOnlyFilesystem,
                TransferErrorKind::Disk,
                "read-only",
            ),
            (ErrorKind::FileTooLarge, TransferErrorKind::Disk, "larger than"),
            (ErrorKind::InvalidFilename, TransferErrorKind::Name, "too long"),
            (
                ErrorKind::NotADirectory,
                TransferErrorKind::Name,
                "a folder is needed",
            ),
            (
                ErrorKind::PermissionDenied,
                TransferErrorKind::Name,
                "symbolic link",
            ),
            (ErrorKind::NotConnected, TransferErrorKind::Disk, "not connected"),
        ] {
            let failure = disk_failure("it cannot be written", kind.into());
            assert_eq!(failure.kind, expected, "{kind:?}");
            assert!(failure.what().contains(words), "{}", failure.what());
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_permission_that_the_system_denies_is_no_link() {
        let failure = disk_failure("it cannot be written", io::Error::from_raw_os_error(13));
        assert_eq!(failure.kind, TransferErrorKind::Disk);
    }
}
