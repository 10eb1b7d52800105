//! What a refusal leads to: how often which form is sent, and what is known afterwards.

use futures::future::join_all;
use serde_json::{Value, json};
use wandb_features::{Server, ServerFeatures};
use wandb_queries::{CreateRunFiles, DeleteFiles, RunFiles, create_run_files, delete_files, run_files};
use wandb_transport::{TransportError, TransportErrorKind, execute};

use crate::scripted::{Scripted, nothing, refusal, reply};

async fn list(server: &Server) -> Result<run_files::ResponseData, TransportError> {
    let variables = run_files::Variables {
        entity: "e".to_owned(),
        project: "p".to_owned(),
        name: "r".to_owned(),
        file_cursor: None,
        file_limit: Some(50),
        file_names: Some(Vec::new()),
        upload: Some(false),
        pattern: Some("%".to_owned()),
    };
    execute::<RunFiles>(server, variables).await
}

/// What `__type` says of a server that lacks `File.md5` and the argument `pattern`.
fn schema() -> Value {
    let fields = |names: &[&str]| -> Value {
        let fields: Vec<Value> = names
            .iter()
            .map(|name| json!({ "name": name, "args": [] }))
            .collect();
        json!({ "fields": fields })
    };
    json!({ "data": {
        "file": fields(&["id", "name", "url", "directUrl"]),
        "run": { "fields": [
            { "name": "fileCount", "args": [] },
            { "name": "projectId", "args": [] },
            { "name": "files", "args": [{ "name": "names" }, { "name": "first" }] },
        ]},
        "deleteFilesInput": { "inputFields": [{ "name": "files" }, { "name": "projectId" }] },
        "mutation": fields(&["createRunFiles", "deleteFiles"]),
        "serverInfo": fields(&["cliVersionInfo"]),
    }})
}

#[tokio::test]
async fn the_newest_server_is_asked_for_nothing_more() {
    let scripted = Scripted::new(|_, _| nothing());
    let server = scripted.server();
    assert!(scripted.asked().is_empty(), "building one sends nothing");
    list(&server).await.unwrap();
    assert_eq!(scripted.operations(), ["RunFiles"]);
    assert_eq!(server.known(), ServerFeatures::default());
}

