//! Against the embedded server: its credential check, its redirects to signed storage, and its faults.

use std::sync::Arc;
use std::time::Duration;

use url::Url;
use wandb_devserver::{DevServer, Fault, Listener};
use wandb_http::Credential;
use wandb_transfer::{IfExists, Source, Transfer, TransferError, TransferErrorKind};

use crate::support::{Folder, client, content, quick_retry, says, source};

const NAME: &str = "media/img 100% ü.bin";

struct Setup {
    server: DevServer,
    bytes: Vec<u8>,
    transfer: Transfer,
    folder: Folder,
}

impl Setup {
    async fn new(server: DevServer) -> Self {
        let bytes = content(300_000);
        server
            .add_file("team", "project", "run", NAME, &bytes)
            .await
            .expect("a file");
        let base: Url = server.url().parse().expect("an address");
        let transfer = Transfer::new(client(Duration::from_millis(500)))
            .with_retry(quick_retry())
            .with_credentials(Arc::new(Credential::api_key(&base, server.api_key())));
        Self {
            server,
            bytes,
            transfer,
            folder: Folder::new(),
        }
    }

    async fn start() -> Self {
        Self::new(DevServer::start().await.expect("a server")).await
    }

    fn url(&self, name: &str) -> Url {
        let mut url: Url = self.server.url().parse().expect("an address");
        url.path_segments_mut()
            .expect("a path")
            .pop_if_empty()
            .extend(["files", "team", "project", "run"])
            .extend(name.split('/'));
        url
    }

    fn source(&self) -> Source {
        source(self.url(NAME), &self.bytes)
    }

    async fn get(&self, source: &Source) -> Result<(), TransferError> {
        self.transfer
            .download(source, &self.folder.root, NAME, IfExists::Replace, &())
            .await
            .map(drop)
    }

    /// How many requests the API and the storage got.
    fn counts(&self) -> (usize, usize) {
        let requests = self.server.requests();
        let api = requests
            .iter()
            .filter(|request| request.listener == Listener::Api)
            .count();
        (api, requests.len() - api)
    }

    async fn stream(&self) -> Result<Vec<u8>, TransferError> {
        let bytes = self.transfer.stream(&self.source()).await?.into_bytes().await?;
        Ok(bytes.into())
    }
}

#[tokio::test]
async fn one_redirect_and_no_credential_for_storage() {
    for prefix in ["", "/wandb/prefix"] {
        let server = DevServer::builder()
            .prefix(prefix)
            .start()
            .await
            .expect("a server");
        let setup = Setup::new(server).await;
        setup.get(&setup.source()).await.expect("the file");
        assert!(setup.folder.read(NAME) == setup.bytes);
        assert!(setup.stream().await.expect("the bytes") == setup.bytes);
        assert_eq!(setup.counts(), (2, 2));
        for request in setup.server.requests() {
            assert_eq!(
                request.has_authorization,
                request.listener == Listener::Api,
                "{request:?}"
            );
        }
    }
}

#[tokio::test]
async fn no_key_a_wrong_key_and_no_such_file() {
    let mut setup = Setup::start().await;
    let missing = Source::new(setup.url("missing"));
    let error = setup.get(&missing).await.expect_err("no such file");
    assert_eq!(error.kind(), TransferErrorKind::NotFound, "{error}");
    let base: Url = setup.server.url().parse().expect("an address");
    for wrong in [None, Some("0123456789012345678901234567890123456789")] {
        setup.transfer = Transfer::new(client(Duration::from_secs(5))).with_retry(quick_retry());
        if let Some(key) = wrong {
            let credential = Credential::api_key(&base, key);
            setup.transfer = setup.transfer.with_credentials(Arc::new(credential));
        }
        let error = setup.get(&setup.source()).await.expect_err("no permission");
        assert_eq!(
            (error.kind(), error.attempts()),
            (TransferErrorKind::Authentication, 1),
            "{error}"
        );
    }
    assert_eq!(setup.counts().0, 3);
    assert!(setup.folder.names().iter().all(|name| name.ends_with('/')));
}

