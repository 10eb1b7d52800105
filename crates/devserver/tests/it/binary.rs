//! The command `wandb-devserver`.

use crate::client::basic;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use wandb_devserver::DevServer;

const KEY: &str = "0123456789012345678901234567890123456789";

/// The running command, with the line that it printed. It is ended where a test does not end it.
struct Running {
    child: Child,
    line: String,
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        Self::start_with(Command::new(env!("CARGO_BIN_EXE_wandb-devserver")).args(arguments))
    }

    fn start_with(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        Self {
            child,
            line: line.trim_end().to_owned(),
        }
    }

    fn url(&self) -> String {
        let described: Value = serde_json::from_str(&self.line).unwrap();
        described["url"].as_str().unwrap().to_owned()
    }

    #[cfg(unix)]
    fn end_by(mut self, signal: &str) -> Option<i32> {
        let status = Command::new("kill")
            .args([signal, &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(status.success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        // Killed, it would leave its temporary folder behind.
        let asked = Command::new("kill").arg(self.child.id().to_string()).status();
        if !asked.is_ok_and(|status| status.success()) {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

async fn names(url: &str, run: &str) -> Vec<String> {
    let query = format!(
        r#"{{ project(name: "project", entityName: "team") {{
            run(name: "{run}") {{ files {{ edges {{ node {{ name }} }} }} }}
        }} }}"#
    );
    let request = crate::client::http()
        .post(format!("{url}/graphql"))
        .header("authorization", basic(KEY));
    let answer = request
        .body(json!({ "query": query }).to_string())
        .send()
        .await
        .unwrap();
    let body: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    crate::client::names_of(&body["data"]["project"]["run"])
}

fn seed() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("sub")).unwrap();
    std::fs::write(folder.path().join("sub/b.txt"), "b").unwrap();
    std::fs::write(folder.path().join("a.txt"), "a").unwrap();
    folder
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test]
async fn it_says_what_to_export() {
    let running = Running::start(&["--api-key", KEY, "--prefix", "/x"]);
    let Some((url, key)) = running
        .line
        .strip_prefix("export WANDB_BASE_URL=")
        .and_then(|rest| rest.split_once(" WANDB_API_KEY="))
    else {
        panic!("{}", running.line)
    };
    assert!(
        url.starts_with("http://127.0.0.1:") && url.ends_with("/x"),
        "{url}"
    );
    assert_eq!(key, KEY);
}

#[cfg(unix)]
#[tokio::test]
async fn it_keeps_its_data_where_it_is_told_to() {
    let (data, seed) = (tempfile::tempdir().unwrap(), seed());
    let kept = ["--json", "--api-key", KEY, "--data-dir", text(data.path())];
    let filled = [
        &kept[..],
        &["--seed-folder", text(seed.path()), "--into", "team/project/one"],
    ]
    .concat();
    let first = Running::start(&filled);
    assert_eq!(names(&first.url(), "one").await, ["a.txt", "sub/b.txt"]);
    assert_eq!(first.end_by("-INT"), Some(0));

    let again = Running::start(&kept);
    assert_eq!(names(&again.url(), "one").await, ["a.txt", "sub/b.txt"]);
    assert_eq!(again.end_by("-INT"), Some(0));

    let server = DevServer::builder().data_dir(data.path()).start().await.unwrap();
    server.add_run("team", "project", "one").await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn it_takes_its_temporary_folder_along() {
    let place = tempfile::tempdir().unwrap();
    let is_empty = || std::fs::read_dir(place.path()).unwrap().next().is_none();
    for signal in ["-INT", "-TERM", "-HUP"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wandb-devserver"));
        command.env("TMPDIR", place.path());
        let running = Running::start_with(command.args(["--json", "--run", "team/project/one"]));
        assert!(!is_empty());
        // A client that has begun a request and does not go on with it.
        let described: Value = serde_json::from_str(&running.line).unwrap();
        let storage = described["storage_url"].as_str().unwrap();
        let mut idle = TcpStream::connect(storage.trim_start_matches("http://")).unwrap();
        idle.write_all(
            b"PUT /wandb-files/team/project/one/a HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n",
        )
        .unwrap();
        assert_eq!(running.end_by(signal), Some(0), "{signal}");
        assert!(is_empty(), "{signal}");
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_wandb-devserver"));
    let nowhere = place.path().join("nope");
    command
        .env("TMPDIR", place.path())
        .args(["--seed-folder", text(&nowhere), "--into", "a/b/c"]);
    assert_eq!(command.output().unwrap().status.code(), Some(1));
    assert!(is_empty());
}

#[tokio::test]
async fn it_stores_as_it_is_told_to() {
    let told = [
        "--relative-upload-urls",
        "--azure",
        "--list-when-marked",
        "--delete-limit",
        "1",
        "--listing-delay",
        "2",
    ];
    let running = Running::start(
        &[
            &["--json", "--api-key", KEY, "--run", "team/project/one"],
            &told[..],
        ]
        .concat(),
    );
    let query = r#"mutation { createRunFiles(input: {
        entityName: "team", projectName: "project", runName: "one", files: ["a"]
    }) { uploadHeaders files { uploadUrl } } }"#;
    let request = crate::client::http()
        .post(format!("{}/graphql", running.url()))
        .header("authorization", basic(KEY));
    let answer = request
        .body(json!({ "query": query }).to_string())
        .send()
        .await
        .unwrap();
    let body: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    let created = json!({
        "uploadHeaders": ["x-ms-blob-type:BlockBlob"],
        "files": [{ "uploadUrl": "/files/team/project/one/a" }],
    });
    assert_eq!(body["data"]["createRunFiles"], created);
}

