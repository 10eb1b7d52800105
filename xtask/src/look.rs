//! What a server really holds, asked with nothing of what is being checked.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::devserver::DevServer;
use crate::error::{Context, Failure, Result};
use crate::sample::Sample;

/// As its first line names it; such requests are not counted among those of clients.
pub(crate) const OPERATION: &str = "Look";

/// A file as the server lists it.
pub(crate) struct Remote {
    pub(crate) id: String,
    pub(crate) size: u64,
    url: String,
}

/// All files of a run, by name; a name that is listed twice is an error.
pub(crate) fn files(server: &DevServer, run: &str) -> Result<BTreeMap<String, Remote>> {
    let [entity, project, name] = run.split('/').collect::<Vec<_>>()[..] else {
        return Err(Failure::new(format!("{run} is not ENTITY/PROJECT/RUN")));
    };
    let mut files = BTreeMap::new();
    let mut after = Value::Null;
    loop {
        let variables = json!({ "entity": entity, "project": project, "run": name, "after": after });
        let answer = server
            .query(include_str!("look.graphql"), &variables)
            .or_fail(|| format!("ask the server for the files of {run}"))?;
        let page = &answer["data"]["project"]["run"]["files"];
        let Some(edges) = page["edges"].as_array() else {
            return Err(Failure::new(format!(
                "the server lists no files of {run}: {answer}"
            )));
        };
        for edge in edges {
            let node = &edge["node"];
            let text = |field: &str| node[field].as_str().unwrap_or_default().to_owned();
            let remote = Remote {
                id: text("id"),
                size: node["sizeBytes"].as_u64().unwrap_or_default(),
                url: text("url"),
            };
            if files.insert(text("name"), remote).is_some() {
                return Err(Failure::new(format!("the server lists {} twice", node["name"])));
            }
        }
        if page["pageInfo"]["hasNextPage"] != true {
            return Ok(files);
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
}

/// The bytes of a file as the server gives them out.
pub(crate) fn bytes(server: &DevServer, remote: &Remote) -> Result<Vec<u8>> {
    server
        .fetch(&remote.url)
        .or_fail(|| "fetch a file from the server".to_owned())
}

/// What differs between a run and the files that it should hold, one line each.
pub(crate) fn differences<'a>(
    server: &DevServer,
    run: &str,
    expected: impl IntoIterator<Item = &'a Sample>,
) -> Result<Vec<String>> {
    let mut there = files(server, run)?;
    let mut lines = Vec::new();
    for sample in expected {
        match there.remove(&sample.name) {
            None => lines.push(format!("{:?} is not on the server", sample.name)),
            Some(remote) if remote.size != sample.bytes.len() as u64 => lines.push(format!(
                "{:?} has {} bytes on the server instead of {}",
                sample.name,
                remote.size,
                sample.bytes.len()
            )),
            Some(remote) if bytes(server, &remote)? != sample.bytes => {
                lines.push(format!("{:?} has other bytes on the server", sample.name));
            }
            Some(_) => {}
        }
    }
    lines.extend(
        there
            .keys()
            .map(|name| format!("{name:?} should not be on the server")),
    );
    Ok(lines)
}
