//! Who does the work: wbf, curl, aria2 and the SDKs.

use std::path::{Path, PathBuf};

use super::ground::{Files, Ground, SELECTED, SENT, SMALL, pairs, selected};
use super::workload::{Contender, Lists, MakeCommand, OURS, Part};
use crate::devserver::DevServer;
use crate::error::Result;
use crate::python::{DOCUMENTED, NEWEST};
use crate::sh::Sh;

pub(super) const CURL: &str = "curl, 64 at once";
pub(super) const ONE_CONNECTION: &str = "curl, one connection";
pub(super) const SDK_SERIAL: &str = "SDK 0.21.3, serial";
pub(super) const CURL_PAGES: &str = "curl, the same requests";
pub(super) const LISTED: &str = "bench/listing/many";
pub(super) const SELECTION: &str = "bench/selection";
/// The part of the small files that a serial SDK brings: all of them take minutes.
const PART: usize = 40;
const PART_OF_UPLOADS: usize = 20;

pub(super) fn ours(command: impl Fn(&Ground, &DevServer, &Path) -> Result<Sh> + 'static) -> Contender {
    Contender {
        name: OURS,
        command: Box::new(command),
        asks: true,
        part: None,
        times: 1,
        lists: None,
    }
}

pub(super) fn get(files: Files) -> Contender {
    ours(move |ground, _, root| Ok(ground.wbf(&["get", files.run, "--quiet", "--root"]).arg(root)))
}

pub(super) fn curl(files: Files, storage: fn(&Ground) -> &str) -> Contender {
    Contender {
        name: CURL,
        asks: false,
        ..ours(move |ground, _, root| ground.curl(&pairs(files, storage(ground), root)))
    }
}

pub(super) fn aria2(
    name: &'static str,
    files: Files,
    width: (usize, usize),
    storage: fn(&Ground) -> &str,
) -> Contender {
    Contender {
        name,
        asks: false,
        ..ours(move |ground, _, root| ground.aria2(&pairs(files, storage(ground), root), width))
    }
}

/// Who downloads the selection: we, curl, which is handed addresses, and pools of threads of these names. aria2 takes minutes.
pub(super) fn selections(pools: &[&'static str]) -> Vec<Contender> {
    let what = &["project", SELECTION];
    let mut all = vec![
        ours(|ground, _, root| Ok(ground.wbf(&["get", SELECTED, "--quiet", "--root"]).arg(root))),
        Contender {
            name: CURL,
            asks: false,
            ..ours(|ground, server, root| ground.curl(&selected(server, root)?))
        },
    ];
    for (name, version) in pools.iter().zip([DOCUMENTED, NEWEST]) {
        all.push(pool(name, version, what, "64"));
    }
    all
}

/// Ours of so many files, and what no client can be faster than.
pub(super) fn listings(count: usize) -> Vec<Contender> {
    let list = |name, more: &'static [&'static str]| Contender {
        name,
        lists: Some(Lists::Ndjson),
        ..ours(move |ground, _, _| Ok(ground.wbf(&["ls", LISTED, "--format", "ndjson"]).args(more)))
    };
    vec![
        list(OURS, &[]),
        list("wbf, pages of 1,000", &["--per-page", "1000"]),
        list("wbf, 8 pages at once", &["--pages-at-once", "8"]),
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

pub(super) fn sdk_list(
    name: &'static str,
    version: &'static str,
    arguments: &'static [&'static str],
) -> Contender {
    Contender {
        name,
        lists: Some(Lists::Names),
        ..ours(move |_, _, _| Ground::sdk(version, arguments))
    }
}

/// As the reference page shows it, on a part of the files.
pub(super) fn serial(name: &'static str, version: &'static str, files: Files, part: usize) -> Contender {
    let some = move |count: usize| -> MakeCommand {
        Box::new(move |_, _, root| {
            Ok(Ground::sdk(version, &["serial", files.run])?
                .arg(root)
                .arg(count.to_string()))
        })
    };
    in_part(name, part, files.count, some)
}

/// One who does a part of `count`, by commands for any number of them.
fn in_part(name: &'static str, part: usize, count: usize, some: impl Fn(usize) -> MakeCommand) -> Contender {
    Contender {
        name,
        command: some(count / part),
        asks: true,
        part: (part > 1).then(|| Part {
            of: part,
            none: some(0),
        }),
        times: 1,
        lists: None,
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

pub(super) fn put() -> Contender {
    ours(|ground, _, _| {
        let folder = ground.seed(SENT)?;
        Ok(ground
            .wbf(&["put", SENT.run, "--quiet", "--root"])
            .arg(&folder)
            .arg(&folder))
    })
}

pub(super) fn upload(name: &'static str, version: &'static str) -> Contender {
    let some = move |count: usize| -> MakeCommand {
        Box::new(move |ground, _, _| {
            let folder: PathBuf = ground.seed(SENT)?;
            Ok(Ground::sdk(version, &["upload", SENT.run])?
                .arg(folder)
                .arg(count.to_string()))
        })
    };
    in_part(name, PART_OF_UPLOADS, SENT.count, some)
}

/// Everybody who downloads small files.
pub(super) fn small(storage: fn(&Ground) -> &str) -> Vec<Contender> {
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
