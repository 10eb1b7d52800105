//! Every body that servers are known to answer with becomes a message to act on.

use std::time::Duration;

use wandb_queries::viewer::ResponseData;
use wandb_transport::{Reply, TransportError, TransportErrorKind};

fn decode(status: u16, body: &str) -> Result<Option<String>, TransportError> {
    let mut reply = Reply::new(status, body.to_owned());
    reply.from = "https://h.example/graphql".to_owned();
    decode_reply(&reply)
}

fn decode_reply(reply: &Reply) -> Result<Option<String>, TransportError> {
    reply
        .decode::<ResponseData>("Viewer")
        .map(|data| data.viewer.and_then(|viewer| viewer.entity))
}

#[test]
fn an_answer_is_read() {
    assert_eq!(
        decode(200, r#"{"data":{"viewer":{"id":"1","entity":"me"}}}"#).unwrap(),
        Some("me".to_owned())
    );
    assert_eq!(
        decode(200, r#"{"data":{"viewer":null},"errors":null}"#).unwrap(),
        None
    );
    assert_eq!(
        decode(200, r#"{"data":{"viewer":null},"errors":[],"extensions":{}}"#).unwrap(),
        None
    );
    assert_eq!(
        decode(200, r#"{"data":{}}"#).unwrap(),
        None,
        "a missing field is None"
    );
}

#[test]
fn errors_become_messages() {
    for (status, body, expected) in [
        (
            200,
            r#"{"errors":[{"message":"no such field","path":["viewer",0,"entity"]},{"message":"and more"}],"data":null}"#,
            "Viewer failed: https://h.example/graphql answered with an error: HTTP 200: no such field (at viewer.0.entity); and more",
        ),
        (
            200,
            r#"{"errors":[{"message":"partly","path":null}],"data":{"viewer":7}}"#,
            "Viewer failed: https://h.example/graphql answered with an error: HTTP 200: partly",
        ),
        (
            400,
            r#"{"errors":["Unknown field \"x\""]}"#,
            "Viewer failed: https://h.example/graphql answered with an error: HTTP 400: Unknown field \"x\"",
        ),
        (
            500,
            r#"{"error":"context deadline exceeded"}"#,
            "Viewer failed: https://h.example/graphql answered with an error: HTTP 500: context deadline exceeded",
        ),
        (
            422,
            r#"{"error":{"message":"bad input"}}"#,
            "Viewer failed: https://h.example/graphql answered with an error: HTTP 422: bad input",
        ),
        (
            401,
            r#"{"errors":[{"message":"user is not logged in","path":["viewer"]}],"data":{"viewer":null}}"#,
            "Viewer failed: https://h.example/graphql does not accept the credential (HTTP 401: user is not logged in (at viewer)); \
             check the API key: WANDB_API_KEY, netrc or an identity token, for this very server",
        ),
        (
            403,
            r#"{"message":"Forbidden"}"#,
            "Viewer failed: https://h.example/graphql does not permit this (HTTP 403: Forbidden); ask for access, or use a key that has it",
        ),
        (
            404,
            "404 page not found",
            "Viewer failed: https://h.example/graphql knows no such address (HTTP 404: \"404 page not found\"); \
             check the base URL, with the path prefix that the server may have",
        ),
        (
            200,
            "<!DOCTYPE html>\n<html><body>Sign in <a href=\"https://sso.example/?token=abc\">here</a></body></html>",
            "Viewer failed: https://h.example/graphql answered HTTP 200 with \"<!DOCTYPE html> <html><body>Sign in \
             <a href=\\\"https://sso.example/?***\\\">here</a></body></html>\": it is no GraphQL answer; \
             check that the base URL is the API's, and what proxies stand between",
        ),
        (
            502,
            "",
            "Viewer failed: https://h.example/graphql answered HTTP 502 with an empty body: it is no GraphQL answer; \
             check that the base URL is the API's, and what proxies stand between",
        ),
        (
            200,
            "{\"data\": {\"viewer\"",
            "Viewer failed: https://h.example/graphql answered HTTP 200 with \"{\\\"data\\\": {\\\"viewer\\\"\": it is no GraphQL answer; \
             check that the base URL is the API's, and what proxies stand between",
        ),
        (
            200,
            "{}",
            "Viewer failed: https://h.example/graphql answered HTTP 200 with \"{}\": it is no GraphQL answer; \
             check that the base URL is the API's, and what proxies stand between",
        ),
    ] {
        assert_eq!(decode(status, body).unwrap_err().to_string(), expected);
    }
}

#[test]
fn kinds_are_for_programs() {
    use TransportErrorKind as Kind;
    let kind = |status, body| decode(status, body).unwrap_err().kind().clone();
    assert_eq!(kind(401, "x"), Kind::Authentication);
    assert_eq!(
        kind(200, r#"{"errors":[{"message":"relogin required"}]}"#),
        Kind::Authentication
    );
    assert_eq!(
        kind(
            200,
            r#"{"errors":[{"message":"permission denied"}],"data":{"viewer":null}}"#
        ),
        Kind::Permission
    );
    assert_eq!(kind(403, ""), Kind::Permission);
    assert_eq!(kind(404, ""), Kind::NotFound);
    assert_eq!(
        kind(503, "<html>"),
        Kind::BadAnswer {
            status: 503,
            first: "<html>".to_owned()
        }
    );
    let Kind::GraphQl(errors) = kind(200, r#"{"errors":[{"message":"a","path":["b",1]}]}"#) else {
        panic!("a kind")
    };
    assert_eq!(errors.len(), 1);
}

#[test]
fn data_of_another_shape_keeps_its_cause() {
    let error = decode(200, r#"{"data":{"viewer":"text"}}"#).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("does not fit the query (invalid type: string \"text\""),
        "{error}"
    );
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn a_rate_limit_says_how_long() {
    let mut reply = Reply::new(429, r#"{"errors":[{"message":"rate limit exceeded"}]}"#);
    reply.retry_after = Some(Duration::from_millis(1500));
    let error = decode_reply(&reply).unwrap_err();
    assert_eq!(
        error.kind(),
        &TransportErrorKind::RateLimited {
            retry_after: reply.retry_after
        }
    );
    assert!(
        error.to_string().ends_with(
            "limits the rate of requests (HTTP 429: rate limit exceeded); it asks to wait 2 s: try again then"
        ),
        "{error}"
    );
}

#[test]
fn a_redirect_names_where_it_leads() {
    let mut reply = Reply::new(302, "");
    reply.location = Some("https://sso.example/login?***".to_owned());
    let error = decode_reply(&reply).unwrap_err().to_string();
    assert!(
        error.contains("it redirects to https://sso.example/login?***: check the base URL and any proxy"),
        "{error}"
    );
}
