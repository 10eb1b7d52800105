//! Artifacts: what the server has, and how clients log more.

use crate::client::{data, get, header, post, with_key};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use reqwest::Method;
use serde_json::{Value, json};
use wandb_devserver::{ArtifactEntry, ArtifactSpec, DevServer};

/// 2024-05-01T12:00:00Z.
const NOON: i64 = 1_714_564_800;

fn md5(text: &str) -> String {
    STANDARD.encode(Md5::digest(text))
}

/// A dataset in two versions and a model.
async fn filled() -> DevServer {
    let server = DevServer::start().await.unwrap();
    let first = ArtifactSpec {
        entries: vec![
            ArtifactEntry::file("a.txt", "hello"),
            ArtifactEntry::file("sub/b c#%.bin", "bytes"),
            ArtifactEntry::reference("refs/web", "https://example.com/x", "etag-1").size(7),
            ArtifactEntry::reference("refs/s3", "s3://bucket/key", "etag-2"),
        ],
        aliases: vec!["best".into()],
        description: Some("rows".into()),
        metadata: json!({ "rows": 3 }),
        tags: vec!["clean".into()],
        logged_by: Some("maker".into()),
        used_by: vec!["user-1".into(), "user-2".into()],
        created_at: Some(NOON),
    };
    let second = ArtifactSpec {
        entries: vec![ArtifactEntry::file("a.txt", "hello again")],
        logged_by: Some("maker".into()),
        created_at: Some(NOON + 60),
        ..ArtifactSpec::default()
    };
    let model = ArtifactSpec {
        entries: vec![ArtifactEntry::file("model.pt", "weights")],
        ..ArtifactSpec::default()
    };
    for (kind, collection, spec, version) in [
        ("dataset", "data", first, 0),
        ("dataset", "data", second, 1),
        ("model", "net", model, 0),
    ] {
        let added = server
            .add_artifact("team", "project", kind, collection, spec)
            .await
            .unwrap();
        assert_eq!(added, version);
    }
    server
}

