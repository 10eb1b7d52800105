//! `cargo xtask instructions`: how many instructions a page and a small download cost, against what they cost before.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::bins;
use crate::debian;
use crate::devserver::DevServer;
use crate::error::{Context, Failure, Result};
use crate::sample::{self, Sample, Scratch};
use crate::sh::{self, Sh};

/// What may be spent more than before.
const ALLOWED: f64 = 1.05;
/// The same where another compiler made the program: its code is not that of the one before.
const ALLOWED_ELSEWHERE: f64 = 1.25;

/// What to do with the counts.
#[derive(clap::Args, Default)]
pub(crate) struct Options {
    /// Take what is counted now for what is to be compared with
    #[arg(long)]
    bless: bool,
}

/// A piece of work, done `few` and `many` times: the difference is the work without what stands around it.
struct Work {
    name: &'static str,
    few: u64,
    many: u64,
    asks: bool,
}

const WORK: &[Work] = &[
    Work {
        name: "page",
        few: 5,
        many: 25,
        asks: false,
    },
    Work {
        name: "download",
        few: 50,
        many: 250,
        asks: true,
    },
];

/// Counts by the work's name.
type Counts = BTreeMap<String, u64>;

/// Counts, prints, and fails where one costs over 5 % more than the committed count of this compiler; with `bless`, writes
/// the counts instead.
pub(crate) fn run(options: &Options) -> Result<()> {
    ensure_valgrind()?;
    let program = build()?;
    let bins = bins::programs()?;
    let scratch = Scratch::new(sh::target()?.join("instructions"))?;
    let seed = scratch.path().join("seed");
    sample::write(&[Sample::new("small.bin", sample::noise(7, 16 << 10))], &seed)?;
    let folder = seed.to_string_lossy();
    let arguments = ["--seed-folder", &folder, "--into", "e/p/r"];
    let server = DevServer::start(&bins.devserver, &arguments, scratch.path())?;
    let mut counts = Counts::new();
    for work in WORK {
        let count = |times: u64| -> Result<u64> {
            let mut arguments = vec![work.name.to_owned(), times.to_string()];
            if work.asks {
                arguments.extend([server.url.clone(), server.api_key().to_owned()]);
            }
            instructions(&program, &arguments, scratch.path())
        };
        let (few, many) = (count(work.few)?, count(work.many)?);
        counts.insert(
            work.name.to_owned(),
            many.saturating_sub(few) / (work.many - work.few),
        );
    }
    let mut baseline = Baseline::read()?;
    let compiler = compiler()?;
    if options.bless {
        baseline.0.insert(compiler, counts);
        return baseline.write();
    }
    let failures = baseline.compare(&compiler, &counts);
    if failures.is_empty() {
        Ok(())
    } else {
        Err(Failure::new(format!(
            "{}; where that is meant to be, run `cargo xtask instructions --bless` and commit what it writes",
            failures.join("; ")
        )))
    }
}

/// The committed counts, by compiler.
struct Baseline(BTreeMap<String, Counts>);

impl Baseline {
    fn path() -> PathBuf {
        sh::workspace()
            .join("xtask")
            .join("cost")
            .join("instructions.json")
    }

