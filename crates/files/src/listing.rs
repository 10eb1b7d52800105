//! A listing as a stream that also tells what it lacks.

use std::sync::Arc;

use futures::{Stream, stream};
use wandb_paginator::{Items, Paginator};

use crate::wanted::Wanted;
use crate::{File, FilesError, RunPath};

/// The files that `files` lists of `run`, placeholders left out, up to a failure of the listing
/// ([`FilesError::Listing`]); after a listing that came to its end, [`FilesError::Missing`] for each of `names` that was not in it.
pub fn listing(
    files: Paginator<File>,
    run: RunPath,
    names: &[String],
) -> impl Stream<Item = Result<File, FilesError>> + Send + use<> {
    let listing = Listing {
        run: Arc::new(run),
        wanted: Wanted::new(names),
        files: Some(files.into_stream()),
    };
    stream::unfold(listing, |mut listing| async move {
        let next = listing.next().await?;
        Some((next, listing))
    })
}

struct Listing {
    run: Arc<RunPath>,
    wanted: Wanted,
    /// Until it has given its last.
    files: Option<Items<File>>,
}

impl Listing {
    async fn next(&mut self) -> Option<Result<File, FilesError>> {
        while let Some(files) = &mut self.files {
            match files.try_next().await {
                Ok(Some(file)) if file.is_missing() => {}
                Ok(Some(file)) => {
                    self.wanted.listed(file.name());
                    return Some(Ok(file));
                }
                Ok(None) => self.files = None,
                Err(source) => {
                    self.files = None;
                    self.wanted.broke_off();
                    let run = RunPath::clone(&self.run);
                    return Some(Err(FilesError::Listing { run, source }));
                }
            }
        }
        let name = self.wanted.next_missing()?;
        Some(Err(FilesError::missing(&self.run, &name)))
    }
}
