//! One run: its objects, its lines of the ledger, its files at the server.

use std::collections::HashMap;

use futures::stream::{self, StreamExt as _};
use md5_many::Md5State;
use wandb_client::{FilesError, Md5, RunPath};

use super::{Problem, Verified, VerifyOptions};
use crate::ledger::Line;
use crate::same::is_same;
use crate::{Destination, DestinationError, Mirror, MirrorError, Object, State, key};

/// Objects that are read at a time.
const READ: usize = 8;

pub(super) async fn verify(
    mirror: &Mirror,
    options: VerifyOptions,
    number: i64,
    path: &RunPath,
) -> Result<(Verified, Vec<Problem>), MirrorError> {
    let mut of_run = OfRun {
        path,
        verified: Verified::default(),
        problems: Vec::new(),
    };
    let lines = mirror.ledger.lines(number).await?;
    let mut objects = HashMap::new();
    // The folder of the run: what a file with an empty name would be in.
    let of_nameless = key(path.entity(), path.project(), path.run(), "");
    let below = of_nameless.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut listed = mirror.destination.list(below);
    while let Some(object) = listed.next().await {
        let object = object?;
        objects.insert(object.key.clone(), object);
    }
    let mut to_read = Vec::new();
    for line in &lines {
        let object = objects.remove(&line.key);
        match (line.state, object) {
            (State::Done | State::Gone, Some(object)) => {
                if line.state == State::Gone {
                    of_run.problems.push(Problem::Gone {
                        file: of_run.file(&line.name),
                    });
                }
                if of_run.compare(line, &object) && options.read {
                    to_read.push(line);
                }
            }
            (State::Done, None) => {
                of_run.verified.files += 1;
                of_run.problems.push(Problem::Missing {
                    file: of_run.file(&line.name),
                });
            }
            (State::Gone, None) => {}
            (state, _) => of_run.problems.push(Problem::Unfinished {
                file: of_run.file(&line.name),
                state,
                error: line.error.clone(),
            }),
        }
    }
    for key in objects.into_keys() {
        of_run.problems.push(Problem::Unexpected { key });
    }
    of_run.read(&mirror.destination, &to_read).await;
    if options.server {
        of_run.compare_with_server(mirror, &lines).await;
    }
    Ok((of_run.verified, of_run.problems))
}

struct OfRun<'a> {
    path: &'a RunPath,
    verified: Verified,
    problems: Vec<Problem>,
}

impl OfRun<'_> {
    fn file(&self, name: &str) -> String {
        format!("{}/{name}", self.path)
    }

    /// Compares what the destination tells without being read. `false` if that is enough to see that it is wrong.
    fn compare(&mut self, line: &Line, object: &Object) -> bool {
        self.verified.files += 1;
        self.verified.bytes += object.size;
        let file = self.file(&line.name);
        if object.size != line.size {
            self.problems.push(Problem::Size {
                file,
                expected: line.size,
                got: object.size,
            });
            return false;
        }
        let expected = line.md5.as_deref().and_then(|md5| Md5::from_base64(md5).ok());
        let etag = object.etag.as_deref().map(|etag| etag.trim_matches('"'));
        match (expected, etag.and_then(|etag| Md5::from_hex(etag).ok())) {
            (Some(expected), Some(got)) if expected == got => self.verified.digests += 1,
            (expected, _) => {
                let moved = line.etag.as_deref().map(|etag| etag.trim_matches('"'));
                if let (Some(moved), Some(etag)) = (moved, etag)
                    && moved != etag
                {
                    // An entity tag that is a digest tells what is there now.
                    let digests = (expected, Md5::from_hex(moved), Md5::from_hex(etag));
                    self.problems.push(match digests {
                        (Some(expected), Ok(moved), Ok(got)) if expected == moved => Problem::Digest {
                            file,
                            expected: expected.to_string(),
                            got: got.to_string(),
                        },
                        _ => Problem::Rewritten { file },
                    });
                }
            }
        }
        true
    }

    /// Takes the digests of objects.
    async fn read(&mut self, destination: &Destination, lines: &[&Line]) {
        let mut read = stream::iter(lines)
            .map(|line| async { (*line, digest(destination, &line.key).await) })
            .buffer_unordered(READ);
        while let Some((line, digest)) = read.next().await {
            let file = format!("{}/{}", self.path, line.name);
            let expected = line.md5.as_deref().and_then(|md5| Md5::from_base64(md5).ok());
            match (digest, expected) {
                (Err(error), _) => self.problems.push(Problem::Unreadable {
                    file,
                    why: error.to_string(),
                }),
                (Ok(got), Some(expected)) if got == expected => {
                    self.verified.digests += 1;
                    // Whoever wrote it anew wrote the same.
                    self.problems.retain(
                        |problem| !matches!(problem, Problem::Rewritten { file: other } if *other == file),
                    );
                }
                (Ok(got), Some(expected)) => {
                    let is_told = |problem: &Problem| matches!(problem, Problem::Digest { file: other, .. } | Problem::Rewritten { file: other } if *other == file);
                    self.problems.retain(|problem| !is_told(problem));
                    self.problems.push(Problem::Digest {
                        file,
                        expected: expected.to_string(),
                        got: got.to_string(),
                    });
                }
                (Ok(_), None) => {}
            }
        }
    }

    async fn compare_with_server(&mut self, mirror: &Mirror, lines: &[Line]) {
        let mut known: HashMap<&str, &Line> = lines.iter().map(|line| (line.name.as_str(), line)).collect();
        let files = mirror.api.run_at(self.path.clone()).files().per_page(1_000);
        let mut files = match files.paginate() {
            Ok(files) => files.into_stream(),
            Err(error) => return self.unlisted(error),
        };
        while let Some(file) = files.next().await {
            let file = match file {
                Ok(file) => file,
                Err(source) => {
                    let run = self.path.clone();
                    return self.unlisted(FilesError::Listing { run, source });
                }
            };
            if file.is_missing() {
                continue;
            }
            match known.remove(file.name()) {
                None => self.problems.push(Problem::NotMirrored {
                    file: self.file(file.name()),
                }),
                Some(line) if line.state == State::Done => {
                    self.verified.listed += 1;
                    if !is_same(line.size, line.md5.as_deref(), line.updated_at.as_deref(), &file) {
                        self.problems.push(Problem::Outdated {
                            file: self.file(file.name()),
                        });
                    }
                }
                Some(_) => {}
            }
        }
        for (name, line) in known {
            if line.state == State::Done {
                self.problems.push(Problem::Gone {
                    file: self.file(name),
                });
            }
        }
    }

    fn unlisted(&mut self, error: FilesError) {
        self.problems.push(Problem::Listing {
            run: self.path.clone(),
            error,
        });
    }
}

async fn digest(destination: &Destination, key: &str) -> Result<Md5, DestinationError> {
    let mut digest = Md5State::new();
    let mut pieces = destination.read(key).await?;
    while let Some(piece) = pieces.next().await {
        digest.update(&piece?);
    }
    Ok(Md5::from(digest.finalize()))
}
