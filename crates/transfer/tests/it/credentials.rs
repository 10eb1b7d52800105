//! Who gets to see the credential.

use std::sync::Arc;

use async_trait::async_trait;
use wandb_http::{Credential, CredentialError, Credentials};
use wandb_transfer::{IfExists, Source, TransferErrorKind};

use crate::server::{Reply, Server};
use crate::support::{Folder, content, says, source, transfer};

#[tokio::test]
async fn only_the_server_that_it_belongs_to() {
    let (bytes, folder) = (content(10), Folder::new());
    let storage = Server::start({
        let bytes = bytes.clone();
        move |_, _| Reply::ok(bytes.clone())
    })
    .await;
    // The user in the redirect's address must not become a credential either.
    let mut signed = storage.url("k?X-Amz-Signature=abc");
    signed.set_username("user").expect("a user");
    signed.set_password(Some("password")).expect("a password");
    let api = Server::start(move |_, _| Reply::redirect(signed.as_str())).await;
    let credential = Credential::api_key(&api.url(""), "key");
    let transfer = transfer().with_credentials(Arc::new(credential.clone()));
    let known = source(api.url("files/f"), &bytes);
    transfer
        .download(&known, &folder.root, "file", IfExists::Refuse, &())
        .await
        .expect("the file");
    assert_eq!((api.count(), storage.count()), (1, 1));
    assert_eq!(
        api.requests()[0].header("authorization"),
        credential.header_for(&api.url(""))
    );
    assert_eq!(storage.requests()[0].header("authorization"), None);

    transfer
        .download(
            &source(storage.url("direct"), &bytes),
            &folder.root,
            "direct",
            IfExists::Refuse,
            &(),
        )
        .await
        .expect("the file");
    assert_eq!(storage.requests()[1].header("authorization"), None);
}

#[tokio::test]
async fn not_a_signed_address_on_the_same_server() {
    let (bytes, folder) = (content(10), Folder::new());
    let server = Server::start({
        let bytes = bytes.clone();
        move |n, _| match n {
            0 => Reply::redirect("/bucket/f?X-Amz-Signature=abc"),
            _ => Reply::ok(bytes.clone()),
        }
    })
    .await;
    transfer()
        .with_credentials(Arc::new(Credential::api_key(&server.url(""), "key")))
        .download(
            &source(server.url("f"), &bytes),
            &folder.root,
            "file",
            IfExists::Refuse,
            &(),
        )
        .await
        .expect("the file");
    let seen: Vec<bool> = server
        .requests()
        .iter()
        .map(|r| r.header("authorization").is_some())
        .collect();
    assert_eq!(seen, [true, false]);
}

#[tokio::test]
async fn not_as_part_of_the_address() {
    let folder = Folder::new();
    let server = Server::start(|_, _| Reply::ok("x")).await;
    let mut url = server.url("f");
    url.set_username("user").expect("a user");
    folder.get(&Source::new(url)).await.expect("the file");
    assert_eq!(server.requests()[0].header("authorization"), None);
}

#[tokio::test]
async fn a_key_that_is_not_taken_and_one_that_is_missing() {
    let folder = Folder::new();
    let server = Server::start(|_, _| Reply::new(401, r#"{"error":"invalid api key"}"#)).await;
    let source = Source::new(server.url("files/f"));
    let error = folder.fails(&source, TransferErrorKind::Authentication).await;
    says(
        &error,
        &[
            "401",
            "invalid api key",
            "no credential was sent",
            "set an API key",
        ],
    );
    let error = transfer()
        .with_credentials(Arc::new(Credential::api_key(&server.url(""), "the-secret-key")))
        .download(&source, &folder.root, "file", IfExists::Refuse, &())
        .await
        .expect_err("not taken");
    assert_eq!(error.kind(), TransferErrorKind::Authentication);
    says(&error, &["API key was not taken"]);
    assert!(!format!("{error:?}").contains("the-secret-key"));
    assert_eq!(server.count(), 2);
}

#[derive(Debug)]
struct Broken;

#[async_trait]
impl Credentials for Broken {
    async fn current(&self) -> Result<Option<Credential>, CredentialError> {
        Err(CredentialError::new("the token file cannot be read"))
    }
}

#[tokio::test]
async fn a_credential_that_cannot_be_had() {
    let (folder, server) = (Folder::new(), Server::start(|_, _| Reply::ok("x")).await);
    let error = transfer()
        .with_credentials(Arc::new(Broken))
        .download(
            &Source::new(server.url("f")),
            &folder.root,
            "file",
            IfExists::Refuse,
            &(),
        )
        .await
        .expect_err("no credential");
    assert_eq!(error.kind(), TransferErrorKind::Authentication);
    says(&error, &["the token file cannot be read"]);
    assert!(std::error::Error::source(&error).is_some());
    assert_eq!(server.count(), 0);
}

#[tokio::test]
async fn nobody_where_the_address_is_somebody_elses_choice() {
    let (bytes, folder) = (content(10), Folder::new());
    let server = Server::start({
        let bytes = bytes.clone();
        move |_, _| Reply::ok(bytes.clone())
    })
    .await;
    let transfer = transfer().with_credentials(Arc::new(Credential::api_key(&server.url(""), "key")));
    let chosen = source(server.url("f"), &bytes).without_credential();
    transfer
        .download(&chosen, &folder.root, "file", IfExists::Refuse, &())
        .await
        .expect("the file");
    assert_eq!(server.requests()[0].header("authorization"), None);
}
