//! Uploaded files that no listing shows yet, as where metadata arrives late. They come after a number of listings, not
//! after a time, so that a test sees the same each time.

use crate::store::NewFile;
use std::sync::{Mutex, MutexGuard, PoisonError};

pub(crate) struct Late {
    /// The listing that shows a file, counted from 1 at its upload.
    shown_by: u32,
    waiting: Mutex<Vec<Waiting>>,
}

struct Waiting {
    run_id: i64,
    file: NewFile,
    /// Whether a listing would show it by now, as to marks.
    marked: bool,
    listings: u32,
}

impl Late {
    pub(crate) fn new(shown_by: u32) -> Self {
        Self {
            shown_by,
            waiting: Mutex::default(),
        }
    }

    /// Whether files are late at all.
    pub(crate) fn is_on(&self) -> bool {
        self.shown_by > 1
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a file wait. Gives back the object of one that waited under its name.
    pub(crate) fn add(&self, run_id: i64, file: NewFile, marked: bool) -> Option<String> {
        let mut waiting = self.waiting();
        let before = waiting
            .iter()
            .position(|other| other.run_id == run_id && other.file.name == file.name)
            .map(|place| waiting.remove(place));
        waiting.push(Waiting {
            run_id,
            file,
            marked,
            listings: 0,
        });
        before?.file.object
    }

    pub(crate) fn mark(&self, run_id: i64, names: &[String]) {
        for waiting in self.waiting().iter_mut() {
            waiting.marked |= waiting.run_id == run_id && names.contains(&waiting.file.name);
        }
    }

    /// The names that a listing of the run would show if they were not late.
    pub(crate) fn names(&self, run_id: i64) -> Vec<String> {
        self.waiting()
            .iter()
            .filter(|waiting| waiting.run_id == run_id && waiting.marked)
            .map(|waiting| waiting.file.name.clone())
            .collect()
    }

    /// Counts a listing for these names. Gives back the files that it shows.
    pub(crate) fn pass(&self, run_id: i64, names: &[String]) -> Vec<NewFile> {
        self.waiting()
            .extract_if(.., |waiting| {
                let is_listed = waiting.run_id == run_id && names.contains(&waiting.file.name);
                waiting.listings += u32::from(is_listed);
                waiting.listings >= self.shown_by
            })
            .map(|waiting| waiting.file)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_comes_with_the_listing_of_its_turn() {
        let late = Late::new(2);
        let file = |name: &str, object: &str| NewFile {
            object: Some(object.to_owned()),
            ..NewFile::new(name, 1)
        };
        assert_eq!(late.add(1, file("a", "first"), true), None);
        assert_eq!(late.add(1, file("a", "second"), true), Some("first".to_owned()));
        assert_eq!(late.add(1, file("b", "third"), false), None);
        assert_eq!(late.names(1), ["a"]);
        late.mark(2, &["b".to_owned()]);
        assert_eq!(late.names(1), ["a"]);
        late.mark(1, &["b".to_owned()]);
        assert!(late.names(2).is_empty());
        let come = |names: &[String]| -> Vec<String> {
            let files = late.pass(1, names);
            files.into_iter().map(|file| file.name).collect()
        };
        assert!(come(&["a".to_owned()]).is_empty());
        assert_eq!(come(&late.names(1)), ["a"]);
        assert_eq!(come(&late.names(1)), ["b"]);
    }
}
