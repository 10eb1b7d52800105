//! Differences by design: what each is, in a predicate as narrow as can be. `CONFORMANCE.md` has the reasons.

use serde_json::{Value, json};

use crate::operation::{Play, Slice};

/// What both sides made of an operation, and what is known of their states.
pub(crate) struct Seen<'a> {
    pub(crate) play: &'a Play,
    pub(crate) theirs: &'a Value,
    pub(crate) ours: &'a Value,
    /// How many pages each had asked for before: as many on both sides.
    pub(crate) pages_before: usize,
    pub(crate) our_pages: usize,
    /// What each has loaded, once the one that asked for less has caught up.
    pub(crate) loaded: &'a [&'a str],
    /// How many we had loaded before catching up.
    pub(crate) our_loaded: usize,
    /// The cursor of the last file that is loaded.
    pub(crate) last_cursor: Value,
    /// Whether only some of the run's files are listed.
    pub(crate) filtered: bool,
    /// How many files the run had when the last page was loaded.
    pub(crate) counted: usize,
}

/// A kind of difference, with the name that `CONFORMANCE.md` has for it.
pub(crate) type Kind = (&'static str, fn(&Seen<'_>) -> bool);

/// All kinds of traces; the first that holds counts.
pub(crate) const KINDS: &[Kind] = &[
    ("open-slice", open_slice),
    ("empty-slice", empty_slice),
    ("over-fetching-slice", over_fetching_slice),
    ("negative-index-before-loading", negative_index_before_loading),
    ("len-under-filter", len_under_filter),
    ("cursor-after-empty-page", cursor_after_empty_page),
];

/// Kinds that end a trace: they are told in `odd.rs`, by the answer of the server that leads to them.
pub(crate) const EMPTY_PAGE: &str = "empty-page-with-more";
pub(crate) const NULL_NODE: &str = "null-node";
pub(crate) const REPEATS: &str = "repeats-dropped";

/// Kinds of single files, told where they are compared.
pub(crate) const PATH_URI_STYLE: &str = "path-uri-style";
pub(crate) const EXIST_OK_CHECKS: &str = "exist-ok-checks";
pub(crate) const OUT_OF_ROOT: &str = "download-out-of-root";

/// All names of traces, in the order of the table.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    let kinds = KINDS.iter().map(|(name, _)| *name);
    kinds.chain([EMPTY_PAGE, NULL_NODE, REPEATS])
}

impl Seen<'_> {
    fn their_pages(&self) -> u64 {
        self.theirs["pages"].as_u64().unwrap_or(0)
    }

    /// How many pages more the SDK has asked for.
    fn pages_more(&self) -> i64 {
        self.their_pages().cast_signed() - i64::try_from(self.our_pages).unwrap_or(i64::MAX)
    }

    fn same_pages(&self) -> bool {
        self.pages_more() == 0
    }

    fn is_slice_of_loaded(&self, slice: &Slice, outcome: &Value) -> bool {
        outcome["value"] == json!(slice.of(self.loaded))
    }
}

/// The SDK refuses a slice without an end, and asks for nothing; we load all, and give what a list would.
fn open_slice(seen: &Seen<'_>) -> bool {
    let Play::Slice(slice) = seen.play else {
        return false;
    };
    slice.stop.is_none()
        && seen.theirs["raised"] == "TypeError"
        && seen.their_pages() == seen.pages_before as u64
        && seen.is_slice_of_loaded(slice, seen.ours)
}

/// Both give nothing; the SDK loads up to the end nevertheless.
fn empty_slice(seen: &Seen<'_>) -> bool {
    let Play::Slice(slice) = seen.play else {
        return false;
    };
    slice.is_empty()
        && seen.theirs["value"] == json!([])
        && seen.ours["value"] == json!([])
        && seen.our_pages == seen.pages_before
        && seen.pages_more() > 0
}

/// The slice ends where a page does: the SDK asks for one page more.
fn over_fetching_slice(seen: &Seen<'_>) -> bool {
    let Play::Slice(slice) = seen.play else {
        return false;
    };
    let ends_with_page = slice.stop.and_then(|stop| usize::try_from(stop).ok()) == Some(seen.our_loaded);
    // Counted from the end, the page more counts too.
    let ours = seen.ours["value"] == json!(slice.of(&seen.loaded[..seen.our_loaded]));
    ends_with_page && seen.pages_more() == 1 && ours && seen.is_slice_of_loaded(slice, seen.theirs)
}

/// So many are not loaded, and neither side loads for it: the SDK has an error, and our `loaded()` is too short.
fn negative_index_before_loading(seen: &Seen<'_>) -> bool {
    matches!(seen.play, Play::Index(index) if *index < 0 && index.unsigned_abs() > seen.our_loaded)
        && seen.same_pages()
        && seen.our_pages == seen.pages_before
        && seen.theirs["raised"] == "IndexError"
        && seen.ours["value"].is_null()
}

/// The SDK gives the count of the whole run; we give none before all is loaded, then that of what is listed.
fn len_under_filter(seen: &Seen<'_>) -> bool {
    let ours = &seen.ours["value"];
    matches!(seen.play, Play::Len)
        && seen.filtered
        && seen.same_pages()
        && seen.theirs["value"] == seen.counted
        && (ours.is_null() || *ours == seen.loaded.len())
}

/// The last page was empty: 0.21.3 has an error there and the newest nothing; we have where the listing ended.
fn cursor_after_empty_page(seen: &Seen<'_>) -> bool {
    matches!(seen.play, Play::Cursor)
        && seen.same_pages()
        && seen.our_pages > 0
        && seen.theirs["page"] == 0
        && (seen.theirs["raised"] == "IndexError" || seen.theirs["value"].is_null())
        && seen.ours["value"] == seen.last_cursor
}
