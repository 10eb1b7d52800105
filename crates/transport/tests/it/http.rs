//! Over real sockets, against the embedded server.

use std::sync::Arc;
use std::time::Duration;

use url::Url;
use wandb_devserver::{DevServer, Fault};
use wandb_queries::{Viewer, viewer};
use wandb_transport::wandb_http::{Backoff, ClientConfig, Credential, RetryConfig};
use wandb_transport::{HttpTransport, Retry, TransportError, TransportErrorKind, execute};

async fn ask(transport: &HttpTransport) -> Result<Option<String>, TransportError> {
    let answer = execute::<Viewer>(transport, viewer::Variables {}).await?;
    Ok(answer.viewer.and_then(|viewer| viewer.entity))
}

fn transport(server: &DevServer, config: &ClientConfig) -> HttpTransport {
    let base: Url = server.url().parse().unwrap();
    let credential = Credential::api_key(&base, server.api_key());
    HttpTransport::new(config.build().unwrap(), &base).with_credentials(Arc::new(credential))
}

#[tokio::test]
async fn building_sends_nothing_and_asking_sends_one_request() {
    let server = DevServer::start().await.unwrap();
    let transport = transport(&server, &ClientConfig::default());
    assert_eq!(server.requests().len(), 0);
    assert!(ask(&transport).await.unwrap().is_some());
    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].operation.as_deref(), Some("Viewer"));
}

#[tokio::test]
async fn a_base_with_a_path_is_kept() {
    let server = DevServer::builder().prefix("/wandb").start().await.unwrap();
    assert!(ask(&transport(&server, &ClientConfig::default())).await.is_ok());
}

#[tokio::test]
async fn a_wrong_key_is_an_authentication_error_that_does_not_show_it() {
    let server = DevServer::start().await.unwrap();
    let base: Url = server.url().parse().unwrap();
    let credential = Credential::api_key(&base, "wrong-key");
    let transport = HttpTransport::new(ClientConfig::default().build().unwrap(), &base)
        .with_credentials(Arc::new(credential));
    let error = ask(&transport).await.unwrap_err();
    assert_eq!(error.kind(), &TransportErrorKind::Authentication);
    let shown = format!("{error} {error:?} {transport:?}");
    assert!(
        !shown.contains("wrong-key") && !shown.contains("Basic"),
        "{shown}"
    );
}

#[tokio::test]
async fn a_key_that_no_header_can_hold_is_refused_before_anything_is_sent() {
    let server = DevServer::start().await.unwrap();
    let base: Url = server.url().parse().unwrap();
    let transport = HttpTransport::new(ClientConfig::default().build().unwrap(), &base)
        .with_credentials(Arc::new(Credential::bearer(&base, "a\nb")));
    assert_eq!(
        ask(&transport).await.unwrap_err().kind(),
        &TransportErrorKind::Authentication
    );
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn a_server_that_is_down_is_named() {
    let server = DevServer::start().await.unwrap();
    let transport = transport(&server, &ClientConfig::default());
    let url = server.url().to_owned();
    drop(server);
    let error = loop {
        // The listener closes in the background.
        if let Err(error) = ask(&transport).await
            && error.kind() == &(TransportErrorKind::Network { before_sending: true })
        {
            break error;
        }
        tokio::task::yield_now().await;
    };
    let message = error.to_string();
    assert!(
        message.starts_with(&format!("Viewer failed: cannot connect to {url}/graphql (")),
        "{message}"
    );
}

#[tokio::test]
async fn silence_is_a_timeout() {
    let server = DevServer::start().await.unwrap();
    server.inject(Fault::on_graphql().stall_after(5));
    let config = ClientConfig {
        stall_timeout: Duration::from_millis(200),
        ..ClientConfig::default()
    };
    assert_eq!(
        ask(&transport(&server, &config)).await.unwrap_err().kind(),
        &TransportErrorKind::Timeout
    );
}

#[tokio::test]
async fn a_connection_that_breaks_is_a_network_error_and_is_retried() {
    let server = DevServer::start().await.unwrap();
    server.inject(Fault::on_graphql().close());
    let transport = transport(&server, &ClientConfig::default());
    let error = ask(&transport).await.unwrap_err();
    assert_eq!(
        error.kind(),
        &TransportErrorKind::Network {
            before_sending: false
        },
        "{error}"
    );

    server.inject(Fault::on_graphql().truncate_after(10));
    let quick = Backoff {
        initial: Duration::from_millis(1),
        max: Duration::from_millis(1),
    };
    let retry = Retry::new(
        transport,
        RetryConfig {
            backoff: quick,
            ..RetryConfig::default()
        },
    );
    assert!(execute::<Viewer>(&retry, viewer::Variables {}).await.is_ok());
}

#[tokio::test]
async fn the_wait_that_a_server_asks_for_is_read() {
    let server = DevServer::start().await.unwrap();
    server.inject(Fault::on_graphql().reply(429, &[("Retry-After", "7")], "{\"error\":\"slow down\"}"));
    let error = ask(&transport(&server, &ClientConfig::default()))
        .await
        .unwrap_err();
    assert_eq!(
        error.kind(),
        &TransportErrorKind::RateLimited {
            retry_after: Some(Duration::from_secs(7))
        }
    );
}

#[tokio::test]
async fn a_redirect_is_told_and_not_followed() {
    let server = DevServer::start().await.unwrap();
    let other = DevServer::start().await.unwrap();
    server.inject(Fault::on_graphql().redirect_to(&format!("{}/graphql?token=secret", other.url())));
    let error = ask(&transport(&server, &ClientConfig::default()))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("it redirects to http://"), "{error}");
    assert!(!error.to_string().contains("secret"), "{error}");
    assert_eq!(other.requests().len(), 0);
}

#[tokio::test]
async fn an_invalid_query_is_told_in_the_servers_words() {
    let server = DevServer::start().await.unwrap();
    let body = r#"{"errors":[{"message":"Cannot query field \"x\" on type \"Run\".","path":null}]}"#;
    server.inject(Fault::on_graphql().reply(400, &[("Content-Type", "application/json")], body));
    let error = ask(&transport(&server, &ClientConfig::default()))
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("HTTP 400: Cannot query field \"x\" on type \"Run\"."),
        "{error}"
    );
}
