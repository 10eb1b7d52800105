//! Whether the server has a file as the ledger does.

use wandb_client::{File, Md5};

/// Digests tell where both sides have one, however it is written; else size and time.
pub(crate) fn is_same(size: u64, md5: Option<&str>, updated_at: Option<&str>, file: &File) -> bool {
    let digest = |md5: Option<&str>| md5.and_then(|md5| Md5::from_base64(md5).ok());
    let same = match (digest(md5), digest(file.md5())) {
        (Some(known), Some(listed)) => known == listed,
        _ => updated_at == file.updated_at_text(),
    };
    size == file.size() && same
}
