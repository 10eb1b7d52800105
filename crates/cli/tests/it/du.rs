//! `wbf du`.

use insta::assert_snapshot;
use serde_json::{Value, json};
use wandb_devserver::{DevServer, Fault, Listed, RunSpec};

use crate::setup::{Setup, objects};

/// `e/p` with the runs `r` and `s`, and `empty` without files.
async fn setup() -> Setup {
    let server = DevServer::builder().entity("e").start().await.unwrap();
    let setup = Setup::with(server, &[]).await;
    let spec = RunSpec {
        display_name: Some("second try".to_owned()),
        state: Some("crashed".to_owned()),
        ..RunSpec::default()
    };
    setup.server.add_run_with("e", "p", "s", spec).await.unwrap();
    setup.server.add_run("e", "p", "empty").await.unwrap();
    for (run, files) in [
        (
            "r",
            vec![
                ("model.pt", 6000),
                ("media/a.png", 1000),
                ("media/b/c.PNG", 2000),
                ("config.yaml", 24),
            ],
        ),
        ("s", vec![("model.pt", 1000), ("media/b/d.png", 500)]),
    ] {
        let files = files.into_iter().map(|(name, size)| Listed::new(name, size));
        setup.server.add_listing("e", "p", run, files).await.unwrap();
    }
    setup
}

async fn rows(setup: &Setup, args: &[&str]) -> Vec<String> {
    let outcome = setup
        .wbf([&["-q", "du", "--format", "ndjson"], args].concat())
        .await;
    assert_eq!((outcome.status, outcome.stderr.as_str()), (0, ""), "{args:?}");
    let row = |row: &Value| {
        format!(
            "{} {} {}",
            row["name"].as_str().unwrap(),
            row["bytes"],
            row["files"]
        )
    };
    objects(&outcome.stdout).iter().map(row).collect()
}

#[tokio::test]
async fn sums_by_folder_type_and_run() {
    let setup = setup().await;
    assert_eq!(rows(&setup, &["e/p/r"]).await, [". 6024 2", "media 3000 2"]);
    assert_eq!(rows(&setup, &["e/p/r", "--depth", "0"]).await, [". 9024 4"]);
    assert_eq!(
        rows(&setup, &["e/p/r", "--depth", "2"]).await,
        [". 6024 2", "media/b 2000 1", "media 1000 1"]
    );
    assert_eq!(
        rows(&setup, &["e/p/r", "--by", "type"]).await,
        [".pt 6000 1", ".png 3000 2", ".yaml 24 1"]
    );
    assert_eq!(rows(&setup, &["e/p"]).await, [". 7024 3", "media 3500 3"]);
    assert_eq!(
        rows(&setup, &["e/p", "--by", "run"]).await,
        ["e/p/r 9024 4", "e/p/s 1500 2"]
    );
    assert_eq!(
        rows(&setup, &["e/p", "--by", "run", "--top", "1"]).await,
        ["e/p/r 9024 4"]
    );
}

#[tokio::test]
async fn what_is_summed_up_can_be_chosen() {
    let setup = setup().await;
    assert_eq!(
        rows(&setup, &["e/p", "--state", "crashed"]).await,
        [". 1000 1", "media 500 1"]
    );
    assert_eq!(
        rows(&setup, &["e/p", "--include", "*.png", "--min-size", "1k"]).await,
        Vec::<String>::new()
    );
    assert_eq!(
        rows(&setup, &["e/p", "--exclude", "*.pt", "--max-size", "999"]).await,
        ["media 500 1", ". 24 1"]
    );
    assert_eq!(rows(&setup, &["p", "--pattern", "%.pt"]).await, [". 7000 2"]);
    assert_eq!(
        rows(&setup, &["e/p/r", "e/p/s", "--by", "type"]).await,
        [".pt 7000 2", ".png 3500 3", ".yaml 24 1"]
    );
    assert_eq!(
        rows(&setup, &["e/p/r", "e/p", "e/p/runs/r", "--by", "run"]).await[0],
        "e/p/r 9024 4"
    );
    assert!(rows(&setup, &["e/p", "--state", "failed"]).await.is_empty());
    assert!(rows(&setup, &["e/p/empty"]).await.is_empty());
}

#[tokio::test]
async fn a_project_costs_a_request_for_many_runs() {
    let setup = setup().await;
    rows(&setup, &["e/p/r"]).await;
    assert_eq!(setup.server.requests().len(), 1);
    setup.server.clear_requests();
    rows(&setup, &["e/p"]).await;
    assert_eq!(setup.server.requests().len(), 1);
}