    fn read() -> Result<Self> {
        let path = Self::path();
        let text = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self(BTreeMap::new())),
            text => text.or_fail(|| format!("read {}", path.display()))?,
        };
        let value: Value = serde_json::from_str(&text).or_fail(|| format!("read {}", path.display()))?;
        let entry = |(compiler, counts): (&String, &Value)| {
            let counts = counts.as_object().into_iter().flatten();
            let counts = counts.filter_map(|(name, count)| Some((name.clone(), count.as_u64()?)));
            (compiler.clone(), counts.collect())
        };
        Ok(Self(value.as_object().into_iter().flatten().map(entry).collect()))
    }

    fn write(&self) -> Result<()> {
        let path = Self::path();
        let text = serde_json::to_string_pretty(&json!(self.0)).or_fail(|| "write the counts".to_owned())?;
        std::fs::write(&path, text + "\n").or_fail(|| format!("write {}", path.display()))?;
        println!("wrote {}", path.display());
        Ok(())
    }

    /// The counts of the newest other compiler for the same kind of machine.
    fn newest(&self, compiler: &str) -> Option<&Counts> {
        let parts = |compiler: &str| -> (Vec<u32>, String) {
            let (version, host) = compiler.split_once(' ').unwrap_or((compiler, ""));
            let numbers = version.split('.').filter_map(|number| number.parse().ok());
            (numbers.collect(), host.to_owned())
        };
        let (_, host) = parts(compiler);
        let same_host = self.0.iter().filter(|(other, _)| parts(other).1 == host);
        same_host
            .max_by_key(|(other, _)| parts(other).0)
            .map(|(_, counts)| counts)
    }

    /// Prints each count beside what it was, and says which are too much.
    fn compare(&self, compiler: &str, counts: &Counts) -> Vec<String> {
        let own = self.0.get(compiler);
        let (before, allowed) = match own.or_else(|| self.newest(compiler)) {
            Some(before) if own.is_some() => (before, ALLOWED),
            Some(before) => (before, ALLOWED_ELSEWHERE),
            None => return vec!["there are no counts to compare with".to_owned()],
        };
        if own.is_none() {
            println!("there are no counts of {compiler}: those of another compiler count, with more room");
        }
        let mut failures = Vec::new();
        for (name, count) in counts {
            let Some(was) = before.get(name) else {
                failures.push(format!("there is no count of {name} to compare with"));
                continue;
            };
            let ratio = *count as f64 / *was as f64;
            println!(
                "{name}: {count} instructions, {was} before, {:+.2} %",
                (ratio - 1.0) * 100.0
            );
            if ratio > allowed {
                failures.push(format!(
                    "{name} costs {count} instructions, {:.1} % more than the {was} of before",
                    (ratio - 1.0) * 100.0
                ));
            }
        }
        failures
    }
}

/// The instructions of one call, in the program and its libraries, all threads together.
fn instructions(program: &Path, arguments: &[String], folder: &Path) -> Result<u64> {
    let out = folder.join("callgrind.out");
    let mut out_file = std::ffi::OsString::from("--callgrind-out-file=");
    out_file.push(&out);
    Sh::new("valgrind")
        .args(["--tool=callgrind", "--quiet"])
        .arg(out_file)
        .arg(program)
        .args(arguments)
        .env("NO_PROXY", "127.0.0.1")
        .read()?;
    let text = std::fs::read_to_string(&out).or_fail(|| format!("read {}", out.display()))?;
    let summary = text.lines().find_map(|line| line.strip_prefix("summary: "));
    let count = summary.and_then(|count| count.trim().parse().ok());
    count.ok_or_else(|| Failure::new("callgrind gives no summary"))
}

/// The work in a release build.
fn build() -> Result<PathBuf> {
    Sh::cargo()
        .args(["build", "--locked", "--release", "--package", "cost"])
        .run()?;
    Ok(sh::target()?.join("release").join("cost"))
}

/// Which compiler, for which machine.
fn compiler() -> Result<String> {
    let version = Sh::new("rustc").arg("-vV").read()?;
    let field = |name: &str| {
        version
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap_or_default()
    };
    Ok(format!("{} {}", field("release: "), field("host: ")))
}

fn ensure_valgrind() -> Result<()> {
    if Sh::new("valgrind").arg("--version").output().is_ok() {
        return Ok(());
    }
    debian::install(&["valgrind", "libc6-dbg"])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(page: u64) -> Counts {
        Counts::from([("page".to_owned(), page)])
    }

    fn baseline() -> Baseline {
        Baseline(BTreeMap::from([
            ("1.9.0 x".to_owned(), counts(5000)),
            ("1.99.0 y".to_owned(), counts(5000)),
            ("1.95.0 x".to_owned(), counts(1000)),
        ]))
    }

    #[test]
    fn over_five_per_cent_more_is_a_failure_and_less_is_none() {
        let failures = |count| baseline().compare("1.95.0 x", &counts(count));
        assert_eq!(failures(1050), [""; 0]);
        assert_eq!(failures(10), [""; 0]);
        assert_eq!(
            failures(1051),
            ["page costs 1051 instructions, 5.1 % more than the 1000 of before"]
        );
    }

    #[test]
    fn another_compiler_has_more_room_and_is_compared_all_the_same() {
        let failures = |count| baseline().compare("1.96.0 x", &counts(count)).len();
        assert_eq!((failures(1250), failures(1260)), (0, 1));
        // Numbers of another kind of machine say nothing.
        assert_eq!(baseline().compare("1.95.0 z", &counts(1)).len(), 1);
    }

    #[test]
    fn what_was_never_counted_is_a_failure() {
        assert_eq!(Baseline(BTreeMap::new()).compare("1.95.0 x", &counts(1)).len(), 1);
        let other = Counts::from([("other".to_owned(), 1)]);
        assert_eq!(baseline().compare("1.95.0 x", &other).len(), 1);
    }
}
