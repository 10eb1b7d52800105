//! Runs and their files, on the embedded server.

use std::error::Error as _;
use std::sync::Arc;

use tempfile::TempDir;
use wandb_client::{
    Anonymous, Api, ApiBuilder, ErrorKind, IfExists, RetryConfig, Settings, Sources, TransportErrorKind,
};
use wandb_devserver::{DevServer, Fault, Feature};

use crate::scripted::{Scripted, reply};

async fn server() -> DevServer {
    let server = DevServer::builder()
        .entity("me")
        .prefix("/wandb")
        .start()
        .await
        .expect("a server");
    for (entity, name) in [("team", "a.json"), ("team", "b.txt"), ("me", "mine.txt")] {
        server
            .add_file(entity, "project", "run", name, name.as_bytes())
            .await
            .expect("a file");
    }
    server
}

fn builder(server: &DevServer) -> ApiBuilder {
    Api::builder()
        .base_url(server.url())
        .api_key(server.api_key())
        .retry(RetryConfig::none())
}

fn operations(server: &DevServer) -> Vec<String> {
    let requests = server.graphql_requests();
    requests
        .into_iter()
        .filter_map(|request| request.operation)
        .collect()
}

#[tokio::test]
async fn building_sends_nothing_and_a_listing_costs_one_request() {
    let server = server().await;
    let api = builder(&server).build().expect("an Api");
    let run = api.run_unchecked("team/project/run").await.expect("a handle");
    let files = run.files();
    let mut files = files.paginate().expect("a listing");
    assert!(server.requests().is_empty());

    let first = files
        .next()
        .await
        .expect("a page")
        .map(|file| file.name().to_owned());
    assert_eq!(first.as_deref(), Some("a.json"));
    assert_eq!(operations(&server), ["RunFiles"]);
    assert_eq!(files.len().await.expect("a count"), Some(2));
    assert_eq!(operations(&server), ["RunFiles"]);
    let agent = server.requests()[0]
        .header("user-agent")
        .unwrap_or_default()
        .to_owned();
    assert!(agent.starts_with("W&B Public Client "), "{agent}");
}

#[tokio::test]
async fn a_file_is_found_and_downloaded() {
    let server = server().await;
    let api = builder(&server).build().expect("an Api");
    let run = api.run("/team/project/runs/run").await.expect("the run");
    assert_eq!(run.path().to_string(), "team/project/run");
    let folder = TempDir::new().expect("a folder");
    let file = run.file("b.txt").await.expect("the file");
    assert_eq!(operations(&server), ["Run", "RunFiles"]);
    let done = file
        .download(folder.path(), IfExists::Refuse)
        .await
        .expect("its bytes");
    assert_eq!(std::fs::read(done.path).expect("a file"), b"b.txt");

    let error = run.file("nope.txt").await.expect_err("no such file");
    assert_eq!(error.kind(), &ErrorKind::NotFound);
    let message = error.to_string();
    assert!(
        message.contains("\"nope.txt\"") && message.contains("team/project/run"),
        "{message}"
    );
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let server = server().await;
    let api = builder(&server).build().expect("an Api");
    let base = server.url();
    let help = "or no permission to see it";
    for (path, says) in [
        (
            "team/project/nope",
            format!("no run team/project/nope on {base}, {help}"),
        ),
        ("team/nope/run", format!("no project team/nope on {base}, {help}")),
        (
            "nobody/project/run",
            format!("no project nobody/project on {base}, {help}"),
        ),
    ] {
        let error = api.run(path).await.expect_err(path);
        assert_eq!(error.kind(), &ErrorKind::NotFound, "{error}");
        assert!(error.to_string().contains(&says), "{error}");

        let run = api.run_unchecked(path).await.expect("a handle");
        let error = run.file("a.json").await.expect_err(path);
        assert_eq!(error.kind(), &ErrorKind::NotFound, "{error}");
    }
    let error = api.run("a/b/c/d").await.expect_err("too long");
    assert_eq!(error.kind(), &ErrorKind::Path);
}

