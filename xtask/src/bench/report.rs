//! The tables, and the page that has them.

use std::fmt::Write as _;

use super::results::{Outcome, Results};
use super::stats::{Metric, Spread, Took, ratios, spread};
use super::workload::{Against, Limit, OURS, Target, WORKLOADS, Workload};
use crate::error::{Context, Result};
use crate::sh;

/// What is written by hand, and stays: all from this line on.
const BY_HAND: &str = "## Where the time goes";

const INTRODUCTION: &str = "\
# Performance

`cargo xtask bench --report` writes this page, but for its last part: it makes the files, starts the servers, measures everybody
in turns, and compares what A to D bring byte for byte. `--only A,B` measures some, `--render` writes the page again without measuring.

## Method

- Everything runs on one machine, in one go. In each round each contender does the work once, in an order that is drawn anew.
  A cell is the median of the rounds, with the least and the most behind it; a ratio is taken within each round, and is the median of
  those.
- nginx serves the bytes, on one core, and a release build of `wandb-devserver` lists them, on the same core. Latency is added to
  each request by both. Contenders have all cores.
- curl and aria2 are handed the addresses in storage: they list nothing, and hash nothing. wbf and the SDK list first; wbf hashes
  what comes and compares it with the listing. What A to D bring is compared with the originals byte for byte, outside of the clock; what is listed,
  selected (G) and sent (H) is not, which is left to the tests. G and H have their bytes from and to the devserver, without nginx.
- `cpu` is user and system time of the process and all that it waited for, `memory` the most that any process of it had (never less than
  the 14 MiB of what starts it), `requests` what nginx and the server counted.
- A row with \"of 1/N\" did that part of the work, and has its numbers times N, its own start among them: the SDK as its page shows it
  takes minutes. Where there is no latency, as in B, most of such a number is the start, and too much by far.
- The limit of D is nginx's `limit_rate`, which lets ranges of 8 MiB on a kept connection come at up to 50 MB/s.
- In E the server takes some 10 ms for each page besides the latency, one page after the other: that is in the requests that curl sends, and is
  what limits pages at once.
";

/// The rows of one workload, and whether its targets are met.
pub(super) fn table(workload: &Workload, results: &Results) -> String {
    let mut text = String::new();
    let Some(outcomes) = results.of(workload.key) else {
        return text;
    };
    let ours = outcomes.iter().find(|outcome| outcome.name == OURS);
    text.push_str(
        "\n| | wall | wall, to wbf's | cpu | memory | requests |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    for outcome in outcomes {
        text.push_str(&row(outcome, ours));
    }
    for target in workload.targets {
        if let Some(line) = judged(target, outcomes) {
            let _ = write!(text, "\n{line}\n");
        }
    }
    text
}

fn row(outcome: &Outcome, ours: Option<&Outcome>) -> String {
    let mut name = outcome.name.clone();
    if outcome.part > 1 {
        let _ = write!(name, ", of 1/{}", outcome.part);
    }
    let failed = outcome.rounds.len() - outcome.done().count();
    if failed > 0 {
        let _ = write!(name, ", failed {failed} times");
    }
    let of = |metric: fn(&Took) -> f64| spread(outcome.done().map(metric));
    let ratio = ours
        .and_then(|ours| ratios(Metric::Wall, &outcome.rounds, &ours.rounds))
        .map_or_else(String::new, |ratio| format!("{:.2} ×", ratio.median));
    let whole =
        |found: Option<Spread>| found.map_or_else(String::new, |found| format!("{:.0}", found.median));
    format!(
        "| {name} | {} | {ratio} | {} | {} MiB | {} |\n",
        seconds(of(|took| took.wall)),
        seconds(of(|took| took.cpu)),
        whole(of(|took| took.peak)),
        whole(of(|took| took.requests)),
    )
}

fn seconds(found: Option<Spread>) -> String {
    let Some(found) = found else {
        return "-".to_owned();
    };
    let digits = if found.median < 0.1 { 4 } else { 2 };
    format!(
        "{:.digits$} s ({:.digits$}–{:.digits$})",
        found.median, found.least, found.most
    )
}

