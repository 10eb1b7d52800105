//! An upload in parts, which leaves nothing behind when it is given up.

use object_store::path::Path;
use object_store::{
    Error, MultipartUpload, ObjectStore, PutMultipartOptions, PutPayload, PutResult, Result, UploadPart,
};

const MIB: u64 = 1024 * 1024;
/// Of the smallest part; also how much is sent in one go.
pub(super) const PART: u64 = 8 * MIB;
/// How many parts may be under way at once, and how many bytes they may have together.
const UNDER_WAY: u64 = 4;
const BYTES_UNDER_WAY: u64 = 64 * MIB;
/// Stores take 10,000 parts; some are left for what a file has grown by.
const PARTS: u64 = 9_500;
/// By how much each part is larger than the one before where nobody knows the size: 10,000 are then more than 5 TiB, which
/// is the largest object of S3.
const GROWTH: u64 = 112 * 1024;

/// How many bytes part number `index` has. Where the size is known all are alike, which some stores ask for.
pub(super) fn part_size(size: Option<u64>, index: u64) -> u64 {
    match size {
        Some(size) => size.div_ceil(PARTS).div_ceil(MIB).saturating_mul(MIB).max(PART),
        None => PART + index * GROWTH,
    }
}

/// How many parts of this size may be under way.
pub(super) fn under_way(part: u64) -> usize {
    let parts = (BYTES_UNDER_WAY / part).clamp(1, UNDER_WAY);
    usize::try_from(parts).unwrap_or(1)
}

/// One that is dropped before its end is aborted, so that the store does not keep its parts.
pub(super) struct Upload(Option<Box<dyn MultipartUpload>>);

impl Upload {
    pub(super) async fn start(store: &dyn ObjectStore, path: &Path) -> Result<Self> {
        let upload = store
            .put_multipart_opts(path, PutMultipartOptions::default())
            .await?;
        Ok(Self(Some(upload)))
    }

    /// To be awaited. The parts stand in the order of the calls.
    pub(super) fn part(&mut self, bytes: PutPayload) -> UploadPart {
        match &mut self.0 {
            Some(upload) => upload.put_part(bytes),
            None => Box::pin(async { Err(over()) }),
        }
    }

    pub(super) async fn complete(&mut self) -> Result<PutResult> {
        let result = self.0.as_mut().ok_or_else(over)?.complete().await?;
        self.0 = None;
        Ok(result)
    }

    pub(super) async fn abort(mut self) {
        if let Some(upload) = self.0.take() {
            abort(upload).await;
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let Some(upload) = self.0.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(abort(upload));
        }
    }
}

async fn abort(mut upload: Box<dyn MultipartUpload>) {
    if let Err(error) = upload.abort().await {
        tracing::debug!(%error, "could not abort an upload: the store keeps its parts until it clears them away");
    }
}

fn over() -> Error {
    Error::Generic {
        store: "upload",
        source: "it is over already".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_enough_for_the_largest_object() {
        const LARGEST: u64 = 5 * 1024 * 1024 * MIB;
        let sum: u64 = (0..10_000).map(|index| part_size(None, index)).sum();
        assert!(sum >= LARGEST);
        for size in [0, 1, PART, 10_000 * PART, 10_001 * PART, LARGEST] {
            let part = part_size(Some(size), 0);
            assert_eq!(part, part_size(Some(size), 9_999));
            assert!(part >= PART && size.div_ceil(part) <= 10_000, "{size}");
        }
        assert_eq!(
            [PART, 16 * MIB, 32 * MIB, 64 * MIB, 600 * MIB].map(under_way),
            [4, 4, 2, 1, 1]
        );
        // A file of which the server tells nonsense is no reason to stop.
        assert!(part_size(Some(u64::MAX), 0) > PART);
    }
}