#[tokio::test]
async fn a_missing_entity_is_asked_for_once() {
    let server = server().await;
    let api = builder(&server).build().expect("an Api");
    for _ in 0..2 {
        let run = api.clone().run_unchecked("project/run").await.expect("a handle");
        assert_eq!(run.path().to_string(), "me/project/run");
    }
    assert_eq!(operations(&server), ["Viewer"]);
    server.clear_requests();

    let set = builder(&server).entity("team").project("project");
    let set = set.build().expect("an Api");
    let run = set.run("run").await.expect("the run");
    assert_eq!(run.path().to_string(), "team/project/run");
    assert_eq!(operations(&server), ["Run"]);
}

#[tokio::test]
async fn a_web_address_of_another_server_is_taken_and_told() {
    let server = server().await;
    let api = builder(&server).build().expect("an Api");
    let (_, authority) = server.url().split_once("://").expect("a URL");
    let run = format!("http://{authority}/team/project/runs/run/files?nw=1");
    assert!(api.run(&run).await.is_ok());
    assert!(
        api.run("https://wandb.ai/team/project/runs/run").await.is_ok(),
        "only the path counts"
    );
    let error = api
        .run("https://wandb.ai/team/project/runs/nope")
        .await
        .expect_err("no run");
    assert!(
        error.to_string().contains("the address is on wandb.ai"),
        "{error}"
    );
    let here = format!("http://{authority}/team/project/runs/nope");
    let error = api.run(&here).await.expect_err("no run");
    assert!(!error.to_string().contains("the address is on"), "{error}");
}

#[tokio::test]
async fn a_wrong_key_says_where_it_came_from() {
    let server = server().await;
    let sources = Sources::default()
        .with("WANDB_BASE_URL", server.url())
        .with("WANDB_API_KEY", "\"wrong-key\"");
    let settings = Settings::from_sources(&sources).expect("settings");
    let api = Api::builder()
        .settings(settings)
        .retry(RetryConfig::none())
        .build()
        .expect("an Api");
    for error in [
        api.run("team/project/run").await.expect_err("refused"),
        api.run("project/run").await.expect_err("refused"),
    ] {
        assert_eq!(
            error.kind(),
            &ErrorKind::Transport(TransportErrorKind::Authentication)
        );
        let message = error.to_string();
        assert!(
            message.contains("the key comes from WANDB_API_KEY, and it has quotes round it"),
            "{message}"
        );
        assert!(!message.contains("wrong-key"), "{message}");
        assert!(error.source().is_some());
    }
}

#[tokio::test]
async fn no_default_entity_is_an_error_that_says_what_to_write() {
    let server = Scripted::start(vec![reply(200, "", "{\"data\": {\"viewer\": null}}")]).await;
    let api = Api::builder()
        .base_url(&server.url)
        .credentials(Arc::new(Anonymous))
        .build()
        .expect("an Api");
    let error = api.run("project/run").await.expect_err("no entity");
    assert_eq!(error.kind(), &ErrorKind::Path);
    assert!(error.to_string().contains("set WANDB_ENTITY"), "{error}");
    assert!(
        !server.requests()[0].to_lowercase().contains("\r\nauthorization:"),
        "anonymous"
    );
}

#[tokio::test]
async fn what_an_older_server_lacks_is_found_out_once_for_the_api() {
    let server = DevServer::builder()
        .without(Feature::Md5)
        .without(Feature::Pattern)
        .start()
        .await
        .expect("a server");
    for name in ["a.json", "b.txt"] {
        server
            .add_file("team", "project", "run", name, b"x")
            .await
            .expect("a file");
    }
    let api = builder(&server).build().expect("an Api");
    for _ in 0..2 {
        let run = api.run_unchecked("team/project/run").await.expect("a handle");
        let found = run.files().pattern("%.json").select().await.expect("a selection");
        assert_eq!(found.files.len(), 1);
        assert_eq!(found.files[0].md5(), None);
    }
    let features = api.features().await.expect("the features");
    assert!(!features.file_md5 && !features.files_pattern && features.file_direct_url);
    assert_eq!(
        operations(&server),
        ["RunFiles", "ServerFeatures", "RunFiles", "RunFiles"]
    );
}

