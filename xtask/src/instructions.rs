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

/// Counts, prints, and fails where one costs over 5 % more than the committed count of this compiler; of a compiler without
/// one, more than what the sources cost that were there when the counts were committed. With `bless`, writes the counts
/// instead.
pub(crate) fn run(options: &Options) -> Result<()> {
    ensure_valgrind()?;
    let target = sh::target()?;
    let program = build(&sh::workspace(), &target)?;
    let bins = bins::programs()?;
    let scratch = Scratch::new(target.join("instructions"))?;
    let seed = scratch.path().join("seed");
    sample::write(&[Sample::new("small.bin", sample::noise(7, 16 << 10))], &seed)?;
    let folder = seed.to_string_lossy();
    let arguments = ["--seed-folder", &folder, "--into", "e/p/r"];
    let server = DevServer::start(&bins.devserver, &arguments, scratch.path())?;
    let counts = count(&program, &server, scratch.path())?;
    let mut baseline = Baseline::read()?;
    let compiler = compiler()?;
    if options.bless {
        baseline.0.insert(compiler, counts);
        return baseline.write();
    }
    let before = match baseline.0.get(&compiler) {
        Some(before) => before.clone(),
        None => {
            println!(
                "there are no counts of {compiler}: what was committed with the counts is built and counted"
            );
            let sources = scratch.path().join("before");
            sources_of_counts(&sources)?;
            let program = build(&sources, &target.join("instructions-before"))?;
            count(&program, &server, scratch.path())?
        }
    };
    let failures = compare(&before, &counts);
    if failures.is_empty() {
        Ok(())
    } else {
        Err(Failure::new(format!(
            "{}; where that is meant to be, run `cargo xtask instructions --bless` and commit what it writes",
            failures.join("; ")
        )))
    }
}

/// What each work costs in a program.
fn count(program: &Path, server: &DevServer, folder: &Path) -> Result<Counts> {
    let mut counts = Counts::new();
    for work in WORK {
        let count = |times: u64| -> Result<u64> {
            let mut arguments = vec![work.name.to_owned(), times.to_string()];
            if work.asks {
                arguments.extend([server.url.clone(), server.api_key().to_owned()]);
            }
            instructions(program, &arguments, folder)
        };
        let (few, many) = (count(work.few)?, count(work.many)?);
        counts.insert(
            work.name.to_owned(),
            many.saturating_sub(few) / (work.many - work.few),
        );
    }
    Ok(counts)
}

/// Puts the sources that the committed counts are of into `folder`.
fn sources_of_counts(folder: &Path) -> Result<()> {
    let git = |arguments: &[&str]| Sh::new("git").args(arguments).read();
    let commit = git(&["log", "-1", "--format=%H", "--", "xtask/cost/instructions.json"])?;
    let commit = commit.trim();
    if commit.is_empty() {
        return Err(Failure::new(
            "no commit has counts: `cargo xtask instructions --bless` makes some",
        ));
    }
    std::fs::create_dir_all(folder).or_fail(|| format!("make {}", folder.display()))?;
    let archive = folder.join("sources.tar");
    Sh::new("git")
        .args(["archive", "--output"])
        .arg(&archive)
        .arg(commit)
        .run()?;
    Sh::new("tar").arg("-xf").arg(&archive).dir(folder).run()
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
}

/// Prints each count beside what it was, and says which are too much.
fn compare(before: &Counts, counts: &Counts) -> Vec<String> {
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
        if ratio > ALLOWED {
            failures.push(format!(
                "{name} costs {count} instructions, {:.1} % more than the {was} of before",
                (ratio - 1.0) * 100.0
            ));
        }
    }
    failures
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

/// The work of these sources in a release build.
fn build(sources: &Path, target: &Path) -> Result<PathBuf> {
    Sh::cargo()
        .args([
            "build",
            "--locked",
            "--release",
            "--package",
            "cost",
            "--target-dir",
        ])
        .arg(target)
        .dir(sources)
        .run()?;
    Ok(target.join("release").join("cost"))
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

    #[test]
    fn over_five_per_cent_more_is_a_failure_and_less_is_none() {
        let failures = |count| compare(&counts(1000), &counts(count));
        assert_eq!(failures(1050), [""; 0]);
        assert_eq!(failures(10), [""; 0]);
        assert_eq!(
            failures(1051),
            ["page costs 1051 instructions, 5.1 % more than the 1000 of before"]
        );
    }

    #[test]
    fn what_was_never_counted_is_a_failure() {
        let other = Counts::from([("other".to_owned(), 1)]);
        assert_eq!(compare(&counts(1), &other).len(), 1);
    }
}
