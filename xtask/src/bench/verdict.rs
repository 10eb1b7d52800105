//! Whether what was measured is what was aimed at.

use super::results::Row;
use super::stats::{Metric, Spread, ratios, spread};
use super::workload::{Against, Limit, OURS, Target};

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
}