async fn project(server: &DevServer, selection: &str) -> Value {
    let query = format!(r#"{{ project(name: "project", entityName: "team") {{ {selection} }} }}"#);
    data(server, &query, json!({})).await["project"].take()
}

fn all<'a>(connection: &'a Value, field: &str) -> Vec<&'a str> {
    let edges = connection["edges"].as_array().unwrap();
    edges
        .iter()
        .map(|edge| edge["node"][field].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn types_lead_to_collections_and_these_to_versions() {
    let server = filled().await;
    let found = project(
        &server,
        r#"artifactTypes { edges { node { name } } }
           artifactType(name: "dataset") {
               artifactCollections { totalCount edges { node { name } } }
               artifactCollection(name: "data") {
                   __typename name defaultArtifactType { name }
                   aliases { edges { node { alias artifact { versionIndex } } } }
                   artifacts { totalCount edges { version node { versionIndex state } } }
                   oldest: artifacts(order: "+versionIndex", first: 1) {
                       edges { version } pageInfo { hasNextPage }
                   }
                   filtered: artifacts(filters: "{\"tags\": \"clean\"}") { totalCount edges { version } }
               }
               wrong: artifactCollection(name: "net") { name }
               artifactSequence(name: "data") { latestArtifact { versionIndex } }
           }
           artifactCollections { edges { node { name } } }
           nope: artifactType(name: "nope") { name }"#,
    )
    .await;
    assert_eq!(all(&found["artifactTypes"], "name"), ["dataset", "model"]);
    assert_eq!(all(&found["artifactCollections"], "name"), ["net", "data"]);
    assert_eq!(found["nope"], Value::Null);
    let kind = &found["artifactType"];
    assert_eq!(
        (
            &kind["artifactCollections"]["totalCount"],
            &kind["wrong"],
            &kind["artifactSequence"]["latestArtifact"]["versionIndex"],
        ),
        (&json!(1), &Value::Null, &json!(1))
    );
    let version = |version: &str| json!({ "version": version });
    let committed = |version: &str, index: i64| json!({ "version": version, "node": { "versionIndex": index, "state": "COMMITTED" } });
    assert_eq!(
        kind["artifactCollection"],
        json!({
            "__typename": "ArtifactSequence",
            "name": "data",
            "defaultArtifactType": { "name": "dataset" },
            "aliases": { "edges": [
                { "node": { "alias": "best", "artifact": { "versionIndex": 0 } } },
                { "node": { "alias": "latest", "artifact": { "versionIndex": 1 } } },
            ] },
            "artifacts": { "totalCount": 2, "edges": [committed("v1", 1), committed("v0", 0)] },
            "oldest": { "edges": [version("v0")], "pageInfo": { "hasNextPage": true } },
            "filtered": { "totalCount": 1, "edges": [version("v0")] },
        })
    );
}

#[tokio::test]
async fn a_version_is_found_by_alias_index_and_digest() {
    let server = filled().await;
    let known = project(&server, r#"artifact(name: "data:best") { id digest }"#).await;
    let digest = known["artifact"]["digest"].as_str().unwrap();
    for (name, version) in [
        ("data:best", json!(0)),
        ("data:v0", json!(0)),
        (&format!("data:{digest}"), json!(0)),
        ("data:latest", json!(1)),
        ("data", json!(1)),
        ("data:v7", json!(null)),
        ("data:nope", json!(null)),
        ("nope:latest", json!(null)),
    ] {
        let found = project(
            &server,
            &format!(
                r#"artifact(name: "{name}") {{ versionIndex }}
                   artifactCollectionMembership(name: "{name}") {{ versionIndex artifact {{ versionIndex }} }}"#
            ),
        )
        .await;
        assert_eq!(found["artifact"]["versionIndex"], version, "{name}");
        let membership = &found["artifactCollectionMembership"];
        assert_eq!(membership["versionIndex"], version, "{name}");
        assert_eq!(membership["artifact"]["versionIndex"], version, "{name}");
    }
    let by_id = data(
        &server,
        "query A($id: ID!) { artifact(id: $id) { digest } }",
        json!({ "id": known["artifact"]["id"] }),
    )
    .await;
    assert_eq!(by_id["artifact"]["digest"], digest);
}

#[tokio::test]
async fn a_version_has_what_it_was_given() {
    let server = filled().await;
    let found = project(
        &server,
        r#"artifact(name: "data:v0") {
            description metadata state size fileCount versionIndex createdAt
            artifactType { name } artifactSequence { name project { name entity { name } } }
            aliases { alias artifactCollection { __typename name } } tags { name }
            createdBy { __typename ... on Run { name } }
            usedBy { totalCount edges { node { name project { name } } } }
        }"#,
    )
    .await;
    assert_eq!(
        found["artifact"],
        json!({
            "description": "rows",
            "metadata": r#"{"rows":3}"#,
            "state": "COMMITTED",
            "size": 17,
            "fileCount": 4,
            "versionIndex": 0,
            "createdAt": "2024-05-01T12:00:00Z",
            "artifactType": { "name": "dataset" },
            "artifactSequence": { "name": "data", "project": { "name": "project", "entity": { "name": "team" } } },
            "aliases": [{ "alias": "best", "artifactCollection": { "__typename": "ArtifactSequence", "name": "data" } }],
            "tags": [{ "name": "clean" }],
            "createdBy": { "__typename": "Run", "name": "maker" },
            "usedBy": { "totalCount": 2, "edges": [
                { "node": { "name": "user-1", "project": { "name": "project" } } },
                { "node": { "name": "user-2", "project": { "name": "project" } } },
            ] },
        })
    );
}

#[tokio::test]
async fn a_run_tells_what_it_logged_and_used() {
    let server = filled().await;
    let found = project(
        &server,
        r#"maker: run(name: "maker") {
               outputArtifacts(first: 1) { totalCount edges { node { versionIndex } cursor } pageInfo { hasNextPage } }
               inputArtifacts { totalCount edges { node { versionIndex } } }
           }
           user: run(name: "user-1") {
               outputArtifacts { totalCount }
               inputArtifacts { totalCount edges { node { versionIndex artifactSequence { name } } } }
           }"#,
    )
    .await;
    let logged = &found["maker"]["outputArtifacts"];
    assert_eq!(
        (
            &logged["totalCount"],
            &logged["pageInfo"]["hasNextPage"],
            &logged["edges"][0]["node"]["versionIndex"]
        ),
        (&json!(2), &json!(true), &json!(0))
    );
    assert_eq!(found["maker"]["inputArtifacts"]["totalCount"], 0);
    assert_eq!(found["user"]["outputArtifacts"]["totalCount"], 0);
    assert_eq!(
        found["user"]["inputArtifacts"],
        json!({ "totalCount": 1, "edges": [{ "node": { "versionIndex": 0, "artifactSequence": { "name": "data" } } }] })
    );
}