#[tokio::test]
async fn it_tells_what_it_was_asked_and_no_secret() {
    let recording = Running::start(&[
        "--json",
        "--api-key",
        KEY,
        "--record",
        "--run",
        "team/project/one",
    ]);
    let url = recording.url();
    names(&url, "one").await;
    let asked = || async {
        let answer = crate::client::http()
            .get(format!("{url}/_devserver/requests"))
            .send();
        answer.await.unwrap().text().await.unwrap()
    };
    let (first, second) = (asked().await, asked().await);
    assert_eq!(first, second, "asking is not recorded");
    assert!(!first.contains(&basic(KEY)), "{first}");
    let first: Value = serde_json::from_str(&first).unwrap();
    let graphql = json!({
        "listener": "api", "method": "POST", "path": "/graphql", "operation": null, "variables": null,
        "request_bytes": first[0]["request_bytes"], "has_authorization": true, "at_once": 1, "status": 200,
        "came": first[0]["came"], "ended": first[0]["ended"],
    });
    assert_eq!(first, json!([graphql]));
    assert!(first[0]["request_bytes"].as_u64() > Some(50));
    assert!(first[0]["ended"].as_f64() >= first[0]["came"].as_f64() && first[0]["came"].is_f64());
    let deletions = crate::client::get(&format!("{url}/_devserver/deletions"), &[]).await;
    assert_eq!(deletions.text().await.unwrap(), "[]");

    let silent = Running::start(&["--json", "--api-key", KEY]);
    let address = format!("{}/_devserver/requests", silent.url());
    let answer = crate::client::http().get(address).send().await.unwrap();
    assert_eq!(answer.status(), 404);
}

#[tokio::test]
async fn it_makes_runs_and_listings() {
    let running = Running::start(&[
        "--json",
        "--api-key",
        KEY,
        "--run",
        "team/project/empty",
        "--synthetic",
        "3",
        "--into",
        "team/project/many",
    ]);
    assert_eq!(names(&running.url(), "empty").await, [""; 0]);
    assert_eq!(names(&running.url(), "many").await.len(), 3);
}

#[tokio::test]
async fn it_fills_a_project_with_runs() {
    let running = Running::start(&[
        "--json",
        "--api-key",
        KEY,
        "--synthetic-runs",
        "3",
        "--files-per-run",
        "7",
        "--into-project",
        "team/project",
    ]);
    for run in ["run-00000", "run-00002"] {
        assert_eq!(names(&running.url(), run).await.len(), 7, "{run}");
    }
}

#[tokio::test]
async fn it_does_the_faults_that_it_is_told_to() {
    let faults = [
        "--fault",
        "graphql::times=2:reply=503",
        "--latency",
        "1ms",
        "--rate",
        "1000000",
    ];
    let running = Running::start(&[&["--json", "--api-key", KEY][..], &faults].concat());
    let url = format!("{}/graphql", running.url());
    for status in [503, 503, 405] {
        assert_eq!(crate::client::get(&url, &[]).await.status(), status);
    }
    // Without --record, no other program has a say.
    let door = format!("{}/_devserver/faults", running.url());
    assert_eq!(crate::client::get(&door, &[]).await.status(), 404);
}

#[tokio::test]
async fn it_can_be_an_older_server() {
    let without = ["--without", "md5,pattern", "--without", "file-count"];
    let running = Running::start(
        &[
            &["--json", "--api-key", KEY, "--run", "team/project/one"],
            &without[..],
        ]
        .concat(),
    );
    assert_eq!(names(&running.url(), "one").await, [""; 0]);
    let query = r#"{ project(name: "project", entityName: "team") {
        run(name: "one") { fileCount files(pattern: "%") { edges { node { md5 } } } }
    } }"#;
    let request = crate::client::http()
        .post(format!("{}/graphql", running.url()))
        .header("authorization", basic(KEY));
    let answer = request
        .body(json!({ "query": query }).to_string())
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 400);
    let body: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!(body["errors"].as_array().unwrap().len(), 3);
}

#[test]
fn bad_arguments_are_explained() {
    let seed = seed();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let missing = seed.path().join("nope");
    for (arguments, status, said) in [
        (
            &["--run", "team/project"][..],
            2,
            "a run is written ENTITY/PROJECT/RUN",
        ),
        (&["--synthetic", "3"], 2, "--into"),
        (&["--synthetic-runs", "3"], 2, "--into-project"),
        (
            &["--into-project", "team/project/run"],
            2,
            "a project is written ENTITY/PROJECT",
        ),
        (&["--fault", "storage::explode"], 2, "no setting"),
        (&["--latency", "30"], 2, "30ms"),
        (&["--without", "md6"], 2, "only md5, direct-url"),
        (&["--seed-folder", text(&missing), "--into", "a/b/c"], 1, "nope"),
        (&["--port", &port], 1, "choose another port"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_wandb-devserver"))
            .args(arguments)
            .output()
            .unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(status), "{error}");
        assert!(error.contains(said), "{error}");
    }
}
