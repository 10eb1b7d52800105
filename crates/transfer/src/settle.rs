//! Whether what has come is the file.

use std::fs::File;
use std::io::{BufReader, Seek};

use crate::Source;
use crate::content::{DecodeError, Encoding, Tally, gunzip};
use crate::disk::{Partial, Target};
use crate::error::Failure;

/// Checks what has come: whether it must be decoded first.
pub(crate) fn decide(source: &Source, encoding: &Encoding, tally: &Tally) -> Result<bool, Failure> {
    let checked = tally.check(source);
    if *encoding == Encoding::Identity {
        return checked.map(|()| false);
    }
    if checked.is_ok() && (source.size().is_some() || source.md5().is_some()) {
        return Ok(false);
    }
    match encoding {
        Encoding::Other(name) => Err(Encoding::unreadable(name)),
        _ => Ok(true),
    }
}

/// Decodes `file`, which is that of `partial`, to a file beside it.
pub(crate) fn decode(
    source: &Source,
    target: &Target,
    partial: Partial,
    mut file: File,
    sync: bool,
) -> Result<(Partial, Tally), Failure> {
    let disk = |error| target.failure(error);
    file.rewind().map_err(disk)?;
    let (decoded, output) = target.sibling(&partial)?;
    partial.discard();
    let tally = gunzip(BufReader::new(file), &output, source).map_err(|error| match error {
        DecodeError::Content(failure) => failure,
        DecodeError::Disk(error) => disk(error),
    })?;
    tally.check(source)?;
    if sync {
        output.sync_all().map_err(disk)?;
    }
    Ok((decoded, tally))
}