#[tokio::test]
async fn its_files_are_listed_and_can_be_fetched() {
    let server = filled().await;
    let selection = "totalCount edges { node {
        name displayName sizeBytes md5 digest url directUrl isReference
    } cursor } pageInfo { hasNextPage }";
    let found = project(
        &server,
        &format!(
            r#"artifact(name: "data:v0") {{ files {{ {selection} }} }}
               artifactCollection(name: "data") {{ artifactMembership(aliasName: "v0") {{
                   files(first: 2) {{ {selection} }}
                   some: files(names: ["a.txt"]) {{ edges {{ node {{ name }} }} }}
               }} }}"#
        ),
    )
    .await;
    let files = &found["artifact"]["files"];
    let names = ["a.txt", "refs/s3", "refs/web", "sub/b c#%.bin"];
    assert_eq!(all(files, "name"), names);
    assert_eq!(all(files, "displayName"), names);
    assert_eq!(files["totalCount"], 4);
    let membership = &found["artifactCollection"]["artifactMembership"];
    assert_eq!(all(&membership["files"], "name"), names[..2]);
    assert_eq!(membership["files"]["pageInfo"]["hasNextPage"], true);
    assert_eq!(all(&membership["some"], "name"), ["a.txt"]);

    let reference = &files["edges"][1]["node"];
    assert_eq!(
        (&reference["url"], &reference["directUrl"], &reference["md5"]),
        (&json!("s3://bucket/key"), &json!("s3://bucket/key"), &Value::Null)
    );
    assert_eq!(
        (&reference["digest"], &reference["isReference"]),
        (&json!("etag-2"), &json!(true))
    );
    for (place, content) in [(0, "hello"), (3, "bytes")] {
        let file = &files["edges"][place]["node"];
        assert_eq!(
            (&file["md5"], &file["digest"], &file["sizeBytes"]),
            (&json!(md5(content)), &json!(md5(content)), &json!(5))
        );
        let direct = get(file["directUrl"].as_str().unwrap(), &[]).await;
        assert_eq!(direct.text().await.unwrap(), content);
        let url = file["url"].as_str().unwrap();
        assert!(url.contains("/artifactsV2/"), "{url}");
        let answer = with_key(&server, Method::GET, url).send().await.unwrap();
        assert_eq!(answer.status(), 307);
        let bytes = get(header(&answer, "location"), &[]).await;
        assert_eq!(bytes.text().await.unwrap(), content);
        assert_eq!(get(url, &[]).await.status(), 401);
    }
}

