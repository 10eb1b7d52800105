//! What is played: listings, and operations on them.

use serde_json::{Value, json};

/// Which listing.
#[derive(Debug, Clone)]
pub(crate) struct Open {
    pub(crate) run: String,
    pub(crate) names: Vec<String>,
    pub(crate) pattern: Option<String>,
    pub(crate) per_page: u32,
}

impl Open {
    pub(crate) fn filtered(&self) -> bool {
        !self.names.is_empty() || self.pattern.is_some()
    }

    pub(crate) fn for_sdk(&self) -> Value {
        let (names, pattern) = (&self.names, &self.pattern);
        json!({"do": "open", "run": format!("e/p/{}", self.run), "names": names, "pattern": pattern,
            "per_page": self.per_page})
    }
}

/// What the server answers the next page with, in place of what it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Odd {
    /// No file, and more to come behind a place that holds one: it may not be seen.
    EmptyPage,
    /// The first place holds no file, the others are in order.
    NullNode,
    /// The last files over again, for as many were put in front of them, and then one that is new, which is the last.
    Shifted(usize),
}

/// One operation on a listing.
#[derive(Debug, Clone)]
pub(crate) enum Play {
    Next,
    Take(usize),
    All,
    /// All from here on; the next page may be an odd one.
    Rest(Option<Odd>),
    Rewind,
    Index(isize),
    Slice(Slice),
    Len,
    Cursor,
    More,
}

impl Play {
    pub(crate) fn for_sdk(&self) -> Value {
        match self {
            Self::Next => json!({"do": "next"}),
            Self::Take(count) => json!({"do": "take", "count": count}),
            Self::All => json!({"do": "all"}),
            Self::Rest(_) => json!({"do": "rest"}),
            Self::Rewind => json!({"do": "rewind"}),
            Self::Index(index) => json!({"do": "index", "index": index}),
            Self::Slice(slice) => {
                json!({"do": "slice", "start": slice.start, "stop": slice.stop, "step": slice.step})
            }
            Self::Len => json!({"do": "len"}),
            Self::Cursor => json!({"do": "cursor"}),
            Self::More => json!({"do": "more"}),
        }
    }
}

/// `[start:stop:step]`.
#[derive(Debug, Clone)]
pub(crate) struct Slice {
    pub(crate) start: Option<isize>,
    pub(crate) stop: Option<isize>,
    pub(crate) step: usize,
}

impl Slice {
    /// The slice of a list, as Python has it.
    pub(crate) fn of(&self, list: &[&str]) -> Vec<String> {
        let place = |bound: isize| match usize::try_from(bound) {
            Ok(bound) => bound.min(list.len()),
            Err(_) => list.len().saturating_add_signed(bound),
        };
        let (start, stop) = (self.start.map_or(0, place), self.stop.map_or(list.len(), place));
        let chosen = list.get(start..stop).unwrap_or_default();
        chosen
            .iter()
            .step_by(self.step)
            .map(|name| (*name).to_owned())
            .collect()
    }

    /// Whether it is empty by its bounds alone, whatever the list.
    pub(crate) fn is_empty(&self) -> bool {
        let start = self.start.unwrap_or(0);
        self.stop
            .is_some_and(|stop| start >= 0 && stop >= 0 && start >= stop)
    }
}

/// What happens between two operations, on the server.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    /// So many files are added at the end.
    Add(usize),
    /// The files at these places are deleted.
    Delete(Vec<usize>),
}

/// A step of a trace.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Play(Play),
    Change(Change),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_those_of_python() {
        let list = ["a", "b", "c", "d"];
        for (start, stop, step, wanted) in [
            (None, None, 1, "abcd"),
            (Some(1), Some(3), 1, "bc"),
            (Some(-2), None, 1, "cd"),
            (Some(-9), Some(-1), 1, "abc"),
            (None, Some(-9), 1, ""),
            (Some(3), Some(1), 1, ""),
            (Some(9), None, 1, ""),
            (None, Some(9), 3, "ad"),
        ] {
            let slice = Slice { start, stop, step };
            assert_eq!(slice.of(&list).concat(), wanted, "{slice:?}");
        }
    }
}
