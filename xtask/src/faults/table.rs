//! The rows.

use super::row::Expected::{Interrupted, Partial, Refused, Right, RightOrRefused};
use super::row::Files::{Four, Large, Long, Small};
use super::row::{Expected, Listing, OWN_URL, Place, Play, Row, Target};

pub(super) fn rows() -> Vec<Row> {
    [
        bodies(),
        statuses(),
        answers(),
        addresses(),
        listings(),
        names(),
        disks(),
        signals(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What happens to a body: once to a file of each size, then at every try.
fn bodies() -> Vec<Row> {
    const BODIES: &[(&str, &str, &str, Expected)] = &[
        ("connection cut", "truncate=30000", "truncate=0", Refused),
        ("connection reset", "reset=30000", "reset=0", Refused),
        ("closed without an answer", "close", "close", Refused),
        ("body stalls", "stall=30000", "stall=0", Refused),
        ("one byte wrong", "wrong-byte=30000", "wrong-byte=30000", Refused),
        ("Content-Length too small", "length=30000", "length=0", Refused),
        // Of a range all bytes of the file come, with the right digest; then the length that was told does not matter.
        (
            "Content-Length too large",
            "length=90000000",
            "length=90000000",
            RightOrRefused,
        ),
        ("gzip that was not asked for", "gzip", "gzip", Right),
        ("empty 200", "empty", "empty", Refused),
        ("page of a captive portal, 200", "html", "html", Refused),
        ("signed address expired", "expired", "expired", Refused),
        ("another object, same length", "swapped", "swapped", Refused),
    ];
    let mut rows = Vec::new();
    for &(what, once, always, expected) in BODIES {
        for (size, files) in [("small", Small), ("large", Large)] {
            let row = |when: &str, expected| Row {
                timeout: "0.5",
                ..Row::new(format!("{what}, {when}, {size} file"), files, expected)
            };
            rows.push(row("once", Right).fault(format!("storage::{once}")));
            rows.push(row("always", expected).fault(format!("storage::times=always:{always}")));
        }
        // A connection that is slow, so that the file is cut, and a fault of one of its parts.
        rows.push(
            Row {
                timeout: "0.5",
                server: &["--rate", "30000000"],
                ..Row::new(format!("{what}, once, part of a large file"), Large, Right)
            }
            .fault(format!("storage::after=2:{once}")),
        );
    }
    rows
}

/// Statuses once and always, at each of the three places.
fn statuses() -> Vec<Row> {
    const RETRIED: &[(&str, &str)] = &[
        ("408", "reply=408"),
        ("429 with Retry-After", "reply=429,retry-after=1"),
        ("429 with RateLimit-Reset", "reply=429,ratelimit-reset=1"),
        ("500", "reply=500"),
        ("502", "reply=502"),
        ("503", "reply=503"),
        ("504", "reply=504"),
    ];
    const FINAL: &[(&str, &str)] = &[
        ("401", "reply=401"),
        ("403", "reply=403"),
        ("404", "reply=404"),
        ("429 with Retry-After of an hour", "reply=429,retry-after=3600"),
    ];
    let mut rows = Vec::new();
    for (place, target) in [
        ("listing", "graphql:RunFiles"),
        ("/files", "files:"),
        ("storage", "storage:"),
    ] {
        let row = |what: &str, expected| {
            let row = Row::new(format!("{what}, {place}"), Small, expected);
            if place == "/files" {
                row.no_direct_url()
            } else {
                row
            }
        };
        for (what, reply) in RETRIED {
            rows.push(row(&format!("{what}, once"), Right).fault(format!("{target}:{reply}")));
            let always = format!("{target}:times=always:{reply}");
            rows.push(row(&format!("{what}, always"), Refused).fault(always));
        }
        for (what, reply) in FINAL {
            rows.push(row(what, Refused).fault(format!("{target}:times=always:{reply}")));
        }
    }
    rows
}

/// Answers to a request for a part, and slow ones.
fn answers() -> Vec<Row> {
    let mut rows = Vec::new();
    for (size, files) in [("small", Small), ("large", Large)] {
        let broken = |what: &str, expected, then: &str| {
            Row::new(format!("cut, then {what}, {size} file"), files, expected)
                .fault("storage::truncate=30000")
                .fault(format!("storage::{then}"))
        };
        rows.extend([
            broken("Range ignored", Right, "times=always:ignore-range"),
            broken(
                "another part than asked for",
                RightOrRefused,
                "times=always:shift-range=7",
            ),
            broken(
                "Content-Range that lies",
                RightOrRefused,
                "times=always:header=Content-Range:bytes 0-9/10",
            ),
            broken("416", RightOrRefused, "times=always:reply=416"),
            broken("another object", Refused, "times=always:swapped"),
            broken("another object, once", Right, "swapped"),
            broken("expired", Right, "expired"),
        ]);
    }
    rows.push(Row::new("body that drips", Small, Right).fault("storage::throttle=40000"));
    rows.push(Row {
        server: &["--latency", "150ms"],
        ..Row::new("latency of 150 ms", Four, Right)
    });
    rows
}

/// Where addresses lead.
fn addresses() -> Vec<Row> {
    const CLOSED: &str = "http://127.0.0.1:1/file.bin?Expires=9999999999&Signature=00112233445566778899";
    const FOREIGN: &str = "{foreign}/files/faults/faults/run/file.bin";
    let small = |name: &str, expected| Row::new(name, Small, expected);
    let always = |target: &str, url: &str| format!("{target}::times=always:redirect={url}");
    vec![
        small("listing's url on a foreign host", Right).told(&["file.bin"], FOREIGN, FOREIGN),
        small("redirect to a foreign host, /files", Right)
            .no_direct_url()
            .fault(always("files", FOREIGN)),
        small("redirect to a foreign host, storage", Right).fault(always("storage", FOREIGN)),
        small("redirect in circles, /files", Refused)
            .no_direct_url()
            .fault(always("files", OWN_URL)),
        small("redirect to file:///etc/hostname", Refused)
            .no_direct_url()
            .fault(always("files", "file:///etc/hostname")),
        small("redirect to a host that is not there", Refused)
            .no_direct_url()
            .fault(always("files", CLOSED)),
        small("directUrl on a host that is not there", Right).told(&["file.bin"], OWN_URL, CLOSED),
        small("both addresses on a host that is not there", Refused).told(&["file.bin"], CLOSED, CLOSED),
        Row {
            listing: Listing::Told {
                names: &["file.bin"],
                url: OWN_URL,
                direct_url: "",
                right_md5: false,
            },
            ..small("listing with another md5", Refused)
        },
    ]
}

/// Pages of two files each.
fn listings() -> Vec<Row> {
    let row = |name: &str, expected, fault: String| Row {
        server: &["--page-limit", "2"],
        ..Row::new(name, Four, expected).fault(fault)
    };
    // The place that the first page ended at, written in another way than the server does.
    let empty = page(r#""endCursor":"YXJyYXljb25uZWN0aW9uOjAx","hasNextPage":true"#);
    let repeated = page(r#""endCursor":"YXJyYXljb25uZWN0aW9uOjE=","hasNextPage":true"#);
    let no_cursor = page(r#""endCursor":null,"hasNextPage":true"#);
    let second = "graphql:RunFiles:after=1";
    let json = "reply=200,header=Content-Type:application/json,body=";
    vec![
        row(
            "empty page that has a next one",
            Right,
            format!("{second}:{json}{empty}"),
        ),
        row(
            "cursor that repeats",
            Partial,
            format!("{second},times=always:{json}{repeated}"),
        ),
        row(
            "next page without a cursor",
            Partial,
            format!("{second},times=always:{json}{no_cursor}"),
        ),
        row("second page: 502 once", Right, format!("{second}:reply=502")),
        row("second page: cut once", Right, format!("{second}:truncate=100")),
        row("second page: reset once", Right, format!("{second}:reset=100")),
        row("second page: closed once", Right, format!("{second}:close")),
        row(
            "second page: 500 always",
            Partial,
            format!("{second},times=always:reply=500"),
        ),
        row(
            "second page: page of a captive portal",
            Partial,
            format!("{second},times=always:html"),
        ),
        row(
            "second page: error beside no data",
            Partial,
            format!(
                r#"{second},times=always:{json}{{"errors":[{{"message":"context deadline exceeded"}}],"data":null}}"#
            ),
        ),
    ]
}

/// A page without files, with this about itself.
fn page(info: &str) -> String {
    format!(
        r#"{{"data":{{"project":{{"internalId":"UHJvamVjdEludGVybmFsSWQ6MQ==","run":{{"fileCount":4,"files":{{"edges":[],"pageInfo":{{{info}}}}}}}}}}}}}"#
    )
}

/// Names that must not lead out of the root, and some that are only hard.
fn names() -> Vec<Row> {
    let told = |name: &str, expected, names| Row::new(name, Small, expected).told(names, OWN_URL, "");
    const TOO_LONG: &str = "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn\
        nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn\
        nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn.bin";
    vec![
        told("name ../escaped.bin", Refused, &["../escaped.bin"]),
        told("name a/../../escaped.bin", Refused, &["a/../../escaped.bin"]),
        told("absolute name", Refused, &["{outside}/escaped.bin"]),
        told("name with a NUL", Refused, &["nul\0.bin"]),
        told("name that is empty", Refused, &[""]),
        told("name of too many bytes", Refused, &[TOO_LONG]),
        told("a file and a folder of one name", Partial, &["a", "a/b"]),
        Row {
            target: Target::Link,
            ..told(
                "name through a link out of the root",
                Refused,
                &["link/escaped.bin"],
            )
        },
        Row::new("name of 255 bytes", Long, Right),
    ]
}

/// What is at the target, and where the target is.
fn disks() -> Vec<Row> {
    let taken = |name: &str, expected, arguments| Row {
        target: Target::OtherBytes,
        arguments,
        ..Row::new(name, Small, expected)
    };
    let at = |name: &str, files, place| Row {
        place,
        ..Row::new(name, files, Refused)
    };
    vec![
        taken("target exists", Refused, &[]),
        taken("target has other bytes, --exist-ok", Right, &["--exist-ok"]),
        taken("target has other bytes, --replace", Right, &["--replace"]),
        taken("cut always, --replace", Refused, &["--replace"]).fault("storage::times=always:truncate=0"),
        at("root that cannot be written", Small, Place::ReadOnly),
        at("disk full, small file", Small, Place::FullDisk),
        at("disk full, large file", Large, Place::FullDisk),
        at(
            "limit for the length of files, small file",
            Small,
            Place::LengthLimit,
        ),
        at(
            "limit for the length of files, large file",
            Large,
            Place::LengthLimit,
        ),
    ]
}

fn signals() -> Vec<Row> {
    let slow = |name: &str, play, expected| {
        Row {
            play,
            arguments: &["--exist-ok"],
            ..Row::new(name, Large, expected)
        }
        .fault("storage::times=always:throttle=1000000")
    };
    vec![
        slow("Ctrl-C in the middle", Play::Interrupt, Interrupted),
        slow("kill -9 in the middle, then again", Play::KillAndAgain, Right),
        Row {
            play: Play::Together,
            arguments: &["--exist-ok"],
            ..Row::new("two at once on one root, small files", Four, Right)
        },
        Row {
            play: Play::Together,
            arguments: &["--exist-ok"],
            ..Row::new("two at once on one root, large file", Large, Right)
        },
    ]
}
