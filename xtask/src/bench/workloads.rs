//! The workloads, one entry each.

use std::time::Duration;

use super::contender::{
    CURL, CURL_PAGES, LISTED, ONE_CONNECTION, SDK_SERIAL, SELECTION, aria2, curl, get, listings, ours, put,
    sdk_list, selections, serial, small, upload,
};
use super::ground::{Files, Ground, LARGE, LATENCY, LISTING_LATENCY, ONE, SENT, SMALL};
use super::stats::Metric;
use super::workload::{Against, Contender, Limit, Lists, Outcome, Target, Workload};
use crate::devserver::DevServer;
use crate::error::Result;
use crate::python::{DOCUMENTED, NEWEST};

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
        outcome: Outcome::Files(SMALL),
        server: |ground| seeded(ground, "A", SMALL, LATENCY, &ground.nginx.late),
        contenders: || small(|ground| &ground.nginx.late),
        targets: &[target(Metric::Wall, Against::Peer(CURL), Limit::AtMost(1.2))],
        traced: false,
    },
    Workload {
        key: "B",
        title: "the same files without latency",
        outcome: Outcome::Files(SMALL),
        server: |ground| seeded(ground, "B", SMALL, Duration::ZERO, &ground.nginx.plain),
        contenders: || small(|ground| &ground.nginx.plain),
        targets: &[
            target(Metric::Wall, Against::Peer(CURL), Limit::AtMost(1.5)),
            target(Metric::Cpu, Against::Peer(CURL), Limit::AtMost(2.5)),
        ],
        traced: false,
    },
    Workload {
        key: "C",
        title: "download 4 files of 512 MiB",
        outcome: Outcome::Files(LARGE),
        server: |ground| seeded(ground, "C", LARGE, Duration::ZERO, &ground.nginx.plain),
        contenders: || {
            let mut all = vec![get(LARGE), curl(LARGE, |ground| &ground.nginx.plain)];
            all.push(aria2("aria2c -j4", LARGE, (4, 1), |ground| &ground.nginx.plain));
            all.push(serial(SDK_SERIAL, DOCUMENTED, LARGE, 1));
            all.push(serial("SDK 0.31.0, serial", NEWEST, LARGE, 1));
            all
        },
        targets: &[target(Metric::Wall, Against::Peer(CURL), Limit::AtMost(1.1))],
        traced: false,
    },
    Workload {
        key: "D",
        title: "download one file of 2 GiB, 40 MB/s for each connection",
        outcome: Outcome::Files(ONE),
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
        traced: false,
    },
    Workload {
        key: "E",
        title: "list 20,000 files, 20 ms latency",
        outcome: Outcome::Names(20_000),
        server: |ground| listed(ground, "E", "20000"),
        contenders: || {
            let mut all = listings(20_000);
            all.extend([
                sdk_list("SDK 0.21.3, pages of 50", DOCUMENTED, &["list", LISTED, "50"]),
                sdk_list(
                    "SDK 0.21.3, pages of 1,000",
                    DOCUMENTED,
                    &["list", LISTED, "1000"],
                ),
                sdk_list("SDK 0.31.0, pages of 50", NEWEST, &["list", LISTED, "50"]),
                sdk_list("SDK 0.31.0, pages of 1,000", NEWEST, &["list", LISTED, "1000"]),
            ]);
            all
        },
        targets: &[
            // Pages times latency: 40 pages of 500 files.
            target(Metric::Wall, Against::Seconds(0.8), Limit::AtMost(1.15)),
            target(Metric::Wall, Against::Peer(CURL_PAGES), Limit::AtMost(1.15)),
            target(Metric::Cpu, Against::Seconds(0.1), Limit::AtMost(1.0)),
        ],
        traced: false,
    },
    Workload {
        key: "E200",
        title: "list 200,000 files, 20 ms latency",
        outcome: Outcome::Names(200_000),
        server: |ground| listed(ground, "E200", "200000"),
        contenders: || {
            let mut all = listings(200_000);
            all.extend([
                sdk_list(
                    "SDK 0.21.3, pages of 1,000",
                    DOCUMENTED,
                    &["list", LISTED, "1000"],
                ),
                sdk_list("SDK 0.31.0, pages of 1,000", NEWEST, &["list", LISTED, "1000"]),
            ]);
            all
        },
        targets: &[
            target(Metric::Wall, Against::Seconds(8.0), Limit::AtMost(1.15)),
            target(Metric::Wall, Against::Peer(CURL_PAGES), Limit::AtMost(1.15)),
            target(Metric::Cpu, Against::Seconds(1.0), Limit::AtMost(1.0)),
        ],
        traced: false,
    },
    Workload {
        key: "F",
        title: "the first file of a listing, from a cold process",
        outcome: Outcome::Names(1),
        server: |ground| listed(ground, "F", "1000"),
        contenders: || {
            let first = ours(|ground, _, _| Ok(ground.wbf(&["ls", LISTED, "--limit", "1"])));
            vec![Contender {
                times: 20,
                lists: Some(Lists::Names),
                ..first
            }]
        },
        targets: &[target(Metric::Cpu, Against::Seconds(0.015), Limit::AtMost(1.0))],
        traced: false,
    },
    Workload {
        key: "G",
        title: "download the 10 files of each of 200 runs in one selection, 20 ms latency",
        outcome: Outcome::Selection,
        server: |ground| selection(ground, LISTING_LATENCY),
        contenders: || selections(&["SDK 0.21.3, 64 threads", "SDK 0.31.0, 64 threads"]),
        targets: &[],
        traced: true,
    },
    Workload {
        key: "G100",
        title: "the same with 100 ms latency",
        outcome: Outcome::Selection,
        server: |ground| selection(ground, FAR),
        contenders: || selections(&[]),
        targets: &[],
        traced: true,
    },
    Workload {
        key: "H",
        title: "upload 1,000 files of 64 KiB, 30 ms latency",
        outcome: Outcome::Sent(SENT),
        server: |ground| {
            ground.seed(SENT)?;
            ground.server("H", LATENCY, None, &["--run", SENT.run])
        },
        contenders: || {
            vec![
                put(),
                upload(SDK_SERIAL, DOCUMENTED),
                upload("SDK 0.31.0, serial", NEWEST),
            ]
        },
        targets: &[target(
            Metric::Wall,
            Against::Peer(SDK_SERIAL),
            Limit::AtLeast(20.0),
        )],
        traced: false,
    },
];

/// The latency of a server that is far away.
const FAR: Duration = Duration::from_millis(100);

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

fn selection(ground: &Ground, latency: Duration) -> Result<DevServer> {
    let more = [
        "--synthetic-runs",
        "200",
        "--files-per-run",
        "10",
        "--into-project",
        SELECTION,
    ];
    ground.server("G", latency, None, &more)
}
