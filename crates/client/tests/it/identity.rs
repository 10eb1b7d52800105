//! Identity tokens.

use std::error::Error as _;
use std::path::Path;
use std::time::Duration;

use futures::future::join_all;
use tempfile::TempDir;
use wandb_client::{
    Api, Backoff, ClientConfig, Credentials as _, ErrorKind, IdentityToken, RetryConfig, Settings, Sources,
    TransportErrorKind,
};
use wandb_devserver::{DevServer, Listener};

use crate::scripted::{Scripted, reply};

const TOKEN: &str = "header.claims.signature";

/// A file with an identity token.
fn token_file() -> (TempDir, std::path::PathBuf) {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("token");
    std::fs::write(&file, format!("{TOKEN}\n")).expect("a file");
    (folder, file)
}

fn quick() -> RetryConfig {
    RetryConfig {
        max_retries: 2,
        backoff: Backoff {
            initial: Duration::from_millis(1),
            max: Duration::from_millis(1),
        },
        ..RetryConfig::default()
    }
}

fn provider(url: &str, file: &Path) -> IdentityToken {
    let client = ClientConfig::default().build().expect("a client");
    IdentityToken::new(client, &url.parse().expect("a URL"), file, quick())
}

fn granted(token: &str, expires_in: &str) -> String {
    let body = format!("{{\"access_token\": \"{token}\", \"expires_in\": {expires_in}}}");
    reply(200, "content-type: application/json\r\n", &body)
}

