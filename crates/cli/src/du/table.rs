//! The sums on stdout, with bars for people.

use std::io::{self, IsTerminal as _};

use serde::Serialize;

use super::By;
use super::tree::Sum;
use super::usage::{Group, Usage};
use crate::args::ListFormat;
use crate::escape::printable;
use crate::listing::{Item, Listing};
use crate::size;

/// What stands before the bar and between it and the name.
const FIXED: usize = "1023.99 MiB  100.0%    1,000,000  ".len();
/// A name has at least so much room.
const NAME: usize = 24;

/// How the table looks where it goes.
#[derive(Clone, Copy)]
struct Look {
    /// Of the longest bar, in characters.
    bar: usize,
    /// Of a name, where that is limited.
    name: Option<usize>,
    blocks: bool,
}

impl Look {
    fn of_stdout() -> Self {
        if !io::stdout().is_terminal() {
            return Self {
                bar: 20,
                name: None,
                blocks: false,
            };
        }
        let width = terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0));
        Self::of_terminal(width)
    }

    fn of_terminal(width: usize) -> Self {
        let bar = width.saturating_sub(FIXED + NAME).clamp(4, 40);
        Self {
            bar,
            name: Some(width.saturating_sub(FIXED + bar).max(8)),
            blocks: true,
        }
    }

    /// A bar of this share of the longest, filled up with blanks.
    fn bar(self, share: f64) -> String {
        // The share is between 0 and 1.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a bar has few characters"
        )]
        let eighths = (share * (self.bar * 8) as f64).round() as usize;
        let mut bar = String::new();
        if self.blocks {
            bar.extend(std::iter::repeat_n('█', eighths / 8));
            bar.extend(['▏', '▎', '▍', '▌', '▋', '▊', '▉'].get((eighths % 8).wrapping_sub(1)));
        } else {
            bar.extend(std::iter::repeat_n('#', (eighths + 4) / 8));
        }
        let drawn = bar.chars().count();
        bar.extend(std::iter::repeat_n(' ', self.bar.saturating_sub(drawn)));
        bar
    }

    /// A name, with its middle left out where there is no room for it.
    fn name(self, name: &str) -> String {
        let length = name.chars().count();
        match self.name {
            Some(room) if length > room => {
                let end = room / 2;
                let head: String = name.chars().take(room - end - 1).collect();
                let tail: String = name.chars().skip(length - end).collect();
                format!("{head}…{tail}")
            }
            _ => name.to_owned(),
        }
    }
}

/// One sum, as programs read it.
#[derive(Serialize)]
struct Row<'a> {
    by: &'static str,
    name: &'a str,
    /// Of a run, where people call it something else.
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<Option<&'a str>>,
    bytes: u64,
    files: u64,
    /// Of the whole, between 0 and 1.
    share: f64,
    #[serde(skip)]
    line: String,
}

impl Item for Row<'_> {
    fn line(&self) -> String {
        self.line.clone()
    }
}

/// Prints the groups, and in a table what is left out of them.
pub(super) fn print(
    format: ListFormat,
    by: By,
    usage: &Usage,
    groups: &[Group],
    rest: Option<(usize, Sum)>,
) -> io::Result<()> {
    let look = Look::of_stdout();
    let total = usage.total().bytes;
    let largest = groups.first().map_or(0, |group| group.sum.bytes);
    let line = |sum: Sum, bar: f64, name: &str| {
        let percent = 100.0 * share(sum.bytes, total);
        format!(
            "{:>11}  {percent:>5.1}%  {}  {:>9}  {}",
            size::human(sum.bytes),
            look.bar(bar),
            indicatif::HumanCount(sum.files).to_string(),
            look.name(&printable(name))
        )
    };
    let head = format!(
        "{:>11}  {:>6}  {:<bar$}  {:>9}  {}",
        "SIZE",
        "SHARE",
        "",
        "FILES",
        by.name().to_uppercase(),
        bar = look.bar
    );
    let mut listing = Listing::new(format, &head)?;
    for group in groups {
        let called = usage.run_name(&group.name).filter(|_| by == By::Run);
        let shown = match (by, called) {
            (By::Folder, _) if group.name.is_empty() => "./".to_owned(),
            (By::Folder, _) => format!("{}/", group.name),
            (By::Run, Some(called)) => format!("{}  {called}", group.name),
            _ => group.name.clone(),
        };
        let root = by == By::Folder && group.name.is_empty();
        listing.show(&Row {
            by: by.name(),
            name: if root { "." } else { &group.name },
            display_name: (by == By::Run).then_some(called),
            bytes: group.sum.bytes,
            files: group.sum.files,
            share: share(group.sum.bytes, total),
            line: line(group.sum, share(group.sum.bytes, largest), &shown),
        })?;
    }
    if let (ListFormat::Table, Some((others, sum))) = (format, rest) {
        let plural = if others == 1 { "" } else { "s" };
        let name = format!("({others} more {}{plural})", by.name());
        listing.note(&line(sum, 0.0, &name))?;
    }
    listing.end()?;
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a share is not exact")]
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_have_one_width() {
        let look = Look::of_terminal(80);
        for share in [0.0, 0.001, 0.5, 0.999, 1.0] {
            assert_eq!(look.bar(share).chars().count(), look.bar);
        }
        assert_eq!(look.bar(1.0), "█".repeat(look.bar));
        let plain = Look {
            bar: 4,
            name: None,
            blocks: false,
        };
        assert_eq!(
            [0.0, 0.5, 1.0].map(|share| plain.bar(share)),
            ["    ", "##  ", "####"]
        );
        let narrow = Look { bar: 2, ..look };
        assert_eq!(
            [0.05, 0.25, 0.5, 0.9].map(|share| narrow.bar(share)),
            ["▏ ", "▌ ", "█ ", "█▊"]
        );
    }

    #[test]
    fn a_terminal_is_not_overrun() {
        for width in [40, 80, 200] {
            let look = Look::of_terminal(width);
            let name = look.name(&"name/".repeat(100));
            assert!(
                FIXED + look.bar + name.chars().count() <= width.max(FIXED + 12),
                "{width}"
            );
        }
        let look = Look {
            name: Some(9),
            ..Look::of_terminal(80)
        };
        assert_eq!(look.name("abcdefghijklm"), "abcd…jklm");
        assert_eq!(look.name("abcdefghi"), "abcdefghi");
    }
}
