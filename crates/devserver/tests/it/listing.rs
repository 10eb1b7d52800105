//! How a run's files are listed.

use crate::client::{field, fill, names, names_of, node, run_files, server_with};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use wandb_devserver::{DevServer, Listed};

async fn server_of(count: u64) -> DevServer {
    let server = DevServer::builder().page_limit(100).start().await.unwrap();
    let files = (0..count).map(|number| Listed::new(format!("f{number:04}"), number));
    server.add_listing("team", "project", "run", files).await.unwrap();
    server
}

/// All names, page by page, and how many came on each.
async fn walk(server: &DevServer, mut variables: Value) -> (Vec<String>, Vec<usize>) {
    let (mut all, mut pages) = (Vec::new(), Vec::new());
    loop {
        let run = run_files(server, variables.clone()).await;
        let names = names_of(&run);
        pages.push(names.len());
        all.extend(names);
        let info = &run["files"]["pageInfo"];
        let last = run["files"]["edges"].as_array().unwrap().last();
        assert_eq!(
            last.map_or(&Value::Null, |edge| &edge["cursor"]),
            &info["endCursor"]
        );
        if info["hasNextPage"] == false {
            return (all, pages);
        }
        variables["fileCursor"] = info["endCursor"].clone();
    }
}

fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("f{number:04}")).collect()
}

#[tokio::test]
async fn pages_have_fifty_unless_told_otherwise() {
    let server = server_of(120).await;
    assert_eq!(walk(&server, json!({})).await, (numbered(120), vec![50, 50, 20]));
    assert_eq!(
        walk(&server, json!({ "fileLimit": 60 })).await,
        (numbered(120), vec![60, 60])
    );
    assert_eq!(walk(&server, json!({ "fileLimit": null })).await.1, [50, 50, 20]);
}

#[tokio::test]
async fn a_page_is_no_longer_than_the_server_allows() {
    let server = server_of(250).await;
    assert_eq!(
        walk(&server, json!({ "fileLimit": 5000 })).await,
        (numbered(250), vec![100, 100, 50])
    );
}

#[tokio::test]
async fn an_empty_run_has_one_empty_page() {
    let server = server_with(&[]).await;
    let run = run_files(&server, json!({})).await;
    let page_info = json!({ "endCursor": null, "hasNextPage": false });
    assert_eq!(
        run,
        json!({ "fileCount": 0, "files": { "edges": [], "pageInfo": page_info } })
    );
}

#[tokio::test]
async fn cursors_are_offsets_so_deleting_shifts_what_follows() {
    let server = server_of(10).await;
    let page = run_files(&server, json!({ "fileLimit": 3 })).await;
    let cursor = page["files"]["pageInfo"]["endCursor"].clone();
    let text = STANDARD.decode(cursor.as_str().unwrap()).unwrap();
    assert_eq!(text, b"arrayconnection:2");
    let ids = json!([
        page["files"]["edges"][0]["node"]["id"],
        page["files"]["edges"][2]["node"]["id"]
    ]);
    let delete = "mutation D($ids: [ID!]!) { deleteFiles(input: { files: $ids }) { success } }";
    crate::client::data(&server, delete, json!({ "ids": ids })).await;
    let next = run_files(&server, json!({ "fileLimit": 3, "fileCursor": cursor })).await;
    assert_eq!(names_of(&next), ["f0005", "f0006", "f0007"]);
    assert_eq!(next["fileCount"], 8);
}

#[tokio::test]
async fn a_cursor_beyond_the_end_gives_an_empty_last_page() {
    let server = server_of(5).await;
    let cursor = STANDARD.encode("arrayconnection:99");
    let run = run_files(&server, json!({ "fileCursor": cursor })).await;
    assert_eq!(
        (names_of(&run).len(), &run["files"]["pageInfo"]["hasNextPage"]),
        (0, &json!(false))
    );
}