async fn header(provider: &IdentityToken, url: &str) -> Result<String, String> {
    let url = format!("{url}/graphql").parse().expect("a URL");
    match provider.current().await {
        Ok(credential) => Ok(credential
            .expect("a credential")
            .header_for(&url)
            .unwrap_or_default()
            .to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn exchanges(server: &DevServer) -> usize {
    let requests = server.requests();
    requests
        .iter()
        .filter(|request| request.listener == Listener::Api && request.path.ends_with("/oidc/token"))
        .count()
}

/// An `Api` of the environment that names the server and the file, and a key that does not count then.
fn api(server: &DevServer, file: &Path) -> Api {
    let sources = Sources::default()
        .with("WANDB_BASE_URL", server.url())
        .with("WANDB_IDENTITY_TOKEN_FILE", file)
        .with("WANDB_API_KEY", "a-key-that-the-server-does-not-know");
    let settings = Settings::from_sources(&sources).expect("settings");
    Api::builder()
        .settings(settings)
        .retry(quick())
        .build()
        .expect("an Api")
}

#[tokio::test]
async fn a_token_is_exchanged_once_and_serves_queries_and_downloads() {
    let server = DevServer::builder()
        .prefix("/wandb")
        .start()
        .await
        .expect("a server");
    server
        .add_file("e", "p", "r", "a.txt", b"hello")
        .await
        .expect("a file");
    let (folder, file) = token_file();
    let api = api(&server, &file);
    assert_eq!(exchanges(&server), 0, "building sends nothing");

    let run = api.run("e/p/r").await.expect("the run");
    let found = run.file("a.txt").await.expect("the file");
    let done = found
        .download(folder.path(), wandb_client::IfExists::Refuse)
        .await
        .expect("its bytes");
    assert_eq!(std::fs::read(done.path).expect("a file"), b"hello");
    assert_eq!(exchanges(&server), 1);
    for request in server.graphql_requests() {
        assert!(
            request
                .header("authorization")
                .is_some_and(|value| value.starts_with("Bearer "))
        );
    }
}

#[tokio::test]
async fn a_token_with_five_minutes_left_is_renewed() {
    for (lifetime, expected) in [(300, 2), (400, 1)] {
        let server = DevServer::builder()
            .token_ttl(Duration::from_secs(lifetime))
            .start()
            .await
            .expect("a server");
        server.add_run("e", "p", "r").await.expect("a run");
        let (_folder, file) = token_file();
        let api = api(&server, &file);
        for _ in 0..2 {
            api.run("e/p/r").await.expect("the run");
        }
        assert_eq!(exchanges(&server), expected, "{lifetime} s");
    }
}

#[tokio::test]
async fn the_file_is_read_for_each_exchange() {
    let server = Scripted::start(vec![granted("one", "60"), granted("two", "\"3600\"")]).await;
    let (_folder, file) = token_file();
    let provider = provider(&server.url, &file);
    assert_eq!(header(&provider, &server.url).await.as_deref(), Ok("Bearer one"));
    std::fs::write(&file, "rotated+token").expect("a file");
    assert_eq!(header(&provider, &server.url).await.as_deref(), Ok("Bearer two"));
    assert_eq!(header(&provider, &server.url).await.as_deref(), Ok("Bearer two"));
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    let grant = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";
    assert!(
        requests[0].starts_with("POST /oidc/token HTTP/1.1"),
        "{requests:?}"
    );
    assert!(
        requests[0].ends_with(&format!("\r\n\r\n{grant}{TOKEN}")),
        "{requests:?}"
    );
    assert!(
        requests[1].ends_with(&format!("\r\n\r\n{grant}rotated%2Btoken")),
        "{requests:?}"
    );
}

#[tokio::test]
async fn many_that_wait_cost_one_exchange() {
    let server = Scripted::start(vec![granted("one", "3600")]).await;
    let (_folder, file) = token_file();
    let provider = provider(&server.url, &file);
    let headers = join_all((0..20).map(|_| header(&provider, &server.url))).await;
    assert!(headers.iter().all(|header| header.as_deref() == Ok("Bearer one")));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn what_passes_is_tried_again_and_what_does_not_is_told() {
    let (_folder, file) = token_file();
    let server = Scripted::start(vec![
        reply(503, "retry-after: 0\r\n", "busy"),
        reply(429, "", ""),
        granted("one", "3600"),
    ])
    .await;
    let provider_of = |server: &Scripted| provider(&server.url, &file);
    assert_eq!(
        header(&provider_of(&server), &server.url).await.as_deref(),
        Ok("Bearer one")
    );

    let echo = format!("{{\"error\": \"invalid_grant\", \"assertion\": \"{TOKEN}\"}}");
    for (reply, tries, says) in [
        (
            reply(400, "", &echo),
            1,
            "HTTP 400: \"{\\\"error\\\": \\\"invalid_grant\\\", \\\"assertion\\\": \\\"***\\\"}\"; is the token in the file \
             expired",
        ),
        (reply(404, "", "nothing here"), 1, "needs an API key"),
        (
            reply(302, "location: https://login.example/?secret=1\r\n", ""),
            1,
            "redirects to https://login.example/?***: check the base URL",
        ),
        (reply(500, "", "oops"), 3, "after 3 tries: HTTP 500: \"oops\""),
        (reply(200, "", "<html>"), 1, "holds no access_token"),
        (
            reply(200, "", "{\"access_token\": 7}"),
            1,
            "holds no access_token",
        ),
    ] {
        let server = Scripted::start(vec![reply]).await;
        let error = header(&provider_of(&server), &server.url).await.expect_err(says);
        assert!(error.contains(says), "{error}");
        assert!(
            error.contains(&format!("{}/oidc/token", server.url))
                && error.contains(&file.display().to_string()),
            "{error}"
        );
        assert!(!error.contains(TOKEN), "{error}");
        assert_eq!(server.requests().len(), tries, "{says}");
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_told_by_the_first_request() {
    let server = DevServer::start().await.expect("a server");
    let (_folder, file) = token_file();
    std::fs::write(&file, " \n").expect("a file");
    let empty = api(&server, &file).run("e/p/r").await.expect_err("empty");
    std::fs::remove_file(&file).expect("gone");
    let gone = api(&server, &file).run("e/p/r").await.expect_err("gone");
    for (error, says) in [(empty, "is empty"), (gone, "cannot be read")] {
        assert_eq!(
            error.kind(),
            &ErrorKind::Transport(TransportErrorKind::Authentication)
        );
        let message = error.to_string();
        assert!(
            message.contains(&file.display().to_string()) && message.contains(says),
            "{message}"
        );
        assert!(message.contains("WANDB_IDENTITY_TOKEN_FILE"), "{message}");
        assert!(error.source().is_some());
    }
    assert!(server.requests().is_empty());
}
