//! The page to click through: one file, with its script, its styles and its data inside.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use sha2::{Digest as _, Sha256};

use super::By;
use super::tree::Node;
use super::usage::Usage;
use crate::escape::printable;
use crate::failure::Failure;

const SCRIPT: &str = include_str!("page.js");
const STYLE: &str = include_str!("page.css");
const BODY: &str = include_str!("page.html");

/// Names are cut to so many characters.
const NAME: usize = 200;

/// The page about `title`. It loads nothing, and runs no script but its own: names are data.
pub(super) fn html(title: &str, usage: &Usage) -> Result<String, Failure> {
    let data = Data { title, usage };
    let data = serde_json::to_string(&data)
        .map_err(|error| Failure::Error(format!("cannot make the page: {error}")))?;
    let policy = format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; base-uri 'none'; form-action 'none'",
        hash(SCRIPT),
        hash(STYLE)
    );
    let title = escaped(&printable(title));
    Ok([
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n",
        &format!("<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n"),
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
        "<meta name=\"color-scheme\" content=\"light dark\">\n",
        &format!("<title>What takes the space: {title}</title>\n"),
        "<style>",
        STYLE,
        "</style>\n</head>\n<body>\n",
        BODY,
        "<script type=\"application/json\" id=\"data\">",
        &in_script(&data),
        "</script>\n<script>",
        SCRIPT,
        "</script>\n</body>\n</html>\n",
    ]
    .concat())
}

/// By which a policy knows a script or a style.
fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

/// As text in HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// JSON in a script element, which nothing but its end tag ends. These characters stand in JSON only within strings.
fn in_script(json: &str) -> String {
    json.replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

struct Data<'a> {
    title: &'a str,
    usage: &'a Usage,
}

impl Serialize for Data<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("title", &shown(self.title))?;
        map.serialize_entry("runs", &self.usage.runs())?;
        let views = [By::Folder, By::Type, By::Run];
        for by in views {
            // Of one run, the folders are all there is to see.
            if by == By::Run && self.usage.runs() == 1 {
                continue;
            }
            let mut root = self.usage.view(by);
            let project = (by == By::Run).then(|| project_of(&root)).flatten();
            let called = |run: &str| {
                let path = project
                    .and_then(|project| run.strip_prefix(project))
                    .unwrap_or(run);
                match self.usage.run_name(run) {
                    Some(name) if by == By::Run => format!("{name} ({path})"),
                    _ => path.to_owned(),
                }
            };
            if by != By::Run && self.usage.runs() == 1 {
                forget_runs(&mut root);
            }
            map.serialize_entry(by.name(), &Top { root, called })?;
        }
        map.end()
    }
}

/// The project of all runs, with the slash behind it, where it is the same one.
fn project_of<'a>(runs: &Node<'a>) -> Option<&'a str> {
    let mut projects = runs.children.iter().flatten().map(|run| {
        let end = run.name.rfind('/').map_or(0, |slash| slash + 1);
        &run.name[..end]
    });
    let first = projects.next()?;
    projects.all(|project| project == first).then_some(first)
}

/// There is but one.
fn forget_runs(node: &mut Node<'_>) {
    node.run = None;
    node.children.iter_mut().flatten().for_each(forget_runs);
}

/// The root, with what its children are called.
struct Top<'a, F> {
    root: Node<'a>,
    called: F,
}

impl<F: Fn(&str) -> String> Serialize for Top<'_, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let children = self.root.children.iter().flatten();
        let names: Vec<String> = children.clone().map(|child| (self.called)(child.name)).collect();
        let children: Vec<Named<'_>> = children
            .zip(&names)
            .map(|(node, name)| Named { name, node })
            .collect();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("n", "")?;
        map.serialize_entry("b", &self.root.sum.bytes)?;
        map.serialize_entry("f", &self.root.sum.files)?;
        map.serialize_entry("c", &children)?;
        map.end()
    }
}

/// A node: `n`ame, `b`ytes, `r`un; of a folder also how many `f`iles it has, and its `c`hildren.
struct Named<'a> {
    name: &'a str,
    node: &'a Node<'a>,
}

