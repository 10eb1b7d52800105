//! Against the embedded server.

use std::sync::Arc;

use wandb_devserver::DevServer;
use wandb_http::{ClientConfig, Credential};
use wandb_projects::Projects;
use wandb_transport::{HttpTransport, Transport};

fn transport(server: &DevServer) -> Arc<dyn Transport> {
    let base = server.url().parse().unwrap();
    let credential = Arc::new(Credential::api_key(&base, server.api_key()));
    let http = ClientConfig::default().build().unwrap();
    Arc::new(HttpTransport::new(http, &base).with_credentials(credential))
}

#[tokio::test]
async fn the_projects_of_an_entity_and_of_no_other() {
    let server = DevServer::start().await.unwrap();
    for project in ["a", "b", "c"] {
        server.add_project("e", project).await.unwrap();
    }
    server.add_project("other", "d").await.unwrap();
    let mut projects = Projects::new("e").paginate(transport(&server)).per_page(2);
    let listed = projects.slice(..).await.unwrap();
    let mut paths: Vec<String> = listed.iter().map(|project| project.path().join("/")).collect();
    paths.sort();
    assert_eq!(paths, ["e/a", "e/b", "e/c"]);
    assert!(
        listed
            .iter()
            .all(|project| project.created_at().is_some() && project.id().is_some())
    );
    assert_eq!(
        (projects.len().await.unwrap(), server.requests().len()),
        (Some(3), 2)
    );
}
