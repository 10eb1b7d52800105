//! A server with a run, and a listing of its files.

use std::sync::Arc;

use url::Url;
use wandb_devserver::{Builder, DevServer};
use wandb_files::{Context, File, Files, RunPath};
use wandb_http::{ClientConfig, Credential};
use wandb_paginator::Paginator;
use wandb_transfer::Transfer;
use wandb_transport::HttpTransport;

pub(crate) struct Setup {
    pub(crate) server: DevServer,
}

impl Setup {
    /// A server with the run `e/p/r` that holds these files.
    pub(crate) async fn new(files: &[(&str, &[u8])]) -> Self {
        Self::on(DevServer::builder(), files).await
    }

    /// The same on a server of this kind.
    pub(crate) async fn on(builder: Builder, files: &[(&str, &[u8])]) -> Self {
        let server = builder.start().await.unwrap();
        server.add_run("e", "p", "r").await.unwrap();
        for (name, content) in files {
            server.add_file("e", "p", "r", name, content).await.unwrap();
        }
        Self { server }
    }

    /// The run's files, not yet asked for.
    pub(crate) fn files(&self) -> Files {
        self.files_of(RunPath::new("e", "p", "r"))
    }

    pub(crate) fn files_of(&self, run: RunPath) -> Files {
        let base: Url = self.server.url().parse().unwrap();
        let config = ClientConfig::default();
        let http = config.build().unwrap();
        let credential = Arc::new(Credential::api_key(&base, self.server.api_key()));
        let transport =
            HttpTransport::new(http.clone(), &base).with_credentials(Arc::<Credential>::clone(&credential));
        let transfer = Transfer::new(http)
            .with_upload_config(config)
            .with_credentials(credential);
        Files::new(Context::new(base, Arc::new(transport), transfer), run)
    }
}

pub(crate) async fn names(mut files: Paginator<File>) -> Vec<String> {
    files
        .slice(..)
        .await
        .unwrap()
        .iter()
        .map(|file| file.name().to_owned())
        .collect()
}
