//! A server with an artifact, and a listing of its files.

use std::sync::Arc;

use url::Url;
use wandb_artifact_files::{ArtifactFiles, File};
use wandb_devserver::{ArtifactEntry, ArtifactSpec, Builder, DevServer};
use wandb_files::Context;
use wandb_http::{ClientConfig, Credential};
use wandb_paginator::Paginator;
use wandb_transfer::Transfer;
use wandb_transport::HttpTransport;

pub(crate) struct Setup {
    pub(crate) server: DevServer,
}

impl Setup {
    /// A server with the artifact `e/p/data` of type `dataset`, whose version 0 has these entries.
    pub(crate) async fn new(entries: Vec<ArtifactEntry>) -> Self {
        Self::on(DevServer::builder(), entries).await
    }

    /// The same on a server of this kind.
    pub(crate) async fn on(builder: Builder, entries: Vec<ArtifactEntry>) -> Self {
        let server = builder.start().await.unwrap();
        let setup = Self { server };
        setup.log(entries).await;
        setup.server.clear_requests();
        setup
    }

    /// Logs the next version.
    pub(crate) async fn log(&self, entries: Vec<ArtifactEntry>) {
        let artifact = ArtifactSpec {
            entries,
            ..ArtifactSpec::default()
        };
        let added = self.server.add_artifact("e", "p", "dataset", "data", artifact);
        added.await.unwrap();
    }

    /// The files of the version of this name, not yet asked for.
    pub(crate) fn files(&self, name: &str) -> ArtifactFiles {
        let base: Url = self.server.url().parse().unwrap();
        let http = ClientConfig::default().build().unwrap();
        let credential = Arc::new(Credential::api_key(&base, self.server.api_key()));
        let transport =
            HttpTransport::new(http.clone(), &base).with_credentials(Arc::<Credential>::clone(&credential));
        let transfer = Transfer::new(http).with_credentials(credential);
        ArtifactFiles::new(Context::new(base, Arc::new(transport), transfer), "e", "p", name)
    }

    /// How many GraphQL requests came.
    pub(crate) fn asked(&self) -> usize {
        self.server.graphql_requests().len()
    }
}

/// Files with these names, each with its name as its content.
pub(crate) fn named(names: &[&str]) -> Vec<ArtifactEntry> {
    names
        .iter()
        .map(|name| ArtifactEntry::file(*name, (*name).to_owned()))
        .collect()
}

pub(crate) async fn names(mut files: Paginator<File>) -> Vec<String> {
    let files = files.slice(..).await.unwrap();
    files.iter().map(|file| file.name().to_owned()).collect()
}
