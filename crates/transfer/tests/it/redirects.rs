//! Redirects, followed by hand.

use wandb_transfer::{Source, TransferErrorKind};

use crate::server::{Reply, Server};
use crate::support::{Folder, content, says, source};

#[tokio::test]
async fn every_kind_of_redirect_up_to_ten() {
    let (bytes, folder) = (content(10), Folder::new());
    let server = Server::start({
        let bytes = bytes.clone();
        move |n, _| match n {
            10 => Reply::ok(bytes.clone()),
            n => Reply::new([301, 302, 303, 307, 308][n % 5], "moved")
                .header("Location", format!("/hop/{n}?x=1")),
        }
    })
    .await;
    folder
        .get(&source(server.url("f"), &bytes))
        .await
        .expect("the file");
    assert_eq!(server.count(), 11);
    assert_eq!(server.requests()[10].target, "/hop/9?x=1");
}

#[tokio::test]
async fn a_loop_ends() {
    let folder = Folder::new();
    let server = Server::start(|_, _| Reply::redirect("/again?signature=abc")).await;
    let error = folder
        .fails(&source(server.url("f"), b"x"), TransferErrorKind::Redirect)
        .await;
    says(&error, &["10 times", "circles"]);
    assert!(!error.to_string().contains("abc"), "{error}");
    assert_eq!((server.count(), error.attempts()), (11, 1));
}

#[tokio::test]
async fn other_schemes_and_no_address_are_refused() {
    for location in [
        "file:///etc/passwd",
        "data:text/plain,x",
        "ftp://127.0.0.1/x",
        "http://",
    ] {
        let folder = Folder::new();
        let server = Server::start(move |_, _| Reply::redirect(location)).await;
        let error = folder
            .fails(&Source::new(server.url("f")), TransferErrorKind::Redirect)
            .await;
        assert_eq!((server.count(), error.attempts()), (1, 1), "{error}");
    }
    let (folder, server) = (Folder::new(), Server::start(|_, _| Reply::new(302, "")).await);
    let error = folder
        .fails(&Source::new(server.url("f")), TransferErrorKind::Redirect)
        .await;
    says(&error, &["without saying where"]);
}

#[tokio::test]
async fn a_reference_is_not_fetched() {
    for address in ["s3://bucket/key", "file:///etc/passwd"] {
        let folder = Folder::new();
        let source = Source::new(address.parse().expect("an address"));
        let error = folder.get(&source).await.expect_err("no http");
        assert_eq!((error.kind(), error.attempts()), (TransferErrorKind::Address, 0));
        says(&error, &[address, "only http and https"]);
        assert_eq!(folder.names(), [""; 0]);
    }
}
