//! Against the embedded server.

use std::sync::Arc;

use wandb_devserver::{DevServer, RunSpec, SweepSpec};
use wandb_http::{ClientConfig, Credential};
use wandb_sweeps::Sweeps;
use wandb_transport::{HttpTransport, Transport};

fn transport(server: &DevServer) -> Arc<dyn Transport> {
    let base = server.url().parse().unwrap();
    let credential = Arc::new(Credential::api_key(&base, server.api_key()));
    let http = ClientConfig::default().build().unwrap();
    Arc::new(HttpTransport::new(http, &base).with_credentials(credential))
}

#[tokio::test]
async fn the_sweeps_of_a_project_with_their_counts() {
    let server = DevServer::start().await.unwrap();
    for n in 0..5 {
        let spec = SweepSpec {
            config: serde_json::json!({"name": format!("sweep {n}")}),
            best_loss: Some(0.5),
            expected_runs: Some(9),
            ..SweepSpec::default()
        };
        server.add_sweep("e", "p", &format!("s{n}"), spec).await.unwrap();
    }
    let of_sweep = RunSpec {
        sweep: Some("s3".into()),
        ..RunSpec::default()
    };
    server.add_run_with("e", "p", "r", of_sweep).await.unwrap();

    let mut sweeps = Sweeps::new("e", "p").paginate(transport(&server)).per_page(2);
    assert_eq!(sweeps.len().await.unwrap(), Some(5));
    let mut names: Vec<String> = Vec::new();
    for sweep in sweeps.slice(..).await.unwrap() {
        assert_eq!(
            (sweep.best_loss(), sweep.expected_run_count()),
            (Some(0.5), Some(9))
        );
        assert_eq!(sweep.run_count(), Some(i64::from(sweep.id() == "s3")));
        names.push(sweep.name());
    }
    names.sort();
    assert_eq!(names, ["sweep 0", "sweep 1", "sweep 2", "sweep 3", "sweep 4"]);
    assert_eq!(server.requests().len(), 3);
}
