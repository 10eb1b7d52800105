//! The same operations on `wandb-files`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use serde_json::{Value, json};
use url::Url;
use wandb_devserver::DevServer;
use wandb_files::{Context, File, Files, FilesError, RunPath};
use wandb_http::{ClientConfig, Credential};
use wandb_paginator::{Paginator, PaginatorError};
use wandb_transfer::Transfer;
use wandb_transport::{HttpTransport, Operation, Reply, Transport, TransportError};

use crate::Result;
use crate::operation::{Open, Play, Slice};

/// Our side: one client, as a program would have it.
pub(crate) struct Ours {
    context: Context,
    pages: Arc<AtomicUsize>,
}

/// A listing that operations are played on.
pub(crate) struct Listing {
    files: Paginator<File>,
    pages: Arc<AtomicUsize>,
}

impl Ours {
    pub(crate) fn new(server: &DevServer) -> Result<Self> {
        let base: Url = server.url().parse()?;
        let config = ClientConfig::default();
        let http = config.build()?;
        let credential = Arc::new(Credential::api_key(&base, server.api_key()));
        let transport =
            HttpTransport::new(http.clone(), &base).with_credentials(Arc::<Credential>::clone(&credential));
        let transfer = Transfer::new(http)
            .with_upload_config(config)
            .with_credentials(credential);
        let pages = Arc::new(AtomicUsize::new(0));
        let counted = Counted(transport, Arc::clone(&pages));
        Ok(Self {
            context: Context::new(base, Arc::new(counted), transfer),
            pages,
        })
    }

    /// The files of a run, of which nothing is asked for yet.
    pub(crate) fn files(&self, run: &str) -> Files {
        Files::new(self.context.clone(), RunPath::new("e", "p", run))
    }

    /// A listing; `None` where it is refused before anything is sent.
    pub(crate) fn open(&self, open: &Open) -> Result<Option<Listing>> {
        let mut files = self.files(&open.run).per_page(open.per_page).names(&open.names);
        if let Some(pattern) = &open.pattern {
            files = files.pattern(pattern);
        }
        self.pages.store(0, Ordering::Relaxed);
        match files.paginate() {
            Ok(files) => Ok(Some(Listing {
                files,
                pages: Arc::clone(&self.pages),
            })),
            Err(FilesError::NamesAndPattern) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

impl Listing {
    pub(crate) fn pages(&self) -> usize {
        self.pages.load(Ordering::Relaxed)
    }

    pub(crate) fn loaded(&self) -> Vec<&str> {
        self.files.loaded().iter().map(File::name).collect()
    }

    /// Id and name of all that is loaded.
    pub(crate) fn identities(&self) -> Vec<(String, String)> {
        let files = self.files.loaded().iter();
        files
            .map(|file| (file.id().unwrap_or_default().to_owned(), file.name().to_owned()))
            .collect()
    }

    /// The cursor of the last file that is loaded.
    pub(crate) fn last_cursor(&self) -> Value {
        let last = self.files.loaded().last().and_then(File::cursor);
        last.map_or(Value::Null, |cursor| json!(cursor.as_str()))
    }

    /// The first file.
    pub(crate) async fn first(&mut self) -> Result<Option<&File>> {
        Ok(self.files.get(0).await?)
    }

    /// Loads one page more.
    pub(crate) async fn load(&mut self) -> Result<()> {
        self.files.get(self.files.loaded().len()).await?;
        Ok(())
    }

    /// What comes of one operation, in the words of the SDK: `None` in place of an item is its `StopIteration` or
    /// `IndexError`.
    pub(crate) async fn play(&mut self, operation: &Play) -> Value {
        match self.outcome(operation).await {
            Ok(outcome) => outcome,
            Err(error) => json!({"raised": error.to_string()}),
        }
    }

    async fn outcome(&mut self, operation: &Play) -> std::result::Result<Value, PaginatorError> {
        let item = |item: Option<&File>, none: &str| match item {
            Some(file) => json!({"value": file.name()}),
            None => json!({"raised": none}),
        };
        let value = match operation {
            Play::Next => return Ok(item(self.files.next().await?, "StopIteration")),
            Play::Index(index) => {
                let Ok(index) = usize::try_from(*index) else {
                    // There are no such indices: one counts from the end of what is loaded, which may be too short.
                    let loaded = self.loaded();
                    let place = loaded.len().checked_add_signed(*index);
                    return Ok(json!({"value": place.and_then(|place| loaded.get(place))}));
                };
                return Ok(item(self.files.get(index).await?, "IndexError"));
            }
            Play::Take(count) => {
                let mut taken = Vec::new();
                while taken.len() < *count
                    && let Some(file) = self.files.next().await?
                {
                    taken.push(file.name().to_owned());
                }
                json!(taken)
            }
            Play::All => {
                self.files.rewind();
                json!(self.rest().await?)
            }
            Play::Rest(_) => json!(self.rest().await?),
            Play::Rewind => {
                self.files.rewind();
                Value::Null
            }
            Play::Slice(slice) => json!(self.slice(slice).await?),
            Play::Len => json!(self.files.len().await?),
            Play::Cursor => json!(self.files.cursor().map(wandb_paginator::Cursor::as_str)),
            Play::More => json!(self.files.more()),
        };
        Ok(json!({"value": value}))
    }

    async fn rest(&mut self) -> std::result::Result<Vec<String>, PaginatorError> {
        let mut rest = Vec::new();
        while let Some(file) = self.files.next().await? {
            rest.push(file.name().to_owned());
        }
        Ok(rest)
    }

    /// A range has no negative bounds: what is meant is taken from what is loaded, once that is as far as the other
    /// bound wants it.
    async fn slice(&mut self, slice: &Slice) -> std::result::Result<Vec<String>, PaginatorError> {
        let start = usize::try_from(slice.start.unwrap_or(0));
        let stop = slice.stop.map(usize::try_from).transpose();
        let files = match (start, stop) {
            (Ok(start), Ok(Some(stop))) => self.files.slice(start..stop).await?,
            (Ok(start), Ok(None)) => self.files.slice(start..).await?,
            (Err(_), Ok(stop)) => {
                self.files.slice(..stop.unwrap_or(usize::MAX)).await?;
                return Ok(slice.of(&self.loaded()));
            }
            (_, Err(_)) => return Ok(slice.of(&self.loaded())),
        };
        Ok(files
            .iter()
            .step_by(slice.step)
            .map(|file| file.name().to_owned())
            .collect())
    }
}

/// Counts what is sent.
struct Counted<T>(T, Arc<AtomicUsize>);

#[async_trait]
impl<T: Transport> Transport for Counted<T> {
    async fn send(&self, operation: Operation) -> std::result::Result<Reply, TransportError> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.send(operation).await
    }
}