#[tokio::test]
async fn faults_that_pass() {
    let on = || Fault::on_storage("");
    for (what, times, fault) in [
        ("truncated", 3, on().truncate_after(90_000)),
        ("reset", 3, on().reset_after(90_000)),
        ("reset at once", 3, on().reset_after(0)),
        ("stalled", 2, on().stall_after(100_000)),
        ("closed", 3, on().close()),
        ("closed by the API", 3, Fault::on_files("").close()),
        ("wrong byte", 1, on().wrong_byte_at(250_000)),
        (
            "expired",
            2,
            on().reply(403, &[], "<Error><Code>AccessDenied</Code></Error>"),
        ),
        ("busy", 2, on().reply(503, &[("Retry-After", "0")], "")),
        (
            "limited",
            2,
            Fault::on_files("").reply(429, &[("RateLimit-Reset", "0")], ""),
        ),
        (
            "the proxy's trouble",
            2,
            Fault::on_files("").reply(502, &[], "<html>"),
        ),
        ("gzip", 0, on().gzip()),
    ] {
        let setup = Setup::start().await;
        setup.server.inject(fault.clone().times(times.max(1)));
        setup.get(&setup.source()).await.expect(what);
        assert!(setup.folder.read(NAME) == setup.bytes, "{what}");
        assert_eq!(
            setup.folder.names(),
            ["media/", &format!("media/{}", &NAME[6..])],
            "{what}"
        );
        assert_eq!(setup.counts().0, times as usize + 1, "{what}");

        // A stream cannot take back a wrong byte.
        setup.server.clear_requests();
        setup.server.inject(fault.times(times.max(1)));
        match setup.stream().await {
            Ok(bytes) => assert!(bytes == setup.bytes && what != "wrong byte", "{what}"),
            Err(error) => assert!(
                error.kind() == TransferErrorKind::Integrity && what == "wrong byte",
                "{error}"
            ),
        }
    }
}

#[tokio::test]
async fn faults_that_stay() {
    let on = || Fault::on_storage("").times(u32::MAX);
    for (kind, fault) in [
        (TransferErrorKind::Network, on().truncate_after(0)),
        (TransferErrorKind::Network, on().reset_after(0)),
        (TransferErrorKind::Timeout, on().stall_after(0)),
        (TransferErrorKind::Integrity, on().wrong_byte_at(0)),
        (
            TransferErrorKind::Redirect,
            on().redirect_to("file:///etc/passwd"),
        ),
        (
            TransferErrorKind::Expired,
            on().reply(403, &[], "<Error><Code>AccessDenied</Code></Error>"),
        ),
    ] {
        let setup = Setup::start().await;
        setup.server.inject(fault);
        let error = setup.get(&setup.source()).await.expect_err("it must fail");
        assert_eq!(error.kind(), kind, "{error}");
        let message = format!("{error} {error:?}");
        assert!(
            !message.contains("Signature=") && !message.contains(setup.server.api_key()),
            "{message}"
        );
        assert_eq!(
            setup
                .folder
                .names()
                .iter()
                .filter(|name| !name.ends_with('/'))
                .count(),
            0
        );
    }
}

#[tokio::test]
async fn a_signature_that_is_old_when_it_comes() {
    let server = DevServer::builder()
        .url_ttl(Duration::ZERO)
        .start()
        .await
        .expect("a server");
    let setup = Setup::new(server).await;
    // Past the second in which the address is good.
    setup.server.inject(
        Fault::on_storage("")
            .times(u32::MAX)
            .delay(Duration::from_millis(1100)),
    );
    let setup = Setup {
        transfer: Transfer::new(client(Duration::from_secs(20)))
            .with_retry(quick_retry())
            .with_credentials(Arc::new(Credential::api_key(
                &setup.server.url().parse().expect("an address"),
                setup.server.api_key(),
            ))),
        ..setup
    };
    let error = setup.get(&setup.source()).await.expect_err("expired");
    assert_eq!(
        (error.kind(), error.attempts()),
        (TransferErrorKind::Expired, 3),
        "{error}"
    );
    says(&error, &["403", "check this machine's clock"]);
}

#[tokio::test]
async fn a_stream_goes_on_by_range() {
    let setup = Setup::start().await;
    for fault in [
        Fault::on_storage("").reset_after(100_000),
        Fault::on_storage("").truncate_after(50_000),
    ] {
        setup.server.inject(fault);
    }
    assert!(setup.stream().await.expect("the bytes") == setup.bytes);
    let mut storage = setup.server.requests();
    storage.retain(|request| request.listener == Listener::Storage);
    assert_eq!(storage.len(), 3);
    assert_eq!(storage[2].header("range"), Some("bytes=150000-"));
    assert_eq!(storage[2].status, 206);
}
