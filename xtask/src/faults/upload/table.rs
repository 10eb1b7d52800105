//! The rows.

use super::super::row::Expected::{self, Interrupted, Noticed, Partial, Refused, Right};
use super::super::row::Files::{self, Four, Large, Small};
use super::{Play, Source, Upload};

pub(in super::super) fn rows() -> Vec<Upload> {
    [bodies(), statuses(), api(), sources(), signals()]
        .into_iter()
        .flatten()
        .collect()
}

/// What happens to a body on its way: once to a file of each size, then at every try.
fn bodies() -> Vec<Upload> {
    const BODIES: &[(&str, &str, Expected, Expected)] = &[
        ("connection cut", "truncate=30000", Right, Refused),
        ("connection reset", "reset=30000", Right, Refused),
        ("closed without an answer", "close", Right, Refused),
        ("body stalls", "stall=30000", Right, Refused),
        ("stored, but no answer", "carried-out,close", Right, Noticed),
        ("stored, but 500", "carried-out,reply=500", Right, Noticed),
        ("one byte wrong", "wrong-byte=30000", Noticed, Noticed),
        ("signed address expired", "expired", Right, Refused),
        ("page of a captive portal, 200", "html", Noticed, Refused),
    ];
    let mut rows = Vec::new();
    for &(what, fault, once, always) in BODIES {
        for (size, files) in [("small", Small), ("large", Large)] {
            let row = |when: &str, expected| Upload {
                timeout: "0.5",
                ..Upload::new(format!("put: {what}, {when}, {size} file"), files, expected)
            };
            rows.push(row("once", once).fault(format!("storage::method=PUT:{fault}")));
            rows.push(row("always", always).fault(format!("storage::method=PUT,times=always:{fault}")));
        }
    }
    rows
}

/// What S3 says when a body came too slowly: a 400 that is worth another try.
const REQUEST_TIMEOUT: &str = "reply=400,header=Content-Type:application/xml,body=<Error><Code>RequestTimeout</Code>\
    <Message>Your socket connection to the server was not read from or written to within the timeout period.</Message></Error>";

/// Statuses once and always, from the storage and from the API.
fn statuses() -> Vec<Upload> {
    const RETRIED: &[(&str, &str)] = &[
        ("408", "reply=408"),
        ("429 with Retry-After", "reply=429,retry-after=1"),
        ("500", "reply=500"),
        ("503", "reply=503"),
        ("503 with Retry-After", "reply=503,retry-after=1"),
    ];
    const FINAL: &[(&str, &str)] = &[
        ("400", "reply=400"),
        ("404", "reply=404"),
        ("429 with Retry-After of an hour", "reply=429,retry-after=3600"),
    ];
    let mut rows = Vec::new();
    for (place, target) in [
        ("storage", "storage::method=PUT"),
        ("createRunFiles", "graphql:CreateRunFiles:method=POST"),
    ] {
        let row = |what: &str, expected, spec| {
            Upload::new(format!("put: {what}, {place}"), Small, expected).fault(spec)
        };
        for (what, reply) in RETRIED {
            rows.push(row(&format!("{what}, once"), Right, format!("{target}:{reply}")));
            let always = format!("{target},times=always:{reply}");
            rows.push(row(&format!("{what}, always"), Refused, always));
        }
        for (what, reply) in FINAL {
            rows.push(row(what, Refused, format!("{target},times=always:{reply}")));
        }
    }
    let timeout = |when: &str, expected, times: &str| {
        let name = format!("put: 400 RequestTimeout, {when}, storage");
        Upload::new(name, Small, expected).fault(format!("storage::method=PUT{times}:{REQUEST_TIMEOUT}"))
    };
    rows.push(timeout("once", Right, ""));
    rows.push(timeout("always", Refused, ",times=always"));
    rows
}

/// What comes before and after the bytes.
fn api() -> Vec<Upload> {
    let small = |name: &str, expected| Upload::new(format!("put: {name}"), Small, expected);
    vec![
        Upload {
            run: "faults/faults/missing",
            ..small("run that is not there", Refused)
        },
        Upload {
            key: "wrong0123456789abcdefghijklmnopqrstuvwxy",
            ..small("wrong key", Refused)
        },
        small("mark as uploaded: 500 once", Right).fault("graphql:MarkRunFilesUploaded:reply=500"),
        small("mark as uploaded: 500 always", Noticed)
            .fault("graphql:MarkRunFilesUploaded:times=always:reply=500"),
        small("listing afterwards: 500 once", Right).fault("graphql:RunFiles:reply=500"),
        small("listing afterwards: 500 always", Noticed).fault("graphql:RunFiles:times=always:reply=500"),
        Upload {
            is_there: true,
            ..small("replaces a file", Right)
        },
        Upload {
            is_there: true,
            ..small("replaces a file, cut always", Refused)
                .fault("storage::method=PUT,times=always:truncate=0")
        },
        Upload::new("put: one of four cut always", Four, Partial)
            .fault("storage:2.txt:method=PUT,times=always:close"),
    ]
}

/// Bytes come so slowly that there is time for something to happen to the file.
fn slow(name: &str, files: Files, expected: Expected) -> Upload {
    Upload::new(format!("put: {name}"), files, expected)
        .fault("storage::method=PUT,times=always:throttle=20000000")
}

fn sources() -> Vec<Upload> {
    let changing = |name: &str, source| Upload {
        source,
        ..slow(name, Large, Noticed)
    };
    vec![
        Upload {
            source: Source::Unreadable,
            ..Upload::new("put: one of four that cannot be read", Four, Partial)
        },
        changing("file written anew meanwhile", Source::Rewritten),
        changing("file that gets longer meanwhile", Source::Longer),
        changing("file that gets shorter meanwhile", Source::Shorter),
    ]
}

fn signals() -> Vec<Upload> {
    vec![
        Upload {
            play: Play::Interrupt,
            ..slow("Ctrl-C in the middle", Large, Interrupted)
        },
        Upload {
            play: Play::KillAndAgain,
            ..slow("kill -9 in the middle, then again", Large, Right)
        },
        Upload {
            play: Play::Together,
            ..Upload::new("put: two at once, small files", Four, Right)
        },
        Upload {
            play: Play::Together,
            ..Upload::new("put: two at once, large file", Large, Right)
        },
    ]
}
