//! Work whose instructions `cargo xtask instructions` counts. Each call does the same work so many times, so that the
//! difference of two calls is the work alone.
//!
//! ```text
//! cost page TIMES                 reads a page of 1,000 files
//! cost download TIMES BASE KEY    downloads one small file of the run e/p/r from a server
//! ```

use std::sync::Arc;

use serde_json::{Value, json};
use url::Url;
use wandb_files::{Context, Files, RunPath};
use wandb_http::{ClientConfig, Credential};
use wandb_transfer::{IfExists, Transfer};
use wandb_transport::{HttpTransport, Reply, Scripted, Transport};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

const FILES: usize = 1000;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    // One thread: what others do while it waits is not this work.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    match arguments.as_slice() {
        ["page", times] => runtime.block_on(page(times.parse()?)),
        ["download", times, base, key] => runtime.block_on(download(times.parse()?, base, key)),
        _ => Err("page TIMES, or download TIMES BASE KEY".into()),
    }
}

fn files(context: Context) -> Files {
    Files::new(context, RunPath::new("e", "p", "r"))
}

async fn page(times: usize) -> Result<()> {
    let base: Url = "http://h.example".parse()?;
    let body = listing().to_string();
    let replies = (0..times).map(|_| Reply::new(200, body.clone()));
    let transport: Arc<dyn Transport> = Scripted::new(replies);
    let context = Context::new(base, transport, Transfer::new(ClientConfig::default().build()?));
    for _ in 0..times {
        let mut listing = files(context.clone()).per_page(1000).paginate()?;
        let count = listing.slice(..).await?.len();
        if count != FILES {
            return Err(format!("{count} files").into());
        }
    }
    Ok(())
}

/// The answer to the listing of a run, as the server writes it.
fn listing() -> Value {
    let edges: Vec<Value> = (0..FILES)
        .map(|number| {
            let name = format!("media/images/step_{number:05}.png");
            json!({"cursor": format!("YXJyYXljb25uZWN0aW9uO{number:05}"), "node": {
                "id": format!("RmlsZTox{number:06}"), "name": name,
                "url": format!("https://api.wandb.ai/files/e/p/r/{name}"),
                "directUrl": format!("https://storage.example/bucket/e/p/r/{name}?X-Expires=3600&X-Signature={number:064}"),
                "sizeBytes": 4096 + number, "mimetype": "image/png", "updatedAt": "2025-01-31T12:00:00",
                "md5": "XUFAKrxLKna5cZ2REBfFkg==",
            }})
        })
        .collect();
    let page = json!({"endCursor": "YXJyYXljb25uZWN0aW9uOjk5OQ==", "hasNextPage": false});
    let run = json!({"fileCount": FILES, "files": {"edges": edges, "pageInfo": page}});
    json!({"data": {"project": {"internalId": "UHJvamVjdDox", "run": run}}})
}

async fn download(times: usize, base: &str, key: &str) -> Result<()> {
    let base: Url = base.parse()?;
    let http = ClientConfig::default().build()?;
    let credential = Arc::new(Credential::api_key(&base, key));
    let transport =
        HttpTransport::new(http.clone(), &base).with_credentials(Arc::<Credential>::clone(&credential));
    let transfer = Transfer::new(http).with_credentials(credential);
    let context = Context::new(base, Arc::new(transport), transfer);
    let folder = tempfile::tempdir()?;
    let mut listing = files(context).paginate()?;
    let file = listing.next().await?.ok_or("the run has no file")?;
    for _ in 0..times {
        file.download(folder.path(), IfExists::Replace).await?;
    }
    Ok(())
}
