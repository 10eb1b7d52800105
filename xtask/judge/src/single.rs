//! What both sides tell of one file: every attribute, and how it prints itself.

use serde_json::{Value, json};
use wandb_devserver::Fault;
use wandb_files::File;

use crate::Result;
use crate::kind::PATH_URI_STYLE;
use crate::operation::Open;
use crate::row::{Row, Told};
use crate::traces::Stage;

/// A node as the server may list it, by what is odd about it.
struct Case {
    what: &'static str,
    node: Value,
    /// The address in the bucket, where the SDK reads the direct one otherwise than S3 does.
    path_uri: Option<&'static str>,
}

/// A file with nothing odd about it, but for these fields.
fn case(what: &'static str, fields: Value) -> Case {
    let mut node = json!({"id": "RmlsZToxODMw", "name": "model.pt", "url": "http://127.0.0.1:1/files/e/p/r/model.pt",
        "directUrl": "http://127.0.0.1:1/bucket/model.pt?signature=1", "sizeBytes": 1536, "mimetype": "text/plain",
        "updatedAt": "2025-01-31T12:00:00", "md5": "1B2M2Y8AsgTpgAmY7PhCfg=="});
    if let (Some(node), Value::Object(fields)) = (node.as_object_mut(), fields) {
        node.extend(fields);
    }
    Case {
        what,
        node,
        path_uri: None,
    }
}

fn direct(what: &'static str, address: &str) -> Case {
    case(what, json!({ "directUrl": address }))
}

fn cases() -> Vec<Case> {
    let styled = |what, address, uri| Case {
        path_uri: Some(uri),
        ..direct(what, address)
    };
    let reference = |address: &str| json!({"url": address, "directUrl": address});
    vec![
        case("a file", json!({})),
        case(
            "no type, time and digest",
            json!({"mimetype": null, "updatedAt": null, "md5": null}),
        ),
        case("an empty file", json!({"sizeBytes": 0})),
        case("a byte below a KiB", json!({"sizeBytes": 1023})),
        case(
            "a size that is rounded up to the next unit",
            json!({"sizeBytes": 1_048_525}),
        ),
        case("5 TiB", json!({"sizeBytes": 5_497_558_138_880_u64})),
        case("a size as text", json!({"sizeBytes": "5368709120"})),
        case(
            "a time with fractions and a zone",
            json!({"updatedAt": "2025-01-31T12:00:00.25+02:00"}),
        ),
        case(
            "a name with folders",
            json!({"name": "media/images/ä b%41 #?&.png"}),
        ),
        case(
            "a name with quotes and a line's end",
            json!({"name": "a\"b'\n.txt"}),
        ),
        direct(
            "S3, with a region",
            "https://my-bucket.s3.us-west-2.amazonaws.com/runs/a/model.pt?X-Amz-Date=1",
        ),
        direct(
            "S3, without a region",
            "https://my-bucket.s3.amazonaws.com/runs/a/model.pt",
        ),
        direct(
            "S3, with a dash before the region",
            "http://my-bucket.s3-us-west-2.amazonaws.com/model.pt",
        ),
        direct(
            "S3, a key of one part",
            "https://my-bucket.s3.amazonaws.com/model.pt",
        ),
        direct(
            "another storage",
            "https://storage.googleapis.com/my-bucket/model.pt",
        ),
        direct("a direct address that is none", "not an address"),
        direct("an empty direct address", ""),
        case("no direct address", json!({"directUrl": null})),
        case("a reference to S3", reference("s3://my-bucket/runs/model.pt")),
        case("a reference to GCS", reference("gs://my-bucket/runs/model.pt")),
        case(
            "a reference to the web",
            reference("https://example.com/model.pt"),
        ),
        styled(
            "S3, the bucket in the path",
            "https://s3.us-west-2.amazonaws.com/my-bucket/a/model.pt",
            "s3://my-bucket/a/model.pt",
        ),
        styled(
            "S3, a bucket with dots",
            "https://my.bucket.s3.amazonaws.com/model.pt",
            "s3://my.bucket/model.pt",
        ),
        styled(
            "S3, a key with a space",
            "https://my-bucket.s3.amazonaws.com/a%20b.pt",
            "s3://my-bucket/a b.pt",
        ),
    ]
}

impl Stage {
    /// Each case, listed for both sides.
    pub(crate) async fn attributes(&mut self) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        self.server.add_run("e", "p", "attributes").await?;
        for case in cases() {
            self.inject(&case.node);
            let open = Open {
                run: "attributes".to_owned(),
                names: Vec::new(),
                pattern: None,
                per_page: 50,
            };
            self.python.play(&open.for_sdk()).await?;
            let theirs = self.python.play(&json!({"do": "attributes"})).await?["value"].take();
            self.inject(&case.node);
            let mut listing = self.ours.open(&open)?.ok_or("a plain listing is refused")?;
            let ours = listing.first().await?.map(attributes).unwrap_or_default();
            rows.push(Row {
                what: format!("attributes of {}", case.what),
                told: told(&case, &theirs, &ours),
            });
        }
        self.server.clear_faults();
        Ok(rows)
    }

    /// Has the server list this one file.
    fn inject(&self, node: &Value) {
        let page = json!({"endCursor": "", "hasNextPage": false});
        let files = json!({"edges": [{"cursor": "", "node": node}], "pageInfo": page});
        let project = json!({"internalId": "UHJvamVjdDox", "run": {"fileCount": 1, "files": files}});
        let body = json!({"data": {"project": project}}).to_string();
        self.server.clear_faults();
        let answer = Fault::on_graphql().operation("RunFiles");
        self.server
            .inject(answer.reply(200, &[("Content-Type", "application/json")], body));
    }
}

fn attributes(file: &File) -> Value {
    json!({
        "repr": file.to_string(),
        "id": file.id(),
        "name": file.name(),
        "url": file.url(),
        "direct_url": file.direct_url(),
        "size_bytes": file.size(),
        "mimetype": file.mimetype(),
        "updated_at": file.updated_at_text(),
        "md5": file.md5(),
        // The SDK warns that there is none, and gives an empty text.
        "path_uri": file.path_uri().unwrap_or_default(),
    })
}

fn told(case: &Case, theirs: &Value, ours: &Value) -> Told {
    let differs = |field: &&String| theirs[field.as_str()] != ours[field.as_str()];
    let fields: Vec<_> = ours
        .as_object()
        .into_iter()
        .flat_map(serde_json::Map::keys)
        .filter(differs)
        .collect();
    match (&fields[..], case.path_uri) {
        ([], None) => Told::Equal,
        ([field], Some(uri)) if *field == "path_uri" && ours["path_uri"] == uri => Told::Kind(PATH_URI_STYLE),
        _ => Told::Differs(theirs.to_string(), ours.to_string()),
    }
}
