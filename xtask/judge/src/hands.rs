//! Changes to the data between two operations.

use wandb_files::{DeleteEvent, Files, delete_all};

use crate::Result;

/// Deletes files by name.
pub(crate) async fn delete(files: Files, names: &[String]) -> Result<()> {
    let selected = files.names(names).select().await?;
    let mut deletions = delete_all(selected.files);
    while let Some(event) = deletions.next().await {
        if let DeleteEvent::Failed(_, error) = event {
            return Err(error.into());
        }
    }
    Ok(())
}
