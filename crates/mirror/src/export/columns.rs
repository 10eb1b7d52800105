//! The columns of an export, the same in each format.

use wandb_client::DateTime;

use crate::Entry;

/// A column: its name, and how its value is had from an entry.
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) value: Value,
}

/// The type of a column with what gives its value. Those with `Option` may be without one.
pub(super) enum Value {
    Text(fn(&Entry) -> &str),
    OptionalText(fn(&Entry) -> Option<&str>),
    Number(fn(&Entry) -> i64),
    /// Milliseconds since 1970-01-01T00:00:00Z.
    OptionalTime(fn(&Entry) -> Option<i64>),
}

use Value::{Number, OptionalText, OptionalTime, Text};

/// In the order in which they are written.
pub(super) const COLUMNS: &[Column] = &[
    column("entity", Text(|entry| &entry.entity)),
    column("project", Text(|entry| &entry.project)),
    column("run", Text(|entry| &entry.run)),
    column("name", Text(|entry| &entry.name)),
    column("file_id", OptionalText(|entry| entry.file_id.as_deref())),
    column("size", Number(size)),
    // As W&B has it, so that it joins with what W&B and `wbf ls` tell. Not in hex besides: digests do not compress, and
    // one call makes the one from the other.
    column("md5", OptionalText(|entry| entry.md5.as_deref())),
    column("updated_at", OptionalTime(updated_at)),
    column("destination", Text(|entry| &entry.destination)),
    column("key", Text(|entry| &entry.key)),
    column("state", Text(|entry| entry.state.as_str())),
    column("tries", Number(|entry| i64::from(entry.tries))),
    column("error", OptionalText(|entry| entry.error.as_deref())),
    column("etag", OptionalText(|entry| entry.etag.as_deref())),
    column("moved_at", OptionalTime(|entry| entry.moved_at)),
];

const fn column(name: &'static str, value: Value) -> Column {
    Column { name, value }
}

/// Signed, as the server's own sizes are, none of which is beyond it: differences of unsigned ones fail in SQL.
fn size(entry: &Entry) -> i64 {
    i64::try_from(entry.size).unwrap_or(i64::MAX)
}

/// Nothing where the server's text is no time.
fn updated_at(entry: &Entry) -> Option<i64> {
    let time: DateTime = entry.updated_at.as_deref()?.parse().ok()?;
    Some(time.timestamp().as_millisecond())
}

/// How many bytes of text an entry holds.
pub(super) fn text_len(entry: &Entry) -> usize {
    let len = |column: &Column| match column.value {
        Text(text) => text(entry).len(),
        OptionalText(text) => text(entry).map_or(0, str::len),
        Number(_) | OptionalTime(_) => 0,
    };
    COLUMNS.iter().map(len).sum()
}
