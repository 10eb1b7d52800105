//! Against the embedded server.

use std::sync::Arc;

use serde_json::json;
use wandb_devserver::{Builder, DevServer, Feature, RunSpec};
use wandb_features::Server;
use wandb_http::{ClientConfig, Credential};
use wandb_runs::{Filter, RunInfo, Runs};
use wandb_transport::{HttpTransport, Transport};

fn transport(server: &DevServer) -> Arc<dyn Transport> {
    let base = server.url().parse().unwrap();
    let credential = Arc::new(Credential::api_key(&base, server.api_key()));
    let http = ClientConfig::default().build().unwrap();
    Arc::new(HttpTransport::new(http, &base).with_credentials(credential))
}

/// Runs `r0` … `r9` of `e/p`: even ones finished, odd ones crashed; `lr` is a tenth of the number, `loss` falls with it; every
/// third has the tag `third`, the first five belong to the sweep `s1`.
async fn ten_runs() -> DevServer {
    ten_runs_on(DevServer::builder()).await
}

async fn ten_runs_on(builder: Builder) -> DevServer {
    let server = builder.start().await.unwrap();
    for n in 0..10_i32 {
        let spec = RunSpec {
            display_name: Some(format!("run {n}")),
            state: Some(if n % 2 == 0 { "finished" } else { "crashed" }.into()),
            tags: if n % 3 == 0 {
                vec!["third".into()]
            } else {
                Vec::new()
            },
            config: json!({"lr": f64::from(n) / 10.0}),
            summary: json!({"loss": 10 - n}),
            group: Some("g".into()),
            sweep: (n < 5).then(|| "s1".into()),
            created_at: Some(1_714_566_896 + i64::from(n)),
            ..RunSpec::default()
        };
        server
            .add_run_with("e", "p", &format!("r{n}"), spec)
            .await
            .unwrap();
    }
    server
}

async fn ids(server: &DevServer, runs: Runs) -> String {
    let mut runs = runs.paginate(transport(server)).per_page(3);
    let count = runs.len().await.unwrap();
    let runs = runs.slice(..).await.unwrap();
    assert_eq!(
        count,
        Some(runs.len() as u64),
        "the server counts under the filter"
    );
    runs.iter().map(RunInfo::id).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn each_filter_chooses_its_runs() {
    let server = ten_runs().await;
    let lr = || Filter::field("config.lr");
    for (filter, expected) in [
        (Filter::all(), "r0 r1 r2 r3 r4 r5 r6 r7 r8 r9"),
        (Filter::state("crashed"), "r1 r3 r5 r7 r9"),
        (Filter::tag("third"), "r0 r3 r6 r9"),
        (!Filter::tag("third"), "r1 r2 r4 r5 r7 r8"),
        (Filter::sweep("s1"), "r0 r1 r2 r3 r4"),
        (lr().gt(0.55), "r6 r7 r8 r9"),
        (lr().gte(0.3).and(lr().lt(0.5)), "r3 r4"),
        (
            lr().one_of([0.1, 0.7])
                .or(Filter::field("summary_metrics.loss").lte(1)),
            "r1 r7 r9",
        ),
        (Filter::field("displayName").regex("[12]$"), "r1 r2"),
        (
            Filter::field("name")
                .none_of(["r0", "r9"])
                .and(Filter::state("finished")),
            "r2 r4 r6 r8",
        ),
        (
            Filter::field("sweep")
                .exists(false)
                .and(Filter::state("finished").or(Filter::tag("third"))),
            "r6 r8 r9",
        ),
        (
            Filter::json(r#"{"state": "crashed", "config.lr.value": {"$lt": 0.2}}"#).unwrap(),
            "r1",
        ),
        (Filter::state("nowhere"), ""),
    ] {
        let said = filter.to_string();
        assert_eq!(
            ids(&server, Runs::new("e", "p").filters(filter)).await,
            expected,
            "{said}"
        );
    }
}

#[tokio::test]
async fn runs_come_in_the_order_that_is_asked_for() {
    let server = ten_runs().await;
    let first = "r9 r8 r7 r6 r5 r4 r3 r2 r1 r0";
    assert_eq!(
        ids(&server, Runs::new("e", "p").order("-created_at")).await,
        first
    );
    assert_eq!(
        ids(&server, Runs::new("e", "p").order("+summary_metrics.loss")).await,
        first
    );
    let finished = Runs::new("e", "p")
        .filters(Filter::state("finished"))
        .order("-config.lr.value");
    assert_eq!(ids(&server, finished).await, "r8 r6 r4 r2 r0");
}

#[tokio::test]
async fn what_is_large_comes_only_where_it_is_asked_for() {
    let server = ten_runs().await;
    let mut names = Runs::new("e", "p").paginate(transport(&server));
    let run = names.get(3).await.unwrap().unwrap();
    assert_eq!(
        (run.name(), run.state(), run.group()),
        (Some("run 3"), Some("crashed"), Some("g"))
    );
    assert_eq!(
        (run.tags(), run.sweep_name()),
        (&["third".to_owned()][..], Some("s1"))
    );
    assert!(run.project_id().is_some() && run.user().is_some() && run.created_at().is_some());
    assert!(run.config().unwrap().is_none() && run.summary().unwrap().is_none());

    let mut all = Runs::new("e", "p").full(true).paginate(transport(&server));
    let run = all.get(3).await.unwrap().unwrap();
    assert_eq!(json!(run.config().unwrap()), json!({"lr": 0.3}));
    assert_eq!(json!(run.summary().unwrap()), json!({"loss": 7}));
}

#[tokio::test]
async fn a_page_a_request_and_what_is_not_understood_is_refused() {
    let server = ten_runs().await;
    let mut runs = Runs::new("e", "p").paginate(transport(&server)).per_page(4);
    assert_eq!(server.requests().len(), 0);
    runs.slice(..).await.unwrap();
    assert_eq!(server.requests().len(), 3);

    let wrong = Runs::new("e", "p").filters(Filter::json(r#"{"$near": 1}"#).unwrap());
    let error = wrong
        .paginate(transport(&server))
        .next()
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("$near"), "{error}");
    let error = Runs::new("e", "x")
        .paginate(transport(&server))
        .next()
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("there is no project e/x"), "{error}");
}

#[tokio::test]
async fn on_a_server_that_does_not_tell_the_projects_number_there_is_none() {
    let dev = ten_runs_on(DevServer::builder().without(Feature::RunProjectId)).await;
    let server = Arc::new(Server::new(transport(&dev)));
    let mut runs = Runs::new("e", "p").paginate(server).per_page(5);
    let runs = runs.slice(..).await.unwrap();
    assert!(runs.len() == 10 && runs.iter().all(|run| run.project_id().is_none()));
}
