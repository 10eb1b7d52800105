//! The inputs.

use crate::python::{DOCUMENTED, NEWEST};

/// Where both sides look, and with what. The words in braces are filled in.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) env: &'static [(&'static str, &'static str)],
    /// Below the home folder, which is also where both run.
    pub(super) files: &'static [(&'static str, &'static str)],
    pub(super) run: &'static str,
    /// The versions of the SDK that fail here by themselves, and the kind of difference that this is.
    pub(super) fails: Option<(&'static [&'static str], &'static str)>,
}

const URL: (&str, &str) = ("WANDB_BASE_URL", "{url}");
const KEY: (&str, &str) = ("WANDB_API_KEY", "{key}");
/// As long as a key, and nobody's.
const WRONG: &str = "0123456789abcdef0123456789abcdef01234567";
/// Settings that name a server where none is.
const NOWHERE: &str = "[default]\nbase_url = http://127.0.0.1:1\n";
const NETRC_HOST: &str = "netrc-host-and-port";
const RUN: &str = "conformance/files/put";

/// An entry for the bare host, which the newest SDK does not take for a server with a port.
const fn netrc(name: &'static str, files: &'static [(&'static str, &'static str)]) -> Case {
    Case {
        fails: Some((&[NEWEST], NETRC_HOST)),
        ..case(name, &[URL], files, RUN)
    }
}

const fn case(
    name: &'static str,
    env: &'static [(&'static str, &'static str)],
    files: &'static [(&'static str, &'static str)],
    run: &'static str,
) -> Case {
    Case {
        name,
        env,
        files,
        run,
        fails: None,
    }
}

