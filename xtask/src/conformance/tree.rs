//! A tree of files whose names are hard to carry through URLs, JSON, SQL patterns and file systems.

use crate::sample::{Sample, noise};

const HARD: &[&str] = &[
    "with space.txt",
    " leading and trailing ",
    "hash#tag.txt",
    "per%cent.txt",
    "looks%20encoded%2Fbut is not.txt",
    "what?.txt",
    "what?query=1&more=2#end.txt",
    "it's.txt",
    "double\"quote\".txt",
    "plus+plus.txt",
    "semi;colon,comma=equals.txt",
    "back`tick$dollar!.txt",
    "at@colon:.txt",
    "brackets[1](2){3}<4>.txt",
    "pipe|caret^tilde~.txt",
    "under_score%like.txt",
    "-begins-with-a-dash.txt",
    ".hidden",
    "..two-dots.txt",
    "ends.with.dot.",
    "café.txt",
    "cafe\u{301}.txt",
    "日本語/ファイル.txt",
    "emoji-😀-🦀.txt",
    "кириллица.txt",
    "a/b/c/d/e/f/g/deep.txt",
    "a folder/another #1/100%/last?.txt",
    "CON.txt",
    "README",
    "archive.tar.gz",
    "back\\slash.txt",
    "tab\there.txt",
    "both & and + and = in one.txt",
    "%2e%2e/%00/%.txt",
    "100%",
    "e\u{301}\u{323} and ạ\u{301}.txt",
    ".dots/.hidden/.deep",
    "👩‍👩‍👧/🏳️‍🌈.png",
];

/// How many files of the tree have such names.
pub(super) const HARD_COUNT: usize = HARD.len() + 5;

/// Longer than what travels in one piece.
const LARGER: usize = 12_000_000;

/// `count` files, the hard names first, then plain ones in folders; sizes from nothing to some
/// hundred kilobytes, and one of some megabytes.
pub(super) fn files(count: usize) -> Vec<Sample> {
    let long = "n".repeat(196) + ".txt";
    let wide = "ß".repeat(100);
    let far = "sixty-characters-for-one-folder-as-nobody-would-name-it-0123/".repeat(12) + "far.txt";
    let plain = (0..).map(|n| format!("data/shard-{:03}/part-{n:05}.bin", n / 50));
    let names = HARD
        .iter()
        .map(|name| (*name).to_owned())
        .chain(["empty.bin".to_owned(), "larger.bin".to_owned(), long, wide, far])
        .chain(plain);
    names
        .take(count)
        .zip(0u64..)
        .map(|(name, n)| {
            let length = match &*name {
                "empty.bin" => 0,
                "larger.bin" => LARGER,
                _ => length(n),
            };
            Sample::new(name, noise(n, length))
        })
        .collect()
}

fn length(n: u64) -> usize {
    match n % 50 {
        7 => 0,
        11 => 300_000,
        13 => 65_536,
        odd => odd as usize * 37 + 1,
    }
}
