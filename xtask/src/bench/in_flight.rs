//! How many requests were under way over the course of a command, and whether they stayed at the bound.

use std::fmt::Write as _;

/// How many requests wbf has under way at most.
const BOUND: usize = 64;
/// So many fewer count as the bound: between the end of one request and the next one the client has something to do.
const NEAR: usize = 4;
/// The share of the time that has to be spent there.
const WANTED: f64 = 95.0;

/// So many requests were under way for so many seconds, from a moment on.
struct Level {
    from: f64,
    seconds: f64,
    under_way: usize,
}

/// The levels between the moment in which the bound was first reached, or the middle where it never was, and the last request.
fn steady(requests: &[(f64, f64)]) -> Vec<Level> {
    let mut changes: Vec<(f64, bool)> = requests.iter().map(|(came, _)| (*came, true)).collect();
    changes.extend(requests.iter().map(|(_, ended)| (*ended, false)));
    changes.sort_by(|one, other| one.0.total_cmp(&other.0));
    let last = requests.iter().map(|(came, _)| *came).fold(0.0, f64::max);
    let mut levels = Vec::new();
    let mut under_way = 0_usize;
    for (place, (from, is_more)) in changes.iter().enumerate() {
        under_way = if *is_more {
            under_way + 1
        } else {
            under_way.saturating_sub(1)
        };
        if let Some((next, _)) = changes.get(place + 1)
            && *from < last
        {
            let seconds = next - from;
            levels.push(Level {
                from: *from,
                seconds,
                under_way,
            });
        }
    }
    let reached = levels.iter().position(|level| level.under_way >= BOUND);
    levels.split_off(reached.unwrap_or(levels.len() / 2))
}

/// The share of the time at the bound, and the mean; the same for each tenth of the time.
pub(super) fn told(requests: &[(f64, f64)]) -> String {
    let levels = steady(requests);
    let (Some(first), Some(last)) = (levels.first(), levels.last()) else {
        return String::new();
    };
    let seconds = |levels: &[&Level]| levels.iter().map(|level| level.seconds).sum::<f64>();
    let share = |levels: &[&Level], least: usize| {
        let there: Vec<&Level> = levels
            .iter()
            .copied()
            .filter(|level| level.under_way >= least)
            .collect();
        100.0 * seconds(&there) / seconds(levels)
    };
    let mean = |levels: &[&Level]| {
        levels
            .iter()
            .map(|level| level.seconds * level.under_way as f64)
            .sum::<f64>()
            / seconds(levels)
    };
    let all: Vec<&Level> = levels.iter().collect();
    let near = share(&all, BOUND - NEAR);
    let mut text = format!(
        "\nTarget: requests under way, at the bound of {BOUND} all the time. From the moment in which wbf reached it to its last request, in the last \
         round: {:.1} in the mean, at {BOUND} for {:.0} % of the time, and at {} or more for {near:.0} % (at least {WANTED:.0}): **{}**.\n\n\
         | tenth of that time | mean | share at {BOUND} | least |\n| --- | --- | --- | --- |\n",
        mean(&all),
        share(&all, BOUND),
        BOUND - NEAR,
        if near >= WANTED { "met" } else { "not met" }
    );
    let tenth = (last.from + last.seconds - first.from) / 10.0;
    for number in 0..10 {
        let begin = first.from + tenth * f64::from(number);
        let part: Vec<&Level> = all
            .iter()
            .copied()
            .filter(|level| (begin..begin + tenth).contains(&level.from))
            .collect();
        if let Some(least) = part.iter().map(|level| level.under_way).min() {
            let _ = writeln!(
                text,
                "| {} | {:.1} | {:.0} % | {least} |",
                number + 1,
                mean(&part),
                share(&part, BOUND)
            );
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 64 at a time, a second each, so often; the last wave with a gap before it.
    fn waves(count: u32, gap: f64) -> String {
        let wave = |number: u32| {
            let at = f64::from(number) + if number + 1 == count { gap } else { 0.0 };
            std::iter::repeat_n((at, at + 1.0), BOUND)
        };
        told(&(0..count).flat_map(wave).collect::<Vec<_>>())
    }

    #[test]
    fn the_time_at_the_bound_counts_and_not_the_number_of_requests() {
        assert!(
            waves(10, 0.0)
                .contains("at 64 for 100 % of the time, and at 60 or more for 100 % (at least 95): **met**")
        );
        assert!(
            waves(10, 1.0).contains("57.6 in the mean, at 64 for 90 % of the time"),
            "{}",
            waves(10, 1.0)
        );
        assert!(waves(10, 1.0).contains("**not met**"));
    }

    #[test]
    fn nothing_is_told_of_nothing() {
        assert_eq!(told(&[]), "");
        assert!(told(&[(0.0, 2.0), (1.0, 2.0), (1.5, 2.0)]).contains("**not met**"));
    }
}
