//! A server with runs, and what is asked of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use url::Url;
use wandb_devserver::{Builder, DevServer, Listed, RunSpec};
use wandb_files::{Context, FilesError, RunPath};
use wandb_http::{ClientConfig, Credential};
use wandb_selection::{FilesOfRuns, FoundFiles};
use wandb_transfer::Transfer;
use wandb_transport::HttpTransport;

pub(crate) struct Setup {
    pub(crate) server: DevServer,
}

impl Setup {
    pub(crate) async fn new() -> Self {
        Self::on(DevServer::builder()).await
    }

    pub(crate) async fn on(builder: Builder) -> Self {
        Self {
            server: builder.start().await.unwrap(),
        }
    }

    /// The run `e/p/NAME`, the `place`th by age, with so many files that are only listed.
    pub(crate) async fn listed(&self, place: usize, name: &str, files: usize) {
        self.run(place, name, RunSpec::default()).await;
        let files = (0..files).map(|n| Listed {
            md5: Some("1B2M2Y8AsgTpgAmY7PhCfg==".to_owned()),
            updated_at: Some(1_700_000_000 + i64::try_from(n).unwrap()),
            ..Listed::new(format!("media/{n:04}.txt"), n as u64)
        });
        self.server.add_listing("e", "p", name, files).await.unwrap();
    }

    pub(crate) async fn run(&self, place: usize, name: &str, spec: RunSpec) {
        let spec = RunSpec {
            created_at: Some(1_600_000_000 + i64::try_from(place).unwrap()),
            ..spec
        };
        self.server.add_run_with("e", "p", name, spec).await.unwrap();
    }

    pub(crate) async fn file(&self, run: &str, name: &str, content: &[u8]) {
        self.server.add_file("e", "p", run, name, content).await.unwrap();
    }

    pub(crate) fn project(&self) -> FilesOfRuns {
        FilesOfRuns::of_project(self.context(), "e", "p")
    }

    pub(crate) fn runs(&self, runs: &[&str]) -> FilesOfRuns {
        FilesOfRuns::of_runs(
            self.context(),
            runs.iter().map(|run| RunPath::new("e", "p", *run)),
        )
    }

    pub(crate) fn context(&self) -> Context {
        let base: Url = self.server.url().parse().unwrap();
        let http = ClientConfig::default().build().unwrap();
        let credential = Arc::new(Credential::api_key(&base, self.server.api_key()));
        let transport =
            HttpTransport::new(http.clone(), &base).with_credentials(Arc::<Credential>::clone(&credential));
        let transfer = Transfer::new(http).with_credentials(credential);
        Context::new(base, Arc::new(transport), transfer)
    }

    /// The names of the operations that were asked for since the last time.
    pub(crate) fn asked(&self) -> Vec<String> {
        let requests = self.server.graphql_requests();
        self.server.clear_requests();
        requests
            .into_iter()
            .map(|request| request.operation.unwrap())
            .collect()
    }
}

/// All files as `run name`, and all errors.
pub(crate) async fn all(mut found: FoundFiles) -> (Vec<String>, Vec<FilesError>) {
    let (mut files, mut errors) = (Vec::new(), Vec::new());
    while let Some(found) = found.next().await {
        match found {
            Ok(found) => files.push(format!("{} {}", found.run.path().run(), found.file.name())),
            Err(error) => errors.push(error),
        }
    }
    (files, errors)
}

/// Watches how many requests are under way at most while `work` is done.
pub(crate) async fn most_in_flight<T>(server: &DevServer, work: impl Future<Output = T>) -> (T, usize) {
    let done = AtomicBool::new(false);
    let watch = async {
        let mut most = 0;
        while !done.load(Ordering::Relaxed) {
            let under_way = server
                .requests()
                .iter()
                .filter(|request| request.status == 0)
                .count();
            most = most.max(under_way);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        most
    };
    let work = async {
        let outcome = work.await;
        done.store(true, Ordering::Relaxed);
        outcome
    };
    tokio::join!(work, watch)
}