#[tokio::test]
async fn a_file_is_found_by_its_digest_in_every_form_of_address() {
    let server = filled().await;
    let id = project(&server, r#"artifact(name: "data:v0") { id }"#).await["artifact"]["id"].take();
    let id = id.as_str().unwrap().replace('=', "%3D");
    let digest = "5d41402abc4b2a76b9719d911017c592";
    for (path, status) in [
        (format!("artifactsV2/default/team/{id}/{digest}"), 307),
        (
            format!("artifactsV2/default/team/project/data/{id}/{digest}/a.txt"),
            307,
        ),
        (format!("artifacts/team/{digest}"), 307),
        (format!("artifacts/other/{digest}"), 404),
        (
            format!("artifactsV2/default/team/{id}/00000000000000000000000000000000"),
            404,
        ),
        (format!("artifactsV2/default/team/nope/{digest}"), 404),
        ("artifacts/team/zz".to_owned(), 404),
        ("artifactsV2/x".to_owned(), 404),
    ] {
        let url = format!("{}/{path}", server.url());
        let answer = with_key(&server, Method::GET, &url).send().await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
    }
}

#[tokio::test]
async fn the_manifest_lists_the_contents() {
    let server = filled().await;
    let found = project(
        &server,
        r#"artifact(name: "data:v0") { id digest currentManifest { digest file { directUrl } } }"#,
    )
    .await;
    let artifact = &found["artifact"];
    let url = artifact["currentManifest"]["file"]["directUrl"].as_str().unwrap();
    let manifest: Value = serde_json::from_str(&get(url, &[]).await.text().await.unwrap()).unwrap();
    assert_eq!(
        manifest,
        json!({
            "version": 1,
            "storagePolicy": "wandb-storage-policy-v1",
            "storagePolicyConfig": { "storageLayout": "V2" },
            "contents": {
                "a.txt": { "digest": md5("hello"), "birthArtifactID": artifact["id"], "size": 5 },
                "refs/s3": { "digest": "etag-2", "ref": "s3://bucket/key" },
                "refs/web": { "digest": "etag-1", "ref": "https://example.com/x", "size": 7 },
                "sub/b c#%.bin": { "digest": md5("bytes"), "birthArtifactID": artifact["id"], "size": 5 },
            },
        })
    );
    let mut text = "wandb-artifact-manifest-v1\n".to_owned();
    for (name, entry) in manifest["contents"].as_object().unwrap() {
        text = format!("{text}{name}:{}\n", entry["digest"].as_str().unwrap());
    }
    let hex: String = Md5::digest(text)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(artifact["digest"], hex);
    assert_eq!(artifact["currentManifest"]["digest"], hex);
}

/// Begins a version of `data`, gives its files an address each, uploads those that want it, then the manifest.
async fn log(server: &DevServer, digest: &str, files: &[(&str, &str)]) -> (String, Vec<bool>) {
    let create = "mutation CreateArtifact($input: CreateArtifactInput!) { createArtifact(input: $input) {
        artifact { id state artifactSequence { latestArtifact { id } } } } }";
    let input = json!({
        "entityName": "team", "projectName": "project", "runName": "run", "artifactTypeName": "dataset",
        "artifactCollectionName": "data", "digest": digest, "digestAlgorithm": "MANIFEST_MD5",
        "aliases": [{ "artifactCollectionName": "data", "alias": "mine" }], "enableDigestDeduplication": true,
    });
    let created = data(server, create, json!({ "input": input })).await;
    let artifact = &created["createArtifact"]["artifact"];
    let id = artifact["id"].as_str().unwrap().to_owned();
    if artifact["state"] == "COMMITTED" {
        return (id, Vec::new());
    }
    let specs: Vec<Value> = files
        .iter()
        .map(|(name, content)| json!({ "artifactID": id, "name": name, "md5": md5(content) }))
        .collect();
    let places = data(
        server,
        "mutation CreateArtifactFiles($files: [CreateArtifactFileSpecInput!]!, $layout: ArtifactStorageLayout!) {
            createArtifactFiles(input: { artifactFiles: $files, storageLayout: $layout }) {
                files { edges { node { uploadUrl uploadHeaders storagePath artifact { id } } } } } }",
        json!({ "files": specs, "layout": "V2" }),
    )
    .await;
    let places = places["createArtifactFiles"]["files"]["edges"]
        .as_array()
        .unwrap()
        .clone();
    assert_eq!(places.len(), files.len());
    let (mut contents, mut uploaded) = (serde_json::Map::new(), Vec::new());
    for ((name, content), place) in files.iter().zip(places) {
        let node = &place["node"];
        uploaded.push(node["uploadUrl"].is_string());
        if let Some(url) = node["uploadUrl"].as_str() {
            put(url, content).await;
        }
        let birth = node["artifact"]["id"].clone();
        let entry = json!({ "digest": md5(content), "size": content.len(), "birthArtifactID": birth });
        contents.insert((*name).to_owned(), entry);
    }
    let manifest = data(
        server,
        r#"mutation CreateArtifactManifest($id: ID!) { createArtifactManifest(input: {
            artifactID: $id, name: "wandb_manifest.json", digest: "", entityName: "team", projectName: "project",
            runName: "run", type: FULL
        }) { artifactManifest { id file { uploadUrl } } } }"#,
        json!({ "id": id }),
    )
    .await;
    let url = &manifest["createArtifactManifest"]["artifactManifest"]["file"]["uploadUrl"];
    let text = json!({ "version": 1, "storagePolicy": "wandb-storage-policy-v1", "contents": contents });
    put(url.as_str().unwrap(), &text.to_string()).await;
    (id, uploaded)
}

