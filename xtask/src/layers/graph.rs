//! Which crate may pull which: normal dependencies only, on every platform.

use crate::error::Result;
use crate::sh::Sh;

/// What a crate must never pull, directly or through others.
pub(super) struct Rule {
    package: &'static str,
    /// Arguments of `cargo tree` that choose the features to look at.
    features: &'static [&'static str],
    /// How deep to look: `None` is all the way down.
    depth: Option<&'static str>,
    never: Never,
    why: &'static str,
}

enum Never {
    /// None of these.
    Any(&'static [&'static str]),
    /// None of our own crates but these.
    OursBut(&'static [&'static str]),
}

const ALL: &[&str] = &["--all-features"];
const LEAN: &[&str] = &["--no-default-features"];

/// What a collection may stand on whose items are data only.
const LISTING: &[&str] = &[
    "wandb-paginator",
    "wandb-queries",
    "wandb-transport",
    "wandb-http",
];

/// The walls. A row more is all that a new crate needs.
pub(super) const RULES: &[Rule] = &[
    Rule {
        package: "wandb-queries",
        features: ALL,
        depth: None,
        never: Never::Any(&["tokio", "reqwest", "hyper"]),
        why: "queries are types: no I/O, no runtime",
    },
    Rule {
        package: "wandb-queries",
        features: ALL,
        depth: None,
        never: Never::OursBut(&[]),
        why: "queries are the floor of the house",
    },
    Rule {
        package: "wandb-transport",
        features: LEAN,
        depth: None,
        never: Never::Any(&["reqwest", "hyper"]),
        why: "the Transport trait can be had without an HTTP client",
    },
    Rule {
        package: "wandb-transport",
        features: ALL,
        depth: None,
        never: Never::OursBut(&["wandb-http"]),
        why: "a transport knows no particular query and no collection",
    },
    Rule {
        package: "wandb-features",
        features: ALL,
        depth: None,
        never: Never::Any(&["reqwest", "hyper"]),
        why: "what a server can do is asked through any transport",
    },
    Rule {
        package: "wandb-features",
        features: ALL,
        depth: None,
        never: Never::OursBut(&["wandb-queries", "wandb-transport", "wandb-http"]),
        why: "the forms of operations know no collection",
    },
    Rule {
        package: "wandb-paginator",
        features: ALL,
        depth: None,
        never: Never::Any(&["reqwest", "hyper"]),
        why: "paging needs no HTTP",
    },
    Rule {
        package: "wandb-paginator",
        features: ALL,
        depth: None,
        never: Never::OursBut(&["wandb-transport", "wandb-http"]),
        why: "the paginator knows no particular collection",
    },
    Rule {
        package: "wandb-runs",
        features: ALL,
        depth: None,
        never: Never::OursBut(LISTING),
        why: "a listing needs the paginator and no other collection",
    },
    Rule {
        package: "wandb-projects",
        features: ALL,
        depth: None,
        never: Never::OursBut(LISTING),
        why: "a listing needs the paginator and no other collection",
    },
    Rule {
        package: "wandb-sweeps",
        features: ALL,
        depth: None,
        never: Never::OursBut(LISTING),
        why: "a listing needs the paginator and no other collection",
    },
    Rule {
        package: "wandb-artifact",
        features: ALL,
        depth: None,
        never: Never::OursBut(LISTING),
        why: "a listing needs the paginator and no other collection",
    },
    Rule {
        package: "wandb-artifact-types",
        features: ALL,
        depth: None,
        never: Never::OursBut(LISTING),
        why: "a listing needs the paginator and no other collection",
    },
    Rule {
        package: "wandb-artifacts",
        features: ALL,
        depth: None,
        never: Never::OursBut(&[
            "wandb-artifact",
            "wandb-paginator",
            "wandb-queries",
            "wandb-transport",
            "wandb-http",
        ]),
        why: "a listing needs the paginator and no other collection",
    },
    Rule {
        package: "example-reports",
        features: ALL,
        depth: None,
        never: Never::OursBut(&["wandb-paginator", "wandb-transport", "wandb-http"]),
        why: "a collection needs the published API of the paginator and nothing else",
    },
    Rule {
        package: "wandb-selection",
        features: ALL,
        depth: None,
        never: Never::OursBut(&[
            "wandb-files",
            "wandb-features",
            "wandb-transfer",
            "wandb-paginator",
            "wandb-queries",
            "wandb-transport",
            "wandb-http",
        ]),
        why: "selections stand on the files of a run, and know no settings",
    },
    Rule {
        package: "wandb-artifact-files",
        features: ALL,
        depth: Some("1"),
        never: Never::OursBut(&[
            "wandb-files",
            "wandb-paginator",
            "wandb-queries",
            "wandb-transfer",
        ]),
        why: "its files are those of wandb-files, and what can be done with one is there alone",
    },
    Rule {
        package: "wandb-transfer",
        features: ALL,
        depth: None,
        never: Never::Any(&["graphql_client"]),
        why: "moving bytes needs no GraphQL",
    },
    Rule {
        package: "wandb-transfer",
        features: ALL,
        depth: None,
        never: Never::OursBut(&["wandb-http"]),
        why: "moving bytes needs no GraphQL",
    },
    Rule {
        package: "wandb-devserver",
        features: ALL,
        depth: None,
        never: Never::OursBut(&[]),
        why: "one mistake must not hide in both the client and the server that tests it",
    },
    Rule {
        package: "wandb-mirror",
        features: ALL,
        depth: Some("1"),
        never: Never::OursBut(&["wandb-client"]),
        why: "a mirror stands on the front door, as somebody else's program would",
    },
    Rule {
        package: "wandb-client",
        features: ALL,
        depth: None,
        never: Never::Any(&["apalis", "object_store", "sqlx", "wandb-mirror"]),
        why: "who lists and downloads builds no queue, no database and no bucket",
    },
    Rule {
        package: "wbf",
        features: ALL,
        depth: Some("1"),
        never: Never::OursBut(&["wandb-client", "wandb-mirror"]),
        why: "the command line stands on the front door, and on what mirrors",
    },
];