#[tokio::test]
async fn files_are_deleted_and_failures_have_their_kinds() {
    let server = server().await;
    let api = builder(&server).build().expect("an Api");
    let run = api.run_unchecked("team/project/run").await.expect("a handle");
    let file = run.file("a.json").await.expect("the file");
    file.delete().await.expect("a deletion");
    let gone = run.file("a.json").await.expect_err("no file");
    assert_eq!(*gone.kind(), ErrorKind::NotFound);

    let file = run.file("b.txt").await.expect("the file");
    let no = r#"{"data":{"deleteFiles":{"success":false}}}"#;
    server.inject(Fault::on_graphql().operation("deleteFiles").reply(200, &[], no));
    let refused: wandb_client::Error = file.delete().await.expect_err("a refusal").into();
    assert_eq!(*refused.kind(), ErrorKind::Refused);
    let no = r#"{"errors":[{"message":"permission denied"}]}"#;
    server.inject(Fault::on_graphql().operation("deleteFiles").reply(403, &[], no));
    let refused: wandb_client::Error = file.delete().await.expect_err("a refusal").into();
    assert_eq!(
        *refused.kind(),
        ErrorKind::Transport(TransportErrorKind::Permission)
    );
    assert!(
        refused
            .to_string()
            .starts_with("cannot delete \"b.txt\" of team/project/run: "),
        "{refused}"
    );
}

#[tokio::test]
async fn the_transport_can_be_replaced() {
    use wandb_client::Transport;
    use wandb_transport::{Operation, Reply, TransportError};

    struct Canned;

    #[async_trait::async_trait]
    impl Transport for Canned {
        async fn send(&self, _: Operation) -> Result<Reply, TransportError> {
            let body = "{\"data\": {\"project\": {\"run\": {\"id\": \"x\"}}}}";
            Ok(Reply::new(200, body))
        }
    }

    let api = Api::builder()
        .transport(Arc::new(Canned))
        .build()
        .expect("no key needed");
    assert!(api.run("e/p/r").await.is_ok());
}

#[tokio::test]
async fn errors_of_listings_and_downloads_become_this_crates() {
    async fn names(api: &Api) -> Result<Vec<String>, wandb_client::Error> {
        let run = api.run_unchecked("team/project/run").await?;
        let mut files = run.files().names(["a.json"]).pattern("%.json").paginate()?;
        let mut names = Vec::new();
        while let Some(file) = files.next().await? {
            names.push(file.name().to_owned());
        }
        Ok(names)
    }
    let server = server().await;
    let error = names(&builder(&server).build().expect("an Api"))
        .await
        .expect_err("both");
    assert_eq!(error.kind(), &ErrorKind::Listing);
    assert!(
        error.to_string().contains("names or by a pattern, not by both"),
        "{error}"
    );
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_file_is_uploaded_under_its_path_below_the_root() {
    let server = server().await;
    let api = builder(&server).build().expect("an Api");
    let run = api.run_unchecked("team/project/run").await.expect("a handle");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("d/new.txt");
    std::fs::create_dir_all(folder.path().join("d")).expect("a folder");
    std::fs::write(&path, "hello").expect("a file");

    let file = run.upload_file(&path, folder.path()).await.expect("a file");
    assert_eq!((file.name(), file.size()), ("d/new.txt", 5));
    assert_eq!(file.md5(), Some("XUFAKrxLKna5cZ2REBfFkg=="));

    let refused = run.upload_file(folder.path().join("d"), folder.path()).await;
    assert_eq!(
        refused.expect_err("a folder is no file").kind(),
        &ErrorKind::Local
    );
    let outside = run.upload_file(&path, folder.path().join("elsewhere")).await;
    assert_eq!(
        outside.expect_err("outside of the root").kind(),
        &ErrorKind::Local
    );
    let nowhere = api.run_unchecked("team/project/nope").await.expect("a handle");
    let refused = nowhere
        .upload_file(&path, folder.path())
        .await
        .expect_err("no run");
    assert!(refused.to_string().contains("team/project/nope"), "{refused}");
}
