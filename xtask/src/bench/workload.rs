//! What is measured: the workloads, who does them, and what is aimed at.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::ground::{Files, Ground, LARGE, LATENCY, LISTING_LATENCY, ONE, SENT, SMALL};
use super::stats::Metric;
use crate::devserver::DevServer;
use crate::error::Result;
use crate::python::{DOCUMENTED, NEWEST};
use crate::sh::Sh;

/// Us, as the tables have us.
pub(super) const OURS: &str = "wbf";
const CURL: &str = "curl, 64 at once";
const ONE_CONNECTION: &str = "curl, one connection";
const SDK_SERIAL: &str = "SDK 0.21.3, serial";

/// A command that asks a server, for files that come to a folder.
type MakeCommand = Box<dyn Fn(&Ground, &DevServer, &Path) -> Result<Sh>>;

/// Somebody who does the work of a workload.
pub(super) struct Contender {
    pub(super) name: &'static str,
    pub(super) command: MakeCommand,
    /// Which of the workload's servers it asks; none where it is handed addresses.
    pub(super) asks: bool,
    /// It does only one part of so many, since it would take too long.
    pub(super) part: usize,
    /// So many runs are one measurement, since one is too short to tell.
    pub(super) times: usize,
}

/// What a ratio is taken to.
pub(super) enum Against {
    Peer(&'static str),
    Seconds(f64),
}

/// What is aimed at.
pub(super) struct Target {
    pub(super) metric: Metric,
    pub(super) against: Against,
    /// Ours through the other's, at most; or the other's through ours, at least.
    pub(super) limit: Limit,
}

#[derive(Clone, Copy)]
pub(super) enum Limit {
    AtMost(f64),
    AtLeast(f64),
}

/// Work, those who do it, and what is aimed at.
pub(super) struct Workload {
    pub(super) key: &'static str,
    pub(super) title: &'static str,
    /// What has to lie in the folder of a contender afterwards.
    pub(super) brings: Option<Files>,
    pub(super) server: fn(&Ground) -> Result<DevServer>,
    pub(super) contenders: fn() -> Vec<Contender>,
    pub(super) targets: &'static [Target],
}

const fn target(metric: Metric, against: Against, limit: Limit) -> Target {
    Target {
        metric,
        against,
        limit,
    }
}

pub(super) const WORKLOADS: &[Workload] = &[
    Workload {
        key: "A",
        title: "download 2,000 files of 16 KiB, 30 ms latency for each request",
        brings: Some(SMALL),
        server: |ground| seeded(ground, "A", SMALL, LATENCY, &ground.nginx.late),
        contenders: || small(|ground| &ground.nginx.late),
        targets: &[target(Metric::Wall, Against::Peer(CURL), Limit::AtMost(1.2))],
    },
    Workload {
        key: "B",
        title: "the same files without latency",
        brings: Some(SMALL),
        server: |ground| seeded(ground, "B", SMALL, Duration::ZERO, &ground.nginx.plain),
        contenders: || small(|ground| &ground.nginx.plain),
        targets: &[
            target(Metric::Wall, Against::Peer(CURL), Limit::AtMost(1.5)),
            target(Metric::Cpu, Against::Peer(CURL), Limit::AtMost(2.5)),
        ],
    },
    Workload {
        key: "C",
        title: "download 4 files of 512 MiB",
        brings: Some(LARGE),
        server: |ground| seeded(ground, "C", LARGE, Duration::ZERO, &ground.nginx.plain),
        contenders: || {
            let mut all = vec![get(LARGE), curl(LARGE, |ground| &ground.nginx.plain)];
            all.push(aria2("aria2c -j4", LARGE, (4, 1), |ground| &ground.nginx.plain));
            all.push(serial(SDK_SERIAL, DOCUMENTED, LARGE, 1));
            all.push(serial("SDK 0.31.0, serial", NEWEST, LARGE, 1));
            all
        },
        targets: &[target(Metric::Wall, Against::Peer(CURL), Limit::AtMost(1.1))],
    },
    Workload {
        key: "D",
        title: "download one file of 2 GiB, 40 MB/s for each connection",
        brings: Some(ONE),
        server: |ground| seeded(ground, "D", ONE, Duration::ZERO, &ground.nginx.slow),
        contenders: || {
            let one = Contender {
                name: ONE_CONNECTION,
                ..curl(ONE, |ground| &ground.nginx.slow)
            };
            vec![
                get(ONE),
                one,
                aria2("aria2c -x16 -s16", ONE, (1, 16), |ground| &ground.nginx.slow),
            ]
        },
        targets: &[target(
            Metric::Wall,
            Against::Peer(ONE_CONNECTION),
            Limit::AtLeast(6.0),
        )],
    },
    Workload {
        key: "E",
        title: "list 20,000 files, 20 ms latency",
        brings: None,
        server: |ground| listed(ground, "E", "20000"),
        contenders: || {
            let mut all = listings(20_000);
            all.extend([
                sdk("SDK 0.21.3, pages of 50", DOCUMENTED, &["list", LISTED, "50"]),
                sdk(
                    "SDK 0.21.3, pages of 1,000",
                    DOCUMENTED,
                    &["list", LISTED, "1000"],
                ),
                sdk("SDK 0.31.0, pages of 50", NEWEST, &["list", LISTED, "50"]),
                sdk("SDK 0.31.0, pages of 1,000", NEWEST, &["list", LISTED, "1000"]),
            ]);
            all
        },
        targets: &[
            // Pages times latency: 40 pages of 500 files.
            target(Metric::Wall, Against::Seconds(0.8), Limit::AtMost(1.15)),
            target(Metric::Wall, Against::Peer(CURL_PAGES), Limit::AtMost(1.15)),
            target(Metric::Cpu, Against::Seconds(0.1), Limit::AtMost(1.0)),
        ],
    },
    Workload {
        key: "E200",
        title: "list 200,000 files, 20 ms latency",
        brings: None,
        server: |ground| listed(ground, "E200", "200000"),
        contenders: || listings(200_000),
        targets: &[
            target(Metric::Wall, Against::Seconds(8.0), Limit::AtMost(1.15)),
            target(Metric::Wall, Against::Peer(CURL_PAGES), Limit::AtMost(1.15)),
            target(Metric::Cpu, Against::Seconds(1.0), Limit::AtMost(1.0)),
        ],
    },
    Workload {
        key: "F",
        title: "the first file of a listing, from a cold process",
        brings: None,
        server: |ground| listed(ground, "F", "1000"),
        contenders: || {
            let first = ours(|ground, _, _| Ok(ground.wbf(&["ls", LISTED, "--limit", "1"])));
            vec![Contender { times: 20, ..first }]
        },
        targets: &[target(Metric::Cpu, Against::Seconds(0.015), Limit::AtMost(1.0))],
    },
    Workload {
        key: "G",
        title: "download the 10 files of each of 200 runs in one selection, 20 ms latency",
        brings: None,
        server: |ground| {
            let more = [
                "--synthetic-runs",
                "200",
                "--files-per-run",
                "10",
                "--into-project",
                SELECTION,
            ];
            ground.server("G", LISTING_LATENCY, None, &more)
        },
        contenders: || {
            vec![
                ours(|ground, _, root| {
                    Ok(ground
                        .wbf(&["get", "bench/selection/", "--quiet", "--root"])
                        .arg(root))
                }),
                Contender {
                    name: "SDK 0.21.3, 64 threads",
                    ..pool("", DOCUMENTED, &["project", SELECTION], "64")
                },
                Contender {
                    name: "SDK 0.31.0, 64 threads",
                    ..pool("", NEWEST, &["project", SELECTION], "64")
                },
            ]
        },
        targets: &[],
    },
    Workload {
        key: "H",
        title: "upload 1,000 files of 64 KiB, 30 ms latency",
        brings: None,
        server: |ground| {
            ground.seed(SENT)?;
            ground.server("H", LATENCY, None, &["--run", SENT.run])
        },
        contenders: || {
            let put = ours(|ground, _, _| {
                let folder = ground.seed(SENT)?;
                Ok(ground
                    .wbf(&["put", SENT.run, "--quiet", "--root"])
                    .arg(&folder)
                    .arg(&folder))
            });
            vec![
                put,
                upload(SDK_SERIAL, DOCUMENTED),
                upload("SDK 0.31.0, serial", NEWEST),
            ]
        },
        targets: &[target(
            Metric::Wall,
            Against::Peer(SDK_SERIAL),
            Limit::AtLeast(20.0),
        )],
    },
];

const CURL_PAGES: &str = "curl, the same requests";
const LISTED: &str = "bench/listing/many";
const SELECTION: &str = "bench/selection";
/// The part of the small files that a serial SDK brings: all of them take minutes.
const PART: usize = 40;
const PART_OF_UPLOADS: usize = 20;

fn seeded(ground: &Ground, name: &str, files: Files, latency: Duration, storage: &str) -> Result<DevServer> {
    let folder = ground.seed(files)?;
    let folder = folder.to_string_lossy();
    let more = ["--seed-folder", &folder, "--into", files.run];
    ground.server(name, latency, Some(storage), &more)
}

fn listed(ground: &Ground, name: &str, count: &str) -> Result<DevServer> {
    ground.server(
        name,
        LISTING_LATENCY,
        None,
        &["--synthetic", count, "--into", LISTED],
    )
}

fn ours(command: impl Fn(&Ground, &DevServer, &Path) -> Result<Sh> + 'static) -> Contender {
    Contender {
        name: OURS,
        command: Box::new(command),
        asks: true,
        part: 1,
        times: 1,
    }
}

fn get(files: Files) -> Contender {
    ours(move |ground, _, root| Ok(ground.wbf(&["get", files.run, "--quiet", "--root"]).arg(root)))
}

fn curl(files: Files, storage: fn(&Ground) -> &str) -> Contender {
    Contender {
        name: CURL,
        asks: false,
        ..ours(move |ground, _, root| {
            ground.curl(
                files.run.rsplit('/').next().unwrap_or_default(),
                files,
                storage(ground),
                root,
            )
        })
    }
}

fn aria2(name: &'static str, files: Files, width: (usize, usize), storage: fn(&Ground) -> &str) -> Contender {
    Contender {
        name,
        asks: false,
        ..ours(move |ground, _, root| ground.aria2("list", files, storage(ground), root, width))
    }
}

/// Ours of so many files, and what no client can be faster than.
fn listings(count: usize) -> Vec<Contender> {
    vec![
        ours(|ground, _, _| Ok(ground.wbf(&["ls", LISTED, "--format", "ndjson"]))),
        Contender {
            name: "wbf, pages of 1,000",
            ..ours(|ground, _, _| Ok(ground.wbf(&["ls", LISTED, "--format", "ndjson", "--per-page", "1000"])))
        },
        Contender {
            name: "wbf, 8 pages at once",
            ..ours(|ground, _, _| {
                Ok(ground.wbf(&["ls", LISTED, "--format", "ndjson", "--pages-at-once", "8"]))
            })
        },
        curl_pages(count),
    ]
}

/// The floor of a listing: the requests that wbf sends, without anybody who reads the answers.
fn curl_pages(count: usize) -> Contender {
    Contender {
        name: CURL_PAGES,
        asks: false,
        ..ours(move |ground, server, _| ground.curl_pages(server, LISTED, count, 500))
    }
}

fn sdk(name: &'static str, version: &'static str, arguments: &'static [&'static str]) -> Contender {
    Contender {
        name,
        ..ours(move |_, _, _| Ground::sdk(version, arguments))
    }
}

