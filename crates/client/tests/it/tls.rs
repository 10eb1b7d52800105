//! Certificate authorities of one's own, in a process whose environment names them.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use wandb_client::{Api, RetryConfig, Settings};

use crate::scripted::{reply, serve};

/// Set in the processes that [`ask`] starts.
const STARTED: &str = "WBF_STARTED_BY_A_TEST";

/// A server for `localhost` whose certificate an authority of its own has signed, and that authority as PEM.
async fn server() -> (String, String) {
    let authority_key = KeyPair::generate().expect("a key");
    let mut authority = CertificateParams::new(Vec::new()).expect("an authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = authority.self_signed(&authority_key).expect("a root");
    let key = KeyPair::generate().expect("a key");
    let certificate = CertificateParams::new(vec!["localhost".to_owned()])
        .and_then(|leaf| leaf.signed_by(&key, &Issuer::new(authority, authority_key)))
        .expect("a certificate");
    let private = key.serialize_der().try_into().expect("a private key");
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .expect("a configuration");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        let body = "{\"data\": {\"project\": {\"run\": {\"id\": \"x\"}}}}";
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(stream) = acceptor.accept(stream).await {
                serve(stream, &reply(200, "", body)).await;
            }
        }
    });
    (format!("https://localhost:{port}"), root.pem())
}

/// Runs [`asks_the_server_of_the_environment`] with this environment and no other.
async fn ask(url: &str, environment: &[(&str, &Path)]) -> Output {
    let mut command = Command::new(std::env::current_exe().expect("this binary"));
    command
        .args(["--exact", "tls::asks_the_server_of_the_environment"])
        .env_clear()
        .env(STARTED, "1")
        .env("WANDB_BASE_URL", url)
        .env("WANDB_API_KEY", "key")
        .envs(environment.iter().copied());
    tokio::task::spawn_blocking(move || command.output())
        .await
        .expect("no panic")
        .expect("a process")
}

#[tokio::test]
async fn asks_the_server_of_the_environment() {
    if std::env::var_os(STARTED).is_none() {
        return;
    }
    let settings = Settings::from_env().unwrap_or_else(|error| panic!("{error}"));
    let api = Api::builder().settings(settings).retry(RetryConfig::none());
    let api = api.build().unwrap_or_else(|error| panic!("{error}"));
    api.run("e/p/r").await.unwrap_or_else(|error| panic!("{error}"));
}

#[tokio::test]
async fn an_authority_counts_where_the_environment_names_it() {
    let (url, root) = server().await;
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("root.pem");
    std::fs::write(&file, root).expect("a file");
    std::fs::write(folder.path().join("README"), "no certificate").expect("a file");

    let refused = ask(&url, &[]).await;
    let said =
        String::from_utf8_lossy(&refused.stdout).into_owned() + &String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success(), "{said}");
    assert!(
        said.contains("is not trusted") && said.contains("REQUESTS_CA_BUNDLE"),
        "{said}"
    );

    for environment in [
        [("REQUESTS_CA_BUNDLE", file.as_path())],
        [("REQUESTS_CA_BUNDLE", folder.path())],
        [("CURL_CA_BUNDLE", file.as_path())],
        [("SSL_CERT_FILE", file.as_path())],
    ] {
        let answered = ask(&url, &environment).await;
        let said = String::from_utf8_lossy(&answered.stdout);
        assert!(answered.status.success(), "{environment:?}: {said}");
    }
}
