//! The tables, and the page that has them.

use std::fmt::Write as _;

use super::in_flight;
use super::results::{Results, Row};
use super::stats::{Metric, Spread, Took, ratios, spread};
use super::verdict::judged;
use super::workload::{OURS, Workload};
use super::workloads::WORKLOADS;
use crate::error::{Context, Result};
use crate::sh;

/// What is written by hand, and stays: all from this line on.
const BY_HAND: &str = "## Where the time goes";

const INTRODUCTION: &str = "\
# Performance

`cargo xtask bench --report` writes this page, but for its last part: it makes the files, starts the servers, measures everybody
in turns, and looks at what they did. `--only A,B` measures some, `--render` writes the page again without measuring.

## Method

- Everything runs on one machine, in one go. In each round each contender does the work once, in an order that is drawn anew.
  A cell is the median of the rounds, with the least and the most behind it; a ratio is taken within each round, and is the median of
  those.
- nginx serves the bytes, on one core, and a release build of `wandb-devserver` lists them, on the same core. Both answer a request
  no sooner than its latency after it came. Contenders have all cores.
- curl and aria2 are handed the addresses in storage: they list nothing, and hash nothing. wbf and the SDK list first; wbf hashes
  what comes and compares it with the listing. We look at what was done, outside of the clock: what A to D and G bring is compared with
  the originals byte for byte, what H sent by the digests that the server has, and in the first round the names of E and F are counted,
  each once. G and H have their bytes from and to the devserver, without nginx.
- `cpu` is user and system time of the process and all that it waited for, `memory` the most that any process of it had (GNU time), and
  `requests` what nginx and the server counted. Who is not done after 300 s has failed.
- A row with \"of 1/N\" did that part of the work, and none of it, which was measured as well. What is said is the time for none and N
  times the difference: the SDK as its page shows it takes minutes for all.
- The files that were brought stay until the end, but for those of C and D: for five minutes after many were removed, ext4 makes new
  ones more slowly. So another run should wait as long.
- The limit of D is nginx's `limit_rate`, in pieces of 400 KiB: it waits after each but the last of an answer.
";

/// The rows of one workload, and whether its targets are met.
pub(super) fn table(workload: &Workload, results: &Results) -> String {
    let mut text = String::new();
    let Some(measured) = results.of(workload.key) else {
        return text;
    };
    let ours = measured.rows.iter().find(|row| row.name == OURS);
    text.push_str(
        "\n| | wall | wall, to wbf's | cpu | memory | requests |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    for row in &measured.rows {
        text.push_str(&line(row, ours));
    }
    for target in workload.targets {
        let _ = write!(text, "\n{}\n", judged(target, &measured.rows));
    }
    if workload.traced {
        text.push_str(&in_flight::told(&measured.trace));
    }
    text
}

fn line(row: &Row, ours: Option<&Row>) -> String {
    let mut name = row.name.clone();
    if row.part > 1 {
        let wall = |place: usize| {
            let walls = row.done().filter_map(|took| took.part.map(|part| part[place]));
            spread(walls).map_or(0.0, |found| found.median)
        };
        let _ = write!(
            name,
            ", of 1/{} ({:.2} s, for none {:.2} s)",
            row.part,
            wall(0),
            wall(1)
        );
    }
    let failed = row.rounds.len() - row.done().count();
    if failed > 0 {
        let _ = write!(name, ", failed {failed} times");
    }
    let of = |metric: fn(&Took) -> f64| spread(row.done().map(metric));
    let ratio = ours
        .and_then(|ours| ratios(Metric::Wall, &row.rounds, &ours.rounds))
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

fn page(results: &Results, by_hand: &str) -> String {
    let mut text = INTRODUCTION.to_owned();
    text.push_str("\n## Machine\n\n");
    let first = WORKLOADS.iter().find_map(|workload| results.of(workload.key));
    let machine = first.map(|measured| measured.machine.clone()).unwrap_or_default();
    for line in &machine.lines {
        let _ = writeln!(text, "- {line}");
    }
    for workload in WORKLOADS {
        let Some(measured) = results.of(workload.key) else {
            continue;
        };
        let _ = writeln!(text, "\n## {}. {}", workload.key, workload.title);
        let other = measured
            .machine
            .lines
            .iter()
            .filter(|line| !machine.lines.contains(line));
        let other: Vec<&str> = other.map(String::as_str).collect();
        if !other.is_empty() {
            let _ = writeln!(text, "\nMeasured at another time: {}.", other.join("; "));
        }
        text.push_str(&table(workload, results));
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
    use super::super::verdict::tests::row;
    use super::*;

    #[test]
    fn a_part_and_a_failure_show_in_the_row() {
        let ours = row(OURS, &[2.0]);
        let mut theirs = row("sdk", &[10.0]);
        theirs.part = 20;
        theirs.rounds[0].as_mut().unwrap().part = Some([1.5, 1.0]);
        theirs.rounds.push(None);
        assert_eq!(
            line(&theirs, Some(&ours)),
            "| sdk, of 1/20 (1.50 s, for none 1.00 s), failed 1 times | 10.00 s (10.00–10.00) | 5.00 × | 5.00 s (5.00–5.00) | 20 MiB | 7 |\n"
        );
    }

    #[test]
    fn what_is_written_by_hand_stays_at_the_end() {
        let text = page(&Results::default(), "## Where the time goes\n\nmine\n");
        assert!(text.starts_with("# Performance\n") && text.ends_with("mine\n"));
    }
}