#[tokio::test]
async fn the_table_is_plain_where_nobody_looks() {
    let setup = setup().await;
    setup
        .server
        .add_listing("e", "p", "r", [Listed::new("evil\u{1b}[2J\n/x", 4)])
        .await
        .unwrap();
    let outcome = setup.wbf(["du", "e/p", "--depth", "2"]).await;
    assert_snapshot!(outcome.stdout, @r#"
6.86 KiB   66.7%  ####################          3  ./
2.44 KiB   23.7%  #######                       2  media/b/
  1000 B    9.5%  ###                           1  media/
     4 B    0.0%                                1  evil\u{1b}[2J\n/
"#);
    assert_snapshot!(outcome.stderr, @r#"10.28 KiB in 7 files of 2 runs"#);
    let outcome = setup.wbf(["du", "e/p", "--by", "run", "--top", "1"]).await;
    assert_snapshot!(outcome.stdout, @r#"
8.82 KiB   85.8%  ####################          5  e/p/r
1.46 KiB   14.2%                                2  (1 more run)
"#);
}

#[tokio::test]
async fn json_and_csv() {
    let setup = setup().await;
    let outcome = setup
        .wbf(["-q", "du", "e/p", "--by", "run", "--format", "json"])
        .await;
    let rows: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(
        rows[1],
        json!({"by": "run", "name": "e/p/s", "display_name": "second try", "bytes": 1500, "files": 2, "share": 1500.0 / 10524.0})
    );
    let outcome = setup
        .wbf(["-q", "du", "e/p/r", "--by", "type", "--format", "csv"])
        .await;
    assert!(
        outcome
            .stdout
            .starts_with("by,name,bytes,files,share\ntype,.pt,6000,1,0.66"),
        "{}",
        outcome.stdout
    );
}

#[tokio::test]
async fn a_page_of_its_own() {
    let setup = setup().await;
    let evil = "</script><img src=x onerror=alert(1)>";
    setup
        .server
        .add_listing("e", "p", "r", [Listed::new(evil, 1 << 40)])
        .await
        .unwrap();
    std::fs::write(setup.root().join("page.html"), "old").unwrap();
    let outcome = setup.wbf(["du", "e/p", "--html", "page.html"]).await;
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    let page = std::fs::read_to_string(setup.root().join("page.html")).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
    assert!(!page.contains("<img"));
    let (_, data) = page.split_once("id=\"data\">").unwrap();
    let data: Value = serde_json::from_str(data.split_once("</script>").unwrap().0).unwrap();
    assert_eq!(data["folder"]["c"][0]["n"], "<");
    let file = &data["type"]["c"][0]["c"][0]["c"][0];
    assert_eq!(file["n"], "script><img src=x onerror=alert(1)>");
    assert_eq!(
        (&data["run"]["b"], &data["run"]["f"]),
        (&json!((1_u64 << 40) + 10524), &json!(7))
    );
    let left: Vec<_> = std::fs::read_dir(setup.root()).unwrap().collect();
    assert_eq!(left.len(), 1);
}

#[tokio::test]
async fn a_run_that_cannot_be_listed_stops_no_other() {
    let setup = setup().await;
    let outcome = setup
        .wbf([
            "du",
            "e/p/nope",
            "e/p/s",
            "--by",
            "run",
            "--format",
            "ndjson",
            "--html",
            "page.html",
        ])
        .await;
    assert_eq!((outcome.status, objects(&outcome.stdout).len()), (1, 1));
    assert_snapshot!(outcome.stderr, @r#"
wbf: there is no run e/p/nope, or no permission to see it; check the path, and whose key this is
1.46 KiB in 2 files of 1 run; what could not be listed is lacking
"#);
    assert!(setup.root().join("page.html").exists());
}

#[tokio::test]
async fn what_is_wrong_is_told() {
    let setup = setup().await;
    let told = async |args: &[&str]| {
        let outcome = setup.wbf(args).await;
        assert_eq!(outcome.stdout, "");
        format!("{} {}", outcome.status, setup.stable(&outcome.stderr))
    };
    assert_snapshot!(told(&["du", "e/p/nope"]).await, @r#"1 wbf: there is no run e/p/nope, or no permission to see it; check the path, and whose key this is"#);
    assert_snapshot!(told(&["du", "e/nope", "--html", "page.html"]).await, @r#"1 wbf: there is no project e/nope, or no permission to see it; check the path, and whose key this is"#);
    assert!(!setup.root().join("page.html").exists());
    setup.server.clear_requests();
    assert_snapshot!(told(&["du", "e/p", "--html", "no/page.html"]).await, @r#"1 wbf: cannot write the page to no/page.html: there is no folder no"#);
    assert_snapshot!(told(&["du", "e/p", "--html", "."]).await, @r#"1 wbf: cannot write the page to .: it is a folder; name a file, such as usage.html"#);
    assert_snapshot!(told(&["du", "e/p/r", "--state", "failed"]).await, @r#"2 wbf: --state chooses among the runs of a project, and e/p/r is a run"#);
    assert_snapshot!(told(&["du", ""]).await, @r#"2 wbf: "" names no project: it is empty; write ENTITY/PROJECT or the project's web address; PROJECT where an entity is set"#);
    assert_eq!(setup.server.requests().len(), 0);
    setup.server.inject(
        Fault::on_graphql()
            .times(u32::MAX)
            .reply(400, &[], r#"{"errors":["broken"]}"#),
    );
    assert_snapshot!(told(&["du", "e/p"]).await, @r#"
1  WARN RunsWithFiles failed: [URL]/graphql answered with an error: HTTP 400: broken; these runs are asked for their files one by one
wbf: cannot list the runs of e/p: RunsWithFiles failed: [URL]/graphql answered with an error: HTTP 400: broken
"#);
}