/// One line for every rule that the tree breaks, with the way by which the unwanted crate comes in.
pub(super) fn broken() -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for rule in RULES {
        let mut tree = Sh::cargo().args([
            "tree", "--locked", "--edges", "normal", "--target", "all", "--prefix", "depth",
        ]);
        tree = tree
            .args(["--format", " {p}", "--package", rule.package])
            .args(rule.features);
        if let Some(depth) = rule.depth {
            tree = tree.args(["--depth", depth]);
        }
        lines.extend(
            offenders(&tree.read()?, &rule.never)
                .into_iter()
                .map(|path| format!("{} ({})", path.join(" → "), rule.why)),
        );
    }
    Ok(lines)
}

/// The paths to the unwanted crates in a tree of `DEPTH NAME VERSION` lines, one path for each crate.
fn offenders(tree: &str, never: &Never) -> Vec<Vec<String>> {
    let mut path: Vec<String> = Vec::new();
    let mut found: Vec<Vec<String>> = Vec::new();
    for line in tree.lines() {
        let mut words = line.split_whitespace();
        let (Some(Ok(depth)), Some(name)) = (words.next().map(str::parse::<usize>), words.next()) else {
            continue;
        };
        path.truncate(depth);
        path.push(name.to_owned());
        let seen = found.iter().any(|earlier| earlier.last() == path.last());
        if depth > 0 && !seen && never.names(name) {
            found.push(path.clone());
        }
    }
    found
}

impl Never {
    fn names(&self, package: &str) -> bool {
        let ours = package.starts_with("wandb-") || package == "wbf";
        match self {
            Self::Any(list) => list.contains(&package),
            Self::OursBut(list) => ours && !list.contains(&package),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "0 wandb-paginator v0.1.0 (/x)\n1 serde v1.0.0\n1 wandb-transport v0.1.0 (/x)\n\
        2 url v2.0.0\n2 reqwest v0.13.0\n3 hyper v1.0.0\n1 wandb-files v0.1.0 (/x)\n2 reqwest v0.13.0 (*)\n";

    #[test]
    fn an_unwanted_crate_is_named_once_with_the_way_to_it() {
        let found = offenders(TREE, &Never::Any(&["reqwest", "tokio"]));
        assert_eq!(found, [["wandb-paginator", "wandb-transport", "reqwest"]]);
    }

    #[test]
    fn our_own_crates_are_refused_but_for_the_listed_ones() {
        let found = offenders(TREE, &Never::OursBut(&["wandb-transport"]));
        assert_eq!(found, [["wandb-paginator", "wandb-files"]]);
    }
}
