//! The bytes of a partial file.
//!
//! A file that comes in one piece is written from its beginning on: its length is how much of it is there. One that
//! comes in parts is written in many places, so a journal stands behind the place of its last byte: a mark, the length
//! of a part, and for each part the count of its bytes that are there, 8 bytes each, the lowest first. A count is
//! written after the bytes that it counts, once they are a MiB or all of their part, so a process that is killed leaves no gap that
//! counts as bytes, and loses little. A loss of power may leave one; then the digest, without which nothing is taken up, does not fit.
//! The journal is cut off at the end.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;

use super::layout::Layout;
use super::partial::Held;
use super::positioned::{read_exact_at, write_all_at};
use crate::content::Tally;
use crate::lanes::Chain;

const MARK: u64 = u64::from_le_bytes(*b"wbfparts");
const HASHED_AT_ONCE: usize = 256 * 1024;
/// How many bytes of a part may have come since they were last counted in the journal.
const UNCOUNTED: u64 = 1 << 20;

/// An open partial file, what of it is there, and the digest of that as far as it is known.
#[derive(Debug)]
pub(crate) struct Draft {
    file: File,
    layout: Layout,
    /// How many bytes of each span the journal counts; nothing where there is none.
    counted: Vec<u64>,
    /// The digest, where it is asked for, of the first bytes; some of those that are there may be missing.
    chain: Option<Chain>,
    /// How many those are.
    hashed: u64,
    held: Arc<Held>,
}

impl Draft {
    /// Nothing of the file is there, whatever stands in it. `chain` may have the first bytes, which are written nonetheless.
    pub(super) fn new(
        file: File,
        size: Option<u64>,
        chain: Option<Chain>,
        held: Arc<Held>,
    ) -> io::Result<Self> {
        if file.metadata()?.len() > 0 {
            file.set_len(0)?;
        }
        Ok(Self::with(file, Layout::whole(size, 0), chain, held))
    }

    /// What an earlier download left of a file of `size` bytes.
    pub(super) fn restore(mut file: File, size: u64, chain: Chain, held: Arc<Held>) -> io::Result<Self> {
        let length = file.metadata()?.len();
        let layout = match length.checked_sub(size) {
            None | Some(0) => Some(Layout::whole(Some(size), length)),
            Some(journal) => restore(&mut file, size, journal)?,
        };
        match layout {
            Some(layout) => Ok(Self::with(file, layout, Some(chain), held)),
            None => Self::new(file, Some(size), Some(chain), held),
        }
    }

