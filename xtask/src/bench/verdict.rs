//! Whether what was measured is what was aimed at.

use std::fmt::Write as _;

use super::contender::CURL;
use super::machine::Machine;
use super::results::{Measured, Row};
use super::stats::{Metric, Spread, ratios, spread};
use super::workload::{Against, Limit, OURS, Outcome, Target, Workload};

/// How many requests wbf has under way at most.
const BOUND: usize = 64;

/// A target in words, and whether it is met.
pub(super) fn judged(target: &Target, rows: &[Row]) -> String {
    let what = match target.metric {
        Metric::Wall => "wall",
        Metric::Cpu => "cpu",
    };
    let peer = match &target.against {
        Against::Peer(peer) => (*peer).to_owned(),
        Against::Seconds(limit) => format!("{limit} s"),
    };
    let wanted = match target.limit {
        Limit::AtMost(limit) => format!("wbf's through that of {peer}, at most {limit}"),
        Limit::AtLeast(limit) => format!("that of {peer} through wbf's, at least {limit}"),
    };
    let Some(found) = found(target, rows) else {
        return format!("Target: {what}, {wanted}. **Not measured**: no round in which both did the work.");
    };
    let met = match target.limit {
        Limit::AtMost(limit) => found.median <= limit,
        Limit::AtLeast(limit) => found.median >= limit,
    };
    format!(
        "Target: {what}, {wanted}. Measured: {:.2} ({:.2}–{:.2}): **{}**.",
        found.median,
        found.least,
        found.most,
        if met { "met" } else { "not met" }
    )
}

/// The ratio that a target is about.
fn found(target: &Target, rows: &[Row]) -> Option<Spread> {
    let rounds = |name: &str| rows.iter().find(|row| row.name == name).map(|row| &row.rounds);
    let ours = rounds(OURS)?;
    match (&target.against, target.limit) {
        (Against::Peer(peer), Limit::AtMost(_)) => ratios(target.metric, ours, rounds(peer)?),
        (Against::Peer(peer), Limit::AtLeast(_)) => ratios(target.metric, rounds(peer)?, ours),
        (Against::Seconds(limit), _) => {
            spread(ours.iter().flatten().map(|took| target.metric.of(took) / limit))
        }
    }
}

/// What nobody can be faster than who hashes all that it brings, and copies it as curl does: the time of that on all cores, without
/// the server's.
pub(super) fn floor(workload: &Workload, measured: &Measured) -> Option<String> {
    let Outcome::Files(files) = workload.outcome else {
        return None;
    };
    let Machine { cores, hash_rate, .. } = measured.machine;
    let bytes = (files.count * files.bytes) as f64;
    let curl = measured.rows.iter().find(|row| row.name == CURL)?;
    let hashing = bytes / hash_rate;
    if hashing < 1.0 {
        return None;
    }
    let cpu = spread(curl.done().map(|took| took.cpu))?.median;
    let wall = spread(curl.done().map(|took| took.wall))?.median;
    let least = (hashing + cpu) / cores as f64;
    Some(format!(
        "The floor: one core hashes {:.2} GiB/s here, so hashing takes {hashing:.2} s, and curl's own work {cpu:.2} s of processor time. On {cores} \
         cores both take at least {least:.2} s, {:.2} of curl's wall, with nothing left for the server.",
        hash_rate / f64::from(1 << 30),
        least / wall
    ))
}

/// How many requests were under way over the course of a command, and whether they stayed at the bound.
pub(super) fn trace(requests: &[u64]) -> String {
    let Some(steady) = requests.get(BOUND..requests.len().saturating_sub(BOUND)) else {
        return String::new();
    };
    let Some(found) = spread(steady.iter().map(|count| *count as f64)) else {
        return String::new();
    };
    let full = steady.iter().filter(|count| **count >= BOUND as u64).count();
    let share = 100.0 * full as f64 / steady.len() as f64;
    let mut text = format!(
        "\nTarget: requests under way, the bound of {BOUND} all the time. In wbf's last round {share:.0} % of the requests between the first \
         and the last {BOUND} came as the {BOUND}th under way (at least 95), {:.0} in the median: **{}**.\n\n\
         | tenth of the requests | least | median | most |\n| --- | --- | --- | --- |\n",
        found.median,
        if share >= 95.0 { "met" } else { "not met" }
    );
    for (number, tenth) in requests.chunks(requests.len().div_ceil(10)).enumerate() {
        if let Some(found) = spread(tenth.iter().map(|count| *count as f64)) {
            let _ = writeln!(
                text,
                "| {} | {:.0} | {:.0} | {:.0} |",
                number + 1,
                found.least,
                found.median,
                found.most
            );
        }
    }
    text
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::stats::Took;
    use super::*;

    pub(in super::super) fn row(name: &str, walls: &[f64]) -> Row {
        let took = |wall: &f64| Took {
            wall: *wall,
            cpu: wall / 2.0,
            peak: 20.0,
            requests: 7.0,
            part: None,
        };
        Row {
            name: name.to_owned(),
            part: 1,
            rounds: walls.iter().map(took).map(Some).collect(),
        }
    }

    fn target(limit: Limit) -> Target {
        Target {
            metric: Metric::Wall,
            against: Against::Peer("peer"),
            limit,
        }
    }

    #[test]
    fn a_target_is_judged_by_the_median_of_the_ratios() {
        let rows = [row(OURS, &[1.0, 2.0, 1.1]), row("peer", &[1.0, 1.0, 1.0])];
        let line = |limit| judged(&target(limit), &rows);
        assert!(line(Limit::AtMost(1.2)).ends_with("Measured: 1.10 (1.00–2.00): **met**."));
        assert!(line(Limit::AtMost(1.05)).ends_with("**not met**."));
        assert!(line(Limit::AtLeast(2.0)).contains("that of peer through wbf's, at least 2"));
        assert!(line(Limit::AtLeast(2.0)).ends_with("**not met**."));
    }

    #[test]
    fn it_is_said_of_whom_nothing_was_measured() {
        let mut peer = row("peer", &[]);
        peer.rounds.push(None);
        for rows in [&[row(OURS, &[1.0])][..], &[row(OURS, &[1.0]), peer]] {
            let said = judged(&target(Limit::AtMost(1.0)), rows);
            assert!(
                said.contains("that of peer, at most 1. **Not measured**"),
                "{said}"
            );
        }
    }

    #[test]
    fn a_trace_tells_the_share_at_the_bound() {
        let mut requests: Vec<u64> = (1..=64).chain([64; 100]).collect();
        requests.extend([64; 64]);
        assert!(
            trace(&requests).contains(" 100 % of the requests"),
            "{}",
            trace(&requests)
        );
        requests[64..74].fill(40);
        assert!(trace(&requests).contains("90 % of the requests"));
        assert!(trace(&requests).contains("**not met**"));
        assert_eq!(trace(&requests[..100]), "");
    }
}
