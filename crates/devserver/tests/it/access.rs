//! Who is let in.

use crate::client::{ask, basic, data, field, get, header, http, server_with};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use wandb_devserver::DevServer;

const VIEWER: &str = r#"{"query": "{ viewer { username entity } }"}"#;

async fn viewer(server: &DevServer, authorization: &str) -> (u16, Value) {
    let request = http()
        .post(format!("{}/graphql", server.url()))
        .header("authorization", authorization);
    let response = request.body(VIEWER).send().await.unwrap();
    (
        response.status().as_u16(),
        serde_json::from_str(&response.text().await.unwrap()).unwrap(),
    )
}

#[tokio::test]
async fn graphql_wants_the_key() {
    let server = DevServer::builder()
        .api_key("k".repeat(40))
        .entity("me")
        .start()
        .await
        .unwrap();
    let (status, body) = viewer(&server, &basic(&"k".repeat(40))).await;
    assert_eq!(
        (status, &body["data"]["viewer"]),
        (200, &json!({ "username": "me", "entity": "me" }))
    );
    for wrong in [
        basic("other"),
        "Basic ???".to_owned(),
        "Bearer nothing".to_owned(),
        "k".repeat(40),
    ] {
        let (status, body) = viewer(&server, &wrong).await;
        assert_eq!(
            (status, &body["errors"][0]["message"]),
            (401, &json!("user is not logged in")),
            "{wrong}"
        );
    }
    let without = http()
        .post(format!("{}/graphql", server.url()))
        .body(VIEWER)
        .send()
        .await
        .unwrap();
    assert_eq!(without.status(), 401);
}

#[tokio::test]
async fn files_want_the_key() {
    let server = server_with(&[("a.txt", "a")]).await;
    let url = field(&server, "a.txt", "url").await;
    assert_eq!(get(&url, &[]).await.status(), 401);
    assert_eq!(
        get(&url, &[("authorization", &basic("wrong"))]).await.status(),
        401
    );
    let response = get(&url, &[("authorization", &basic(server.api_key()))]).await;
    assert_eq!(response.status(), 307);
    assert!(header(&response, "location").starts_with(server.storage_url()));
}

async fn token_for(server: &DevServer, form: &str) -> (u16, Value) {
    let request = http()
        .post(format!("{}/oidc/token", server.url()))
        .header("content-type", "application/x-www-form-urlencoded");
    let response = request.body(form.to_owned()).send().await.unwrap();
    (
        response.status().as_u16(),
        serde_json::from_str(&response.text().await.unwrap()).unwrap(),
    )
}

const GRANT: &str = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer";

#[tokio::test]
async fn an_identity_token_gives_an_access_token() {
    let server = DevServer::builder()
        .token_ttl(Duration::from_secs(600))
        .start()
        .await
        .unwrap();
    let (status, body) = token_for(&server, &format!("{GRANT}&assertion=head.body.sign")).await;
    assert_eq!(
        (status, &body["expires_in"], &body["token_type"]),
        (200, &json!(600), &json!("Bearer"))
    );
    let bearer = format!("Bearer {}", body["access_token"].as_str().unwrap());
    assert_eq!(viewer(&server, &bearer).await.0, 200);
}

#[tokio::test]
async fn an_access_token_that_has_run_out_is_refused() {
    let server = DevServer::builder()
        .token_ttl(Duration::ZERO)
        .start()
        .await
        .unwrap();
    let (_, body) = token_for(&server, &format!("{GRANT}&assertion=head.body.sign")).await;
    let bearer = format!("Bearer {}", body["access_token"].as_str().unwrap());
    assert_eq!(viewer(&server, &bearer).await.0, 401);
}

#[tokio::test]
async fn what_is_no_identity_token_gives_none() {
    let server = DevServer::start().await.unwrap();
    for (form, error) in [
        (format!("{GRANT}&assertion=no-jwt"), "invalid_grant"),
        (GRANT.to_owned(), "invalid_grant"),
        (
            "grant_type=password&assertion=a.b.c".to_owned(),
            "unsupported_grant_type",
        ),
    ] {
        assert_eq!(
            token_for(&server, &form).await,
            (400, json!({ "error": error })),
            "{form}"
        );
    }
}

#[tokio::test]
async fn clients_can_be_sent_to_another_storage() {
    let builder = DevServer::builder().storage_url("http://cdn.example:8080/");
    let server = builder.start().await.unwrap();
    server
        .add_file("team", "project", "run", "a b.txt", b"a")
        .await
        .unwrap();
    let there = "http://cdn.example:8080/wandb-files/team/project/run/a%20b.txt?";
    let direct = field(&server, "a b.txt", "directUrl").await;
    assert!(direct.starts_with(there), "{direct}");
    let url = field(&server, "a b.txt", "url").await;
    let response = get(&url, &[("authorization", &basic(server.api_key()))]).await;
    assert!(header(&response, "location").starts_with(there));
}

#[tokio::test]
async fn a_prefix_stands_before_every_path() {
    let server = DevServer::builder().prefix("wandb/").start().await.unwrap();
    server
        .add_file("team", "project", "run", "a.txt", b"a")
        .await
        .unwrap();
    assert!(server.url().ends_with("/wandb"));
    assert_eq!(
        data(&server, "{ viewer { entity } }", json!({})).await["viewer"]["entity"],
        "dev"
    );
    let url = field(&server, "a.txt", "url").await;
    assert_eq!(url, format!("{}/files/team/project/run/a.txt", server.url()));
    let key = basic(server.api_key());
    assert_eq!(get(&url, &[("authorization", &key)]).await.status(), 307);
    let bare = url.replacen("/wandb/", "/", 1);
    assert_eq!(get(&bare, &[("authorization", &key)]).await.status(), 404);
    let bare = server.url().replacen("/wandb", "/graphql", 1);
    assert_eq!(
        ask(Method::POST, &bare, &[("authorization", &key)])
            .await
            .status(),
        404
    );
    assert_eq!(server.graphql_requests().len(), 2);
}

#[tokio::test]
async fn what_is_recorded_shows_no_secret_when_printed() {
    let server = server_with(&[("a.txt", "a")]).await;
    let url = field(&server, "a.txt", "directUrl").await;
    get(&url, &[]).await;
    let signature = url.split("Signature=").nth(1).unwrap();
    let printed = format!("{:?} {server:?}", server.requests());
    assert!(
        !printed.contains(signature) && !printed.contains(&basic(server.api_key())),
        "{printed}"
    );
    let [listing, download] = &server.requests()[..] else {
        panic!("{printed}")
    };
    assert!(listing.has_authorization && !download.has_authorization);
    assert_eq!(
        listing.header("Authorization"),
        Some(basic(server.api_key()).as_str())
    );
    assert_eq!(format!("{}{}", server.storage_url(), download.path), url);
}

#[tokio::test]
async fn clients_that_go_away_do_no_harm() {
    let server = server_with(&[("a", "a")]).await;
    let body = json!({ "query": crate::client::RUN_FILES, "variables":
        { "entity": "team", "project": "project", "name": "run" } });
    let client = http();
    for number in 0..200 {
        let request = client
            .post(format!("{}/graphql", server.url()))
            .header("authorization", basic(server.api_key()))
            .body(body.to_string());
        let _ = tokio::time::timeout(Duration::from_micros(30 * number), request.send()).await;
    }
    assert_eq!(crate::client::names(&server, json!({})).await, ["a"]);
}
