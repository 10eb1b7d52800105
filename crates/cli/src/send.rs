//! What `wbf put` and `wbf cp` have in common: files on their way into a run.

use std::process::ExitCode;

use wandb_client::{Api, FileUploads, Step, Stored, Upload, UploadEvent};

use crate::console::Console;
use crate::failure::{self, Failure};
use crate::interrupt::{CLEARING_UP, interrupts};
use crate::progress::Bars;
use crate::report::{Report, Row};

/// Where the files go, and who is told.
pub(crate) struct Sending<'a> {
    pub(crate) api: &'a Api,
    pub(crate) console: &'a Console,
    pub(crate) report: Report<'a>,
}

impl Sending<'_> {
    /// Sends everything, and tells what becomes of it.
    pub(crate) async fn carry_out(mut self, mut uploads: FileUploads) -> Result<ExitCode, Failure> {
        let mut bars = Bars::new(self.console);
        let mut interrupt = interrupts();
        let interrupted = loop {
            tokio::select! {
                biased;
                _ = &mut interrupt => break true,
                event = uploads.next() => match event {
                    None => break false,
                    Some(event) => self.tell(event, &mut bars)?,
                },
            }
        };
        if interrupted {
            // What was sent is whole, and is worth the time to see that the server knows of it.
            if let Ok(last) = tokio::time::timeout(CLEARING_UP, uploads.stop()).await {
                for event in last {
                    self.tell(event, &mut bars)?;
                }
            }
        }
        bars.finish();
        self.report.end(interrupted)
    }

    fn tell(&mut self, event: UploadEvent, bars: &mut Bars) -> Result<(), Failure> {
        match event {
            UploadEvent::File(upload, step) => {
                let name = upload.name();
                bars.step(name, upload.size().unwrap_or(0), &step);
                match step {
                    Step::Retried { attempt, why, wait } => self.console.retried(name, attempt, &why, wait),
                    Step::Finished(stored) => self.report.done(row(&upload, Some(&stored)), name)?,
                    Step::Failed(error) => {
                        let error = failure::explained(self.api, &error);
                        self.report.failed(row(&upload, None), error)?;
                    }
                    _ => {}
                }
                bars.count(self.report.there());
            }
            UploadEvent::Source(error) => {
                let error = failure::explained(self.api, &error);
                self.report.incomplete(&error);
            }
            UploadEvent::Stopped(error) => {
                let error = failure::explained(self.api, &error);
                self.report
                    .incomplete(&format!("{error}; the files that had not begun were not tried"));
            }
            _ => {}
        }
        Ok(())
    }
}

pub(crate) fn row<'a>(upload: &'a Upload, stored: Option<&Stored>) -> Row<'a> {
    Row {
        name: upload.name(),
        path: upload
            .content()
            .path()
            .map(|path| Some(path.display().to_string())),
        bytes: stored.map_or(0, |stored| stored.bytes),
        md5: stored.map(|stored| stored.md5.to_base64()),
        ..Row::default()
    }
}