#[tokio::test]
async fn a_refusal_costs_two_requests_once() {
    let scripted = Scripted::new(|name, document| match name {
        "ServerFeatures" => reply(200, &schema()),
        _ if document.contains("md5") => refusal(422, r#"Cannot query field "md5" on type "File"."#),
        _ => nothing(),
    });
    let server = scripted.server();
    list(&server).await.unwrap();
    let asked = scripted.asked();
    assert_eq!(asked.len(), 3);
    assert_eq!(asked[1]["operationName"], "ServerFeatures");
    let variables = asked[2]["variables"].as_object().unwrap();
    assert!(
        !variables.contains_key("pattern"),
        "what is not declared is not sent"
    );
    assert_eq!(variables["fileLimit"], 50);

    list(&server.clone()).await.unwrap();
    assert_eq!(scripted.operations(), ["RunFiles"], "clones share what is known");
    let known = server.known();
    assert!(!known.file_md5 && !known.files_pattern && !known.mark_run_files_uploaded && !known.server_flags);
    assert!(
        known.file_direct_url && known.create_run_files && known.delete_project_id && known.introspection
    );
}

#[tokio::test]
async fn a_field_that_is_deprecated_is_there() {
    let scripted = Scripted::new(|_, _| reply(200, &schema()));
    let _ = scripted.server().features().await.unwrap();
    let asked = scripted.asked();
    let document = asked[0]["query"].as_str().unwrap();
    assert_eq!(document.matches("includeDeprecated: true").count(), 6);
}

#[tokio::test]
async fn callers_at_the_same_time_share_one_introspection() {
    let scripted = Scripted::new(|name, document| match name {
        "ServerFeatures" => reply(200, &schema()),
        _ if document.contains("md5") => refusal(400, r#"Cannot query field "md5" on type "File"."#),
        _ => nothing(),
    });
    let server = scripted.server();
    let answers = join_all((0..8).map(|_| list(&server))).await;
    assert!(answers.iter().all(Result::is_ok));
    let _ = join_all((0..8).map(|_| server.features())).await;
    let operations = scripted.operations();
    let introspections = operations.iter().filter(|name| *name == "ServerFeatures");
    assert_eq!(introspections.count(), 1);
    assert_eq!(operations.len(), 17);
}

#[tokio::test]
async fn a_server_that_names_one_thing_at_a_time_is_followed() {
    let scripted = Scripted::new(|name, document| match name {
        "ServerFeatures" => refusal(400, "introspection disabled"),
        _ if document.contains("pattern") => refusal(
            200,
            r#"Unknown argument "pattern" on field "files" of type "Run"."#,
        ),
        _ if document.contains("fileCount") => {
            refusal(422, r#"Cannot query field "fileCount" on type "Run"."#)
        }
        _ if document.contains("md5") => refusal(400, "Unknown field 'md5' on type 'File'"),
        _ => nothing(),
    });
    let server = scripted.server();
    list(&server).await.unwrap();
    assert_eq!(
        scripted.operations(),
        ["RunFiles", "ServerFeatures", "RunFiles", "RunFiles", "RunFiles"]
    );
    let known = server.known();
    assert!(!known.files_pattern && !known.run_file_count && !known.file_md5 && !known.introspection);
    assert!(known.file_direct_url, "what is not named is still asked for");
    list(&server).await.unwrap();
    assert_eq!(scripted.operations(), ["RunFiles"]);
}

#[tokio::test]
async fn a_server_that_says_nothing_gets_the_leanest_form() {
    let scripted = Scripted::new(|name, document| match name {
        "ServerFeatures" => refusal(400, "bad request"),
        _ if document.contains("md5") => refusal(400, "bad request"),
        _ => nothing(),
    });
    let server = scripted.server();
    list(&server).await.unwrap();
    assert_eq!(scripted.operations(), ["RunFiles", "ServerFeatures", "RunFiles"]);
    list(&server).await.unwrap();
    assert_eq!(scripted.operations(), ["RunFiles"]);
    assert!(!server.known().files_pattern);
}

#[tokio::test]
async fn where_nothing_helps_the_first_refusal_is_the_error() {
    for (introspection, said, requests) in [
        (refusal(400, "no"), "the cursor is odd", 3),
        (reply(200, &schema()), "the cursor is odd", 3),
        (
            refusal(400, "no"),
            "Cannot query field \"files\" on type \"Run\".",
            3,
        ),
        (Err(TransportErrorKind::Timeout), "the cursor is odd", 2),
    ] {
        let introspection = introspection.map(|reply| (reply.status, reply.body));
        let scripted = Scripted::new(move |name, document| match (name, &introspection) {
            ("ServerFeatures", Ok((status, body))) => Ok(wandb_transport::Reply::new(*status, body.clone())),
            ("ServerFeatures", Err(kind)) => Err(kind.clone()),
            _ if document.contains("md5") => refusal(400, said),
            _ => refusal(400, "something else"),
        });
        let server = scripted.server();
        let error = list(&server).await.unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
        assert_eq!(scripted.operations().len(), requests, "{said}");
    }
}

#[tokio::test]
async fn a_whole_schema_makes_a_refusal_final_and_is_asked_for_once() {
    let mut whole = schema();
    let file = whole["data"]["file"]["fields"].as_array_mut().unwrap();
    file.push(json!({ "name": "md5" }));
    let files = &mut whole["data"]["run"]["fields"][2]["args"];
    files.as_array_mut().unwrap().push(json!({ "name": "pattern" }));
    let scripted = Scripted::new(move |name, _| match name {
        "ServerFeatures" => reply(200, &whole),
        _ => refusal(400, "the cursor is odd"),
    });
    let server = scripted.server();
    list(&server).await.unwrap_err();
    assert_eq!(scripted.operations(), ["RunFiles", "ServerFeatures"]);
    list(&server).await.unwrap_err();
    assert_eq!(scripted.operations(), ["RunFiles"]);
    assert!(server.known().file_md5);
}

#[tokio::test]
async fn an_error_of_a_field_is_no_refusal() {
    for (status, body) in [
        (
            200,
            json!({"errors": [{"message": "md5: unknown field", "path": ["project"]}], "data": null}),
        ),
        (
            200,
            json!({"errors": [{"message": "run not found"}], "data": null}),
        ),
        (401, json!({"errors": [{"message": "unknown field"}]})),
        (500, json!({"errors": [{"message": "unknown field"}]})),
        (400, json!({"errors": [{"message": "not logged in"}]})),
        (400, json!({"errors": [{"message": "permission denied"}]})),
        (400, json!({"errors": [{"message": "context deadline exceeded"}]})),
    ] {
        let scripted = Scripted::new(move |_, _| reply(status, &body));
        list(&scripted.server()).await.unwrap_err();
        assert_eq!(scripted.operations(), ["RunFiles"]);
    }
}

#[tokio::test]
async fn a_deletion_is_sent_again_without_the_project() {
    let scripted = Scripted::new(|name, document| match name {
        "ServerFeatures" => refusal(403, "forbidden"),
        _ if document.contains("projectId") => refusal(
            400,
            "Argument \"input\" has invalid value {files: $files, projectId: $projectId}.\nIn field \"projectId\": Unknown field.",
        ),
        _ => reply(200, &json!({ "data": { "deleteFiles": { "success": true } } })),
    });
    let server = scripted.server();
    let variables = delete_files::Variables {
        files: vec!["id".to_owned()],
        project_id: Some(7),
    };
    execute::<DeleteFiles>(&server, variables).await.unwrap();
    let asked = scripted.asked();
    assert_eq!(asked[0]["variables"], json!({ "files": ["id"], "projectId": 7 }));
    assert_eq!(asked[2]["variables"], json!({ "files": ["id"] }));
    assert!(!server.known().delete_project_id);
}

#[tokio::test]
async fn a_mutation_that_is_not_there_is_known_after_its_refusal() {
    for words in [
        r#"Cannot query field "createRunFiles" on type "Mutation"."#,
        "GraphQL validation failed",
    ] {
        let scripted = Scripted::new(move |name, _| match name {
            "ServerFeatures" => refusal(400, "introspection disabled"),
            _ => refusal(400, words),
        });
        let server = scripted.server();
        let variables = create_run_files::Variables {
            entity: "e".to_owned(),
            project: "p".to_owned(),
            run: "r".to_owned(),
            files: vec!["a".to_owned()],
        };
        execute::<CreateRunFiles>(&server, variables).await.unwrap_err();
        assert_eq!(scripted.operations(), ["CreateRunFiles", "ServerFeatures"]);
        assert!(!server.known().create_run_files, "{words}");
        assert!(server.known().file_md5);
    }
}

#[tokio::test]
async fn features_that_cannot_be_asked_for_are_asked_for_again() {
    let scripted = Scripted::new(|_, _| Err(TransportErrorKind::Timeout));
    let server = scripted.server();
    server.features().await.unwrap_err();
    server.features().await.unwrap_err();
    assert_eq!(scripted.operations().len(), 2);
    assert_eq!(server.known(), ServerFeatures::default());
}

#[tokio::test]
async fn flags_are_asked_for_once_and_only_of_servers_that_have_them() {
    let flags = json!({ "data": { "serverInfo": { "features": [
        { "name": "A", "isEnabled": true }, null, { "name": "B", "isEnabled": false },
    ]}}});
    let scripted = Scripted::new(move |_, _| reply(200, &flags));
    let server = scripted.server();
    for (name, on) in [("A", true), ("B", false), ("C", false)] {
        assert_eq!(server.flag(name).await.unwrap(), Some(on));
    }
    assert_eq!(scripted.operations(), ["ServerFlags"]);

    let scripted = Scripted::new(|name, _| match name {
        "ServerFeatures" => reply(200, &schema()),
        _ => refusal(400, r#"Cannot query field "features" on type "ServerInfo"."#),
    });
    let server = scripted.server();
    assert_eq!(server.flag("A").await.unwrap(), None);
    assert_eq!(server.flag("A").await.unwrap(), None);
    assert_eq!(scripted.operations(), ["ServerFlags", "ServerFeatures"]);
}