async fn put(url: &str, content: &str) {
    let request = crate::client::http().put(url).header("x-devserver-upload", "1");
    let answer = request.body(content.to_owned()).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

const COMMIT: &str = "mutation CommitArtifact($id: ID!) { commitArtifact(input: { artifactID: $id }) { artifact { state digest } } }";

#[tokio::test]
async fn a_client_logs_a_version() {
    let server = DevServer::start().await.unwrap();
    server.add_run("team", "project", "run").await.unwrap();
    let (id, uploaded) = log(&server, "digest-1", &[("a", "one"), ("b/c", "two")]).await;
    assert_eq!(uploaded, [true, true]);
    let pending = project(
        &server,
        r#"artifact(name: "data:latest") { id } run(name: "run") {
        outputArtifacts { totalCount } }"#,
    )
    .await;
    assert_eq!(
        (
            &pending["artifact"],
            &pending["run"]["outputArtifacts"]["totalCount"]
        ),
        (&Value::Null, &json!(0))
    );
    for _ in 0..2 {
        let committed = data(&server, COMMIT, json!({ "id": id })).await;
        assert_eq!(
            committed["commitArtifact"]["artifact"],
            json!({ "state": "COMMITTED", "digest": "digest-1" })
        );
    }

    // The same again is the same version; one more file is one upload.
    let (same, uploaded) = log(&server, "digest-1", &[("a", "one"), ("b/c", "two")]).await;
    assert_eq!((same, uploaded.len()), (id.clone(), 0));
    let (next, uploaded) = log(&server, "digest-2", &[("a", "one"), ("d", "three")]).await;
    assert_eq!(uploaded, [false, true]);
    data(&server, COMMIT, json!({ "id": next })).await;

    let found = project(
        &server,
        r#"mine: artifact(name: "data:mine") { versionIndex files { edges { node { name directUrl } } } }
           old: artifact(name: "data:v0") { fileCount size aliases { alias } }
           run(name: "run") { outputArtifacts { totalCount } }"#,
    )
    .await;
    assert_eq!(found["mine"]["versionIndex"], 1);
    assert_eq!(found["old"], json!({ "fileCount": 2, "size": 6, "aliases": [] }));
    assert_eq!(found["run"]["outputArtifacts"]["totalCount"], 2);
    let files = &found["mine"]["files"];
    assert_eq!(all(files, "name"), ["a", "d"]);
    for (url, content) in all(files, "directUrl").into_iter().zip(["one", "three"]) {
        assert_eq!(get(url, &[]).await.text().await.unwrap(), content);
    }
}

#[tokio::test]
async fn a_commit_lists_files_that_nothing_marks() {
    let builder = DevServer::builder().list_when_marked(true).listing_delay(3);
    let server = builder.start().await.unwrap();
    server.add_run("team", "project", "run").await.unwrap();
    let (id, _) = log(&server, "digest-1", &[("a", "one")]).await;
    data(&server, COMMIT, json!({ "id": id })).await;
    let found = project(
        &server,
        r#"artifact(name: "data:latest") { files { edges { node { name } } } }"#,
    )
    .await;
    assert_eq!(all(&found["artifact"]["files"], "name"), ["a"]);
}

#[tokio::test]
async fn what_was_not_uploaded_cannot_be_committed() {
    let server = DevServer::start().await.unwrap();
    server.add_run("team", "project", "run").await.unwrap();
    let create = r#"mutation { createArtifact(input: {
        entityName: "team", projectName: "project", artifactTypeName: "dataset", artifactCollectionNames: ["data"],
        digest: "d", digestAlgorithm: MANIFEST_MD5
    }) { artifact { id state } } }"#;
    let created = data(&server, create, json!({})).await;
    let artifact = &created["createArtifact"]["artifact"];
    assert_eq!(artifact["state"], "PENDING");
    let commit = json!({ "query": COMMIT, "variables": { "id": artifact["id"] } });
    let message = |body: Value| body["errors"][0]["message"].as_str().unwrap().to_owned();
    assert_eq!(
        message(post(&server, &commit).await.1),
        "the manifest was not uploaded"
    );

    let manifest = data(
        &server,
        r#"mutation A($id: ID!) { createArtifactManifest(input: {
            artifactID: $id, name: "m", digest: "", entityName: "team", projectName: "project", runName: "run"
        }) { artifactManifest { id } } }"#,
        json!({ "id": artifact["id"] }),
    )
    .await;
    let updated = data(
        &server,
        "mutation A($id: ID!) { updateArtifactManifest(input: { artifactManifestID: $id }) {
            artifactManifest { file { uploadUrl } } } }",
        json!({ "id": manifest["createArtifactManifest"]["artifactManifest"]["id"] }),
    )
    .await;
    let url = &updated["updateArtifactManifest"]["artifactManifest"]["file"]["uploadUrl"];
    let text =
        json!({ "version": 1, "storagePolicy": "p", "contents": { "a": { "digest": md5("a"), "size": 1 } } });
    put(url.as_str().unwrap(), &text.to_string()).await;
    assert_eq!(
        message(post(&server, &commit).await.1),
        "a is in the manifest and was not uploaded"
    );
}

