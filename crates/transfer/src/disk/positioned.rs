//! Reads and writes at a place of a file.

use std::fs::File;
use std::io;
#[cfg(unix)]
use std::os::unix::fs::FileExt as _;

#[cfg(unix)]
pub(super) fn write_all_at(file: &File, at: u64, bytes: &[u8]) -> io::Result<()> {
    file.write_all_at(bytes, at)
}

#[cfg(unix)]
pub(super) fn read_exact_at(file: &File, at: u64, buffer: &mut [u8]) -> io::Result<()> {
    file.read_exact_at(buffer, at)
}

#[cfg(not(unix))]
pub(super) fn write_all_at(mut file: &File, at: u64, bytes: &[u8]) -> io::Result<()> {
    use std::io::{Seek as _, SeekFrom, Write as _};
    file.seek(SeekFrom::Start(at))?;
    file.write_all(bytes)
}

#[cfg(not(unix))]
pub(super) fn read_exact_at(mut file: &File, at: u64, buffer: &mut [u8]) -> io::Result<()> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(buffer)
}
