//! How files are put together for the tasks of the queue.

use crate::ledger::{Listed, NewBatch};
use crate::lookup::NAMES;

/// The most files of a batch: a worker asks for them by name, with one request.
const FILES: usize = NAMES;
/// The most bytes of a batch of more than one file, so that large files spread over workers.
const BYTES: i64 = 256 << 20;

/// Assigns each file to a batch.
pub(super) fn assign(files: &mut [Listed]) -> Vec<NewBatch> {
    let mut batches: Vec<NewBatch> = Vec::new();
    let (mut count, mut bytes) = (0, 0_i64);
    for file in files {
        if batches.is_empty() || count >= FILES || bytes.saturating_add(file.size) > BYTES {
            batches.push(NewBatch {
                id: fastrand::i64(1..),
            });
            (count, bytes) = (0, 0);
        }
        if let Some(batch) = batches.last() {
            file.batch = batch.id;
        }
        count += 1;
        bytes = bytes.saturating_add(file.size);
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes_of_batches(sizes: &[i64]) -> Vec<usize> {
        let mut files: Vec<Listed> = sizes
            .iter()
            .map(|size| Listed {
                name: String::new(),
                file_id: None,
                size: *size,
                md5: None,
                updated_at: None,
                key: String::new(),
                batch: 0,
            })
            .collect();
        let batches = assign(&mut files);
        batches
            .iter()
            .map(|batch| files.iter().filter(|file| file.batch == batch.id).count())
            .collect()
    }

    #[test]
    fn batches_are_bounded() {
        assert!(sizes_of_batches(&[]).is_empty());
        assert_eq!(sizes_of_batches(&[1; 300]), [128, 128, 44]);
        assert_eq!(
            sizes_of_batches(&[BYTES + 1, 5, 5, BYTES, BYTES - 1, 1, 1]),
            [1, 2, 1, 2, 1]
        );
        assert_eq!(sizes_of_batches(&[i64::MAX, i64::MAX, 1]), [1, 1, 1]);
    }
}
