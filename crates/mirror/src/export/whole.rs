//! An export as a file that is whole, or not there.

use std::io;
use std::path::Path;

use futures::Stream;
use tempfile::NamedTempFile;

use super::{ExportError, Format, export};
use crate::Entry;

/// Writes entries of the ledger to a file, and gives their number.
///
/// The file is written under a temporary name beside `path`, brought to the disk, and renamed when it is whole: a file that
/// was there before is replaced then, and not before. A failure, such as a full disk, leaves nothing.
///
/// # Errors
///
/// [`ExportError::Entries`] with the stream's own error, [`ExportError::File`] where the file could not be written.
pub async fn export_to<E>(
    entries: impl Stream<Item = Result<Entry, E>>,
    format: Format,
    path: &Path,
) -> Result<u64, ExportError<E>> {
    let broken = |rows, source| ExportError::File {
        path: path.to_owned(),
        rows,
        source,
    };
    let mut file = begin(path).map_err(|source| broken(0, source))?;
    let rows = match export(entries, format, &mut file).await {
        Err(ExportError::Write { rows, source }) => return Err(broken(rows, source)),
        other => other?,
    };
    file.as_file()
        .sync_all()
        .and_then(|()| file.persist(path).map_err(|error| error.error))
        .map_err(|source| broken(rows, source))?;
    Ok(rows)
}

/// A file beside `path`, with the rights of any new file, that is removed if it is dropped.
fn begin(path: &Path) -> io::Result<NamedTempFile> {
    // Found out now, and not by the rename at the end of hours.
    if path.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".wbf-export-");
    #[cfg(unix)]
    let rights: std::fs::Permissions = std::os::unix::fs::PermissionsExt::from_mode(0o666);
    #[cfg(unix)]
    builder.permissions(rights);
    builder.tempfile_in(folder)
}
