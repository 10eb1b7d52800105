//! One file, from the server's storage to the destination.

use std::sync::atomic::Ordering;

use futures::StreamExt as _;
use wandb_client::{File, FilesError, Md5};

use super::Work;
use super::trouble::{Patience, Trouble};
use crate::ledger::Fate;
use crate::same::is_same;
use crate::{Destination, Expected, Stored, lookup};

/// Tries of a file that fails while others get through, or that changes while it is moved.
const TRIES: u32 = 3;

/// Moves a file, however long that takes: an outage is waited for. What fails while other files get through, or could, is the
/// file's own trouble, and is tried three times. `None` where the worker is stopped in an outage, which says nothing of the file.
///
/// A file that is not as it was listed has often been written anew since, as those of a run that is going on are: it is listed
/// again.
pub(super) async fn bring(work: &Work, mut file: File, destination: &Destination, key: &str) -> Option<Fate> {
    let mut patience = Patience::new(work.patience);
    let (mut failures, mut changes) = (0, 0);
    loop {
        let others = work.moved.load(Ordering::Relaxed);
        let trouble = match stream(&file, destination, key).await {
            Ok(stored) => {
                work.note_moved(&file);
                return Some(moved(&file, stored));
            }
            Err(trouble) => trouble,
        };
        if !trouble.passing {
            changes += 1;
            if trouble.at_source && changes < TRIES {
                match look_again(work, &file).await {
                    Now::Gone => return Some(Fate::Gone),
                    Now::Another(other) => {
                        file = other;
                        continue;
                    }
                    Now::TheSame => {}
                }
            }
            return Some(Fate::Failed(trouble.why));
        }
        let others_get_through = work.moved.load(Ordering::Relaxed) > others
            || trouble.at_source
                && match work.last_moved() {
                    Some(other) => can_be_read(&other).await,
                    None => false,
                };
        if others_get_through {
            failures += 1;
        }
        if failures >= TRIES {
            return Some(Fate::Failed(trouble.why));
        }
        tokio::select! {
            biased;
            () = work.stopping() => return None,
            again = patience.wait() => if !again {
                return Some(Fate::Failed(trouble.why));
            }
        }
        tracing::warn!("{trouble}; trying again");
    }
}

/// What a file is by now that could not be had as it was listed.
enum Now {
    /// What it was, as far as can be told.
    TheSame,
    Another(File),
    Gone,
}

async fn look_again(work: &Work, file: &File) -> Now {
    let Ok(mut found) = lookup::by_name(&work.api, file.run(), &[file.name()]).await else {
        return Now::TheSame;
    };
    match found.remove(file.name()) {
        None => Now::Gone,
        Some(now) if is_same(file.size(), file.md5(), file.updated_at_text(), &now) => Now::TheSame,
        Some(now) => Now::Another(now),
    }
}

async fn stream(file: &File, destination: &Destination, key: &str) -> Result<Stored, Trouble> {
    let source = file.source()?;
    let expected = Expected {
        size: source.size(),
        md5: source.md5().map(Md5::to_bytes),
        // The stream checks what it gives against the listing, and ends with an error if that does not agree.
        checked: true,
    };
    let bytes = file.stream().await.map_err(trouble_of)?;
    Ok(destination.put(key, bytes, expected).await?)
}

/// Whether the first bytes of a file that was moved before can still be had.
async fn can_be_read(file: &File) -> bool {
    match file.stream().await {
        Ok(mut bytes) => !matches!(bytes.next().await, Some(Err(_))),
        Err(_) => false,
    }
}

fn trouble_of(error: FilesError) -> Trouble {
    error.into()
}

fn moved(file: &File, stored: Stored) -> Fate {
    Fate::Moved {
        file_id: file.id().map(str::to_owned),
        size: i64::try_from(stored.bytes).unwrap_or(i64::MAX),
        md5: Some(Md5::from(stored.md5).to_base64()),
        updated_at: file.updated_at_text().map(str::to_owned),
        etag: stored.etag,
    }
}
