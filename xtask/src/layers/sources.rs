//! What the graph cannot tell: who reads the environment, and where query text stands.

use std::path::{Path, PathBuf};

use crate::error::{Context, Result};
use crate::sh;

/// How many rules this module checks.
pub(super) const RULES: usize = 2;

/// Sources that may read the environment, relative to the workspace.
const MAY_READ_ENVIRONMENT: &[&str] = &[
    "crates/client/src/",
    "crates/cli/src/",
    "crates/devserver/src/main.rs",
    // A measurement, which only tests build.
    "crates/mirror/src/worker/cost.rs",
];

/// Sources that may hold query text: generated from schema/queries, and a server's own schema.
const MAY_HOLD_QUERIES: &[&str] = &["crates/queries/src/generated", "crates/devserver/src/"];

/// One line for every place that breaks a rule.
pub(super) fn broken() -> Result<Vec<String>> {
    let root = sh::workspace();
    let mut lines = Vec::new();
    for file in rust_files(&root.join("crates"))? {
        let name = file
            .strip_prefix(&root)
            .unwrap_or(&file)
            .to_string_lossy()
            .replace('\\', "/");
        if !name.contains("/src/") {
            continue;
        }
        let text = std::fs::read_to_string(&file).or_fail(|| format!("read {name}"))?;
        lines.extend(broken_in(&name, &text));
    }
    Ok(lines)
}

fn broken_in(name: &str, text: &str) -> Vec<String> {
    let listed = |list: &[&str]| list.iter().any(|start| name.starts_with(start));
    let (env, queries) = (listed(MAY_READ_ENVIRONMENT), listed(MAY_HOLD_QUERIES));
    // A module of tests may show a parser what it has to parse.
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or(text);
    let mut lines = Vec::new();
    for (number, line) in (1..)
        .zip(text.lines())
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
    {
        if !env && line.contains("env::var") {
            lines.push(format!(
                "{name}:{number} reads the environment (only client and cli do)"
            ));
        }
        if !queries && holds_query(line) {
            lines.push(format!(
                "{name}:{number} holds query text (queries live in schema/queries)"
            ));
        }
    }
    lines
}

/// Whether a line of Rust shows the head of a GraphQL operation, or an introspection.
///
/// An operation's head is told from prose and from Rust by what follows its opening: `query Name($…` or
/// `query Name {` at the end of a line, and for the nameless form also by what comes before it.
fn holds_query(line: &str) -> bool {
    line.contains("__type(")
        || line.contains("__schema")
        || ["query", "mutation"].iter().any(|keyword| {
            line.match_indices(keyword)
                .any(|(at, _)| is_head(&line[..at], &line[at + keyword.len()..]))
        })
}

fn is_head(before: &str, after: &str) -> bool {
    let opens_text = before.trim_start().is_empty() || before.ends_with('"');
    let is_word = !before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
    let rest = after.trim_start();
    let named = rest.len() < after.len() && rest.starts_with(|c: char| c.is_ascii_alphabetic());
    let opening = rest.trim_start_matches(|c: char| named && (c.is_ascii_alphanumeric() || c == '_'));
    let opening = opening.trim_start();
    let variables = opening
        .strip_prefix('(')
        .is_some_and(|rest| rest.starts_with('$') || named && rest.is_empty());
    let selection = opening
        .strip_prefix('{')
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace));
    is_word && (variables || selection) && (named || opens_text)
}

fn rust_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let entries = std::fs::read_dir(folder).or_fail(|| format!("list {}", folder.display()))?;
    for entry in entries {
        let path = entry.or_fail(|| format!("list {}", folder.display()))?.path();
        if path.is_dir() {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_text_is_found_in_its_usual_forms() {
        for line in [
            r#"const Q: &str = "query RunFiles($project: String!) {""#,
            "    query RunFiles(",
            "mutation deleteFiles($files: [ID!]!) {",
            r#"let probe = "query { serverInfo { x } }";"#,
            "query {",
            r#"let probe = r"{ __type(name: \"Run\") { fields { name } } }";"#,
        ] {
            assert!(holds_query(line), "{line}");
        }
    }

    #[test]
    fn prose_and_rust_are_not_taken_for_queries() {
        for line in [
            r#"format!("the query {operation} failed (attempt {n})")"#,
            r#"format!("query RunFiles (attempt 2)")"#,
            "match query {",
            "    query(",
            "if let Some(query) = url.query() {",
            "let query = url.query();",
            "fn mutation(&self) {",
            "impl Mutation { fn query(&self) {} }",
        ] {
            assert!(!holds_query(line), "{line}");
        }
    }

    #[test]
    fn only_the_listed_sources_may_read_the_environment() {
        let text = "// std::env::var is not read here\nlet key = std::env::var_os(\"KEY\");\n\
            #[cfg(test)]\nmod tests { const Q: &str = \"query A {\n x }\"; }\n";
        assert_eq!(broken_in("crates/client/src/env.rs", text), Vec::<String>::new());
        assert_eq!(
            broken_in("crates/files/src/lib.rs", text),
            ["crates/files/src/lib.rs:2 reads the environment (only client and cli do)"]
        );
    }
}
