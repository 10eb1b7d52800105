//! Uploads to the embedded server: its signed addresses, the headers that it wants, and its faults.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::header::AUTHORIZATION;
use serde_json::{Value, json};
use url::Url;
use wandb_devserver::{DevServer, Fault, Listener};
use wandb_http::Credential;
use wandb_transfer::{
    Content, Destination, DestinationRenewal, IfExists, Source, Transfer, TransferErrorKind,
};

use crate::support::{Folder, content, md5, transfer_with};

const NAME: &str = "media/img 100% ü#?.bin";
const CREATE: &str =
    "mutation CreateRunFiles($entity: String!, $project: String!, $run: String!, $files: [String!]!) {
    createRunFiles(input: { entityName: $entity, projectName: $project, runName: $run, files: $files }) {
        runID uploadHeaders files { name uploadUrl }
    }
}";

async fn start() -> (Arc<DevServer>, Transfer) {
    let server = DevServer::start().await.expect("a server");
    server
        .add_file("team", "project", "run", "seed", b"x")
        .await
        .expect("a file");
    let base: Url = server.url().parse().expect("an address");
    let transfer = transfer_with(Duration::from_secs(20))
        .with_credentials(Arc::new(Credential::api_key(&base, server.api_key())));
    (Arc::new(server), transfer)
}

/// Asks for the address and the headers of an upload.
async fn destination(server: &DevServer, name: &str) -> Destination {
    let base: Url = server.url().parse().expect("an address");
    let credential = Credential::api_key(&base, server.api_key());
    let endpoint: Url = format!("{}/graphql", server.url()).parse().expect("an address");
    let body = json!({ "query": CREATE, "variables": { "entity": "team", "project": "project", "run": "run", "files": [name] } });
    let answer = reqwest::Client::new()
        .post(endpoint.clone())
        .header(AUTHORIZATION, credential.header_for(&endpoint).expect("its own"))
        .header("Content-Type", "application/json")
        .body(body.to_string())
        .send()
        .await
        .expect("an answer");
    let answer: Value = serde_json::from_slice(&answer.bytes().await.expect("a body")).expect("JSON");
    let created = &answer["data"]["createRunFiles"];
    let url = created["files"][0]["uploadUrl"].as_str().expect("an address");
    let headers = created["uploadHeaders"].as_array().expect("headers");
    headers
        .iter()
        .filter_map(|header| header.as_str()?.split_once(':'))
        .fold(
            Destination::new(base.join(url).expect("an address")),
            |to, (name, value)| to.with_header(name, value),
        )
}

#[derive(Debug)]
struct Again(Arc<DevServer>, &'static str);

#[async_trait]
impl DestinationRenewal for Again {
    async fn renew(&self) -> Result<Destination, Box<dyn Error + Send + Sync>> {
        Ok(destination(&self.0, self.1).await)
    }
}

fn stored_at(server: &DevServer, name: &str) -> Url {
    let mut url: Url = server.url().parse().expect("an address");
    url.path_segments_mut()
        .expect("a path")
        .pop_if_empty()
        .extend(["files", "team", "project", "run"])
        .extend(name.split('/'));
    url
}

#[tokio::test]
async fn what_was_uploaded_comes_back_whatever_happened_on_the_way() {
    let on = || Fault::on_storage("").method("PUT");
    for (what, requests, fault) in [
        ("nothing", 1, None),
        ("closed", 2, Some(on().close())),
        (
            "busy",
            3,
            Some(on().reply(503, &[("Retry-After", "0")], "").times(2)),
        ),
        ("limited", 2, Some(on().reply(429, &[], ""))),
        ("expired", 2, Some(on().expired())),
    ] {
        for length in [0, 300_000] {
            let (server, transfer) = start().await;
            let (bytes, folder) = (content(length), Folder::new());
            folder.write("f", &bytes);
            server.clear_requests();
            if let Some(fault) = fault.clone() {
                server.inject(fault);
            }
            let to = destination(&server, NAME)
                .await
                .with_renewal(Arc::new(Again(Arc::clone(&server), NAME)));
            let done = transfer
                .upload(&Content::file(folder.path().join("f")), &to, NAME, &())
                .await
                .expect(what);
            assert_eq!((done.bytes, done.md5), (length as u64, md5(&bytes)), "{what}");
            let mut puts = server.requests();
            puts.retain(|request| request.listener == Listener::Storage);
            assert_eq!(puts.len(), requests, "{what}");
            for put in puts {
                assert!(!put.has_authorization, "{what}");
            }
            let source = Source::new(stored_at(&server, NAME)).with_md5(done.md5);
            transfer
                .download(&source, &folder.root, "back", IfExists::Refuse, &())
                .await
                .expect(what);
            assert!(folder.read("back") == bytes, "{what}");
        }
    }
}

#[tokio::test]
async fn from_one_run_file_to_another() {
    let (server, transfer) = start().await;
    let bytes = content(300_000);
    server
        .add_file("team", "project", "run", "old", &bytes)
        .await
        .expect("a file");
    server.inject(Fault::on_storage("old").reset_after(100_000));
    server.inject(Fault::on_storage("new").method("PUT").reply(500, &[], ""));
    let source = Source::new(stored_at(&server, "old")).with_md5(md5(&bytes));
    let to = destination(&server, "new").await;
    let content = Content::remote(transfer.clone(), source);
    let done = transfer.upload(&content, &to, "new", &()).await.expect("copied");
    assert_eq!((done.bytes, done.md5), (300_000, md5(&bytes)));
    let new = Source::new(stored_at(&server, "new")).with_md5(md5(&bytes));
    let back = transfer.stream(&new).await.expect("the copy").into_bytes().await;
    assert!(back.expect("the bytes") == bytes);
}

#[tokio::test]
async fn headers_that_storage_wants_and_does_not_get() {
    let (server, transfer) = start().await;
    let to = Destination::new(destination(&server, "f").await.url().clone());
    let outcome = transfer.upload(&Content::bytes("x"), &to, "f", &()).await;
    let error = outcome.expect_err("a header is missing");
    assert_eq!(error.kind(), TransferErrorKind::Expired, "{error}");
    assert!(error.to_string().contains("SignatureDoesNotMatch"), "{error}");
    assert!(!error.to_string().contains("Signature="), "{error}");
}
