//! The files of one run, compared with the ledger.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use futures::StreamExt as _;
use wandb_client::{File, RunPath};

use super::{Change, Plan, Seen, batches};
use crate::ledger::{Known, Listed};
use crate::{MirrorError, State, key};

/// So many files are compared with one statement.
const AT_ONCE: usize = 1_000;
/// Deletions at the destination at a time.
const DELETIONS: usize = 16;

/// A run that is being listed.
pub(super) struct RunListing {
    pub(super) path: RunPath,
    /// Its number in the ledger, once it is asked for; `None` where the ledger does not have it.
    number: Option<Option<i64>>,
    waiting: Vec<File>,
    /// Hashes of the names: a listing may have millions.
    names: HashSet<u64>,
}

impl RunListing {
    pub(super) fn new(path: RunPath) -> Self {
        Self {
            path,
            number: None,
            waiting: Vec::new(),
            names: HashSet::new(),
        }
    }
}

impl<T: FnMut(Change)> Plan<'_, T> {
    pub(super) async fn add(&mut self, run: &mut RunListing, file: File) -> Result<(), MirrorError> {
        self.planned.files += 1;
        if file.name().contains('\0') {
            self.planned.problems += 1;
            (self.tell)(Change::Unusable {
                file: format!("{}/{}", run.path, file.name().escape_default()),
                why: "no store takes a name with a NUL character",
            });
            return Ok(());
        }
        run.names.insert(hash(file.name()));
        run.waiting.push(file);
        if run.waiting.len() >= AT_ONCE {
            self.compare(run).await?;
        }
        Ok(())
    }

    /// Ends a run's listing: what the ledger has and the server has no more.
    pub(super) async fn end_run(
        &mut self,
        run: Option<RunListing>,
        seen: &mut Seen,
    ) -> Result<(), MirrorError> {
        let Some(mut run) = run else {
            return Ok(());
        };
        self.planned.runs += 1;
        self.compare(&mut run).await?;
        let Some(number) = run.number.flatten() else {
            return Ok(());
        };
        seen.runs.insert(number);
        if seen.incomplete.contains(&run.path) {
            return Ok(());
        }
        if self.whole {
            self.without(number, &run.path, &run.names).await?;
        }
        if !self.options.dry_run {
            self.mirror.ledger.listed(number).await?;
        }
        Ok(())
    }

    /// Compares what waits, and queues what is not as it was.
    async fn compare(&mut self, run: &mut RunListing) -> Result<(), MirrorError> {
        let ledger = &self.mirror.ledger;
        let files = std::mem::take(&mut run.waiting);
        let number = match run.number {
            Some(number) => number,
            None if self.options.dry_run => ledger.known_run(self.mirror.id.0, &run.path).await?,
            None => Some(ledger.run(self.mirror.id.0, &run.path).await?),
        };
        run.number = Some(number);
        let names: Vec<&str> = files.iter().map(File::name).collect();
        let known = match number {
            Some(number) => ledger.known(number, &names).await?,
            None => HashMap::new(),
        };
        let mut changed = Vec::new();
        for file in &files {
            let shown = || format!("{}/{}", run.path, file.name());
            let bytes = file.size();
            match known.get(file.name()) {
                Some(known) if known.queued => {
                    self.planned.queued_before += 1;
                    (self.tell)(Change::Queued { file: shown(), bytes });
                }
                Some(known) if is_there(known, file) => self.planned.unchanged += 1,
                Some(_) => {
                    self.planned.again += 1;
                    (self.tell)(Change::Again { file: shown(), bytes });
                    changed.push(listed(&run.path, file));
                }
                None => {
                    self.planned.new += 1;
                    (self.tell)(Change::New { file: shown(), bytes });
                    changed.push(listed(&run.path, file));
                }
            }
        }
        self.planned.bytes += changed.iter().map(|file| file.size.unsigned_abs()).sum::<u64>();
        if let Some(number) = number.filter(|_| !self.options.dry_run) {
            let batches = batches::assign(&mut changed);
            ledger
                .enqueue(&self.mirror.queue, number, &changed, &batches)
                .await?;
        }
        Ok(())
    }

    /// What the ledger has of a run besides `names`: the server has it no more.
    pub(super) async fn without(
        &mut self,
        number: i64,
        path: &RunPath,
        names: &HashSet<u64>,
    ) -> Result<(), MirrorError> {
        let ledger = &self.mirror.ledger;
        // New files were noted by now, so that equal numbers are the same names; but not in a dry run.
        let present = ledger.count_present(number).await?;
        let mut gone = Vec::new();
        if self.options.dry_run || usize::try_from(present).is_ok_and(|present| present > names.len()) {
            gone = ledger.present(number).await?;
            gone.retain(|(name, _)| !names.contains(&hash(name)));
        }
        if self.options.delete {
            // What an earlier call without `delete` left.
            gone.extend(ledger.gone(number).await?);
            return self.delete(number, path, &gone).await;
        }
        self.planned.gone += gone.len() as u64;
        for (name, _) in &gone {
            (self.tell)(Change::Gone {
                file: format!("{path}/{name}"),
            });
        }
        if !self.options.dry_run && !gone.is_empty() {
            let names: Vec<String> = gone.into_iter().map(|(name, _)| name).collect();
            ledger.mark_gone(number, &names).await?;
        }
        Ok(())
    }

    async fn delete(
        &mut self,
        number: i64,
        path: &RunPath,
        files: &[(String, String)],
    ) -> Result<(), MirrorError> {
        if !self.options.dry_run {
            let destination = &self.mirror.destination;
            let mut deletions = futures::stream::iter(files)
                .map(|(_, key)| destination.delete(key))
                .buffer_unordered(DELETIONS);
            while let Some(deleted) = deletions.next().await {
                deleted?;
            }
            let names: Vec<String> = files.iter().map(|(name, _)| name.clone()).collect();
            if !names.is_empty() {
                self.mirror.ledger.forget(number, &names).await?;
            }
        }
        self.planned.deleted += files.len() as u64;
        for (name, _) in files {
            (self.tell)(Change::Deleted {
                file: format!("{path}/{name}"),
            });
        }
        Ok(())
    }
}

/// Whether the destination has the file as it is listed. Digests tell where there are any, else size and time.
fn is_there(known: &Known, file: &File) -> bool {
    let same = match (known.md5.as_deref(), file.md5()) {
        (Some(known), Some(listed)) => known == listed,
        _ => known.updated_at.as_deref() == file.updated_at_text(),
    };
    known.state == State::Done && u64::try_from(known.size).is_ok_and(|size| size == file.size()) && same
}

fn listed(run: &RunPath, file: &File) -> Listed {
    Listed {
        name: file.name().to_owned(),
        file_id: file.id().map(str::to_owned),
        size: i64::try_from(file.size()).unwrap_or(i64::MAX),
        md5: file.md5().map(str::to_owned),
        updated_at: file.updated_at_text().map(str::to_owned),
        key: key(run.entity(), run.project(), run.run(), file.name()),
        batch: 0,
    }
}

fn hash(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}