/// As the reference page shows it, on a part of the files.
fn serial(name: &'static str, version: &'static str, files: Files, part: usize) -> Contender {
    let count = (files.count / part).to_string();
    Contender {
        name,
        part,
        ..ours(move |_, _, root| {
            Ok(Ground::sdk(version, &["serial", files.run])?
                .arg(root)
                .arg(&count))
        })
    }
}

fn pool(
    name: &'static str,
    version: &'static str,
    what: &'static [&'static str],
    threads: &'static str,
) -> Contender {
    Contender {
        name,
        ..ours(move |_, _, root| Ok(Ground::sdk(version, what)?.arg(root).arg(threads)))
    }
}

fn upload(name: &'static str, version: &'static str) -> Contender {
    let count = (SENT.count / PART_OF_UPLOADS).to_string();
    Contender {
        name,
        part: PART_OF_UPLOADS,
        ..ours(move |ground, _, _| {
            let folder: PathBuf = ground.seed(SENT)?;
            Ok(Ground::sdk(version, &["upload", SENT.run])?
                .arg(folder)
                .arg(&count))
        })
    }
}

/// Everybody who downloads small files.
fn small(storage: fn(&Ground) -> &str) -> Vec<Contender> {
    let files = &["pool", SMALL.run];
    vec![
        get(SMALL),
        curl(SMALL, storage),
        aria2("aria2c -j16", SMALL, (16, 1), storage),
        serial(SDK_SERIAL, DOCUMENTED, SMALL, PART),
        pool("SDK 0.21.3, 16 threads", DOCUMENTED, files, "16"),
        pool("SDK 0.21.3, 64 threads", DOCUMENTED, files, "64"),
        serial("SDK 0.31.0, serial", NEWEST, SMALL, PART),
        pool("SDK 0.31.0, 16 threads", NEWEST, files, "16"),
        pool("SDK 0.31.0, 64 threads", NEWEST, files, "64"),
    ]
}
