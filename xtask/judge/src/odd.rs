//! Answers of the server that no listing of the embedded server gives by itself.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use wandb_devserver::{DevServer, Fault};

use crate::kind;
use crate::operation::Odd;

/// An odd page at the place that a listing has come to.
pub(crate) struct OddPage {
    odd: Odd,
    body: String,
    /// All that a right listing has in the end.
    wanted: Vec<String>,
    /// All that a listing that keeps repeats has in the end.
    with_repeats: Vec<String>,
}

impl OddPage {
    /// `files` are the run's; `loaded` (id and name) are what both sides have loaded, up to `cursor`.
    pub(crate) fn new(
        odd: Odd,
        files: &[String],
        loaded: &[(String, String)],
        cursor: &Value,
        per_page: usize,
    ) -> Self {
        let at = place(cursor).map_or(0, |place| place + 1);
        let edge = |(place, node): (usize, Value)| json!({"cursor": cursor_of(place), "node": node});
        let behind = files.get(at + 1..).unwrap_or_default();
        let mut wanted: Vec<String> = loaded.iter().map(|(_, name)| name.clone()).collect();
        let mut with_repeats = wanted.clone();
        let (edges, more) = match odd {
            Odd::EmptyPage => {
                wanted.extend_from_slice(behind);
                (Vec::new(), true)
            }
            Odd::NullNode => {
                wanted.extend_from_slice(behind);
                let page = behind.iter().take(per_page.saturating_sub(1));
                let nodes = page.map(|name| node(&format!("odd {name}"), name));
                let edges = (at..).zip([Value::Null].into_iter().chain(nodes)).map(edge);
                (edges.collect(), behind.len() > per_page.saturating_sub(1))
            }
            Odd::Shifted(count) => {
                let repeats = &loaded[loaded.len().saturating_sub(count)..];
                with_repeats.extend(repeats.iter().map(|(_, name)| name.clone()));
                let new = ("new".to_owned(), "new.txt".to_owned());
                wanted.push(new.1.clone());
                with_repeats.push(new.1.clone());
                let nodes = repeats.iter().chain([&new]).map(|(id, name)| node(id, name));
                ((at..).zip(nodes).map(edge).collect(), false)
            }
        };
        let end = at + edges.len().max(1) - 1;
        let connection =
            json!({"edges": edges, "pageInfo": {"endCursor": cursor_of(end), "hasNextPage": more}});
        let run = json!({"fileCount": files.len(), "files": connection});
        let body = json!({"data": {"project": {"internalId": "UHJvamVjdDox", "run": run}}});
        Self {
            odd,
            body: body.to_string(),
            wanted,
            with_repeats,
        }
    }

    /// Has the server answer the next page so.
    pub(crate) fn inject(&self, server: &DevServer) {
        let json = [("Content-Type", "application/json")];
        server.clear_faults();
        server.inject(
            Fault::on_graphql()
                .operation("RunFiles")
                .reply(200, &json, &self.body),
        );
    }

    /// The kind of difference that this led to, where it did: `loaded` is what each side has in the end.
    pub(crate) fn kind(
        &self,
        theirs: &Value,
        ours: &Value,
        their_loaded: &Value,
        our_loaded: &[&str],
    ) -> Option<&'static str> {
        let told: Vec<&str> = ours["value"]
            .as_array()?
            .iter()
            .filter_map(Value::as_str)
            .collect();
        if our_loaded != self.wanted || !our_loaded.ends_with(&told) {
            return None;
        }
        let (before, raised) = (&theirs["value"], &theirs["raised"]);
        match self.odd {
            // The SDK takes the empty page for the end: what came before is all that it gives.
            Odd::EmptyPage => {
                let before: Vec<&str> = before.as_array()?.iter().filter_map(Value::as_str).collect();
                (theirs["page"] == 0 && told.starts_with(&before)).then_some(kind::EMPTY_PAGE)
            }
            Odd::NullNode => (raised == "TypeError").then_some(kind::NULL_NODE),
            Odd::Shifted(_) => (*their_loaded == json!(self.with_repeats)).then_some(kind::REPEATS),
        }
    }
}

fn node(id: &str, name: &str) -> Value {
    json!({"id": id, "name": name, "url": "http://127.0.0.1:1/x", "directUrl": "http://127.0.0.1:1/x",
        "sizeBytes": 1, "mimetype": null, "updatedAt": "2025-01-01T00:00:00", "md5": null})
}

/// The embedded server's cursors are offsets.
fn cursor_of(place: usize) -> String {
    STANDARD.encode(format!("arrayconnection:{place}"))
}

fn place(cursor: &Value) -> Option<usize> {
    let text = String::from_utf8(STANDARD.decode(cursor.as_str()?).ok()?).ok()?;
    text.strip_prefix("arrayconnection:")?.parse().ok()
}
