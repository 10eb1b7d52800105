//! From one run to another.

use futures::StreamExt as _;
use wandb_transfer::Content;

use crate::{File, FileUploads, Files, FilesError, RunPath, Upload, listing};

impl Files {
    /// Copies these files to the run of `target`, `at_a_time` at once, and tells what becomes of each: read from storage and
    /// written to storage, with no disk in between.
    ///
    /// The bytes are held against the md5 of the file here before the last of them is sent, so that storage never takes a
    /// broken copy for whole; then against what the server lists there, as [`upload_all`](Self::upload_all) says. A file of the
    /// same name there is replaced. Of the `target`, only its run and its ways of moving bytes matter.
    ///
    /// A file that cannot be read (a reference, a name that the run does not have) is told as
    /// [`UploadEvent::Source`](crate::UploadEvent::Source), and so is a listing that breaks off.
    ///
    /// # Errors
    /// [`FilesError::NamesAndPattern`] where both are set. All else is told as an event.
    ///
    /// ```no_run
    /// # async fn example(files: wandb_files::Files, target: wandb_files::Files) -> Result<(), wandb_files::FilesError> {
    /// let mut events = files.pattern("model/%").copy_to(&target, 16)?;
    /// while let Some(event) = events.next().await {
    ///     println!("{event:?}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn copy_to(mut self, target: &Self, at_a_time: usize) -> Result<FileUploads, FilesError> {
        self.prefetch = self.prefetch.max(1);
        let (run, names) = (RunPath::clone(&self.run), self.names.clone());
        let uploads = listing(self.paginate()?, run, &names).map(|listed| upload(&listed?));
        Ok(target.upload_all(uploads, at_a_time))
    }
}

fn upload(file: &File) -> Result<Upload, FilesError> {
    let content = Content::remote(file.context().transfer.clone(), file.source()?);
    Ok(Upload::sized(file.name().to_owned(), content, Some(file.size())))
}
