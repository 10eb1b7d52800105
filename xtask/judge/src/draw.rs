//! Draws traces: the same from the same seed, whatever else is drawn.

use fastrand::Rng;

use crate::operation::{Change, Odd, Open, Play, Slice, Step};

/// So many files that nobody loads them at once.
const MANY: usize = 10_000;
/// One trace of so many is of such a run: it takes as long as a hundred others.
const LONG: usize = 200;

/// One trace: how many files there are, a listing of them, and what happens to it.
#[derive(Debug)]
pub(crate) struct Trace {
    pub(crate) files: usize,
    pub(crate) open: Open,
    pub(crate) steps: Vec<Step>,
}

/// The name of the file that was added as the `number`-th.
pub(crate) fn name(number: usize) -> String {
    let kind = ["json", "txt", "h5"][number % 3];
    format!("f{number:05}.{kind}")
}

/// The trace of this number.
pub(crate) fn trace(seed: u64, number: usize) -> Trace {
    // So that neighbouring seeds share no traces.
    let mut rng = Rng::with_seed(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ number as u64);
    if number % LONG == LONG - 1 {
        return long(&mut rng, number);
    }
    let per_page = rng.choice([1, 2, 3, 4, 7, 10, 50]).unwrap_or(50);
    let page = per_page as usize;
    let files = match rng.usize(..8) {
        0 => 0,
        1 => 1,
        2 => page - 1,
        3 => page,
        4 => page + 1,
        5 => 2 * page,
        6 => 2 * page + 1,
        _ => rng.usize(..4 * page + 10),
    };
    let (names, pattern) = filter(&mut rng, files);
    let open = Open {
        run: format!("r{number}"),
        names,
        pattern,
        per_page,
    };
    let odd = !open.filtered() && rng.u8(..8) == 0;
    let count = rng.usize(3..14);
    let mut steps: Vec<_> = (0..count).map(|_| step(&mut rng, files, page)).collect();
    if odd {
        // What comes of it is no listing that one could go on with.
        steps.truncate(rng.usize(..4));
        steps.push(Step::Play(Play::Rest(Some(match rng.u8(..3) {
            0 => Odd::EmptyPage,
            1 => Odd::NullNode,
            _ => Odd::Shifted(rng.usize(1..4)),
        }))));
    }
    Trace { files, open, steps }
}

fn long(rng: &mut Rng, number: usize) -> Trace {
    let per_page = rng.choice([500, 1000, 2500, 20_000]).unwrap_or(1000);
    let open = Open {
        run: format!("r{number}"),
        names: Vec::new(),
        pattern: None,
        per_page,
    };
    let count = rng.usize(3..6);
    let mut steps: Vec<_> = (0..count).map(|_| step(rng, MANY, per_page as usize)).collect();
    steps.push(Step::Play(Play::All));
    Trace {
        files: MANY,
        open,
        steps,
    }
}

fn filter(rng: &mut Rng, files: usize) -> (Vec<String>, Option<String>) {
    let patterns = [
        "%",
        "%.json",
        "f0000%",
        "%1.txt",
        "F0000_.H5",
        "nothing%",
        "f0000\\_",
    ];
    let pattern = rng.choice(patterns).map(str::to_owned);
    let count = rng.usize(1..8);
    let mut names: Vec<_> = (0..count).map(|_| name(rng.usize(..files + 3))).collect();
    names.dedup();
    match rng.u8(..20) {
        0..4 => (Vec::new(), pattern),
        4..8 => (names, None),
        8 => (names, pattern),
        _ => (Vec::new(), None),
    }
}

fn step(rng: &mut Rng, files: usize, page: usize) -> Step {
    // Where something might be off by one: at the edges of pages and of the run.
    let place = |rng: &mut Rng| -> usize {
        let edges = [0, 1, page - 1, page, page + 1, 2 * page, files, files + 1];
        match rng.bool() {
            true => rng.choice(edges).unwrap_or(0),
            false => rng.usize(..files.min(5 * page) + 2),
        }
    };
    let signed = |place: usize| isize::try_from(place).unwrap_or(isize::MAX);
    let from_end = |rng: &mut Rng| -signed(rng.usize(1..page + 3));
    let play = match rng.u8(..24) {
        0..3 => Play::Next,
        3..5 => Play::Take(place(rng)),
        5 => Play::All,
        6 => Play::Rest(None),
        7 => Play::Rewind,
        8..11 => Play::Index(signed(place(rng))),
        11 => Play::Index(from_end(rng)),
        12..17 => {
            let start = match rng.u8(..8) {
                0..3 => None,
                3 => Some(from_end(rng)),
                _ => Some(signed(place(rng))),
            };
            let stop = match rng.u8(..8) {
                0 => None,
                1 => Some(from_end(rng)),
                _ => Some(signed(place(rng))),
            };
            let step = if rng.u8(..4) == 0 { rng.usize(2..5) } else { 1 };
            Play::Slice(Slice { start, stop, step })
        }
        17 => Play::Len,
        18..20 => Play::Cursor,
        20..22 => Play::More,
        22 => return Step::Change(Change::Add(rng.usize(1..page.min(60) + 2))),
        _ => {
            let count = rng.usize(1..4);
            let places = (0..count).map(|_| rng.usize(..files + 1));
            return Step::Change(Change::Delete(places.collect()));
        }
    };
    Step::Play(play)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_draws_the_same_traces_and_another_draws_others() {
        let text = |seed| {
            format!(
                "{:?}",
                (0..50).map(|number| trace(seed, number)).collect::<Vec<_>>()
            )
        };
        assert_eq!(text(1), text(1));
        assert_ne!(text(1), text(2));
    }

    #[test]
    fn every_size_that_matters_is_drawn() {
        let traces: Vec<_> = (0..400).map(|number| trace(7, number)).collect();
        let drawn = |wanted: fn(usize, usize) -> bool| {
            traces
                .iter()
                .any(|trace| wanted(trace.files, trace.open.per_page as usize))
        };
        assert!(drawn(|files, _| files == 0) && drawn(|files, _| files == MANY));
        assert!(drawn(|files, page| files == page) && drawn(|files, page| files == 2 * page));
        assert!(drawn(|files, page| files == page + 1) && drawn(|files, page| files == 2 * page + 1));
        let odd = |trace: &&Trace| matches!(trace.steps.last(), Some(Step::Play(Play::Rest(Some(_)))));
        assert!(traces.iter().filter(odd).count() > 20);
    }
}
