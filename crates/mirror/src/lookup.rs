//! Files of a run, asked for by name.

use std::collections::HashMap;

use wandb_client::{Api, ConvertErrorKind, File, FilesError, PaginatorErrorKind, RunPath};

/// The most names that one request asks for.
pub(crate) const NAMES: usize = 128;

/// Those of the named files that the server has, with fresh addresses: one request for up to [`NAMES`]. A run that the server
/// has no more has none of them.
pub(crate) async fn by_name(
    api: &Api,
    run: &RunPath,
    names: &[&str],
) -> Result<HashMap<String, File>, FilesError> {
    let mut found = HashMap::with_capacity(names.len());
    let of_run = api.run_at(run.clone());
    let mut files = of_run
        .files()
        .names(names.iter().copied())
        .per_page(u32::try_from(names.len()).unwrap_or(u32::MAX))
        .paginate()?
        .into_stream();
    while let Some(file) = files.next().await {
        let file = match file {
            Ok(file) => file,
            Err(error) if matches!(error.kind(), PaginatorErrorKind::Convert(error) if error.kind() == ConvertErrorKind::NotFound) =>
            {
                return Ok(HashMap::new());
            }
            Err(source) => {
                let run = run.clone();
                return Err(FilesError::Listing { run, source });
            }
        };
        if !file.is_missing() {
            found.insert(file.name().to_owned(), file);
        }
    }
    Ok(found)
}
