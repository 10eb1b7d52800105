//! The digests of several files at once.
//!
//! MD5 is a chain of steps, each of which waits for the one before it: a core that hashes one file is idle for most of the
//! time. The lanes of its vector registers take the chains of several files together. So what comes of a large file waits for a
//! while, and whoever has enough waits for the others: the last one hashes for all. Nobody waits for long: a file that comes
//! more slowly than the others is left out until it has enough. Small files are hashed together where several wait for the disk.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::{Buf, Bytes};
use md5_many::{Md5Many, Md5State};

/// So many bytes of a file are hashed together: memory, for each large file that comes.
const ENOUGH: usize = 512 * 1024;
/// How long a file waits for others.
const PATIENCE: Duration = Duration::from_millis(5);
/// Fewer files than this are hashed sooner one by one.
const WORTH_JOINING: usize = 3;
/// MD5 takes its input by so many bytes.
const BLOCK: usize = 64;

/// Where files meet to be hashed together.
#[derive(Debug, Clone)]
pub(crate) struct Lanes(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    engine: Md5Many,
    files: AtomicU64,
    meeting: Mutex<Meeting>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Meeting {
    /// Those that are waited for.
    expected: Vec<u64>,
    arrived: Vec<Lane>,
    /// Those whose files have not taken them back yet.
    hashed: Vec<Lane>,
}

/// A file as far as it is hashed, and what is to be hashed next.
#[derive(Debug)]
struct Lane {
    file: u64,
    state: Md5State,
    pieces: VecDeque<Bytes>,
}

/// The digest of one file, whose bytes are given in their order.
#[derive(Debug)]
pub(crate) struct Chain {
    lanes: Lanes,
    lane: Lane,
    /// How many bytes have not been hashed.
    waiting: usize,
}

impl Default for Lanes {
    fn default() -> Self {
        Self::with(Md5Many::new())
    }
}

impl Lanes {
    fn with(engine: Md5Many) -> Self {
        Self(Arc::new(Shared {
            engine,
            files: AtomicU64::new(0),
            meeting: Mutex::default(),
            changed: Condvar::new(),
        }))
    }

    /// The digest of nothing yet.
    pub(crate) fn chain(&self) -> Chain {
        Chain {
            lane: Lane::new(self.0.files.fetch_add(1, Ordering::Relaxed)),
            lanes: self.clone(),
            waiting: 0,
        }
    }
}

impl Chain {
    /// Takes the next bytes, which may be hashed later. It may wait for other files, not for longer than [`PATIENCE`].
    pub(crate) fn add(&mut self, bytes: Bytes) {
        self.waiting += bytes.len();
        self.lane.pieces.push_back(bytes);
        if self.waiting >= ENOUGH {
            self.meet();
        }
    }

    /// Takes the next bytes, and hashes all that there are.
    pub(crate) fn add_now(&mut self, bytes: &[u8]) {
        self.empty();
        self.lane.state.update(bytes);
    }

    /// The digest of all that was given, to go on with.
    pub(crate) fn state(&mut self) -> Md5State {
        self.empty();
        self.lane.state
    }

    /// How many bytes were given.
    pub(crate) fn bytes(&self) -> u64 {
        self.lane.state.bytes_hashed() + self.waiting as u64
    }

    /// Hashes what waits of all of them, where that is worth it.
    pub(crate) fn hash_together(chains: Vec<&mut Self>) {
        if let [first, ..] = chains.as_slice() {
            let engine = first.lanes.0.engine;
            let mut lanes = Vec::with_capacity(chains.len());
            for chain in chains {
                chain.waiting = 0;
                lanes.push(&mut chain.lane);
            }
            together(engine, &mut lanes);
        }
    }

    fn empty(&mut self) {
        self.waiting = 0;
        self.lane.empty();
    }

    /// Hashes what waits, together with that of other files where that is worth it.
    fn meet(&mut self) {
        let Shared {
            engine,
            meeting,
            changed,
            ..
        } = &*self.lanes.0;
        let file = self.lane.file;
        let mut now = lock(meeting);
        if !now.expected.contains(&file) {
            now.expected.push(file);
        }
        if now.expected.len().min(engine.lanes()) < WORTH_JOINING {
            drop(now);
            return self.empty();
        }
        now.arrived
            .push(std::mem::replace(&mut self.lane, Lane::new(file)));
        self.waiting = 0;
        loop {
            if now.arrived.len() >= now.expected.len().min(engine.lanes()) {
                let mut lanes = std::mem::take(&mut now.arrived);
                drop(now);
                together(*engine, &mut lanes.iter_mut().collect::<Vec<_>>());
                now = lock(meeting);
                now.hashed.append(&mut lanes);
                changed.notify_all();
            }
            if let Some(place) = now.hashed.iter().position(|lane| lane.file == file) {
                self.lane = now.hashed.swap_remove(place);
                return;
            }
            let waited = changed.wait_timeout(now, PATIENCE);
            let timeout;
            (now, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            if timeout.timed_out() && now.arrived.iter().any(|lane| lane.file == file) {
                now.expected = now.arrived.iter().map(|lane| lane.file).collect();
            }
        }
    }
}

impl Drop for Chain {
    fn drop(&mut self) {
        let mut now = lock(&self.lanes.0.meeting);
        now.expected.retain(|file| *file != self.lane.file);
        self.lanes.0.changed.notify_all();
    }
}

/// Hashes all that they have: together, as long as enough of them have something.
fn together(engine: Md5Many, lanes: &mut [&mut Lane]) {
    for group in lanes.chunks_mut(engine.lanes()) {
        while hash_some(engine, group) {}
        group.iter_mut().for_each(|lane| lane.empty());
    }
}

/// Hashes as much of each as all that have something have; false where too few have.
fn hash_some(engine: Md5Many, group: &mut [&mut Lane]) -> bool {
    let ready: Vec<usize> = group.iter_mut().map(|lane| lane.ready()).collect();
    let all = group.iter_mut().zip(&ready).filter(|(_, bytes)| **bytes > 0);
    let mut open: Vec<&mut Lane> = all.map(|(lane, _)| &mut **lane).collect();
    if open.len() < WORTH_JOINING {
        return false;
    }
    let length = ready
        .into_iter()
        .filter(|bytes| *bytes > 0)
        .min()
        .unwrap_or_default();
    let mut states: Vec<Md5State> = open.iter().map(|lane| lane.state).collect();
    let mut inputs: Vec<&[u8]> = open.iter().map(|lane| &lane.pieces[0][..length]).collect();
    // The engine is at its best with as many as it has lanes, whatever is in them.
    states.resize(engine.lanes(), Md5State::new());
    inputs.resize(engine.lanes(), inputs[0]);
    engine.update_many(&mut states, &inputs);
    for (lane, state) in open.iter_mut().zip(states) {
        lane.state = state;
        lane.advance(length);
    }
    true
}

impl Lane {
    fn new(file: u64) -> Self {
        Self {
            file,
            state: Md5State::new(),
            pieces: VecDeque::new(),
        }
    }

    /// How many bytes from the next one on are whole blocks in one place; hashes what stands before them. 0 at the end.
    fn ready(&mut self) -> usize {
        while let Some(piece) = self.pieces.front() {
            let begun = (self.state.bytes_hashed() % BLOCK as u64) as usize;
            let blocks = piece.len() / BLOCK * BLOCK;
            if begun == 0 && blocks > 0 {
                return blocks;
            }
            let rest = piece.len().min(BLOCK - begun);
            self.state.update(&piece[..rest]);
            self.advance(rest);
        }
        0
    }

    fn advance(&mut self, bytes: usize) {
        if let Some(piece) = self.pieces.front_mut() {
            piece.advance(bytes);
            if piece.is_empty() {
                self.pieces.pop_front();
            }
        }
    }

    fn empty(&mut self) {
        for piece in self.pieces.drain(..) {
            self.state.update(&piece);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use md5::{Digest as _, Md5};

    use super::*;

    /// The engines of this machine and of lesser ones.
    fn engines() -> Vec<Md5Many> {
        let best = fearless_simd::Level::new();
        let levels = [
            Some(best),
            #[cfg(target_arch = "x86_64")]
            best.as_avx2().map(fearless_simd::Level::Avx2),
            #[cfg(target_arch = "x86_64")]
            best.as_sse4_2().map(fearless_simd::Level::Sse4_2),
            #[cfg(target_arch = "x86_64")]
            best.as_sse2().map(fearless_simd::Level::Sse2),
        ];
        levels.into_iter().flatten().map(Md5Many::from_level).collect()
    }

    /// Bytes of one file, in pieces as a network gives them.
    fn pieces(random: &mut fastrand::Rng, length: usize) -> Vec<Bytes> {
        let mut whole = Bytes::from(
            std::iter::repeat_with(|| random.u8(..))
                .take(length)
                .collect::<Vec<_>>(),
        );
        let mut pieces = Vec::new();
        while !whole.is_empty() {
            let most = *random
                .choice([1, 63, 64, 1500, 16_384, 400_000].as_slice())
                .unwrap_or(&1);
            pieces.push(whole.split_to(random.usize(0..=most).min(whole.len())));
        }
        pieces
    }

    fn digest(pieces: &[Bytes]) -> [u8; 16] {
        let mut hasher = Md5::new();
        pieces.iter().for_each(|piece| hasher.update(piece));
        hasher.finalize().into()
    }

    #[test]
    fn files_that_come_in_turns_have_the_digests_that_they_have_alone() {
        for engine in engines() {
            for count in [1, 2, 3, 4, 5, 9, 20] {
                let mut random = fastrand::Rng::with_seed(count);
                let lanes = Lanes::with(engine);
                let files: Vec<_> = (0..count)
                    .map(|_| {
                        let length = random.usize(0..4_000_000);
                        pieces(&mut random, length)
                    })
                    .collect();
                let mut chains: Vec<_> = files.iter().map(|_| lanes.chain()).collect();
                let mut next = vec![0; files.len()];
                let mut open: Vec<usize> = (0..files.len()).collect();
                while let Some(place) = (!open.is_empty()).then(|| random.usize(..open.len())) {
                    let file = open[place];
                    match files[file].get(next[file]) {
                        Some(piece) if random.u8(..) < 5 => chains[file].add_now(piece),
                        Some(piece) => chains[file].add(piece.clone()),
                        None => drop(open.swap_remove(place)),
                    }
                    next[file] += 1;
                }
                for (chain, file) in chains.iter_mut().zip(&files) {
                    assert_eq!(
                        chain.state().finalize(),
                        digest(file),
                        "{count} at {}",
                        engine.lanes()
                    );
                }
            }
        }
    }

    #[test]
    fn files_that_come_at_once_have_the_digests_that_they_have_alone() {
        for engine in engines() {
            let lanes = Lanes::with(engine);
            std::thread::scope(|scope| {
                for seed in 0..8 {
                    let mut chain = lanes.chain();
                    scope.spawn(move || {
                        let file = pieces(&mut fastrand::Rng::with_seed(seed), 3_000_000);
                        file.iter().for_each(|piece| chain.add(piece.clone()));
                        assert_eq!(chain.state().finalize(), digest(&file), "{seed}");
                    });
                }
            });
            let meeting = lanes.0.meeting.lock().expect("no one panicked");
            assert!(meeting.expected.is_empty() && meeting.arrived.is_empty() && meeting.hashed.is_empty());
        }
    }

    #[test]
    fn as_few_as_are_hashed_sooner_alone_are_not_joined() {
        for engine in engines() {
            for count in 1..=engine.lanes() {
                let mut lanes: Vec<Lane> = (0..count as u64).map(Lane::new).collect();
                for lane in &mut lanes {
                    lane.pieces.push_back(Bytes::from_static(&[7; 4 * BLOCK]));
                }
                let joined = hash_some(engine, &mut lanes.iter_mut().collect::<Vec<_>>());
                assert_eq!(joined, count >= WORTH_JOINING);
                assert!(lanes.iter().all(|lane| lane.pieces.is_empty() == joined));
            }
        }
    }

    #[test]
    fn no_more_than_enough_waits() {
        let mut chain = Lanes::default().chain();
        for _ in 0..100 {
            chain.add(Bytes::from_static(&[7; 100_000]));
            assert!(chain.waiting < ENOUGH);
        }
    }
}