#[tokio::test]
async fn a_node_has_the_fields_of_the_file() {
    let server = DevServer::start().await.unwrap();
    let listed = Listed {
        name: "model.h5".into(),
        size: 5_000_000_000,
        md5: Some("1B2M2Y8AsgTpgAmY7PhCfg==".into()),
        mimetype: Some("application/x-hdf".into()),
        updated_at: Some(1_714_566_896),
    };
    server
        .add_listing("team", "project", "run", [listed, Listed::new("bare", 0)])
        .await
        .unwrap();
    let mut file = node(&server, "model.h5").await;
    let id = STANDARD.decode(file["id"].take().as_str().unwrap()).unwrap();
    assert_eq!(id, b"File:1");
    assert!(
        file["directUrl"]
            .take()
            .as_str()
            .unwrap()
            .starts_with(server.storage_url())
    );
    assert_eq!(
        file,
        json!({
            "id": null,
            "name": "model.h5",
            "url": format!("{}/files/team/project/run/model.h5", server.url()),
            "directUrl": null,
            "sizeBytes": 5_000_000_000_u64,
            "mimetype": "application/x-hdf",
            "updatedAt": "2024-05-01T12:34:56Z",
            "md5": "1B2M2Y8AsgTpgAmY7PhCfg==",
        })
    );
    let bare = node(&server, "bare").await;
    assert_eq!(
        (&bare["md5"], &bare["mimetype"], &bare["updatedAt"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
}

#[tokio::test]
async fn sizes_and_times_can_take_their_other_form() {
    let server = DevServer::builder()
        .int64_as_strings(true)
        .times_without_zone(true)
        .start()
        .await
        .unwrap();
    let listed = Listed {
        updated_at: Some(1_714_566_896),
        ..Listed::new("a", 9_007_199_254_740_993)
    };
    server
        .add_listing("team", "project", "run", [listed])
        .await
        .unwrap();
    let file = node(&server, "a").await;
    assert_eq!(file["sizeBytes"], "9007199254740993");
    assert_eq!(file["updatedAt"], "2024-05-01T12:34:56");
}

#[tokio::test]
async fn patterns_are_read_as_mysql_reads_them() {
    let server = server_with(&[
        ("config.yaml", ""),
        ("media/Plot_1.PNG", ""),
        ("media/plot-2.png", ""),
        ("100%.txt", ""),
        (r"back\slash", ""),
        ("ÄRGER.log", ""),
    ])
    .await;
    for (pattern, expected) in [
        (
            "%",
            vec![
                "config.yaml",
                "media/Plot_1.PNG",
                "media/plot-2.png",
                "100%.txt",
                r"back\slash",
                "ÄRGER.log",
            ],
        ),
        ("%.png", vec!["media/Plot_1.PNG", "media/plot-2.png"]),
        ("%PLOT_2%", vec!["media/plot-2.png"]),
        (r"%plot\_%", vec!["media/Plot_1.PNG"]),
        (r"100\%.txt", vec!["100%.txt"]),
        (r"%\\%", vec![r"back\slash"]),
        (r"back\\slash", vec![r"back\slash"]),
        (r"con\fig.yaml", vec!["config.yaml"]),
        (r"back\", vec![]),
        ("ärger.___", vec!["ÄRGER.log"]),
        ("config", vec![]),
        ("*.png", vec![]),
        (
            "",
            vec![
                "config.yaml",
                "media/Plot_1.PNG",
                "media/plot-2.png",
                "100%.txt",
                r"back\slash",
                "ÄRGER.log",
            ],
        ),
    ] {
        assert_eq!(
            names(&server, json!({ "pattern": pattern })).await,
            expected,
            "{pattern}"
        );
    }
}

#[tokio::test]
async fn a_pattern_is_paged_too_and_the_count_stays_that_of_the_run() {
    let server = server_of(300).await;
    let variables = json!({ "pattern": "f__5%", "fileLimit": 12 });
    let expected: Vec<_> = numbered(300)
        .into_iter()
        .filter(|name| &name[3..4] == "5")
        .collect();
    assert_eq!(
        walk(&server, variables.clone()).await,
        (expected, vec![12, 12, 6])
    );
    assert_eq!(run_files(&server, variables).await["fileCount"], 300);
}

#[tokio::test]
async fn names_that_do_not_exist_have_placeholders() {
    let server = server_with(&[("a", "1"), ("b", "22")]).await;
    let run = run_files(&server, json!({ "fileNames": ["nope", "b", "b", "../x"] })).await;
    assert_eq!(names_of(&run), ["nope", "b", "../x"]);
    assert_eq!(run["fileCount"], 2);
    let nodes: Vec<_> = run["files"]["edges"]
        .as_array()
        .unwrap()
        .iter()
        .map(|edge| &edge["node"])
        .collect();
    for placeholder in [nodes[0], nodes[2]] {
        assert_eq!(placeholder["sizeBytes"], 0);
        assert_eq!(placeholder["md5"], "0");
        assert_eq!(placeholder["updatedAt"], Value::Null);
    }
    assert_ne!(nodes[0]["id"], nodes[2]["id"]);
    assert_eq!(nodes[1]["sizeBytes"], 2);
}

#[tokio::test]
async fn names_are_paged_and_win_over_a_pattern() {
    let server = server_of(120).await;
    let mut wanted = numbered(120);
    wanted.reverse();
    assert_eq!(
        walk(&server, json!({ "fileNames": wanted })).await,
        (wanted, vec![50, 50, 20])
    );
    let both = json!({ "fileNames": ["f0001"], "pattern": "f0002" });
    assert_eq!(names(&server, both).await, ["f0001"]);
}

#[tokio::test]
async fn a_file_that_is_replaced_keeps_its_place_and_its_id() {
    let server = server_with(&[("a", "1"), ("b", "2")]).await;
    let before = field(&server, "a", "id").await;
    fill(&server, &[("a", "longer"), ("c", "3")]).await;
    assert_eq!(names(&server, json!({})).await, ["a", "b", "c"]);
    let after = node(&server, "a").await;
    assert_eq!((&after["id"], &after["sizeBytes"]), (&json!(before), &json!(6)));
}

#[tokio::test]
async fn a_listing_may_name_a_file_twice() {
    let server = server_with(&[("b", "2")]).await;
    let files = ["a", "b", "a", "c"].map(|name| Listed::new(name, 7));
    server.add_listing("team", "project", "run", files).await.unwrap();
    let run = run_files(&server, json!({ "fileLimit": 2 })).await;
    assert_eq!(
        (names_of(&run), &run["fileCount"]),
        (vec!["b".into(), "a".into()], &json!(3))
    );
    assert_eq!(walk(&server, json!({ "fileLimit": 2 })).await.0, ["b", "a", "c"]);
}

#[tokio::test]
async fn references_have_their_own_address() {
    let server = server_with(&[]).await;
    server
        .add_reference("team", "project", "run", "ref.h5", "s3://bucket/key")
        .await
        .unwrap();
    let file = node(&server, "ref.h5").await;
    assert_eq!(
        (&file["url"], &file["directUrl"]),
        (&json!("s3://bucket/key"), &json!("s3://bucket/key"))
    );
}

#[tokio::test]
async fn runs_do_not_see_each_others_files() {
    let server = server_with(&[("a", "1")]).await;
    server
        .add_file("team", "project", "other", "b", b"2")
        .await
        .unwrap();
    server
        .add_file("team", "elsewhere", "run", "c", b"3")
        .await
        .unwrap();
    assert_eq!(names(&server, json!({})).await, ["a"]);
}