/// A target in words, and whether it is met.
fn judged(target: &Target, outcomes: &[Outcome]) -> Option<String> {
    let rounds = |name: &str| {
        outcomes
            .iter()
            .find(|outcome| outcome.name == name)
            .map(|outcome| &outcome.rounds)
    };
    let ours = rounds(OURS)?;
    let what = match target.metric {
        Metric::Wall => "wall",
        Metric::Cpu => "cpu",
    };
    let (found, peer) = match (&target.against, target.limit) {
        (Against::Peer(peer), Limit::AtMost(_)) => {
            (ratios(target.metric, ours, rounds(peer)?)?, (*peer).to_owned())
        }
        (Against::Peer(peer), Limit::AtLeast(_)) => {
            (ratios(target.metric, rounds(peer)?, ours)?, (*peer).to_owned())
        }
        (Against::Seconds(limit), _) => {
            let found = spread(ours.iter().flatten().map(|took| target.metric.of(took) / limit))?;
            (found, format!("{limit} s"))
        }
    };
    let (wanted, met) = match target.limit {
        Limit::AtMost(limit) => (
            format!("wbf's through that of {peer}, at most {limit}"),
            found.median <= limit,
        ),
        Limit::AtLeast(limit) => (
            format!("that of {peer} through wbf's, at least {limit}"),
            found.median >= limit,
        ),
    };
    Some(format!(
        "Target: {what}, {wanted}. Measured: {:.2} ({:.2}–{:.2}): **{}**.",
        found.median,
        found.least,
        found.most,
        if met { "met" } else { "not met" }
    ))
}

/// How many requests were under way over the course of a command, tenth by tenth.
fn trace(requests: &[u64]) -> String {
    if requests.len() < 10 {
        return String::new();
    }
    let mut text = String::from(
        "\nRequests under way when a request came, over the course of wbf's last round (the bound is 64):\n\n\
         | tenth of the requests | least | median | most |\n| --- | --- | --- | --- |\n",
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

fn page(results: &Results, by_hand: &str) -> String {
    let mut text = INTRODUCTION.to_owned();
    text.push_str("\n## Machine\n\n");
    for line in &results.machine.lines {
        let _ = writeln!(text, "- {line}");
    }
    for workload in WORKLOADS {
        let table = table(workload, results);
        if !table.is_empty() {
            let _ = write!(text, "\n## {}. {}\n{table}", workload.key, workload.title);
        }
        if workload.key == "G" {
            text.push_str(&trace(&results.trace));
        }
    }
    text.push('\n');
    text.push_str(by_hand);
    text
}

/// Writes `docs/performance.md`, and leaves what is written there by hand.
pub(super) fn write(results: &Results) -> Result<()> {
    let path = sh::workspace().join("docs").join("performance.md");
    let before = std::fs::read_to_string(&path).unwrap_or_default();
    let by_hand = before.find(BY_HAND).map_or("", |place| &before[place..]);
    std::fs::create_dir_all(sh::workspace().join("docs")).or_fail(|| "make docs".to_owned())?;
    std::fs::write(&path, page(results, by_hand)).or_fail(|| format!("write {}", path.display()))?;
    println!("wrote {}", path.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(name: &str, walls: &[f64]) -> Outcome {
        let took = |wall: &f64| Took {
            wall: *wall,
            cpu: wall / 2.0,
            peak: 20.0,
            requests: 7.0,
        };
        Outcome {
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
        let outcomes = [outcome(OURS, &[1.0, 2.0, 1.1]), outcome("peer", &[1.0, 1.0, 1.0])];
        let line = |limit| judged(&target(limit), &outcomes).unwrap();
        assert!(line(Limit::AtMost(1.2)).ends_with("Measured: 1.10 (1.00–2.00): **met**."));
        assert!(line(Limit::AtMost(1.05)).ends_with("**not met**."));
        assert!(line(Limit::AtLeast(2.0)).contains("that of peer through wbf's, at least 2"));
        assert!(line(Limit::AtLeast(2.0)).ends_with("**not met**."));
    }

    #[test]
    fn nothing_is_said_of_who_was_not_measured() {
        assert_eq!(
            judged(&target(Limit::AtMost(1.0)), &[outcome(OURS, &[1.0])]),
            None
        );
    }

    #[test]
    fn a_part_and_a_failure_show_in_the_row() {
        let ours = outcome(OURS, &[2.0]);
        let mut theirs = outcome("sdk", &[10.0]);
        theirs.part = 20;
        theirs.rounds.push(None);
        assert_eq!(
            row(&theirs, Some(&ours)),
            "| sdk, of 1/20, failed 1 times | 10.00 s (10.00–10.00) | 5.00 × | 5.00 s (5.00–5.00) | 20 MiB | 7 |\n"
        );
    }

    #[test]
    fn what_is_written_by_hand_stays_at_the_end() {
        let text = page(&Results::default(), "## Where the time goes\n\nmine\n");
        assert!(text.starts_with("# Performance\n") && text.ends_with("mine\n"));
    }
}
