//! Listings as rows of JSON, and what differs between two of them.

use serde_json::Value;

use crate::error::{Context, Result};

/// The fields that both sides tell of a file.
pub(crate) const FIELDS: &[&str] = &[
    "id",
    "name",
    "url",
    "direct_url",
    "size_bytes",
    "mimetype",
    "updated_at",
    "md5",
    "path_uri",
];

/// One value for each line.
pub(crate) fn parse(text: &str) -> Result<Vec<Value>> {
    text.lines()
        .map(|line| serde_json::from_str(line).or_fail(|| format!("read this line as JSON: {line}")))
        .collect()
}

/// Whether the SDK's row is the server's stand-in for a name that no file has. wbf reports such a name as missing.
pub(super) fn is_placeholder(row: &Value) -> bool {
    row["updated_at"].is_null() && row["md5"] == "0"
}

/// What differs between listings of files, field by field and in order.
pub(super) fn differences(theirs: &[&Value], ours: &[Value]) -> Vec<String> {
    differences_of("file", FIELDS, theirs, ours)
}

/// What differs between listings of any kind, in these fields and in order.
pub(crate) fn differences_of(kind: &str, fields: &[&str], theirs: &[&Value], ours: &[Value]) -> Vec<String> {
    let mut lines = Vec::new();
    if theirs.len() != ours.len() {
        lines.push(format!(
            "{} {kind}s in the SDK's listing, {} in ours",
            theirs.len(),
            ours.len()
        ));
    }
    for (number, (theirs, ours)) in theirs.iter().zip(ours).enumerate() {
        for field in fields {
            let (theirs, ours) = (
                comparable(field, &theirs[*field]),
                comparable(field, &ours[*field]),
            );
            if theirs != ours {
                lines.push(format!(
                    "{kind} {number}, {field}: the SDK has {theirs}, wbf has {ours}"
                ));
            }
        }
    }
    lines
}

/// The value without what may differ: a signed URL's query, which names the moment it was made, and the SDK's
/// empty text or object for what there is not.
fn comparable(field: &str, value: &Value) -> Value {
    match (field, value) {
        ("direct_url", Value::String(url)) => url.split('?').next().into(),
        ("path_uri", Value::String(text)) if text.is_empty() => Value::Null,
        ("system_metrics" | "history_keys", Value::Object(map)) if map.is_empty() => Value::Null,
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_signature_may_differ_and_nothing_else() {
        let one = json!({"name": "a", "direct_url": "http://s/a?sig=1", "path_uri": "", "size_bytes": 1});
        let two = json!({"name": "a", "direct_url": "http://s/a?sig=2", "size_bytes": 1, "cursor": "c"});
        assert_eq!(
            differences(&[&one], std::slice::from_ref(&two)),
            Vec::<String>::new()
        );
        let three = json!({"name": "b", "direct_url": "http://s/a", "size_bytes": "1"});
        assert_eq!(
            differences(&[&one], &[three]),
            [
                r#"file 0, name: the SDK has "a", wbf has "b""#,
                r#"file 0, size_bytes: the SDK has 1, wbf has "1""#
            ]
        );
    }

    #[test]
    fn a_listing_that_ends_early_is_told() {
        let row = json!({"name": "a"});
        assert_eq!(
            differences(&[&row, &row], std::slice::from_ref(&row)),
            ["2 files in the SDK's listing, 1 in ours"]
        );
    }
}