pub(super) const CASES: &[Case] = &[
    case("key and address in the environment", &[URL, KEY], &[], RUN),
    case("no key", &[URL], &[], RUN),
    Case {
        fails: Some((&[DOCUMENTED], "slash-after-address")),
        ..case(
            "slash after the address",
            &[("WANDB_BASE_URL", "{url}/"), KEY],
            &[],
            RUN,
        )
    },
    case(
        "path with a leading slash",
        &[URL, KEY],
        &[],
        "/conformance/files/put",
    ),
    case("path with runs", &[URL, KEY], &[], "conformance/files/runs/put"),
    case(
        "project and run",
        &[URL, KEY, ("WANDB_ENTITY", "conformance")],
        &[],
        "files/put",
    ),
    case(
        "the run alone",
        &[
            URL,
            KEY,
            ("WANDB_ENTITY", "conformance"),
            ("WANDB_PROJECT", "files"),
        ],
        &[],
        "put",
    ),
    case(
        "a run that is not there",
        &[URL, KEY],
        &[],
        "conformance/files/nowhere",
    ),
    case(
        "a path of four parts",
        &[URL, KEY],
        &[],
        "conformance/files/put/more",
    ),
    netrc(
        "netrc: host",
        &[(".netrc", "machine {host} login user password {key}\n")],
    ),
    netrc(
        "netrc: lines",
        &[(".netrc", "machine {host}\n  login user\n  password {key}\n")],
    ),
    case(
        "netrc: default",
        &[URL],
        &[(".netrc", "default login user password {key}\n")],
        RUN,
    ),
    netrc(
        "netrc: several entries",
        &[(
            ".netrc",
            "machine x login user password no\nmachine {host} login user password {key}\n",
        )],
    ),
    netrc(
        "netrc: quoted",
        &[(".netrc", "machine {host} login \"user\" password \"{key}\"\n")],
    ),
    netrc(
        "netrc: comment",
        &[(".netrc", "# mine\nmachine {host} login user password {key}\n")],
    ),
    netrc(
        "netrc: macdef",
        &[(
            ".netrc",
            "macdef init\necho\n\nmachine {host} login user password {key}\n",
        )],
    ),
    netrc(
        "netrc: _netrc",
        &[("_netrc", "machine {host} login user password {key}\n")],
    ),
    case(
        "netrc: another host",
        &[URL],
        &[(".netrc", "machine x login user password {key}\n")],
        RUN,
    ),
    Case {
        fails: Some((&[NEWEST], NETRC_HOST)),
        ..case(
            "netrc: named by NETRC",
            &[URL, ("NETRC", "{home}/keys")],
            &[("keys", "machine {host} login user password {key}\n")],
            RUN,
        )
    },
    case(
        "settings: address in the global file",
        &[KEY],
        &[(".config/wandb/settings", "[default]\nbase_url = {url}\n")],
        RUN,
    ),
    case(
        "settings: address in ./wandb",
        &[KEY],
        &[("wandb/settings", "[default]\nbase_url = {url}\n")],
        RUN,
    ),
    case(
        "settings: names in ./wandb",
        &[URL, KEY],
        &[(
            "wandb/settings",
            "[default]\nentity = conformance\nproject = files\n",
        )],
        "put",
    ),
    Case {
        fails: Some((&[DOCUMENTED], NETRC_HOST)),
        ..netrc(
            "netrc: host with port",
            &[(".netrc", "machine {host}:{port} login user password {key}\n")],
        )
    },
    case(
        "address with a path before it",
        &[("WANDB_BASE_URL", "{prefixed}"), KEY],
        &[],
        RUN,
    ),
    case(
        "address without the path that the server has",
        &[("WANDB_BASE_URL", "{prefixed-root}"), KEY],
        &[],
        RUN,
    ),
    Case {
        fails: Some((&[NEWEST], NETRC_HOST)),
        ..case(
            "netrc: host of an address with a path",
            &[("WANDB_BASE_URL", "{prefixed}")],
            &[(".netrc", "machine {host} login user password {key}\n")],
            RUN,
        )
    },
    case(
        "a key that the server does not know",
        &[URL, ("WANDB_API_KEY", WRONG)],
        &[],
        RUN,
    ),
    case(
        "a key that is too short",
        &[URL, ("WANDB_API_KEY", "abc")],
        &[],
        RUN,
    ),
    case(
        "a key with a letter that none has",
        &[URL, ("WANDB_API_KEY", "{key}!")],
        &[],
        RUN,
    ),
    case("an empty key", &[URL, ("WANDB_API_KEY", "")], &[], RUN),
    case(
        "precedence: the key of the environment, then netrc's",
        &[URL, KEY],
        &[(
            ".netrc",
            "machine {host}:{port} login user password no\ndefault login user password no\n",
        )],
        RUN,
    ),
    case(
        "precedence: a wrong key of the environment, and netrc has the right one",
        &[URL, ("WANDB_API_KEY", WRONG)],
        &[(".netrc", "default login user password {key}\n")],
        RUN,
    ),
    case(
        "precedence: NETRC, then .netrc",
        &[URL, ("NETRC", "{home}/keys")],
        &[
            ("keys", "default login user password {key}\n"),
            (".netrc", "default login user password no\n"),
        ],
        RUN,
    ),
    case(
        "precedence: .netrc, then _netrc",
        &[URL],
        &[
            (".netrc", "default login user password {key}\n"),
            ("_netrc", "default login user password no\n"),
        ],
        RUN,
    ),
    case(
        "precedence: the address of the environment, then that of ./wandb",
        &[URL, KEY],
        &[("wandb/settings", NOWHERE)],
        RUN,
    ),
    case(
        "precedence: the address of ./wandb, then the global one",
        &[KEY],
        &[
            ("wandb/settings", "[default]\nbase_url = {url}\n"),
            (".config/wandb/settings", NOWHERE),
        ],
        RUN,
    ),
    case(
        "precedence: names in the path, then those of the environment",
        &[URL, KEY, ("WANDB_ENTITY", "no"), ("WANDB_PROJECT", "no")],
        &[],
        RUN,
    ),
    case(
        "precedence: the project of the path, the entity of the environment",
        &[URL, KEY, ("WANDB_ENTITY", "conformance"), ("WANDB_PROJECT", "no")],
        &[],
        "files/put",
    ),
    case(
        "precedence: names of the environment, then those of ./wandb",
        &[
            URL,
            KEY,
            ("WANDB_ENTITY", "conformance"),
            ("WANDB_PROJECT", "files"),
        ],
        &[("wandb/settings", "[default]\nentity = no\nproject = no\n")],
        "put",
    ),
    case(
        "path with a slash at the end",
        &[URL, KEY],
        &[],
        "conformance/files/put/",
    ),
    case("path with a colon", &[URL, KEY], &[], "conformance/files:put"),
    Case {
        fails: Some((&[DOCUMENTED, NEWEST], "web-address-as-path")),
        ..case(
            "the run's web address",
            &[URL, KEY],
            &[],
            "{url}/conformance/files/runs/put",
        )
    },
];
