//! Sizes for people.

use indicatif::BinaryBytes;

/// A size in the largest fitting unit of 1024: `1.21 MiB`.
pub(crate) fn human(bytes: u64) -> String {
    BinaryBytes(bytes).to_string()
}