    fn with(file: File, layout: Layout, chain: Option<Chain>, held: Arc<Held>) -> Self {
        held.bytes.store(layout.bytes(), Ordering::Relaxed);
        Self {
            file,
            counted: counts(&layout),
            layout,
            hashed: chain.as_ref().map_or(0, Chain::bytes),
            chain,
            held,
        }
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Goes on in parts, as `layout` says, which must hold what is there.
    pub(crate) fn cut(&mut self, layout: Layout) -> io::Result<()> {
        let mut journal = Vec::with_capacity(16 + 8 * layout.spans().len());
        journal.extend_from_slice(&MARK.to_le_bytes());
        journal.extend_from_slice(&layout.part().to_le_bytes());
        for span in layout.spans() {
            journal.extend_from_slice(&span.done.to_le_bytes());
        }
        write_all_at(&self.file, journal_at(&layout), &journal)?;
        self.counted = counts(&layout);
        self.layout = layout;
        Ok(())
    }

    /// Takes the next bytes of a span.
    pub(crate) fn write(&mut self, span: usize, bytes: Bytes) -> io::Result<()> {
        let at = self.layout.spans()[span].next();
        let length = bytes.len() as u64;
        write_all_at(&self.file, at, &bytes)?;
        self.layout.add(span, length);
        let state = self.layout.spans()[span];
        if self
            .counted
            .get(span)
            .is_some_and(|counted| state.is_done() || state.done - counted >= UNCOUNTED)
        {
            self.count_span(span)?;
        }
        self.held.bytes.fetch_add(length, Ordering::Relaxed);
        if let Some(chain) = &mut self.chain
            && at == self.hashed
        {
            chain.add(bytes);
            self.hashed += length;
        }
        Ok(())
    }

    /// Brings the journal up to date, where there is one.
    pub(crate) fn count(&mut self) -> io::Result<()> {
        (0..self.counted.len()).try_for_each(|span| self.count_span(span))
    }

    fn count_span(&mut self, span: usize) -> io::Result<()> {
        let done = self.layout.spans()[span].done;
        if self.counted[span] != done {
            let place = journal_at(&self.layout) + 16 + 8 * span as u64;
            write_all_at(&self.file, place, &done.to_le_bytes())?;
            self.counted[span] = done;
        }
        Ok(())
    }

    /// Whether bytes that are there, and have nothing missing before them, have not been hashed.
    pub(crate) fn is_behind(&self) -> bool {
        self.chain.is_some() && self.hashed < self.layout.front()
    }

    /// Hashes some of them. They are read back from the system's cache, or, taken up from an earlier download, from the
    /// disk.
    pub(crate) fn catch_up(&mut self, buffer: &mut Vec<u8>) -> io::Result<()> {
        let missing = self.layout.front() - self.hashed;
        buffer.resize(
            usize::try_from(missing).map_or(HASHED_AT_ONCE, |missing| missing.min(HASHED_AT_ONCE)),
            0,
        );
        read_exact_at(&self.file, self.hashed, buffer)?;
        self.hashed += buffer.len() as u64;
        if let Some(chain) = &mut self.chain {
            chain.add_now(buffer);
        }
        Ok(())
    }

    /// Ends it: the tally of the bytes that are there from the beginning on, and the file with nothing else in it.
    pub(crate) fn finish(mut self, sync: bool) -> io::Result<(File, Tally)> {
        let mut buffer = Vec::new();
        while self.is_behind() {
            if self.held.dropped.load(Ordering::Relaxed) {
                return Err(io::ErrorKind::Interrupted.into());
            }
            self.catch_up(&mut buffer)?;
        }
        let front = self.layout.front();
        if self.layout.is_cut() {
            self.file.set_len(front)?;
        }
        if sync {
            self.file.sync_all()?;
        }
        let hash = self.chain.as_mut().map(Chain::state).unwrap_or_default();
        Ok((self.file, Tally::of(front, hash)))
    }
}

/// What a journal of this layout counts.
fn counts(layout: &Layout) -> Vec<u64> {
    let spans = layout.spans().iter().filter(|_| layout.is_cut());
    spans.map(|span| span.done).collect()
}

fn journal_at(layout: &Layout) -> u64 {
    layout
        .spans()
        .last()
        .and_then(|span| span.end)
        .unwrap_or_default()
}

fn restore(file: &mut File, size: u64, length: u64) -> io::Result<Option<Layout>> {
    // So much for a file of many terabytes; what is longer was not written here.
    if !(16..=64 << 20).contains(&length) || !length.is_multiple_of(8) {
        return Ok(None);
    }
    file.seek(SeekFrom::Start(size))?;
    let mut journal = Vec::new();
    file.read_to_end(&mut journal)?;
    let numbers: Vec<u64> = journal
        .as_chunks::<8>()
        .0
        .iter()
        .map(|bytes| u64::from_le_bytes(*bytes))
        .collect();
    Ok(match numbers.as_slice() {
        [MARK, part, done @ ..] => Layout::restore(size, *part, done),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::sync::atomic::AtomicBool;

    use super::*;
    use crate::lanes::Lanes;

    const SIZE: u64 = 4_000_000;

    fn bytes(from: u64, to: u64) -> Vec<u8> {
        (from..to).map(|place| (place * 31 % 251) as u8).collect()
    }

    fn tally(bytes: &[u8]) -> Tally {
        Tally::read(bytes, &AtomicBool::new(false)).expect("memory")
    }

    fn reopened(file: &File) -> Draft {
        let file = file.try_clone().expect("a file");
        Draft::restore(file, SIZE, Lanes::default().chain(), Arc::default()).expect("a draft")
    }

    #[test]
    fn parts_in_any_order_killed_at_any_moment() {
        for seed in 0..40 {
            let mut random = fastrand::Rng::with_seed(seed);
            let file = tempfile::tempfile().expect("a file");
            let hold = file.try_clone().expect("a file");
            let mut draft = Draft::new(file, Some(SIZE), Some(Lanes::default().chain()), Arc::default())
                .expect("a draft");
            let head = random.u64(0..SIZE);
            draft.write(0, bytes(0, head).into()).expect("a write");
            let layout = Layout::cut(SIZE, random.u64(100_000..SIZE), head);
            draft.cut(layout).expect("a journal");
            let mut buffer = Vec::new();
            loop {
                let open: Vec<usize> = (0..draft.layout().spans().len())
                    .filter(|span| !draft.layout().spans()[*span].is_done())
                    .collect();
                let Some(span) = random.choice(&open) else { break };
                let state = draft.layout().spans()[*span];
                let to = (state.next() + random.u64(1..200_000)).min(state.end.expect("an end"));
                draft
                    .write(*span, bytes(state.next(), to).into())
                    .expect("a write");
                if random.u8(..) < 10 && draft.is_behind() {
                    draft.catch_up(&mut buffer).expect("a read");
                }
                if random.u8(..) < 20 {
                    let left = draft.layout().clone();
                    let counted = random.bool();
                    if counted {
                        draft.count().expect("a journal");
                    }
                    draft = reopened(&hold);
                    for (now, before) in draft.layout().spans().iter().zip(left.spans()) {
                        let lost = before.done - now.done;
                        assert!(lost < if counted { 1 } else { UNCOUNTED }, "{seed}: {lost}");
                    }
                }
            }
            let (mut file, found) = draft.finish(false).expect("the end");
            let mut all = Vec::new();
            file.rewind().expect("a file");
            file.read_to_end(&mut all).expect("a read");
            assert!(all == bytes(0, SIZE), "{seed}");
            assert_eq!((found.bytes(), found.md5()), (SIZE, tally(&all).md5()), "{seed}");
            // Killed before the new name: nothing is missing.
            assert_eq!(reopened(&hold).layout().front(), SIZE);
        }
    }

    #[test]
    fn a_journal_that_is_none_leaves_nothing_to_go_on_with() {
        let mut file = tempfile::tempfile().expect("a file");
        for junk in [1, 16, 24, 4000] {
            file.set_len(0).expect("a file");
            file.rewind().expect("a file");
            file.write_all(&vec![7; SIZE as usize + junk]).expect("a file");
            assert_eq!(reopened(&file).layout().bytes(), 0, "{junk}");
            assert_eq!(file.metadata().expect("a file").len(), 0);
        }
    }

    #[test]
    fn nobody_waits_for_the_digest_of_what_is_not_needed_any_more() {
        let file = tempfile::tempfile().expect("a file");
        file.set_len(SIZE).expect("a file");
        let draft = reopened(&file);
        draft.held.dropped.store(true, Ordering::Relaxed);
        draft.finish(false).expect_err("it was stopped");
    }
}
