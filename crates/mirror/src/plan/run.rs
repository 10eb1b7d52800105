//! The files of one run, compared with the ledger.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use futures::StreamExt as _;
use wandb_client::{File, FilesError, RunPath};

use super::{Change, Plan, Seen, batches};
use crate::ledger::{Known, Listed};
use crate::lookup::{self, NAMES};
use crate::same::is_same;
use crate::{MirrorError, State, key};

/// So many files are compared with one statement.
const AT_ONCE: usize = 1_000;
/// The most bytes of a name: PostgreSQL takes some 2,700 in an index.
const LONGEST_NAME: usize = 2_048;
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
        let unusable = if file.name().contains('\0') {
            Some("no store takes a name with a NUL character")
        } else if file.name().len() > LONGEST_NAME {
            Some("its name has more than 2,048 bytes, which no ledger and no bucket takes")
        } else {
            None
        };
        if let Some(why) = unusable {
            self.planned.problems += 1;
            (self.tell)(Change::Unusable {
                file: format!("{}/{}", run.path, file.name().escape_default()),
                why,
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
            None => self.number_of(&run.path).await?,
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
        for file in &changed {
            // Sizes are the server's word, be it nonsense.
            self.planned.bytes = self.planned.bytes.saturating_add(file.size.unsigned_abs());
        }
        if let Some(number) = number.filter(|_| !self.options.dry_run) {
            let batches = batches::assign(&mut changed);
            ledger
                .enqueue(&self.mirror.queue, number, &changed, &batches)
                .await?;
        }
        Ok(())
    }

    /// A run's number in the ledger, which takes it in where it may.
    async fn number_of(&self, path: &RunPath) -> Result<Option<i64>, MirrorError> {
        let (ledger, mirror) = (&self.mirror.ledger, self.mirror.id.0);
        if let Some(number) = ledger.known_run(mirror, path).await? {
            return Ok(Some(number));
        }
        if let Some(server) = ledger.other_server_of(mirror, path).await? {
            return Err(MirrorError::Occupied {
                run: path.clone(),
                destination: self.mirror.destination.address().to_owned(),
                server,
            });
        }
        if self.options.dry_run {
            return Ok(None);
        }
        Ok(Some(ledger.run(mirror, path).await?))
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
        }
        if let Err(error) = self.keep_what_is_there(path, &mut gone).await {
            self.planned.problems += 1;
            (self.tell)(Change::Incomplete(error));
            return Ok(());
        }
        if self.options.delete {
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

    /// Asks for files that were not listed by name. A listing by pages leaves some out where others are deleted meanwhile, or
    /// change their place in its order.
    async fn keep_what_is_there(
        &self,
        path: &RunPath,
        unlisted: &mut Vec<(String, String)>,
    ) -> Result<(), FilesError> {
        let mut there = HashSet::new();
        for files in unlisted.chunks(NAMES) {
            let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
            let found = lookup::by_name(&self.mirror.api, path, &names).await?;
            there.extend(found.into_keys());
        }
        unlisted.retain(|(name, _)| !there.contains(name));
        Ok(())
    }

    async fn delete(
        &mut self,
        number: i64,
        path: &RunPath,
        files: &[(String, String)],
    ) -> Result<(), MirrorError> {
        if !self.options.dry_run {
            return self.delete_and_forget(number, path, files).await;
        }
        for (name, _) in files {
            self.deleted(path, name);
        }
        Ok(())
    }

    /// Deletes as many as it can: what is gone from the destination is forgotten, whatever becomes of the others.
    async fn delete_and_forget(
        &mut self,
        number: i64,
        path: &RunPath,
        files: &[(String, String)],
    ) -> Result<(), MirrorError> {
        let destination = &self.mirror.destination;
        let mut deletions = futures::stream::iter(files)
            .map(|(name, key)| async move { destination.delete(key).await.map(|()| name.clone()) })
            .buffer_unordered(DELETIONS);
        let (mut names, mut failed) = (Vec::new(), None);
        while let Some(deleted) = deletions.next().await {
            match deleted {
                Ok(name) => names.push(name),
                Err(error) => {
                    // Each of the others would take as long to fail.
                    let is_outage = error.is_outage();
                    failed.get_or_insert(error);
                    if is_outage {
                        break;
                    }
                }
            }
        }
        drop(deletions);
        if !names.is_empty() {
            self.mirror.ledger.forget(number, &names).await?;
        }
        for name in &names {
            self.deleted(path, name);
        }
        failed.map_or(Ok(()), |error| Err(error.into()))
    }

    fn deleted(&mut self, path: &RunPath, name: &str) {
        self.planned.deleted += 1;
        (self.tell)(Change::Deleted {
            file: format!("{path}/{name}"),
        });
    }
}

/// Whether the destination has the file as it is listed.
fn is_there(known: &Known, file: &File) -> bool {
    let size = known.size.unsigned_abs();
    known.state == State::Done && is_same(size, known.md5.as_deref(), known.updated_at.as_deref(), file)
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