#[tokio::test]
async fn a_run_uses_a_version() {
    let server = filled().await;
    let id = project(&server, r#"artifact(name: "net:latest") { id }"#).await["artifact"]["id"].take();
    let used = data(
        &server,
        r#"mutation UseArtifact($id: ID!) { useArtifact(input: {
            entityName: "team", projectName: "project", runName: "user-1", artifactID: $id, usedAs: "model"
        }) { artifact { id } run { inputArtifacts { totalCount } } } }"#,
        json!({ "id": id }),
    )
    .await;
    assert_eq!(
        used["useArtifact"],
        json!({ "artifact": { "id": id }, "run": { "inputArtifacts": { "totalCount": 2 } } })
    );
}

#[tokio::test]
async fn a_version_can_be_renamed_described_and_deleted() {
    let server = filled().await;
    let ids = project(
        &server,
        r#"old: artifact(name: "data:v0") { id files(names: ["a.txt"]) { edges { node { directUrl } } } }
           new: artifact(name: "data:v1") { id }"#,
    )
    .await;
    let (old, new) = (&ids["old"]["id"], &ids["new"]["id"]);
    let alias = |alias: &str| {
        json!([{
            "entityName": "team", "projectName": "project", "artifactCollectionName": "data", "alias": alias,
        }])
    };
    data(
        &server,
        "mutation AddAliases($id: ID!, $aliases: [ArtifactCollectionAliasInput!]!) {
            addAliases(input: { artifactID: $id, aliases: $aliases }) { success } }",
        json!({ "id": new, "aliases": alias("best") }),
    )
    .await;
    data(
        &server,
        "mutation DeleteAliases($id: ID!, $aliases: [ArtifactCollectionAliasInput!]!) {
            deleteAliases(input: { artifactID: $id, aliases: $aliases }) { success } }",
        json!({ "id": new, "aliases": alias("nope") }),
    )
    .await;
    let updated = data(
        &server,
        "mutation UpdateArtifact($input: UpdateArtifactInput!) { updateArtifact(input: $input) {
            artifact { description metadata tags { name } aliases { alias } } } }",
        json!({ "input": {
            "artifactID": old, "description": "other", "tagsToAdd": [{ "tagName": "new" }],
            "tagsToDelete": [{ "tagName": "clean" }],
        } }),
    )
    .await;
    assert_eq!(
        updated["updateArtifact"]["artifact"],
        json!({
            "description": "other", "metadata": r#"{"rows":3}"#, "tags": [{ "name": "new" }], "aliases": [],
        })
    );

    let delete = "mutation DeleteArtifact($id: ID!, $all: Boolean) {
        deleteArtifact(input: { artifactID: $id, deleteAliases: $all }) { artifact { id } } }";
    let refused = json!({ "query": delete, "variables": { "id": new } });
    let (_, body) = post(&server, &refused).await;
    assert!(
        body["errors"][0]["message"].as_str().unwrap().contains("aliases"),
        "{body}"
    );
    data(&server, delete, json!({ "id": new, "all": true })).await;
    let left = project(
        &server,
        r#"best: artifact(name: "data:best") { id } latest: artifact(name: "data:latest") { versionIndex }
           gone: artifact(name: "data:v1") { id }"#,
    )
    .await;
    assert_eq!(
        left,
        json!({ "best": null, "latest": { "versionIndex": 0 }, "gone": null })
    );
    data(&server, delete, json!({ "id": old, "all": true })).await;
    let url = ids["old"]["files"]["edges"][0]["node"]["directUrl"]
        .as_str()
        .unwrap();
    assert_eq!(get(url, &[]).await.status(), 404);
}

#[tokio::test]
async fn what_keeps_the_files_of_artifacts_is_not_listed() {
    let server = filled().await;
    let listed = data(
        &server,
        r#"{ projects(entityName: "team") { edges { node { name runCount } } } }"#,
        json!({}),
    )
    .await;
    assert_eq!(
        listed["projects"]["edges"],
        json!([{ "node": { "name": "project", "runCount": 3 } }])
    );
}