impl Serialize for Named<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let node = self.node;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("n", &shown(self.name))?;
        map.serialize_entry("b", &node.sum.bytes)?;
        if let Some(run) = node.run {
            map.serialize_entry("r", &shown(run))?;
        }
        if let Some(children) = &node.children {
            let children: Vec<Named<'_>> = children
                .iter()
                .map(|node| Named {
                    name: node.name,
                    node,
                })
                .collect();
            map.serialize_entry("f", &node.sum.files)?;
            map.serialize_entry("c", &children)?;
        }
        map.end()
    }
}

/// A name that can do no harm to the eye, and is not endless.
fn shown(name: &str) -> String {
    let name = printable(name);
    let length = name.chars().count();
    if length <= NAME {
        return name.into_owned();
    }
    let head: String = name.chars().take(NAME / 2).collect();
    let tail: String = name.chars().skip(length - NAME / 2).collect();
    format!("{head}…{tail}")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn data(page: &str) -> Value {
        let (_, rest) = page.split_once("id=\"data\">").unwrap();
        serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
    }

    fn page(usage: &Usage) -> String {
        html("e/p", usage).unwrap_or_else(|_| panic!("a page"))
    }

    #[test]
    fn the_data_are_in_the_page() {
        let one = data(&page(&Usage::of(1, &[("a/x.pt", 8), ("y.txt", 2)])));
        assert_eq!(
            one["folder"],
            json!({"n": "", "b": 10, "f": 2, "c": [
                {"n": "a", "b": 8, "f": 1, "c": [{"n": "x.pt", "b": 8}]},
                {"n": "y.txt", "b": 2},
            ]})
        );
        assert_eq!(
            one["type"]["c"][0]["c"],
            json!([{"n": "a", "b": 8, "f": 1, "c": [{"n": "x.pt", "b": 8}]}])
        );
        assert_eq!(one["run"], Value::Null);
        let two = data(&page(&Usage::of(2, &[("x", 1)])));
        assert_eq!(two["run"]["c"][0]["n"], "name 0 (r0)");
        assert_eq!(two["folder"]["c"][1], json!({"n": "x", "b": 1, "r": "e/p/r1"}));
    }

    #[test]
    fn names_are_data() {
        let evil =
            "</script><script>alert(1)</script>/<!--<img src=x onerror=alert(1)>\u{2028}\u{202e}\"'&.p<t";
        let usage = Usage::of(1, &[(evil, 8)]);
        let page = html(evil, &usage).unwrap_or_else(|_| panic!("a page"));
        assert_eq!(page.matches("<script").count(), 2);
        assert_eq!(page.matches("</script>").count(), 2);
        assert!(!page.contains("<img") && !page.contains("<!--") && !page.contains('\u{202e}'));
        assert!(page.contains("<title>What takes the space: &lt;/script&gt;"));
        let data = data(&page);
        assert_eq!(data["folder"]["c"][0]["n"], "<");
        assert_eq!(data["title"], printable(evil).into_owned());
    }

    #[test]
    fn nothing_is_loaded_and_no_other_script_runs() {
        let page = page(&Usage::of(1, &[("x", 1)]));
        for way_out in [
            "http://",
            "https://",
            "src=",
            "url(",
            "@import",
            "innerHTML",
            "eval(",
        ] {
            assert!(!page.contains(way_out), "{way_out}");
        }
        assert!(page.contains("default-src 'none'; script-src 'sha256-"));
    }

    #[test]
    fn many_files_make_no_large_page() {
        let name = |number| {
            format!(
                "media/images/step-{}/validation_sample_{number:06}.png",
                number % 300
            )
        };
        let names: Vec<String> = (0..1000).map(name).collect();
        let files: Vec<(&str, u64)> = names.iter().map(String::as_str).zip(1000..).collect();
        let usage = Usage::of(100, &files);
        let page = page(&usage);
        assert!(page.len() < 4_000_000, "{}", page.len());
        let data = data(&page);
        for view in ["folder", "type", "run"] {
            assert_eq!(data[view]["f"], 100_000, "{view}");
        }
    }
}
