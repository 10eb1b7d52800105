//! What is sent again, how often, and after which wait. Time is tokio's paused clock.

use std::time::Duration;

use graphql_client::{GraphQLQuery, QueryBody};
use tokio::time::Instant;
use wandb_queries::{Viewer, viewer};
use wandb_transport::wandb_http::{Pace, RetryConfig};
use wandb_transport::{Operation, Reply, Retry, Transport, TransportError, TransportErrorKind, execute};

use crate::scripted::Scripted;

const ANSWER: &str = r#"{"data":{"viewer":{"id":"1","entity":"me"}}}"#;

struct Delete;

impl GraphQLQuery for Delete {
    type Variables = ();
    type ResponseData = ();

    fn build_query((): ()) -> QueryBody<()> {
        QueryBody {
            variables: (),
            query: "mutation Delete { done }",
            operation_name: "Delete",
        }
    }
}

fn network(before_sending: bool) -> TransportError {
    TransportError::new(
        TransportErrorKind::Network { before_sending },
        "Viewer",
        "it broke",
    )
}

fn timeout() -> TransportError {
    TransportError::new(TransportErrorKind::Timeout, "Viewer", "silence")
}

async fn outcome(
    operation: Operation,
    script: impl IntoIterator<Item = Result<Reply, TransportError>>,
) -> (Result<Reply, TransportError>, usize) {
    let scripted = std::sync::Arc::new(Scripted::new(script));
    let transport = Retry::new(std::sync::Arc::clone(&scripted), RetryConfig::default());
    let outcome = transport.send(operation).await;
    (outcome, scripted.sent())
}

fn query() -> Operation {
    Operation::new::<Viewer>(viewer::Variables {}).unwrap()
}

fn mutation() -> Operation {
    Operation::new::<Delete>(()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_query_goes_on_after_what_passes() {
    let script = [
        Err(network(false)),
        Err(timeout()),
        Ok(Reply::new(500, "")),
        Ok(Reply::new(408, "")),
        Ok(Reply::new(429, "")),
        Ok(Reply::new(200, ANSWER)),
    ];
    let (outcome, sent) = outcome(query(), script).await;
    assert_eq!((outcome.unwrap().status, sent), (200, 6));
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_one_operation_meets_holds_all_of_the_host() {
    let base = "http://api.example/prefix".parse().unwrap();
    let limited = Reply {
        retry_after: Some(Duration::from_secs(20)),
        ..Reply::new(429, "")
    };
    let scripted = std::sync::Arc::new(Scripted::new([
        Ok(limited),
        Ok(Reply::new(200, ANSWER)),
        Ok(Reply::new(200, ANSWER)),
    ]));
    let pace = Pace::default();
    let transport = |base| {
        Retry::new(std::sync::Arc::clone(&scripted), RetryConfig::default()).with_pace(pace.clone(), base)
    };
    let (first, second, started) = (transport(&base), transport(&base), Instant::now());
    let later = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let reply = second.send(query()).await.unwrap();
        (reply.attempts, started.elapsed())
    };
    let (reply, (attempts, elapsed)) = tokio::join!(first.send(query()), later);
    assert_eq!((reply.unwrap().attempts, attempts, scripted.sent()), (2, 1, 3));
    assert!(elapsed >= Duration::from_secs(20), "{elapsed:?}");
}

#[tokio::test(start_paused = true)]
async fn what_does_not_pass_is_not_repeated() {
    for status in [200, 302, 400, 401, 403, 404, 422, 501] {
        let (outcome, sent) = outcome(query(), [Ok(Reply::new(status, ""))]).await;
        assert_eq!((outcome.unwrap().status, sent), (status, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_mutation_is_repeated_only_where_it_cannot_have_been_carried_out() {
    let (outcome_, sent) = outcome(
        mutation(),
        [
            Err(network(true)),
            Ok(Reply::new(429, "")),
            Ok(Reply::new(200, "")),
        ],
    )
    .await;
    assert_eq!((outcome_.unwrap().status, sent), (200, 3));
    for script in [Err(network(false)), Err(timeout()), Ok(Reply::new(503, ""))] {
        assert_eq!(outcome(mutation(), [script]).await.1, 1);
    }
    let (outcome_, sent) = outcome(mutation().idempotent(), [Err(timeout()), Ok(Reply::new(200, ""))]).await;
    assert_eq!((outcome_.unwrap().status, sent), (200, 2));
}

#[tokio::test(start_paused = true)]
async fn the_tries_are_bounded_and_told() {
    let scripted = Scripted::new((0..7).map(|_| Ok(Reply::new(503, "<html>busy</html>"))));
    let transport = Retry::new(scripted, RetryConfig::default());
    let error = execute::<Viewer>(&transport, viewer::Variables {})
        .await
        .unwrap_err();
    assert_eq!(error.attempts(), 7);
    assert!(
        error.to_string().starts_with("Viewer failed after 7 tries: "),
        "{error}"
    );

    let (outcome, _) = outcome(query(), (0..7).map(|_| Err(network(true)))).await;
    assert_eq!(outcome.unwrap_err().attempts(), 7);
}

#[tokio::test(start_paused = true)]
async fn the_server_is_waited_for_as_long_as_it_says() {
    let mut busy = Reply::new(429, "");
    busy.retry_after = Some(Duration::from_secs(42));
    let start = Instant::now();
    let (outcome_, _) = outcome(query(), [Ok(busy.clone()), Ok(Reply::new(200, ANSWER))]).await;
    assert_eq!(outcome_.unwrap().status, 200);
    assert!(start.elapsed() >= Duration::from_secs(42) && start.elapsed() < Duration::from_secs(60));

    busy.retry_after = Some(Duration::from_secs(3600));
    let start = Instant::now();
    let (outcome_, sent) = outcome(query(), [Ok(busy)]).await;
    assert_eq!(
        (outcome_.unwrap().status, sent),
        (429, 1),
        "a wait beyond the limit is reported at once"
    );
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_query_that_is_too_heavy_is_asked_once_more_and_then_told() {
    const HEAVY: &str = r#"{"errors":[{"message":"context deadline exceeded"}],"data":null}"#;
    for status in [200, 500] {
        let heavy = || Ok(Reply::new(status, HEAVY));
        let transport = Retry::new(Scripted::new([heavy(), heavy()]), RetryConfig::default());
        let error = execute::<Viewer>(&transport, viewer::Variables {})
            .await
            .unwrap_err();
        assert!(error.is_too_heavy(), "HTTP {status}");
        assert_eq!(error.attempts(), 2, "HTTP {status}");
        let (reply, sent) = outcome(mutation(), [heavy()]).await;
        assert_eq!(
            (reply.unwrap().status, sent),
            (status, 1),
            "it may have been carried out"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn data_that_speaks_of_a_deadline_is_data() {
    let data = r#"{"data":{"viewer":{"id":"1","entity":"context deadline exceeded"}}}"#;
    let transport = Retry::new(Scripted::new([Ok(Reply::new(200, data))]), RetryConfig::default());
    let answer = execute::<Viewer>(&transport, viewer::Variables {}).await.unwrap();
    assert_eq!(
        answer.viewer.unwrap().entity.as_deref(),
        Some("context deadline exceeded")
    );
}
